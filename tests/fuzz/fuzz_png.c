/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as a PNG, as they are and with CRCs that fit: what is taken out lies within the picture, and a refusal says
 * why. */
#include "fuzz.h"
#include "base/text.h"
#include "verify/image.h"

#include <string.h>

static uint32_t crc_of(const uint8_t *bytes, size_t size)
{
	uint32_t crc = UINT32_MAX;
	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/* Gives each chunk the CRC that it should have, as far as there are whole ones. */
static void crcs_mend(uint8_t *bytes, size_t size)
{
	for (size_t at = 8; size >= 12 && at <= size - 12;) {
		size_t length = (size_t)bytes[at] << 24 | (size_t)bytes[at + 1] << 16 | (size_t)bytes[at + 2] << 8 | bytes[at + 3];
		if (length > size - at - 12)
			return;
		uint32_t crc = crc_of(bytes + at + 4, length + 4);
		for (size_t i = 0; i < 4; i++)
			bytes[at + 8 + length + i] = (uint8_t)(crc >> (24 - 8 * i));
		at += length + 12;
	}
}

static void png_try(const uint8_t *bytes, size_t size)
{
	struct skd_call *call = call_new("fuzz", 1000);
	struct skd_text png = {(const char *)bytes, size}, badge = {0};
	bool ob3 = false;
	if (!png_is(png)) {
		talloc_free(call);
		return;
	}
	if (png_unbake(call, png, &badge, &ob3) == SKD_OK)
		must(badge.bytes > png.bytes && badge.bytes + badge.size < png.bytes + size, "the badge lies in the picture");
	else
		must(call->outcome == SKD_BAD_INPUT && call->sentence && utf8_valid(call->sentence, strlen(call->sentence)),
		     "a refusal says why");
	talloc_free(call);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size + 1);
	png_try(bytes, size);
	must(copy, "there is memory");
	if (size)
		memcpy(copy, bytes, size);
	crcs_mend(copy, size);
	png_try(copy, size);
	free(copy);
	return 0;
}
