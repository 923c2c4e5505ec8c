/* SPDX-License-Identifier: Apache-2.0
 * Many at once. */
#include "store/bulk.h"

#include "store/rubric.h"

#include <stdio.h>
#include <string.h>

/* ---- people ---- */

#define IS_ID "'^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$'"
/* The best way first, of that all humans. */
static const char MEANT[] =
	"SELECT r.n::int, m.how, m.id, m.human FROM unnest($1::text[]) WITH ORDINALITY AS r (v, n), LATERAL ("
	" SELECT 1 AS how, id, coalesce(human, id) AS human, source FROM person"
	"  WHERE id = CASE WHEN r.v ~ " IS_ID " THEN r.v::uuid END AND erased_at IS NULL"
	" UNION ALL SELECT 2, id, coalesce(human, id), source FROM person WHERE lower(username) = lower(r.v) AND absent_since IS NULL"
	" UNION ALL SELECT 3, id, coalesce(human, id), source FROM person WHERE external_id = r.v AND absent_since IS NULL) AS m"
	" ORDER BY r.n, m.how, m.id <> m.human, m.source";
/* Each address once through all people: nobody else asks for them so. */
static const char MEANT_BY_MAIL[] =
	"SELECT r.n::int, 4, p.id, coalesce(p.human, p.id) FROM unnest($1::text[]) WITH ORDINALITY AS r (v, n)"
	" JOIN person p ON lower(p.mail) = lower(r.v) AND p.absent_since IS NULL WHERE strpos(r.v, '@') > 0"
	" ORDER BY r.n, p.id <> coalesce(p.human, p.id), p.source";

static void meant_read(const struct rows *rows, struct store_meant *meant)
{
	int64_t best = 0, of = 0;
	for (int i = 0; i < rows_count(rows); i++) {
		struct store_meant *one = &meant[row_int(rows, i, 0) - 1];
		const char *human = row_uuid(rows, i, 3);
		if (of != row_int(rows, i, 0)) {
			of = row_int(rows, i, 0);
			best = row_int(rows, i, 1);
			*one = (struct store_meant){row_uuid(rows, i, 2), human, false};
		} else if (best == row_int(rows, i, 1) && strcmp(human, one->human_id) != 0) {
			one->many = true;
		}
	}
}

enum skd_outcome store_people_meant(struct skd_call *call, size_t count, const char *const *refs, struct store_meant *meant)
{
	const char **missing = talloc_array(call, const char *, count + 1);
	struct rows *rows;
	bool addresses = false;
	memset(meant, 0, count * sizeof *meant);
	TRY(db_query(call, MEANT, ARGS(arg_array(call, count, refs)), &rows));
	meant_read(rows, meant);
	for (size_t i = 0; i < count; i++) {
		missing[i] = meant[i].entry_id ? "" : refs[i];
		addresses = addresses || strchr(missing[i], '@');
	}
	if (addresses) {
		TRY(db_query(call, MEANT_BY_MAIL, ARGS(arg_array(call, count, missing)), &rows));
		meant_read(rows, meant);
	}
	for (size_t i = 0; i < count; i++)
		if (meant[i].many)
			meant[i] = (struct store_meant){.many = true};
	return SKD_OK;
}

static const char PEOPLE_HOLD[] =
	"SELECT id, coalesce(human, id) FROM person WHERE id = ANY ($1::uuid[]) AND erased_at IS NULL ORDER BY id FOR SHARE";
static const char PEOPLE_HERE[] = "SELECT id FROM person WHERE id = ANY ($1::uuid[]) AND absent_since IS NULL ORDER BY id";

static int row_find(const struct rows *rows, const char *id)
{
	int low = 0, high = rows_count(rows) - 1;
	while (low <= high) {
		int middle = (low + high) / 2, way = strcmp(id, row_uuid(rows, middle, 0));
		if (way == 0)
			return middle;
		low = way > 0 ? middle + 1 : low;
		high = way < 0 ? middle - 1 : high;
	}
	return -1;
}

static const char *arg_ids(struct skd_call *call, size_t count, const struct store_meant *meant, bool human)
{
	const char **ids = talloc_array(call, const char *, count + 1);
	size_t many = 0;
	for (size_t i = 0; i < count; i++)
		if (meant[i].entry_id && meant[i].human_id)
			ids[many++] = human ? meant[i].human_id : meant[i].entry_id;
	return arg_array(call, many, ids);
}

enum skd_outcome store_people_hold(struct skd_call *call, size_t count, struct store_meant *meant)
{
	struct rows *rows;
	TRY(db_query(call, PEOPLE_HOLD, ARGS(arg_ids(call, count, meant, false)), &rows));
	for (size_t i = 0; i < count; i++) {
		int at = meant[i].entry_id ? row_find(rows, meant[i].entry_id) : -1;
		meant[i].human_id = at >= 0 ? row_uuid(rows, at, 1) : NULL;
	}
	TRY(db_query(call, PEOPLE_HERE, ARGS(arg_ids(call, count, meant, true)), &rows));
	for (size_t i = 0; i < count; i++)
		if (meant[i].human_id && row_find(rows, meant[i].human_id) < 0)
			meant[i].human_id = NULL;
	return SKD_OK;
}

