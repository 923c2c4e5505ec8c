/* SPDX-License-Identifier: Apache-2.0
 * Rubrics. */
#include "store/rubric.h"

#include <string.h>

#define OF_VERSION " FROM achievement_version v"
#define THAT_VERSION " WHERE v.achievement_id = $1::uuid AND v.number = $2::int"
#define EACH_RESULT " CROSS JOIN json_array_elements(v.results) WITH ORDINALITY AS r (item, n)"
#define EACH_LEVEL " CROSS JOIN json_array_elements(r.item->'levels') WITH ORDINALITY AS l (item, n)"

static const char RESULTS[] =
	"SELECT r.item->>'id', r.item->>'name', r.item->>'result_type', r.item->>'required_value', r.item->>'required_level',"
	" ARRAY(SELECT json_array_elements_text(r.item->'allowed_values')), r.item->>'value_min', r.item->>'value_max'" OF_VERSION EACH_RESULT THAT_VERSION " ORDER BY r.n";
static const char LEVELS[] =
	"SELECT r.n, l.item->>'id', l.item->>'name', l.item->>'level', l.item->>'points', l.item->>'description'"
	OF_VERSION EACH_RESULT EACH_LEVEL THAT_VERSION " ORDER BY r.n, l.n";
/* Of the achievement, of its results, and of their levels. */
static const char ALIGNMENTS[] =
	"SELECT x.r, x.l, a.item->>'name', a.item->>'url', a.item->>'framework', a.item->>'code', a.item->>'target_type' FROM ("
	" SELECT 0::bigint AS r, 0::bigint AS l, v.alignments AS list" OF_VERSION THAT_VERSION
	" UNION ALL SELECT r.n, 0, r.item->'alignments'" OF_VERSION EACH_RESULT THAT_VERSION
	" UNION ALL SELECT r.n, l.n, l.item->'alignments'" OF_VERSION EACH_RESULT EACH_LEVEL THAT_VERSION
	") AS x CROSS JOIN json_array_elements(x.list) WITH ORDINALITY AS a (item, n) ORDER BY x.r, x.l, a.n";

static void results_read(struct skd_call *call, const struct rows *rows, struct store_rubric *rubric)
{
	rubric->description_count = (size_t)rows_count(rows);
	rubric->descriptions = talloc_zero_array(call, struct skd_result_description, rubric->description_count + 1);
	for (int i = 0; i < rows_count(rows); i++) {
		struct skd_result_description *d = &rubric->descriptions[i];
		*d = (struct skd_result_description){.id = row_text(rows, i, 0), .name = row_text(rows, i, 1),
						     .type = row_text(rows, i, 2), .required_value = row_text(rows, i, 3),
						     .required_level = row_text(rows, i, 4), .value_min = row_text(rows, i, 6),
						     .value_max = row_text(rows, i, 7)};
		d->values = row_texts(rows, i, 5, &d->value_count);
	}
}

static void levels_read(struct skd_call *call, const struct rows *rows, struct store_rubric *rubric)
{
	struct skd_rubric_level *levels = talloc_zero_array(call, struct skd_rubric_level, (size_t)rows_count(rows) + 1);
	for (int i = 0; i < rows_count(rows); i++) {
		struct skd_result_description *d = &rubric->descriptions[row_int(rows, i, 0) - 1];
		levels[i] = (struct skd_rubric_level){.id = row_text(rows, i, 1), .name = row_text(rows, i, 2),
						      .level = row_text(rows, i, 3), .points = row_text(rows, i, 4),
						      .description = row_text(rows, i, 5)};
		d->levels = d->level_count ? d->levels : &levels[i];
		d->level_count++;
	}
}

static void alignment_give(struct skd_alignment *one, struct skd_alignment **list, size_t *count)
{
	*list = *count ? *list : one;
	++*count;
}

static void alignments_read(struct skd_call *call, const struct rows *rows, struct store_rubric *rubric)
{
	struct skd_alignment *list = talloc_zero_array(call, struct skd_alignment, (size_t)rows_count(rows) + 1);
	for (int i = 0; i < rows_count(rows); i++) {
		int64_t r = row_int(rows, i, 0), l = row_int(rows, i, 1);
		struct skd_result_description *d = r ? &rubric->descriptions[r - 1] : NULL;
		struct skd_rubric_level *level = l ? &d->levels[l - 1] : NULL;
		list[i] = (struct skd_alignment){row_text(rows, i, 2), row_text(rows, i, 3), row_text(rows, i, 4),
						 row_text(rows, i, 5), row_text(rows, i, 6)};
		if (level)
			alignment_give(&list[i], &level->alignments, &level->alignment_count);
		else if (d)
			alignment_give(&list[i], &d->alignments, &d->alignment_count);
		else
			alignment_give(&list[i], &rubric->alignments, &rubric->alignment_count);
	}
}

enum skd_outcome store_rubric_get(struct skd_call *call, const char *achievement_id, int64_t number,
				  struct store_rubric *rubric)
{
	struct args args = ARGS(achievement_id, arg_int(call, number));
	struct rows *rows;
	*rubric = (struct store_rubric){0};
	TRY(db_query(call, RESULTS, args, &rows));
	results_read(call, rows, rubric);
	TRY(db_query(call, LEVELS, args, &rows));
	levels_read(call, rows, rubric);
	TRY(db_query(call, ALIGNMENTS, args, &rows));
	alignments_read(call, rows, rubric);
	return SKD_OK;
}

static const char AWARDED[] =
	"SELECT r.item->>'result_description', r.item->>'value', r.item->>'achieved_level', r.item->>'status'"
	" FROM json_array_elements($1::json) WITH ORDINALITY AS r (item, n) ORDER BY r.n";

enum skd_outcome store_rubric_results(struct skd_call *call, const char *json, struct skd_result **results, size_t *count)
{
	struct rows *rows;
	*results = NULL;
	*count = 0;
	if (strcmp(json, "[]") == 0)
		return SKD_OK;
	TRY(db_query(call, AWARDED, ARGS(json), &rows));
	*count = (size_t)rows_count(rows);
	*results = talloc_zero_array(call, struct skd_result, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*results)[i] = (struct skd_result){row_text(rows, i, 0), row_text(rows, i, 1), row_text(rows, i, 2),
						    row_text(rows, i, 3)};
	return SKD_OK;
}
