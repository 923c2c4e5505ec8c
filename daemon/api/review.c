/* SPDX-License-Identifier: Apache-2.0
 * /reviews as JSON. */
#include "api/nouns.h"

#include "api/merge.h"
#include "rules/assessment.h"
#include "rules/review.h"

#include <string.h>

static void raw_write(struct json *json, const char *key, const char *raw)
{
	if (raw)
		put_raw(json, key, raw, strlen(raw));
}

static void fields_write(struct skd_call *call, struct json *json, const struct store_review *r)
{
	put_string(json, "id", r->id);
	put_string(json, "submission_id", r->submission_id);
	put_object(json, "achievement");
	put_string(json, "id", r->achievement_id);
	put_int(json, "version", r->number);
	put_string(json, "name", r->achievement);
	put_object_end(json);
	if (r->person_id)
		put_named(json, "person", r->person_id, "name", r->person);
	put_int(json, "round", r->round);
	put_int(json, "place", r->place);
	put_string(json, "state", r->state);
	put_bool(json, "mine", r->mine);
	if (r->offered_to_id)
		put_named(json, "offered_to", r->offered_to_id, "name", r->offered_to);
	if (r->assessor_id)
		put_named(json, "assessor", r->assessor_id, "name", r->assessor);
	put_time(json, "submitted_at", r->submitted_at);
	put_time(json, "due_at", r->due_at);
	put_bool(json, "overdue", r->overdue);
	put_time(json, "lease_until", r->lease_until);
	put_time(json, "claimed_at", r->claimed_at);
	put_time(json, "done_at", r->done_at);
	put_time(json, "created_at", r->created_at);
	put_string(json, "verdict", r->verdict);
	points_put(call, json, "points", r->points);
}

static enum skd_outcome review_reply(struct skd_call *call, struct reply *out, const char *id)
{
	struct json *json = &out->json;
	struct store_review review;
	struct store_review_sheet sheet;
	TRY(review_get(call, id, &review, &sheet));
	put_object(json, NULL);
	fields_write(call, json, &review);
	put_string(json, "comment", review.comment);
	raw_write(json, "scores", review.told ? review.scores : NULL);
	raw_write(json, "prompts", sheet.prompts);
	raw_write(json, "answers", sheet.answers);
	raw_write(json, "files", sheet.files);
	raw_write(json, "quizzes", sheet.quizzes);
	raw_write(json, "rubric", sheet.rubric);
	points_put(call, json, "minimum", sheet.rubric ? sheet.minimum : NO_POINTS);
	raw_write(json, "others", sheet.others);
	raw_write(json, "past", sheet.past);
	put_object_end(json);
	reply_version(call, out, review.version);
	return SKD_OK;
}

/* ---- reading ---- */

const struct field review_list_fields[] = {{"state", FIELD_ENUM, .words = "open|claimed|done|closed"},
					   {"mine", FIELD_BOOL},
					   {"overdue", FIELD_BOOL},
					   {"achievement", FIELD_UUID},
					   {NULL}};

static const bool *flag_read(const struct request *in, const char *name, bool *flag)
{
	const struct value *value = query_value(in, name);
	*flag = value->number;
	return value->given ? flag : NULL;
}

enum skd_outcome api_review_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	bool mine, overdue;
	const struct store_review_filter filter = {query_text(in, "state"), query_text(in, "achievement"), flag_read(in, "mine", &mine),
						   flag_read(in, "overdue", &overdue)};
	struct store_review *reviews;
	size_t count;
	TRY(review_list(call, &filter, in->list, &reviews, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++) {
		put_object(&out->json, NULL);
		fields_write(call, &out->json, &reviews[i]);
		put_object_end(&out->json);
	}
	reply_list_end(in, out);
	return SKD_OK;
}

