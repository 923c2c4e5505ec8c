/* SPDX-License-Identifier: Apache-2.0
 * Graphs of pathways: names found, orders found, and each way of being wrong refused by name. */
#include "rules/graph.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int call_begin(void **state)
{
	*state = call_new("test", 60000);
	return 0;
}

static int call_end(void **state)
{
	talloc_free(*state);
	return 0;
}

/* Nodes as in "a; b:a; c:a,b; G()2; d:a/G": an id, what comes first, the group; () makes a group, with what it needs; ? is
 * optional. */
static struct graph_node node_of(struct skd_call *call, char *words)
{
	struct graph_node node = {.id = words, .kind = GRAPH_PROOF, .weight = 1, .need = GRAPH_ALL};
	char *group = strstr(words, "()"), *within = strchr(words, '/'), *after = strchr(words, ':'), *optional = strchr(words, '?');
	const char **ids = talloc_array(call, const char *, strlen(words) + 1);
	if (group) {
		node.kind = GRAPH_GROUP;
		node.need = group[2] >= '0' && group[2] <= '9' ? atol(group + 2) : GRAPH_ALL;
		*group = '\0';
	}
	if (optional) {
		node.optional = true;
		*optional = '\0';
	}
	if (within) {
		node.within = within + 1;
		*within = '\0';
	}
	if (after) {
		*after = '\0';
		for (char *rest = after + 1, *id = strsep(&rest, ","); id; id = strsep(&rest, ","))
			ids[node.after_count++] = id;
	}
	node.after = ids;
	return node;
}

static struct graph graph_of(struct skd_call *call, const char *words)
{
	char *rest = talloc_strdup(call, words);
	struct graph graph = {.nodes = talloc_zero_array(call, struct graph_node, strlen(words) + 1)};
	for (char *one = strsep(&rest, ";"); one; one = strsep(&rest, ";"))
		if (*(one += strspn(one, " ")))
			graph.nodes[graph.count++] = node_of(call, one);
	return graph;
}

static struct graph linked(void **state, const char *words)
{
	struct graph graph = graph_of(*state, words);
	if (graph_link(*state, "/nodes", &graph) != SKD_OK)
		fail_msg("\"%s\": %s", words, ((struct skd_call *)*state)->errors[0].message);
	return graph;
}

static void refused(void **state, const char *words, const char *field, const char *message)
{
	struct skd_call *call = *state;
	struct graph graph = graph_of(call, words);
	assert_int_equal(graph_link(call, "/nodes", &graph), SKD_BAD_INPUT);
	assert_int_equal(call->error_count, 1);
	assert_string_equal(call->errors[0].field, field);
	assert_string_equal(call->errors[0].message, message);
	call_forgive(call);
}

static int turn_of(const struct graph *graph, const char *id)
{
	for (size_t i = 0; i < graph->count; i++)
		if (strcmp(graph->nodes[graph->order[i]].id, id) == 0)
			return (int)i;
	fail_msg("%s has no place in the order", id);
	return -1;
}

static void names_become_places(void **state)
{
	struct graph graph = linked(state, "b:a; a; G()1; c:a,b/G; H(); G2()/H; d/G2");
	assert_int_equal(graph.nodes[0].before[0], 1);
	assert_int_equal(graph.nodes[3].before[0], 1);
	assert_int_equal(graph.nodes[3].before[1], 0);
	assert_int_equal(graph.nodes[3].group, 2);
	assert_int_equal(graph.nodes[0].group, GRAPH_NONE);
	assert_int_equal(graph.nodes[6].group, 5);
	assert_int_equal(graph.nodes[5].group, 4);
}

static void the_order_has_each_behind_what_comes_first_and_what_is_in_it(void **state)
{
	struct graph graph = linked(state, "end:G; G():start; in1/G; in2:in1/G; start");
	assert_true(turn_of(&graph, "start") < turn_of(&graph, "in1"));
	assert_true(turn_of(&graph, "in1") < turn_of(&graph, "in2"));
	assert_true(turn_of(&graph, "in2") < turn_of(&graph, "G"));
	assert_true(turn_of(&graph, "G") < turn_of(&graph, "end"));
}

