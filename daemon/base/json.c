/* SPDX-License-Identifier: Apache-2.0
 * The JSON writer. RFC 8259; strings are UTF-8 already, checked where they came in. */
#include "base/json.h"

#include <string.h>

void json_begin(struct json *json, struct text *to)
{
	*json = (struct json){.to = to};
}

/* How many bytes from here stand for themselves; eight are looked at in one go, by the bits that a subtraction borrows. */
static size_t plain_size(const char *s, size_t size)
{
	const uint64_t ones = 0x0101010101010101, high = ones << 7;
	size_t at = 0;
	for (uint64_t eight; at + 8 <= size; at += 8) {
		memcpy(&eight, s + at, 8);
		uint64_t quote = eight ^ ones * '"', back = eight ^ ones * '\\';
		if ((((eight - ones * 0x20) & ~eight) | ((quote - ones) & ~quote) | ((back - ones) & ~back)) & high)
			break;
	}
	while (at < size && (unsigned char)s[at] >= 0x20 && s[at] != '"' && s[at] != '\\')
		at++;
	return at;
}

/* As short as can be (RFC 8785 3.2.2.2). */
static char *json_escape(char *at, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	static const char brief[0x20] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
	*at++ = '\\';
	if (c >= 0x20 || brief[c]) {
		*at++ = c >= 0x20 ? (char)c : brief[c];
		return at;
	}
	at = mempcpy(at, "u00", 3);
	*at++ = digits[c >> 4];
	*at++ = digits[c & 15];
	return at;
}

static void json_quote(struct text *to, const char *s, size_t size)
{
	char *start = text_room(to, size * 6 + 2), *at = start;
	*at++ = '"';
	while (size) {
		size_t plain = plain_size(s, size);
		at = mempcpy(at, s, plain);
		s += plain;
		size -= plain;
		if (!size)
			break;
		at = json_escape(at, (unsigned char)*s++);
		size--;
	}
	*at++ = '"';
	to->size += (size_t)(at - start);
}

static void json_key(struct json *json, const char *key)
{
	size_t size = key ? strlen(key) : 0;
	char *start = text_room(json->to, size + 4), *at = start;
	if (json->comma)
		*at++ = ',';
	json->comma = true;
	if (key) {
		*at++ = '"';
		at = mempcpy(at, key, size);
		*at++ = '"';
		*at++ = ':';
	}
	json->to->size += (size_t)(at - start);
}

static void json_open(struct json *json, const char *key, const char *bracket)
{
	json_key(json, key);
	text_add(json->to, bracket, 1);
	json->comma = false;
}

static void json_close(struct json *json, const char *bracket)
{
	text_add(json->to, bracket, 1);
	json->comma = true;
}

void put_object(struct json *json, const char *key)
{
	json_open(json, key, "{");
}

void put_object_end(struct json *json)
{
	json_close(json, "}");
}

void put_array(struct json *json, const char *key)
{
	json_open(json, key, "[");
}

void put_array_end(struct json *json)
{
	json_close(json, "]");
}

void put_string_n(struct json *json, const char *key, const char *value, size_t size)
{
	if (key && (!value || !size))
		return;
	json_key(json, key);
	json_quote(json->to, value, size);
}

void put_string(struct json *json, const char *key, const char *value)
{
	put_string_n(json, key, value ? value : "", value ? strlen(value) : 0);
}

void put_int(struct json *json, const char *key, int64_t value)
{
	char digits[24], *at = digits + sizeof digits;
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
	do
		*--at = (char)('0' + rest % 10);
	while (rest /= 10);
	if (value < 0)
		*--at = '-';
	json_key(json, key);
	text_add(json->to, at, (size_t)(digits + sizeof digits - at));
}

void put_bool(struct json *json, const char *key, bool value)
{
	json_key(json, key);
	text_adds(json->to, value ? "true" : "false");
}

void put_time(struct json *json, const char *key, int64_t time)
{
	char out[TIME_SIZE];
	if (time == TIME_NEVER)
		return;
	put_string_n(json, key, out, time_format(time, out));
}

void put_raw(struct json *json, const char *key, const char *value, size_t size)
{
	json_key(json, key);
	text_add(json->to, value, size);
}

void put_named(struct json *json, const char *key, const char *id, const char *label_key, const char *label)
{
	if (!id || !*id)
		return;
	put_object(json, key);
	put_string(json, "id", id);
	put_string(json, label_key, label);
	put_object_end(json);
}
