/* SPDX-License-Identifier: Apache-2.0
 * /enrolments and /proofs as JSON. */
#include "api/nouns.h"

#include "rules/enrolment.h"

static void enrolment_write(struct json *json, const struct store_enrolment *e)
{
	put_object(json, NULL);
	put_string(json, "id", e->id);
	put_named(json, "person", e->person_id, "name", e->person);
	put_object(json, "pathway");
	put_string(json, "id", e->pathway_id);
	put_int(json, "version", e->number);
	put_string(json, "name", e->pathway);
	put_object_end(json);
	put_string(json, "state", e->state);
	put_string(json, "via", e->via);
	put_string(json, "rule_id", e->rule_id);
	put_string(json, "until", e->until);
	put_int(json, "percent", e->percent);
	put_int(json, "done", e->done);
	put_int(json, "needed", e->needed);
	put_time(json, "completed_at", e->completed_at);
	put_string(json, "credential_id", e->credential_id);
	put_time(json, "created_at", e->created_at);
	put_time(json, "updated_at", e->updated_at);
	put_object_end(json);
}

static void enrolment_reply(struct skd_call *call, struct reply *out, const struct store_enrolment *e)
{
	enrolment_write(&out->json, e);
	reply_version(call, out, e->version);
}

#define STATES "invited|active|paused|completed|left"
const struct field enrolment_list_fields[] = {
	{"person", FIELD_TEXT}, {"pathway", FIELD_UUID}, {"state", FIELD_ENUM, .words = STATES},
	{"rule", FIELD_UUID}, {NULL}};

