/* SPDX-License-Identifier: Apache-2.0
 * What scores come to: points, passing, who disagrees, what is settled, and kappa, all worked out by hand. */
#include "rules/verdict.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* Three levels of 0, 1 and 3 points, the second of which it takes; two levels of 0.5 and 2.5, any of which will do. */
static const long first_points[] = {0, 100, 300}, second_points[] = {50, 250};
static const struct verdict_criterion criteria[] = {{first_points, 3, 1}, {second_points, 2, 0}};
static const struct verdict_rubric rubric = {criteria, 2, 300, 150}, bare = {.disagreement = -1};

#define LEVELS(a, b) ((const size_t[]){a, b})

static struct verdict_score score(enum verdict verdict, const size_t *levels)
{
	return (struct verdict_score){levels, verdict};
}

static void points_add_up(void **state)
{
	(void)state;
	assert_int_equal(verdict_points(&rubric, LEVELS(0, 0)), 50);
	assert_int_equal(verdict_points(&rubric, LEVELS(1, 1)), 350);
	assert_int_equal(verdict_points(&rubric, LEVELS(2, 1)), 550);
	assert_int_equal(verdict_points(&bare, NULL), 0);
}

static void each_criterion_and_the_total_are_passed(void **state)
{
	(void)state;
	assert_true(verdict_passes(&rubric, LEVELS(1, 1)));
	assert_true(verdict_passes(&rubric, LEVELS(2, 0)));
	assert_false(verdict_passes(&rubric, LEVELS(1, 0))); /* 1.5 in total */
	struct verdict_rubric lower = rubric;
	lower.minimum = 250;
	assert_false(verdict_passes(&lower, LEVELS(0, 1))); /* 3 in total, and the first is not reached */
	lower.minimum = 350;
	assert_true(verdict_passes(&lower, LEVELS(1, 1))); /* just enough */
	lower.minimum = 351;
	assert_false(verdict_passes(&lower, LEVELS(1, 1)));
	lower.minimum = -1;
	assert_true(verdict_passes(&lower, LEVELS(1, 0)));
	assert_true(verdict_passes(&bare, NULL));
}

static void two_disagree_beyond_the_limit(void **state)
{
	(void)state;
	struct verdict_score low = score(VERDICT_APPROVE, LEVELS(1, 1)), high = score(VERDICT_APPROVE, LEVELS(2, 1)); /* 3.5, 5.5 */
	struct verdict_rubric other = rubric;
	assert_true(verdict_differ(&rubric, &low, &high));
	assert_true(verdict_differ(&rubric, &high, &low));
	other.disagreement = 200; /* not beyond it */
	assert_false(verdict_differ(&other, &low, &high));
	other.disagreement = 0;
	assert_true(verdict_differ(&other, &low, &high));
	assert_false(verdict_differ(&other, &low, &low));
	other.disagreement = -1;
	assert_false(verdict_differ(&other, &low, &high));
	struct verdict_score back = score(VERDICT_RETURN, LEVELS(1, 1));
	assert_true(verdict_differ(&other, &low, &back));
}

static void settles(const struct verdict_rubric *of, const struct verdict_score *scores, size_t count, enum verdict wanted, size_t first,
		    size_t second)
{
	enum verdict verdict;
	size_t levels[2] = {9, 9};
	assert_true(verdict_settle(of, scores, count, &verdict, levels));
	assert_int_equal(verdict, wanted);
	assert_int_equal(levels[0], first);
	assert_int_equal(levels[1], second);
}

static void calls_one_more(const struct verdict_rubric *of, const struct verdict_score *scores, size_t count)
{
	enum verdict verdict;
	size_t levels[2];
	assert_false(verdict_settle(of, scores, count, &verdict, levels));
}

static void one_settles_it_alone(void **state)
{
	(void)state;
	const struct verdict_score one = score(VERDICT_DECLINE, LEVELS(0, 1));
	enum verdict verdict;
	settles(&rubric, &one, 1, VERDICT_DECLINE, 0, 1);
	assert_true(verdict_settle(&bare, &one, 1, &verdict, NULL));
}

static void two_settle_it_where_they_agree(void **state)
{
	(void)state;
	const struct verdict_score near[] = {score(VERDICT_APPROVE, LEVELS(2, 0)), score(VERDICT_APPROVE, LEVELS(1, 1))}; /* both 3.5 */
	const struct verdict_score far[] = {score(VERDICT_APPROVE, LEVELS(1, 1)), score(VERDICT_APPROVE, LEVELS(2, 1))};
	const struct verdict_score apart[] = {score(VERDICT_APPROVE, LEVELS(1, 1)), score(VERDICT_RETURN, LEVELS(1, 1))};
	settles(&rubric, near, 2, VERDICT_APPROVE, 1, 0); /* the lower of each */
	calls_one_more(&rubric, far, 2);
	calls_one_more(&rubric, apart, 2);
}

