/* SPDX-License-Identifier: Apache-2.0
 * Where nodes stand: each place is worked out by hand. */
#include "rules/layout.h"

#include "base/text.h"
#include "rules/graph.h"

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

/* "b:a,c/G": b comes after a and c, and is in G; "G()" is a group. */
static struct graph_node node_of(struct skd_call *call, char *words)
{
	struct graph_node node = {.kind = GRAPH_PROOF, .need = GRAPH_ALL, .weight = 1};
	const char **ids = talloc_array(call, const char *, strlen(words) + 1);
	char *within = strchr(words, '/'), *after, *group = strchr(words, '(');
	if (within) {
		node.within = within + 1;
		*within = '\0';
	}
	after = strchr(words, ':');
	if (after)
		*after = '\0';
	if (group) {
		node.kind = GRAPH_GROUP;
		*group = '\0';
	}
	for (char *rest = after ? after + 1 : NULL, *id = strsep(&rest, ","); id; id = strsep(&rest, ","))
		ids[node.after_count++] = id;
	node.after = ids;
	node.id = words;
	return node;
}

static struct graph graph_of(struct skd_call *call, const char *words)
{
	char *rest = talloc_strdup(call, words);
	struct graph graph = {.nodes = talloc_zero_array(call, struct graph_node, strlen(words) + 1)};
	for (char *one = strsep(&rest, " "); one; one = strsep(&rest, " "))
		graph.nodes[graph.count++] = node_of(call, one);
	assert_int_equal(graph_link(call, "/nodes", &graph), SKD_OK);
	return graph;
}

/* Each node with its layer and row, and of a group how many of each it spans. */
static void check(struct skd_call *call, const char *words, const char *wanted)
{
	struct graph graph = graph_of(call, words);
	struct graph_place *places = graph_layers(call, &graph);
	struct text text;
	text_begin(&text, call, 100);
	for (size_t i = 0; i < graph.count; i++) {
		text_addf(&text, "%s%s%d.%d", i ? " " : "", graph.nodes[i].id, places[i].layer, places[i].row);
		if (graph.nodes[i].kind == GRAPH_GROUP)
			text_addf(&text, "+%d.%d", places[i].layers, places[i].rows);
		else
			assert_true(places[i].layers == 1 && places[i].rows == 1);
	}
	assert_string_equal(text_end(&text), wanted);
}

static void what_is_in_no_order_stands_below_each_other(void **state)
{
	check(*state, "a", "a0.0");
	check(*state, "c a b", "c0.0 a0.1 b0.2");
}

static void a_layer_is_the_longest_way(void **state)
{
	check(*state, "a b:a c:b", "a0.0 b1.0 c2.0");
	check(*state, "c:b b:a a", "c2.0 b1.0 a0.0");
	check(*state, "a b:a c:a,b", "a0.0 b1.0 c2.0");
	check(*state, "a b:a c:a d:b,c e:a", "a0.0 b1.0 c1.1 d2.0 e1.2");
}

/* In the order in which they are written, these ways would cross. */
static void ways_do_not_cross_where_they_need_not(void **state)
{
	check(*state, "a b c:b d:a", "a0.0 b0.1 c1.1 d1.0");
	check(*state, "a b c x:c y:b z:a", "a0.0 b0.1 c0.2 x1.2 y1.1 z1.0");
	/* x stands between 0 and 2, at 1, where y stands too, which comes later; z at 0. */
	check(*state, "a b c x:a,c y:b z:a", "a0.0 b0.1 c0.2 x1.1 y1.2 z1.0");
}

