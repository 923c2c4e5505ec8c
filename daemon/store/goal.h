/* SPDX-License-Identifier: Apache-2.0
 * Goals as rows: what people want to reach. Which of them are seen is in the SQL: one's own, and shared ones of people within
 * one's sight. Whether one is reached is computed. */
#ifndef STORE_GOAL_H
#define STORE_GOAL_H

#include "store/person.h"

/* One of position, pathway and skill. */
struct store_goal {
	const char *id, *person_id, *person;
	const char *entry_id; /* to be written */
	const char *position_id, *position, *pathway_id, *pathway, *skill_id, *skill; /* names and labels */
	long level;      /* of the skill */
	const char *due; /* a date, or NULL */
	const char *note;
	bool shared, reached;
	int64_t created_at, updated_at;
	long version;
};
struct store_goal_filter {
	const char *person; /* id */
	bool only_shared, only_unshared;
};
/* ABSENT when there is none, or none that is seen. */
enum skd_outcome store_goal_get(struct skd_call *call, const struct sight *sight, const char *id, struct store_goal *goal) WARN_UNUSED;
enum skd_outcome store_goal_list(struct skd_call *call, const struct sight *sight, const struct store_goal_filter *filter,
				 struct list *list, struct store_goal **goals, size_t *count) WARN_UNUSED;
/* CLASH when they want that already. */
enum skd_outcome store_goal_add(struct skd_call *call, const struct store_goal *goal, const char **id) WARN_UNUSED;
/* Writes level, due, note and shared over the row of that id and version; STALE when there is none. */
enum skd_outcome store_goal_set(struct skd_call *call, const struct store_goal *goal) WARN_UNUSED;
enum skd_outcome store_goal_drop(struct skd_call *call, const char *id, long version) WARN_UNUSED; /* STALE */
/* ABSENT unless a version of it is published. */
enum skd_outcome store_goal_pathway(struct skd_call *call, const char *id) WARN_UNUSED;

#endif
