/* SPDX-License-Identifier: Apache-2.0
 * Scores. */
#include "rules/scoring.h"

#include "base/json.h"
#include "rules/assessment.h"

#include <string.h>

static void criterion_of(struct skd_call *call, const struct skd_result_description *d, struct verdict_criterion *criterion)
{
	long *points = talloc_zero_array(call, long, d->level_count + 1);
	*criterion = (struct verdict_criterion){points, d->level_count, 0};
	for (size_t i = 0; i < d->level_count; i++) {
		if (!d->levels[i].points || !points_parse(d->levels[i].points, &points[i]))
			points[i] = 0;
		if (d->required_level && strcmp(d->levels[i].id, d->required_level) == 0)
			criterion->least = i;
	}
}

enum skd_outcome scoring_of(struct skd_call *call, const char *achievement_id, int64_t number, bool again, struct scoring *scoring)
{
	struct store_assessment assessment;
	struct store_rubric rubric;
	TRY(store_assessment_get(call, achievement_id, number, again, &assessment));
	TRY(store_rubric_get(call, achievement_id, number, &rubric));
	struct verdict_criterion *criteria = talloc_zero_array(call, struct verdict_criterion, rubric.description_count + 1);
	*scoring = (struct scoring){
		.criteria = talloc_zero_array(call, const struct skd_result_description *, rubric.description_count + 1),
		.rubric = {criteria, 0, assessment.minimum, assessment.disagreement}};
	for (size_t i = 0; i < rubric.description_count && !assessment.unscored; i++) {
		const struct skd_result_description *d = &rubric.descriptions[i];
		if (strcmp(d->type, "RubricCriterionLevel") != 0)
			continue;
		scoring->criteria[scoring->rubric.count] = d;
		criterion_of(call, d, &criteria[scoring->rubric.count++]);
	}
	return SKD_OK;
}

static size_t criterion_place(const struct scoring *scoring, const char *id)
{
	size_t place = 0;
	while (place < scoring->rubric.count && strcmp(scoring->criteria[place]->id, id) != 0)
		place++;
	return place;
}

static size_t level_place(const struct skd_result_description *d, const char *id)
{
	size_t place = 0;
	while (place < d->level_count && strcmp(d->levels[place].id, id) != 0)
		place++;
	return place;
}

/* One for each criterion, in their order; those of which nothing was said say nothing. */
static enum skd_outcome scores_align(struct skd_call *call, const struct scoring *scoring, const char *kept, struct store_score **aligned)
{
	struct store_score *scores;
	size_t count;
	TRY(store_scores_read(call, kept, &scores, &count));
	*aligned = talloc_zero_array(call, struct store_score, scoring->rubric.count + 1);
	for (size_t i = 0; i < count; i++) {
		size_t place = criterion_place(scoring, scores[i].criterion);
		if (place < scoring->rubric.count)
			(*aligned)[place] = scores[i];
	}
	return SKD_OK;
}

/* ---- putting in ---- */

static enum skd_outcome change_make(struct skd_call *call, const struct skd_result_description *d, const struct score_change *change,
				    struct store_score *score)
{
	const char *level = change->level.text;
	if (level && level_place(d, level) == d->level_count)
		return fail_field(call, talloc_asprintf(call, "/scores/%s/level", d->id), "is none of its levels");
	if (change->drop || change->level.given)
		score->level = level;
	if (change->drop || change->comment.given)
		score->comment = change->comment.text;
	return SKD_OK;
}

static const char *scores_write(struct skd_call *call, const struct scoring *scoring, const struct store_score *scores)
{
	struct text text;
	struct json json;
	text_begin(&text, call, 512);
	json_begin(&json, &text);
	put_object(&json, NULL);
	for (size_t i = 0; i < scoring->rubric.count; i++) {
		if (!scores[i].level && !scores[i].comment)
			continue;
		put_object(&json, scoring->criteria[i]->id);
		put_string(&json, "level", scores[i].level);
		put_string(&json, "comment", scores[i].comment);
		put_object_end(&json);
	}
	put_object_end(&json);
	return text_end(&text);
}

enum skd_outcome scores_merge(struct skd_call *call, const struct scoring *scoring, const char *kept, const struct score_change *changes,
			      size_t count, const char **json)
{
	struct store_score *scores;
	TRY(scores_align(call, scoring, kept, &scores));
	for (size_t i = 0; i < count; i++) {
		size_t place = criterion_place(scoring, changes[i].criterion);
		if (place == scoring->rubric.count)
			return fail_field(call, talloc_asprintf(call, "/scores/%s", text_shown(call, changes[i].criterion)),
					  "is none of the criteria");
		TRY(change_make(call, scoring->criteria[place], &changes[i], &scores[place]));
	}
	*json = scores_write(call, scoring, scores);
	return SKD_OK;
}

enum skd_outcome scores_levels(struct skd_call *call, const struct scoring *scoring, const char *kept, size_t **levels)
{
	enum skd_outcome outcome = SKD_OK;
	struct store_score *scores;
	TRY(scores_align(call, scoring, kept, &scores));
	*levels = talloc_zero_array(call, size_t, scoring->rubric.count + 1);
	for (size_t i = 0; i < scoring->rubric.count; i++) {
		const struct skd_result_description *d = scoring->criteria[i];
		(*levels)[i] = scores[i].level ? level_place(d, scores[i].level) : d->level_count;
		if ((*levels)[i] == d->level_count)
			outcome = fail_field(call, talloc_asprintf(call, "/scores/%s", d->id), "must be scored first: %s", d->name);
	}
	return outcome;
}

/* ---- what came of them ---- */

const char *scores_results(struct skd_call *call, const struct scoring *scoring, const size_t *levels)
{
	struct text text;
	struct json json;
	text_begin(&text, call, 512);
	json_begin(&json, &text);
	put_array(&json, NULL);
	for (size_t i = 0; i < scoring->rubric.count; i++) {
		put_object(&json, NULL);
		put_string(&json, "result_description", scoring->criteria[i]->id);
		put_string(&json, "achieved_level", scoring->criteria[i]->levels[levels[i]].id);
		put_object_end(&json);
	}
	put_array_end(&json);
	return text_end(&text);
}

static void paragraph(struct text *text, const char *name, const char *comment)
{
	if (!comment)
		return;
	if (text->size)
		text_adds(text, "\n\n");
	if (name)
		text_addf(text, "%s: ", name);
	text_adds(text, comment);
}

enum skd_outcome scores_feedback(struct skd_call *call, const struct scoring *scoring, const struct store_said *said, size_t count,
				 const char **feedback)
{
	struct store_score *scores;
	struct text text;
	text_begin(&text, call, 512);
	for (size_t i = 0; i < count; i++) {
		paragraph(&text, NULL, said[i].comment);
		TRY(scores_align(call, scoring, said[i].scores, &scores));
		for (size_t k = 0; k < scoring->rubric.count; k++)
			paragraph(&text, scoring->criteria[k]->name, scores[k].comment);
	}
	*feedback = text.size ? text_end(&text) : NULL;
	return SKD_OK;
}
