/* SPDX-License-Identifier: Apache-2.0
 * Values onto resources. */
#include "api/merge.h"

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

enum skd_outcome merge_match(struct skd_call *call, const struct request *in, long version)
{
	return in->version == version ? SKD_OK
				      : fail(call, SKD_STALE, "this was changed since you read it: read it again");
}
