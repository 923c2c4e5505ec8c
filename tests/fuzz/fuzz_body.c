/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as a body, read as a new resource and as a patch: bounded, and every complaint has a pointer. */
#include "base/fields.h"
#include "base/json.h"
#include "base/text.h"
#include "fuzz.h"

#include <string.h>

static const struct field table[] = {
	{"text", FIELD_TEXT, true, .most = 40}, {"secret", FIELD_SECRET}, {"uuid", FIELD_UUID},
	{"int", FIELD_INT, .least = -3, .most = 500}, {"bool", FIELD_BOOL}, {"time", FIELD_TIME},
	{"enum", FIELD_ENUM, .words = "draft|published"}, {"url", FIELD_URL}, {"period", FIELD_PERIOD},
	{"ref", FIELD_REF}, {"texts", FIELD_TEXTS}, {"json", FIELD_JSON}, {NULL}};
enum { COUNT = 12 };

/* What came in must go out as JSON that is read again. */
static void values_write(struct skd_call *call, const struct value *values)
{
	struct text text;
	struct json json;
	json_t *again;
	text_begin(&text, call, 16);
	json_begin(&json, &text);
	put_object(&json, NULL);
	for (int i = 0; i < COUNT; i++) {
		must(!values[i].text || utf8_valid(values[i].text, strlen(values[i].text)), "a text is UTF-8");
		put_string(&json, table[i].name, values[i].text);
	}
	put_array(&json, "all");
	for (int i = 0; i < COUNT; i++)
		for (size_t k = 0; k < values[i].count; k++)
			put_string(&json, NULL, values[i].texts[k]);
	put_array_end(&json);
	put_object_end(&json);
	must(fields_parse(call, text.bytes, text.size, &again) == SKD_OK, "what is written can be read");
}

static void body_read(const char *body, size_t size, bool patch)
{
	struct skd_call *call = call_new("fuzz", 1000);
	struct value values[COUNT] = {0};
	json_t *object;
	if (fields_parse(call, body, size, &object) != SKD_OK)
		must(call->outcome == SKD_BAD_INPUT && call->sentence, "a refusal says why");
	else if (fields_object(call, table, "", object, patch, values) == SKD_OK)
		values_write(call, values);
	else
		for (size_t i = 0; i < call->error_count; i++)
			must(call->errors[i].field[0] == '/' && *call->errors[i].message, "a complaint has a pointer");
	talloc_free(call);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	body_read((const char *)bytes, size, false);
	body_read((const char *)bytes, size, true);
	return 0;
}