static void told_write(struct skd_call *call, struct json *json, const struct store_told *told)
{
	put_object(json, NULL);
	put_string(json, "id", told->id);
	put_int(json, "round", told->round);
	put_int(json, "place", told->place);
	if (told->assessor_id)
		put_named(json, "assessor", told->assessor_id, "name", told->assessor);
	put_string(json, "verdict", told->verdict);
	points_put(call, json, "points", told->points);
	put_string(json, "comment", told->comment);
	raw_write(json, "scores", told->scores);
	put_time(json, "done_at", told->done_at);
	put_object_end(json);
}

enum skd_outcome api_review_told(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_told *told;
	size_t from, count;
	TRY(review_told(call, in->ids[0], &told, &count));
	TRY(list_slice(call, in->list, &from, &count));
	reply_list_begin(in, out);
	for (size_t i = from; i < from + count; i++)
		told_write(call, &out->json, &told[list_item(in->list, i)]);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_review_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	return review_reply(call, out, in->ids[0]);
}

/* ---- steps ---- */

enum skd_outcome api_review_claim(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_review review;
	TRY(review_claim(call, in->ids[0], &review));
	return review_reply(call, out, review.id);
}

/* The actor's own, in the version that they read. */
static enum skd_outcome own_read(struct skd_call *call, const struct request *in, struct store_review *review)
{
	TRY(review_own(call, in->ids[0], review));
	return merge_match(call, in, review->version);
}

enum skd_outcome api_review_release(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_review review;
	out->status = 204;
	TRY(own_read(call, in, &review));
	return review_release(call, &review);
}

static enum skd_outcome score_read(struct skd_call *call, const char *criterion, json_t *item, struct score_change *change)
{
	static const struct field fields[] = {{"level", FIELD_UUID}, {"comment", FIELD_TEXT, .most = 10000}, {NULL}};
	const char *at = talloc_asprintf(call, "/scores/%s", text_shown(call, criterion));
	struct value v[2] = {0};
	*change = (struct score_change){.criterion = criterion, .drop = json_is_null(item)};
	if (change->drop)
		return SKD_OK;
	if (!json_is_object(item))
		return fail_field(call, at, "must be an object with level and comment");
	TRY(fields_object(call, fields, at, item, true, v));
	change->level = (struct score_text){v[0].given, v[0].text};
	change->comment = (struct score_text){v[1].given, v[1].text};
	return SKD_OK;
}

static enum skd_outcome scores_read(struct skd_call *call, const struct value *value, struct score_change **changes, size_t *count)
{
	const char *criterion;
	json_t *item;
	*count = 0;
	*changes = NULL;
	if (!value->given)
		return SKD_OK;
	if (!json_is_object(value->json))
		return fail_field(call, "/scores", "must be an object of criteria's ids");
	*changes = talloc_zero_array(call, struct score_change, json_object_size(value->json) + 1);
	json_object_foreach (value->json, criterion, item)
		TRY(score_read(call, criterion, item, &(*changes)[(*count)++]));
	return SKD_OK;
}

enum skd_outcome api_review_set(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {{"scores", FIELD_JSON, .required = true}, {"comment", FIELD_TEXT, .most = 10000}, {NULL}};
	struct value v[2] = {0};
	struct store_review review;
	struct score_change *changes;
	size_t count;
	TRY(body_read(call, in, fields, true, v));
	TRY(scores_read(call, &v[0], &changes, &count));
	TRY(own_read(call, in, &review));
	TRY(review_save(call, changes, count, (struct score_text){v[1].given, v[1].text}, &review));
	return review_reply(call, out, review.id);
}

enum skd_outcome api_review_decide(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {{"verdict", FIELD_ENUM, .required = true, .words = "approve|return|decline"},
					      {"comment", FIELD_TEXT, .most = 10000},
					      {NULL}};
	struct value v[2] = {0};
	struct store_review review;
	TRY(body_read(call, in, fields, false, v));
	TRY(own_read(call, in, &review));
	TRY(review_decide(call, v[0].text, v[1].text, &review));
	return review_reply(call, out, review.id);
}
