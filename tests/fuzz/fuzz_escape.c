/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as a value that goes out: into a log line, which stays one line of plain text from which the bytes can be
 * told, and into JSON, which is read back as what it was. */
#include "base/fields.h"
#include "base/json.h"
#include "fuzz.h"

#include <string.h>

static bool is_harmless(const unsigned char *c)
{
	bool arabic = c[0] == 0xd8 && c[1] == 0x9c;
	bool mark = c[0] == 0xe2 && ((c[1] == 0x80 && (c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xa8 && c[2] <= 0xae))) ||
				     (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9));
	return *c >= 0x20 && *c != 0x7f && !(c[0] == 0xc2 && c[1] < 0xa0) && !mark && !arabic;
}

static int digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void escape_check(struct skd_call *call, const uint8_t *bytes, size_t size)
{
	struct text text;
	size_t at = 0;
	text_begin(&text, call, 16);
	text_add_escaped(&text, (const char *)bytes, size);
	const char *out = text_end(&text);
	must(utf8_valid(out, strlen(out)), "a log line is UTF-8");
	for (const char *c = out; *c; c++, at++) {
		bool escaped = *c == '\\';
		must(is_harmless((const unsigned char *)c), "nothing in a log line moves the cursor");
		must(at < size && bytes[at] == (escaped ? digit(c[2]) * 16 + digit(c[3]) : (unsigned char)*c),
		     "the bytes can be told from it");
		c += escaped ? 3 : 0;
	}
	must(at == size, "and no others");
}

static void json_check(struct skd_call *call, const char *value)
{
	struct text text;
	struct json json;
	json_t *again;
	text_begin(&text, call, 16);
	json_begin(&json, &text);
	put_object(&json, NULL);
	put_string(&json, "value", value);
	put_object_end(&json);
	must(fields_parse(call, text.bytes, text.size, &again) == SKD_OK, "what is written can be read");
	const char *read = json_string_value(json_object_get(again, "value"));
	must(strcmp(read ? read : "", value) == 0, "and is the same");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct skd_call *call = call_new("fuzz", 1000);
	char *text = malloc(size + 1);
	memcpy(text, bytes, size);
	text[size] = '\0';
	escape_check(call, bytes, size);
	if (utf8_valid(text, strlen(text)))
		json_check(call, text);
	free(text);
	talloc_free(call);
	return 0;
}
