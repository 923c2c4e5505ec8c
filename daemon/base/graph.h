/* SPDX-License-Identifier: Apache-2.0
 * The graph of a pathway as it is in memory: steps, groups of them, their order. */
#ifndef BASE_GRAPH_H
#define BASE_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum graph_kind { GRAPH_ACHIEVEMENT, GRAPH_SKILL, GRAPH_PATHWAY, GRAPH_PROOF, GRAPH_GROUP };
enum { GRAPH_NODES_MAX = 2000, GRAPH_NONE = -1, GRAPH_ALL = -1 };

/* As it is written. */
struct graph_node {
	const char *id, *name, *description;
	enum graph_kind kind;
	const char *ref; /* the achievement, skill or pathway that is meant; otherwise NULL */
	const char *label; /* what that is called; not written */
	long level;      /* of a skill */
	bool optional;
	long weight;
	const char *const *after; /* ids of nodes that come first */
	size_t after_count;
	const char *within; /* id of the group that it is in, or NULL */
	long need;          /* of a group: so many of those in it, or GRAPH_ALL */
	const char *milestone; /* an achievement, or NULL */
	const char *milestone_label;
	/* As graph_link() (rules/graph.h) finds them: places in the graph. */
	int group; /* or GRAPH_NONE */
	int *before; /* after_count of them */
};
struct graph {
	struct graph_node *nodes;
	size_t count;
	bool enforced; /* the order; otherwise it is advised */
	int *order; /* of graph_link(): places, each behind what comes before it and behind what is in it */
};

/* What is so of a step, of one person. */
struct graph_fact {
	bool met;
	bool gone;     /* not met, and can be met no more: what is meant is not issued or begun any more */
	int64_t since; /* met from then on */
	long percent;  /* of a pathway within, that is not */
};

/* achievement, skill, pathway, proof, group; in the order of the enum, NULL at the end. */
extern const char *const graph_kinds[];

#endif
