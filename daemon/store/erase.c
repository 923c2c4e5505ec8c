/* SPDX-License-Identifier: Apache-2.0
 * Where a person is written, and how it is taken out again. Every table that says anything of somebody has a line
 * here; what is written once names nobody, but by ids. */
#include "store/retention.h"

/* The other entries of the human first, as whoever issues to one of them does. */
static const char ENTRIES_LOCK[] =
	"SELECT FROM person e WHERE e.id <> $1::uuid AND e.human = (SELECT human FROM person WHERE id = $1::uuid)"
	" ORDER BY e.id FOR NO KEY UPDATE";
static const char PERSON_LOCK[] =
	"SELECT version FROM person WHERE id = $1::uuid AND erased_at IS NULL FOR UPDATE";

enum skd_outcome store_erasure_lock(struct skd_call *call, const char *person_id, long *version)
{
	struct rows *rows;
	TRY(db_run(call, ENTRIES_LOCK, ARGS(person_id), NULL));
	TRY(db_query(call, PERSON_LOCK, ARGS(person_id), &rows));
	*version = rows_count(rows) ? (long)row_int(rows, 0, 0) : 0;
	return SKD_OK;
}

/* The names they sign in by or ever did, as far as it is known. */
#define USERNAMES                                                                                              \
	"SELECT username FROM person WHERE id = $1::uuid"                                                     \
	" UNION SELECT name FROM account WHERE person_id = $1::uuid"                                          \
	" UNION SELECT v.value FROM directory_run_line l, jsonb_each_text(l.detail -> 'username') v"          \
	"  WHERE l.person_id = $1::uuid AND l.kind = 'changed' AND l.detail ? 'username'"

static const char NAMES[] =
	"SELECT coalesce(array_agg(DISTINCT lower(u.username)), '{}') FROM (" USERNAMES ") u";
static const char WORDS[] =
	"SELECT coalesce(array_agg(DISTINCT lower(v)), '{}') FROM (" USERNAMES
	" UNION SELECT unnest(ARRAY[name, mail, phone, employee_number, external_id, last_key])"
	"  FROM person WHERE id = $1::uuid"
	" UNION SELECT w.value FROM directory_run_line l, jsonb_each(l.detail) d, jsonb_each_text(d.value) w"
	"  WHERE l.person_id = $1::uuid AND l.kind = 'changed' AND d.key IN ('name', 'mail', 'phone', 'employee_number')"
	" ) AS u (v) WHERE v <> ''";

static enum skd_outcome texts_of(struct skd_call *call, const char *sql, const char *person_id,
				 const char *const **texts, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, sql, ARGS(person_id), &rows));
	*texts = row_texts(rows, 0, 0, count);
	return SKD_OK;
}

/* What is shorter is in many a word. */
static const char NAMES_THEM[] =
	"SELECT EXISTS (SELECT FROM unnest($1::text[]) v WHERE length(v) >= 4 AND strpos(lower($2), v) > 0)";

enum skd_outcome store_erasure_names(struct skd_call *call, const char *person_id, const char *text, bool *names)
{
	const char *const *words;
	size_t count;
	struct rows *rows;
	TRY(texts_of(call, WORDS, person_id, &words, &count));
	TRY(db_query(call, NAMES_THEM, ARGS(arg_array(call, count, words), text), &rows));
	*names = row_bool(rows, 0, 0);
	return SKD_OK;
}

/* $1 person, $2 the names they sign in by, $3 all words that are theirs, $4 the id to be known by; each text names
 * the four. What others have the same of today, is theirs. */
#define ALL_FOUR " AND ($2::text[], $3::text[], $4::text) IS NOT NULL"
#define THEIR_ACCOUNTS "(SELECT a.id FROM account a WHERE a.person_id = $1::uuid" ALL_FOUR ")"
#define SIGNED_IN_BY "lower(substr(w.account, strpos(w.account, ':') + 1))"
#define SOMEBODY_HERE "SELECT FROM person o WHERE o.absent_since IS NULL AND o.id <> $1::uuid AND "

static const char WHO_ERASE[] =
	"UPDATE who w SET account = NULL, address = NULL, salt = NULL WHERE w.account IS NOT NULL"
	" AND (w.account_id IN " THEIR_ACCOUNTS
	" OR (w.account_id IS NULL AND strpos(w.account, ':') > 0 AND " SIGNED_IN_BY " = ANY ($2::text[])"
	"  AND NOT EXISTS (" SOMEBODY_HERE "lower(o.username) = " SIGNED_IN_BY "))) RETURNING w.id";
