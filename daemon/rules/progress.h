/* SPDX-License-Identifier: Apache-2.0
 * How far somebody is on a pathway: computed from the graph and from what is so of each step, and from nothing else. */
#ifndef RULES_PROGRESS_H
#define RULES_PROGRESS_H

#include "rules/graph.h"

enum progress_state {
	PROGRESS_DONE,
	PROGRESS_OPEN,    /* can be done now */
	PROGRESS_BLOCKED, /* something comes first, or it is gone */
	PROGRESS_SPARE    /* not done, and not needed: optional, or its group has enough without it */
};
struct progress_node {
	enum progress_state state;
	int blocked_by; /* of what is not done, where the order is enforced: the first that comes before it, or before its group, and is not done; GRAPH_NONE */
	int stuck;      /* the step because of which this cannot be done any more: itself, one in it or one that it waits for; GRAPH_NONE */
	long percent;   /* 0 to 100 */
};
struct progress {
	struct progress_node *nodes; /* as many as the graph's */
	long percent; /* 0 to 100, by weight; 100 just when it is complete */
	bool complete;
	int64_t completed_at; /* when the last that was needed became so; TIME_NEVER: it is not */
	size_t done, needed;  /* steps */
	int stuck;    /* the step because of which it cannot be completed any more; GRAPH_NONE */
	size_t *next;         /* places of steps that can be done now: needed ones first, and of these, where the order is advised, those whose turn it is */
	size_t next_count;
};

/* `facts`: as many as the graph's nodes; those of groups are not read. A linked graph. Owned by the call; talloc_free() of
 * `nodes` frees all of it. What is done counts as done also where, with an enforced order, something before it is not (somebody
 * may have had it before); where the order is enforced it is blocked as long as it is not done and something before it is not.
 * A group counts in what it is in by its own weight, as what is in it does within it; of one that needs a number those count that
 * are furthest, and of two the one that weighs more. What is not done is at most 99 percent. What is gone changes states and what
 * is next, and nothing else. */
void progress_compute(struct skd_call *call, const struct graph *graph, const struct graph_fact *facts, struct progress *progress);

#endif