static void a_third_settles_it(void **state)
{
	(void)state;
	const struct verdict_score most[] = {score(VERDICT_APPROVE, LEVELS(1, 1)), score(VERDICT_DECLINE, LEVELS(0, 0)),
					     score(VERDICT_APPROVE, LEVELS(2, 0))};
	const struct verdict_score against[] = {score(VERDICT_RETURN, LEVELS(0, 1)), score(VERDICT_APPROVE, LEVELS(2, 1)),
						score(VERDICT_RETURN, LEVELS(0, 0))};
	const struct verdict_score none[] = {score(VERDICT_DECLINE, LEVELS(0, 0)), score(VERDICT_APPROVE, LEVELS(2, 1)),
					     score(VERDICT_RETURN, LEVELS(1, 1))};
	settles(&rubric, most, 3, VERDICT_APPROVE, 1, 0);
	settles(&rubric, against, 3, VERDICT_RETURN, 0, 1);
	settles(&rubric, none, 3, VERDICT_RETURN, 1, 1); /* no majority: what lies between */
}

static void four_settle_it_by_those_in_the_middle(void **state)
{
	(void)state;
	struct verdict_score four[] = {score(VERDICT_APPROVE, LEVELS(2, 1)), score(VERDICT_APPROVE, LEVELS(2, 1)),
				       score(VERDICT_APPROVE, LEVELS(2, 0)), score(VERDICT_DECLINE, LEVELS(0, 0))};
	struct verdict_rubric wide = rubric;
	wide.disagreement = 200; /* 3.5 and 5.5 in the middle */
	settles(&wide, four, 4, VERDICT_APPROVE, 2, 0);
	calls_one_more(&rubric, four, 4);
	four[1].verdict = VERDICT_RETURN;
	calls_one_more(&wide, four, 4);
}

static void whoever_is_approved_reaches_each_least_level(void **state)
{
	(void)state;
	for (unsigned all = 0; all < 6 * 6 * 6; all++) {
		size_t levels[3][2], settled[2];
		struct verdict_score scores[3];
		enum verdict verdict;
		for (unsigned i = 0, rest = all; i < 3; i++, rest /= 6) {
			levels[i][0] = rest % 3;
			levels[i][1] = rest / 3 % 2;
			scores[i] = score(verdict_passes(&rubric, levels[i]) ? VERDICT_APPROVE : VERDICT_RETURN, levels[i]);
		}
		assert_true(verdict_settle(&rubric, scores, 3, &verdict, settled));
		assert_true(verdict != VERDICT_APPROVE || settled[0] >= 1);
	}
}

/* ---- kappa ---- */

static void kappa_is(const struct verdict_pair *pairs, size_t count, double wanted)
{
	double kappa = 9;
	assert_true(verdict_kappa(pairs, count, &kappa));
	assert_true(fabs(kappa - wanted) < 1e-12);
}

/* 20 and 15 times the same, 5 and 10 times not: 0.7 seen, 0.5 by chance. */
static void of_two_categories_it_is_the_unweighted_one(void **state)
{
	static const unsigned times[2][2] = {{20, 5}, {10, 15}};
	struct verdict_pair pairs[50];
	size_t count = 0;
	(void)state;
	for (unsigned a = 0; a < 2; a++)
		for (unsigned b = 0; b < 2; b++)
			for (unsigned n = times[a][b]; n; n--)
				pairs[count++] = (struct verdict_pair){a, b};
	kappa_is(pairs, count, 0.4);
}

static void distance_weighs(void **state)
{
	/* The first says 0 twice, 1 and 2; the second 0, 1 twice and 2: 1/4 seen, 14/16 by chance. */
	static const struct verdict_pair near[] = {{0, 0}, {1, 1}, {2, 2}, {0, 1}};
	/* The first says 0 twice, 1 and 2; the second 0, 1 and 2 twice: 2/4 seen, (2*5 + 3 + 3)/16 by chance. */
	static const struct verdict_pair far[] = {{0, 0}, {1, 1}, {2, 2}, {0, 2}};
	static const struct verdict_pair never[] = {{0, 2}, {2, 0}};
	(void)state;
	kappa_is(near, 4, 5. / 7);
	kappa_is(far, 4, 0.5);
	kappa_is(near, 3, 1);
	kappa_is(never, 2, -1);
}

static void it_may_be_no_better_than_chance(void **state)
{
	static const struct verdict_pair same[] = {{1, 0}, {1, 1}}; /* the first always says the same */
	(void)state;
	kappa_is(same, 2, 0);
}

static void without_a_chance_to_differ_there_is_none(void **state)
{
	static const struct verdict_pair pairs[] = {{1, 1}, {1, 1}, {0, 1}};
	double kappa = 9;
	(void)state;
	assert_false(verdict_kappa(NULL, 0, &kappa));
	assert_false(verdict_kappa(&pairs[2], 1, &kappa));
	assert_false(verdict_kappa(pairs, 2, &kappa));
	assert_true(kappa == 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(points_add_up),
		cmocka_unit_test(each_criterion_and_the_total_are_passed),
		cmocka_unit_test(two_disagree_beyond_the_limit),
		cmocka_unit_test(one_settles_it_alone),
		cmocka_unit_test(two_settle_it_where_they_agree),
		cmocka_unit_test(a_third_settles_it),
		cmocka_unit_test(four_settle_it_by_those_in_the_middle),
		cmocka_unit_test(whoever_is_approved_reaches_each_least_level),
		cmocka_unit_test(of_two_categories_it_is_the_unweighted_one),
		cmocka_unit_test(distance_weighs),
		cmocka_unit_test(it_may_be_no_better_than_chance),
		cmocka_unit_test(without_a_chance_to_differ_there_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
