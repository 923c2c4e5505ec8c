/* SPDX-License-Identifier: Apache-2.0
 * The graph of a pathway: steps, groups of them, and their order. Pure: knows nobody, reads no rows. */
#ifndef RULES_GRAPH_H
#define RULES_GRAPH_H

#include "base/call.h"

enum graph_kind { GRAPH_ACHIEVEMENT, GRAPH_SKILL, GRAPH_PATHWAY, GRAPH_PROOF, GRAPH_GROUP };
enum { GRAPH_NODES_MAX = 2000, GRAPH_NONE = -1, GRAPH_ALL = -1 };

/* As it is written. */
struct graph_node {
	const char *id, *name, *description;
	enum graph_kind kind;
	const char *ref; /* the achievement, skill or pathway that is meant; otherwise NULL */
	long level;      /* of a skill */
	bool optional;
	long weight;
	const char *const *after; /* ids of nodes that come first */
	size_t after_count;
	const char *within; /* id of the group that it is in, or NULL */
	long need;          /* of a group: so many of those in it, or GRAPH_ALL */
	const char *milestone; /* an achievement, or NULL */
	/* As graph_link() finds them: places in the graph. */
	int group; /* or GRAPH_NONE */
	int *before; /* after_count of them */
};
struct graph {
	struct graph_node *nodes;
	size_t count;
	bool enforced; /* the order; otherwise it is advised */
	int *order; /* of graph_link(): places, each behind what comes before it and behind what is in it */
};

/* Finds who is meant by which id. BAD_INPUT, naming the field under `at` ("/nodes"): ids that are there twice or are none,
 * what is after or within nothing, groups in themselves, groups of which more is needed than is in them, no step at all, more
 * than GRAPH_NODES_MAX; a cycle, naming it: "a > b > a". */
enum skd_outcome graph_link(struct skd_call *call, const char *at, struct graph *graph) WARN_UNUSED;

#endif
