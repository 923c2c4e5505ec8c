/* SPDX-License-Identifier: Apache-2.0
 * The door to zlib. */
#include "sign/bits.h"

#include "base/text.h"

#include <string.h>
#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16 };

enum skd_outcome bits_encode(struct skd_call *call, const void *bits, size_t size, const char **text)
{
	z_stream z = {0};
	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		return fail(call, SKD_FAULT, "zlib: deflateInit2");
	uLong room = deflateBound(&z, size);
	uint8_t *packed = talloc_size(call, room);
	z.next_in = (Bytef *)(uintptr_t)bits;
	z.avail_in = (uInt)size;
	z.next_out = packed;
	z.avail_out = (uInt)room;
	int ended = deflate(&z, Z_FINISH);
	deflateEnd(&z);
	if (ended != Z_STREAM_END)
		return fail(call, SKD_FAULT, "zlib: deflate gives %d", ended);
	*text = talloc_asprintf(call, "u%s", base64url_encode(call, packed, room - z.avail_out));
	talloc_free(packed);
	return SKD_OK;
}

enum skd_outcome bits_decode(struct skd_call *call, const char *text, size_t most, uint8_t **bits, size_t *size)
{
	z_stream z = {0};
	size_t room = strlen(text);
	uint8_t *packed = talloc_size(call, room + 1);
	long got = *text == 'u' ? base64url_decode(text + 1, packed, room) : -1;
	if (got < 0)
		return fail(call, SKD_BAD_INPUT, "the list is not multibase base64url");
	*bits = talloc_size(call, most + 1);
	z.next_in = packed;
	z.avail_in = (uInt)got;
	z.next_out = *bits;
	z.avail_out = (uInt)most + 1;
	int ended = inflateInit2(&z, GZIP_WINDOW) == Z_OK ? inflate(&z, Z_FINISH) : Z_MEM_ERROR;
	inflateEnd(&z);
	*size = most + 1 - z.avail_out;
	talloc_free(packed);
	if (*size > most)
		return fail(call, SKD_BAD_INPUT, "the list is larger than %zu bytes", most);
	return ended == Z_STREAM_END && !z.avail_in ? SKD_OK : fail(call, SKD_BAD_INPUT, "the list is not GZIP");
}

bool bits_at(const uint8_t *bits, size_t size, size_t place)
{
	return place / 8 < size && bits[place / 8] >> (7 - place % 8) & 1;
}
