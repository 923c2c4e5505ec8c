/* SPDX-License-Identifier: Apache-2.0
 * /goals as JSON. */
#include "api/nouns.h"

#include "api/merge.h"
#include "rules/goal.h"
#include "rules/looks.h"

static void goal_write(struct json *json, const struct store_goal *goal)
{
	put_object(json, NULL);
	put_string(json, "id", goal->id);
	put_named(json, "person", goal->person_id, "name", goal->person);
	put_named(json, "position", goal->position_id, "name", goal->position);
	put_named(json, "pathway", goal->pathway_id, "name", goal->pathway);
	put_named(json, "skill", goal->skill_id, "label", goal->skill);
	if (goal->skill_id)
		put_int(json, "level", goal->level);
	put_string(json, "due", goal->due);
	put_string(json, "note", goal->note);
	put_bool(json, "shared", goal->shared);
	put_bool(json, "reached", goal->reached);
	put_time(json, "created_at", goal->created_at);
	put_time(json, "updated_at", goal->updated_at);
	put_object_end(json);
}

static void goal_reply(struct skd_call *call, struct reply *out, const struct store_goal *goal)
{
	goal_write(&out->json, goal);
	reply_version(call, out, goal->version);
}

const struct field goal_list_fields[] = {{"person", FIELD_TEXT}, {"shared", FIELD_BOOL}, {NULL}};

enum skd_outcome api_goal_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	const struct value *shared = query_value(in, "shared");
	const struct goal_filter filter = {.person = query_text(in, "person"), .only_shared = shared->given && shared->number,
					   .only_unshared = shared->given && !shared->number};
	struct store_goal *goals;
	size_t count;
	if (!in->list->sort)
		in->list->descending = true;
	TRY(goal_list(call, &filter, in->list, &goals, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		goal_write(&out->json, &goals[i]);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_goal_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_goal goal;
	TRY(goal_get(call, in->ids[0], &goal));
	looks_add(call, goal.person_id, "goals");
	goal_reply(call, out, &goal);
	return SKD_OK;
}

enum skd_outcome api_goal_add(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {
		{"position", FIELD_REF}, {"pathway", FIELD_UUID}, {"skill", FIELD_REF}, {"level", FIELD_INT, .least = 1, .most = 20},
		{"due", FIELD_DATE}, {"note", FIELD_TEXT, .most = 2000}, {"shared", FIELD_BOOL}, {NULL}};
	struct value v[7] = {0};
	TRY(body_read(call, in, fields, false, v));
	const struct goal_order order = {v[0].text, v[1].text, v[2].text, (long)v[3].number};
	struct store_goal goal = {.due = v[4].text, .note = v[5].text, .shared = v[6].number};
	TRY(goal_add(call, &order, &goal));
	reply_created(call, out, "/api/v1/goals", goal.id);
	goal_reply(call, out, &goal);
	return SKD_OK;
}

enum skd_outcome api_goal_set(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {
		{"level", FIELD_INT, .required = true, .least = 1, .most = 20}, {"due", FIELD_DATE}, {"note", FIELD_TEXT, .most = 2000},
		{"shared", FIELD_BOOL, .required = true}, {NULL}};
	struct value v[4] = {0};
	struct store_goal goal;
	TRY(goal_get(call, in->ids[0], &goal));
	TRY(body_read(call, in, fields, true, v));
	merge_int(&v[0], &goal.level);
	merge_text(&v[1], &goal.due);
	merge_text(&v[2], &goal.note);
	merge_bool(&v[3], &goal.shared);
	goal.version = match_version(in, goal.version);
	TRY(goal_set(call, &goal));
	goal_reply(call, out, &goal);
	return SKD_OK;
}

enum skd_outcome api_goal_drop(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_goal goal;
	out->status = 204;
	TRY(goal_get(call, in->ids[0], &goal));
	return goal_drop(call, in->ids[0], match_version(in, goal.version));
}
