/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as JSON: what is read has one canonical form, which reads as the same and is its own. */
#include "fuzz.h"
#include "sign/canon.h"

#include <string.h>

static void canon_check(struct skd_call *call, const json_t *json)
{
	struct text text, other;
	json_t *again;
	text_begin(&text, call, 16);
	text_begin(&other, call, 16);
	if (canon_write(call, json, &text) != SKD_OK) {
		must(call->outcome == SKD_BAD_INPUT && call->sentence, "a refusal says why");
		return;
	}
	must(canon_is(text.bytes, text.size), "canonical bytes are their own canonical form");
	must(utf8_valid(text.bytes, text.size), "they are UTF-8");
	must(canon_read(call, "it", text.bytes, text.size, &again) == SKD_OK && json_equal(json, again), "they read as the same");
	char *pretty = json_dumps(again, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
	must(pretty && canon_read(call, "it", pretty, strlen(pretty), &again) == SKD_OK, "another spelling is read");
	must(canon_write(call, again, &other) == SKD_OK && other.size == text.size &&
		     memcmp(other.bytes, text.bytes, text.size) == 0,
	     "and has the same canonical form");
	free(pretty);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct skd_call *call = call_new("fuzz", 1000);
	json_t *json;
	if (canon_read(call, "it", (const char *)bytes, size, &json) == SKD_OK)
		canon_check(call, json);
	else
		must(call->outcome == SKD_BAD_INPUT && call->sentence && !canon_is((const char *)bytes, size),
		     "a refusal says why");
	talloc_free(call);
	return 0;
}
