/* SPDX-License-Identifier: Apache-2.0
 * /links, and those of an achievement, as JSON. */
#include "api/nouns.h"

#include "rules/link.h"

#include <string.h>

static void link_write(struct skd_call *call, struct json *json, const struct store_link *link)
{
	put_object(json, NULL);
	put_string(json, "id", link->id);
	put_string(json, "url", link->url);
	put_string(json, "place", link->place);
	put_string(json, "state", link->state);
	put_string(json, "detail", link->detail || strcmp(link->state, "unchecked") != 0 ? link->detail : link_idle(call->house));
	put_int(json, "failures", link->failures);
	put_time(json, "checked_at", link->checked_at);
	put_time(json, "dead_since", link->dead_since);
	if (!link->place) {
		put_array(json, "achievements");
		for (size_t i = 0; i < link->count; i++)
			put_named(json, NULL, link->achievements[i], "name", link->names[i]);
		put_array_end(json);
	}
	put_object_end(json);
}

const struct field link_list_fields[] = {{"state", FIELD_ENUM, .words = "unchecked|alive|failing|dead"}, {NULL}};

enum skd_outcome api_link_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_link *links;
	size_t count;
	TRY(link_list(call, query_text(in, "state"), in->list, &links, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		link_write(call, &out->json, &links[i]);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_link_of_achievement(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_link *links;
	size_t from, count;
	TRY(link_of_achievement(call, in->ids[0], &links, &count));
	TRY(list_slice(call, in->list, &from, &count));
	reply_list_begin(in, out);
	for (size_t i = from; i < from + count; i++)
		link_write(call, &out->json, &links[list_item(in->list, i)]);
	reply_list_end(in, out);
	return SKD_OK;
}
