/* SPDX-License-Identifier: Apache-2.0
 * /credentials as JSON. */
#include "api/credential.h"

#include "api/nouns.h"

#include "api/merge.h"
#include "api/person.h"
#include "api/rubric.h"
#include "api/work.h"
#include "rules/credential.h"
#include "rules/house.h"
#include "rules/looks.h"
#include "rules/person.h"

#include <string.h>

enum { EVIDENCE_MAX = 50 };

static void award_write(struct json *json, const struct store_credential *c)
{
	put_object(json, "achievement");
	put_string(json, "id", c->achievement_id);
	put_int(json, "version", c->achievement_version);
	put_string(json, "name", c->achievement_name);
	put_object_end(json);
	put_named(json, "issuer", c->issuer_id, "name", c->issuer_name);
	put_time(json, "issued_at", c->issued_at);
}

static void badge_url_write(struct skd_call *call, struct json *json, const struct store_credential *c)
{
	put_string(json, "badge_url", talloc_asprintf(call, "%s/badges/%s", call->house->public_url, c->id));
}

static const char NOTE[] = "names, unit, visibility and response are those of today";

/* `note` in the same object, or NULL. */
static void credential_write(struct skd_call *call, struct json *json, const struct store_credential *c, const char *note)
{
	put_object(json, NULL);
	put_string(json, "id", c->id);
	put_named(json, "person", c->person_id, "name", c->person_name);
	award_write(json, c);
	put_time(json, "valid_from", c->valid_from);
	put_time(json, "expires_at", c->expires_at);
	if (c->lapses)
		put_bool(json, "lapses", true);
	put_time(json, "lasts_until", c->lasts_until);
	put_string(json, "state", c->state);
	put_string(json, "reason", c->reason);
	put_raw(json, "evidence", c->evidence, strlen(c->evidence));
	put_raw(json, "results", c->results, strlen(c->results));
	badge_url_write(call, json, c);
	put_string(json, "superseded_by", c->superseded_by);
	put_string(json, "replaces", c->replaces);
	put_string(json, "visibility", c->visibility);
	put_string(json, "response", c->response);
	if (c->shown_evidence)
		put_raw(json, "shown_evidence", c->shown_evidence, strlen(c->shown_evidence));
	if (c->renewal)
		put_raw(json, "renewal", c->renewal, strlen(c->renewal));
	put_string(json, "note", note);
	put_object_end(json);
}

void credential_reply(struct skd_call *call, struct reply *out, const struct store_credential *c)
{
	credential_write(call, &out->json, c, NULL);
	reply_version(call, out, c->version);
}

const struct field credential_list_fields[] = {
	{"person", FIELD_REF}, {"achievement", FIELD_UUID},
	{"state", FIELD_ENUM, .words = "scheduled|active|suspended|revoked|expired|superseded"}, {"issuer", FIELD_UUID},
	{"unit", FIELD_UUID}, {"visibility", FIELD_ENUM, .words = "private|colleagues|public"}, {"issued_after", FIELD_TIME},
	{"issued_before", FIELD_TIME}, {"expires_after", FIELD_TIME}, {"expires_before", FIELD_TIME}, {"as_of", FIELD_TIME},
	{"known_at", FIELD_TIME}, {NULL}};
const struct field person_credential_fields[] = {
	{"state", FIELD_ENUM, .words = "scheduled|active|suspended|revoked|expired|superseded"}, {"as_of", FIELD_TIME},
	{"known_at", FIELD_TIME}, {NULL}};
const struct field person_badge_fields[] = {
	{"state", FIELD_ENUM, .words = "scheduled|active|suspended|revoked|expired|superseded"}, {NULL}};
const struct field credential_get_fields[] = {{"as_of", FIELD_TIME}, {"known_at", FIELD_TIME}, {NULL}};

static int64_t query_time(const struct request *in, const char *name)
{
	return value_time(query_value(in, name));
}

/* NULL: of now. */
static const struct store_moment *moment_read(struct skd_call *call, const struct request *in)
{
	struct store_moment *then = talloc(call, struct store_moment);
	*then = (struct store_moment){query_time(in, "as_of"), query_time(in, "known_at")};
	return then->as_of == TIME_UNSET && then->known_at == TIME_UNSET ? NULL : then;
}

