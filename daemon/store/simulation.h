/* SPDX-License-Identifier: Apache-2.0
 * Who is on a pathway, as rows, to foretell what a version would do to them: read, never locked. */
#ifndef STORE_SIMULATION_H
#define STORE_SIMULATION_H

#include "store/person.h"

struct store_simulated {
	const char *id, *person_id, *person;
	bool seen;       /* by who asks: may be named */
	const char *state;
	long number;     /* of the version on which they are computed now */
	int64_t until;   /* they stay where they are until then, whatever is published; TIME_NEVER: they do not */
	int64_t created_at;
	const char *credential_achievement_id; /* of what completing it gave them; NULL: nothing */
	int64_t credential_ended_at;           /* TIME_NEVER: it has not expired */
	bool held_back;                        /* that was suspended for what was lost */
	const char *const *reached; /* nodes whose milestone they were given */
	size_t reached_count;
};
/* Of whoever has not left, in the order of ids, those behind `after` (NULL: from the first); at most `most`. `reached` just with
 * `milestones`.
 * talloc_free() of them frees all of it. */
enum skd_outcome store_simulated(struct skd_call *call, const struct sight *sight, const char *pathway_id, const char *after, long most,
				 bool milestones, struct store_simulated **simulated, size_t *count) WARN_UNUSED;
/* How many these are, counted no further than `most`. */
enum skd_outcome store_simulated_count(struct skd_call *call, const char *pathway_id, long most, int64_t *count) WARN_UNUSED;

#endif
