/* SPDX-License-Identifier: Apache-2.0
 * Values onto resources. */
#include "api/merge.h"

#include <stdio.h>
#include <string.h>

void merge_text(const struct value *value, const char **to)
{
	if (value->given)
		*to = value->null ? NULL : value->text;
}

void merge_texts(const struct value *value, const char *const **to, size_t *count)
{
	if (!value->given)
		return;
	*to = value->null ? NULL : value->texts;
	*count = value->null ? 0 : value->count;
}

void merge_int(const struct value *value, long *to)
{
	if (value->given)
		*to = (long)value->number;
}

void merge_bool(const struct value *value, bool *to)
{
	if (value->given)
		*to = value->number;
}

/* RFC 9110 13.1.1: a star, or entity tags between commas; weak ones never match. */
long match_version(const struct request *in, long version)
{
	char tag[32];
	int size = snprintf(tag, sizeof tag, "\"%ld\"", version);
	const char *at = in->match + strspn(in->match, " \t");
	if (strcmp(at, "*") == 0)
		return version;
	for (; *at; at += strspn(at, " \t,")) {
		size_t length = *at == '"' ? strcspn(at + 1, "\"") + 2 : strcspn(at, " \t,");
		if (length == (size_t)size && memcmp(at, tag, length) == 0)
			return version;
		at += strnlen(at, length);
	}
	return 0;
}

enum skd_outcome merge_match(struct skd_call *call, const struct request *in, long version)
{
	return match_version(in, version) ? SKD_OK
					  : fail(call, SKD_STALE, "this was changed since you read it: read it again");
}
