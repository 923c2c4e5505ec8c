/* SPDX-License-Identifier: Apache-2.0
 * Goals. */
#include "rules/goal.h"

#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/looks.h"
#include "rules/person.h"
#include "rules/position.h"
#include "rules/skill.h"
#include "store/human.h"

enum skd_outcome goal_get(struct skd_call *call, const char *id, struct store_goal *goal)
{
	struct sight sight = sight_for(call, SIGHT_GOALS);
	return store_goal_get(call, &sight, id, goal);
}

enum skd_outcome goal_list(struct skd_call *call, const struct goal_filter *asked, struct list *list, struct store_goal **goals,
			   size_t *count)
{
	struct sight sight = sight_for(call, SIGHT_GOALS);
	struct store_goal_filter filter = {.only_shared = asked->only_shared, .only_unshared = asked->only_unshared};
	TRY(person_pick(call, &sight, "person", asked->person, &filter.person));
	looks_add(call, filter.person, "goals");
	return store_goal_list(call, &sight, &filter, list, goals, count);
}

/* ---- writing ---- */

static enum skd_outcome skill_read(struct skd_call *call, const struct goal_order *order, struct store_goal *goal)
{
	struct store_skill_match skill;
	if (!order->level)
		return fail_field(call, "/level", "is required of a skill");
	TRY(skill_pick(call, "/skill", order->skill, &skill));
	TRY(skill_match_level_check(call, "/level", &skill, order->level));
	goal->skill_id = skill.id;
	goal->level = order->level;
	return SKD_OK;
}

static enum skd_outcome order_read(struct skd_call *call, const struct goal_order *order, struct store_goal *goal)
{
	struct store_position position;
	if (!!order->position + !!order->pathway + !!order->skill != 1)
		return fail(call, SKD_BAD_INPUT, "say one of position, pathway and skill");
	if (order->skill)
		return skill_read(call, order, goal);
	if (order->level)
		return fail_field(call, "/level", "is that of a skill");
	if (order->position) {
		TRY(position_pick(call, "/position", order->position, &position));
		goal->position_id = position.id;
		return SKD_OK;
	}
	goal->pathway_id = order->pathway;
	return absent_as_field(call, "/pathway", store_goal_pathway(call, order->pathway));
}

enum skd_outcome goal_add(struct skd_call *call, const struct goal_order *order, struct store_goal *goal)
{
	const char *id;
	goal->entry_id = call->actor->entry_id;
	if (!call->actor->person_id)
		return fail(call, SKD_DENIED, "goals are set by people of the directory, and this account is none");
	TRY(store_human_hold(call, goal->entry_id, &goal->person_id));
	TRY(order_read(call, order, goal));
	enum skd_outcome outcome = store_goal_add(call, goal, &id);
	if (outcome == SKD_CLASH) {
		call_forgive(call);
		return fail(call, SKD_CLASH, "you have that goal already: change it");
	}
	TRY(outcome);
	TRY(audit_done(call, "goal.add", "goal", id, NULL));
	return goal_get(call, id, goal);
}

/* The goal, if it is the actor's own. */
static enum skd_outcome own_goal(struct skd_call *call, const char *id, struct store_goal *goal)
{
	TRY(goal_get(call, id, goal));
	return actor_is(call, goal->person_id) ? SKD_OK : fail(call, SKD_DENIED, "this is somebody else's goal");
}

enum skd_outcome goal_set(struct skd_call *call, struct store_goal *goal)
{
	struct store_goal old;
	TRY(own_goal(call, goal->id, &old));
	if (!old.skill_id && goal->level)
		return fail_field(call, "/level", "is that of a skill");
	if (goal->level != old.level)
		TRY(skill_level_check(call, "/level", old.skill_id, goal->level));
	TRY(store_goal_set(call, goal));
	TRY(audit_done(call, "goal.set", "goal", old.id, NULL));
	return goal_get(call, old.id, goal);
}

enum skd_outcome goal_drop(struct skd_call *call, const char *id, long version)
{
	struct store_goal goal;
	TRY(own_goal(call, id, &goal));
	TRY(store_goal_drop(call, id, version));
	return audit_done(call, "goal.drop", "goal", id, NULL);
}
