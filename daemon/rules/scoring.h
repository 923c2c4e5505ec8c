/* SPDX-License-Identifier: Apache-2.0
 * Scores on the rubric of a version: put in, held against it, and made what rules/verdict.h reckons with. */
#ifndef RULES_SCORING_H
#define RULES_SCORING_H

#include "rules/review.h"
#include "rules/verdict.h"
#include "store/rubric.h"

/* Criteria are those results of the version that are RubricCriterionLevel, in its order. */
struct scoring {
	const struct skd_result_description **criteria;
	struct verdict_rubric rubric;
};
/* `again`: of those who renew. ABSENT where nothing can be handed in for that version. */
enum skd_outcome scoring_of(struct skd_call *call, const char *achievement_id, int64_t number, bool again, struct scoring *scoring) WARN_UNUSED;

/* Scores as they are kept, with some of them changed. Fields are named below /scores. BAD_INPUT for a criterion or a level that
 * is not there. */
enum skd_outcome scores_merge(struct skd_call *call, const struct scoring *scoring, const char *kept, const struct score_change *changes,
			      size_t count, const char **json) WARN_UNUSED;
/* The place of the level of each criterion. BAD_INPUT naming each that is not scored. */
enum skd_outcome scores_levels(struct skd_call *call, const struct scoring *scoring, const char *kept, size_t **levels) WARN_UNUSED;

/* Levels as a credential has them: [{"result_description", "achieved_level"}]. */
const char *scores_results(struct skd_call *call, const struct scoring *scoring, const size_t *levels);
/* All comments of several, for whom they are about, one after the other, those on a criterion behind its name; NULL: none. */
enum skd_outcome scores_feedback(struct skd_call *call, const struct scoring *scoring, const struct store_said *said, size_t count,
				 const char **feedback) WARN_UNUSED;

#endif
