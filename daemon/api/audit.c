/* SPDX-License-Identifier: Apache-2.0
 * /audit as JSON; the newest first unless asked otherwise. */
#include "api/nouns.h"

#include "rules/audit.h"

#include <string.h>

static void audit_write(struct json *json, const struct store_audit *entry)
{
	put_object(json, NULL);
	put_string(json, "id", entry->id);
	put_time(json, "at", entry->at);
	put_string(json, "account", entry->account);
	put_string(json, "account_id", entry->account_id);
	put_string(json, "action", entry->action);
	put_string(json, "outcome", entry->outcome);
	put_string(json, "noun", entry->noun);
	put_string(json, "object", entry->object);
	put_string(json, "request_id", entry->request_id);
	put_string(json, "address", entry->address);
	if (entry->detail)
		put_raw(json, "detail", entry->detail, strlen(entry->detail));
	put_object_end(json);
}

const struct field audit_list_fields[] = {
	{"account", FIELD_TEXT}, {"action", FIELD_TEXT}, {"outcome", FIELD_TEXT}, {"noun", FIELD_TEXT},
	{"object", FIELD_TEXT},	 {"since", FIELD_TIME},	 {"until", FIELD_TIME},	  {NULL}};

enum skd_outcome api_audit_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	const struct value *since = query_value(in, "since"), *until = query_value(in, "until");
	struct store_audit_filter filter = {
		.action = query_text(in, "action"), .object = query_text(in, "object"),
		.account = query_text(in, "account"), .outcome = query_text(in, "outcome"), .noun = query_text(in, "noun"),
		.since = since->given ? since->number : 0, .until = until->given ? until->number : TIME_NEVER};
	struct store_audit *entries;
	size_t count;
	if (!in->list->sort)
		in->list->descending = true;
	TRY(audit_list(call, &filter, in->list, &entries, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		audit_write(&out->json, &entries[i]);
	reply_list_end(in, out);
	return SKD_OK;
}
