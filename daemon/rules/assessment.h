/* SPDX-License-Identifier: Apache-2.0
 * What may be asked of those who want an achievement: prompts, how it is judged, and by whom. The rubric it is judged by
 * are those of its results that are RubricCriterionLevel. */
#ifndef RULES_ASSESSMENT_H
#define RULES_ASSESSMENT_H

#include "base/json.h"
#include "store/achievement.h"
#include "store/assessment.h"

/* JSON as a version keeps it; prompts with no id get one, and what is not said becomes what is meant. Fields are named
 * below /assessment. BAD_INPUT for no prompts or more than 50, what is said of a prompt of another kind, a quiz that
 * cannot be passed, an id that is there twice, groups that are no DNs, more assessors than 5. */
enum skd_outcome assessment_write(struct skd_call *call, struct store_assessment *assessment, const char **json) WARN_UNUSED;
/* Whether an achievement's assessment and results go together: levels have points, that do not fall, and its minimum can be
 * reached. BAD_INPUT naming the field. */
enum skd_outcome assessment_fits(struct skd_call *call, const struct store_achievement *achievement) WARN_UNUSED;
/* Points of a level, in hundredths: at most 1000000 points with two decimals; false for any other text. */
bool points_parse(const char *text, long *hundredths);
/* Such points as a number, as short as can be; NO_POINTS: left out. */
void points_put(struct skd_call *call, struct json *json, const char *key, long hundredths);
/* Whether the actor may see which choices of a quiz are correct: those who may write the achievement, and
 * are not about to answer it themselves. */
enum skd_outcome assessment_answers_shown(struct skd_call *call, const struct store_achievement *achievement,
					  bool *shown) WARN_UNUSED;

#endif
