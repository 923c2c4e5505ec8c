/* SPDX-License-Identifier: Apache-2.0
 * What somebody is told of a pathway, in words, and when they may be done. */
#include "rules/pathway_view.h"

#include "base/text.h"
#include "rules/graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const int64_t DAY = 86400000000;
static const char *const NONE[1], *const A[] = {"a"}, *const B[] = {"b"}, *const G[] = {"g"};

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

static struct graph_node step(const char *id, const char *const *after, const char *within)
{
	return (struct graph_node){.id = id, .kind = GRAPH_PROOF, .weight = 1, .need = GRAPH_ALL, .after = after,
				   .after_count = after[0] ? 1 : 0, .within = within};
}

struct scene {
	struct graph graph;
	struct progress progress;
	struct store_enrolment enrolment;
};

/* `met`: ids of steps that are done, one letter each; in upper case of those that are gone. */
static struct scene scene_of(struct skd_call *call, const struct graph_node *nodes, size_t count, bool enforced, const char *met,
			     const char *state)
{
	struct scene scene = {.graph = {.nodes = talloc_memdup(call, nodes, count * sizeof *nodes), .count = count, .enforced = enforced}};
	struct graph_fact *facts = talloc_zero_array(call, struct graph_fact, count);
	for (size_t i = 0; i < count; i++)
		facts[i] = (struct graph_fact){.met = strchr(met, nodes[i].id[0]) != NULL, .gone = strchr(met, nodes[i].id[0] - 'a' + 'A') != NULL};
	assert_int_equal(graph_link(call, "/nodes", &scene.graph), SKD_OK);
	progress_compute(call, &scene.graph, facts, &scene.progress);
	scene.enrolment = (struct store_enrolment){.state = state, .done = (long)scene.progress.done, .needed = (long)scene.progress.needed,
						   .completed_at = TIME_NEVER};
	return scene;
}

static const char *words(struct skd_call *call, const struct scene *scene)
{
	return view_words(call, &scene->enrolment, &scene->graph, &scene->progress);
}

static void words_say_what_is_next(void **state)
{
	struct skd_call *call = *state;
	struct graph_node one[] = {step("a", NONE, NULL)};
	struct scene scene = scene_of(call, one, 1, true, "", "active");
	assert_string_equal(words(call, &scene), "0 of 1 step done; next: a");
	for (size_t count = 2; count < 6; count++) {
		static const char *const wanted[] = {"a or b", "a, b or c", "a, b, c or 1 more", "a, b, c or 2 more"};
		struct graph_node many[] = {step("a", NONE, NULL), step("b", NONE, NULL), step("c", NONE, NULL), step("d", NONE, NULL),
					    step("e", NONE, NULL)};
		scene = scene_of(call, many, count, true, "", "active");
		assert_string_equal(words(call, &scene), talloc_asprintf(call, "0 of %zu steps done; next: %s", count, wanted[count - 2]));
	}
}

static void words_begin_with_the_state(void **state)
{
	struct skd_call *call = *state;
	static const struct {
		const char *state, *words;
	} wanted[] = {{"invited", "Invited: 1 of 2 steps done; next: b"}, {"paused", "Paused: 1 of 2 steps done; next: b"},
		      {"left", "Left: 1 of 2 steps done"}, {"active", "1 of 2 steps done; next: b"}};
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		struct graph_node nodes[] = {step("a", NONE, NULL), step("b", A, NULL)};
		struct scene scene = scene_of(call, nodes, 2, true, "a", wanted[i].state);
		assert_string_equal(words(call, &scene), wanted[i].words);
	}
	struct graph_node nodes[] = {step("a", NONE, NULL), step("b", A, NULL)};
	struct scene scene = scene_of(call, nodes, 2, true, "ab", "completed");
	assert_true(time_parse("2026-03-04T23:59:59Z", &scene.enrolment.completed_at));
	assert_string_equal(words(call, &scene), "Completed on 2026-03-04: 2 of 2 steps done");
}

/* Of an order that is advised just those whose turn it is, as long as there are such. */
static void words_follow_advice(void **state)
{
	struct skd_call *call = *state;
	struct graph_node nodes[] = {step("a", NONE, NULL), step("b", A, NULL), step("c", NONE, NULL)};
	struct scene scene = scene_of(call, nodes, 3, false, "", "active");
	assert_int_equal(scene.progress.next_count, 3);
	assert_string_equal(words(call, &scene), "0 of 3 steps done; next: a or c");
	struct graph_node behind[] = {step("a", NONE, NULL), step("b", A, NULL)};
	behind[0].optional = true;
	scene = scene_of(call, behind, 2, false, "", "active");
	assert_string_equal(words(call, &scene), "0 of 1 step done; next: b");
}

static void words_say_what_blocks_all_that_is_left(void **state)
{
	struct skd_call *call = *state;
	struct graph_node nodes[] = {step("a", NONE, NULL), step("b", A, NULL)};
	nodes[0].optional = true;
	struct scene scene = scene_of(call, nodes, 2, true, "", "active");
	assert_string_equal(words(call, &scene), "0 of 1 step done; what is left waits for a");
	assert_string_equal(view_why(call, &scene.graph, &scene.progress, 1), "a comes first");
	nodes[0] = step("a", NONE, NULL);
	nodes[1] = step("b", A, NULL);
	nodes[0].optional = true;
	scene = scene_of(call, nodes, 2, true, "b", "active"); /* a moment before it is completed */
	assert_string_equal(words(call, &scene), "1 of 1 step done");
}

