/* SPDX-License-Identifier: Apache-2.0
 * Graphs, linked. A node has two ends, where it begins and where it is over: what is in a group begins after the group and is
 * over before it, and who comes after a node begins when that is over. So one walk finds each cycle, also those through
 * groups. Nothing recurses, and all takes as long as there are nodes and edges, but for finding names. */
#include "rules/graph.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { CYCLE_SHOWN = 20 };

static const char *field(struct skd_call *call, const char *at, size_t place, const char *member)
{
	return talloc_asprintf(call, "%s/%zu/%s", at, place, member);
}

/* ---- names ---- */

static int by_id(const void *a, const void *b, void *nodes)
{
	const struct graph_node *const all = nodes;
	int left = *(const int *)a, right = *(const int *)b, order = strcmp(all[left].id, all[right].id);
	return order ? order : left - right;
}

/* Places in the order of ids. */
static enum skd_outcome ids_sort(struct skd_call *call, const char *at, const struct graph *graph, int **sorted)
{
	int *places = *sorted = talloc_array(call, int, graph->count + 1), twice = GRAPH_NONE;
	for (size_t i = 0; i < graph->count; i++)
		places[i] = (int)i;
	qsort_r(places, graph->count, sizeof *places, by_id, graph->nodes);
	for (size_t i = 1; i < graph->count; i++)
		if (strcmp(graph->nodes[places[i - 1]].id, graph->nodes[places[i]].id) == 0 && (twice < 0 || places[i] < twice))
			twice = places[i];
	if (twice >= 0)
		return fail_field(call, field(call, at, (size_t)twice, "id"), "%s is there twice", text_shown(call, graph->nodes[twice].id));
	return SKD_OK;
}

