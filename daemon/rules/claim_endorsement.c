/* SPDX-License-Identifier: Apache-2.0
 * Endorsements of claims. */
#include "rules/claim_endorsement.h"

#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/claim.h"
#include "rules/looks.h"
#include "rules/outbox.h"
#include "rules/person.h"
#include "store/human.h"

static const char noun[] = "claim_endorsement";

enum skd_outcome claim_endorsement_get(struct skd_call *call, const char *id, struct store_claim_endorsement *endorsement)
{
	struct sight sight = sight_for(call, SIGHT_CLAIM_ENDORSEMENTS);
	return store_claim_endorsement_get(call, &sight, id, endorsement);
}

enum skd_outcome claim_endorsement_list(struct skd_call *call, const char *claim_id, struct list *list,
					struct store_claim_endorsement **endorsements, size_t *count)
{
	struct store_claim claim;
	TRY(claim_get(call, claim_id, &claim));
	looks_add(call, claim.person_id, "claims");
	return store_claim_endorsement_list(call, call->actor->person_id, claim_id, list, endorsements, count);
}

/* For who made the claim. */
static enum skd_outcome notice(struct skd_call *call, const char *kind, const struct store_claim_endorsement *e)
{
	const struct store_notice notice = {
		.kind = kind, .noun = "claim", .object = e->claim_id, .person_id = e->claimant_id,
		.detail = talloc_asprintf(call, "{\"endorsement\":\"%s\",\"level\":%ld}", e->id, e->level)};
	return outbox_add(call, &notice);
}

/* Whether the actor may, with the claim locked, and for which level. */
static enum skd_outcome may_endorse(struct skd_call *call, const struct store_claim *claim, long *level)
{
	if (actor_is(call, claim->person_id))
		return fail(call, SKD_DENIED, "nobody endorses what they claim themselves");
	if (*level > claim->level)
		return fail_field(call, "/level", "must be at most %ld, which is what is claimed", claim->level);
	*level = *level ? *level : claim->level;
	return SKD_OK;
}

enum skd_outcome claim_endorsement_add(struct skd_call *call, const char *claim_id, long level, const char *note,
				       struct store_claim_endorsement *endorsement)
{
	const char *human, *id;
	struct store_claim claim;
	TRY(claim_get(call, claim_id, &claim));
	if (!call->actor->person_id)
		return fail(call, SKD_DENIED, "claims are endorsed by people of the directory, and this account is none");
	TRY(store_human_hold(call, call->actor->entry_id, &human));
	TRY(store_claim_lock(call, claim_id));
	TRY(claim_get(call, claim_id, &claim));
	TRY(may_endorse(call, &claim, &level));
	TRY(store_claim_endorsement_add(call, claim_id, call->actor->entry_id, human, level, note, &id));
	TRY(claim_endorsement_get(call, id, endorsement));
	TRY(notice(call, "claim.endorsed", endorsement));
	return audit_done(call, "claim_endorsement.add", noun, id, NULL);
}

enum skd_outcome claim_endorsement_hide(struct skd_call *call, long version, bool hidden,
					struct store_claim_endorsement *endorsement)
{
	if (!actor_is(call, endorsement->claimant_id))
		return fail(call, SKD_DENIED, "this is said of somebody else's claim");
	TRY(store_claim_endorsement_hide(call, endorsement->id, version, hidden));
	TRY(audit_done(call, hidden ? "claim_endorsement.hide" : "claim_endorsement.show", noun, endorsement->id, NULL));
	return claim_endorsement_get(call, endorsement->id, endorsement);
}

enum skd_outcome claim_endorsement_drop(struct skd_call *call, const char *id, long version)
{
	struct store_claim_endorsement endorsement;
	TRY(claim_endorsement_get(call, id, &endorsement));
	if (!actor_is(call, endorsement.person_id))
		return fail(call, SKD_DENIED, "somebody else said this: who made the claim may hide it");
	TRY(store_claim_endorsement_drop(call, id, version));
	TRY(notice(call, "claim.endorsement_withdrawn", &endorsement));
	return audit_done(call, "claim_endorsement.drop", noun, id, NULL);
}