/* ---- credentials ---- */

static struct skd_text text_of(const char *string)
{
	return (struct skd_text){string, string ? strlen(string) : 0};
}

static struct skd_text time_of(int64_t time, char room[TIME_SIZE])
{
	return time == TIME_NEVER ? text_of("infinity") : (struct skd_text){room, time_format(time, room)};
}

static const char CREDENTIALS_COPY[] =
	"COPY credential (id, person_id, entry_id, achievement_id, achievement_number, issuer_id, issued_by, issued_at, valid_from,"
	" expires_at, evidence, results) FROM STDIN";

enum skd_outcome store_bulk_add(struct skd_call *call, size_t count, const struct store_bulk *bulk, const char *account_id)
{
	char number[24], times[3][TIME_SIZE];
	TRY(copy_begin(call, CREDENTIALS_COPY));
	for (size_t i = 0; i < count; i++) {
		const struct store_award *a = &bulk[i].award;
		snprintf(number, sizeof number, "%lld", (long long)a->version);
		const struct skd_text values[] = {
			text_of(bulk[i].id), text_of(a->person_id), text_of(a->entry_id), text_of(a->achievement_id), text_of(number),
			text_of(bulk[i].issuer_id), text_of(account_id), time_of(a->issued_at, times[0]),
			time_of(a->valid_from, times[1]), time_of(a->expires_at, times[2]), text_of(a->evidence), text_of(a->results)};
		TRY(copy_row(call, sizeof values / sizeof *values, values));
	}
	return copy_end(call, true);
}

static const char EVENTS_ADD[] =
	"WITH w AS MATERIALIZED (SELECT who_is($2, $3::uuid, NULL) AS id)"
	" INSERT INTO credential_event (credential_id, kind, valid_from, valid_to, recorded_at, who)"
	" SELECT c.id, 'issued', c.valid_from, c.expires_at, now(), w.id FROM w, credential c WHERE c.id = ANY ($1::uuid[])";
static const char PROOFS_ADD[] =
	"INSERT INTO proof (credential_id, person_id, skill_id, level, issued_at, issuer_id, achievement_id, achievement_number,"
	"  expires_at, valid_from, valid_to, known_from)"
	" SELECT c.id, c.person_id, s.skill_id, s.level, c.issued_at, c.issuer_id, c.achievement_id, c.achievement_number,"
	"  c.expires_at, c.valid_from, c.expires_at, now() FROM credential c"
	" JOIN achievement_skill s ON s.achievement_id = c.achievement_id AND s.number = c.achievement_number"
	" JOIN issuer i ON i.id = c.issuer_id AND NOT i.sandbox WHERE c.id = ANY ($1::uuid[])";

enum skd_outcome store_bulk_issue(struct skd_call *call, size_t count, const char *const *ids, const char *account_id,
				  const char *account)
{
	const char *all = arg_array(call, count, ids);
	TRY(db_send(call, EVENTS_ADD, ARGS(all, account, account_id), NULL));
	return db_send(call, PROOFS_ADD, ARGS(all), NULL);
}

/* ---- badges ---- */

static const char BADGES_ADD[] =
	"INSERT INTO badge (credential_id, subject, salt, identity, visibility)"
	" SELECT c.id, c.person_id, CASE WHEN p.mail IS NOT NULL THEN s.salt END,"
	"  'sha256$' || encode(sha256(convert_to(lower(p.mail) || s.salt, 'UTF8')), 'hex'), $3"
	" FROM unnest($1::uuid[], $2::text[]) AS s (id, salt) JOIN credential c ON c.id = s.id JOIN person p ON p.id = c.person_id";
static const char PLACES_ADD[] = "SELECT status_places_many($1::uuid, 'revocation', $2::uuid[]), status_places_many($1::uuid, 'suspension', $2::uuid[])";

enum skd_outcome store_bulk_badges(struct skd_call *call, size_t count, const char *const *ids, const char *const *salts,
				   const char *visibility)
{
	return db_send(call, BADGES_ADD, ARGS(arg_array(call, count, ids), arg_array(call, count, salts), visibility), NULL);
}

enum skd_outcome store_bulk_places(struct skd_call *call, const char *issuer_id, size_t count, const char *const *ids)
{
	return db_send(call, PLACES_ADD, ARGS(issuer_id, arg_array(call, count, ids)), NULL);
}

