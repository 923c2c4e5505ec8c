/* SPDX-License-Identifier: Apache-2.0
 * Layers and rows. Nothing recurses. */
#include "rules/layout.h"

#include "base/text.h"

#include <stdlib.h>

enum { UNKNOWN = -1 };

struct layout {
	const struct graph *graph;
	struct graph_place *places;
	int *begin; /* of each node: behind what comes before it, and before the groups around it; or UNKNOWN */
	int *chain;
	int *depth;    /* groups around it */
	double *pull;  /* sum of the rows of what comes before those that are in it and in the layer at hand … */
	int *pullers;  /* … and how many these are */
};

static struct layout layout_begin(void *owner, const struct graph *graph)
{
	size_t room = graph->count + 1;
	struct layout layout = {.graph = graph, .places = talloc_zero_array(owner, struct graph_place, room)};
	void *with = layout.places;
	layout.begin = talloc_array(with, int, room);
	layout.chain = talloc_array(with, int, room);
	layout.depth = talloc_zero_array(with, int, room);
	layout.pull = talloc_zero_array(with, double, room);
	layout.pullers = talloc_zero_array(with, int, room);
	for (size_t i = 0; i < graph->count; i++)
		layout.begin[i] = UNKNOWN;
	return layout;
}

/* ---- layers ---- */

static int behind(const struct layout *layout, const struct graph_node *node)
{
	int layer = 0;
	for (size_t i = 0; i < node->after_count; i++) {
		const struct graph_place *before = &layout->places[node->before[i]];
		if (before->layer + before->layers > layer)
			layer = before->layer + before->layers;
	}
	return layer;
}

/* All that comes before it has its layers already: the order of the graph sees to it. Groups around it first. */
static int begin_find(struct layout *layout, int place)
{
	const struct graph_node *nodes = layout->graph->nodes;
	size_t count = 0;
	for (int at = place; at >= 0 && layout->begin[at] == UNKNOWN; at = nodes[at].group)
		layout->chain[count++] = at;
	while (count) {
		int at = layout->chain[--count], own = behind(layout, &nodes[at]);
		int around = nodes[at].group < 0 ? 0 : layout->begin[nodes[at].group];
		layout->begin[at] = own > around ? own : around;
	}
	return layout->begin[place];
}

static void span(int *first, int *count, int from, int many)
{
	int end = *first + *count;
	if (!*count || from < *first)
		*first = from;
	if (!*count || from + many > end)
		end = from + many;
	*count = end - *first;
}

static void layers_find(struct layout *layout)
{
	const struct graph *graph = layout->graph;
	for (size_t i = 0; i < graph->count; i++) {
		int place = graph->order[i];
		struct graph_place *at = &layout->places[place];
		if (graph->nodes[place].kind != GRAPH_GROUP)
			*at = (struct graph_place){.layer = begin_find(layout, place), .layers = 1};
		if (graph->nodes[place].group >= 0) {
			struct graph_place *group = &layout->places[graph->nodes[place].group];
			span(&group->layer, &group->layers, at->layer, at->layers);
		}
	}
	for (size_t i = graph->count; i-- > 0;) {
		int place = graph->order[i], group = graph->nodes[place].group;
		layout->depth[place] = group < 0 ? 0 : layout->depth[group] + 1;
	}
}

/* ---- rows ---- */

/* The mean row of what comes before the step, or where nothing does, before the nearest group around it. */
static double pull_of(const struct layout *layout, int place)
{
	const struct graph_node *nodes = layout->graph->nodes, *node = &nodes[place];
	double sum = 0;
	while (!node->after_count && node->group >= 0)
		node = &nodes[node->group];
	for (size_t i = 0; i < node->after_count; i++) {
		const struct graph_place *before = &layout->places[node->before[i]];
		sum += before->row + (before->rows - 1) / 2.0;
	}
	return node->after_count ? sum / (double)node->after_count : 0;
}

static int by_layer(const void *a, const void *b, void *self)
{
	const struct layout *layout = self;
	int left = *(const int *)a, right = *(const int *)b;
	int order = layout->places[left].layer - layout->places[right].layer;
	return order ? order : left - right;
}

/* As whole groups, where they are in different ones. */
static int by_pull(const void *a, const void *b, void *self)
{
	const struct layout *layout = self;
	const struct graph_node *nodes = layout->graph->nodes;
	int left = *(const int *)a, right = *(const int *)b;
	while (layout->depth[left] > layout->depth[right])
		left = nodes[left].group;
	while (layout->depth[right] > layout->depth[left])
		right = nodes[right].group;
	while (nodes[left].group != nodes[right].group) {
		left = nodes[left].group;
		right = nodes[right].group;
	}
	double first = layout->pull[left] / layout->pullers[left], second = layout->pull[right] / layout->pullers[right];
	return first < second ? -1 : first > second ? 1 : left - right;
}

static void row_find(struct layout *layout, int *steps, size_t count)
{
	const struct graph_node *nodes = layout->graph->nodes;
	for (size_t i = 0; i < count; i++)
		for (int at = steps[i]; at >= 0; at = nodes[at].group)
			layout->pull[at] = layout->pullers[at] = 0;
	for (size_t i = 0; i < count; i++) {
		double pull = pull_of(layout, steps[i]);
		for (int at = steps[i]; at >= 0; at = nodes[at].group) {
			layout->pull[at] += pull;
			layout->pullers[at]++;
		}
	}
	qsort_r(steps, count, sizeof *steps, by_pull, layout);
	for (size_t i = 0; i < count; i++)
		for (int at = steps[i]; at >= 0; at = nodes[at].group)
			span(&layout->places[at].row, &layout->places[at].rows, (int)i, 1);
}

static void rows_find(struct layout *layout)
{
	const struct graph *graph = layout->graph;
	int *steps = layout->chain;
	size_t count = 0;
	for (size_t i = 0; i < graph->count; i++)
		if (graph->nodes[i].kind != GRAPH_GROUP)
			steps[count++] = (int)i;
	qsort_r(steps, count, sizeof *steps, by_layer, layout);
	for (size_t from = 0, to; from < count; from = to) {
		for (to = from + 1; to < count && layout->places[steps[to]].layer == layout->places[steps[from]].layer; to++)
			;
		row_find(layout, steps + from, to - from);
	}
}

struct graph_place *graph_layers(void *owner, const struct graph *graph)
{
	struct layout layout = layout_begin(owner, graph);
	layers_find(&layout);
	rows_find(&layout);
	return layout.places;
}
