/* SPDX-License-Identifier: Apache-2.0
 * Claims. */
#include "rules/claim.h"

#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/looks.h"
#include "rules/person.h"
#include "rules/skill.h"
#include "store/human.h"

enum skd_outcome claim_get(struct skd_call *call, const char *id, struct store_claim *claim)
{
	struct sight sight = sight_for(call, SIGHT_CLAIMS);
	return store_claim_get(call, &sight, id, claim);
}

enum skd_outcome claim_list(struct skd_call *call, const struct claim_filter *asked, struct list *list,
			    struct store_claim **claims, size_t *count)
{
	struct sight sight = sight_for(call, SIGHT_CLAIMS);
	struct store_claim_filter filter = {.only_shared = asked->only_shared, .only_unshared = asked->only_unshared};
	TRY(person_pick_colleague(call, &sight, "person", asked->person, &filter.person));
	if (asked->skill)
		TRY(skill_resolve(call, "skill", asked->skill, &filter.skills, &filter.skill_count));
	looks_add(call, filter.person, "claims");
	return store_claim_list(call, &sight, &filter, list, claims, count);
}

enum skd_outcome claim_add(struct skd_call *call, const char *skill_ref, struct store_claim *claim)
{
	struct store_skill_match skill;
	const char *id;
	claim->entry_id = call->actor->entry_id;
	if (!call->actor->person_id)
		return fail(call, SKD_DENIED, "claims are made by people of the directory, and this account is none");
	TRY(store_human_hold(call, claim->entry_id, &claim->person_id));
	TRY(skill_pick(call, "/skill", skill_ref, &skill));
	TRY(skill_match_level_check(call, "/level", &skill, claim->level));
	claim->skill_id = skill.id;
	enum skd_outcome outcome = store_claim_add(call, claim, &id);
	if (outcome == SKD_CLASH) {
		call_forgive(call);
		return fail(call, SKD_CLASH, "you have claimed the skill %s already: change that claim", skill.label);
	}
	TRY(outcome);
	TRY(audit_done(call, "claim.add", "claim", id, NULL));
	return claim_get(call, id, claim);
}

/* The claim, if it is the actor's own. */
static enum skd_outcome own_claim(struct skd_call *call, const char *id, struct store_claim *claim)
{
	TRY(claim_get(call, id, claim));
	return actor_is(call, claim->person_id) ? SKD_OK : fail(call, SKD_DENIED, "this is somebody else's claim");
}

enum skd_outcome claim_set(struct skd_call *call, struct store_claim *claim)
{
	struct store_claim old;
	TRY(own_claim(call, claim->id, &old));
	TRY(skill_level_check(call, "/level", old.skill_id, claim->level));
	TRY(store_claim_set(call, claim));
	TRY(audit_done(call, "claim.set", "claim", old.id, NULL));
	return claim_get(call, old.id, claim);
}

enum skd_outcome claim_drop(struct skd_call *call, const char *id, long version)
{
	struct store_claim claim;
	TRY(own_claim(call, id, &claim));
	TRY(store_claim_drop(call, id, version));
	return audit_done(call, "claim.drop", "claim", id, NULL);
}
