/* SPDX-License-Identifier: Apache-2.0
 * The machine-made words of text.h: ids, tokens, base64url, random bytes. */
#include "base/text.h"

#include "base/call.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void random_bytes(void *to, size_t size)
{
	char *at = to;
	while (size) {
		ssize_t got = getrandom(at, size, 0);
		if (got < 0)
			abort();
		at += got;
		size -= (size_t)got;
	}
}

void uuid_format(const uint8_t bytes[16], char out[UUID_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	static const uint8_t places[16] = {0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};
	for (int i = 0; i < 16; i++) {
		out[places[i]] = digits[bytes[i] >> 4];
		out[places[i] + 1] = digits[bytes[i] & 15];
	}
	out[8] = out[13] = out[18] = out[23] = '-';
	out[36] = '\0';
}

void uuid_new(char out[UUID_SIZE])
{
	uint8_t bytes[16];
	uint64_t milliseconds = (uint64_t)clock_now() / 1000;
	random_bytes(bytes + 6, 10);
	for (int i = 0; i < 6; i++)
		bytes[i] = (uint8_t)(milliseconds >> (40 - 8 * i));
	bytes[6] = (bytes[6] & 0x0f) | 0x70;
	bytes[8] = (bytes[8] & 0x3f) | 0x80;
	uuid_format(bytes, out);
}

bool uuid_parse(const char *string, char out[UUID_SIZE])
{
	for (int i = 0; i < 36; i++) {
		char c = string[i];
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (c >= 'A' && c <= 'F')
			c |= 0x20;
		if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
		out[i] = c;
	}
	out[36] = '\0';
	return string[36] == '\0';
}

bool uuid_valid(const char *string)
{
	char out[UUID_SIZE];
	return uuid_parse(string, out);
}

static uint8_t nibble(char digit)
{
	return (uint8_t)(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
}

void uuid_bytes(const char *uuid, uint8_t out[16])
{
	for (int i = 0; i < 16; i++, uuid += 2) {
		uuid += *uuid == '-';
		out[i] = (uint8_t)(nibble(uuid[0]) << 4 | nibble(uuid[1]));
	}
}

void text_add_base64url(struct text *text, const void *bytes, size_t size)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const unsigned char *in = bytes;
	char *start = text_room(text, size / 3 * 4 + 4), *at = start;
	for (size_t i = 0; i < size; i += 3) {
		unsigned left = size - i > 2 ? 3 : (unsigned)(size - i);
		unsigned v = (unsigned)in[i] << 16 | (left > 1 ? (unsigned)in[i + 1] << 8 : 0) | (left > 2 ? in[i + 2] : 0);
		for (unsigned k = 0; k <= left; k++)
			*at++ = digits[v >> (18 - 6 * k) & 63];
	}
	text->size += (size_t)(at - start);
}

const char *base64url_encode(void *owner, const void *bytes, size_t size)
{
	struct text text;
	text_begin(&text, owner, size * 4 / 3 + 4);
	text_add_base64url(&text, bytes, size);
	return text_end(&text);
}

static int base64url_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* `loose`: either alphabet, and white space. The end is where no digit is, in `rest`. */
static long base64_digits(const char *string, bool loose, void *out, size_t room, const char **rest)
{
	unsigned char *to = out;
	size_t size = 0;
	unsigned bits = 0, held = 0;
	for (; *string && !(loose && *string == '='); string++) {
		int value = base64url_value(*string);
		if (loose && strchr(" \t\r\n", *string))
			continue;
		if (loose && value < 0)
			value = *string == '+' ? 62 : *string == '/' ? 63 : -1;
		if (value < 0)
			return -1;
		held = held << 6 | (unsigned)value;
		bits += 6;
		if (bits < 8)
			continue;
		if (size == room)
			return -1;
		bits -= 8;
		to[size++] = (unsigned char)(held >> bits);
		held &= (1u << bits) - 1;
	}
	*rest = string;
	return bits < 6 && held == 0 ? (long)size : -1;
}

long base64url_decode(const char *string, void *out, size_t room)
{
	return base64_digits(string, false, out, room, &string);
}

long base64_decode(const char *string, void *out, size_t room)
{
	long size = base64_digits(string, true, out, room, &string);
	return size >= 0 && !string[strspn(string, "= \t\r\n")] ? size : -1;
}

static uint32_t crc32_of(const char *bytes, size_t size)
{
	uint32_t crc = 0xffffffff;
	for (size_t i = 0; i < size; i++) {
		crc ^= (unsigned char)bytes[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (0xedb88320 & -(crc & 1));
	}
	return ~crc;
}

static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* 43 digits hold 256 bits: a number in base 62 by long division of the 32 bytes. */
static void base62_of(uint8_t bytes[32], char *out, int digits)
{
	for (int d = digits - 1; d >= 0; d--) {
		unsigned rest = 0;
		for (int i = 0; i < 32; i++) {
			unsigned v = rest << 8 | bytes[i];
			bytes[i] = (uint8_t)(v / 62);
			rest = v % 62;
		}
		out[d] = base62[rest];
	}
}

static void checksum_of(const char *bytes, size_t size, char out[7])
{
	uint32_t crc = crc32_of(bytes, size);
	for (int i = 5; i >= 0; i--, crc /= 62)
		out[i] = base62[crc % 62];
	out[6] = '\0';
}

void token_new(const char *prefix, char out[TOKEN_SIZE])
{
	uint8_t secret[32];
	random_bytes(secret, sizeof secret);
	size_t at = strlen(prefix);
	memcpy(out, prefix, at);
	base62_of(secret, out + at, 43);
	checksum_of(out, at + 43, out + at + 43);
	explicit_bzero(secret, sizeof secret);
}

bool token_valid(const char *token)
{
	char sum[7];
	size_t size = strlen(token);
	if (size < 43 + 6 + 1 || size >= TOKEN_SIZE)
		return false;
	checksum_of(token, size - 6, sum);
	return memcmp(sum, token + size - 6, 6) == 0;
}
