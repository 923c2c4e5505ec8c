/* SPDX-License-Identifier: Apache-2.0
 * Clocks, holds, and the proofs of erasures. */
#include "store/retention.h"

/* ---- clocks ---- */

#define CLOCK_COLUMNS                                                                                          \
	"p.id, p.name, p.username, p.source, p.country, c.policy, coalesce(c.automatic, false), p.absent_since," \
	" c.due_at, h.id IS NOT NULL, h.reason, h.until, " CLOCK_DUE
#define CLOCK_DUE "(coalesce(c.due_at <= now(), false) AND h.id IS NULL)"
#define HOLD_STANDS "h.lifted_at IS NULL AND h.until > now()"
/* A human has left when all their entries have, and a hold on any of them holds them all. */
#define CLOCK_FROM                                                                                             \
	"FROM person p LEFT JOIN retention_clock($1::jsonb) c ON c.person_id = p.id"                           \
	" LEFT JOIN LATERAL (SELECT h.* FROM legal_hold h WHERE " HOLD_STANDS " AND (h.person_id = p.id"      \
	"  OR h.person_id IN (SELECT e.id FROM person e WHERE e.human = p.id)) ORDER BY h.person_id <> p.id LIMIT 1) h ON true" \
	" WHERE p.absent_since IS NOT NULL AND p.erased_at IS NULL AND (p.human IS NULL OR p.human = p.id)"

static void clock_read(const struct rows *rows, int i, struct store_clock *clock)
{
	*clock = (struct store_clock){
		.person_id = row_uuid(rows, i, 0), .name = row_text(rows, i, 1), .username = row_text(rows, i, 2),
		.source = row_text(rows, i, 3), .country = row_text(rows, i, 4), .policy = row_text(rows, i, 5),
		.automatic = row_bool(rows, i, 6), .absent_since = row_time(rows, i, 7), .due_at = row_time(rows, i, 8),
		.held = row_bool(rows, i, 9), .hold_reason = row_text(rows, i, 10), .hold_until = row_time(rows, i, 11),
		.due = row_bool(rows, i, 12)};
}

