/* SPDX-License-Identifier: Apache-2.0
 * PNG as far as its chunks (ISO/IEC 15948, 5): lengths, order, CRCs. What is compressed stays so. */
#include "verify/image.h"

#include "base/text.h"

#include <string.h>
#include <zlib.h>

enum { PNG_MARK = 8, PNG_FRAME = 12, PNG_CHUNKS = 100000, ITXT_FLAGS = 2 };

struct chunk {
	const char *type;
	struct skd_text data;
};

struct baked {
	const char *keyword; /* of the chunk that was found; or NULL */
	struct skd_text badge;
	const char *address; /* of a badge, as it was written before version 2; or NULL */
};

static uint32_t number_at(const char *at)
{
	const uint8_t *b = (const uint8_t *)at;
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

bool png_is(struct skd_text bytes)
{
	return bytes.size >= PNG_MARK && memcmp(bytes.bytes, "\x89PNG\r\n\x1a\n", PNG_MARK) == 0;
}

static enum skd_outcome chunk_next(struct skd_call *call, struct skd_text *rest, struct chunk *chunk)
{
	if (rest->size < PNG_FRAME)
		return fail(call, SKD_BAD_INPUT, "the PNG is cut off");
	uint32_t size = number_at(rest->bytes);
	if (size > rest->size - PNG_FRAME)
		return fail(call, SKD_BAD_INPUT, "the PNG is cut off: a chunk says it has %u bytes, and %zu are left", size,
			    rest->size - PNG_FRAME);
	*chunk = (struct chunk){rest->bytes + 4, {rest->bytes + 8, size}};
	for (int i = 0; i < 4; i++)
		if ((chunk->type[i] | 0x20) < 'a' || (chunk->type[i] | 0x20) > 'z')
			return fail(call, SKD_BAD_INPUT, "a chunk of the PNG has a type that is not four letters");
	if (crc32(0, (const Bytef *)chunk->type, size + 4) != number_at(chunk->data.bytes + size))
		return fail(call, SKD_BAD_INPUT, "a chunk of the PNG (%.4s) was changed: its CRC does not fit", chunk->type);
	rest->bytes += size + PNG_FRAME;
	rest->size -= size + PNG_FRAME;
	return SKD_OK;
}

/* The keyword of a text chunk when it is one of ours; what stands behind its NUL is left in `data`. */
static const char *keyword_of(struct skd_text *data)
{
	static const char *const keywords[] = {"openbadgecredential", "openbadges"};
	for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
		size_t size = strlen(keywords[i]) + 1;
		if (data->size >= size && memcmp(data->bytes, keywords[i], size) == 0) {
			data->bytes += size;
			data->size -= size;
			return keywords[i];
		}
	}
	return NULL;
}

/* Behind the keyword: compression flag and method, language tag, translated keyword, text. */
static enum skd_outcome itxt_read(struct skd_call *call, const char *keyword, struct skd_text data, struct baked *baked)
{
	if (baked->keyword)
		return fail(call, SKD_BAD_INPUT, "the PNG has two badges, in iTXt chunks with the keywords %s and %s",
			    baked->keyword, keyword);
	baked->keyword = keyword;
	if (data.size < ITXT_FLAGS || data.bytes[0] > 1 || data.bytes[0] < 0)
		return fail(call, SKD_BAD_INPUT, "the iTXt chunk %s is not formed as one", keyword);
	if (data.bytes[0])
		return fail(call, SKD_BAD_INPUT, "the iTXt chunk %s is compressed, which a badge must not be", keyword);
	const char *at = data.bytes + ITXT_FLAGS, *end = data.bytes + data.size;
	for (int i = 0; i < 2; i++) {
		const char *nul = memchr(at, '\0', (size_t)(end - at));
		if (!nul)
			return fail(call, SKD_BAD_INPUT, "the iTXt chunk %s is not formed as one", keyword);
		at = nul + 1;
	}
	baked->badge = (struct skd_text){at, (size_t)(end - at)};
	return SKD_OK;
}

static enum skd_outcome chunk_look(struct skd_call *call, const struct chunk *chunk, struct baked *baked)
{
	struct skd_text data = chunk->data;
	bool plain = memcmp(chunk->type, "tEXt", 4) == 0, packed = memcmp(chunk->type, "zTXt", 4) == 0;
	if (!plain && !packed && memcmp(chunk->type, "iTXt", 4) != 0)
		return SKD_OK;
	const char *keyword = keyword_of(&data);
	if (!keyword)
		return SKD_OK;
	if (packed)
		return fail(call, SKD_BAD_INPUT, "the badge is in a zTXt chunk, which is compressed, and a badge must not be");
	if (!plain)
		return itxt_read(call, keyword, data, baked);
	baked->address = talloc_strndup(call, data.bytes, data.size);
	return SKD_OK;
}

static enum skd_outcome chunks_walk(struct skd_call *call, struct skd_text rest, struct baked *baked)
{
	struct chunk chunk = {0};
	for (size_t i = 0; i < PNG_CHUNKS; i++) {
		TRY(chunk_next(call, &rest, &chunk));
		if (i == 0 && (memcmp(chunk.type, "IHDR", 4) != 0 || chunk.data.size != 13))
			return fail(call, SKD_BAD_INPUT, "the PNG does not begin with an IHDR chunk");
		TRY(chunk_look(call, &chunk, baked));
		if (memcmp(chunk.type, "IEND", 4) == 0)
			return rest.size ? fail(call, SKD_BAD_INPUT, "%zu bytes stand behind the end of the PNG", rest.size)
					 : SKD_OK;
	}
	return fail(call, SKD_BAD_INPUT, "the PNG has more than %d chunks", PNG_CHUNKS);
}

enum skd_outcome png_unbake(struct skd_call *call, struct skd_text png, struct skd_text *badge, bool *ob3)
{
	struct baked baked = {0};
	TRY(chunks_walk(call, (struct skd_text){png.bytes + PNG_MARK, png.size - PNG_MARK}, &baked));
	if (!baked.keyword && baked.address)
		return fail(call, SKD_BAD_INPUT,
			    "the PNG has only the address of a badge, as was usual before Open Badges 2.0; it is not followed: %s",
			    text_whole(call, baked.address));
	if (!baked.keyword)
		return fail(call, SKD_BAD_INPUT, "there is no badge in the PNG: no iTXt chunk openbadgecredential or openbadges");
	*badge = baked.badge;
	*ob3 = strcmp(baked.keyword, "openbadgecredential") == 0;
	return SKD_OK;
}
