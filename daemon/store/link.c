/* SPDX-License-Identifier: Apache-2.0
 * Links. */
#include "store/link.h"

static const char OF_ACHIEVEMENT[] =
	"SELECT l.id, u.url, coalesce(l.state, 'unchecked'), l.detail, coalesce(l.failures, 0), l.checked_at, l.dead_since, u.places"
	" FROM (SELECT a.url, string_agg(DISTINCT a.place, ', ') AS places FROM achievement_link a WHERE a.achievement_id = $1::uuid"
	"  GROUP BY a.url) AS u LEFT JOIN web_link l ON l.url = u.url ORDER BY u.url";

static void link_read(const struct rows *rows, int i, struct store_link *link)
{
	*link = (struct store_link){
		.id = row_uuid(rows, i, 0), .url = row_text(rows, i, 1), .state = row_text(rows, i, 2), .detail = row_text(rows, i, 3),
		.failures = row_int(rows, i, 4), .checked_at = row_time(rows, i, 5), .dead_since = row_time(rows, i, 6)};
}

enum skd_outcome store_link_of_achievement(struct skd_call *call, const char *id, struct store_link **links, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, OF_ACHIEVEMENT, ARGS(id), &rows));
	*count = (size_t)rows_count(rows);
	*links = talloc_zero_array(call, struct store_link, *count + 1);
	for (int i = 0; i < (int)*count; i++) {
		link_read(rows, i, &(*links)[i]);
		(*links)[i].place = row_text(rows, i, 7);
	}
	return SKD_OK;
}

enum skd_outcome store_link_list(struct skd_call *call, const char *state, struct list *list, struct store_link **links,
				 size_t *count)
{
	static const struct list_order orders[] = {{"url", "l.url", "text"}, {NULL, NULL, NULL}};
	static const char columns[] = "l.id, l.url, l.state, l.detail, l.failures, l.checked_at, l.dead_since, u.ids, u.names";
	static const char where[] =
		"FROM web_link l CROSS JOIN LATERAL (SELECT array_agg(u.achievement_id::text ORDER BY v.name, u.achievement_id) AS ids,"
		"  array_agg(v.name ORDER BY v.name, u.achievement_id) AS names FROM web_link_use u"
		"  JOIN achievement_version v ON v.achievement_id = u.achievement_id AND v.number = (SELECT max(m.number)"
		"   FROM achievement_version m WHERE m.achievement_id = u.achievement_id AND m.state IN ('published', 'archived'))"
		"  WHERE u.link_id = l.id) AS u WHERE ($1::text IS NULL OR l.state = $1)";
	struct rows *rows;
	TRY(list_query(call, list, orders, columns, where, "l.id", ARGS(state), &rows, count));
	*links = talloc_zero_array(call, struct store_link, *count + 1);
	for (int i = 0; i < (int)*count; i++) {
		struct store_link *link = &(*links)[i];
		link_read(rows, i, link);
		link->achievements = row_texts(rows, i, 7, &link->count);
		link->names = row_texts(rows, i, 8, &link->count);
	}
	return SKD_OK;
}

/* ---- looking ---- */

static const char GATHER[] =
	"WITH seen AS MATERIALIZED (SELECT DISTINCT a.url, a.achievement_id FROM achievement_link a),"
	" fresh AS (INSERT INTO web_link (url) SELECT DISTINCT s.url FROM seen s WHERE NOT EXISTS (SELECT FROM web_link l WHERE l.url = s.url)"
	"  ON CONFLICT DO NOTHING RETURNING id, url),"
	" every AS (SELECT id, url FROM web_link UNION ALL SELECT id, url FROM fresh),"
	" gone AS (DELETE FROM web_link_use u USING web_link l WHERE l.id = u.link_id"
	"  AND NOT EXISTS (SELECT FROM seen s WHERE s.url = l.url AND s.achievement_id = u.achievement_id))"
	" INSERT INTO web_link_use (link_id, achievement_id) SELECT e.id, s.achievement_id FROM seen s JOIN every e ON e.url = s.url"
	" ON CONFLICT DO NOTHING";
static const char FORGET[] = "DELETE FROM web_link l WHERE NOT EXISTS (SELECT FROM web_link_use u WHERE u.link_id = l.id)";

enum skd_outcome store_link_gather(struct skd_call *call)
{
	TRY(db_run(call, GATHER, NO_ARGS, NULL));
	return db_run(call, FORGET, NO_ARGS, NULL);
}

static const char DUE[] =
	"SELECT l.id, l.url, l.state, l.detail, l.failures, l.checked_at, l.dead_since FROM web_link l WHERE l.due_at <= now()"
	" ORDER BY l.due_at, l.id LIMIT 1";

enum skd_outcome store_link_due(struct skd_call *call, struct store_link *link)
{
	struct rows *rows;
	TRY(db_query(call, DUE, NO_ARGS, &rows));
	*link = (struct store_link){0};
	if (rows_count(rows))
		link_read(rows, 0, link);
	return SKD_OK;
}

#define IN_MS "now() + $3::bigint * interval '1 millisecond'"
static const char ALIVE[] =
	"UPDATE web_link SET state = 'alive', failures = 0, detail = $2, checked_at = now(), dead_since = NULL, due_at = " IN_MS
	" WHERE id = $1::uuid";
static const char UNCHECKED[] =
	"UPDATE web_link SET state = 'unchecked', failures = 0, detail = $2, dead_since = NULL, due_at = " IN_MS " WHERE id = $1::uuid";
static const char FAILED[] =
	"UPDATE web_link l SET state = CASE WHEN l.failures + 1 >= $4::bigint THEN 'dead' ELSE 'failing' END, failures = l.failures + 1,"
	" detail = $2, checked_at = now(), dead_since = CASE WHEN l.failures + 1 >= $4::bigint THEN coalesce(l.dead_since, now()) END,"
	" due_at = " IN_MS " WHERE l.id = $1::uuid RETURNING l.dead_since = now()";

enum skd_outcome store_link_alive(struct skd_call *call, const char *id, const char *detail, long ms)
{
	return db_run(call, ALIVE, ARGS(id, detail, arg_int(call, ms)), NULL);
}

enum skd_outcome store_link_unchecked(struct skd_call *call, const char *id, const char *detail, long ms)
{
	return db_run(call, UNCHECKED, ARGS(id, detail, arg_int(call, ms)), NULL);
}

enum skd_outcome store_link_failed(struct skd_call *call, const char *id, const char *detail, long ms, long most, bool *died)
{
	struct rows *rows;
	TRY(db_query(call, FAILED, ARGS(id, detail, arg_int(call, ms), arg_int(call, most)), &rows));
	*died = rows_count(rows) && row_bool(rows, 0, 0);
	return SKD_OK;
}

static const char USERS[] = "SELECT array_agg(u.achievement_id::text) FROM web_link_use u WHERE u.link_id = $1::uuid";

enum skd_outcome store_link_users(struct skd_call *call, const char *id, const char *const **achievements, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, USERS, ARGS(id), &rows));
	*achievements = row_texts(rows, 0, 0, count);
	return SKD_OK;
}
