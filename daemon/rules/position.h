/* SPDX-License-Identifier: Apache-2.0
 * Positions: everyone reads them, hr and admins write them and say who has them. */
#ifndef RULES_POSITION_H
#define RULES_POSITION_H

#include "store/position.h"

enum { POSITION_SKILLS = 200 };

/* ABSENT. */
enum skd_outcome position_get(struct skd_call *call, const char *id, struct store_position *position) WARN_UNUSED;
struct position_filter {
	const char *q, *state;
	const char *skill;  /* id, code or exact label */
	const char *person; /* who has it: id or username */
	bool open;
};
/* BAD_INPUT for a skill that does not exist, or a person who does not or of whom the actor may not know it: see sight_near(). */
enum skd_outcome position_list(struct skd_call *call, const struct position_filter *filter, struct list *list,
			       struct store_position **positions, size_t *count) WARN_UNUSED;
/* The active one that an id or a code means; BAD_INPUT naming `field`. */
enum skd_outcome position_pick(struct skd_call *call, const char *field, const char *ref, struct store_position *position) WARN_UNUSED;

/* A skill that it needs, as it is asked for. */
struct skill_needed {
	const char *ref; /* id, code or exact label */
	long level;
	bool must;
};
/* Both end with `position` as it now is. BAD_INPUT for skills that are there twice, are none or are archived, or levels that
 * their scales do not have; CLASH for a code that is taken. */
enum skd_outcome position_add(struct skd_call *call, const struct skill_needed *skills, size_t count,
			      struct store_position *position) WARN_UNUSED;
/* id, version (the one that was read) and everything as it shall be; skills NULL: as they are. Where that is as it was,
 * nothing is written. */
enum skd_outcome position_set(struct skd_call *call, const struct skill_needed *skills, size_t count,
			      struct store_position *position) WARN_UNUSED;

/* ABSENT, also for a position that is. */
enum skd_outcome assignment_get(struct skd_call *call, const char *position_id, const char *id,
				struct store_assignment *assignment) WARN_UNUSED;
enum skd_outcome assignment_list(struct skd_call *call, const char *position_id, struct list *list,
				 struct store_assignment **assignments, size_t *count) WARN_UNUSED;
/* To whom: just one of them. */
struct assignment_order {
	const char *person; /* id or username */
	const char *unit;   /* id */
	const char *group;  /* DN */
	const char *title;
};
/* BAD_INPUT for more or less than one of them, and for one that is not there; CLASH for one that has it already, and for a
 * position that is archived. */
enum skd_outcome assignment_add(struct skd_call *call, const char *position_id, const struct assignment_order *order,
				struct store_assignment *assignment) WARN_UNUSED;
enum skd_outcome assignment_drop(struct skd_call *call, const char *position_id, const char *id) WARN_UNUSED;

#endif
