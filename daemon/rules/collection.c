/* SPDX-License-Identifier: Apache-2.0
 * Collections. */
#include "rules/collection.h"

#include "rules/achievement.h"
#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/detail.h"
#include "rules/issuer.h"
#include "rules/outbox.h"
#include "store/endorsement.h"

#include <string.h>

enum skd_outcome collection_get(struct skd_call *call, const char *id, struct store_collection *collection)
{
	return store_collection_get(call, id, collection);
}

static enum skd_outcome issuer_known(struct skd_call *call, const char *field, const char *id, struct store_issuer *issuer)
{
	enum skd_outcome outcome = id && !uuid_valid(id) ? SKD_ABSENT : issuer_get(call, id, issuer);
	if (outcome != SKD_ABSENT)
		return outcome;
	call_forgive(call);
	return fail_field(call, field, "there is no such issuer");
}

static enum skd_outcome achievement_known(struct skd_call *call, const char *field, const char *id)
{
	struct store_achievement achievement;
	enum skd_outcome outcome = achievement_get(call, id, 0, &achievement);
	if (outcome != SKD_ABSENT)
		return outcome;
	call_forgive(call);
	return fail_field(call, field, "there is no such achievement");
}

enum skd_outcome collection_list(struct skd_call *call, const struct store_collection_filter *filter, struct list *list,
				 struct store_collection **collections, size_t *count)
{
	struct store_issuer issuer;
	if (filter->issuer)
		TRY(issuer_known(call, "issuer", filter->issuer, &issuer));
	if (filter->achievement)
		TRY(achievement_known(call, "achievement", filter->achievement));
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

/* Reads back what was written and closes with its event and the audit entry. */
static enum skd_outcome told(struct skd_call *call, const char *kind, const char *action, const char *id,
			     struct store_collection *c)
{
	TRY(store_programme_event_add(call, "collection", id, kind, audit_account(call), call->actor->account_id));
	TRY(store_collection_get(call, id, c));
	const struct store_notice notice = {
		.kind = talloc_asprintf(call, "collection.%s", kind), .noun = "collection", .object = id, .detail = detail_of(call, "state", c->state, NULL)};
	TRY(outbox_add(call, &notice));
	return audit_done(call, action, "collection", id, detail_of(call, "name", c->name, "state", c->state, NULL));
}

enum skd_outcome collection_add(struct skd_call *call, struct store_collection *collection)
{
	struct store_issuer issuer;
	const char *id;
	TRY(issuer_known(call, "/issuer", collection->issuer_id, &issuer));
	TRY(issuer_may_write(call, issuer.id, true));
	collection->issuer_id = issuer.id;
	TRY(items_check(call, collection));
	TRY(store_collection_add(call, collection, &id));
	return told(call, "created", "collection.add", id, collection);
}

enum skd_outcome collection_set(struct skd_call *call, struct store_collection *collection)
{
	TRY(issuer_may_write(call, collection->issuer_id, false));
	TRY(items_check(call, collection));
	TRY(store_collection_set(call, collection));
	return told(call, strcmp(collection->state, "archived") == 0 ? "archived" : "edited", "collection.set", collection->id, collection);
}
