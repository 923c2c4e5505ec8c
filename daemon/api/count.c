/* SPDX-License-Identifier: Apache-2.0
 * /credentials/{id}/counts as JSON; the newest day first unless asked otherwise. */
#include "api/nouns.h"

#include "rules/counts.h"

static void count_write(struct json *json, const struct store_count *count)
{
	put_object(json, NULL);
	put_string(json, "day", count->day);
	put_int(json, "views", count->views);
	put_int(json, "downloads", count->downloads);
	put_int(json, "verifications", count->verifications);
	put_object_end(json);
}

enum skd_outcome api_credential_counts(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_count *counts;
	size_t from, count;
	if (!in->list->sort)
		in->list->descending = true;
	TRY(counts_list(call, in->ids[0], &counts, &count));
	TRY(list_slice(call, in->list, &from, &count));
	reply_list_begin(in, out);
	for (size_t i = from; i < from + count; i++)
		count_write(&out->json, &counts[list_item(in->list, i)]);
	reply_list_end(in, out);
	return SKD_OK;
}
