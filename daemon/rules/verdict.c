/* SPDX-License-Identifier: Apache-2.0
 * Points, majorities, agreement. */
#include "rules/verdict.h"

long verdict_points(const struct verdict_rubric *rubric, const size_t *levels)
{
	long points = 0;
	for (size_t i = 0; i < rubric->count; i++)
		points += rubric->criteria[i].points[levels[i]];
	return points;
}

bool verdict_passes(const struct verdict_rubric *rubric, const size_t *levels)
{
	for (size_t i = 0; i < rubric->count; i++)
		if (levels[i] < rubric->criteria[i].least)
			return false;
	return verdict_points(rubric, levels) >= rubric->minimum;
}

static bool far_apart(const struct verdict_rubric *rubric, long a, long b)
{
	return rubric->disagreement >= 0 && (a > b ? a - b : b - a) > rubric->disagreement;
}

bool verdict_differ(const struct verdict_rubric *rubric, const struct verdict_score *a, const struct verdict_score *b)
{
	return a->verdict != b->verdict ||
	       far_apart(rubric, verdict_points(rubric, a->levels), verdict_points(rubric, b->levels));
}

/* ---- the middle ---- */

enum { OF_VERDICT = -1, OF_POINTS = -2 }; /* or the place of a criterion */

static long value_of(const struct verdict_rubric *rubric, const struct verdict_score *score, long of)
{
	return of == OF_VERDICT  ? (long)score->verdict
	       : of == OF_POINTS ? verdict_points(rubric, score->levels)
				 : (long)score->levels[of];
}

/* The value that has `place` others before it. */
static long value_at(const struct verdict_rubric *rubric, const struct verdict_score *scores, size_t count, long of, size_t place)
{
	for (size_t i = 0; i < count; i++) {
		long value = value_of(rubric, &scores[i], of);
		size_t before = 0, same = 0;
		for (size_t k = 0; k < count; k++) {
			long other = value_of(rubric, &scores[k], of);
			before += other < value;
			same += other == value;
		}
		if (before <= place && place < before + same)
			return value;
	}
	return 0;
}

bool verdict_settle(const struct verdict_rubric *rubric, const struct verdict_score *scores, size_t count, enum verdict *verdict,
		    size_t *levels)
{
	size_t middle = (count - 1) / 2;
	long low = value_at(rubric, scores, count, OF_VERDICT, middle);
	if (count % 2 == 0 && (low != value_at(rubric, scores, count, OF_VERDICT, middle + 1) ||
			       far_apart(rubric, value_at(rubric, scores, count, OF_POINTS, middle),
					 value_at(rubric, scores, count, OF_POINTS, middle + 1))))
		return false;
	*verdict = (enum verdict)low;
	for (size_t i = 0; i < rubric->count; i++)
		levels[i] = (size_t)value_at(rubric, scores, count, (long)i, middle);
	return true;
}

/* ---- agreement ---- */

static double distance(size_t a, size_t b)
{
	return (double)(a > b ? a - b : b - a);
}

bool verdict_kappa(const struct verdict_pair *pairs, size_t count, double *kappa)
{
	double seen = 0, chance = 0, second[VERDICT_CATEGORIES] = {0};
	for (size_t i = 0; i < count; i++) {
		seen += distance(pairs[i].first, pairs[i].second);
		second[pairs[i].second]++;
	}
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < VERDICT_CATEGORIES; k++)
			chance += second[k] * distance(pairs[i].first, k);
	if (count < 2 || chance == 0)
		return false;
	*kappa = 1 - seen * (double)count / chance;
	return true;
}
