/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as "METHOD TARGET": a route only with sound ids for all its braces, otherwise nowhere. */
#include "api/match.h"
#include "base/text.h"
#include "fuzz.h"

#include <string.h>

static int braces_of(const char *path)
{
	int count = 0;
	for (; *path; path++)
		count += *path == '{';
	return count;
}

static void match_check(enum match result, const struct matched *matched)
{
	must((result == MATCH_ROUTE) == (matched->route != NULL), "a route is there if and only if it says so");
	for (int i = 0; matched->route && i < 2; i++) {
		must((matched->ids[i] != NULL) == (i < braces_of(matched->route->path)), "every brace has an id");
		must(!matched->ids[i] || (*matched->ids[i] && utf8_valid(matched->ids[i], strlen(matched->ids[i])) &&
					  !strchr(matched->ids[i], '/')),
		     "an id is UTF-8, not empty, without a slash");
	}
	must(result != MATCH_METHOD || strstr(matched->allow, "OPTIONS"), "another method is told which there are");
	must(strlen(matched->allow) < sizeof matched->allow, "the methods fit");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	void *owner = talloc_new(NULL);
	struct matched matched;
	char *line = malloc(size + 1);
	memcpy(line, bytes, size);
	line[size] = '\0';
	char *space = strchr(line, ' ');
	if (space) {
		*space = '\0';
		match_check(match_target(owner, line, space + 1, &matched), &matched);
	} else {
		match_check(match_target(owner, "GET", line, &matched), &matched);
	}
	free(line);
	talloc_free(owner);
	return 0;
}
