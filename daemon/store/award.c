/* SPDX-License-Identifier: Apache-2.0
 * What is owed to whom. */
#include "store/award.h"

#include "store/credential.h"

static const char OWED_FIND[] = "SELECT id, entry_id, owed_at FROM enrolment WHERE owed_at <= now() AND owed_at < 'infinity' ORDER BY owed_at LIMIT 1";

enum skd_outcome store_owed_find(struct skd_call *call, const char **id, const char **entry_id, int64_t *since)
{
	struct rows *rows;
	*id = *entry_id = NULL;
	TRY(db_query(call, OWED_FIND, NO_ARGS, &rows));
	if (rows_count(rows)) {
		*id = row_uuid(rows, 0, 0);
		*entry_id = row_uuid(rows, 0, 1);
		*since = row_time(rows, 0, 2);
	}
	return SKD_OK;
}

static const char OWED_LOCK[] =
	"SELECT e.id, e.person_id, e.entry_id, e.pathway_id, v.name, e.number, e.state, e.completed_at, " ENROLMENT_REACHED ", v.achievement_id,"
	" c.id, c.achievement_id, " CREDENTIAL_STATE ", c.expires_at, e.awarded, g.lost, e.held_back, e.told FROM enrolment e"
	" JOIN pathway_version v ON v.pathway_id = e.pathway_id AND v.number = e.number"
	" LEFT JOIN pathway_version g ON g.pathway_id = e.pathway_id AND g.number = e.awarded"
	" LEFT JOIN credential c ON c.id = credential_now(e.credential_id)"
	" WHERE e.id = $1::uuid AND e.owed_at <= now() FOR NO KEY UPDATE OF e";

enum skd_outcome store_owed_lock(struct skd_call *call, const char *id, struct store_owed *owed)
{
	struct rows *rows;
	TRY(db_query(call, OWED_LOCK, ARGS(id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "nothing is owed to this enrolment");
	*owed = (struct store_owed){
		.enrolment = {.id = row_uuid(rows, 0, 0), .person_id = row_uuid(rows, 0, 1), .entry_id = row_uuid(rows, 0, 2),
			      .pathway_id = row_uuid(rows, 0, 3), .pathway = row_text(rows, 0, 4), .number = (long)row_int(rows, 0, 5),
			      .state = row_text(rows, 0, 6), .completed_at = row_time(rows, 0, 7)},
		.achievement_id = row_uuid(rows, 0, 9), .credential_id = row_uuid(rows, 0, 10), .credential_achievement_id = row_uuid(rows, 0, 11),
		.credential_state = row_text(rows, 0, 12), .credential_expires_at = row_time(rows, 0, 13), .awarded = (long)row_int(rows, 0, 14),
		.lost = row_text(rows, 0, 15), .held_back = row_bool(rows, 0, 16), .told = row_bool(rows, 0, 17)};
	owed->reached = row_texts(rows, 0, 8, &owed->reached_count);
	return SKD_OK;
}

static const char OWED_PASS_ON[] =
	"UPDATE enrolment l SET owed_at = now(), told = l.told OR $2::bool FROM (SELECT b.id FROM enrolment e JOIN enrolment b"
	"   ON b.person_id = e.person_id AND b.pathway_id = e.pathway_id AND b.aside IS NULL WHERE e.id = $1::uuid AND e.aside IS NULL"
	"   ORDER BY b.created_at DESC, b.id DESC LIMIT 1) AS last WHERE l.id = last.id AND l.id <> $1::uuid";

enum skd_outcome store_owed_pass_on(struct skd_call *call, struct store_owed *owed, bool *passed)
{
	int64_t touched;
	TRY(db_run(call, OWED_PASS_ON, ARGS(owed->enrolment.id, arg_bool(owed->told)), &touched));
	*passed = touched > 0;
	if (*passed)
		owed->told = false;
	return SKD_OK;
}

static const char OWED_SETTLE[] =
	"UPDATE enrolment e SET owed_at = CASE WHEN $7::bool THEN now() + interval '1 day' ELSE 'infinity' END,"
	" version = version + (credential_id IS DISTINCT FROM $2::uuid)::int, credential_id = $2::uuid, awarded = nullif($3::int, 0), held_back = $4::bool, told = $6::bool,"
	" reached = e.reached || ARRAY(SELECT unnest($5::text[]) EXCEPT SELECT unnest(" ENROLMENT_REACHED ")) WHERE id = $1::uuid";

enum skd_outcome store_owed_settle(struct skd_call *call, const struct store_owed *owed)
{
	return db_run(call, OWED_SETTLE,
		      ARGS(owed->enrolment.id, owed->credential_id, arg_int(call, owed->awarded), arg_bool(owed->held_back),
			   arg_array(call, owed->reached_count, owed->reached), arg_bool(owed->told), arg_bool(owed->waits)),
		      NULL);
}

static const char OWED_PUT_OFF[] =
	"UPDATE enrolment SET owed_at = now() + $3::bigint * interval '1 millisecond' WHERE id = $1::uuid AND owed_at = $2::timestamptz";

enum skd_outcome store_owed_put_off(struct skd_call *call, const char *id, int64_t since, long milliseconds)
{
	return db_run(call, OWED_PUT_OFF, ARGS(id, arg_time(call, since), arg_int(call, milliseconds)), NULL);
}
