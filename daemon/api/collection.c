/* SPDX-License-Identifier: Apache-2.0
 * /collections as JSON. */
#include "api/nouns.h"

#include "api/merge.h"
#include "rules/collection.h"

#include <string.h>

static void collection_write(struct json *json, const struct store_collection *c)
{
	put_object(json, NULL);
	put_string(json, "id", c->id);
	put_named(json, "issuer", c->issuer_id, "name", c->issuer);
	put_string(json, "name", c->name);
	put_string(json, "description", c->description);
	put_array(json, "achievements");
	for (size_t i = 0; i < c->count; i++)
		put_named(json, NULL, c->achievements[i], "name", c->names[i]);
	put_array_end(json);
	put_raw(json, "goals", c->goals, strlen(c->goals));
	put_string(json, "state", c->state);
	put_time(json, "updated_at", c->updated_at);
	put_object_end(json);
}

static void collection_reply(struct skd_call *call, struct reply *out, const struct store_collection *c)
{
	collection_write(&out->json, c);
	reply_version(call, out, c->version);
}

const struct field collection_list_fields[] = {
	{"q", FIELD_TEXT, .most = 200}, {"issuer", FIELD_UUID}, {"achievement", FIELD_UUID},
	{"state", FIELD_ENUM, .words = "active|archived"}, {NULL}};

enum skd_outcome api_collection_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	const struct store_collection_filter filter = {query_text(in, "q"), query_text(in, "issuer"), query_text(in, "achievement"),
						       query_text(in, "state")};
	struct store_collection *collections;
	size_t count;
	TRY(collection_list(call, &filter, in->list, &collections, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		collection_write(&out->json, &collections[i]);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_collection_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_collection collection;
	TRY(collection_get(call, in->ids[0], &collection));
	collection_reply(call, out, &collection);
	return SKD_OK;
}

/* ---- writing ---- */

/* Ids, or objects with one, as they are shown. */
static enum skd_outcome achievements_read(struct skd_call *call, const struct value *value, struct store_collection *c)
{
	size_t i;
	json_t *item;
	if (!value->given)
		return SKD_OK;
	if (!value->null && !json_is_array(value->json))
		return fail_field(call, "/achievements", "must be an array of achievements");
	const char **ids = talloc_zero_array(call, const char *, json_array_size(value->json) + 1);
	json_array_foreach (value->json, i, item) {
		ids[i] = json_string_value(json_is_object(item) ? json_object_get(item, "id") : item);
		if (!ids[i])
			return fail_field(call, talloc_asprintf(call, "/achievements/%zu", i), "must be the id of an achievement");
	}
	c->achievements = ids;
	c->count = i;
	return SKD_OK;
}

static enum skd_outcome goal_read(struct skd_call *call, const char *at, json_t *item, struct json *json)
{
	static const struct field fields[] = {
		{"metric", FIELD_TEXT, .required = true, .most = 200},
		{"target", FIELD_INT, .required = true, .least = 0, .most = INT32_MAX}, {"by", FIELD_TIME}, {NULL}};
	struct value v[3] = {0};
	if (!json_is_object(item))
		return fail_field(call, at, "must be an object");
	TRY(fields_object(call, fields, at, item, false, v));
	put_object(json, NULL);
	put_string(json, "metric", v[0].text);
	put_int(json, "target", v[1].number);
	if (v[2].given)
		put_time(json, "by", v[2].number);
	put_object_end(json);
	return SKD_OK;
}

/* Checks each goal and writes it anew, so that nothing else is stored. */
static enum skd_outcome goals_read(struct skd_call *call, const struct value *value, struct store_collection *c)
{
	struct text text;
	struct json json;
	size_t i;
	json_t *item;
	if (!value->given)
		return SKD_OK;
	if (!value->null && !json_is_array(value->json))
		return fail_field(call, "/goals", "must be an array of goals");
	text_begin(&text, call, 256);
	json_begin(&json, &text);
	put_array(&json, NULL);
	json_array_foreach (value->json, i, item)
		TRY(goal_read(call, talloc_asprintf(call, "/goals/%zu", i), item, &json));
	put_array_end(&json);
	c->goals = text_end(&text);
	c->goal_count = json_array_size(value->json);
	return SKD_OK;
}

enum { NAME, DESCRIPTION, ACHIEVEMENTS, GOALS, LAST, FIELDS };

/* The issuer is said once, of a new one, and the state is not said of it. */
static enum skd_outcome body_merge(struct skd_call *call, const struct request *in, bool patch, struct store_collection *c)
{
	const struct field fields[FIELDS + 1] = {
		[NAME] = {"name", FIELD_TEXT, .required = true},
		[DESCRIPTION] = {"description", FIELD_TEXT, .most = 10000},
		[ACHIEVEMENTS] = {"achievements", FIELD_JSON},
		[GOALS] = {"goals", FIELD_JSON},
		[LAST] = patch ? (struct field){"state", FIELD_ENUM, .required = true, .words = "active|archived"}
			       : (struct field){"issuer", FIELD_REF},
	};
	struct value v[FIELDS] = {0};
	TRY(body_read(call, in, fields, patch, v));
	merge_text(&v[NAME], &c->name);
	merge_text(&v[DESCRIPTION], &c->description);
	merge_text(&v[LAST], patch ? &c->state : &c->issuer_id);
	TRY(achievements_read(call, &v[ACHIEVEMENTS], c));
	return goals_read(call, &v[GOALS], c);
}

enum skd_outcome api_collection_add(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_collection collection = {.goals = "[]"};
	TRY(body_merge(call, in, false, &collection));
	TRY(collection_add(call, &collection));
	reply_created(call, out, "/api/v1/collections", collection.id);
	collection_reply(call, out, &collection);
	return SKD_OK;
}

enum skd_outcome api_collection_set(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_collection collection;
	TRY(collection_get(call, in->ids[0], &collection));
	TRY(merge_match(call, in, collection.version));
	TRY(body_merge(call, in, true, &collection));
	TRY(collection_set(call, &collection));
	collection_reply(call, out, &collection);
	return SKD_OK;
}