static void why_names_what_comes_first(void **state)
{
	struct skd_call *call = *state;
	static const struct {
		long need;
		const char *why;
	} wanted[] = {{GRAPH_ALL, "All of g comes first"}, {1, "1 of g comes first"}, {2, "2 of g come first"}};
	for (size_t i = 0; i < 3; i++) {
		struct graph_node nodes[] = {step("g", NONE, NULL), step("a", NONE, "g"), step("b", NONE, "g"), step("c", NONE, "g"), step("d", G, NULL)};
		nodes[0].kind = GRAPH_GROUP;
		nodes[0].need = wanted[i].need;
		struct scene scene = scene_of(call, nodes, 5, true, "", "active");
		assert_int_equal(scene.progress.nodes[4].state, PROGRESS_BLOCKED);
		assert_string_equal(view_why(call, &scene.graph, &scene.progress, 4), wanted[i].why);
	}
	struct graph_node nodes[] = {step("b", NONE, NULL), step("g", B, NULL), step("a", NONE, "g")};
	nodes[1].kind = GRAPH_GROUP;
	struct scene scene = scene_of(call, nodes, 3, true, "", "active");
	assert_string_equal(view_why(call, &scene.graph, &scene.progress, 2), "b comes first");
}

/* Whether anything else is next or not; of what there is enough without nothing is said. */
static void what_is_gone_is_said(void **state)
{
	struct skd_call *call = *state;
	struct graph_node nodes[] = {step("a", NONE, NULL), step("b", A, NULL), step("c", NONE, NULL)};
	nodes[2].kind = GRAPH_PATHWAY;
	struct scene scene = scene_of(call, nodes, 3, true, "A", "active");
	assert_string_equal(words(call, &scene), "0 of 3 steps done; next: c; a is not issued any more");
	assert_string_equal(view_why(call, &scene.graph, &scene.progress, 0), "a is not issued any more");
	assert_string_equal(view_why(call, &scene.graph, &scene.progress, 1), "a comes first, and is not issued any more");
	scene = scene_of(call, nodes, 3, true, "bA", "paused");
	assert_string_equal(words(call, &scene), "Paused: 1 of 3 steps done; next: c; a is not issued any more");
	scene = scene_of(call, nodes, 3, true, "abC", "active");
	assert_string_equal(words(call, &scene), "2 of 3 steps done; c is not begun any more");
	assert_string_equal(view_why(call, &scene.graph, &scene.progress, 2), "c is not begun any more");
	scene = scene_of(call, nodes, 3, true, "abC", "left");
	assert_string_equal(words(call, &scene), "Left: 2 of 3 steps done");
	nodes[2].optional = true;
	scene = scene_of(call, nodes, 3, true, "aC", "active");
	assert_string_equal(words(call, &scene), "1 of 2 steps done; next: b");
}

static void why_names_what_is_gone_in_what_comes_first(void **state)
{
	struct skd_call *call = *state;
	struct graph_node nodes[] = {step("g", NONE, NULL), step("a", NONE, "g"), step("b", NONE, "g"), step("d", G, NULL)};
	nodes[0].kind = GRAPH_GROUP;
	struct scene scene = scene_of(call, nodes, 4, true, "B", "active");
	assert_string_equal(view_why(call, &scene.graph, &scene.progress, 3), "All of g comes first, and b is not issued any more");
	nodes[0].need = 1;
	scene = scene_of(call, nodes, 4, true, "B", "active");
	assert_string_equal(words(call, &scene), "0 of 2 steps done; next: a");
	assert_string_equal(view_why(call, &scene.graph, &scene.progress, 3), "1 of g comes first");
}

static void names_are_what_is_known(void **state)
{
	(void)state;
	struct graph_node node = {.id = "id"};
	assert_string_equal(view_name(&node), "id");
	node.label = "label";
	assert_string_equal(view_name(&node), "label");
	node.name = "name";
	assert_string_equal(view_name(&node), "name");
}

static void finish_is_at_their_pace(void **state)
{
	(void)state;
	int64_t began = 100 * DAY;
	assert_true(view_finish(began, began + 10 * DAY, 2, 3) == began + 25 * DAY); /* five days each */
	assert_true(view_finish(began, began + DAY, 10, 5) == began + DAY + DAY / 2);
	assert_true(view_finish(began, began + 365 * DAY, 1, 9) == began + 3650 * DAY);
	assert_true(view_finish(began, began + 365 * DAY, 1, 10) == TIME_NEVER); /* 3650 days more */
	assert_true(view_finish(began, began + 10 * DAY, 0, 3) == TIME_NEVER);
	assert_true(view_finish(began, began + 10 * DAY, 3, 0) == TIME_NEVER);
	assert_true(view_finish(began, began + DAY - 1, 2, 3) == TIME_NEVER);
	assert_true(view_finish(began, began - DAY, 2, 3) == TIME_NEVER);
	assert_true(view_finish(0, 36500 * DAY, 1, 2000) == TIME_NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(words_say_what_is_next, call_begin, call_end),
		cmocka_unit_test_setup_teardown(words_begin_with_the_state, call_begin, call_end),
		cmocka_unit_test_setup_teardown(words_follow_advice, call_begin, call_end),
		cmocka_unit_test_setup_teardown(words_say_what_blocks_all_that_is_left, call_begin, call_end),
		cmocka_unit_test_setup_teardown(why_names_what_comes_first, call_begin, call_end),
		cmocka_unit_test_setup_teardown(what_is_gone_is_said, call_begin, call_end),
		cmocka_unit_test_setup_teardown(why_names_what_is_gone_in_what_comes_first, call_begin, call_end),
		cmocka_unit_test(names_are_what_is_known),
		cmocka_unit_test(finish_is_at_their_pace),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
