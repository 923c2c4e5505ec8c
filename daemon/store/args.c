/* SPDX-License-Identifier: Apache-2.0
 * Values as text parameters. */
#include "store/db.h"

#include <inttypes.h>
#include <string.h>

const char *arg_int(struct skd_call *call, int64_t number)
{
	return talloc_asprintf(call, "%" PRId64, number);
}

const char *arg_bool(bool flag)
{
	return flag ? "t" : "f";
}

const char *arg_time(struct skd_call *call, int64_t time)
{
	if (time == TIME_NEVER)
		return "infinity";
	char *out = talloc_size(call, TIME_SIZE);
	time_format(time, out);
	return out;
}

static void add_backslashed(struct text *text, const char *s, const char *special)
{
	for (; *s; s++) {
		if (strchr(special, *s))
			text_add(text, "\\", 1);
		text_add(text, s, 1);
	}
}

const char *arg_array(struct skd_call *call, size_t count, const char *const *texts)
{
	struct text text;
	text_begin(&text, call, 64);
	text_adds(&text, "{");
	for (size_t i = 0; i < count; i++) {
		text_adds(&text, i ? ",\"" : "\"");
		add_backslashed(&text, texts[i], "\"\\");
		text_adds(&text, "\"");
	}
	text_adds(&text, "}");
	return text_end(&text);
}

const char *arg_bytea(struct skd_call *call, const void *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *from = bytes;
	char *out = talloc_size(call, size * 2 + 3);
	out[0] = '\\';
	out[1] = 'x';
	for (size_t i = 0; i < size; i++) {
		out[2 + 2 * i] = digits[from[i] >> 4];
		out[3 + 2 * i] = digits[from[i] & 15];
	}
	out[2 + 2 * size] = '\0';
	return out;
}

const char *arg_like(struct skd_call *call, const char *needle)
{
	struct text text;
	text_begin(&text, call, 64);
	text_adds(&text, "%");
	add_backslashed(&text, needle, "%_\\");
	text_adds(&text, "%");
	return text_end(&text);
}
