/* SPDX-License-Identifier: Apache-2.0
 * The pathways of one person as they live in them: where they stand, what is next, what blocks, when they may be done, and the graph
 * to be drawn. */
#ifndef RULES_PATHWAY_VIEW_H
#define RULES_PATHWAY_VIEW_H

#include "rules/layout.h"
#include "rules/standing.h"

struct pathway_view {
	struct store_enrolment enrolment;
	struct standing standing;
	struct graph_place *places; /* of the nodes of its graph */
	const char *words;          /* a sentence */
	int64_t finish;             /* TIME_NEVER: not known */
};
/* Those of one's own, with person_id NULL, or of somebody who is seen; of those in a state, or with NULL all but what was left.
 * Right at this moment: what changed since is computed. `apart`: the call is in no transaction, and this is one of its own. ABSENT;
 * DENIED to who is no person. */
enum skd_outcome pathway_view_list(struct skd_call *call, const char *person_id, const char *state, bool apart, struct list *list,
				   struct pathway_view **views, size_t *count) WARN_UNUSED;

/* ---- pure ---- */

/* What a node is called: as it says, or as what it stands for, or by its id. */
const char *view_name(const struct graph_node *node);
/* A sentence on where somebody stands: "4 of 6 steps done; next: Fire safety or First aid". */
const char *view_words(void *owner, const struct store_enrolment *enrolment, const struct graph *graph, const struct progress *progress);
/* Why a node is blocked, as a sentence: "Fire safety comes first", "First aid is not issued any more". */
const char *view_why(void *owner, const struct graph *graph, const struct progress *progress, size_t place);
/* When who began at `began` and has `did` steps since then is done with `left` more, at their pace so far. TIME_NEVER where that is
 * not known: nothing done, nothing left, on it for less than a day, or ten years and more to go. */
int64_t view_finish(int64_t began, int64_t now, size_t did, size_t left);

#endif
