/* SPDX-License-Identifier: Apache-2.0
 * Who left, moved or came back. */
#include "store/leaver.h"

static const char PARTING_TAKE[] =
	"SELECT t.person_id, coalesce(p.human, p.id), EXISTS (SELECT FROM person e WHERE e.absent_since IS NULL"
	"  AND (e.id = p.id OR e.human = p.human)), t.moved"
	" FROM (SELECT * FROM person_parted WHERE at <= now() ORDER BY at LIMIT 1 FOR UPDATE SKIP LOCKED) t JOIN person p ON p.id = t.person_id";

enum skd_outcome store_parting_take(struct skd_call *call, struct store_parting *parting)
{
	struct rows *rows;
	*parting = (struct store_parting){0};
	TRY(db_query(call, PARTING_TAKE, NO_ARGS, &rows));
	if (rows_count(rows))
		*parting = (struct store_parting){row_uuid(rows, 0, 0), row_uuid(rows, 0, 1), row_bool(rows, 0, 2), row_bool(rows, 0, 3)};
	return SKD_OK;
}

static const char PARTING_PUT_OFF[] =
	"UPDATE person_parted SET at = now() + $2::bigint * interval '1 millisecond' WHERE person_id = $1::uuid";

enum skd_outcome store_parting_put_off(struct skd_call *call, const char *entry_id, long milliseconds)
{
	return db_run(call, PARTING_PUT_OFF, ARGS(entry_id, arg_int(call, milliseconds)), NULL);
}

static const char PARTING_DROP[] = "DELETE FROM person_parted WHERE person_id = $1::uuid";

enum skd_outcome store_parting_drop(struct skd_call *call, const char *entry_id)
{
	return db_run(call, PARTING_DROP, ARGS(entry_id), NULL);
}

#define TURNED "SELECT c.id, p.policy FROM credential c JOIN achievement_version v ON v.achievement_id = c.achievement_id" \
	" AND v.number = c.achievement_number CROSS JOIN LATERAL (SELECT "
#define TURNED_OF " AS policy) p WHERE c.person_id = $1::uuid AND c.expires_at > now() AND (c.state = 'active' AND p.policy = 'suspend'" \
	" OR c.state IN ('active', 'suspended') AND p.policy = 'revoke') ORDER BY c.id"
static const char TURNED_LEFT[] = TURNED "v.on_leave" TURNED_OF;
static const char TURNED_MOVED[] = TURNED "v.on_move" TURNED_OF;
static const char TURNED_BACK[] =
	"SELECT c.id, NULL::text FROM credential_left l JOIN credential c ON c.id = l.credential_id"
	" WHERE c.person_id = $1::uuid AND c.state = 'suspended' AND c.expires_at > now() ORDER BY c.id";

enum skd_outcome store_parting_turns(struct skd_call *call, const char *person_id, enum store_parting_why why,
				     struct store_parting_turn **turns, size_t *count)
{
	static const char *const sql[] = {[PARTING_LEFT] = TURNED_LEFT, [PARTING_MOVED] = TURNED_MOVED, [PARTING_BACK] = TURNED_BACK};
	struct rows *rows;
	TRY(db_query(call, sql[why], ARGS(person_id), &rows));
	*count = (size_t)rows_count(rows);
	*turns = talloc_zero_array(call, struct store_parting_turn, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*turns)[i] = (struct store_parting_turn){row_uuid(rows, i, 0), row_text(rows, i, 1)};
	return SKD_OK;
}

static const char PARTING_KEEP[] = "INSERT INTO credential_left (credential_id) VALUES ($1::uuid) ON CONFLICT DO NOTHING";

enum skd_outcome store_parting_keep(struct skd_call *call, const char *credential_id)
{
	return db_run(call, PARTING_KEEP, ARGS(credential_id), NULL);
}

static const char PARTING_SUBMISSIONS[] =
	"SELECT coalesce(array_agg(id::text ORDER BY id), '{}') FROM submission WHERE person_id = $1::uuid AND state IN ('submitted', 'in_review')";

enum skd_outcome store_parting_submissions(struct skd_call *call, const char *person_id, const char *const **ids, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, PARTING_SUBMISSIONS, ARGS(person_id), &rows));
	*ids = row_texts(rows, 0, 0, count);
	return SKD_OK;
}

static const char LEAVER_BADGES[] =
	"SELECT coalesce(array_agg(c.id::text ORDER BY c.issued_at, c.id), '{}') FROM credential c JOIN issuer i ON i.id = c.issuer_id"
	" WHERE c.person_id = $1::uuid AND c.state NOT IN ('revoked', 'superseded') AND NOT i.sandbox"
	" AND EXISTS (SELECT FROM badge_form f WHERE f.credential_id = c.id AND f.format = $2)";

enum skd_outcome store_leaver_badges(struct skd_call *call, const char *person_id, const char *form, const char *const **ids,
				     size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, LEAVER_BADGES, ARGS(person_id, form), &rows));
	*ids = row_texts(rows, 0, 0, count);
	return SKD_OK;
}
