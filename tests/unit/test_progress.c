/* SPDX-License-Identifier: Apache-2.0
 * How far somebody is: each figure is worked out by hand. */
#include "rules/progress.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DAY = 1000 };

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

static long number_behind(char *words, char mark, long otherwise)
{
	char *at = strchr(words, mark);
	long number = at ? atol(at + 1) : otherwise;
	if (at)
		*at = '\0';
	return number;
}

/* "b:a/G*3!5": b comes after a, is in G, weighs 3, and is met since day 5; "G(2)" a group that needs two, "G(0)" one that needs
 * all; ? is optional, %40 a pathway that is so far, and ^ is gone. */
static struct graph_node node_of(struct skd_call *call, char *words, struct graph_fact *fact)
{
	struct graph_node node = {.kind = GRAPH_PROOF, .need = GRAPH_ALL};
	const char **ids = talloc_array(call, const char *, strlen(words) + 1);
	bool gone = number_behind(words, '^', -1) >= 0;
	long since = number_behind(words, '!', -1), percent = number_behind(words, '%', -1), need;
	*fact = (struct graph_fact){.met = since >= 0, .gone = gone, .since = since * DAY, .percent = percent};
	if (percent >= 0)
		node.kind = GRAPH_PATHWAY;
	node.weight = number_behind(words, '*', 1);
	node.optional = number_behind(words, '?', -1) >= 0;
	need = number_behind(words, '(', -1);
	if (need >= 0) {
		node.kind = GRAPH_GROUP;
		node.need = need ? need : GRAPH_ALL;
	}
	char *within = strchr(words, '/'), *after = strchr(words, ':');
	if (within) {
		node.within = within + 1;
		*within = '\0';
	}
	if (after)
		*after = '\0';
	for (char *rest = after ? after + 1 : NULL, *id = strsep(&rest, ","); id; id = strsep(&rest, ","))
		ids[node.after_count++] = id;
	node.after = ids;
	node.id = words;
	return node;
}

struct scene {
	struct graph graph;
	struct progress progress;
};

static struct scene scene_of(struct skd_call *call, const char *words, bool enforced)
{
	char *rest = talloc_strdup(call, words);
	struct scene scene = {.graph = {.enforced = enforced, .nodes = talloc_zero_array(call, struct graph_node, strlen(words) + 1)}};
	struct graph_fact *facts = talloc_zero_array(call, struct graph_fact, strlen(words) + 1);
	for (char *one = strsep(&rest, " "); one; one = strsep(&rest, " ")) {
		scene.graph.nodes[scene.graph.count] = node_of(call, one, &facts[scene.graph.count]);
		scene.graph.count++;
	}
	assert_int_equal(graph_link(call, "/nodes", &scene.graph), SKD_OK);
	progress_compute(call, &scene.graph, facts, &scene.progress);
	return scene;
}

/* The nodes, each with its state: + done, - open, # and whom it waits for, ~ to spare; then what is next. */
static const char *shown(struct skd_call *call, const struct scene *scene)
{
	struct text text;
	text_begin(&text, call, 100);
	for (size_t i = 0; i < scene->graph.count; i++) {
		const struct progress_node *node = &scene->progress.nodes[i];
		text_addf(&text, "%s%c", scene->graph.nodes[i].id, "+-#~"[node->state]);
		if (node->blocked_by != GRAPH_NONE)
			text_adds(&text, scene->graph.nodes[node->blocked_by].id);
		text_adds(&text, " ");
	}
	text_adds(&text, ">");
	for (size_t i = 0; i < scene->progress.next_count; i++)
		text_addf(&text, " %s", scene->graph.nodes[scene->progress.next[i]].id);
	return text_end(&text);
}

static void check(struct skd_call *call, const char *words, bool enforced, long percent, size_t done, size_t needed, const char *states)
{
	struct scene scene = scene_of(call, words, enforced);
	assert_string_equal(shown(call, &scene), states);
	assert_int_equal(scene.progress.percent, percent);
	assert_int_equal(scene.progress.done, done);
	assert_int_equal(scene.progress.needed, needed);
	assert_int_equal(scene.progress.complete, percent == 100);
}

static void all_of(void **state)
{
	check(*state, "a b c", true, 0, 0, 3, "a- b- c- > a b c");
	check(*state, "a!1 b c", true, 33, 1, 3, "a+ b- c- > b c");
	check(*state, "a!1 b c!2", true, 66, 2, 3, "a+ b- c+ > b");
	check(*state, "a!1 b!3 c!2", true, 100, 3, 3, "a+ b+ c+ >");
	assert_int_equal(scene_of(*state, "a!1 b!3 c!2", true).progress.completed_at, 3 * DAY);
	assert_true(scene_of(*state, "a!1 b", true).progress.completed_at == TIME_NEVER);
}

