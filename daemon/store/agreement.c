/* SPDX-License-Identifier: Apache-2.0
 * Opinions. */
#include "store/agreement.h"

static const char OPINIONS[] =
	"WITH pair AS MATERIALIZED (SELECT a.id AS one, b.id AS other, a.scores AS a_scores, b.scores AS b_scores, a.verdict AS a_verdict,"
	"   b.verdict AS b_verdict, p.id AS a_id, p.name AS a_name, q.id AS b_id, q.name AS b_name, s.achievement_id, s.achievement_number"
	"   FROM submission s JOIN review a ON a.submission_id = s.id AND a.state = 'done'"
	"   JOIN review b ON b.submission_id = s.id AND b.round = a.round AND b.place > a.place AND b.state = 'done'"
	"   JOIN person p ON p.id = a.assessor_id JOIN person q ON q.id = b.assessor_id WHERE s.achievement_id = $1::uuid)"
	" SELECT NULL, a_id, a_name, b_id, b_name, array_position('{decline,return,approve}'::text[], a_verdict) - 1,"
	"  array_position('{decline,return,approve}'::text[], b_verdict) - 1 FROM pair"
	" UNION ALL SELECT c.item->>'id', a_id, a_name, b_id, b_name, (l.n - 1)::int, (m.n - 1)::int FROM pair"
	"  JOIN achievement_version v ON v.achievement_id = pair.achievement_id AND v.number = pair.achievement_number"
	"  CROSS JOIN json_array_elements(v.results) AS c (item)"
	"  JOIN json_array_elements(c.item->'levels') WITH ORDINALITY AS l (item, n) ON l.item->>'id' = a_scores->(c.item->>'id')->>'level'"
	"  JOIN json_array_elements(c.item->'levels') WITH ORDINALITY AS m (item, n) ON m.item->>'id' = b_scores->(c.item->>'id')->>'level'"
	"  WHERE c.item->>'result_type' = 'RubricCriterionLevel'";

enum skd_outcome store_opinions_list(struct skd_call *call, const char *achievement_id, struct store_opinions **opinions, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, OPINIONS, ARGS(achievement_id), &rows));
	*count = (size_t)rows_count(rows);
	*opinions = talloc_zero_array(call, struct store_opinions, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*opinions)[i] = (struct store_opinions){
			row_text(rows, i, 0), {row_uuid(rows, i, 1), row_uuid(rows, i, 3)}, {row_text(rows, i, 2), row_text(rows, i, 4)},
			{row_int(rows, i, 5), row_int(rows, i, 6)}};
	return SKD_OK;
}
