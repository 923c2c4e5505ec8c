/* SPDX-License-Identifier: Apache-2.0
 * What kinds of nodes are called. */
#include "base/graph.h"

const char *const graph_kinds[] = {
	[GRAPH_ACHIEVEMENT] = "achievement", [GRAPH_SKILL] = "skill", [GRAPH_PATHWAY] = "pathway",
	[GRAPH_PROOF] = "proof", [GRAPH_GROUP] = "group", NULL};
