/* SPDX-License-Identifier: Apache-2.0
 * What libFuzzer makes of a PNG, with CRCs that fit. */
#ifndef TESTS_FUZZ_PNG_MEND_H
#define TESTS_FUZZ_PNG_MEND_H

#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

static inline uint32_t png_number(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Gives each chunk the CRC that it should have, as far as there are whole ones. */
static inline void png_mend(uint8_t *bytes, size_t size)
{
	for (size_t at = 8; size >= 12 && at <= size - 12;) {
		size_t length = png_number(bytes + at);
		if (length > size - at - 12)
			return;
		uint32_t crc = (uint32_t)crc32(0, bytes + at + 4, (uInt)length + 4);
		for (size_t i = 0; i < 4; i++)
			bytes[at + 8 + length + i] = (uint8_t)(crc >> (24 - 8 * i));
		at += length + 12;
	}
}

#endif
