/* SPDX-License-Identifier: Apache-2.0
 * Rows of runs, and the lease under which they are made. */
#include "store/diff.h"

/* ---- the lease ---- */

static const char LEASE_LIFE[] =
	"SELECT pid::text, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()";

enum skd_outcome store_lease_life(struct skd_call *call, struct lease_life *life)
{
	struct rows *rows;
	TRY(db_query(call, LEASE_LIFE, NO_ARGS, &rows));
	*life = (struct lease_life){0};
	if (rows_count(rows))
		*life = (struct lease_life){row_text(rows, 0, 0), row_text(rows, 0, 1)};
	return SKD_OK;
}

/* Sessions of other roles show no more than their numbers, which come again: where that is all there is to see,
 * the holder may live. */
#define HOLDER_GONE                                                                                                    \
	"l.backend IS NOT NULL AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = l.backend"                 \
	" AND coalesce(a.backend_start = l.backend_start, true))"

static const char LEASE_TAKE[] =
	"INSERT INTO lease AS l (name, holder, epoch, expires_at, backend, backend_start)"
	" VALUES ($1, $2, 1, now() + $3::bigint * interval '1 ms', $4::int, $5::timestamptz)"
	" ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at, holder = excluded.holder,"
	"  epoch = l.epoch + (l.holder <> excluded.holder)::int, backend = excluded.backend,"
	"  backend_start = excluded.backend_start"
	" WHERE l.holder = excluded.holder OR l.expires_at < now() OR (" HOLDER_GONE ") RETURNING epoch";

enum skd_outcome store_lease_take(struct skd_call *call, const char *name, const char *holder,
				  const struct lease_life *life, long ms, bool *mine, int64_t *epoch)
{
	struct rows *rows;
	TRY(db_query(call, LEASE_TAKE, ARGS(name, holder, arg_int(call, ms), life->backend, life->start), &rows));
	*mine = rows_count(rows) == 1;
	*epoch = *mine ? row_int(rows, 0, 0) : 0;
	return SKD_OK;
}

static const char LEASE_HOLD[] = "SELECT FROM lease WHERE name = $1 AND epoch = $2::bigint FOR UPDATE";

enum skd_outcome store_lease_hold(struct skd_call *call, const char *name, int64_t epoch)
{
	struct rows *rows;
	TRY(db_query(call, LEASE_HOLD, ARGS(name, arg_int(call, epoch)), &rows));
	return rows_count(rows) ? SKD_OK : fail(call, SKD_CLASH, "another daemon has taken over %s", name);
}

static const char LEASE_WAIT[] = "SELECT FROM lease WHERE name = $1 FOR UPDATE";

enum skd_outcome store_lease_wait(struct skd_call *call, const char *name)
{
	return db_run(call, LEASE_WAIT, ARGS(name), NULL);
}

static const char LEASE_RENEW[] =
	"UPDATE lease l SET expires_at = now() + $2::bigint * interval '1 ms', backend = $3::int,"
	" backend_start = $4::timestamptz FROM"
	" (SELECT name, backend, backend_start FROM lease WHERE holder = $1 AND expires_at > '-infinity' FOR UPDATE SKIP LOCKED) AS o"
	" WHERE l.name = o.name RETURNING (o.backend, o.backend_start) IS DISTINCT FROM ($3::int, $4::timestamptz)";

enum skd_outcome store_lease_renew(struct skd_call *call, const char *holder, const struct lease_life *life, long ms,
				   bool *other)
{
	struct rows *rows;
	TRY(db_query(call, LEASE_RENEW, ARGS(holder, arg_int(call, ms), life->backend, life->start), &rows));
	*other = false;
	for (int i = 0; i < rows_count(rows); i++)
		*other = *other || row_bool(rows, i, 0);
	return SKD_OK;
}

static const char LEASE_DROP[] = "UPDATE lease SET expires_at = '-infinity' WHERE name = $1 AND holder = $2";

enum skd_outcome store_lease_drop(struct skd_call *call, const char *name, const char *holder)
{
	return db_run(call, LEASE_DROP, ARGS(name, holder), NULL);
}

/* ---- begin and end ---- */

static const char RUN_ASK[] =
	"INSERT INTO directory_run (source, asked_by, allow, covers) VALUES ($1, $2::uuid, $3::int, $4::uuid) RETURNING id";

