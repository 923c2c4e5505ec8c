/* SPDX-License-Identifier: Apache-2.0
 * What several assessors' scores come to, and how far assessors agree. Pure: knows neither people nor rows. */
#ifndef RULES_VERDICT_H
#define RULES_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

/* Points are hundredths. Levels are places in a criterion, from 0 and from low to high. */
struct verdict_criterion {
	const long *points; /* of each level */
	size_t levels;
	size_t least; /* the level that passing takes; 0: any */
};
struct verdict_rubric {
	const struct verdict_criterion *criteria;
	size_t count;
	long minimum;      /* points that passing takes in total; 0, or less: any */
	long disagreement; /* points beyond which two disagree; less than 0: they do by verdict alone */
};
enum verdict { VERDICT_DECLINE, VERDICT_RETURN, VERDICT_APPROVE, VERDICTS };
struct verdict_score {
	const size_t *levels; /* of each criterion */
	enum verdict verdict;
};

long verdict_points(const struct verdict_rubric *rubric, const size_t *levels);
/* Each criterion and the total. */
bool verdict_passes(const struct verdict_rubric *rubric, const size_t *levels);
/* On the verdict, or by more points than the limit. */
bool verdict_differ(const struct verdict_rubric *rubric, const struct verdict_score *a, const struct verdict_score *b);
/* What is settled: the verdict and the level of each criterion that lie in the middle, of two the lower. So the verdict is
 * the majority's where there is one, and what is approved reaches the least level of each criterion, since more than half
 * say so; the total is each assessor's own to hold. False where one more assessor is called: there is an even number, and
 * the two in the middle disagree, of verdicts or of points. `levels` has room for each criterion. */
bool verdict_settle(const struct verdict_rubric *rubric, const struct verdict_score *scores, size_t count, enum verdict *verdict,
		    size_t *levels);

/* What two said of the same: places in an order of categories, of which there are at most so many. */
enum { VERDICT_CATEGORIES = 20 };
struct verdict_pair {
	size_t first, second;
};
/* Cohen's kappa with linear weights (J. Cohen, Weighted kappa, Psychological Bulletin 70 (1968) 213-220, the weight being
 * the distance of two categories in their order); of two categories it is the unweighted one (Educational and
 * Psychological Measurement 20 (1960) 37-46). False where it is undefined: fewer than two pairs, or no chance to differ. */
bool verdict_kappa(const struct verdict_pair *pairs, size_t count, double *kappa);

#endif
