/* SPDX-License-Identifier: Apache-2.0
 * Positions as rows: the skills they need, and to whom they are attached. Who has which follows in the SQL from what the
 * directory says now (positions_of). */
#ifndef STORE_POSITION_H
#define STORE_POSITION_H

#include "store/person.h"

struct store_position_skill {
	const char *id, *label;
	long level;
	bool must; /* otherwise it is nice to have */
};
struct store_position {
	const char *id, *code, *name, *description;
	long openings; /* places to be filled */
	const char *state; /* active, archived */
	struct store_position_skill *skills; /* by label */
	size_t skill_count;
	long version;
	int64_t updated_at;
};
/* ABSENT. */
enum skd_outcome store_position_get(struct skd_call *call, const char *id, struct store_position *position) WARN_UNUSED;
/* By id or by code; ABSENT. Without its skills. */
enum skd_outcome store_position_find(struct skd_call *call, const char *ref, struct store_position *position) WARN_UNUSED;
struct store_position_filter {
	const char *q; /* in code or name */
	const char *const *skills; /* that needs one of these; NULL: any */
	size_t skill_count;
	const char *person; /* who has it */
	const char *state;
	bool open; /* only with openings */
};
enum skd_outcome store_position_list(struct skd_call *call, const struct store_position_filter *filter, struct list *list,
				     struct store_position **positions, size_t *count) WARN_UNUSED;
/* CLASH when another one has that code. */
enum skd_outcome store_position_add(struct skd_call *call, const struct store_position *position, const char **id) WARN_UNUSED;
/* STALE unless the row still has position->version; CLASH as above. */
enum skd_outcome store_position_set(struct skd_call *call, const struct store_position *position) WARN_UNUSED;

/* A group of a directory. */
struct store_group {
	const char *source, *external_id, *dn;
};
/* By one of the keys that directories may give it; ABSENT when none has such. */
enum skd_outcome store_group_find(struct skd_call *call, size_t count, const char *const *sources, const char *const *keys,
				  struct store_group *group) WARN_UNUSED;

/* One of person, unit, group and title. */
struct store_assignment {
	const char *id;
	const char *person_id, *person; /* the human; to be written, an entry */
	const char *unit_id, *unit;
	struct store_group group; /* of one that was read, the DN alone */
	const char *title;
	int64_t created_at;
};
/* Those of people whom one sees, of groups for who sees everyone, and all of units and titles. ABSENT. */
enum skd_outcome store_assignment_get(struct skd_call *call, const struct sight *sight, const char *position_id, const char *id,
				      struct store_assignment *assignment) WARN_UNUSED;
enum skd_outcome store_assignment_list(struct skd_call *call, const struct sight *sight, const char *position_id,
				       struct list *list, struct store_assignment **assignments, size_t *count) WARN_UNUSED;
/* CLASH when the position is attached there already. */
enum skd_outcome store_assignment_add(struct skd_call *call, const char *position_id, const struct store_assignment *assignment,
				      const char **id) WARN_UNUSED;
enum skd_outcome store_assignment_drop(struct skd_call *call, const char *id) WARN_UNUSED; /* ABSENT */

#endif
