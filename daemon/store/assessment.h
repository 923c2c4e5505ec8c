/* SPDX-License-Identifier: Apache-2.0
 * What an achievement asks of those who want it, as its version keeps it. */
#ifndef STORE_ASSESSMENT_H
#define STORE_ASSESSMENT_H

#include "store/db.h"

struct store_question {
	const char *text;
	const char *const *choices;
	size_t choice_count;
	const char *correct; /* places of choices, from 0 and rising, as JSON without spaces: [0,2] */
	long points;
};
struct store_prompt {
	const char *id, *kind, *name, *description; /* kind: text, link, file or quiz */
	bool required;
	long max_length;            /* text: characters */
	long max_files, max_size;   /* file: how many, and bytes of them together */
	const char *const *types;   /* file: media types; none: all that are taken at all */
	size_t type_count;
	struct store_question *questions; /* quiz */
	size_t question_count;
	long pass; /* quiz: points that it takes; 0: any */
};
enum { NO_POINTS = -1 };
struct store_assessment {
	struct store_prompt *prompts;
	size_t prompt_count;
	long minimum, disagreement; /* hundredths of points of the rubric, or NO_POINTS */
	long assessors, days;
	bool blind;
	bool unscored; /* judged by a verdict alone, not by the rubric */
	const char *const *groups; /* DNs; none: everybody with the role */
	size_t group_count;
};
/* `again`: what is asked of those who renew. ABSENT where there is no such version, or nothing can be handed in for it. */
enum skd_outcome store_assessment_get(struct skd_call *call, const char *achievement_id, int64_t number, bool again,
				      struct store_assessment *assessment) WARN_UNUSED;

/* A criterion of a rubric: the points of its levels, from low to high, as texts. */
struct store_criterion {
	size_t place; /* among the results described */
	const char *const *points;
	size_t count;
};
/* Those of `results` that are RubricCriterionLevel, and minimum and disagreement of `assessment`; both JSON. */
enum skd_outcome store_assessment_rubric(struct skd_call *call, const char *results, const char *assessment,
					 struct store_criterion **criteria, size_t *count, long *minimum,
					 long *disagreement) WARN_UNUSED;

#endif