enum skd_outcome api_enrolment_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	const struct store_enrolment_filter filter = {.person = query_text(in, "person"), .pathway = query_text(in, "pathway"),
						      .state = query_text(in, "state"), .rule = query_text(in, "rule")};
	struct store_enrolment *enrolments;
	size_t count;
	if (!in->list->sort)
		in->list->descending = true;
	TRY(enrolment_list(call, &filter, in->list, &enrolments, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		enrolment_write(&out->json, &enrolments[i]);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_enrolment_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_enrolment enrolment;
	TRY(enrolment_get(call, in->ids[0], &enrolment));
	enrolment_reply(call, out, &enrolment);
	return SKD_OK;
}

enum skd_outcome api_enrolment_add(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {{"person", FIELD_REF}, {"until", FIELD_DATE}, {NULL}};
	struct value v[2] = {0};
	struct store_enrolment enrolment;
	if (in->body)
		TRY(body_read(call, in, fields, false, v));
	TRY(enrolment_add(call, in->ids[0], v[0].text, v[1].text, &enrolment));
	reply_created(call, out, "/api/v1/enrolments", enrolment.id);
	enrolment_reply(call, out, &enrolment);
	return SKD_OK;
}

static enum skd_outcome turn(struct skd_call *call, const struct request *in, struct reply *out, enum enrolment_turn turn)
{
	static const struct field none[] = {{NULL}};
	struct store_enrolment enrolment;
	if (in->body)
		TRY(body_read(call, in, none, false, NULL));
	TRY(enrolment_turn(call, in->ids[0], turn, &enrolment));
	enrolment_reply(call, out, &enrolment);
	return SKD_OK;
}

enum skd_outcome api_enrolment_accept(struct skd_call *call, const struct request *in, struct reply *out)
{
	return turn(call, in, out, ENROLMENT_ACCEPT);
}

enum skd_outcome api_enrolment_pause(struct skd_call *call, const struct request *in, struct reply *out)
{
	return turn(call, in, out, ENROLMENT_PAUSE);
}

enum skd_outcome api_enrolment_resume(struct skd_call *call, const struct request *in, struct reply *out)
{
	return turn(call, in, out, ENROLMENT_RESUME);
}

enum skd_outcome api_enrolment_leave(struct skd_call *call, const struct request *in, struct reply *out)
{
	return turn(call, in, out, ENROLMENT_LEAVE);
}

static void event_write(struct json *json, const struct store_enrolment_event *event)
{
	put_object(json, NULL);
	put_string(json, "kind", event->kind);
	put_int(json, "version", event->number);
	put_time(json, "at", event->at);
	put_string(json, "account", event->account);
	put_string(json, "credential_id", event->credential_id);
	put_object_end(json);
}

enum skd_outcome api_enrolment_events(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_enrolment_event *events;
	size_t from, count;
	TRY(enrolment_events(call, in->ids[0], &events, &count));
	TRY(list_slice(call, in->list, &from, &count));
	reply_list_begin(in, out);
	for (size_t i = from; i < from + count; i++)
		event_write(&out->json, &events[list_item(in->list, i)]);
	reply_list_end(in, out);
	return SKD_OK;
}

/* ---- proofs from outside ---- */

static void proof_write(struct json *json, const struct store_outside_proof *o)
{
	put_object(json, NULL);
	put_string(json, "id", o->id);
	put_string(json, "enrolment_id", o->enrolment_id);
	put_named(json, "person", o->person_id, "name", o->person);
	put_named(json, "pathway", o->pathway_id, "name", o->pathway);
	put_named(json, "node", o->node, "name", o->node_name);
	put_string(json, "text", o->text);
	put_string(json, "url", o->url);
	put_string(json, "state", o->state);
	put_string(json, "note", o->note);
	put_string(json, "account", o->decided_by);
	put_time(json, "created_at", o->created_at);
	put_time(json, "decided_at", o->decided_at);
	put_object_end(json);
}

static void proof_reply(struct skd_call *call, struct reply *out, const struct store_outside_proof *o)
{
	proof_write(&out->json, o);
	reply_fingerprint(call, out);
}

const struct field proof_list_fields[] = {
	{"enrolment", FIELD_UUID}, {"state", FIELD_ENUM, .words = "offered|accepted|refused|withdrawn|revoked"}, {NULL}};

enum skd_outcome api_proof_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_outside_proof *proofs;
	size_t count;
	TRY(outside_proof_list(call, query_text(in, "enrolment"), query_text(in, "state"), in->list, &proofs, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		proof_write(&out->json, &proofs[i]);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_proof_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_outside_proof proof;
	TRY(outside_proof_get(call, in->ids[0], &proof));
	proof_reply(call, out, &proof);
	return SKD_OK;
}

enum skd_outcome api_proof_add(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {
		{"node", FIELD_TEXT, .required = true, .most = 100}, {"text", FIELD_TEXT, .most = 10000}, {"url", FIELD_URL, .most = 2000}, {NULL}};
	struct value v[3] = {0};
	TRY(body_read(call, in, fields, false, v));
	struct store_outside_proof proof = {.enrolment_id = in->ids[0], .node = v[0].text, .text = v[1].text, .url = v[2].text};
	TRY(outside_proof_offer(call, &proof));
	reply_created(call, out, "/api/v1/proofs", proof.id);
	proof_reply(call, out, &proof);
	return SKD_OK;
}

static enum skd_outcome decide(struct skd_call *call, const struct request *in, struct reply *out, enum outside_proof_turn turn)
{
	static const struct field fields[] = {{"note", FIELD_TEXT, .most = 10000}, {NULL}};
	struct value v[1] = {0};
	struct store_outside_proof proof;
	if (in->body)
		TRY(body_read(call, in, fields, false, v));
	TRY(outside_proof_turn(call, in->ids[0], turn, v[0].text, &proof));
	proof_reply(call, out, &proof);
	return SKD_OK;
}

enum skd_outcome api_proof_accept(struct skd_call *call, const struct request *in, struct reply *out)
{
	return decide(call, in, out, OUTSIDE_PROOF_ACCEPT);
}

enum skd_outcome api_proof_refuse(struct skd_call *call, const struct request *in, struct reply *out)
{
	return decide(call, in, out, OUTSIDE_PROOF_REFUSE);
}

enum skd_outcome api_proof_revoke(struct skd_call *call, const struct request *in, struct reply *out)
{
	return decide(call, in, out, OUTSIDE_PROOF_REVOKE);
}

enum skd_outcome api_proof_withdraw(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field none[] = {{NULL}};
	struct store_outside_proof proof;
	if (in->body)
		TRY(body_read(call, in, none, false, NULL));
	TRY(outside_proof_turn(call, in->ids[0], OUTSIDE_PROOF_WITHDRAW, NULL, &proof));
	proof_reply(call, out, &proof);
	return SKD_OK;
}
