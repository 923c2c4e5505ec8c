/* SPDX-License-Identifier: Apache-2.0
 * Credentials. A change of state never overwrites what was known: proofs are closed and written anew. */
#include "store/credential.h"

#include <string.h>

/* ---- issuing ---- */

/* Two statements: one that waits for a lock goes on with the versions it saw before it waited. */
static const char AWARD_LOCK[] = "SELECT FROM achievement WHERE id = $1::uuid FOR SHARE";
static const char AWARD_TERMS[] =
	"SELECT coalesce(v.state, 'draft'), v.validity, now(), v.number, i.id, i.key = 'company', i.sandbox, i.state = 'active', v.lapse FROM achievement a"
	" JOIN issuer i ON i.id = a.issuer_id"
	" LEFT JOIN achievement_version v ON v.achievement_id = a.id AND v.state IN ('published', 'archived')"
	" WHERE a.id = $1::uuid ORDER BY v.number DESC LIMIT 1";

enum skd_outcome store_award_terms(struct skd_call *call, const char *achievement_id, struct store_award_terms *terms)
{
	struct rows *rows;
	*terms = (struct store_award_terms){0};
	TRY(db_send(call, AWARD_LOCK, ARGS(achievement_id), NULL));
	TRY(db_query(call, AWARD_TERMS, ARGS(achievement_id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such achievement");
	*terms = (struct store_award_terms){row_text(rows, 0, 0), row_text(rows, 0, 1), row_time(rows, 0, 2),
					    row_int(rows, 0, 3), row_uuid(rows, 0, 4), row_bool(rows, 0, 5),
					    row_bool(rows, 0, 6), row_bool(rows, 0, 7), row_text(rows, 0, 8)};
	return SKD_OK;
}

#define AWARD_PERSON "SELECT p.id, coalesce(p.human, p.id), p.absent_since, "
#define AWARD_PERSON_FROM " FROM person p WHERE p.erased_at IS NULL AND p.id = "
#define NAMESAKES " FROM person n WHERE lower(n.username) = lower($1) AND n.absent_since IS NULL"
static const char AWARD_PERSON_BY_ID[] = AWARD_PERSON "false" AWARD_PERSON_FROM "$1::uuid FOR SHARE OF p";
static const char AWARD_PERSON_BY_NAME[] =
	AWARD_PERSON "(SELECT count(DISTINCT coalesce(n.human, n.id)) > 1" NAMESAKES ")" AWARD_PERSON_FROM
	"(SELECT n.id" NAMESAKES " ORDER BY n.id <> coalesce(n.human, n.id), n.source LIMIT 1) FOR SHARE OF p";

enum skd_outcome store_award_order(struct skd_call *call, const char *person, const char *achievement_id,
				   struct store_award_person *whom, struct store_award_terms *terms)
{
	struct rows *rows;
	*whom = (struct store_award_person){0};
	TRY(db_ask(call, uuid_valid(person) ? AWARD_PERSON_BY_ID : AWARD_PERSON_BY_NAME, ARGS(person), &rows));
	enum skd_outcome outcome = store_award_terms(call, achievement_id, terms);
	if (outcome != SKD_OK && outcome != SKD_ABSENT)
		return outcome;
	if (rows_count(rows))
		*whom = (struct store_award_person){row_uuid(rows, 0, 0), row_uuid(rows, 0, 1), row_time(rows, 0, 2), row_bool(rows, 0, 3)};
	return outcome;
}

static const char CREDENTIAL_ADD[] =
	"WITH c AS (INSERT INTO credential (id, person_id, entry_id, achievement_id, achievement_number, issuer_id, issued_by, issued_at,"
	"   valid_from, expires_at, evidence, replaces, results, lasts_until)"
	"  SELECT $14::uuid, $1::uuid, $10::uuid, a.id, $9::int, a.issuer_id, $3::uuid, $4::timestamptz, $5::timestamptz, $6::timestamptz,"
	"   $7::jsonb, $11::uuid, coalesce($15::json, '[]'), $16::timestamptz FROM achievement a WHERE a.id = $2::uuid RETURNING *),"
	" e AS (INSERT INTO credential_event (credential_id, kind, valid_from, valid_to, recorded_at, who)"
	"  SELECT id, 'issued', greatest(valid_from, $12::timestamptz), greatest(expires_at, $12::timestamptz),"
	"   coalesce($12::timestamptz, now()), who_is($8, $3::uuid, NULL) FROM c RETURNING id),"
	" n AS (INSERT INTO credential_note (event_id, reason) SELECT id, $13 FROM e WHERE $13::text IS NOT NULL),"
	" p AS (INSERT INTO proof (credential_id, person_id, skill_id, level, issued_at, issuer_id, achievement_id,"
	"   achievement_number, expires_at, valid_from, valid_to, known_from)"
	"  SELECT c.id, c.person_id, s.skill_id, s.level, c.issued_at, c.issuer_id, c.achievement_id, c.achievement_number,"
	"   c.expires_at, greatest(c.valid_from, $12::timestamptz), c.expires_at, coalesce($12::timestamptz, now())"
	"   FROM c JOIN achievement_skill s ON s.achievement_id = c.achievement_id AND s.number = c.achievement_number"
	"   JOIN issuer i ON i.id = c.issuer_id AND NOT i.sandbox"
	"   WHERE c.expires_at > greatest(c.valid_from, $12::timestamptz))"
	" SELECT FROM c";

enum skd_outcome store_credential_add(struct skd_call *call, const struct store_award *award, const char *account_id,
				      const char *account)
{
	return db_send(call, CREDENTIAL_ADD,
		       ARGS(award->person_id, award->achievement_id, account_id, arg_time(call, award->issued_at),
			    arg_time(call, award->valid_from), arg_time(call, award->expires_at), award->evidence, account,
			    arg_int(call, award->version), award->entry_id, award->replaces,
			    award->since == TIME_NEVER ? NULL : arg_time(call, award->since), award->reason, award->id, award->results,
			    award->lapses ? arg_time(call, award->lasts_until) : NULL),
		       NULL);
}

/* ---- reading ---- */

#define CREDENTIAL_FROM                                                                                          \
	"FROM credential c JOIN person p ON p.id = c.person_id JOIN issuer i ON i.id = c.issuer_id"              \
	" JOIN achievement_version v ON v.achievement_id = c.achievement_id AND v.number = c.achievement_number" \
	" LEFT JOIN badge b ON b.credential_id = c.id"

/* Of a moment `d`: `t` is the last that was known of it. */
#define EXPIRES_THEN                                                                                             \
	"CASE WHEN c.lasts_until IS NULL THEN c.expires_at ELSE (SELECT x.valid_to FROM credential_event x"        \
	" WHERE x.credential_id = c.id AND x.kind IN ('issued', 'used') AND x.recorded_at <= d.known_at"           \
	" ORDER BY x.id DESC LIMIT 1) END"
#define STATE_THEN                                                                                               \
	"CASE WHEN t.kind IN ('revoked', 'superseded') THEN t.kind WHEN " EXPIRES_THEN " <= d.as_of THEN 'expired'" \
	" WHEN t.kind = 'suspended' THEN t.kind WHEN c.valid_from > d.as_of THEN 'scheduled' ELSE 'active' END"
#define COLUMNS_THEN                                                                                             \
	CREDENTIAL_BEFORE_EXPIRES EXPIRES_THEN ", " STATE_THEN ", CASE WHEN t.kind <> 'issued' THEN t.reason END,"                            \
	" CASE WHEN t.kind = 'superseded' THEN c.superseded_by END" CREDENTIAL_BEHIND_STATE
#define FROM_THEN                                                                                                \
	" CROSS JOIN LATERAL (SELECT e.kind, n.reason FROM credential_event e"                                   \
	"  LEFT JOIN credential_note n ON n.event_id = e.id"                                                     \
	"  WHERE e.credential_id = c.id AND e.kind NOT IN ('shown', 'used') AND e.recorded_at <= d.known_at"                   \
	"  AND d.as_of >= CASE WHEN e.kind <> 'issued' THEN e.valid_from"                                        \
	"   WHEN c.replaces IS NULL THEN least(c.issued_at, c.valid_from) ELSE e.recorded_at END"                \
	"  ORDER BY e.id DESC LIMIT 1) AS t"

void store_credential_read(const struct rows *rows, int i, int at, struct store_credential *c)
{
	*c = (struct store_credential){
		.id = row_uuid(rows, i, at), .person_id = row_uuid(rows, i, at + 1), .person_name = row_text(rows, i, at + 2),
		.achievement_id = row_uuid(rows, i, at + 3), .achievement_name = row_text(rows, i, at + 4),
		.issuer_id = row_uuid(rows, i, at + 5), .issuer_name = row_text(rows, i, at + 6),
		.achievement_version = row_int(rows, i, at + 7), .issued_at = row_time(rows, i, at + 8),
		.valid_from = row_time(rows, i, at + 9), .expires_at = row_time(rows, i, at + 10), .state = row_text(rows, i, at + 11),
		.reason = row_text(rows, i, at + 12), .superseded_by = row_uuid(rows, i, at + 13), .evidence = row_json(rows, i, at + 14),
		.visibility = row_text(rows, i, at + 15), .response = row_text(rows, i, at + 16), .version = row_int(rows, i, at + 17),
		.entry_id = row_uuid(rows, i, at + 18), .replaces = row_uuid(rows, i, at + 19),
		.results = row_json(rows, i, at + 20), .shown_evidence = row_json(rows, i, at + 21),
		.lasts_until = row_time(rows, i, at + 22), .lapses = row_bool(rows, i, at + 23)};
}

void store_credential_read_whole(const struct rows *rows, int i, int at, struct store_credential *c)
{
	store_credential_read(rows, i, at, c);
	c->renewal = row_json(rows, i, at + 24);
}

#define GET_WHERE " WHERE c.id = $1::uuid AND credential_seen($2::bool, $3::uuid, $4::bool, c.person_id, c.issuer_id)"
static const char CREDENTIAL_GET[] = "SELECT " CREDENTIAL_WHOLE " " CREDENTIAL_FROM GET_WHERE;
static const char CREDENTIAL_GET_THEN[] =
	"SELECT " COLUMNS_THEN " " CREDENTIAL_FROM " CROSS JOIN (SELECT coalesce($5::timestamptz, now()) AS as_of,"
	" coalesce($6::timestamptz, 'infinity') AS known_at) AS d" FROM_THEN GET_WHERE;

static const char *arg_said(struct skd_call *call, int64_t time)
{
	return time == TIME_UNSET ? NULL : arg_time(call, time);
}

enum skd_outcome store_credential_get(struct skd_call *call, const struct sight *sight, const char *id,
				      const struct store_moment *then, struct store_credential *credential)
{
	struct rows *rows;
	struct args args = ARGS(id, arg_bool(sight->everyone), sight->self, arg_bool(sight->issued),
				then ? arg_said(call, then->as_of) : NULL, then ? arg_said(call, then->known_at) : NULL);
	args.count -= then ? 0 : 2;
	TRY(db_query(call, then ? CREDENTIAL_GET_THEN : CREDENTIAL_GET, args, &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, then ? "there was no such credential then" : "there is no such credential");
	(then ? store_credential_read : store_credential_read_whole)(rows, 0, 0, credential);
	return SKD_OK;
}

static const char CREDENTIAL_SEEN[] =
	"SELECT FROM credential c WHERE c.id = $1::uuid AND credential_seen($2::bool, $3::uuid, $4::bool, c.person_id, c.issuer_id)";

enum skd_outcome store_credential_seen(struct skd_call *call, const struct sight *sight, const char *id, bool *seen)
{
	struct rows *rows;
	TRY(db_query(call, CREDENTIAL_SEEN, ARGS(id, arg_bool(sight->everyone), sight->self, arg_bool(sight->issued)), &rows));
	*seen = rows_count(rows) > 0;
	return SKD_OK;
}

#define LIST_WHERE                                                                                               \
	" WHERE ($1::bool OR c.person_id IN (SELECT people_seen($2::uuid, false))"                               \
	"  OR ($3::bool AND c.issuer_id IN (SELECT issuers_of($2::uuid))))"                                      \
	" AND ($4::uuid IS NULL OR c.person_id = $4::uuid)"                                                      \
	" AND ($5::uuid IS NULL OR c.achievement_id = $5::uuid)"                                                 \
	" AND (NOT $7::bool OR " BADGE_VISIBILITY " <> 'private')"                                               \
	" AND ($8::uuid IS NULL OR c.issuer_id = $8::uuid)"                                                      \
	" AND ($9::uuid IS NULL OR p.unit_id IN (SELECT units_within($9::uuid)))"                                \
	" AND ($10::text IS NULL OR coalesce(b.visibility, 'private') = $10)"                                    \
	" AND ($11::timestamptz IS NULL OR c.issued_at >= $11::timestamptz)"                                     \
	" AND ($12::timestamptz IS NULL OR c.issued_at < $12::timestamptz)"                                      \
	" AND ($13::timestamptz IS NULL OR c.expires_at >= $13::timestamptz)"                                    \
	" AND ($14::timestamptz IS NULL OR c.expires_at < $14::timestamptz)"                                     \
	" AND ($6::text IS NULL OR $6 = "

enum skd_outcome store_credential_list(struct skd_call *call, const struct sight *sight,
				       const struct store_credential_filter *f, struct list *list,
				       struct store_credential **credentials, size_t *count)
{
	static const struct list_order orders[] = {{"issued_at", "c.issued_at", "timestamptz"},
						   {"expires_at", "c.expires_at", "timestamptz"},
						   {NULL, NULL, NULL}};
	static const char where[] = CREDENTIAL_FROM LIST_WHERE CREDENTIAL_STATE ")";
	static const char where_then[] = CREDENTIAL_FROM " CROSS JOIN (SELECT coalesce($15::timestamptz, now()) AS as_of,"
							 " coalesce($16::timestamptz, 'infinity') AS known_at) AS d"
					 FROM_THEN LIST_WHERE STATE_THEN ")";
	static const struct store_credential_times any = {TIME_UNSET, TIME_UNSET, TIME_UNSET, TIME_UNSET};
	const struct store_credential_times *times = f->times ? f->times : &any;
	struct rows *rows;
	struct args args = ARGS(arg_bool(sight->everyone), sight->self, arg_bool(sight->issued), f->person, f->achievement,
				f->state, arg_bool(f->opened), f->issuer, f->unit, f->visibility,
				arg_said(call, times->issued_after), arg_said(call, times->issued_before),
				arg_said(call, times->expires_after), arg_said(call, times->expires_before),
				f->then ? arg_said(call, f->then->as_of) : NULL, f->then ? arg_said(call, f->then->known_at) : NULL);
	args.count -= f->then ? 0 : 2;
	TRY(list_query(call, list, orders, f->then ? COLUMNS_THEN : CREDENTIAL_COLUMNS, f->then ? where_then : where, "c.id", args,
		       &rows, count));
	*credentials = talloc_zero_array(call, struct store_credential, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		store_credential_read(rows, i, 0, &(*credentials)[i]);
	return SKD_OK;
}

/* Unless what they say becomes another, the row itself stays as it is, and so do the forms of its badge. */
static const char CREDENTIAL_SHOW[] =
	"WITH b AS (UPDATE badge b SET visibility = $3, response = $4, shown_evidence = $5::jsonb, version = b.version + 1,"
	"  content_version = b.content_version + (o.shown_evidence IS DISTINCT FROM $5::jsonb)::int"
	"  FROM credential c, badge o WHERE b.credential_id = $1::uuid AND c.id = b.credential_id AND o.credential_id = b.credential_id"
	"  AND c.version + b.version - 1 = $2::bigint RETURNING c.id, o.shown_evidence IS DISTINCT FROM b.shown_evidence AS anew),"
	" c AS (UPDATE credential c SET version = c.version + 1 FROM b WHERE c.id = b.id AND b.anew),"
	" e AS (INSERT INTO credential_event (credential_id, kind, valid_from, recorded_at, who)"
	"  SELECT id, 'shown', $6::timestamptz, $6::timestamptz, who_is($7, $8::uuid, NULL) FROM b RETURNING id)"
	" INSERT INTO credential_note (event_id, said) SELECT id, $9::jsonb FROM e";

enum skd_outcome store_credential_show(struct skd_call *call, const struct store_credential *c, const char *said,
				       const char *account, const char *account_id, int64_t now)
{
	int64_t touched;
	TRY(db_run(call, CREDENTIAL_SHOW,
		   ARGS(c->id, arg_int(call, c->version), c->visibility, c->response, c->shown_evidence, arg_time(call, now), account,
			account_id, said),
		   &touched));
	return touched ? SKD_OK : fail(call, SKD_STALE, "the credential was changed since you read it: read it again");
}

/* ---- turning ---- */

static const char CREDENTIAL_LOCK[] = "SELECT state FROM credential WHERE id = $1::uuid FOR NO KEY UPDATE";
static const char CLOCK_NOW[] = "SELECT clock_timestamp()";

/* The time is read once the lock is held: a transaction's own now() may lie before the turn it waited for. */
enum skd_outcome store_credential_lock(struct skd_call *call, const char *id, const char **state, int64_t *now)
{
	struct rows *rows;
	TRY(db_query(call, CREDENTIAL_LOCK, ARGS(id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such credential");
	*state = row_text(rows, 0, 0);
	TRY(db_query(call, CLOCK_NOW, NO_ARGS, &rows));
	*now = row_time(rows, 0, 0);
	return SKD_OK;
}

static const char CREDENTIAL_TURN[] =
	"WITH c AS (UPDATE credential SET state = $2, reason = $4, version = version + 1,"
	"  superseded_by = (SELECT n.id FROM credential n WHERE n.replaces = $1::uuid) WHERE id = $1::uuid RETURNING *),"
	" e AS (INSERT INTO credential_event (credential_id, kind, valid_from, valid_to, recorded_at, who)"
	" SELECT id, $3, $6::timestamptz, CASE WHEN $2 = 'active' THEN greatest(expires_at, $6::timestamptz) ELSE 'infinity' END,"
	"  $6::timestamptz, who_is($5, $7::uuid, NULL) FROM c RETURNING id)"
	" INSERT INTO credential_note (event_id, reason) SELECT id, $4 FROM e WHERE $4::text IS NOT NULL";

/* What was known until now: stretches that go on are cut off here, from now on. */
static const char PROOFS_CUT[] =
	"WITH known AS (UPDATE proof SET known_to = $2::timestamptz WHERE credential_id = $1::uuid"
	"  AND known_to = 'infinity' AND valid_to > $2::timestamptz RETURNING *)"
	" INSERT INTO proof (credential_id, person_id, skill_id, level, issued_at, issuer_id, achievement_id,"
	"  achievement_number, expires_at, valid_from, valid_to, known_from)"
	" SELECT credential_id, person_id, skill_id, level, issued_at, issuer_id, achievement_id, achievement_number,"
	"  expires_at, valid_from, $2::timestamptz, $2::timestamptz FROM known WHERE valid_from < $2::timestamptz";
static const char PROOFS_GO_ON[] =
	"INSERT INTO proof (credential_id, person_id, skill_id, level, issued_at, issuer_id, achievement_id,"
	"  achievement_number, expires_at, valid_from, valid_to, known_from)"
	" SELECT c.id, c.person_id, s.skill_id, s.level, c.issued_at, c.issuer_id, c.achievement_id, c.achievement_number,"
	"  c.expires_at, greatest($2::timestamptz, c.valid_from), c.expires_at, $2::timestamptz FROM credential c JOIN achievement_skill s"
	"  ON s.achievement_id = c.achievement_id AND s.number = c.achievement_number"
	" JOIN issuer i ON i.id = c.issuer_id AND NOT i.sandbox"
	" WHERE c.id = $1::uuid AND c.expires_at > $2::timestamptz";

enum skd_outcome store_credential_turn(struct skd_call *call, const char *id, const char *state, const char *kind,
				       const char *account, const char *account_id, const char *reason, int64_t now)
{
	TRY(db_run(call, CREDENTIAL_TURN, ARGS(id, state, kind, reason, account, arg_time(call, now), account_id), NULL));
	return db_run(call, strcmp(state, "active") == 0 ? PROOFS_GO_ON : PROOFS_CUT,
		      ARGS(id, arg_time(call, now)), NULL);
}

static const char CREDENTIAL_EVENTS[] =
	"SELECT e.kind, CASE WHEN NOT judged_blind(w.account_id, e.credential_id) THEN coalesce(w.account, 'erased') END, n.reason, e.valid_from, e.valid_to, e.recorded_at, n.said"
	" FROM credential_event e JOIN who w ON w.id = e.who LEFT JOIN credential_note n ON n.event_id = e.id"
	" WHERE e.credential_id = $1::uuid ORDER BY e.id";

enum skd_outcome store_credential_events(struct skd_call *call, const char *id, struct store_event **events,
					 size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, CREDENTIAL_EVENTS, ARGS(id), &rows));
	*count = (size_t)rows_count(rows);
	*events = talloc_zero_array(call, struct store_event, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*events)[i] = (struct store_event){row_text(rows, i, 0), row_text(rows, i, 1), row_text(rows, i, 2), row_json(rows, i, 6),
						    row_time(rows, i, 3), row_time(rows, i, 4), row_time(rows, i, 5)};
	return SKD_OK;
}
