/* SPDX-License-Identifier: Apache-2.0
 * Uses. What was known of how long a credential lasts stays known of the time before. */
#include "store/use.h"

static const char USE_LAPSE[] =
	"SELECT v.lapse FROM credential c JOIN achievement_version v ON v.achievement_id = c.achievement_id"
	" AND v.number = c.achievement_number WHERE c.id = $1::uuid AND c.lasts_until IS NOT NULL";

enum skd_outcome store_use_lapse(struct skd_call *call, const char *credential_id, const char **lapse)
{
	struct rows *rows;
	TRY(db_query(call, USE_LAPSE, ARGS(credential_id), &rows));
	*lapse = rows_count(rows) ? row_text(rows, 0, 0) : NULL;
	return SKD_OK;
}

static const char USE_ADD[] =
	"WITH w AS MATERIALIZED (SELECT who_is($6, $7::uuid, NULL) AS id),"
	" u AS (INSERT INTO credential_use (credential_id, what, at, expires_at, who, recorded_at, award_id)"
	"  SELECT $1::uuid, $2, $3::timestamptz, $4::timestamptz, w.id, $5::timestamptz, $8::uuid FROM w)"
	" INSERT INTO credential_event (credential_id, kind, valid_from, valid_to, recorded_at, who)"
	"  SELECT $1::uuid, 'used', $3::timestamptz, $4::timestamptz, $5::timestamptz, w.id FROM w";
static const char CREDENTIAL_EXTEND[] =
	"WITH b AS (UPDATE badge SET content_version = content_version + 1 WHERE credential_id = $1::uuid)"
	" UPDATE credential SET expires_at = $2::timestamptz, version = version + 1 WHERE id = $1::uuid";
/* Those that ran until it expired. */
static const char PROOFS_EXTEND[] =
	"WITH known AS (UPDATE proof SET known_to = $4::timestamptz WHERE credential_id = $1::uuid AND known_to = 'infinity'"
	"  AND valid_to = $3::timestamptz RETURNING *)"
	" INSERT INTO proof (credential_id, person_id, skill_id, level, issued_at, issuer_id, achievement_id,"
	"  achievement_number, expires_at, valid_from, valid_to, known_from)"
	" SELECT credential_id, person_id, skill_id, level, issued_at, issuer_id, achievement_id, achievement_number,"
	"  $2::timestamptz, valid_from, $2::timestamptz, $4::timestamptz FROM known";

enum skd_outcome store_use_add(struct skd_call *call, const struct store_credential *c, const struct store_use *use,
			       const char *account, const char *account_id, int64_t now)
{
	const char *until = arg_time(call, use->expires_at), *known = arg_time(call, now);
	TRY(db_run(call, USE_ADD, ARGS(c->id, use->what, arg_time(call, use->at), until, known, account, account_id, use->award_id),
		   NULL));
	if (use->expires_at == c->expires_at)
		return SKD_OK;
	TRY(db_run(call, CREDENTIAL_EXTEND, ARGS(c->id, until), NULL));
	return db_run(call, PROOFS_EXTEND, ARGS(c->id, until, arg_time(call, c->expires_at), known), NULL);
}

static const char USE_LIST[] =
	"SELECT u.id, CASE WHEN k.id IS NULL OR credential_seen($2::bool, $3::uuid, $4::bool, k.person_id, k.issuer_id) THEN u.what"
	"  ELSE 'was awarded another credential' END, coalesce(w.account, 'erased'), u.at, u.expires_at, u.recorded_at"
	" FROM credential_use u JOIN who w ON w.id = u.who LEFT JOIN credential k ON k.id = u.award_id"
	" WHERE u.credential_id = $1::uuid ORDER BY u.id";

enum skd_outcome store_use_list(struct skd_call *call, const struct sight *sight, const char *credential_id, struct store_use **uses,
				size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, USE_LIST, ARGS(credential_id, arg_bool(sight->everyone), sight->self, arg_bool(sight->issued)), &rows));
	*count = (size_t)rows_count(rows);
	*uses = talloc_zero_array(call, struct store_use, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*uses)[i] = (struct store_use){.id = row_uuid(rows, i, 0), .what = row_text(rows, i, 1), .account = row_text(rows, i, 2),
						.at = row_time(rows, i, 3), .expires_at = row_time(rows, i, 4),
						.recorded_at = row_time(rows, i, 5)};
	return SKD_OK;
}

static const char USES_PROVEN[] =
	"SELECT coalesce(array_agg(c.id::text ORDER BY c.id), '{}') FROM credential k"
	" CROSS JOIN LATERAL greatest(k.issued_at, k.valid_from) AS n (at)"
	" JOIN credential c ON c.person_id = k.person_id AND c.id <> k.id AND c.lasts_until IS NOT NULL AND c.state = 'active'"
	"  AND c.valid_from < n.at AND n.at < c.expires_at"
	" WHERE k.id = $1::uuid AND k.state = 'active' AND EXISTS (SELECT FROM proof p JOIN achievement_skill s ON s.skill_id = p.skill_id"
	"  AND s.level <= p.level WHERE p.credential_id = k.id AND p.known_to = 'infinity'"
	"  AND s.achievement_id = c.achievement_id AND s.number = c.achievement_number)";

enum skd_outcome store_uses_proven(struct skd_call *call, const char *award_id, const char *const **ids, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, USES_PROVEN, ARGS(award_id), &rows));
	*ids = row_texts(rows, 0, 0, count);
	return SKD_OK;
}