static enum skd_outcome list_reply(struct skd_call *call, const struct request *in, struct reply *out,
				   const struct store_credential_filter *filter)
{
	struct store_credential *credentials;
	size_t count;
	if (!in->list->sort)
		in->list->descending = true;
	TRY(credential_list(call, filter, in->list, &credentials, &count));
	out->note = filter->then ? NOTE : NULL;
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		credential_write(call, &out->json, &credentials[i], NULL);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_credential_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	const struct store_credential_times times = {query_time(in, "issued_after"), query_time(in, "issued_before"),
						     query_time(in, "expires_after"), query_time(in, "expires_before")};
	const struct store_credential_filter filter = {
		query_text(in, "person"), query_text(in, "achievement"), query_text(in, "state"), query_text(in, "issuer"),
		query_text(in, "unit"), query_text(in, "visibility"), &times, moment_read(call, in)};
	return list_reply(call, in, out, &filter);
}

enum skd_outcome api_credential_of_person(struct skd_call *call, const struct request *in, struct reply *out)
{
	const struct store_credential_filter filter = {
		.person = in->ids[0], .state = query_text(in, "state"), .then = moment_read(call, in)};
	struct store_person person;
	TRY(person_get(call, in->ids[0], &person));
	return list_reply(call, in, out, &filter);
}

static void opened_write(struct skd_call *call, struct json *json, const struct store_credential *c,
			 const struct store_person *person)
{
	put_object(json, NULL);
	put_string(json, "id", c->id);
	put_named(json, "person", person->id, "name", person->name);
	put_string(json, "title", person->title);
	put_named(json, "unit", person->unit_id, "name", person->unit_name);
	award_write(json, c);
	put_time(json, "expires_at", c->expires_at);
	put_string(json, "state", c->state);
	badge_url_write(call, json, c);
	put_object_end(json);
}

enum skd_outcome api_credential_opened(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_person person;
	struct store_credential *credentials;
	size_t count;
	if (!in->list->sort)
		in->list->descending = true;
	TRY(credential_opened(call, in->ids[0], query_text(in, "state"), in->list, &person, &credentials, &count));
	put_object(&out->json, NULL);
	colleague_write(&out->json, "person", &person);
	put_array(&out->json, "items");
	for (size_t i = 0; i < count; i++)
		opened_write(call, &out->json, &credentials[i], &person);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_credential_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	const struct store_moment *then = moment_read(call, in);
	struct store_credential credential;
	TRY(credential_get_then(call, in->ids[0], then, &credential));
	looks_add(call, credential.person_id, "credentials");
	if (!then) {
		credential_reply(call, out, &credential);
		return SKD_OK;
	}
	out->note = NOTE;
	credential_write(call, &out->json, &credential, NOTE);
	reply_fingerprint(call, out);
	return SKD_OK;
}

/* Places in the evidence, each once and in its order. */
static enum skd_outcome shown_read(struct skd_call *call, const struct value *value, struct store_credential *c)
{
	struct text text;
	json_t *evidence = json_loads(c->evidence, 0, NULL), *item;
	size_t i, count = json_array_size(evidence);
	bool *shown = talloc_zero_array(call, bool, count + 1);
	json_decref(evidence);
	if (!json_is_array(value->json))
		return fail_field(call, "/shown_evidence", "must be an array of places in the evidence, from 0");
	json_array_foreach (value->json, i, item) {
		json_int_t place = json_is_integer(item) ? json_integer_value(item) : -1;
		if (place < 0 || (size_t)place >= count)
			return fail_field(call, talloc_asprintf(call, "/shown_evidence/%zu", i), "must be a place in the evidence, from 0");
		shown[place] = true;
	}
	text_begin(&text, call, 64);
	for (i = 0; i < count; i++)
		if (shown[i])
			text_addf(&text, "%s%zu", text.size ? "," : "[", i);
	text_adds(&text, text.size ? "]" : "[]");
	c->shown_evidence = text_end(&text);
	return SKD_OK;
}

