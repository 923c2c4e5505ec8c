/* SPDX-License-Identifier: Apache-2.0
 * Who looked at somebody, as JSON. */
#include "api/nouns.h"

#include "rules/looks.h"

static void look_write(struct json *json, const struct store_look *look)
{
	put_object(json, NULL);
	put_string(json, "id", look->id);
	put_named(json, "viewer", look->viewer_id, "name", look->viewer);
	put_string(json, "account", look->account);
	put_string(json, "relation", look->relation);
	put_string(json, "what", look->what);
	put_string(json, "day", look->day);
	put_int(json, "times", look->number);
	put_object_end(json);
}

static enum skd_outcome looks_reply(struct skd_call *call, const struct request *in, struct reply *out, const char *person_id)
{
	struct store_look *looks;
	size_t count;
	if (!in->list->sort)
		in->list->descending = true;
	TRY(looks_list(call, person_id, in->list, &looks, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		look_write(&out->json, &looks[i]);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_looks_of_me(struct skd_call *call, const struct request *in, struct reply *out)
{
	return looks_reply(call, in, out, NULL);
}

enum skd_outcome api_looks_of_person(struct skd_call *call, const struct request *in, struct reply *out)
{
	return looks_reply(call, in, out, in->ids[0]);
}
