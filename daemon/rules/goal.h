/* SPDX-License-Identifier: Apache-2.0
 * Goals: everyone sets their own, nobody else's; those above them and hr see them once they are shared. */
#ifndef RULES_GOAL_H
#define RULES_GOAL_H

#include "store/goal.h"

enum skd_outcome goal_get(struct skd_call *call, const char *id, struct store_goal *goal) WARN_UNUSED;
struct goal_filter {
	const char *person; /* id or username */
	bool only_shared, only_unshared;
};
/* BAD_INPUT for a person who does not exist, or whom the actor does not see. */
enum skd_outcome goal_list(struct skd_call *call, const struct goal_filter *filter, struct list *list, struct store_goal **goals,
			   size_t *count) WARN_UNUSED;

/* What is to be reached: just one of them, and the level with a skill. */
struct goal_order {
	const char *position; /* id or code */
	const char *pathway;  /* id */
	const char *skill;    /* id, code or exact label */
	long level;           /* 0: not said */
};
/* Both end with `goal` as it now is. DENIED for an actor who is no person; BAD_INPUT for more or less than one of them, for what
 * does not exist, is archived or not published, or a level that the skill's scale does not have; CLASH for what they want
 * already. */
enum skd_outcome goal_add(struct skd_call *call, const struct goal_order *order, struct store_goal *goal) WARN_UNUSED;
/* id, version (the one that was read), level, due, note and shared as they shall be. DENIED for another's; BAD_INPUT for a level
 * of what is no skill. */
enum skd_outcome goal_set(struct skd_call *call, struct store_goal *goal) WARN_UNUSED;
enum skd_outcome goal_drop(struct skd_call *call, const char *id, long version) WARN_UNUSED;

#endif