enum skd_outcome api_credential_set(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {
		{"visibility", FIELD_ENUM, .required = true, .words = "private|colleagues|public"},
		{"response", FIELD_ENUM, .required = true, .words = "accepted|declined|hidden"},
		{"shown_evidence", FIELD_JSON}, {NULL}};
	struct value v[3] = {0};
	struct store_credential credential;
	TRY(credential_get(call, in->ids[0], &credential));
	TRY(body_read(call, in, fields, true, v));
	merge_text(&v[0], &credential.visibility);
	merge_text(&v[1], &credential.response);
	if (v[2].null)
		credential.shown_evidence = NULL;
	else if (v[2].given)
		TRY(shown_read(call, &v[2], &credential));
	credential.version = match_version(in, credential.version);
	TRY(credential_show(call, &credential));
	credential_reply(call, out, &credential);
	return SKD_OK;
}

static void event_write(struct json *json, const struct store_event *event)
{
	put_object(json, NULL);
	put_string(json, "kind", event->kind);
	put_time(json, "valid_from", event->valid_from);
	put_time(json, "valid_to", event->valid_to);
	put_time(json, "recorded_at", event->recorded_at);
	put_string(json, "account", event->account);
	put_string(json, "reason", event->reason);
	if (event->said)
		put_raw(json, "said", event->said, strlen(event->said));
	put_object_end(json);
}

enum skd_outcome api_credential_events(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_event *events;
	size_t from, count;
	TRY(credential_events(call, in->ids[0], &events, &count));
	TRY(list_slice(call, in->list, &from, &count));
	reply_list_begin(in, out);
	for (size_t i = from; i < from + count; i++)
		event_write(&out->json, &events[list_item(in->list, i)]);
	reply_list_end(in, out);
	return SKD_OK;
}

/* ---- issuing ---- */

enum skd_outcome evidence_read(struct skd_call *call, json_t *array, const char *narrative, const char **evidence)
{
	static const struct field fields[] = {
		{"name", FIELD_TEXT}, {"url", FIELD_URL, .most = 2000}, {"narrative", FIELD_TEXT, .most = 10000}, {NULL}};
	struct text text;
	struct json json;
	size_t i;
	json_t *item;
	if (array && (!json_is_array(array) || json_array_size(array) > EVIDENCE_MAX))
		return fail_field(call, "/evidence", "must be an array of at most %d", EVIDENCE_MAX);
	text_begin(&text, call, 256);
	json_begin(&json, &text);
	put_array(&json, NULL);
	if (narrative) {
		put_object(&json, NULL);
		put_string(&json, "narrative", narrative);
		put_object_end(&json);
	}
	json_array_foreach (array, i, item) {
		struct value v[3] = {0};
		const char *at = talloc_asprintf(call, "/evidence/%zu", i);
		if (!json_is_object(item))
			return fail_field(call, at, "must be an object");
		TRY(fields_object(call, fields, at, item, false, v));
		if (!v[0].given && !v[1].given && !v[2].given)
			return fail_field(call, at, "needs a name, a url or a narrative");
		put_object(&json, NULL);
		for (int k = 0; k < 3; k++)
			put_string(&json, fields[k].name, v[k].text);
		put_object_end(&json);
	}
	put_array_end(&json);
	*evidence = text_end(&text);
	return SKD_OK;
}