static int place_of(const struct graph *graph, const int *sorted, const char *id)
{
	size_t from = 0, to = graph->count;
	while (from < to) {
		size_t middle = (from + to) / 2;
		int order = strcmp(graph->nodes[sorted[middle]].id, id);
		if (order == 0)
			return sorted[middle];
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return GRAPH_NONE;
}

/* `seen`: for each place, behind whom it was named last, from 1. */
static enum skd_outcome after_link(struct skd_call *call, const char *at, struct graph *graph, const int *sorted, size_t place, int *seen)
{
	struct graph_node *node = &graph->nodes[place];
	node->before = talloc_array(call, int, node->after_count + 1);
	for (size_t i = 0; i < node->after_count; i++) {
		int first = node->before[i] = place_of(graph, sorted, node->after[i]);
		const char *where = talloc_asprintf(call, "%s/%zu/after/%zu", at, place, i);
		if (first < 0)
			return fail_field(call, where, "there is no node %s", text_shown(call, node->after[i]));
		if (seen[first] == (int)place + 1)
			return fail_field(call, where, "is there twice");
		seen[first] = (int)place + 1;
	}
	return SKD_OK;
}

static enum skd_outcome group_link(struct skd_call *call, const char *at, struct graph *graph, const int *sorted, size_t place)
{
	struct graph_node *node = &graph->nodes[place];
	node->group = GRAPH_NONE;
	if (!node->within)
		return SKD_OK;
	node->group = place_of(graph, sorted, node->within);
	if (node->group >= 0 && graph->nodes[node->group].kind == GRAPH_GROUP)
		return SKD_OK;
	return fail_field(call, field(call, at, place, "within"), node->group < 0 ? "there is no node %s" : "%s is no group",
			  text_shown(call, node->within));
}

static enum skd_outcome names_link(struct skd_call *call, const char *at, struct graph *graph)
{
	int *sorted, *seen = talloc_zero_array(call, int, graph->count + 1);
	TRY(ids_sort(call, at, graph, &sorted));
	for (size_t i = 0; i < graph->count; i++) {
		TRY(after_link(call, at, graph, sorted, i, seen));
		TRY(group_link(call, at, graph, sorted, i));
	}
	return SKD_OK;
}

/* ---- order ---- */

/* Ends are numbered 2 * place where a node begins, one more where it is over; edges lie together by where they begin. */
struct edges {
	size_t *first; /* of each end, and one behind the last */
	int *to;
	int *open; /* of each end: edges to it that were not walked yet */
};

static void edge_add(struct edges *edges, int from, int to, bool counting)
{
	if (counting) {
		edges->first[from + 1]++;
		edges->open[to]++;
	} else {
		edges->to[edges->first[from]++] = to;
	}
}

static size_t edges_add(const struct graph *graph, struct edges *edges, bool counting)
{
	size_t total = 0;
	for (int i = 0; i < (int)graph->count; i++) {
		const struct graph_node *node = &graph->nodes[i];
		edge_add(edges, 2 * i, 2 * i + 1, counting);
		for (size_t k = 0; k < node->after_count; k++)
			edge_add(edges, 2 * node->before[k] + 1, 2 * i, counting);
		if (node->group >= 0) {
			edge_add(edges, 2 * node->group, 2 * i, counting);
			edge_add(edges, 2 * i + 1, 2 * node->group + 1, counting);
		}
		total += 1 + node->after_count + (node->group >= 0 ? 2 : 0);
	}
	return total;
}

static void edges_make(struct skd_call *call, const struct graph *graph, struct edges *edges)
{
	size_t ends = 2 * graph->count;
	edges->first = talloc_zero_array(call, size_t, ends + 2);
	edges->open = talloc_zero_array(call, int, ends + 1);
	edges->to = talloc_array(call, int, edges_add(graph, edges, true) + 1);
	for (size_t i = 1; i <= ends; i++)
		edges->first[i] += edges->first[i - 1];
	edges_add(graph, edges, false);
	memmove(edges->first + 1, edges->first, ends * sizeof *edges->first); /* each was moved to where the next begins */
	edges->first[0] = 0;
}

/* Kahn's way. How many nodes have a place in the order: all but those in cycles, or behind one. */
static size_t order_find(struct skd_call *call, struct graph *graph, struct edges *edges)
{
	int *ready = talloc_array(call, int, 2 * graph->count + 1);
	size_t head = 0, tail = 0, found = 0;
	graph->order = talloc_array(call, int, graph->count + 1);
	for (int i = 0; i < 2 * (int)graph->count; i++)
		if (!edges->open[i])
			ready[tail++] = i;
	while (head < tail) {
		int end = ready[head++];
		if (end % 2)
			graph->order[found++] = end / 2;
		for (size_t i = edges->first[end]; i < edges->first[end + 1]; i++)
			if (--edges->open[edges->to[i]] == 0)
				ready[tail++] = edges->to[i];
	}
	return found;
}

/* For each end that was not reached, one before it that was not either: who follows these comes round in the end. */
static int *befores_find(struct skd_call *call, const struct graph *graph, const struct edges *edges)
{
	int *before = talloc_array(call, int, 2 * graph->count + 1);
	for (int from = 2 * (int)graph->count - 1; from >= 0; from--)
		for (size_t i = edges->first[from]; edges->open[from] && i < edges->first[from + 1]; i++)
			before[edges->to[i]] = from;
	for (size_t i = 0; i < graph->count; i++)
		if (edges->open[2 * i])
			before[2 * i + 1] = (int)(2 * i); /* not by way of what is in it: a node is passed once */
	return before;
}

/* The places of a cycle, each before the next; how many. A node both of whose ends are in it is named once. */
static size_t cycle_find(struct skd_call *call, const struct graph *graph, const struct edges *edges, int **cycle)
{
	int *before = befores_find(call, graph, edges), end = 0, start;
	bool *passed = talloc_zero_array(call, bool, 2 * graph->count + 1);
	size_t count = 0, size = 2 * graph->count;
	int *places = *cycle = talloc_array(call, int, size + 1);
	while (!edges->open[end])
		end++;
	for (; !passed[end]; end = before[end])
		passed[end] = true;
	start = end;
	do {
		if (!count || places[size - count] != end / 2)
			places[size - ++count] = end / 2;
		end = before[end];
	} while (end != start);
	*cycle = places + (size - count);
	if (count > 1 && (*cycle)[0] == (*cycle)[count - 1])
		count--;
	return count;
}

static enum skd_outcome cycle_fail(struct skd_call *call, const char *at, const struct graph *graph, const struct edges *edges)
{
	int *cycle;
	size_t count = cycle_find(call, graph, edges, &cycle), least = 0;
	struct text text;
	for (size_t i = 1; i < count; i++)
		if (cycle[i] < cycle[least])
			least = i;
	text_begin(&text, call, 256);
	for (size_t i = 0; i < count; i++) {
		if (count > CYCLE_SHOWN && i == CYCLE_SHOWN) {
			text_addf(&text, "(%zu more) > ", count - CYCLE_SHOWN);
			break;
		}
		text_addf(&text, "%s > ", text_shown(call, graph->nodes[cycle[(least + i) % count]].id));
	}
	text_adds(&text, text_shown(call, graph->nodes[cycle[least]].id));
	return fail_field(call, at, "is a cycle: %s", text_end(&text));
}

static enum skd_outcome order_link(struct skd_call *call, const char *at, struct graph *graph)
{
	struct edges edges;
	edges_make(call, graph, &edges);
	return order_find(call, graph, &edges) == graph->count ? SKD_OK : cycle_fail(call, at, graph, &edges);
}

/* ---- what is needed ---- */

static enum skd_outcome groups_check(struct skd_call *call, const char *at, const struct graph *graph)
{
	long *members = talloc_zero_array(call, long, graph->count + 1);
	for (size_t i = 0; i < graph->count; i++)
		if (graph->nodes[i].group >= 0)
			members[graph->nodes[i].group]++;
	for (size_t i = 0; i < graph->count; i++) {
		const struct graph_node *node = &graph->nodes[i];
		if (node->kind != GRAPH_GROUP)
			continue;
		if (!members[i])
			return fail_field(call, talloc_asprintf(call, "%s/%zu", at, i), "is a group with nothing in it");
		if (node->need != GRAPH_ALL && (node->need < 1 || node->need > members[i]))
			return fail_field(call, field(call, at, i, "need"), "must be from 1 to %ld, as many as are in the group", members[i]);
	}
	return SKD_OK;
}

/* A step counts unless it, or a group around it, is optional; of a group that needs a number, also what is optional may be
 * what was needed. Groups first: the order has them last. */
static enum skd_outcome needed_check(struct skd_call *call, const char *at, const struct graph *graph)
{
	bool *counts = talloc_zero_array(call, bool, graph->count + 1);
	for (size_t i = graph->count; i-- > 0;) {
		int place = graph->order[i];
		const struct graph_node *node = &graph->nodes[place], *group = node->group < 0 ? NULL : &graph->nodes[node->group];
		counts[place] = (!node->optional || (group && group->need != GRAPH_ALL)) && (!group || counts[node->group]);
		if (counts[place] && node->kind != GRAPH_GROUP)
			return SKD_OK;
	}
	return fail_field(call, at, "must have a step that is not optional");
}

enum skd_outcome graph_link(struct skd_call *call, const char *at, struct graph *graph)
{
	if (graph->count > GRAPH_NODES_MAX)
		return fail_field(call, at, "must be at most %d", GRAPH_NODES_MAX);
	TRY(names_link(call, at, graph));
	TRY(order_link(call, at, graph));
	TRY(groups_check(call, at, graph));
	return needed_check(call, at, graph);
}
