/* SPDX-License-Identifier: Apache-2.0
 * Where people stand on pathways, as rows: what is so of each step, what was kept of it, and whose is to be computed anew.
 * Enrolments are always locked in the order of their ids, and before what is so is read. */
#ifndef STORE_STANDING_H
#define STORE_STANDING_H

#include "base/graph.h"
#include "store/db.h"

struct store_standing {
	const char *id, *person_id, *pathway_id;
	long number;        /* of the version that they were on */
	long stands;        /* that they belong on now */
	long newest;        /* that is published */
	int64_t until;      /* they stay on `stands` until then; TIME_NEVER */
	const char *state;
	long percent, done, needed;
	const char *const *reached; /* nodes whose milestone was awarded */
	size_t reached_count;
	int64_t created_at, completed_at, due_at; /* TIME_NEVER: not completed; not by itself */
};
/* All that these people are on, locked, in the order of pathways and versions. */
enum skd_outcome store_standing_people(struct skd_call *call, size_t count, const char *const *people,
				       struct store_standing **standings, size_t *found) WARN_UNUSED;
/* The same of those under way on a pathway who were not looked at since version `newest` was published, at most `most`. */
enum skd_outcome store_standing_pathway(struct skd_call *call, const char *pathway_id, long newest, long most,
					struct store_standing **standings, size_t *found) WARN_UNUSED;
/* How many these are. */
enum skd_outcome store_standing_left(struct skd_call *call, const char *pathway_id, long newest, int64_t *left) WARN_UNUSED;

/* What is so of the steps of a graph, of each of these people: facts has graph->count places for each. `changes`: when what is so
 * of them changes by itself next, or TIME_NEVER. */
enum skd_outcome store_facts(struct skd_call *call, const char *pathway_id, const struct graph *graph, size_t count,
			     const char *const *people, struct graph_fact *facts, int64_t *changes) WARN_UNUSED;
/* And of one person which of the steps that are not met are gone: achievements that are not issued any more, unless they have one that
 * is suspended or begins later, and pathways that are archived and that they are not on. */
enum skd_outcome store_facts_gone(struct skd_call *call, const char *person_id, const struct graph *graph, struct graph_fact *facts) WARN_UNUSED;

/* What has become of one: all as it is from now on but id; and in what it differs from before. */
struct store_standing_turn {
	struct store_standing now;
	bool changed;      /* what is shown of it */
	bool owed;         /* something follows for awards */
	const char *event; /* moved, completed, lost; or NULL */
};
/* Rows and events. */
enum skd_outcome store_standing_put(struct skd_call *call, size_t count, const struct store_standing_turn *turns, const char *account,
				    const char *account_id) WARN_UNUSED;

/* ---- whose is to be computed ---- */

/* Of these people those of whom something has changed, or whose time has come. */
enum skd_outcome store_standing_stale(struct skd_call *call, size_t count, const char *const *people, const char *const **stale,
				      size_t *stale_count) WARN_UNUSED;
/* The same of those under way on a pathway. */
enum skd_outcome store_standing_unsettled(struct skd_call *call, const char *pathway_id, const char *const **people, size_t *count) WARN_UNUSED;
/* The news of these is taken. */
enum skd_outcome store_news_drop(struct skd_call *call, size_t count, const char *const *people) WARN_UNUSED;
/* Some of those of whom there is news, unless somebody else asks for them now: one does until their transaction ends. */
enum skd_outcome store_news_find(struct skd_call *call, const char *const **people, size_t *count) WARN_UNUSED;
/* Some of those whose time has come. */
enum skd_outcome store_standing_due(struct skd_call *call, const char *const **people, size_t *count) WARN_UNUSED;

#endif