enum skd_outcome store_run_ask(struct skd_call *call, const char *source, const char *account_id,
			       const struct run_wish *wish, const char **id)
{
	struct rows *rows;
	const char *allow = wish->allow ? arg_int(call, wish->allow) : NULL;
	TRY(db_query(call, RUN_ASK, ARGS(source, account_id, allow, wish->covers), &rows));
	*id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

static const char RUN_ASKED[] =
	"SELECT EXISTS (SELECT FROM directory_run WHERE source = $1 AND state = 'running' AND epoch IS NULL)";

enum skd_outcome store_run_asked(struct skd_call *call, const char *source, bool *asked)
{
	struct rows *rows;
	TRY(db_query(call, RUN_ASKED, ARGS(source), &rows));
	*asked = row_bool(rows, 0, 0);
	return SKD_OK;
}

/* An approval stands until a run has been settled under it: one that failed hands it on. */
#define COVERS_LEFT                                                                                                    \
	"(SELECT o.covers FROM (SELECT covers, state FROM directory_run WHERE source = $1 AND epoch IS NOT NULL"       \
	"  AND NOT feed ORDER BY started_at DESC, id DESC LIMIT 1) AS o WHERE o.state = 'failed')"

static const char RUN_TAKE[] =
	"UPDATE directory_run SET epoch = $2::bigint, started_at = now(), covers = coalesce(covers, " COVERS_LEFT ") WHERE id ="
	" (SELECT id FROM directory_run WHERE source = $1 AND state = 'running' AND epoch IS NULL ORDER BY id LIMIT 1"
	"  FOR UPDATE SKIP LOCKED) RETURNING id, allow, covers";
static const char RUN_NEW[] =
	"INSERT INTO directory_run (source, epoch, covers) SELECT $1, $2::bigint, " COVERS_LEFT " RETURNING id, allow, covers";

enum skd_outcome store_run_begin(struct skd_call *call, const char *source, int64_t epoch, const char **id,
				 struct run_wish *wish)
{
	struct rows *rows;
	struct args args = ARGS(source, arg_int(call, epoch));
	TRY(db_query(call, RUN_TAKE, args, &rows));
	bool asked = rows_count(rows) == 1;
	if (!asked)
		TRY(db_query(call, RUN_NEW, args, &rows));
	*id = row_uuid(rows, 0, 0);
	*wish = (struct run_wish){asked, row_int(rows, 0, 1), row_uuid(rows, 0, 2)};
	return SKD_OK;
}

static const char RUN_NEW_FEED[] =
	"INSERT INTO directory_run (id, source, epoch, feed) VALUES ($3::uuid, $1, $2::bigint, true)";
static const char RUN_DROP[] = "DELETE FROM directory_run WHERE id = $1::uuid";

enum skd_outcome store_run_begin_feed(struct skd_call *call, const char *source, int64_t epoch, const char **id)
{
	char made[UUID_SIZE];
	uuid_new(made);
	*id = talloc_strdup(call, made);
	return db_send(call, RUN_NEW_FEED, ARGS(source, arg_int(call, epoch), *id), NULL);
}

enum skd_outcome store_run_drop(struct skd_call *call, const char *id)
{
	return db_run(call, RUN_DROP, ARGS(id), NULL);
}

static const char FEED_PUT[] =
	"INSERT INTO directory_feed (source, cookie) VALUES ($1, $2)"
	" ON CONFLICT (source) DO UPDATE SET cookie = excluded.cookie, at = now()";
static const char FEED_GET[] = "SELECT cookie FROM directory_feed WHERE source = $1";

enum skd_outcome store_feed_put(struct skd_call *call, const char *source, const char *cookie)
{
	return db_send(call, FEED_PUT, ARGS(source, cookie), NULL);
}

enum skd_outcome store_feed_get(struct skd_call *call, const char *source, const char **cookie)
{
	struct rows *rows;
	TRY(db_query(call, FEED_GET, ARGS(source), &rows));
	*cookie = rows_count(rows) ? row_text(rows, 0, 0) : NULL;
	return SKD_OK;
}

static const char FEED_KNOWS[] =
	"SELECT EXISTS (SELECT FROM person WHERE source = $1 AND external_id = ANY ($2::text[]) AND absent_since IS NULL)"
	" OR EXISTS (SELECT FROM unit WHERE source = $1 AND external_id = ANY ($2::text[]) AND absent_since IS NULL)"
	" OR EXISTS (SELECT FROM directory_group WHERE source = $1 AND external_id = ANY ($2::text[]))";

enum skd_outcome store_feed_knows(struct skd_call *call, const char *source, size_t count, const char *const *ids,
				  bool *known)
{
	struct rows *rows;
	TRY(db_query(call, FEED_KNOWS, ARGS(source, arg_array(call, count, ids)), &rows));
	*known = row_bool(rows, 0, 0);
	return SKD_OK;
}

static const char RUN_END[] =
	"UPDATE directory_run SET state = $2, complete = $3::bool, people = $4::int, added = $5::int, changed = $6::int,"
	" moved = $7::int, absent = $8::int, returned = $9::int, skipped = $10::int, error = $11, finished_at = clock_timestamp()"
	" WHERE id = $1::uuid";

enum skd_outcome store_run_end(struct skd_call *call, const struct store_run *run)
{
	const struct run_counts *c = &run->counts;
	return db_send(call, RUN_END,
		       ARGS(run->id, run->state, arg_bool(run->complete), arg_int(call, c->people), arg_int(call, c->added),
			    arg_int(call, c->changed), arg_int(call, c->moved), arg_int(call, c->absent),
			    arg_int(call, c->returned), arg_int(call, c->skipped), run->error),
		       NULL);
}

/* Of the runs nobody asked for that found nothing, those that the next one only repeats; whoever has just
 * seen such a run listed can still read it for a while. */
static const char RUN_FORGET[] =
	"DELETE FROM directory_run r WHERE r.source = $1 AND r.asked_by IS NULL AND r.state IN ('done', 'failed')"
	" AND r.started_at BETWEEN now() - interval '10 min' AND now() - interval '2 min'"
	" AND r.added + r.changed + r.moved + r.absent + r.returned = 0"
	" AND EXISTS (SELECT FROM (SELECT state, error, skipped FROM directory_run o WHERE o.source = $1 AND o.id > r.id"
	"  ORDER BY o.id LIMIT 1) AS n WHERE (r.state, r.error, r.skipped) IS NOT DISTINCT FROM (n.state, n.error, n.skipped))"
	" AND NOT EXISTS (SELECT FROM directory_run_line l WHERE l.run_id = r.id AND l.kind <> 'skipped')";

enum skd_outcome store_run_forget(struct skd_call *call, const char *source)
{
	return db_run(call, RUN_FORGET, ARGS(source), NULL);
}

static const char RUN_SWEEP[] =
	"UPDATE directory_run SET state = 'failed', finished_at = now(), error = 'the daemon stopped in the middle'"
	" WHERE source = $1 AND state = 'running' AND epoch <= $2::bigint";
static const char RUN_EXPIRE[] =
	"DELETE FROM directory_run r WHERE r.source = $1 AND r.finished_at < now() - interval '1 year'"
	" AND r.added = 0 AND NOT EXISTS (SELECT FROM directory_run_line l WHERE l.run_id = r.id AND l.person_id IS NOT NULL)";

enum skd_outcome store_run_sweep(struct skd_call *call, const char *source, int64_t epoch)
{
	TRY(db_run(call, RUN_SWEEP, ARGS(source, arg_int(call, epoch)), NULL));
	return db_run(call, RUN_EXPIRE, ARGS(source), NULL);
}

/* ---- looking ---- */

#define RUN_COLUMNS                                                                                           \
	"r.id, r.source, r.state, r.error, r.complete, r.people, r.added, r.changed, r.moved, r.absent,"      \
	" r.returned, r.skipped, r.started_at, r.finished_at, r.decided_at,"                                \
	" (SELECT coalesce(w.account, 'erased') FROM who w WHERE w.id = r.decided_by), r.feed"

static void run_read(const struct rows *rows, int i, struct store_run *run)
{
	*run = (struct store_run){
		.id = row_uuid(rows, i, 0), .source = row_text(rows, i, 1), .state = row_text(rows, i, 2),
		.error = row_text(rows, i, 3), .complete = row_bool(rows, i, 4),
		.counts = {.people = row_int(rows, i, 5), .added = row_int(rows, i, 6), .changed = row_int(rows, i, 7),
			   .moved = row_int(rows, i, 8), .absent = row_int(rows, i, 9), .returned = row_int(rows, i, 10),
			   .skipped = row_int(rows, i, 11)},
		.started_at = row_time(rows, i, 12), .finished_at = row_time(rows, i, 13),
		.decided_at = row_time(rows, i, 14), .decided_by = row_text(rows, i, 15), .feed = row_bool(rows, i, 16)};
}

static const char RUN_GET[] = "SELECT " RUN_COLUMNS " FROM directory_run r WHERE r.id = $1::uuid";

enum skd_outcome store_run_get(struct skd_call *call, const char *id, struct store_run *run)
{
	struct rows *rows;
	TRY(db_query(call, RUN_GET, ARGS(id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such run");
	run_read(rows, 0, run);
	return SKD_OK;
}

enum skd_outcome store_run_list(struct skd_call *call, const char *source, const char *state, struct list *list,
				struct store_run **runs, size_t *count)
{
	static const struct list_order orders[] = {{"started_at", "r.started_at", "timestamptz"}, {NULL, NULL, NULL}};
	static const char where[] =
		"FROM directory_run r WHERE ($1::text IS NULL OR r.source = $1) AND ($2::text IS NULL OR r.state = $2)";
	struct rows *rows;
	if (!list->sort)
		list->descending = true;
	TRY(list_query(call, list, orders, RUN_COLUMNS, where, "r.id", ARGS(source, state), &rows, count));
	*runs = talloc_zero_array(call, struct store_run, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		run_read(rows, i, &(*runs)[i]);
	return SKD_OK;
}

/* Who was added stands with the people themselves. */
static const char RUN_LINES[] =
	"(SELECT l.kind, p.id, p.name, l.what, l.detail FROM directory_run_line l LEFT JOIN person p ON p.id = l.person_id"
	" WHERE l.run_id = $1::uuid ORDER BY l.id LIMIT $2::int)"
	" UNION ALL (SELECT 'added', p.id, p.name, NULL, NULL FROM person p WHERE p.added_by = $1::uuid"
	"  AND (SELECT added FROM directory_run WHERE id = $1::uuid) > 0 ORDER BY p.id LIMIT $2::int) LIMIT $2::int";

enum skd_outcome store_run_lines(struct skd_call *call, const char *id, int most, struct store_run_line **lines,
				 size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, RUN_LINES, ARGS(id, arg_int(call, most)), &rows));
	*count = (size_t)rows_count(rows);
	*lines = talloc_zero_array(call, struct store_run_line, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*lines)[i] = (struct store_run_line){row_text(rows, i, 0), row_uuid(rows, i, 1), row_text(rows, i, 2),
						      row_text(rows, i, 3), row_json(rows, i, 4)};
	return SKD_OK;
}

/* A run that waits lists what it does not do; but roles are lost, and people disabled, by it at once. */
static const char SAID_OF_PERSON[] =
	"SELECT " LINE_AT ", l.kind, r.id, l.what, l.detail"
	" FROM directory_run_line l JOIN directory_run r ON r.id = l.run_id WHERE l.person_id = $1::uuid AND " LINE_DONE
	" UNION ALL SELECT created_at, 'added', added_by, NULL, NULL FROM person WHERE id = $1::uuid AND added_by IS NOT NULL"
	" ORDER BY 1, 3, 2 LIMIT 10000";

enum skd_outcome store_run_said(struct skd_call *call, const char *person_id, struct store_run_said **said, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, SAID_OF_PERSON, ARGS(person_id), &rows));
	*count = (size_t)rows_count(rows);
	*said = talloc_zero_array(call, struct store_run_said, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*said)[i] = (struct store_run_said){row_time(rows, i, 0), row_text(rows, i, 1), row_uuid(rows, i, 2),
						     row_text(rows, i, 3), row_json(rows, i, 4)};
	return SKD_OK;
}

/* ---- deciding ---- */

static const char RUN_DECIDE[] =
	"UPDATE directory_run SET state = $2, decided_at = now(), decided_by = who_is($3, NULL, NULL), error = $4, finished_at = now()"
	" WHERE id = $1::uuid AND state = 'needs_approval'";

enum skd_outcome store_run_decide(struct skd_call *call, const char *id, const char *state, const char *by,
				  const char *error)
{
	int64_t touched;
	TRY(db_run(call, RUN_DECIDE, ARGS(id, state, by, error), &touched));
	return touched ? SKD_OK : fail(call, SKD_CLASH, "this run does not wait for approval (any more)");
}

static const char RUN_RECENT[] =
	"SELECT count(*) FROM person p WHERE p.source = $1 AND p.absent_since > now() - $2::bigint * interval '1 ms'"
	" AND NOT EXISTS (SELECT FROM directory_run_line l JOIN directory_run r ON r.id = l.run_id"
	"  WHERE l.person_id = p.id AND l.kind = 'absent' AND coalesce(r.decided_at, r.finished_at) >= p.absent_since"
	"  AND (r.state = 'approved' OR (r.state = 'done' AND r.absent <= r.allow)))";

enum skd_outcome store_run_recent(struct skd_call *call, const char *source, long window_ms, int64_t *count)
{
	struct rows *rows;
	TRY(db_query(call, RUN_RECENT, ARGS(source, arg_int(call, window_ms)), &rows));
	*count = row_int(rows, 0, 0);
	return SKD_OK;
}
