/* SPDX-License-Identifier: Apache-2.0
 * Where the nodes of a pathway stand when it is drawn: in layers, each behind what comes first, and in rows within them. Pure. */
#ifndef RULES_LAYOUT_H
#define RULES_LAYOUT_H

#include "base/graph.h"

struct graph_place {
	int layer, row;   /* from 0; of a group the first of what is in it */
	int layers, rows; /* so many; 1 of a step */
};

/* As many as there are nodes, of a graph that is linked; talloc'd on `owner`. A step stands in the layer behind the last one of all
 * that comes before it, or before a group around it: the longest way from the start. In a layer steps stand one below the other, what is
 * in a group together, and otherwise near what comes before them, so that few ways cross. A group spans what is in it. */
struct graph_place *graph_layers(void *owner, const struct graph *graph);

#endif
