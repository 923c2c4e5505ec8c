/* SPDX-License-Identifier: Apache-2.0
 * /endorsements as JSON, and each as it was signed. */
#include "api/nouns.h"

#include "rules/endorsement.h"

static void endorsement_write(struct skd_call *call, struct json *json, const struct store_endorsement *e)
{
	put_object(json, NULL);
	put_string(json, "id", e->id);
	if (e->achievement_id) {
		put_object(json, "achievement");
		put_string(json, "id", e->achievement_id);
		put_int(json, "version", e->number);
		put_string(json, "name", e->achievement);
		put_object_end(json);
	}
	put_named(json, "endorsed_issuer", e->endorsed_id, "name", e->endorsed);
	put_named(json, "issuer", e->issuer_id, "name", e->issuer);
	put_string(json, "signer", e->signer);
	put_string(json, "signer_name", e->signer_name);
	put_bool(json, "trusted", e->trusted);
	put_string(json, "document", e->document);
	put_string(json, "comment", e->comment);
	put_string(json, "form", e->form);
	put_string(json, "url", endorsement_place(call, e->id));
	put_string(json, "state", e->state);
	put_string(json, "reason", e->reason);
	put_time(json, "valid_from", e->valid_from);
	put_time(json, "valid_until", e->valid_until);
	put_time(json, "created_at", e->created_at);
	put_time(json, "withdrawn_at", e->withdrawn_at);
	put_object_end(json);
}

static void endorsement_reply(struct skd_call *call, struct reply *out, const struct store_endorsement *e)
{
	endorsement_write(call, &out->json, e);
	reply_version(call, out, e->version);
}

const struct field endorsement_list_fields[] = {
	{"achievement", FIELD_UUID}, {"endorsed_issuer", FIELD_UUID}, {"issuer", FIELD_UUID},
	{"state", FIELD_ENUM, .words = "active|expired|withdrawn"}, {NULL}};

enum skd_outcome api_endorsement_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	const struct store_endorsement_filter filter = {query_text(in, "achievement"), query_text(in, "endorsed_issuer"),
							query_text(in, "issuer"), query_text(in, "state")};
	struct store_endorsement *endorsements;
	size_t count;
	TRY(endorsement_list(call, &filter, in->list, &endorsements, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		endorsement_write(call, &out->json, &endorsements[i]);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_endorsement_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_endorsement endorsement;
	TRY(endorsement_get(call, in->ids[0], &endorsement));
	endorsement_reply(call, out, &endorsement);
	return SKD_OK;
}

static void added_reply(struct skd_call *call, struct reply *out, const struct store_endorsement *e)
{
	reply_created(call, out, "/api/v1/endorsements", e->id);
	endorsement_reply(call, out, e);
}

enum skd_outcome api_endorsement_add(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {
		{"subject", FIELD_REF, .required = true}, {"issuer", FIELD_REF}, {"comment", FIELD_TEXT, .most = 10000}, {NULL}};
	struct value v[3] = {0};
	struct store_endorsement endorsement;
	TRY(body_read(call, in, fields, false, v));
	const struct endorsement_order order = {v[0].text, v[1].text, v[2].text};
	TRY(endorsement_add(call, &order, &endorsement));
	added_reply(call, out, &endorsement);
	return SKD_OK;
}

enum skd_outcome api_endorsement_receive(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {{"document", FIELD_SECRET, .required = true}, {NULL}};
	struct value v[1] = {0};
	struct store_endorsement endorsement;
	TRY(body_read(call, in, fields, false, v));
	TRY(endorsement_receive(call, v[0].text, &endorsement));
	added_reply(call, out, &endorsement);
	return SKD_OK;
}

enum skd_outcome api_endorsement_withdraw(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {{"reason", FIELD_TEXT, .required = true, .most = 2000}, {NULL}};
	struct value v[1] = {0};
	struct store_endorsement endorsement;
	TRY(body_read(call, in, fields, false, v));
	TRY(endorsement_withdraw(call, in->ids[0], v[0].text, &endorsement));
	endorsement_reply(call, out, &endorsement);
	return SKD_OK;
}
