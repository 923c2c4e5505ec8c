/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as Accept and as If-Match: a weight within its bounds, a version that is named or none. */
#include "api/accept.h"
#include "api/merge.h"
#include "fuzz.h"

#include <string.h>

enum { VERSION = 42 };

static void accept_check(const char *text)
{
	static const char *const types[] = {"application/json", "text/csv", "text/html"};
	char *twice = talloc_asprintf(NULL, "%s, */*;q=0.001", text);
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		int weight = accept_weight(text, types[i]);
		must(weight >= 0 && weight <= ACCEPT_FULLY, "a weight is between nothing and all");
		weight = accept_weight(twice, types[i]);
		must(weight >= 0 && weight <= ACCEPT_FULLY, "so it is in a longer list");
	}
	talloc_free(twice);
}

static void match_check(const char *text)
{
	struct request in = {.match = text};
	long version = match_version(&in, VERSION);
	const char *star = strchr(text, '*');
	must(version == 0 || version == VERSION, "a version is matched or not");
	must(version == 0 || strstr(text, "\"42\"") || (star && !star[1]),
	     "only what names it matches");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *text = malloc(size + 1);
	memcpy(text, bytes, size);
	text[size] = '\0';
	accept_check(text);
	match_check(text);
	free(text);
	return 0;
}