static void who_is_meant_must_be_there_once(void **state)
{
	refused(state, "a; b; a", "/nodes/2/id", "a is there twice");
	refused(state, "a; a; a", "/nodes/1/id", "a is there twice");
	refused(state, "a; b:c", "/nodes/1/after/0", "there is no node c");
	refused(state, "a; b:a,c", "/nodes/1/after/1", "there is no node c");
	refused(state, "a; b:a,a", "/nodes/1/after/1", "is there twice");
	refused(state, "a; b/c", "/nodes/1/within", "there is no node c");
	refused(state, "a; b/a", "/nodes/1/within", "a is no group");
	refused(state, "a; b:A", "/nodes/1/after/0", "there is no node A");
	linked(state, "\xf0\x9f\xa6\x8a; b:\xf0\x9f\xa6\x8a");
}

static void groups_have_what_they_need(void **state)
{
	refused(state, "a; G()", "/nodes/1", "is a group with nothing in it");
	refused(state, "G()3; a/G; b/G", "/nodes/0/need", "must be from 1 to 2, as many as are in the group");
	refused(state, "G()0; a/G; b/G", "/nodes/0/need", "must be from 1 to 2, as many as are in the group");
	linked(state, "G()2; a/G; b/G");
	linked(state, "G()1; a/G; b/G");
}

static void something_must_have_to_be_done(void **state)
{
	refused(state, "", "/nodes", "must have a step that is not optional");
	refused(state, "a?", "/nodes", "must have a step that is not optional");
	refused(state, "G()?; a/G", "/nodes", "must have a step that is not optional");
	refused(state, "G(); a/G?", "/nodes", "must have a step that is not optional");
	refused(state, "H()?; G()/H; a/G", "/nodes", "must have a step that is not optional");
	linked(state, "a?; b");
	linked(state, "G()1; a/G?; b/G?");
}

static void cycles_are_named(void **state)
{
	refused(state, "a:a", "/nodes", "is a cycle: a > a");
	refused(state, "a:b; b:a", "/nodes", "is a cycle: a > b > a");
	refused(state, "x; a:c; b:a; c:b", "/nodes", "is a cycle: a > b > c > a");
	/* What is before or behind one is not in it. */
	refused(state, "x; a:x,c; b:a; c:b; y:c; z:y", "/nodes", "is a cycle: a > b > c > a");
}

static void cycles_through_groups_are_named(void **state)
{
	refused(state, "G()/G; a", "/nodes", "is a cycle: G > G");
	refused(state, "G()/H; H()/G; a", "/nodes", "is a cycle: G > H > G");
	/* What is in a group cannot wait for all of it, nor the group for what is in it. */
	refused(state, "G(); a:G/G", "/nodes", "is a cycle: G > a > G");
	refused(state, "G():a; a/G", "/nodes", "is a cycle: G > a > G");
	/* G begins after x, so what is in it does; x waits for that. */
	refused(state, "x:a; G():x; a/G", "/nodes", "is a cycle: x > G > a > x");
	refused(state, "x:G; G(); a:x/G", "/nodes", "is a cycle: x > a > G > x");
	refused(state, "H(); G()/H; a:b/G; b:H", "/nodes", "is a cycle: H > b > a > G > H");
	linked(state, "G(); a/G; b:a/G; c:G");
	linked(state, "G(); H():G; a/G; b:a/H");
}

/* Node i comes after node i - 1, and the first after the last of `size`. */
static struct graph ring(struct skd_call *call, size_t size, size_t count)
{
	struct graph graph = {.nodes = talloc_zero_array(call, struct graph_node, count + 1), .count = count};
	const char **ids = talloc_array(graph.nodes, const char *, count);
	for (size_t i = 0; i < count; i++)
		ids[i] = talloc_asprintf(ids, "n%zu", i);
	for (size_t i = 0; i < count; i++) {
		graph.nodes[i] = (struct graph_node){.id = ids[i], .kind = GRAPH_PROOF, .weight = 1, .need = GRAPH_ALL};
		graph.nodes[i].after = i ? &ids[i - 1] : &ids[size - 1];
		graph.nodes[i].after_count = i || size;
	}
	return graph;
}

static void a_cycle_of_any_length_is_found(void **state)
{
	struct skd_call *call = *state;
	for (size_t size = 1; size <= GRAPH_NODES_MAX; size += size < 50 ? 1 : 65) {
		struct graph graph = ring(call, size, size);
		assert_int_equal(graph_link(call, "/nodes", &graph), SKD_BAD_INPUT);
		const char *message = call->errors[0].message;
		assert_non_null(strstr(message, "is a cycle: n0 > "));
		assert_string_equal(message + strlen(message) - 5, " > n0");
		size_t named = 0;
		for (const char *at = strstr(message, " > "); at; at = strstr(at + 3, " > "))
			named++;
		assert_int_equal(named, size <= 20 ? size : 21);
		if (size > 20)
			assert_non_null(strstr(message, talloc_asprintf(call, "n19 > (%zu more) > n0", size - 20)));
		call_forgive(call);
		talloc_free(graph.nodes);
	}
}

