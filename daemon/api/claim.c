/* SPDX-License-Identifier: Apache-2.0
 * /claims as JSON. */
#include "api/nouns.h"

#include "api/merge.h"
#include "rules/claim.h"
#include "rules/looks.h"

static void claim_write(struct json *json, const struct store_claim *claim)
{
	put_object(json, NULL);
	put_string(json, "id", claim->id);
	put_named(json, "person", claim->person_id, "name", claim->person);
	put_named(json, "skill", claim->skill_id, "label", claim->skill);
	put_int(json, "level", claim->level);
	put_string(json, "note", claim->note);
	put_bool(json, "shared", claim->shared);
	put_bool(json, "colleagues", claim->colleagues);
	put_int(json, "endorsements", claim->endorsements);
	put_int(json, "endorsements_at_level", claim->endorsements_at_level);
	put_time(json, "created_at", claim->created_at);
	put_time(json, "updated_at", claim->updated_at);
	put_object_end(json);
}

static void claim_reply(struct skd_call *call, struct reply *out, const struct store_claim *claim)
{
	claim_write(&out->json, claim);
	reply_version(call, out, claim->version);
}

const struct field claim_list_fields[] = {
	{"person", FIELD_TEXT}, {"skill", FIELD_TEXT}, {"shared", FIELD_BOOL}, {NULL}};

enum skd_outcome api_claim_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	const struct value *shared = query_value(in, "shared");
	struct claim_filter filter = {.person = query_text(in, "person"), .skill = query_text(in, "skill"),
				      .only_shared = shared->given && shared->number,
				      .only_unshared = shared->given && !shared->number};
	struct store_claim *claims;
	size_t count;
	if (!in->list->sort)
		in->list->descending = true;
	TRY(claim_list(call, &filter, in->list, &claims, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		claim_write(&out->json, &claims[i]);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_claim_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_claim claim;
	TRY(claim_get(call, in->ids[0], &claim));
	looks_add(call, claim.person_id, "claims");
	claim_reply(call, out, &claim);
	return SKD_OK;
}

enum skd_outcome api_claim_add(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {
		{"skill", FIELD_REF, .required = true}, {"level", FIELD_INT, .required = true, .least = 1, .most = 20},
		{"note", FIELD_TEXT, .most = 2000}, {"shared", FIELD_BOOL}, {"colleagues", FIELD_BOOL}, {NULL}};
	struct value v[5] = {0};
	TRY(body_read(call, in, fields, false, v));
	struct store_claim claim = {.level = (long)v[1].number, .note = v[2].text, .shared = v[3].number,
				    .colleagues = v[4].number};
	TRY(claim_add(call, v[0].text, &claim));
	reply_created(call, out, "/api/v1/claims", claim.id);
	claim_reply(call, out, &claim);
	return SKD_OK;
}

enum skd_outcome api_claim_set(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {
		{"level", FIELD_INT, .required = true, .least = 1, .most = 20}, {"note", FIELD_TEXT, .most = 2000},
		{"shared", FIELD_BOOL, .required = true}, {"colleagues", FIELD_BOOL, .required = true}, {NULL}};
	struct value v[4] = {0};
	struct store_claim claim;
	TRY(claim_get(call, in->ids[0], &claim));
	TRY(body_read(call, in, fields, true, v));
	merge_int(&v[0], &claim.level);
	merge_text(&v[1], &claim.note);
	merge_bool(&v[2], &claim.shared);
	merge_bool(&v[3], &claim.colleagues);
	claim.version = match_version(in, claim.version);
	TRY(claim_set(call, &claim));
	claim_reply(call, out, &claim);
	return SKD_OK;
}

enum skd_outcome api_claim_drop(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_claim claim;
	out->status = 204;
	TRY(claim_get(call, in->ids[0], &claim));
	return claim_drop(call, in->ids[0], match_version(in, claim.version));
}