static const char FACTS[] =
	"SELECT c.issued_at, c.valid_from, c.expires_at, " CREDENTIAL_STATE ", c.reason, 'urn:uuid:' || b.subject, p.name, b.salt,"
	" b.identity, e.names, e.urls, e.narratives, l.id, t.place::text, c.person_id, " BADGE_VISIBILITY ", c.version, c.results"
	" FROM unnest($1::uuid[]) WITH ORDINALITY AS a (id, n) JOIN credential c ON c.id = a.id JOIN person p ON p.id = c.person_id"
	" JOIN badge b ON b.credential_id = c.id JOIN status_entry t ON t.credential_id = c.id"
	" JOIN status_list l ON l.id = t.list_id AND l.purpose = 'revocation'"
	" LEFT JOIN LATERAL (SELECT array_agg(coalesce(x.value->>'name', '') ORDER BY x.n) AS names,"
	"   array_agg(coalesce(x.value->>'url', '') ORDER BY x.n) AS urls,"
	"   array_agg(coalesce(x.value->>'narrative', '') ORDER BY x.n) AS narratives"
	"  FROM jsonb_array_elements(c.evidence) WITH ORDINALITY AS x (value, n)) AS e ON c.evidence <> '[]'"
	" ORDER BY a.n";

static void facts_evidence(struct skd_call *call, const struct rows *rows, int i, struct skd_award *award)
{
	size_t count;
	const char *const *names = row_texts(rows, i, 9, &count), *const *urls = row_texts(rows, i, 10, &count);
	const char *const *narratives = row_texts(rows, i, 11, &count);
	struct skd_evidence *list = talloc_array(call, struct skd_evidence, count + 1);
	for (size_t k = 0; k < count; k++)
		list[k] = (struct skd_evidence){names[k], urls[k], narratives[k]};
	award->evidence = list;
	award->evidence_count = count;
}

enum skd_outcome store_bulk_facts(struct skd_call *call, size_t count, const char *const *ids, struct store_badge *badges)
{
	struct rows *rows;
	struct skd_result *results;
	TRY(db_query(call, FACTS, ARGS(arg_array(call, count, ids)), &rows));
	if ((size_t)rows_count(rows) != count)
		return fail(call, SKD_FAULT, "of %zu badges %d are there", count, rows_count(rows));
	for (int i = 0; i < (int)count; i++) {
		struct skd_award *award = &badges[i].award;
		award->id = ids[i];
		award->awarded = row_time(rows, i, 0);
		award->valid_from = row_time(rows, i, 1);
		award->valid_until = row_time(rows, i, 2);
		award->state = row_text(rows, i, 3);
		award->reason = row_text(rows, i, 4);
		award->subject = row_text(rows, i, 5);
		award->recipient = row_text(rows, i, 6);
		award->salt = row_text(rows, i, 7);
		award->identity = row_text(rows, i, 8);
		facts_evidence(call, rows, i, award);
		award->status_list = row_uuid(rows, i, 12);
		award->status_index = row_text(rows, i, 13);
		badges[i].person_id = row_uuid(rows, i, 14);
		badges[i].visibility = row_text(rows, i, 15);
		badges[i].version = row_int(rows, i, 16);
		TRY(store_rubric_results(call, row_json(rows, i, 17), &results, &award->result_count));
		award->results = results;
	}
	return SKD_OK;
}

static const char FORMS_COPY[] = "COPY badge_form (credential_id, format, version, bytes, key_id) FROM STDIN";

enum skd_outcome store_bulk_forms(struct skd_call *call, size_t count, const char *const *ids, const char *format,
				  const char *key_id, const struct text *forms)
{
	TRY(copy_begin(call, FORMS_COPY));
	for (size_t i = 0; i < count; i++) {
		const char *bytes = arg_bytea(call, forms[i].bytes, forms[i].size);
		const struct skd_text values[] = {text_of(ids[i]), text_of(format), text_of("1"),
						  {bytes, forms[i].size * 2 + 2}, text_of(key_id)};
		TRY(copy_row(call, sizeof values / sizeof *values, values));
		talloc_free((void *)(uintptr_t)bytes);
	}
	return copy_end(call, true);
}

/* ---- what was done ---- */

static const char AUDITS_ADD[] =
	"WITH w AS MATERIALIZED (SELECT who_is($1, $2::uuid, $6) AS id), e AS (INSERT INTO audit_entry (who, account_id, action,"
	"  outcome, noun, object, request_id) SELECT w.id, $2::uuid, $3, 'ok', $4, o.id::text, $5::uuid"
	"  FROM w, unnest($7::uuid[]) AS o (id) RETURNING seq)"
	" INSERT INTO audit_unsealed (entry) SELECT seq FROM e";
static const char CHANGES_ADD[] = "INSERT INTO change (noun, key) SELECT $1, unnest($2::uuid[])";

enum skd_outcome store_bulk_audit(struct skd_call *call, const char *action, const char *noun, size_t count,
				  const char *const *ids, const char *account, const char *account_id, const char *address,
				  const char *request_id)
{
	const char *all = arg_array(call, count, ids);
	TRY(db_send(call, AUDITS_ADD, ARGS(account, account_id, action, noun, request_id, address, all), NULL));
	return db_send(call, CHANGES_ADD, ARGS(noun, all), NULL);
}

static const char LOCK[] = "SELECT FROM credential WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE";

enum skd_outcome store_bulk_lock(struct skd_call *call, size_t count, const char *const *ids)
{
	return db_run(call, LOCK, ARGS(arg_array(call, count, ids)), NULL);
}
