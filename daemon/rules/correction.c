/* SPDX-License-Identifier: Apache-2.0
 * Corrections. */
#include "rules/correction.h"

#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/looks.h"
#include "rules/outbox.h"
#include "rules/person.h"
#include "store/human.h"

#include <string.h>

static bool sees_all(const struct skd_call *call)
{
	return sight_everyone(call, SIGHT_CORRECTIONS);
}

enum skd_outcome correction_get(struct skd_call *call, const char *id, struct store_correction *correction)
{
	return store_correction_get(call, sees_all(call), call->actor->person_id, id, correction);
}

enum skd_outcome correction_list(struct skd_call *call, const struct store_correction_filter *asked, struct list *list,
				 struct store_correction **corrections, size_t *count)
{
	struct sight sight = sight_of(call);
	struct store_correction_filter filter = *asked;
	TRY(person_pick(call, &sight, "person", asked->person, &filter.person));
	looks_add(call, filter.person, "corrections");
	return store_correction_list(call, sees_all(call), call->actor->person_id, &filter, list, corrections, count);
}

/* Closes with the notice and the audit entry, and reads back what was written. */
static enum skd_outcome told(struct skd_call *call, const char *verb, const char *kind, const char *id, struct store_correction *c)
{
	TRY(correction_get(call, id, c));
	const struct store_notice notice = {
		.kind = kind, .noun = "correction", .object = id, .person_id = c->person_id,
		.detail = talloc_asprintf(call, "{\"state\":\"%s\"}", c->state)};
	TRY(outbox_add(call, &notice));
	return audit_done(call, verb, "correction", id, NULL);
}

static enum skd_outcome object_check(struct skd_call *call, const struct store_correction *c, const char *human)
{
	bool wanted = strcmp(c->about, "credential") == 0 || strcmp(c->about, "claim") == 0, theirs = true;
	if (wanted != (c->object != NULL))
		return fail_field(call, "/object", wanted ? "must be the id of the %s" : "means nothing of a %s: leave it out", c->about);
	if (wanted)
		TRY(store_correction_object(call, c->about, c->object, human, &theirs));
	return theirs ? SKD_OK : fail_field(call, "/object", "there is no such %s of yours", c->about);
}

enum skd_outcome correction_add(struct skd_call *call, struct store_correction *correction)
{
	const char *human, *id;
	if (!call->actor->person_id)
		return fail(call, SKD_DENIED, "people ask for corrections of what is held of them, and this account is none");
	correction->entry_id = call->actor->entry_id;
	TRY(store_human_hold(call, correction->entry_id, &human));
	TRY(object_check(call, correction, human));
	TRY(store_correction_add(call, correction, &id));
	return told(call, "correction.add", "correction.asked", id, correction);
}

/* The correction, locked. */
static enum skd_outcome correction_hold(struct skd_call *call, const char *id, struct store_correction *c)
{
	TRY(store_correction_lock(call, id));
	return correction_get(call, id, c);
}

static enum skd_outcome must_be_open(struct skd_call *call, const struct store_correction *c)
{
	return strcmp(c->state, "open") == 0 ? SKD_OK : fail(call, SKD_CLASH, "the correction is %s", c->state);
}

enum skd_outcome correction_answer(struct skd_call *call, const char *id, long version, const char *state, const char *answer,
				   struct store_correction *correction)
{
	TRY(correction_hold(call, id, correction));
	if (actor_is(call, correction->person_id) || !sees_all(call))
		return fail(call, SKD_DENIED, "hr and admin answer what others ask for, and nobody themselves");
	if (correction->version != version)
		return fail(call, SKD_STALE, "the correction was changed since you read it: read it again");
	TRY(must_be_open(call, correction));
	TRY(store_correction_close(call, id, state, answer, call->actor->account_id));
	return told(call, "correction.answer", "correction.answered", id, correction);
}

enum skd_outcome correction_withdraw(struct skd_call *call, const char *id, struct store_correction *correction)
{
	TRY(correction_hold(call, id, correction));
	if (!actor_is(call, correction->person_id))
		return fail(call, SKD_DENIED, "somebody else asked for this");
	TRY(must_be_open(call, correction));
	TRY(store_correction_close(call, id, "withdrawn", NULL, NULL));
	return told(call, "correction.withdraw", "correction.withdrawn", id, correction);
}