static void as_many_nodes_as_there_may_be(void **state)
{
	struct skd_call *call = *state;
	struct graph graph = ring(call, 0, GRAPH_NODES_MAX);
	assert_int_equal(graph_link(call, "/nodes", &graph), SKD_OK);
	for (int i = 0; i < GRAPH_NODES_MAX; i++)
		assert_int_equal(graph.order[i], i);
	graph = ring(call, 0, GRAPH_NODES_MAX + 1);
	assert_int_equal(graph_link(call, "/nodes", &graph), SKD_BAD_INPUT);
	assert_string_equal(call->errors[0].message, "must be at most 2000");
}

/* Groups within groups, and everything after everything before it. */
static void the_deepest_and_the_densest(void **state)
{
	struct skd_call *call = *state;
	struct graph deep = ring(call, 0, GRAPH_NODES_MAX), dense = ring(call, 0, GRAPH_NODES_MAX);
	const char **ids = talloc_array(call, const char *, GRAPH_NODES_MAX);
	for (size_t i = 0; i < GRAPH_NODES_MAX; i++) {
		ids[i] = dense.nodes[i].id;
		deep.nodes[i].kind = i == GRAPH_NODES_MAX - 1 ? GRAPH_PROOF : GRAPH_GROUP;
		deep.nodes[i].after_count = 0;
		deep.nodes[i].within = i ? deep.nodes[i - 1].id : NULL;
		dense.nodes[i].after = ids;
		dense.nodes[i].after_count = i;
	}
	assert_int_equal(graph_link(call, "/nodes", &deep), SKD_OK);
	assert_int_equal(graph_link(call, "/nodes", &dense), SKD_OK);
	for (int i = 0; i < GRAPH_NODES_MAX; i++) {
		assert_int_equal(deep.order[i], GRAPH_NODES_MAX - 1 - i);
		assert_int_equal(dense.order[i], i);
	}
}

/* Edges only from lower to higher places are never a cycle; one back across any of them, always. */
static void random_graphs_are_judged_right(void **state)
{
	struct skd_call *call = *state;
	unsigned seed = 7;
	for (int round = 0; round < 200; round++) {
		size_t count = 2 + (size_t)rand_r(&seed) % 60;
		struct graph graph = ring(call, 0, count);
		for (size_t i = 1; i < count; i++)
			graph.nodes[i].after = &graph.nodes[(size_t)rand_r(&seed) % i].id;
		assert_int_equal(graph_link(call, "/nodes", &graph), SKD_OK);
		size_t last = 1 + (size_t)rand_r(&seed) % (count - 1), first = last;
		for (int up = rand_r(&seed) % 5; first && (up-- || first == last);)
			first = (size_t)graph.nodes[first].before[0];
		graph.nodes[first].after = &graph.nodes[last].id;
		graph.nodes[first].after_count = 1;
		assert_int_equal(graph_link(call, "/nodes", &graph), SKD_BAD_INPUT);
		call_forgive(call);
		talloc_free(graph.nodes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names_become_places, call_begin, call_end),
		cmocka_unit_test_setup_teardown(the_order_has_each_behind_what_comes_first_and_what_is_in_it, call_begin, call_end),
		cmocka_unit_test_setup_teardown(who_is_meant_must_be_there_once, call_begin, call_end),
		cmocka_unit_test_setup_teardown(groups_have_what_they_need, call_begin, call_end),
		cmocka_unit_test_setup_teardown(something_must_have_to_be_done, call_begin, call_end),
		cmocka_unit_test_setup_teardown(cycles_are_named, call_begin, call_end),
		cmocka_unit_test_setup_teardown(cycles_through_groups_are_named, call_begin, call_end),
		cmocka_unit_test_setup_teardown(a_cycle_of_any_length_is_found, call_begin, call_end),
		cmocka_unit_test_setup_teardown(as_many_nodes_as_there_may_be, call_begin, call_end),
		cmocka_unit_test_setup_teardown(the_deepest_and_the_densest, call_begin, call_end),
		cmocka_unit_test_setup_teardown(random_graphs_are_judged_right, call_begin, call_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