/* Who makes a form holds its badge: so that comes first, and then there is none to come. */
static const struct step {
	const char *table, *sql;
} steps[] = {
	{"session", "DELETE FROM session WHERE account_id IN " THEIR_ACCOUNTS},
	{"token", "DELETE FROM token WHERE account_id IN " THEIR_ACCOUNTS},
	{"idempotency", "DELETE FROM idempotency WHERE account_id IN " THEIR_ACCOUNTS},
	{"account", "UPDATE account SET name = '', subject = 'erased:' || id WHERE person_id = $1::uuid" ALL_FOUR},
	{"claim_endorsement", "DELETE FROM claim_endorsement WHERE entry_id = $1::uuid" ALL_FOUR},
	{"claim", "DELETE FROM claim WHERE person_id = $1::uuid" ALL_FOUR},
	{"review_past", "DELETE FROM review_past WHERE person_id = $1::uuid" ALL_FOUR},
	{"submission", "DELETE FROM submission WHERE person_id = $1::uuid" ALL_FOUR},
	{"badge", "UPDATE badge b SET salt = NULL, identity = NULL, visibility = 'private', response = 'pending', shown_evidence = NULL,"
		  " version = b.version + 1, content_version = b.content_version + 1 FROM credential c"
		  " WHERE c.id = b.credential_id AND c.person_id = $1::uuid" ALL_FOUR},
	{"badge_form", "DELETE FROM badge_form f USING credential c WHERE c.id = f.credential_id AND c.person_id = $1::uuid" ALL_FOUR},
	{"credential_note", "DELETE FROM credential_note n USING credential_event e, credential c"
			    " WHERE e.id = n.event_id AND c.id = e.credential_id AND c.person_id = $1::uuid" ALL_FOUR},
	{"credential_use", "DELETE FROM credential_use u USING credential c WHERE c.id = u.credential_id AND c.person_id = $1::uuid" ALL_FOUR},
	{"achievement_note", "DELETE FROM achievement_note n USING achievement_event e, who w WHERE e.id = n.event_id AND w.id = e.who"
			     " AND w.account_id IN " THEIR_ACCOUNTS},
	{"achievement_owner", "UPDATE achievement SET owner_id = NULL, version = version + 1 WHERE owner_id = $1::uuid" ALL_FOUR},
	{"credential", "UPDATE credential SET evidence = '[]', results = '[]', reason = NULL, version = version + 1"
		       " WHERE person_id = $1::uuid AND (evidence <> '[]' OR results::text <> '[]' OR reason IS NOT NULL)" ALL_FOUR},
	{"batch", "UPDATE batch b SET reason = NULL WHERE b.reason IS NOT NULL AND EXISTS (SELECT FROM batch_row r JOIN credential c"
		  " ON c.id = coalesce(r.replaces, r.credential_id) WHERE r.batch_id = b.id AND c.person_id = $1::uuid)" ALL_FOUR},
	{"batch_row", "UPDATE batch_row r SET person = NULL, evidence = NULL, results = NULL, reason = NULL WHERE coalesce(r.person, r.evidence::text, r.results::text, r.reason)"
		      " IS NOT NULL AND (coalesce(r.replaces, r.credential_id) IN (SELECT c.id FROM credential c WHERE c.person_id = $1::uuid)"
		      "  OR (lower(r.person) = ANY ($3::text[] || $1::text)"
		      "   AND NOT EXISTS (" SOMEBODY_HERE "lower(r.person) IN (lower(o.username), lower(o.mail)))))" ALL_FOUR},
	{"run_line", "UPDATE directory_run_line SET detail = NULL WHERE person_id = $1::uuid AND detail IS NOT NULL" ALL_FOUR},
	{"run_line_skipped", "DELETE FROM directory_run_line l WHERE l.kind = 'skipped' AND EXISTS (SELECT FROM unnest($3::text[]) v"
			     " WHERE length(v) > 2 AND strpos(lower(concat_ws(' ', l.what, l.detail ->> 'why')), v) > 0) AND $1::uuid IS NOT NULL" ALL_FOUR},
	{"role_grant", "DELETE FROM role_grant WHERE person_id = $1::uuid" ALL_FOUR},
	{"group_member", "WITH named AS (DELETE FROM group_member m USING directory_group g, person p WHERE p.id = $1::uuid"
			 " AND g.id = m.group_id AND g.source = p.source AND ((NOT m.by_name AND m.ref = p.last_key"
			 "  AND NOT EXISTS (" SOMEBODY_HERE "o.source = p.source AND o.key = p.last_key))"
			 " OR (m.by_name AND m.ref = p.username"
			 "  AND NOT EXISTS (" SOMEBODY_HERE "o.source = p.source AND o.username = p.username)))"
			 ALL_FOUR " RETURNING m.group_id)"
			 " UPDATE directory_group g SET digest = NULL WHERE g.id IN (SELECT group_id FROM named)"},
	{"group_person", "DELETE FROM group_person WHERE person_id = $1::uuid" ALL_FOUR},
	{"group_left", "DELETE FROM group_left WHERE person_id = $1::uuid" ALL_FOUR},
	{"managed", "UPDATE person o SET manager_id = NULL, manager_key = CASE WHEN o.manager_key = p.last_key THEN NULL"
		    "  ELSE o.manager_key END, digest = NULL FROM person p WHERE p.id = $1::uuid AND o.id <> p.id"
		    " AND (o.manager_id = p.id OR (o.source = p.source AND o.manager_key = p.last_key"
		    "  AND NOT EXISTS (" SOMEBODY_HERE "o.source = p.source AND o.key = p.last_key)))" ALL_FOUR},
	{"credential_count", "DELETE FROM credential_count n USING credential c WHERE c.id = n.credential_id AND c.person_id = $1::uuid" ALL_FOUR},
	{"outbox", "DELETE FROM outbox o WHERE (o.person_id = $1::uuid"
		   " OR o.object IN (SELECT c.id FROM credential c WHERE c.person_id = $1::uuid))" ALL_FOUR},
	{"talent", "DELETE FROM talent WHERE person_id = $1::uuid" ALL_FOUR},
	{"correction", "DELETE FROM correction WHERE entry_id = $1::uuid" ALL_FOUR},
	{"look", "DELETE FROM look WHERE subject_id = $1::uuid" ALL_FOUR},
	{"legal_hold", "DELETE FROM legal_hold WHERE person_id = $1::uuid" ALL_FOUR},
	{"position_assignment", "DELETE FROM position_assignment WHERE person_id = $1::uuid" ALL_FOUR},
	{"goal", "DELETE FROM goal WHERE person_id = $1::uuid" ALL_FOUR},
	{"enrolment", "DELETE FROM enrolment WHERE id IN (SELECT id FROM enrolment WHERE person_id = $1::uuid ORDER BY id FOR UPDATE)" ALL_FOUR},
	{"enrolment_news", "DELETE FROM enrolment_news WHERE id IN (SELECT id FROM enrolment_news WHERE person_id = $1::uuid FOR UPDATE"
			   " SKIP LOCKED)" ALL_FOUR},
	{"left_alone", "DELETE FROM left_alone WHERE $1::uuid IN (person_id, meanwhile)" ALL_FOUR},
	{"same_value", "DELETE FROM same_value WHERE person_id = $1::uuid" ALL_FOUR},
	{"same_doubt", "DELETE FROM same_doubt WHERE person_id = $1::uuid" ALL_FOUR},
	{"person", "UPDATE person SET external_id = $4, username = '', name = 'erased', mail = NULL, title = NULL, phone = NULL,"
		   " employee_number = NULL, locale = NULL, country = NULL, unit_id = NULL, manager_id = NULL, disabled = true,"
		   " key = NULL, last_key = NULL, manager_key = NULL, unit_key = NULL, digest = NULL, added_by = NULL,"
		   " erased_at = now(), updated_at = now(), version = version + 1 WHERE id = $1::uuid" ALL_FOUR},
};

