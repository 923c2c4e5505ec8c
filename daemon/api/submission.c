/* SPDX-License-Identifier: Apache-2.0
 * /submissions as JSON. */
#include "api/submission.h"

#include "api/assessment.h"
#include "api/merge.h"
#include "api/nouns.h"
#include "rules/looks.h"

#include <string.h>

static void raw_write(struct json *json, const char *key, const char *raw)
{
	if (raw)
		put_raw(json, key, raw, strlen(raw));
}

static void submission_write(struct json *json, const struct store_submission *s)
{
	put_object(json, NULL);
	put_string(json, "id", s->id);
	put_named(json, "person", s->person_id, "name", s->person);
	put_object(json, "achievement");
	put_string(json, "id", s->achievement_id);
	put_int(json, "version", s->number);
	put_string(json, "name", s->achievement);
	put_object_end(json);
	put_string(json, "claim_id", s->claim_id);
	put_string(json, "renews", s->renews);
	put_string(json, "state", s->state);
	put_int(json, "round", s->round);
	raw_write(json, "answers", s->answers);
	raw_write(json, "files", s->files);
	put_bool(json, "shared", s->shared);
	put_time(json, "submitted_at", s->submitted_at);
	put_time(json, "due_at", s->due_at);
	put_time(json, "decided_at", s->decided_at);
	put_string(json, "feedback", s->feedback);
	raw_write(json, "quizzes", s->quizzes);
	put_string(json, "credential_id", s->credential_id);
	put_time(json, "created_at", s->created_at);
	put_time(json, "updated_at", s->updated_at);
	put_object_end(json);
}

void submission_reply(struct skd_call *call, struct reply *out, const struct store_submission *s)
{
	submission_write(&out->json, s);
	reply_version(call, out, s->version);
}

const struct field submission_list_fields[] = {
	{"person", FIELD_TEXT}, {"achievement", FIELD_UUID},
	{"state", FIELD_ENUM, .words = "draft|submitted|in_review|returned|approved|declined|withdrawn"}, {NULL}};

