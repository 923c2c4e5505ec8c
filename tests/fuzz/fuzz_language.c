/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as Accept-Language: what is wanted are tags in the usual case, each as it stays, and few. */
#include "fuzz.h"
#include "rules/language.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct skd_call *call = call_new("fuzz", 1000);
	const char *text = talloc_strndup(call, (const char *)bytes, size), *const *tags, *tag = language_tag(call, text);
	size_t count;
	language_wanted(call, text, &tags, &count);
	must(count <= 60, "they are few");
	for (size_t i = 0; i < count; i++)
		must(language_tag(call, tags[i]) && strcmp(language_tag(call, tags[i]), tags[i]) == 0, "each is a tag");
	if (tag) {
		language_wanted(call, tag, &tags, &count);
		must(count && strcmp(tags[0], tag) == 0, "a tag by itself is wanted");
	}
	talloc_free(call);
	return 0;
}