static void weights(void **state)
{
	check(*state, "a*3!1 b", true, 75, 1, 2, "a+ b- > b");
	check(*state, "a*3 b!1", true, 25, 1, 2, "a- b+ > a");
	check(*state, "a*0 b!1", true, 99, 1, 2, "a- b+ > a");
	check(*state, "a*0!1 b", true, 0, 1, 2, "a+ b- > b");
	check(*state, "a*0!1 b*0 c*0", true, 33, 1, 3, "a+ b- c- > b c");
	check(*state, "a*999!1 b", true, 99, 1, 2, "a+ b- > b");
	check(*state, "a*1000!1 b*0!1", true, 100, 2, 2, "a+ b+ >");
}

static void optional_steps_count_for_nothing(void **state)
{
	check(*state, "a b?", true, 0, 0, 1, "a- b~ > a b");
	check(*state, "b?!1 a", true, 0, 0, 1, "b+ a- > a");
	check(*state, "b? a!1", true, 100, 1, 1, "b~ a+ > b");
	check(*state, "G(0)? x/G y/G!1 a!1", true, 100, 1, 1, "G~ x~ y+ a+ > x");
	check(*state, "G(0) x/G? a", true, 0, 0, 1, "G+ x~ a- > a x");
	check(*state, "G(0) x/G? a*0", true, 0, 0, 1, "G+ x~ a- > a x");
	check(*state, "G(0) x/G? a*0 b*0!1", true, 50, 1, 2, "G+ x~ a- b+ > a x");
	assert_int_equal(scene_of(*state, "a!4 b?!9", true).progress.completed_at, 4 * DAY);
}

/* The best ones count, and are complete when so many were. */
static void some_of_a_group(void **state)
{
	check(*state, "G(1) a/G b/G c/G", true, 0, 0, 1, "G- a- b- c- > a b c");
	check(*state, "G(1) a/G b/G!1 c/G", true, 100, 1, 1, "G+ a~ b+ c~ > a c");
	check(*state, "G(2) a/G b/G!1 c/G", true, 50, 1, 2, "G- a- b+ c- > a c");
	check(*state, "G(2) a/G*3 b/G!1 c/G", true, 25, 1, 2, "G- a- b+ c- > a c");
	check(*state, "G(2) a/G b/G*3!1 c/G*2", true, 60, 1, 2, "G- a- b+ c- > a c");
	check(*state, "G(2) a/G?!1 b/G?!2 c/G", true, 100, 2, 2, "G+ a+ b+ c~ > c");
	check(*state, "G(1) a/G%30 b/G%60 c/G", true, 60, 0, 1, "G- a- b- c- > a b c");
	check(*state, "G(1) a/G%30 b/G%60 c d!1", true, 53, 1, 3, "G- a- b- c- d+ > a b c");
	assert_int_equal(scene_of(*state, "G(2) a/G!7 b/G!2 c/G!5", true).progress.completed_at, 5 * DAY);
}

/* Of two members that are as far the one that weighs more is chosen: (3 * 100 + 2 * 0) / 5, above. */
static void nested_groups(void **state)
{
	check(*state, "A(0) B/A(1) a/A!1 b/B c/B", true, 50, 1, 2, "A- B- a+ b- c- > b c");
	check(*state, "A(0) B/A(1) a/A!1 b/B c/B!2", true, 100, 2, 2, "A+ B+ a+ b~ c+ > b");
	check(*state, "A(1) B/A(0) C/A(0) a/B!1 b/B c/C d/C e/C", true, 50, 1, 2, "A- B- C- a+ b- c- d- e- > b c d e");
	check(*state, "A(1) B/A(0) C/A(0) a/B!1 b/B!1 c/C d/C e/C", true, 100, 2, 2, "A+ B+ C~ a+ b+ c~ d~ e~ > c d e");
	check(*state, "A(0)*3 a/A!1 b/A c/A d", true, 25, 1, 4, "A- a+ b- c- d- > b c d");
}

static void enforced_order(void **state)
{
	check(*state, "a b:a c:a,b", true, 0, 0, 3, "a- b#a c#a > a");
	check(*state, "a!1 b:a c:a,b", true, 33, 1, 3, "a+ b- c#b > b");
	check(*state, "a b:a!1 c:a,b", true, 33, 1, 3, "a- b+ c#a > a");
	check(*state, "a? b:a", true, 0, 0, 1, "a~ b#a > a");
	check(*state, "a b:a?", true, 0, 0, 1, "a- b~a > a");
	check(*state, "a G:a(1) b/G c/G", true, 0, 0, 2, "a- G#a b#a c#a > a");
	check(*state, "G(1) b/G c/G a:G", true, 0, 0, 2, "G- b- c- a#G > b c");
	check(*state, "G(1) b/G!1 c/G a:G", true, 50, 1, 2, "G+ b+ c~ a- > a c");
	check(*state, "a G:a(1) b/G!1 c/G", true, 50, 1, 2, "a- G+ b+ c~a > a");
}

static void advised_order(void **state)
{
	check(*state, "c:a,b b:a a", false, 0, 0, 3, "c- b- a- > a c b");
	check(*state, "b:a a!1 c:b", false, 33, 1, 3, "b- a+ c- > b c");
	check(*state, "a b:a? c?", false, 0, 0, 1, "a- b~ c~ > a c b");
}

