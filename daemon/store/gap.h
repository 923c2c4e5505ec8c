/* SPDX-License-Identifier: Apache-2.0
 * What people lack of what positions need, and what they would fit. Held means verified, now; what is claimed stands apart.
 * Lists within rows are JSON arrays. */
#ifndef STORE_GAP_H
#define STORE_GAP_H

#include "store/person.h"

struct store_gap_position {
	const char *id, *code, *name;
	long openings;
};
/* Of what is missing. */
struct store_gap_closing {
	const char *ways;       /* where to get it, fewest steps first: [{achievement or pathway, level, steps}] */
	const char *colleagues; /* who has it, nearest first: [{person, level, distance}] */
};
struct store_gap_skill {
	const char *id, *label;
	bool must; /* otherwise it is nice to have */
	long level, held, claimed; /* 0: it is not */
	const char *positions;  /* that ask for it: [{id, name}] */
	struct store_gap_closing closing;
};
/* Their own positions; with `position` that one. */
enum skd_outcome store_gap_positions(struct skd_call *call, const char *person_id, const char *position_id,
				     struct store_gap_position **positions, size_t *count) WARN_UNUSED;
/* What is missing first. Claims only if shared, unless `claims`; colleagues of whom `sight` reaches that they hold it. */
enum skd_outcome store_gap_person(struct skd_call *call, const struct sight *sight, const char *person_id, bool claims,
				  size_t count, const struct store_gap_position *positions, struct store_gap_skill **skills,
				  size_t *skill_count) WARN_UNUSED;

/* Of the people of a unit, and of those below it, whom one sees. */
struct store_gap_unit {
	const char *id, *label;
	bool must;
	int64_t level, needed, held; /* people who need it at this level; and those of them who hold it */
	struct store_gap_closing closing; /* where steps are those of somebody who has nothing, and near is near the unit */
};
/* Each measured against their own positions; with `position` all against that one. By label, need and level. `people`: how
 * many there are. Colleagues of whom `sight` reaches that they hold it. */
enum skd_outcome store_gap_unit(struct skd_call *call, const struct sight *sight, const char *unit_id, const char *position_id,
				struct store_gap_unit **rows, size_t *count, int64_t *people) WARN_UNUSED;

struct store_opening {
	struct store_gap_position position;
	bool fits;  /* all that they must have is held */
	long fit;   /* per cent: a must counts twice, and a level that is partly there in part */
	const char *why, *why_not; /* JSON: [{skill, need, level, held}] */
};
/* Positions with openings that they have not, of which they hold anything, best fit first, at most `most`. */
enum skd_outcome store_opening_list(struct skd_call *call, const char *person_id, long most, struct store_opening **openings,
				    size_t *count) WARN_UNUSED;

#endif
