/* SPDX-License-Identifier: Apache-2.0
 * Awards that have not been followed yet, as they were noted when they were written. */
#include "store/award_news.h"

static const char NEWS_TAKE[] =
	"SELECT c.id, c.entry_id, v.name, c.issued_at, greatest(c.issued_at, c.valid_from)"
	" FROM (SELECT * FROM award_news WHERE at <= now() ORDER BY at LIMIT 1 FOR UPDATE SKIP LOCKED) n"
	" JOIN credential c ON c.id = n.credential_id"
	" JOIN achievement_version v ON v.achievement_id = c.achievement_id AND v.number = c.achievement_number";

enum skd_outcome store_award_news_take(struct skd_call *call, struct store_award_news *news)
{
	struct rows *rows;
	*news = (struct store_award_news){0};
	TRY(db_query(call, NEWS_TAKE, NO_ARGS, &rows));
	if (rows_count(rows))
		*news = (struct store_award_news){row_uuid(rows, 0, 0), row_uuid(rows, 0, 1), row_text(rows, 0, 2),
						  row_time(rows, 0, 3), row_time(rows, 0, 4)};
	return SKD_OK;
}

static const char NEWS_PUT_OFF[] =
	"UPDATE award_news SET at = now() + $2::bigint * interval '1 millisecond' WHERE credential_id = $1::uuid";

enum skd_outcome store_award_news_put_off(struct skd_call *call, const char *id, long milliseconds)
{
	return db_run(call, NEWS_PUT_OFF, ARGS(id, arg_int(call, milliseconds)), NULL);
}

static const char NEWS_DROP[] = "DELETE FROM award_news WHERE credential_id = $1::uuid";

enum skd_outcome store_award_news_drop(struct skd_call *call, const char *id)
{
	return db_run(call, NEWS_DROP, ARGS(id), NULL);
}
