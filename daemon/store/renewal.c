/* SPDX-License-Identifier: Apache-2.0
 * What comes near its end. */
#include "store/renewal.h"

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
