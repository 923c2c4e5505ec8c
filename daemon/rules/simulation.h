/* SPDX-License-Identifier: Apache-2.0
 * What a version of a pathway would do to who is on it, before anyone publishes it. Nothing is written. */
#ifndef RULES_SIMULATION_H
#define RULES_SIMULATION_H

#include "rules/pathway.h"

enum { SIMULATION_NAMED = 100, SIMULATION_MOST = 200000 }; /* who is named on each side; enrolments of one */

/* By what becomes of one's per cent. */
enum simulation_kind { SIMULATION_LOSE, SIMULATION_KEEP, SIMULATION_GAIN, SIMULATION_KINDS };
extern const char *const simulation_kinds[]; /* their words */

struct simulation_stand {
	long number; /* of the version */
	const char *state;
	long percent, done, needed;
};
struct simulation_item {
	const char *id, *person_id, *person;
	struct simulation_stand before, after;
	int64_t until;     /* they may stay as they are until then; TIME_NEVER: they move at once, or never */
	const char *award; /* "issued", "reinstated"; NULL: nothing becomes of it */
	const char **milestones; /* ids of the nodes whose milestone they are given then */
	size_t milestone_count;
};
struct simulation_side {
	int64_t count, completed, later; /* who; of them who would complete it then; who may stay for a while */
	int64_t milestones;              /* that they are given then */
	int64_t others;                  /* whom the actor may not see */
	struct simulation_item *items;   /* who may be seen */
	size_t item_count;
	bool more; /* may be seen than there are items */
};
struct simulation {
	long number;    /* that the version would have */
	int64_t people; /* who are on the pathway */
	struct simulation_side sides[SIMULATION_KINDS];
};

/* `wanted`: id, number of the version that it is made of (its nodes are meant with `nodes` NULL), and everything as it would be
 * published. For who may write the pathway. BAD_INPUT as pathway_set() has it, and for a version with no nodes; what they stand for
 * need not be published. CLASH for more than SIMULATION_MOST.
 * What was read before is let go of: it is computed in a session of the reports (rules/work.h). */
enum skd_outcome pathway_simulate(struct skd_call *call, struct pathway_nodes *nodes, struct store_pathway *wanted,
				  struct simulation *simulation) WARN_UNUSED;

#endif