static enum skd_outcome issue(struct skd_call *call, const struct request *in, struct reply *out, bool to_oneself)
{
	enum { ACHIEVEMENT, ISSUED_AT, VALID_FROM, EXPIRES_AT, EVIDENCE, RESULTS, PERSON, FIELDS };
	const struct field fields[FIELDS + 1] = {
		[ACHIEVEMENT] = {"achievement", FIELD_REF, .required = true},
		[ISSUED_AT] = {"issued_at", FIELD_TIME},
		[VALID_FROM] = {"valid_from", FIELD_TIME},
		[EXPIRES_AT] = {"expires_at", FIELD_TIME},
		[EVIDENCE] = {"evidence", FIELD_JSON},
		[RESULTS] = {"results", FIELD_JSON},
		[PERSON] = {to_oneself ? NULL : "person", FIELD_REF, .required = true},
	};
	struct skd_result *results;
	struct value v[FIELDS] = {0};
	struct store_credential credential;
	TRY(body_read(call, in, fields, false, v));
	if (!uuid_valid(v[ACHIEVEMENT].text))
		return fail_field(call, "/achievement", "must be an achievement's id");
	struct credential_order order = {v[PERSON].text, v[ACHIEVEMENT].text, value_time(&v[ISSUED_AT]), value_time(&v[VALID_FROM]),
					 value_time(&v[EXPIRES_AT]), NULL};
	TRY(evidence_read(call, v[EVIDENCE].json, NULL, &order.evidence));
	TRY(results_read(call, "/results", v[RESULTS].json, &results, &order.result_count));
	order.results = results;
	TRY(credential_issue(call, &order, &credential));
	reply_created(call, out, "/api/v1/credentials", credential.id);
	credential_reply(call, out, &credential);
	return SKD_OK;
}

enum skd_outcome api_credential_issue(struct skd_call *call, const struct request *in, struct reply *out)
{
	return issue(call, in, out, false);
}

enum skd_outcome api_credential_try(struct skd_call *call, const struct request *in, struct reply *out)
{
	return issue(call, in, out, true);
}

/* Null is said of expires_at alone: it expires no more. */
enum skd_outcome api_credential_replace(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {{"reason", FIELD_TEXT, .required = true, .most = 2000},
					      {"achievement_version", FIELD_INT, .required = true, .least = 1, .most = INT32_MAX},
					      {"valid_from", FIELD_TIME, .required = true},
					      {"expires_at", FIELD_TIME},
					      {"evidence", FIELD_JSON, .required = true},
					      {"notice", FIELD_BOOL, .required = true},
					      {"results", FIELD_JSON, .required = true},
					      {NULL}};
	struct skd_result *results = NULL;
	struct value v[7] = {0};
	struct store_credential credential;
	TRY(body_read(call, in, fields, true, v));
	if (!v[0].given)
		return fail_field(call, "/reason", "is required");
	struct credential_correction correction = {.reason = v[0].text, .version = v[1].number, .valid_from = value_time(&v[2]),
						   .expires_at = v[3].null ? TIME_NEVER : value_time(&v[3])};
	if (v[4].given)
		TRY(evidence_read(call, v[4].json, NULL, &correction.evidence));
	if (v[6].given)
		TRY(results_read(call, "/results", v[6].json, &results, &correction.result_count));
	correction.results = results;
	correction.quiet = v[5].given && !v[5].number;
	TRY(credential_replace(call, in->ids[0], &correction, &credential));
	reply_created(call, out, "/api/v1/credentials", credential.id);
	credential_reply(call, out, &credential);
	return SKD_OK;
}

static enum skd_outcome turn(struct skd_call *call, const struct request *in, struct reply *out,
			     enum credential_turn kind)
{
	const struct field fields[] = {
		{"reason", FIELD_TEXT, .required = kind != CREDENTIAL_REINSTATE, .most = 2000}, {"notice", FIELD_BOOL}, {NULL}};
	struct value v[2] = {0};
	struct store_credential credential;
	if (in->body || fields[0].required)
		TRY(body_read(call, in, fields, false, v));
	TRY(credential_turn(call, in->ids[0], kind, v[0].text, v[1].given && !v[1].number, &credential));
	credential_reply(call, out, &credential);
	return SKD_OK;
}

enum skd_outcome api_credential_revoke(struct skd_call *call, const struct request *in, struct reply *out)
{
	return turn(call, in, out, CREDENTIAL_REVOKE);
}

enum skd_outcome api_credential_suspend(struct skd_call *call, const struct request *in, struct reply *out)
{
	return turn(call, in, out, CREDENTIAL_SUSPEND);
}

enum skd_outcome api_credential_reinstate(struct skd_call *call, const struct request *in, struct reply *out)
{
	return turn(call, in, out, CREDENTIAL_REINSTATE);
}
