/* SPDX-License-Identifier: Apache-2.0
 * /outbox as JSON; the newest first unless asked otherwise. */
#include "api/nouns.h"

#include "rules/outbox.h"

#include <string.h>

static void notice_write(struct json *json, const struct store_notice *notice)
{
	put_object(json, NULL);
	put_string(json, "id", notice->id);
	put_string(json, "kind", notice->kind);
	put_string(json, "noun", notice->noun);
	put_string(json, "object", notice->object);
	put_string(json, "person_id", notice->person_id);
	put_time(json, "made_at", notice->made_at);
	put_time(json, "due_at", notice->due_at);
	put_string(json, "key", notice->key ? notice->key : notice->id);
	if (notice->detail)
		put_raw(json, "detail", notice->detail, strlen(notice->detail));
	put_object_end(json);
}

const struct field outbox_list_fields[] = {
	{"kind", FIELD_ENUM, .words = outbox_kinds}, {"noun", FIELD_ENUM, .words = outbox_nouns},
	{"object", FIELD_UUID}, {"person", FIELD_REF}, {NULL}};

enum skd_outcome api_outbox_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	const struct store_notice_filter filter = {query_text(in, "kind"), query_text(in, "noun"), query_text(in, "object"),
						   query_text(in, "person")};
	struct store_notice *notices;
	size_t count;
	if (!in->list->sort)
		in->list->descending = true;
	TRY(outbox_list(call, &filter, in->list, &notices, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		notice_write(&out->json, &notices[i]);
	reply_list_end(in, out);
	return SKD_OK;
}
