/* SPDX-License-Identifier: Apache-2.0
 * Many at once. */
#include "store/bulk.h"

#include <stdio.h>
#include <string.h>

/* ---- people ---- */

static const char MEANT_BY_ID[] =
	"SELECT r.n::int, 1, p.id, coalesce(p.human, p.id) FROM unnest($1::text[]) WITH ORDINALITY AS r (v, n)"
	" JOIN person p ON p.id = nullif(r.v, '')::uuid AND p.erased_at IS NULL ORDER BY r.n";
/* The better way first, of that all humans. */
static const char MEANT_BY_NAME[] =
	"SELECT r.n::int, m.how, m.id, m.human FROM unnest($1::text[]) WITH ORDINALITY AS r (v, n), LATERAL ("
	" SELECT 2 AS how, id, coalesce(human, id) AS human, source FROM person WHERE lower(username) = lower(r.v) AND absent_since IS NULL"
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

/* Of those that are not known yet and can be called so; the others are left out. */
static enum skd_outcome meant_by(struct skd_call *call, const char *sql, bool (*fits)(const char *ref), size_t count,
				 const char *const *refs, struct store_meant *meant)
{
	const char **missing = talloc_array(call, const char *, count + 1);
	struct rows *rows;
	bool any = false;
	for (size_t i = 0; i < count; i++) {
		bool wanted = !meant[i].entry_id && fits(refs[i]);
		missing[i] = wanted ? refs[i] : "";
		any = any || wanted;
	}
	if (!any)
		return SKD_OK;
	TRY(db_query(call, sql, ARGS(arg_array(call, count, missing)), &rows));
	meant_read(rows, meant);
	return SKD_OK;
}

static bool is_name(const char *ref)
{
	return *ref;
}

static bool is_address(const char *ref)
{
	return strchr(ref, '@');
}

enum skd_outcome store_people_meant(struct skd_call *call, size_t count, const char *const *refs, struct store_meant *meant)
{
	memset(meant, 0, count * sizeof *meant);
	TRY(meant_by(call, MEANT_BY_ID, uuid_valid, count, refs, meant));
	TRY(meant_by(call, MEANT_BY_NAME, is_name, count, refs, meant));
	TRY(meant_by(call, MEANT_BY_MAIL, is_address, count, refs, meant));
	for (size_t i = 0; i < count; i++)
		if (meant[i].many)
			meant[i] = (struct store_meant){.many = true};
	return SKD_OK;
}

static const char PEOPLE_HOLD[] =
	"SELECT id, coalesce(human, id) FROM person WHERE id = ANY ($1::uuid[]) AND erased_at IS NULL ORDER BY id FOR SHARE";
static const char PEOPLE_HERE[] = "SELECT id FROM person WHERE id = ANY ($1::uuid[]) AND absent_since IS NULL ORDER BY id";

