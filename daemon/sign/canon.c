/* SPDX-License-Identifier: Apache-2.0
 * RFC 8785: members in the order of their names' UTF-16 code units, numbers as ECMAScript writes them. Strings are the
 * JSON writer's, who has no other way to write them. */
#include "sign/canon.h"

#include "base/json.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers ---- */

struct decimal {
	uint64_t digits;
	int scale; /* digits * 10^scale */
};

static struct decimal decimal_round(double number, int precision)
{
	char text[NUMBER_SIZE];
	snprintf(text, sizeof text, "%.*e", precision - 1, number);
	struct decimal decimal = {0};
	char *at = text;
	for (; *at != 'e'; at++)
		if (*at >= '0' && *at <= '9')
			decimal.digits = decimal.digits * 10 + (uint64_t)(*at - '0');
	decimal.scale = atoi(at + 1) - (precision - 1);
	return decimal;
}

static bool decimal_is(struct decimal decimal, double number)
{
	char text[NUMBER_SIZE];
	snprintf(text, sizeof text, "%" PRIu64 "e%d", decimal.digits, decimal.scale);
	return strtod(text, NULL) == number;
}

/* The fewest digits that read as `number`, and of those the nearest. Numbers of up to 15 digits come back as they are,
 * but for the very small. Below a power of two numbers lie closer than above it: the nearest of 16 digits may be
 * another number when the next one is not. */
static struct decimal decimal_of(double number)
{
	int exponent;
	bool power = frexp(number, &exponent) == 0.5;
	for (int precision = number < DBL_MIN ? 1 : DBL_DIG; precision <= DBL_DIG + 1; precision++) {
		struct decimal decimal = decimal_round(number, precision);
		if (decimal_is(decimal, number))
			return decimal;
		decimal.digits++;
		if (power && decimal_is(decimal, number))
			return decimal;
	}
	return decimal_round(number, DBL_DIG + 2);
}

size_t canon_number(double number, char out[NUMBER_SIZE])
{
	char digits[24];
	const char *sign = number < 0 ? "-" : "";
	struct decimal decimal = number != 0 ? decimal_of(fabs(number)) : (struct decimal){0};
	for (; decimal.digits && decimal.digits % 10 == 0; decimal.scale++)
		decimal.digits /= 10;
	int count = snprintf(digits, sizeof digits, "%" PRIu64, decimal.digits), point = count + decimal.scale, size;
	if (point >= count && point <= 21)
		size = snprintf(out, NUMBER_SIZE, "%s%s%.*s", sign, digits, point - count, "00000000000000000000");
	else if (point > 0 && point <= 21)
		size = snprintf(out, NUMBER_SIZE, "%s%.*s.%s", sign, point, digits, digits + point);
	else if (point > -6 && point <= 0)
		size = snprintf(out, NUMBER_SIZE, "%s0.%.*s%s", sign, -point, "00000", digits);
	else
		size = snprintf(out, NUMBER_SIZE, "%s%c%s%se%+d", sign, digits[0], count > 1 ? "." : "", digits + 1, point - 1);
	return (size_t)size;
}

/* What a double holds exactly needs no search. */
static void number_put(struct json *to, double number)
{
	char text[NUMBER_SIZE];
	if (fabs(number) < 0x1p53 && number == trunc(number))
		put_int(to, NULL, (int64_t)number);
	else
		put_raw(to, NULL, text, canon_number(number, text));
}

/* ---- values ---- */

struct member {
	const char *name;
	json_t *value;
};

/* The order of UTF-16 code units is that of UTF-8's bytes, but that surrogates, which stand for what begins with F0 and
 * more, come before what begins with EE and EF. */
