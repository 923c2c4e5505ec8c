/* SPDX-License-Identifier: Apache-2.0
 * What waits for who left. */
#include "store/handover.h"

enum { SOME = 200 };

static const char ALONE_TAKE[] =
	"UPDATE left_alone SET told = true WHERE person_id IN (SELECT person_id FROM left_alone WHERE NOT told ORDER BY person_id LIMIT $1::int"
	" FOR UPDATE SKIP LOCKED) RETURNING person_id::text";
static const char WAITING[] =
	"SELECT o.id, w.id, w.meanwhile FROM (SELECT DISTINCT coalesce(p.human, p.id) AS id, a.meanwhile FROM left_alone a JOIN person p ON p.id = a.person_id"
	"  WHERE a.person_id = ANY ($1::uuid[])) AS w"
	" JOIN enrolment e ON e.person_id = w.id JOIN outside_proof o ON o.enrolment_id = e.id AND o.state = 'offered' ORDER BY o.id";

enum skd_outcome store_handover_take(struct skd_call *call, struct store_handover **waiting, size_t *count, bool *more)
{
	const char *entries[SOME];
	struct rows *rows;
	TRY(db_query(call, ALONE_TAKE, ARGS(arg_int(call, SOME)), &rows));
	size_t alone = (size_t)rows_count(rows);
	for (size_t i = 0; i < alone; i++)
		entries[i] = row_text(rows, (int)i, 0);
	*more = alone > 0;
	*count = 0;
	if (!alone)
		return SKD_OK;
	TRY(db_query(call, WAITING, ARGS(arg_array(call, alone, entries)), &rows));
	*count = (size_t)rows_count(rows);
	*waiting = talloc_zero_array(call, struct store_handover, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*waiting)[i] = (struct store_handover){row_uuid(rows, i, 0), row_uuid(rows, i, 1), row_uuid(rows, i, 2)};
	return SKD_OK;
}