static enum skd_outcome who_erase(struct skd_call *call, struct args args, struct text *counts, const char **whos)
{
	struct rows *rows;
	struct text ids;
	TRY(db_query(call, WHO_ERASE, args, &rows));
	if (rows_count(rows))
		text_addf(counts, "{\"who\":%d", rows_count(rows));
	text_begin(&ids, call, 256);
	for (int i = 0; i < rows_count(rows); i++)
		text_addf(&ids, "%s\"%s\"", i ? "," : "[", row_uuid(rows, i, 0));
	text_adds(&ids, ids.size ? "]" : "[]");
	*whos = text_end(&ids);
	return SKD_OK;
}

enum skd_outcome store_erasure_run(struct skd_call *call, const char *person_id, const char *external_id,
				   const char **removed, const char **whos)
{
	const char *const *names, *const *words;
	size_t name_count, word_count;
	struct text counts;
	TRY(texts_of(call, NAMES, person_id, &names, &name_count));
	TRY(texts_of(call, WORDS, person_id, &words, &word_count));
	struct args args = ARGS(person_id, arg_array(call, name_count, names), arg_array(call, word_count, words), external_id);
	text_begin(&counts, call, 256);
	TRY(who_erase(call, args, &counts, whos));
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		int64_t touched;
		TRY(db_run(call, steps[i].sql, args, &touched));
		if (touched)
			text_addf(&counts, "%s\"%s\":%lld", counts.size ? "," : "{", steps[i].table, (long long)touched);
	}
	text_adds(&counts, "}");
	*removed = text_end(&counts);
	return SKD_OK;
}
