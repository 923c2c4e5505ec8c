/* SPDX-License-Identifier: Apache-2.0
 * Figures for /metrics. */
#include "store/ops.h"

static const char SYNC_STATES[] =
	"SELECT DISTINCT ON (r.source) r.source, r.state,"
	" coalesce((SELECT extract(epoch FROM now() - max(finished_at))::bigint FROM directory_run c"
	"  WHERE c.source = r.source AND c.complete), -1),"
	" (SELECT count(*) FROM person p WHERE p.source = r.source AND p.absent_since IS NULL)"
	" FROM directory_run r WHERE r.state <> 'running' ORDER BY r.source, r.started_at DESC";

enum skd_outcome store_sync_states(struct skd_call *call, struct store_sync_state **states, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, SYNC_STATES, NO_ARGS, &rows));
	*count = (size_t)rows_count(rows);
	*states = talloc_zero_array(call, struct store_sync_state, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*states)[i] = (struct store_sync_state){row_text(rows, i, 0), row_text(rows, i, 1), row_int(rows, i, 2),
							 row_int(rows, i, 3)};
	return SKD_OK;
}
