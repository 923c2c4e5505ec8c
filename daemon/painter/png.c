/* SPDX-License-Identifier: Apache-2.0
 * PNG (ISO/IEC 15948) of strangers: looked through chunk by chunk, then unpacked and packed anew by libpng. The one door to
 * libpng and zlib here. */
#include "painter/painter.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { CHUNK = 12, UNPACKED_MOST = 1 << 20 }; /* of a chunk, beside its data; of words and profiles */

static uint32_t number_read(const char *at)
{
	const unsigned char *b = (const unsigned char *)at;
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static bool refuse(char *why, const char *sentence)
{
	snprintf(why, WHY_SIZE, "%s", sentence);
	return false;
}

/* ---- what may be hidden in words ---- */

/* Past that many strings that end with NUL. */
static const char *past_strings(const char *at, const char *end, int count)
{
	for (; at && count; count--) {
		at = memchr(at, 0, (size_t)(end - at));
		at = at ? at + 1 : NULL;
	}
	return at;
}

/* Where the chunk's packed part begins, or NULL. */
static const char *packed_find(const char *type, const char *at, const char *end)
{
	if (memcmp(type, "zTXt", 4) == 0 || memcmp(type, "iCCP", 4) == 0) {
		at = past_strings(at, end, 1);
		return at && at < end ? at + 1 : NULL;
	}
	if (memcmp(type, "iTXt", 4) != 0)
		return NULL;
	at = past_strings(at, end, 1);
	return at && end - at > 2 && *at ? past_strings(at + 2, end, 2) : NULL;
}

static bool is_bomb(const char *at, const char *end)
{
	unsigned char room[16384];
	size_t most = UNPACKED_MOST;
	z_stream stream = {.next_in = (unsigned char *)(uintptr_t)at, .avail_in = (unsigned)(end - at)};
	if (inflateInit(&stream) != Z_OK)
		return false;
	do {
		stream.next_out = room;
		stream.avail_out = sizeof room;
	} while (inflate(&stream, Z_NO_FLUSH) == Z_OK && stream.total_out <= most);
	inflateEnd(&stream);
	return stream.total_out > most;
}

/* ---- chunks ---- */

static bool head_check(const char *chunk, uint32_t size, char *why)
{
	if (size != 13 || memcmp(chunk + 4, "IHDR", 4) != 0)
		return refuse(why, "the PNG does not begin with its head");
	uint32_t width = number_read(chunk + 8), height = number_read(chunk + 12);
	if (width >= SIDE_LEAST && width <= SIDE_MOST && height >= SIDE_LEAST && height <= SIDE_MOST)
		return true;
	snprintf(why, WHY_SIZE, "the PNG is %u by %u pixels, and may have %d to %d each way", width, height, SIDE_LEAST, SIDE_MOST);
	return false;
}

static bool chunk_check(const char *chunk, uint32_t size, char *why)
{
	static const char *const moving[] = {"acTL", "fcTL", "fdAT"};
	const char *type = chunk + 4, *data = chunk + 8, *end = data + size, *packed = packed_find(type, data, end);
	for (size_t i = 0; i < sizeof moving / sizeof *moving; i++)
		if (memcmp(type, moving[i], 4) == 0)
			return refuse(why, "the PNG is animated, and a badge stands still");
	if (!packed || !is_bomb(packed, end))
		return true;
	snprintf(why, WHY_SIZE, "the PNG has a chunk %.4s that unpacks to more than %d bytes", type, UNPACKED_MOST);
	return false;
}

static bool chunks_check(struct bytes png, char *why)
{
	const char *first = png.at + 8, *end = png.at + png.size;
	if (png.size < 8 || png_sig_cmp((png_const_bytep)png.at, 0, 8) != 0)
		return refuse(why, "it is no PNG");
	for (const char *at = first; end - at >= CHUNK;) {
		uint32_t size = number_read(at);
		if (size > (size_t)(end - at) - CHUNK || (at == first && !head_check(at, size, why)))
			break;
		if (!chunk_check(at, size, why))
			return false;
		if (memcmp(at + 4, "IEND", 4) == 0)
			return true;
		at += size + CHUNK;
	}
	return *why ? false : refuse(why, "the PNG is cut off");
}

/* ---- pixels ---- */

static bool damaged(png_image *image, char *why)
{
	snprintf(why, WHY_SIZE, "the PNG is damaged: %s", image->message);
	png_image_free(image);
	return false;
}

/* In the middle of a square that is empty otherwise. */
static bool square_write(png_image *image, FILE *out, char *why)
{
	uint32_t side = image->width > image->height ? image->width : image->height, stride = side * 4;
	png_image square = {.version = PNG_IMAGE_VERSION, .width = side, .height = side, .format = PNG_FORMAT_RGBA};
	char *pixels = calloc(side, stride);
	if (!pixels)
		return damaged(image, why);
	char *corner = pixels + (side - image->height) / 2 * stride + (side - image->width) / 2 * 4;
	bool good = png_image_finish_read(image, NULL, corner, (int)stride, NULL) || damaged(image, why);
	if (good && !png_image_write_to_stdio(&square, out, 0, pixels, (int)stride, NULL))
		good = damaged(&square, why);
	free(pixels);
	return good;
}

bool png_clean(struct bytes png, FILE *out, char why[WHY_SIZE])
{
	png_image image = {.version = PNG_IMAGE_VERSION};
	*why = '\0';
	if (!chunks_check(png, why))
		return false;
	if (!png_image_begin_read_from_memory(&image, png.at, png.size))
		return damaged(&image, why);
	image.format = PNG_FORMAT_RGBA;
	return square_write(&image, out, why);
}