enum skd_outcome store_clock_list(struct skd_call *call, const char *policies, const struct store_clock_filter *filter,
				  struct list *list, struct store_clock **clocks, size_t *count)
{
	static const struct list_order orders[] = {{"due_at", "coalesce(c.due_at, 'infinity')", "timestamptz"},
						   {"absent_since", "p.absent_since", "timestamptz"},
						   {"name", "p.name", "text"},
						   {NULL, NULL, NULL}};
	static const char where[] = CLOCK_FROM " AND ($2::bool IS NULL OR $2 = " CLOCK_DUE ")"
					       " AND ($3::bool IS NULL OR $3 = (h.id IS NOT NULL))";
	struct rows *rows;
	TRY(list_query(call, list, orders, CLOCK_COLUMNS, where, "p.id", ARGS(policies, filter->due, filter->held), &rows,
		       count));
	*clocks = talloc_zero_array(call, struct store_clock, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		clock_read(rows, i, &(*clocks)[i]);
	return SKD_OK;
}

static const char CLOCK_GET[] = "SELECT " CLOCK_COLUMNS " " CLOCK_FROM " AND p.id = $2::uuid";

enum skd_outcome store_clock_get(struct skd_call *call, const char *policies, const char *person_id,
				 struct store_clock *clock)
{
	struct rows *rows;
	TRY(db_query(call, CLOCK_GET, ARGS(policies, person_id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is nobody with that id who has left");
	clock_read(rows, 0, clock);
	return SKD_OK;
}

static const char POLICY_GROUP_MISSING[] =
	"SELECT g.key FROM jsonb_to_recordset($1::jsonb) AS r (groups jsonb)"
	" CROSS JOIN jsonb_to_recordset(coalesce(r.groups, '[]')) AS g (source text, key text)"
	" WHERE NOT EXISTS (SELECT FROM directory_group d WHERE d.source = g.source AND d.key = g.key COLLATE \"C\") LIMIT 1";
static const char CLOCK_OVER[] =
	"SELECT p.id, p.source " CLOCK_FROM " AND c.automatic AND " CLOCK_DUE " ORDER BY c.due_at, p.id LIMIT $2::int";

enum skd_outcome store_clock_due(struct skd_call *call, const char *policies, int most, struct store_due **due,
				 size_t *count, const char **missing)
{
	struct rows *rows;
	*count = 0;
	TRY(db_query(call, POLICY_GROUP_MISSING, ARGS(policies), &rows));
	*missing = rows_count(rows) ? row_text(rows, 0, 0) : NULL;
	if (*missing)
		return SKD_OK;
	TRY(db_query(call, CLOCK_OVER, ARGS(policies, arg_int(call, most)), &rows));
	*count = (size_t)rows_count(rows);
	*due = talloc_zero_array(call, struct store_due, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*due)[i] = (struct store_due){row_uuid(rows, i, 0), row_text(rows, i, 1)};
	return SKD_OK;
}

/* Of two that look at once the second may have begun first. */
static const char CLOCK_LOOK[] =
	"UPDATE retention_clock SET seen_at = now(), steady_since = CASE"
	" WHEN now() - seen_at BETWEEN interval '-1 minute' AND interval '1 day' THEN steady_since ELSE now() END"
	" RETURNING steady_since = now(), now() - steady_since >= interval '1 day', steady_since + interval '1 day'";

enum skd_outcome store_clock_look(struct skd_call *call, struct store_steady *steady)
{
	struct rows *rows;
	TRY(db_query(call, CLOCK_LOOK, NO_ARGS, &rows));
	*steady = (struct store_steady){row_bool(rows, 0, 0), row_bool(rows, 0, 1), row_time(rows, 0, 2)};
	return SKD_OK;
}

static const char GROUP_LEFT_TIDY[] =
	"DELETE FROM group_left l USING person p WHERE p.id = l.person_id AND p.absent_since IS NULL"
	" AND l.at < now() - interval '31 days'";

enum skd_outcome store_group_left_tidy(struct skd_call *call)
{
	return db_run(call, GROUP_LEFT_TIDY, NO_ARGS, NULL);
}

/* ---- holds ---- */

static const char HOLD_GET[] =
	"SELECT p.id, p.name, h.reason, coalesce(w.account, 'erased'), h.until, h.set_at,"
	" (extract(epoch FROM h.set_at) * 1000000)::bigint FROM legal_hold h JOIN person p ON p.id = h.person_id"
	" LEFT JOIN who w ON w.id = h.set_by WHERE h.person_id = $1::uuid AND " HOLD_STANDS;

enum skd_outcome store_hold_get(struct skd_call *call, const char *person_id, struct store_hold *hold)
{
	struct rows *rows;
	TRY(db_query(call, HOLD_GET, ARGS(person_id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no hold on this person's data");
	*hold = (struct store_hold){
		.person_id = row_uuid(rows, 0, 0), .name = row_text(rows, 0, 1), .reason = row_text(rows, 0, 2),
		.account = row_text(rows, 0, 3), .until = row_time(rows, 0, 4), .set_at = row_time(rows, 0, 5),
		.version = row_int(rows, 0, 6)};
	return SKD_OK;
}

/* One that ended by itself makes room for the next. The person's row keeps an erasure waiting. */
static const char HOLD_ROOM[] = "SELECT FROM person WHERE id = $1::uuid AND erased_at IS NULL FOR NO KEY UPDATE";
static const char HOLD_OVER[] =
	"UPDATE legal_hold SET lifted_at = until WHERE person_id = $1::uuid AND lifted_at IS NULL AND until <= now()";
static const char HOLD_ADD[] =
	"INSERT INTO legal_hold (person_id, reason, until, set_by)"
	" SELECT id, $2, $3::timestamptz, who_is($4, $5::uuid, NULL) FROM person WHERE id = $1::uuid AND erased_at IS NULL";

enum skd_outcome store_hold_add(struct skd_call *call, const struct store_hold *hold, const char *account_id)
{
	int64_t touched;
	TRY(db_run(call, HOLD_ROOM, ARGS(hold->person_id), NULL));
	TRY(db_run(call, HOLD_OVER, ARGS(hold->person_id), NULL));
	TRY(db_run(call, HOLD_ADD,
		   ARGS(hold->person_id, hold->reason, arg_time(call, hold->until), hold->account, account_id), &touched));
	return touched ? SKD_OK : fail(call, SKD_ABSENT, "there is no such person");
}

static const char HOLD_LIFT[] =
	"UPDATE legal_hold SET lifted_at = clock_timestamp() WHERE person_id = $1::uuid AND lifted_at IS NULL";

enum skd_outcome store_hold_lift(struct skd_call *call, const char *person_id)
{
	return db_run(call, HOLD_LIFT, ARGS(person_id), NULL);
}

/* ---- proofs ---- */

#define ERASURE_COLUMNS                                                                                        \
	"e.id, e.person_id, coalesce(w.account, 'erased'), e.policy, e.reason, e.removed,"                     \
	" encode(e.digest, 'hex'), e.early, e.erased_at"
#define ERASURE_FROM "FROM erasure e JOIN who w ON w.id = e.who WHERE true"

static void erasure_read(const struct rows *rows, int i, struct store_erasure *e)
{
	*e = (struct store_erasure){
		.id = row_uuid(rows, i, 0), .person_id = row_uuid(rows, i, 1), .account = row_text(rows, i, 2),
		.policy = row_text(rows, i, 3), .reason = row_text(rows, i, 4), .removed = row_json(rows, i, 5),
		.digest = row_text(rows, i, 6), .early = row_bool(rows, i, 7), .erased_at = row_time(rows, i, 8)};
}

static const char ERASURE_ADD[] =
	"INSERT INTO erasure (person_id, who, policy, early, reason, removed, digest) VALUES"
	" ($1::uuid, who_is($2, $3::uuid, NULL), $4, $5::bool, $6, $7::jsonb, decode($8, 'hex')) RETURNING id";

enum skd_outcome store_erasure_add(struct skd_call *call, const struct store_erasure *e, const char *account_id,
				   const char **id)
{
	struct rows *rows;
	TRY(db_query(call, ERASURE_ADD,
		     ARGS(e->person_id, e->account, account_id, e->policy, arg_bool(e->early), e->reason, e->removed, e->digest),
		     &rows));
	*id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

static const char ERASURE_GET[] = "SELECT " ERASURE_COLUMNS " " ERASURE_FROM " AND e.id = $1::uuid";

enum skd_outcome store_erasure_get(struct skd_call *call, const char *id, struct store_erasure *erasure)
{
	struct rows *rows;
	TRY(db_query(call, ERASURE_GET, ARGS(id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such erasure");
	erasure_read(rows, 0, erasure);
	return SKD_OK;
}

enum skd_outcome store_erasure_list(struct skd_call *call, struct list *list, struct store_erasure **erasures,
				    size_t *count)
{
	static const struct list_order orders[] = {{"erased_at", "e.erased_at", "timestamptz"}, {NULL, NULL, NULL}};
	struct rows *rows;
	TRY(list_query(call, list, orders, ERASURE_COLUMNS, ERASURE_FROM, "e.id", NO_ARGS, &rows, count));
	*erasures = talloc_zero_array(call, struct store_erasure, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		erasure_read(rows, i, &(*erasures)[i]);
	return SKD_OK;
}