enum skd_outcome api_submission_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	const struct store_submission_filter filter = {query_text(in, "person"), query_text(in, "achievement"), query_text(in, "state")};
	struct store_submission *submissions;
	size_t count;
	if (!in->list->sort)
		in->list->descending = true;
	TRY(submission_list(call, &filter, in->list, &submissions, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		submission_write(&out->json, &submissions[i]);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_submission_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_submission submission;
	TRY(submission_get(call, in->ids[0], &submission));
	looks_add(call, submission.person_id, "submissions");
	submission_reply(call, out, &submission);
	return SKD_OK;
}

/* ---- beginning ---- */

static enum skd_outcome uuid_read(struct skd_call *call, const char *field, const char *text, const char **id)
{
	char *parsed = talloc_size(call, UUID_SIZE);
	*id = NULL;
	if (!text)
		return SKD_OK;
	if (!uuid_parse(text, parsed))
		return fail_field(call, field, "must be an id");
	*id = parsed;
	return SKD_OK;
}

static void begun(struct skd_call *call, struct reply *out, bool fresh, const struct store_submission *s)
{
	if (fresh)
		reply_created(call, out, "/api/v1/submissions", s->id);
	submission_reply(call, out, s);
}

enum skd_outcome api_submission_begin(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {{"achievement", FIELD_REF, .required = true}, {"claim", FIELD_REF}, {NULL}};
	struct value v[2] = {0};
	struct store_submission submission;
	const char *achievement, *claim;
	bool fresh;
	TRY(body_read(call, in, fields, false, v));
	TRY(uuid_read(call, "/achievement", v[0].text, &achievement));
	TRY(uuid_read(call, "/claim", v[1].text, &claim));
	TRY(submission_begin(call, achievement, claim, &fresh, &submission));
	begun(call, out, fresh, &submission);
	return SKD_OK;
}

enum skd_outcome api_claim_submission(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {{"achievement", FIELD_REF}, {NULL}};
	struct value v[1] = {0};
	struct store_submission submission;
	const char *achievement;
	bool fresh;
	if (in->body)
		TRY(body_read(call, in, fields, false, v));
	TRY(uuid_read(call, "/achievement", v[0].text, &achievement));
	TRY(submission_of_claim(call, in->ids[0], achievement, &fresh, &submission));
	begun(call, out, fresh, &submission);
	return SKD_OK;
}

/* ---- answering ---- */

static enum skd_outcome choices_read(struct skd_call *call, const char *at, const json_t *array, struct store_prompt_answer *answer)
{
	if (!array)
		return SKD_OK;
	if (!json_is_array(array) || json_array_size(array) > 100)
		return fail_field(call, at, "must be an array of at most 100 arrays of places");
	answer->choice_count = json_array_size(array);
	const char **choices = talloc_zero_array(call, const char *, answer->choice_count + 1);
	answer->choices = choices;
	for (size_t i = 0; i < answer->choice_count; i++)
		TRY(places_read(call, talloc_asprintf(call, "%s/%zu", at, i), json_array_get(array, i), &choices[i]));
	return SKD_OK;
}

static enum skd_outcome answer_read(struct skd_call *call, const char *prompt, json_t *item, struct store_prompt_answer *answer)
{
	static const struct field fields[] = {
		{"text", FIELD_TEXT, .most = 10000}, {"url", FIELD_URL, .most = 2000}, {"choices", FIELD_JSON}, {NULL}};
	const char *at = talloc_asprintf(call, "/answers/%s", text_shown(call, prompt));
	struct value v[3] = {0};
	*answer = (struct store_prompt_answer){.prompt = prompt};
	if (json_is_null(item))
		return SKD_OK;
	if (!json_is_object(item))
		return fail_field(call, at, "must be an object with text, url or choices");
	TRY(fields_object(call, fields, at, item, false, v));
	if (v[0].given + v[1].given + v[2].given != 1)
		return fail_field(call, at, "must have one of text, url and choices");
	answer->text = v[0].text;
	answer->url = v[1].text;
	return choices_read(call, talloc_asprintf(call, "%s/choices", at), v[2].json, answer);
}

static enum skd_outcome answers_read(struct skd_call *call, const struct value *value, struct store_prompt_answer **answers,
				     size_t *count)
{
	const char *prompt;
	json_t *item;
	*count = 0;
	if (!value->given)
		return SKD_OK;
	if (!json_is_object(value->json))
		return fail_field(call, "/answers", "must be an object of prompts' ids");
	*answers = talloc_zero_array(call, struct store_prompt_answer, json_object_size(value->json) + 1);
	json_object_foreach (value->json, prompt, item)
		TRY(answer_read(call, prompt, item, &(*answers)[(*count)++]));
	return SKD_OK;
}

enum skd_outcome api_submission_set(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {{"answers", FIELD_JSON, .required = true}, {"shared", FIELD_BOOL, .required = true}, {NULL}};
	struct value v[2] = {0};
	struct store_submission submission;
	struct store_prompt_answer *answers = NULL;
	size_t count;
	TRY(submission_get(call, in->ids[0], &submission));
	TRY(body_read(call, in, fields, true, v));
	TRY(answers_read(call, &v[0], &answers, &count));
	TRY(merge_match(call, in, submission.version));
	merge_bool(&v[1], &submission.shared);
	TRY(submission_set(call, answers, count, &submission));
	submission_reply(call, out, &submission);
	return SKD_OK;
}

/* ---- steps ---- */

static enum skd_outcome step(struct skd_call *call, const struct request *in, struct reply *out,
			     enum skd_outcome (*take)(struct skd_call *call, struct store_submission *submission))
{
	struct store_submission submission;
	TRY(submission_get(call, in->ids[0], &submission));
	TRY(merge_match(call, in, submission.version));
	TRY(take(call, &submission));
	submission_reply(call, out, &submission);
	return SKD_OK;
}

enum skd_outcome api_submission_submit(struct skd_call *call, const struct request *in, struct reply *out)
{
	return step(call, in, out, submission_submit);
}

enum skd_outcome api_submission_withdraw(struct skd_call *call, const struct request *in, struct reply *out)
{
	return step(call, in, out, submission_withdraw);
}

enum skd_outcome api_submission_reopen(struct skd_call *call, const struct request *in, struct reply *out)
{
	return step(call, in, out, submission_reopen);
}

enum skd_outcome api_submission_drop(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_submission submission;
	out->status = 204;
	TRY(submission_get(call, in->ids[0], &submission));
	TRY(merge_match(call, in, submission.version));
	return submission_drop(call, in->ids[0], submission.version);
}

/* ---- its story ---- */

static void round_write(struct json *json, const struct store_round *round)
{
	put_object(json, NULL);
	put_int(json, "round", round->number);
	raw_write(json, "answers", round->answers);
	raw_write(json, "files", round->files);
	raw_write(json, "quizzes", round->quizzes);
	put_time(json, "submitted_at", round->submitted_at);
	put_string(json, "outcome", round->outcome);
	put_string(json, "feedback", round->feedback);
	put_time(json, "decided_at", round->decided_at);
	put_object_end(json);
}

enum skd_outcome api_submission_rounds(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_round *rounds;
	size_t from, count;
	TRY(submission_rounds(call, in->ids[0], &rounds, &count));
	TRY(list_slice(call, in->list, &from, &count));
	reply_list_begin(in, out);
	for (size_t i = from; i < from + count; i++)
		round_write(&out->json, &rounds[list_item(in->list, i)]);
	reply_list_end(in, out);
	return SKD_OK;
}

static void event_write(struct json *json, const struct store_submission_event *event)
{
	put_object(json, NULL);
	put_string(json, "kind", event->kind);
	put_int(json, "round", event->round);
	put_time(json, "at", event->at);
	put_string(json, "account", event->account);
	put_object_end(json);
}

enum skd_outcome api_submission_events(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_submission_event *events;
	size_t from, count;
	TRY(submission_events(call, in->ids[0], &events, &count));
	TRY(list_slice(call, in->list, &from, &count));
	reply_list_begin(in, out);
	for (size_t i = from; i < from + count; i++)
		event_write(&out->json, &events[list_item(in->list, i)]);
	reply_list_end(in, out);
	return SKD_OK;
}
