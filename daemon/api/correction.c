/* SPDX-License-Identifier: Apache-2.0
 * /corrections as JSON. */
#include "api/nouns.h"

#include "api/merge.h"
#include "rules/correction.h"
#include "rules/looks.h"

static void correction_write(struct json *json, const struct store_correction *c)
{
	put_object(json, NULL);
	put_string(json, "id", c->id);
	put_named(json, "person", c->person_id, "name", c->person);
	put_string(json, "about", c->about);
	put_string(json, "object", c->object);
	put_string(json, "text", c->text);
	put_string(json, "state", c->state);
	put_string(json, "answer", c->answer);
	put_named(json, "answered_by", c->answered_id, "name", c->answered);
	put_string(json, "account", c->account);
	put_time(json, "created_at", c->created_at);
	put_time(json, "closed_at", c->closed_at);
	put_object_end(json);
}

static void correction_reply(struct skd_call *call, struct reply *out, const struct store_correction *c)
{
	correction_write(&out->json, c);
	reply_version(call, out, c->version);
}

const struct field correction_list_fields[] = {
	{"state", FIELD_ENUM, .words = "open|done|declined|withdrawn"},
	{"about", FIELD_ENUM, .words = "person|credential|claim|other"}, {"person", FIELD_TEXT}, {NULL}};

enum skd_outcome api_correction_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	const struct store_correction_filter filter = {query_text(in, "state"), query_text(in, "about"), query_text(in, "person")};
	struct store_correction *corrections;
	size_t count;
	TRY(correction_list(call, &filter, in->list, &corrections, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		correction_write(&out->json, &corrections[i]);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_correction_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_correction correction;
	TRY(correction_get(call, in->ids[0], &correction));
	looks_add(call, correction.person_id, "corrections");
	correction_reply(call, out, &correction);
	return SKD_OK;
}

enum skd_outcome api_correction_add(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {
		{"about", FIELD_ENUM, .required = true, .words = "person|credential|claim|other"}, {"object", FIELD_UUID},
		{"text", FIELD_TEXT, .required = true, .most = 10000}, {NULL}};
	struct value v[3] = {0};
	TRY(body_read(call, in, fields, false, v));
	struct store_correction correction = {.about = v[0].text, .object = v[1].text, .text = v[2].text};
	TRY(correction_add(call, &correction));
	reply_created(call, out, "/api/v1/corrections", correction.id);
	correction_reply(call, out, &correction);
	return SKD_OK;
}

enum skd_outcome api_correction_answer(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {
		{"state", FIELD_ENUM, .required = true, .words = "done|declined"},
		{"answer", FIELD_TEXT, .required = true, .most = 10000}, {NULL}};
	struct value v[2] = {0};
	struct store_correction correction;
	TRY(correction_get(call, in->ids[0], &correction));
	TRY(body_read(call, in, fields, false, v));
	TRY(correction_answer(call, in->ids[0], match_version(in, correction.version), v[0].text, v[1].text, &correction));
	correction_reply(call, out, &correction);
	return SKD_OK;
}

enum skd_outcome api_correction_withdraw(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field none[] = {{NULL}};
	struct store_correction correction;
	if (in->body)
		TRY(body_read(call, in, none, false, NULL));
	TRY(correction_withdraw(call, in->ids[0], &correction));
	correction_reply(call, out, &correction);
	return SKD_OK;
}
