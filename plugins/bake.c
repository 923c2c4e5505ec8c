/* SPDX-License-Identifier: Apache-2.0
 * PNG (ISO/IEC 15948) chunk by chunk, SVG tag by tag; pixels and paths are carried over as they are. */
#include "bake.h"

#include <string.h>

enum { CHUNK = 12, KEYWORDS = 2 }; /* of a chunk, beside its data: size, type and CRC */
static const char png_head[8] = "\x89PNG\r\n\x1a\n";
static const char *const keywords[KEYWORDS] = {"openbadges", "openbadgecredential"};

static enum skd_outcome bake_write(const struct bake *bake, const char *bytes, size_t size)
{
	return size ? bake->out->write(bake->out, bytes, size) : SKD_OK;
}

static enum skd_outcome bake_say(const struct bake *bake, const char *words)
{
	return bake_write(bake, words, strlen(words));
}

/* ---- PNG ---- */

static uint32_t number_read(const char *at)
{
	const unsigned char *b = (const unsigned char *)at;
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void number_put(char *to, uint32_t number)
{
	for (int i = 0; i < 4; i++)
		to[i] = (char)(number >> (24 - 8 * i));
}

/* CRC-32 of ISO 3309, four bits at a time; begins and ends with all ones. */
static uint32_t crc_add(uint32_t crc, const char *bytes, size_t size)
{
	static const uint32_t table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
	for (size_t i = 0; i < size; i++) {
		crc ^= (unsigned char)bytes[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return crc;
}

static bool chunk_is(const char *chunk, const char *type)
{
	return memcmp(chunk + 4, type, 4) == 0;
}

/* Whether it holds what was baked before. */
static bool chunk_is_baked(const char *chunk, uint32_t size)
{
	bool text = chunk_is(chunk, "iTXt") || chunk_is(chunk, "tEXt") || chunk_is(chunk, "zTXt");
	for (int i = 0; text && i < KEYWORDS; i++)
		if (size > strlen(keywords[i]) && memcmp(chunk + 8, keywords[i], strlen(keywords[i]) + 1) == 0)
			return true;
	return false;
}

/* After the keyword: not compressed, no method, no language, no translated keyword. */
static enum skd_outcome itxt_write(const struct bake *bake, const char *keyword)
{
	char head[64] = "....iTXt", tail[4];
	size_t named = strlen(keyword) + 5;
	memcpy(head + 8, keyword, strlen(keyword));
	number_put(head, (uint32_t)(named + bake->inside.size));
	uint32_t crc = crc_add(0xffffffff, head + 4, 4 + named);
	number_put(tail, ~crc_add(crc, bake->inside.bytes, bake->inside.size));
	enum skd_outcome outcome = bake_write(bake, head, 8 + named);
	if (outcome == SKD_OK)
		outcome = bake_write(bake, bake->inside.bytes, bake->inside.size);
	return outcome == SKD_OK ? bake_write(bake, tail, sizeof tail) : outcome;
}

enum skd_outcome bake_png(const struct bake *bake, const char *keyword)
{
	const char *at = bake->image.bytes, *end = at + bake->image.size;
	bool whole = false;
	if (bake->image.size < sizeof png_head || memcmp(at, png_head, sizeof png_head) != 0)
		return bake->host->fail(bake->call, SKD_FAULT, "the image to be baked is no PNG");
	enum skd_outcome outcome = bake_write(bake, at, sizeof png_head);
	at += sizeof png_head;
	while (outcome == SKD_OK && end - at >= CHUNK) {
		uint32_t size = number_read(at);
		if (size > (size_t)(end - at) - CHUNK)
			break;
		if (!chunk_is_baked(at, size))
			outcome = bake_write(bake, at, size + CHUNK);
		if (outcome == SKD_OK && chunk_is(at, "IHDR"))
			outcome = itxt_write(bake, keyword);
		whole = chunk_is(at, "IEND");
		at += size + CHUNK;
	}
	if (outcome == SKD_OK && (at < end || !whole))
		return bake->host->fail(bake->call, SKD_FAULT, "the PNG to be baked is cut off");
	return outcome;
}

/* ---- SVG ---- */

/* The first of it in [at, end), or NULL. */
static const char *find(const char *at, const char *end, const char *what)
{
	return memmem(at, (size_t)(end - at), what, strlen(what));
}

/* The > of a tag that begins at `at`, past what is quoted; or NULL. */
static const char *tag_end(const char *at, const char *end)
{
	for (char quote = 0; at < end; at++)
		if (quote)
			quote = *at == quote ? 0 : quote;
		else if (*at == '"' || *at == '\'')
			quote = *at;
		else if (*at == '>')
			return at;
	return NULL;
}

/* CDATA ends with the first ]]>, and not all that JSON may hold may stand in XML: within strings, where alone they can
 * be, \u says the same. */
static enum skd_outcome cdata_write(const struct bake *bake)
{
	static const char *const odd[][2] = {
		{"]]>", "]]\\u003e"}, {"\x7f", "\\u007f"}, {"\xEF\xBF\xBE", "\\ufffe"}, {"\xEF\xBF\xBF", "\\uffff"}};
	const char *at = bake->inside.bytes, *end = at + bake->inside.size;
	enum skd_outcome outcome = bake_say(bake, "<![CDATA[");
	while (outcome == SKD_OK && at < end) {
		const char *stop = end, *instead = "";
		size_t size = 0;
		for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
			const char *found = find(at, stop, odd[i][0]);
			if (found) {
				stop = found;
				instead = odd[i][1];
				size = strlen(odd[i][0]);
			}
		}
		outcome = bake_write(bake, at, (size_t)(stop - at));
		if (outcome == SKD_OK)
			outcome = bake_say(bake, instead);
		at = stop + size;
	}
	return outcome == SKD_OK ? bake_say(bake, "]]>") : outcome;
}

/* `words` are parts of a tag, up to a NULL. */
static enum skd_outcome tag_write(const struct bake *bake, const char *const *words)
{
	enum skd_outcome outcome = SKD_OK;
	for (; *words && outcome == SKD_OK; words++)
		outcome = bake_say(bake, *words);
	return outcome;
}

static enum skd_outcome element_write(const struct bake *bake, const char *element, const char *verify)
{
	enum skd_outcome outcome =
		tag_write(bake, (const char *const[]){"<openbadges:", element, verify ? " verify=\"" : ">",
						      verify ? verify : NULL, "\">", NULL});
	if (outcome == SKD_OK)
		outcome = cdata_write(bake);
	return outcome == SKD_OK ? tag_write(bake, (const char *const[]){"</openbadges:", element, ">", NULL}) : outcome;
}

/* The rest of the picture, but for what was baked into it. */
static enum skd_outcome rest_write(const struct bake *bake, const char *at, const char *end)
{
	static const char old[] = "<openbadges:", old_end[] = "</openbadges:";
	for (const char *begin; (begin = find(at, end, old)); at++) {
		enum skd_outcome outcome = bake_write(bake, at, (size_t)(begin - at));
		const char *tag = tag_end(begin, end), *last = tag;
		if (tag && tag[-1] != '/')
			last = find(tag, end, old_end) ? tag_end(find(tag, end, old_end), end) : NULL;
		if (outcome != SKD_OK || !last)
			return outcome != SKD_OK ? outcome : bake->host->fail(bake->call, SKD_FAULT, "the SVG to be baked is cut off");
		at = last;
	}
	return bake_write(bake, at, (size_t)(end - at));
}

/* The root's attributes, but for an old declaration of the prefix. */
static enum skd_outcome root_write(const struct bake *bake, const char *root, const char *close)
{
	const char *old = find(root, close, " xmlns:openbadges=");
	const char *value = old ? old + strlen(" xmlns:openbadges=") : NULL;
	const char *after = value && value < close ? memchr(value + 1, *value, (size_t)(close - value - 1)) : NULL;
	if (!after)
		return bake_write(bake, root, (size_t)(close - root));
	enum skd_outcome outcome = bake_write(bake, root, (size_t)(old - root));
	return outcome == SKD_OK ? bake_write(bake, after + 1, (size_t)(close - after - 1)) : outcome;
}

enum skd_outcome bake_svg(const struct bake *bake, const char *space, const char *element, const char *verify)
{
	const char *begin = bake->image.bytes, *end = begin + bake->image.size;
	const char *root = find(begin, end, "<svg"), *close = root ? tag_end(root, end) : NULL;
	if (!close || close[-1] == '/')
		return bake->host->fail(bake->call, SKD_FAULT, "the image to be baked is no SVG");
	enum skd_outcome outcome = bake_write(bake, begin, (size_t)(root - begin));
	if (outcome == SKD_OK)
		outcome = root_write(bake, root, close);
	if (outcome == SKD_OK)
		outcome = tag_write(bake, (const char *const[]){" xmlns:openbadges=\"", space, "\">", NULL});
	if (outcome == SKD_OK)
		outcome = element_write(bake, element, verify);
	return outcome == SKD_OK ? rest_write(bake, close + 1, end) : outcome;
}