static void a_pathway_within_is_so_far(void **state)
{
	check(*state, "a%40 b", true, 20, 0, 2, "a- b- > a b");
	check(*state, "a%100 b", true, 49, 0, 2, "a- b- > a b");
	check(*state, "a%40!2 b", true, 50, 1, 2, "a+ b- > b");
	check(*state, "a%-1", true, 0, 0, 1, "a- > a");
	check(*state, "a%99 b%99 c%99", true, 99, 0, 3, "a- b- c- > a b c");
}

/* What is gone is blocked by nothing, or by what comes first, and changes no figure. */
static void what_is_gone_is_no_next_step(void **state)
{
	check(*state, "a^ b", true, 0, 0, 2, "a# b- > b");
	check(*state, "a^ b!1", true, 50, 1, 2, "a# b+ >");
	check(*state, "a!1^ b", true, 50, 1, 2, "a+ b- > b");
	check(*state, "a%40^ b", true, 20, 0, 2, "a# b- > b");
	check(*state, "a^ b:a", true, 0, 0, 2, "a# b#a >");
	check(*state, "a b:a^", true, 0, 0, 2, "a- b#a > a");
	check(*state, "a^ b:a", false, 0, 0, 2, "a# b- > b");
	check(*state, "a?^ b", true, 0, 0, 1, "a~ b- > b");
	check(*state, "G(1) a/G^ b/G", true, 0, 0, 1, "G- a# b- > b");
	check(*state, "G(1) a/G^ b/G!1", true, 100, 1, 1, "G+ a~ b+ >");
}

/* Each node that cannot be done any more and because of which, then because of which the whole cannot. */
static void check_stuck(struct skd_call *call, const char *words, bool enforced, const char *wanted)
{
	struct scene scene = scene_of(call, words, enforced);
	struct text text;
	text_begin(&text, call, 100);
	for (size_t i = 0; i < scene.graph.count; i++)
		if (scene.progress.nodes[i].stuck != GRAPH_NONE)
			text_addf(&text, "%s<%s ", scene.graph.nodes[i].id, scene.graph.nodes[scene.progress.nodes[i].stuck].id);
	text_addf(&text, "> %s", scene.progress.stuck == GRAPH_NONE ? "" : scene.graph.nodes[scene.progress.stuck].id);
	assert_string_equal(text_end(&text), wanted);
}

static void what_needs_it_is_stuck(void **state)
{
	check_stuck(*state, "a b:a G(1) c/G", true, "> ");
	check_stuck(*state, "a!1 b^ c^", true, "b<b c<c > b");
	check_stuck(*state, "a!1^ b", true, "> ");
	check_stuck(*state, "a^ b:a c:b", true, "a<a b<a c<a > a");
	check_stuck(*state, "a^ b:a c:b", false, "a<a > a");
	check_stuck(*state, "a?^ b", true, "a<a > ");
	check_stuck(*state, "a?^ b:a", true, "a<a b<a > a");
	check_stuck(*state, "a?^ b:a", false, "a<a > ");
	check_stuck(*state, "a?^ b:a!1", true, "a<a > ");
	check_stuck(*state, "G(0) a/G b/G^ c:G", true, "G<b b<b c<b > b");
	check_stuck(*state, "G(0) a/G b/G?^ c:G", true, "b<b > ");
	check_stuck(*state, "G(0)? a/G b/G^ c", true, "G<b b<b > ");
	check_stuck(*state, "G(1) a/G^ b/G c:G", true, "a<a > ");
	check_stuck(*state, "G(1) a/G^ b/G^ c:G", true, "G<a a<a b<b c<a > a");
	check_stuck(*state, "G(2) a/G^ b/G c/G!1", true, "a<a > ");
	check_stuck(*state, "G(2) a/G b/G^ c/G^", true, "G<b b<b c<c > b");
	check_stuck(*state, "G(2) a/G b/G^ c/G?!1", true, "b<b > ");
	check_stuck(*state, "a^ G:a(1) b/G c/G", true, "a<a G<a b<a c<a > a");
	check_stuck(*state, "a?^ G:a(0) H/G(0) b/H", true, "a<a G<a H<a b<a > a");
	check_stuck(*state, "G(1) H/G(0) a/H b/H^ c/G", true, "H<b b<b > ");
	check_stuck(*state, "G(1) H/G(0) a/H b/H^ c/G^", true, "G<b H<b b<b c<c > b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_of, call_begin, call_end),
		cmocka_unit_test_setup_teardown(weights, call_begin, call_end),
		cmocka_unit_test_setup_teardown(optional_steps_count_for_nothing, call_begin, call_end),
		cmocka_unit_test_setup_teardown(some_of_a_group, call_begin, call_end),
		cmocka_unit_test_setup_teardown(nested_groups, call_begin, call_end),
		cmocka_unit_test_setup_teardown(enforced_order, call_begin, call_end),
		cmocka_unit_test_setup_teardown(advised_order, call_begin, call_end),
		cmocka_unit_test_setup_teardown(a_pathway_within_is_so_far, call_begin, call_end),
		cmocka_unit_test_setup_teardown(what_is_gone_is_no_next_step, call_begin, call_end),
		cmocka_unit_test_setup_teardown(what_needs_it_is_stuck, call_begin, call_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
