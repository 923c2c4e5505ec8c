/* SPDX-License-Identifier: Apache-2.0
 * Endorsements of claims as JSON. */
#include "api/nouns.h"

#include "api/merge.h"
#include "rules/claim_endorsement.h"
#include "rules/looks.h"

static void endorsement_write(struct json *json, const struct store_claim_endorsement *e)
{
	put_object(json, NULL);
	put_string(json, "id", e->id);
	put_string(json, "claim_id", e->claim_id);
	put_named(json, "person", e->person_id, "name", e->person);
	put_string(json, "relation", e->relation);
	put_int(json, "level", e->level);
	put_string(json, "note", e->note);
	put_string(json, "standing", e->standing);
	if (e->standing_level)
		put_int(json, "standing_level", e->standing_level);
	put_bool(json, "hidden", e->hidden);
	put_time(json, "created_at", e->created_at);
	put_object_end(json);
}

static void endorsement_reply(struct skd_call *call, struct reply *out, const struct store_claim_endorsement *e)
{
	endorsement_write(&out->json, e);
	reply_version(call, out, e->version);
}

enum skd_outcome api_claim_endorsement_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_claim_endorsement *endorsements;
	size_t count;
	TRY(claim_endorsement_list(call, in->ids[0], in->list, &endorsements, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		endorsement_write(&out->json, &endorsements[i]);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_claim_endorsement_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_claim_endorsement endorsement;
	TRY(claim_endorsement_get(call, in->ids[0], &endorsement));
	looks_add(call, endorsement.claimant_id, "claims");
	endorsement_reply(call, out, &endorsement);
	return SKD_OK;
}

enum skd_outcome api_claim_endorsement_add(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {
		{"level", FIELD_INT, .least = 1, .most = 20}, {"note", FIELD_TEXT, .most = 2000}, {NULL}};
	struct value v[2] = {0};
	struct store_claim_endorsement endorsement;
	TRY(body_read(call, in, fields, false, v));
	TRY(claim_endorsement_add(call, in->ids[0], (long)v[0].number, v[1].text, &endorsement));
	reply_created(call, out, "/api/v1/claim-endorsements", endorsement.id);
	endorsement_reply(call, out, &endorsement);
	return SKD_OK;
}

enum skd_outcome api_claim_endorsement_set(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {{"hidden", FIELD_BOOL, .required = true}, {NULL}};
	struct value v[1] = {0};
	struct store_claim_endorsement endorsement;
	TRY(claim_endorsement_get(call, in->ids[0], &endorsement));
	TRY(body_read(call, in, fields, true, v));
	merge_bool(&v[0], &endorsement.hidden);
	TRY(claim_endorsement_hide(call, match_version(in, endorsement.version), endorsement.hidden, &endorsement));
	endorsement_reply(call, out, &endorsement);
	return SKD_OK;
}

enum skd_outcome api_claim_endorsement_drop(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_claim_endorsement endorsement;
	out->status = 204;
	TRY(claim_endorsement_get(call, in->ids[0], &endorsement));
	return claim_endorsement_drop(call, in->ids[0], match_version(in, endorsement.version));
}
