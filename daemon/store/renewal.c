/* SPDX-License-Identifier: Apache-2.0
 * What comes near its end. */
#include "store/renewal.h"

#include "store/credential.h"

/* ---- notices ---- */

static const char EXPIRY_BEGIN[] = "INSERT INTO expiry_notice (days) VALUES ($1::int) ON CONFLICT DO NOTHING";
static const char EXPIRY_TAKE[] = "SELECT 1 FROM expiry_notice WHERE days = $1::int FOR UPDATE SKIP LOCKED";

/* `d` are those that are looked at. Where not all were, the last of them is how far it came. */
static const char EXPIRY_SAY[] =
	"WITH n AS (SELECT days, greatest(upto, now() + $2::int * interval '1 day') AS since, upto_id AS since_id,"
	"  now() + days * interval '1 day' AS until FROM expiry_notice WHERE days = $1::int),"
	" d AS (SELECT c.* FROM n CROSS JOIN LATERAL (SELECT * FROM credential c WHERE c.expires_at <= n.until"
	"   AND (c.expires_at, c.id) > (n.since, n.since_id) ORDER BY c.expires_at, c.id LIMIT $3::bigint) AS c),"
	" o AS (INSERT INTO outbox (kind, noun, object, person_id, key, detail)"
	"  SELECT 'credential.expires_soon', 'credential', d.id, d.person_id,"
	"   format('credential.expires_soon %s %s %s', d.id, rfc3339(d.expires_at), $1), jsonb_build_object('days', $1::int)"
	"  FROM d WHERE d.state = 'active' AND d.expires_at > d.valid_from + $1::int * interval '1 day'"
	"   AND EXISTS (SELECT FROM person e WHERE (e.id = d.person_id OR e.human = d.person_id) AND e.absent_since IS NULL)"
	"   AND NOT EXISTS (SELECT FROM credential l WHERE l.person_id = d.person_id AND l.achievement_id = d.achievement_id"
	"    AND l.state = 'active' AND l.expires_at > d.expires_at)"
	"  ON CONFLICT (key) WHERE key IS NOT NULL DO NOTHING),"
	" l AS (SELECT expires_at, id FROM d ORDER BY expires_at DESC, id DESC LIMIT 1),"
	" c AS (SELECT count(*) AS looked FROM d),"
	" u AS (UPDATE expiry_notice e SET upto = CASE WHEN c.looked < $3::bigint THEN n.until ELSE l.expires_at END,"
	"   upto_id = CASE WHEN c.looked < $3::bigint THEN '00000000-0000-0000-0000-000000000000'::uuid ELSE l.id END"
	"  FROM n CROSS JOIN c LEFT JOIN l ON true WHERE e.days = n.days)"
	" SELECT looked FROM c";

enum skd_outcome store_expiry_say(struct skd_call *call, long days, long next, int64_t most, int64_t *looked)
{
	struct rows *rows;
	const char *said = arg_int(call, days);
	*looked = 0;
	TRY(db_run(call, EXPIRY_BEGIN, ARGS(said), NULL));
	TRY(db_query(call, EXPIRY_TAKE, ARGS(said), &rows));
	if (!rows_count(rows))
		return SKD_OK;
	TRY(db_query(call, EXPIRY_SAY, ARGS(said, arg_int(call, next), arg_int(call, most)), &rows));
	*looked = row_int(rows, 0, 0);
	return SKD_OK;
}

/* ---- renewing ---- */

static const char POLICY_PROMPTS[] =
	"SELECT coalesce(min(w.n) - 1, cardinality($2::text[])) FROM unnest($2::text[]) WITH ORDINALITY AS w (id, n)"
	" WHERE w.id NOT IN (SELECT p.item->>'id' FROM json_array_elements($1::json->'prompts') AS p (item))";

enum skd_outcome store_policy_prompts(struct skd_call *call, const char *assessment, const struct store_policy *policy, size_t *unknown)
{
	const char **prompts = talloc_array(call, const char *, policy->prompt_count + 1);
	struct rows *rows;
	for (size_t i = 0; i < policy->prompt_count; i++)
		prompts[i] = policy->prompts[i];
	TRY(db_query(call, POLICY_PROMPTS, ARGS(assessment, arg_array(call, policy->prompt_count, prompts)), &rows));
	*unknown = (size_t)row_int(rows, 0, 0);
	return SKD_OK;
}

static const char RENEWAL_GET[] =
	"SELECT c.achievement_id, v.number, v.renewal->>'by', (SELECT n.name FROM achievement_version n"
	"  WHERE n.achievement_id = (v.renewal->>'course')::uuid AND n.number = achievement_out(n.achievement_id)),"
	" c.person_id, c.entry_id, c.state, c.expires_at, c.issued_at, " RENEWAL_OPENS ", " RENEWAL_CLOSES ", c.achievement_number, c.evidence, c.results"
	" FROM credential c JOIN achievement_version v ON v.achievement_id = c.achievement_id AND " RENEWAL_NEWEST " WHERE c.id = $1::uuid";

enum skd_outcome store_renewal_get(struct skd_call *call, const char *credential_id, struct store_renewal *renewal)
{
	struct rows *rows;
	TRY(db_query(call, RENEWAL_GET, ARGS(credential_id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such credential");
	*renewal = (struct store_renewal){
		.achievement_id = row_uuid(rows, 0, 0), .number = row_int(rows, 0, 1), .by = row_text(rows, 0, 2),
		.course = row_text(rows, 0, 3), .person_id = row_uuid(rows, 0, 4), .entry_id = row_uuid(rows, 0, 5),
		.state = row_text(rows, 0, 6), .expires_at = row_time(rows, 0, 7), .issued_at = row_time(rows, 0, 8),
		.opens_at = row_time(rows, 0, 9), .closes_at = row_time(rows, 0, 10), .achievement_version = row_int(rows, 0, 11),
		.evidence = row_json(rows, 0, 12), .results = row_json(rows, 0, 13)};
	return SKD_OK;
}

/* ---- by a course ---- */

/* What is a test renews nothing but tests. */
static const char COURSE_RENEWS[] =
	"WITH best AS (SELECT DISTINCT ON (c.achievement_id) c.id FROM credential k JOIN issuer i ON i.id = k.issuer_id"
	"  JOIN achievement_version v ON v.renewal IS NOT NULL AND (v.renewal->>'course')::uuid = k.achievement_id AND v.state = 'published' AND " RENEWAL_NEWEST
	"  JOIN credential c ON c.achievement_id = v.achievement_id AND c.person_id = k.person_id AND c.state = 'active'"
	"  WHERE k.id = $1::uuid AND k.state = 'active' AND c.id <> k.id AND c.expires_at < 'infinity' AND c.valid_from <= now()"
	"  AND EXISTS (SELECT FROM person e WHERE (e.id = k.person_id OR e.human = k.person_id) AND e.absent_since IS NULL)"
	"  AND (NOT i.sandbox OR c.issuer_id = k.issuer_id) AND k.issued_at >= " RENEWAL_OPENS " AND k.issued_at <= " RENEWAL_CLOSES
	"  ORDER BY c.achievement_id, c.expires_at DESC, c.id)"
	" SELECT coalesce(array_agg(id::text ORDER BY id), '{}') FROM best";

enum skd_outcome store_course_renews(struct skd_call *call, const char *id, const char *const **ids, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, COURSE_RENEWS, ARGS(id), &rows));
	*ids = row_texts(rows, 0, 0, count);
	return SKD_OK;
}
