/* SPDX-License-Identifier: Apache-2.0
 * The table of who sees what, as JSON. */
#include "api/nouns.h"

#include "rules/sight_table.h"

static void row_write(struct json *json, const struct sight_row *row)
{
	put_object(json, NULL);
	put_string(json, "noun", row->noun);
	put_string(json, "description", row->description);
	for (size_t i = 0; i < SIGHT_RELATIONS; i++)
		put_string(json, sight_relations[i], sight_words[row->words[i]]);
	put_object_end(json);
}

enum skd_outcome api_sight_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	size_t from, count = SIGHT_NOUNS;
	TRY(list_slice(call, in->list, &from, &count));
	reply_list_begin(in, out);
	for (size_t i = from; i < from + count; i++)
		row_write(&out->json, &sight_table[list_item(in->list, i)]);
	reply_list_end(in, out);
	return SKD_OK;
}
