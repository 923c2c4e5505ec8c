/* SPDX-License-Identifier: Apache-2.0
 * Counts by day. */
#include "store/counts.h"

/* In one order, so that two who write at once wait for each other once. */
static const char COUNTS_ADD[] =
	"INSERT INTO credential_count AS n (credential_id, day, kind, number)"
	" SELECT c.id, (now() AT TIME ZONE 'UTC')::date, t.kind, t.number"
	"  FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS t (id, kind, number) JOIN credential c ON c.id = t.id"
	"  ORDER BY c.id, t.kind"
	" ON CONFLICT (credential_id, day, kind) DO UPDATE SET number = n.number + excluded.number";

enum skd_outcome store_counts_add(struct skd_call *call, size_t count, const char *const *ids, const char *const *kinds,
				  const char *const *numbers)
{
	return db_run(call, COUNTS_ADD,
		      ARGS(arg_array(call, count, ids), arg_array(call, count, kinds), arg_array(call, count, numbers)), NULL);
}

static const char COUNTS_LIST[] =
	"SELECT to_char(day, 'YYYY-MM-DD'), coalesce(sum(number) FILTER (WHERE kind = 'view'), 0)::bigint,"
	" coalesce(sum(number) FILTER (WHERE kind = 'download'), 0)::bigint,"
	" coalesce(sum(number) FILTER (WHERE kind = 'verification'), 0)::bigint"
	" FROM credential_count WHERE credential_id = $1::uuid GROUP BY day ORDER BY day";

enum skd_outcome store_counts_list(struct skd_call *call, const char *credential_id, struct store_count **counts, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, COUNTS_LIST, ARGS(credential_id), &rows));
	*count = (size_t)rows_count(rows);
	*counts = talloc_zero_array(call, struct store_count, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*counts)[i] = (struct store_count){row_text(rows, i, 0), row_int(rows, i, 1), row_int(rows, i, 2),
						    row_int(rows, i, 3)};
	return SKD_OK;
}
