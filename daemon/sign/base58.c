/* SPDX-License-Identifier: Apache-2.0
 * base58btc: one big number, in limbs of five digits, a word of 32 bits at a time. */
#include "sign/base58.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { LIMB_DIGITS = 5, LIMB = 58 * 58 * 58 * 58 * 58, LIMBS = 36, WORDS = BASE58_BYTES / 4 };

static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

static size_t leading(const char *bytes, size_t size, char what)
{
	size_t count = 0;
	while (count < size && bytes[count] == what)
		count++;
	return count;
}

/* The number that big-endian bytes are, the least limb first. */
static size_t limbs_of(const uint8_t *bytes, size_t size, uint32_t limbs[LIMBS])
{
	size_t count = 0, step = size % 4 ? size % 4 : 4;
	for (size_t i = 0; i < size; i += step, step = 4) {
		uint64_t carry = 0;
		for (size_t k = 0; k < step; k++)
			carry = carry << 8 | bytes[i + k];
		for (size_t k = 0; k < count; k++) {
			carry += (uint64_t)limbs[k] << (8 * step);
			limbs[k] = (uint32_t)(carry % LIMB);
			carry /= LIMB;
		}
		for (; carry; carry /= LIMB)
			limbs[count++] = (uint32_t)(carry % LIMB);
	}
	return count;
}

size_t base58_encode(const void *bytes, size_t size, char out[BASE58_TEXT])
{
	uint32_t limbs[LIMBS];
	size_t zeros = leading(bytes, size, '\0'), skip;
	size_t count = limbs_of((const uint8_t *)bytes + zeros, size - zeros, limbs);
	char digits[LIMBS * LIMB_DIGITS];
	for (size_t i = 0; i < count; i++)
		for (size_t k = 1; k <= LIMB_DIGITS; k++, limbs[i] /= 58)
			digits[(count - i) * LIMB_DIGITS - k] = alphabet[limbs[i] % 58];
	out[0] = 'z';
	memset(out + 1, alphabet[0], zeros);
	skip = leading(digits, count * LIMB_DIGITS, alphabet[0]);
	char *end = mempcpy(out + 1 + zeros, digits + skip, count * LIMB_DIGITS - skip);
	*end = '\0';
	return (size_t)(end - out);
}

/* words = words * 58^digits + value, the least word first; false: it has no room. */
static bool words_add(uint32_t words[WORDS], size_t *count, const char *digits, size_t size)
{
	uint64_t value = 0, times = 1;
	for (size_t i = 0; i < size; i++, times *= 58) {
		const char *digit = memchr(alphabet, digits[i], sizeof alphabet - 1);
		if (!digit)
			return false;
		value = value * 58 + (uint64_t)(digit - alphabet);
	}
	for (size_t i = 0; i < *count; i++, value >>= 32) {
		value += words[i] * times;
		words[i] = (uint32_t)value;
	}
	if (value && *count == WORDS)
		return false;
	if (value)
		words[(*count)++] = (uint32_t)value;
	return true;
}

long base58_decode(const char *text, void *out, size_t room)
{
	uint32_t words[WORDS];
	uint8_t *to = out;
	size_t count = 0, size = strnlen(text, BASE58_TEXT), step;
	if (size == BASE58_TEXT || text[0] != 'z')
		return -1;
	size_t zeros = leading(text + 1, size - 1, alphabet[0]);
	for (size_t at = 1 + zeros; at < size; at += step) {
		step = size - at < LIMB_DIGITS ? size - at : LIMB_DIGITS;
		if (!words_add(words, &count, text + at, step))
			return -1;
	}
	size_t bytes = count * 4;
	while (bytes > 0 && !(words[(bytes - 1) / 4] >> 8 * ((bytes - 1) % 4)))
		bytes--;
	if (zeros + bytes > room)
		return -1;
	memset(to, 0, zeros);
	for (size_t i = 0; i < bytes; i++)
		to[zeros + bytes - 1 - i] = (uint8_t)(words[i / 4] >> 8 * (i % 4));
	return (long)(zeros + bytes);
}
