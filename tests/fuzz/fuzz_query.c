/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as a query: what is accepted is sound text, and what is refused is named. */
#include "base/fields.h"
#include "base/text.h"
#include "fuzz.h"

#include <string.h>

static const struct field table[] = {
	{"text", FIELD_TEXT, .most = 40}, {"secret", FIELD_SECRET}, {"uuid", FIELD_UUID},
	{"int", FIELD_INT, .least = -3, .most = 500}, {"bool", FIELD_BOOL}, {"time", FIELD_TIME},
	{"enum", FIELD_ENUM, .words = "draft|published"}, {"url", FIELD_URL}, {"period", FIELD_PERIOD},
	{"ref", FIELD_REF}, {"texts", FIELD_TEXTS}, {NULL}};
enum { INT = 3, TIME = 5, ENUM = 6, COUNT = 11 };

static void values_check(const struct value *values)
{
	char out[TIME_SIZE];
	int64_t again;
	for (int i = 0; i < COUNT; i++) {
		must(!values[i].text || utf8_valid(values[i].text, strlen(values[i].text)), "a text is UTF-8");
		for (size_t k = 0; k < values[i].count; k++)
			must(*values[i].texts[k] != '\0', "a text of several is not empty");
	}
	must(values[INT].number >= -3 && values[INT].number <= 500, "a number is within its bounds");
	if (values[TIME].given) {
		time_format(values[TIME].number, out);
		must(time_parse(out, &again) && again == values[TIME].number, "a time comes back as it is written");
	}
	must(!values[ENUM].given || !strcmp(values[ENUM].text, "draft") || !strcmp(values[ENUM].text, "published"),
	     "a word is one of the words");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct skd_call *call = call_new("fuzz", 1000);
	struct value values[COUNT] = {0};
	char *query = malloc(size + 1); /* so that a sanitizer sees its end */
	memcpy(query, bytes, size);
	query[size] = '\0';
	if (fields_query(call, table, query, values) == SKD_OK)
		values_check(values);
	else
		must(call->error_count > 0 && call->error_count <= 20 && call->sentence, "a refusal says why");
	free(query);
	talloc_free(call);
	return 0;
}
