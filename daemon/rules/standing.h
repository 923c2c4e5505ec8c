/* SPDX-License-Identifier: Apache-2.0
 * Where people stand on pathways: computed from what is so, kept, and computed anew when something changes. Who changes what is so
 * need not know of it: the database notes of whom (0012_enrolments.sql). What follows for awards is owed then, and done a moment
 * later: rules/award.h. */
#ifndef RULES_STANDING_H
#define RULES_STANDING_H

#include "rules/progress.h"
#include "store/enrolment.h"

/* What is kept of these people is right when this returns. In a transaction; locks what they are on, and changes nobody's actor. */
enum skd_outcome standing_refresh(struct skd_call *call, size_t count, const char *const *people) WARN_UNUSED;

/* One enrolment, whole: its graph, linked, what is so of each step, and what that comes to. */
struct standing {
	struct graph graph;
	struct graph_fact *facts;
	struct progress progress;
};
enum skd_outcome standing_get(struct skd_call *call, const struct store_enrolment *enrolment, struct standing *standing) WARN_UNUSED;

/* Those who were under way on a pathway when its version `newest` was published: at most `most` of them, `done` were computed. Who
 * may not stay moves on to it. */
enum skd_outcome standing_pathway(struct skd_call *call, const char *pathway_id, long newest, long most, size_t *done) WARN_UNUSED;

/* Some of whom something has changed, or whose time has come; not *more when there are none left. Borrows a session; the caller
 * ends it with work_end(). */
enum skd_outcome standing_turn(struct skd_call *call, bool *more) WARN_UNUSED;

#endif
