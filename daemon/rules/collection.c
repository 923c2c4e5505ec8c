/* SPDX-License-Identifier: Apache-2.0
 * Collections. */
#include "rules/collection.h"

#include "base/json.h"
#include "rules/achievement.h"
#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/detail.h"
#include "rules/issuer.h"
#include "rules/outbox.h"

#include <string.h>

enum skd_outcome collection_get(struct skd_call *call, const char *id, struct store_collection *collection)
{
	return store_collection_get(call, id, collection);
}

enum skd_outcome collection_list(struct skd_call *call, const struct store_collection_filter *filter, struct list *list,
				 struct store_collection **collections, size_t *count)
{
	TRY(issuer_must_exist(call, "issuer", filter->issuer));
	TRY(achievement_must_exist(call, "achievement", filter->achievement));
	return store_collection_list(call, filter, list, collections, count);
}

static enum skd_outcome items_check(struct skd_call *call, const struct store_collection *c)
{
	size_t place;
	if (c->count > COLLECTION_ACHIEVEMENTS)
		return fail_field(call, "/achievements", "must be at most %d", COLLECTION_ACHIEVEMENTS);
	for (size_t i = 0; i < c->count; i++) {
		const char *field = talloc_asprintf(call, "/achievements/%zu", i);
		if (!uuid_valid(c->achievements[i]))
			return fail_field(call, field, "must be the id of an achievement");
		for (size_t j = 0; j < i; j++)
			if (string_equal_nocase(c->achievements[i], c->achievements[j]))
				return fail_field(call, field, "is there twice");
	}
	TRY(store_collection_unknown(call, c->count, c->achievements, &place));
	if (place < c->count)
		return fail_field(call, talloc_asprintf(call, "/achievements/%zu", place), "there is no such achievement that was published");
	return SKD_OK;
}

/* The whole of it: what it was before stands in the entry before. */
static const char *detail_whole(struct skd_call *call, const struct store_collection *c)
{
	struct text text;
	struct json json;
	text_begin(&text, call, 512);
	json_begin(&json, &text);
	put_object(&json, NULL);
	put_string(&json, "name", c->name);
	put_string(&json, "state", c->state);
	put_string(&json, "description", c->description);
	put_array(&json, "achievements");
	for (size_t i = 0; i < c->count; i++)
		put_string(&json, NULL, c->achievements[i]);
	put_array_end(&json);
	put_raw(&json, "goals", c->goals, strlen(c->goals));
	put_object_end(&json);
	return text_end(&text);
}

/* Reads back what was written and closes with the audit entry, which is its story. */
static enum skd_outcome told(struct skd_call *call, const char *kind, const char *action, const char *id,
			     struct store_collection *c)
{
	TRY(store_collection_get(call, id, c));
	const struct store_notice notice = {
		.kind = talloc_asprintf(call, "collection.%s", kind), .noun = "collection", .object = id, .detail = detail_of(call, "state", c->state, NULL)};
	TRY(outbox_add(call, &notice));
	return audit_done(call, action, "collection", id, detail_whole(call, c));
}

static enum skd_outcome content_check(struct skd_call *call, const struct store_collection *c)
{
	if (c->goal_count > COLLECTION_GOALS)
		return fail_field(call, "/goals", "must be at most %d", COLLECTION_GOALS);
	return items_check(call, c);
}

enum skd_outcome collection_add(struct skd_call *call, struct store_collection *collection)
{
	struct store_issuer issuer;
	const char *id;
	TRY(absent_as_field(call, "/issuer", issuer_get(call, collection->issuer_id, &issuer)));
	TRY(issuer_may_write(call, issuer.id, true));
	collection->issuer_id = issuer.id;
	TRY(content_check(call, collection));
	TRY(store_collection_add(call, collection, &id));
	return told(call, "created", "collection.add", id, collection);
}

static bool same(const struct store_collection *a, const struct store_collection *b)
{
	return string_same(a->name, b->name) && string_same(a->description, b->description) && string_same(a->goals, b->goals) &&
	       string_same(a->state, b->state) && strings_same(a->achievements, a->count, b->achievements, b->count);
}

enum skd_outcome collection_set(struct skd_call *call, struct store_collection *collection)
{
	struct store_collection old;
	TRY(store_collection_get(call, collection->id, &old));
	TRY(issuer_may_write(call, collection->issuer_id, false));
	TRY(content_check(call, collection));
	if (old.version == collection->version && same(&old, collection)) {
		*collection = old;
		return SKD_OK;
	}
	TRY(store_collection_set(call, collection));
	return told(call, strcmp(collection->state, "archived") == 0 ? "archived" : "edited", "collection.set", collection->id, collection);
}
