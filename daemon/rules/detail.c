/* SPDX-License-Identifier: Apache-2.0
 * Details as JSON. */
#include "rules/detail.h"

#include "base/json.h"

#include <stdarg.h>

const char *detail_of(struct skd_call *call, ...)
{
	struct text text;
	struct json json;
	va_list words;
	text_begin(&text, call, 128);
	json_begin(&json, &text);
	put_object(&json, NULL);
	va_start(words, call);
	for (const char *key; (key = va_arg(words, const char *));)
		put_string(&json, key, va_arg(words, const char *));
	va_end(words);
	put_object_end(&json);
	return text_end(&text);
}