/* Whatever comes after a group comes after all that is in it, and what is in it after whatever it does. */
static void groups_span_what_is_in_them(void **state)
{
	check(*state, "G() a/G b/G", "G0.0+1.2 a0.0 b0.1");
	check(*state, "s G():s a/G b:a/G t:G", "s0.0 G1.0+2.1 a1.0 b2.0 t3.0");
	check(*state, "G() a/G b/G t:G u:a", "G0.0+1.2 a0.0 b0.1 t1.1 u1.0");
	/* a waits for something that is outside; the group begins where b does. */
	check(*state, "x y:x G() a:y/G b/G", "x0.0 y1.0 G0.0+3.2 a2.0 b0.1");
	check(*state, "x y:x G():x a:y/G", "x0.0 y1.0 G2.0+1.1 a2.0");
}

static void groups_in_groups(void **state)
{
	check(*state, "s G():s H()/G a/H b:a/H c/G t:G", "s0.0 G1.0+2.2 H1.0+2.1 a1.0 b2.0 c1.1 t3.0");
	check(*state, "s H():s/G G() a/H", "s0.0 H1.0+1.1 G1.0+1.1 a1.0");
}

/* b and d are in the group: they stay together, though what is between them in the document is not. */
static void what_is_in_a_group_stays_together(void **state)
{
	check(*state, "a G() b/G c d/G", "a0.0 G0.1+1.2 b0.1 c0.3 d0.2");
	/* p and q pull the members of G to 0 and 2, so to 1 as a whole; m is pulled to 1 and comes later. */
	check(*state, "p n q G() x:p/G m:n y:q/G", "p0.0 n0.1 q0.2 G1.0+1.2 x1.0 m1.2 y1.1");
}

/* As the track of a language with all its exercises: concepts one behind the other, and behind each several exercises. */
static void as_many_as_there_may_be(void **state)
{
	struct skd_call *call = *state;
	struct text text;
	text_begin(&text, call, 65536);
	for (int i = 0; i < 500; i++) {
		text_addf(&text, i ? " c%d:c%d" : "c%d", i, i - 1);
		text_addf(&text, " x%d:c%d y%d:c%d z%d:x%d,y%d", i, i, i, i, i, i, i);
	}
	struct graph graph = graph_of(call, text_end(&text));
	struct graph_place *places = graph_layers(call, &graph);
	assert_int_equal(graph.count, 2000);
	for (int i = 0; i < 500; i++) {
		assert_int_equal(places[4 * i].layer, i);
		assert_int_equal(places[4 * i + 1].layer, i + 1);
		assert_int_equal(places[4 * i + 3].layer, i + 2);
	}
	/* The second layer is x0, y0, c1. In the third z0 stands behind the first two of them, and x1, y1 and c2 behind the last one. */
	static const int third[] = {3, 5, 6, 8};
	for (int i = 0; i < 4; i++)
		assert_int_equal(places[third[i]].row, i);
}

static void two_thousand_groups_within_each_other(void **state)
{
	struct skd_call *call = *state;
	struct text text;
	text_begin(&text, call, 65536);
	text_adds(&text, "g0()");
	for (int i = 1; i < 1000; i++)
		text_addf(&text, " g%d()/g%d", i, i - 1);
	for (int i = 0; i < 1000; i++)
		text_addf(&text, " s%d/g%d", i, i);
	struct graph graph = graph_of(call, text_end(&text));
	struct graph_place *places = graph_layers(call, &graph);
	assert_true(places[0].layers == 1 && places[0].rows == 1000 && places[999].rows == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_in_no_order_stands_below_each_other, call_begin, call_end),
		cmocka_unit_test_setup_teardown(a_layer_is_the_longest_way, call_begin, call_end),
		cmocka_unit_test_setup_teardown(ways_do_not_cross_where_they_need_not, call_begin, call_end),
		cmocka_unit_test_setup_teardown(groups_span_what_is_in_them, call_begin, call_end),
		cmocka_unit_test_setup_teardown(groups_in_groups, call_begin, call_end),
		cmocka_unit_test_setup_teardown(what_is_in_a_group_stays_together, call_begin, call_end),
		cmocka_unit_test_setup_teardown(as_many_as_there_may_be, call_begin, call_end),
		cmocka_unit_test_setup_teardown(two_thousand_groups_within_each_other, call_begin, call_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