/* By the first column, in whose order they are. */
static int row_find(const struct rows *rows, const char *id)
{
	int low = 0, high = rows_count(rows) - 1;
	uint8_t wanted[16];
	uuid_bytes(id, wanted);
	while (low <= high) {
		int middle = (low + high) / 2, way = memcmp(wanted, row_text(rows, middle, 0), sizeof wanted);
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
	" expires_at, evidence, results, lasts_until) FROM STDIN";

enum skd_outcome store_bulk_add(struct skd_call *call, size_t count, const struct store_bulk *bulk, const char *account_id)
{
	char number[24], times[4][TIME_SIZE];
	TRY(copy_begin(call, CREDENTIALS_COPY));
	for (size_t i = 0; i < count; i++) {
		const struct store_award *a = &bulk[i].award;
		snprintf(number, sizeof number, "%lld", (long long)a->version);
		const struct skd_text values[] = {
			text_of(bulk[i].id), text_of(a->person_id), text_of(a->entry_id), text_of(a->achievement_id), text_of(number),
			text_of(bulk[i].issuer_id), text_of(account_id), time_of(a->issued_at, times[0]),
			time_of(a->valid_from, times[1]), time_of(a->expires_at, times[2]), text_of(a->evidence), text_of(a->results),
			a->lapses ? time_of(a->lasts_until, times[3]) : text_of(NULL)};
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
	"WITH b AS (INSERT INTO badge (credential_id, subject, salt, identity, visibility)"
	"  SELECT s.id, p.id, CASE WHEN p.mail IS NOT NULL THEN s.salt END,"
	"   'sha256$' || encode(sha256(convert_to(lower(p.mail COLLATE \"C\") || s.salt, 'UTF8')), 'hex'), $4"
	"  FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS s (id, person, salt) JOIN person p ON p.id = s.person RETURNING *)"
	" SELECT b.credential_id, 'urn:uuid:' || b.subject, p.name, b.salt, b.identity, l.id, t.place::text FROM b"
	" JOIN person p ON p.id = b.subject JOIN status_entry t ON t.credential_id = b.credential_id"
	" JOIN status_list l ON l.id = t.list_id AND l.purpose = 'revocation' ORDER BY b.credential_id";

enum skd_outcome store_bulk_badges(struct skd_call *call, size_t count, const char *const *salts, const char *visibility,
				   struct store_badge *badges)
{
	const char **ids = talloc_array(call, const char *, count + 1), **people = talloc_array(call, const char *, count + 1);
	struct rows *rows;
	for (size_t i = 0; i < count; i++) {
		ids[i] = badges[i].award.id;
		people[i] = badges[i].person_id;
	}
	TRY(db_query(call, BADGES_ADD,
		     ARGS(arg_array(call, count, ids), arg_array(call, count, people), arg_array(call, count, salts), visibility), &rows));
	for (size_t i = 0; i < count; i++) {
		struct skd_award *award = &badges[i].award;
		int at = row_find(rows, ids[i]);
		if (at < 0)
			return fail(call, SKD_FAULT, "of %zu badges %d are there", count, rows_count(rows));
		award->subject = row_text(rows, at, 1);
		award->recipient = row_text(rows, at, 2);
		award->salt = row_text(rows, at, 3);
		award->identity = row_text(rows, at, 4);
		award->status_list = row_uuid(rows, at, 5);
		award->status_index = row_text(rows, at, 6);
	}
	return SKD_OK;
}

static const char PLACES_ADD[] = "SELECT status_places_many($1::uuid, $2, $3::uuid[])";

enum skd_outcome store_bulk_places(struct skd_call *call, const char *issuer_id, const char *purpose, size_t count,
				   const char *const *ids)
{
	return db_send(call, PLACES_ADD, ARGS(issuer_id, purpose, arg_array(call, count, ids)), NULL);
}

static const char EVIDENCE[] =
	"SELECT c.id, array_agg(coalesce(x.value->>'name', '') ORDER BY x.n), array_agg(coalesce(x.value->>'url', '') ORDER BY x.n),"
	" array_agg(coalesce(x.value->>'narrative', '') ORDER BY x.n) FROM credential c"
	" CROSS JOIN LATERAL jsonb_array_elements(c.evidence) WITH ORDINALITY AS x (value, n)"
	" WHERE c.id = ANY ($1::uuid[]) GROUP BY c.id ORDER BY c.id";

enum skd_outcome store_bulk_evidence(struct skd_call *call, size_t count, const char *const *ids, struct store_badge *badges)
{
	struct rows *rows;
	TRY(db_query(call, EVIDENCE, ARGS(arg_array(call, count, ids)), &rows));
	for (size_t i = 0; i < count; i++) {
		struct skd_award *award = &badges[i].award;
		int at = row_find(rows, ids[i]);
		if (at < 0)
			continue;
		const char *const *names = row_texts(rows, at, 1, &award->evidence_count);
		const char *const *urls = row_texts(rows, at, 2, &award->evidence_count);
		const char *const *narratives = row_texts(rows, at, 3, &award->evidence_count);
		struct skd_evidence *list = talloc_array(call, struct skd_evidence, award->evidence_count + 1);
		for (size_t k = 0; k < award->evidence_count; k++)
			list[k] = (struct skd_evidence){names[k], urls[k], narratives[k]};
		award->evidence = list;
	}
	return SKD_OK;
}

static const char FORMS_COPY[] = "COPY badge_form (credential_id, format, version, bytes, key_id, made_at) FROM STDIN (FORMAT binary)";

enum skd_outcome store_bulk_forms(struct skd_call *call, size_t count, const char *const *ids, const char *format,
				  const char *key_id, int64_t sealed, const struct text *forms)
{
	const int64_t epoch_2000 = 946684800000000;
	uint64_t made = htobe64((uint64_t)(sealed - epoch_2000));
	uint8_t id[16], key[16];
	uuid_bytes(key_id, key);
	TRY(copy_begin_binary(call, FORMS_COPY));
	for (size_t i = 0; i < count; i++) {
		uuid_bytes(ids[i], id);
		const struct skd_text values[] = {{(const char *)id, sizeof id}, text_of(format), {"\0\0\0\1", 4},
						  {forms[i].bytes, forms[i].size}, {(const char *)key, sizeof key},
						  {(const char *)&made, sizeof made}};
		TRY(copy_row(call, sizeof values / sizeof *values, values));
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

static const char HOLD[] =
	"SELECT FROM person WHERE id IN (SELECT entry_id FROM credential WHERE id = ANY ($1::uuid[])) ORDER BY id FOR SHARE";

enum skd_outcome store_bulk_hold(struct skd_call *call, size_t count, const char *const *ids)
{
	return db_run(call, HOLD, ARGS(arg_array(call, count, ids)), NULL);
}

static const char LOCK[] = "SELECT FROM credential WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE";

enum skd_outcome store_bulk_lock(struct skd_call *call, size_t count, const char *const *ids)
{
	return db_run(call, LOCK, ARGS(arg_array(call, count, ids)), NULL);
}