static int member_compare(const void *left, const void *right)
{
	const unsigned char *a = (const void *)((const struct member *)left)->name;
	const unsigned char *b = (const void *)((const struct member *)right)->name;
	while (*a == *b && *a) {
		a++;
		b++;
	}
	int x = *a == 0xee || *a == 0xef ? *a + 0x10 : *a, y = *b == 0xee || *b == 0xef ? *b + 0x10 : *b;
	return x - y;
}

static enum skd_outcome value_put(struct skd_call *call, struct json *to, const json_t *value, int depth);

static enum skd_outcome object_put(struct skd_call *call, struct json *to, const json_t *object, int depth)
{
	size_t count = 0;
	struct member *members = talloc_array(call, struct member, json_object_size(object) + 1);
	const char *name;
	json_t *value;
	json_object_foreach ((json_t *)object, name, value)
		members[count++] = (struct member){name, value};
	qsort(members, count, sizeof *members, member_compare);
	put_object(to, NULL);
	for (size_t i = 0; i < count; i++) {
		put_string(to, NULL, members[i].name);
		text_add(to->to, ":", 1);
		to->comma = false;
		TRY(value_put(call, to, members[i].value, depth));
	}
	put_object_end(to);
	talloc_free(members);
	return SKD_OK;
}

static enum skd_outcome array_put(struct skd_call *call, struct json *to, const json_t *array, int depth)
{
	size_t i;
	json_t *item;
	put_array(to, NULL);
	json_array_foreach (array, i, item)
		TRY(value_put(call, to, item, depth));
	put_array_end(to);
	return SKD_OK;
}

static enum skd_outcome value_put(struct skd_call *call, struct json *to, const json_t *value, int depth)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
	case JSON_ARRAY:
		if (depth == CANON_DEPTH)
			return fail(call, SKD_BAD_INPUT, "it is nested deeper than %d", CANON_DEPTH);
		return json_is_object(value) ? object_put(call, to, value, depth + 1) : array_put(call, to, value, depth + 1);
	case JSON_STRING:
		put_string_n(to, NULL, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
	case JSON_REAL:
		number_put(to, json_number_value(value));
		break;
	case JSON_NULL:
		put_raw(to, NULL, "null", 4);
		break;
	default:
		put_bool(to, NULL, json_is_true(value));
	}
	return SKD_OK;
}

enum skd_outcome canon_write(struct skd_call *call, const json_t *json, struct text *to)
{
	struct json writer;
	json_begin(&writer, to);
	return value_put(call, &writer, json, 0);
}

/* ---- reading ---- */

static int holder_free(json_t **holder)
{
	json_decref(*holder);
	return 0;
}

json_t *canon_keep(struct skd_call *call, json_t *json)
{
	json_t **holder = talloc(call, json_t *);
	*holder = json;
	talloc_set_destructor(holder, holder_free);
	return json;
}

const char *canon_string(const json_t *object, const char *name)
{
	const json_t *string = json_object_get(object, name);
	const char *text = json_string_value(string);
	return text && strlen(text) == json_string_length(string) ? text : NULL;
}

enum skd_outcome canon_read(struct skd_call *call, const char *what, const char *bytes, size_t size, json_t **json)
{
	json_error_t error;
	*json = json_loadb(bytes, size,
			   JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
	if (!canon_keep(call, *json)) {
		const char *near = strstr(error.text, " near ");
		int length = near ? (int)(near - error.text) : (int)strlen(error.text);
		return fail(call, SKD_BAD_INPUT, "%s is not JSON: %.*s (line %d, column %d)", what, length, error.text,
			    error.line, error.column);
	}
	return SKD_OK;
}

bool canon_is(const char *bytes, size_t size)
{
	struct skd_call *call = call_new("canonical", 0);
	struct text text;
	json_t *json;
	text_begin(&text, call, size + 1);
	bool same = canon_read(call, "it", bytes, size, &json) == SKD_OK && canon_write(call, json, &text) == SKD_OK &&
		    text.size == size && memcmp(text.bytes, bytes, size) == 0;
	talloc_free(call);
	return same;
}
