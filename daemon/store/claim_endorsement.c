/* SPDX-License-Identifier: Apache-2.0
 * Endorsements of claims. */
#include "store/claim_endorsement.h"

#include "store/credential.h"

/* What a private credential proves is not told, and neither is a claim that is not shared. */
#define VERIFIED                                                                                                      \
	"(SELECT max(f.level) FROM proof f LEFT JOIN badge b ON b.credential_id = f.credential_id"                   \
	" WHERE f.person_id = e.human_id AND f.skill_id = c.skill_id AND f.known_to = 'infinity' AND f.valid_from <= now()" \
	" AND f.valid_to > now() AND coalesce(" BADGE_VISIBILITY ", 'private') <> 'private')"
#define CLAIMED "(SELECT o.level FROM claim o WHERE o.person_id = e.human_id AND o.skill_id = c.skill_id AND o.shared)"
#define IS_MANAGER                                                                                                     \
	"EXISTS (SELECT FROM person s JOIN person m ON m.id = s.manager_id WHERE coalesce(s.human, s.id) = c.person_id" \
	" AND coalesce(m.human, m.id) = e.human_id)"

#define ENDORSEMENT_COLUMNS                                                                                            \
	"e.id, e.claim_id, c.person_id, e.human_id, p.name, e.level, e.note, e.hidden,"                                \
	" CASE WHEN " IS_MANAGER " THEN 'manager' WHEN is_above(e.human_id, c.person_id) THEN 'above' ELSE 'colleague' END," \
	" v.verified, v.claimed, e.created_at, e.version"
#define ENDORSEMENT_FROM                                                                                               \
	"FROM claim_endorsed e JOIN claim c ON c.id = e.claim_id JOIN person p ON p.id = e.human_id"                   \
	" CROSS JOIN LATERAL (SELECT " VERIFIED " AS verified, " CLAIMED " AS claimed) AS v"

static void endorsement_read(const struct rows *rows, int i, struct store_claim_endorsement *e)
{
	bool verified = !row_null(rows, i, 9), claimed = !row_null(rows, i, 10);
	*e = (struct store_claim_endorsement){
		.id = row_uuid(rows, i, 0), .claim_id = row_uuid(rows, i, 1), .claimant_id = row_uuid(rows, i, 2),
		.person_id = row_uuid(rows, i, 3), .person = row_text(rows, i, 4), .level = row_int(rows, i, 5),
		.note = row_text(rows, i, 6), .hidden = row_bool(rows, i, 7), .relation = row_text(rows, i, 8),
		.standing = verified ? "verified" : claimed ? "claimed" : "none",
		.standing_level = row_int(rows, i, verified ? 9 : 10),
		.created_at = row_time(rows, i, 11), .version = row_int(rows, i, 12)};
}

static const char ENDORSEMENT_GET[] =
	"SELECT " ENDORSEMENT_COLUMNS " " ENDORSEMENT_FROM
	" WHERE e.claim_id = (SELECT o.claim_id FROM claim_endorsement o WHERE o.id = $1::uuid) AND e.id = $1::uuid"
	" AND ($3::uuid IN (e.human_id, c.person_id) OR (NOT e.hidden"
	"  AND claim_seen($2::bool, $3::uuid, $4::bool, c.person_id, c.shared, c.colleagues)))";

enum skd_outcome store_claim_endorsement_get(struct skd_call *call, const struct sight *sight, const char *id,
					     struct store_claim_endorsement *endorsement)
{
	struct rows *rows;
	TRY(db_query(call, ENDORSEMENT_GET, ARGS(id, arg_bool(sight->everyone), sight->self, arg_bool(sight->issued)), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such endorsement");
	endorsement_read(rows, 0, endorsement);
	return SKD_OK;
}

enum skd_outcome store_claim_endorsement_list(struct skd_call *call, const char *self, const char *claim_id, struct list *list,
					      struct store_claim_endorsement **endorsements, size_t *count)
{
	static const struct list_order orders[] = {{"created_at", "e.created_at", "timestamptz"}, {NULL, NULL, NULL}};
	static const char where[] =
		ENDORSEMENT_FROM " WHERE e.claim_id = $1::uuid AND (NOT e.hidden OR $2::uuid IN (e.human_id, c.person_id))";
	struct rows *rows;
	TRY(list_query(call, list, orders, ENDORSEMENT_COLUMNS, where, "e.id", ARGS(claim_id, self), &rows, count));
	*endorsements = talloc_zero_array(call, struct store_claim_endorsement, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		endorsement_read(rows, i, &(*endorsements)[i]);
	return SKD_OK;
}

static const char CLAIM_LOCK[] = "SELECT id FROM claim WHERE id = $1::uuid FOR NO KEY UPDATE";

enum skd_outcome store_claim_lock(struct skd_call *call, const char *claim_id)
{
	struct rows *rows;
	TRY(db_query(call, CLAIM_LOCK, ARGS(claim_id), &rows));
	return rows_count(rows) ? SKD_OK : fail(call, SKD_ABSENT, "there is no such claim");
}

static const char ENDORSEMENT_ADD[] =
	"INSERT INTO claim_endorsement (claim_id, entry_id, level, note) SELECT $1::uuid, $2::uuid, $4::int, $5"
	" WHERE NOT EXISTS (SELECT FROM claim_endorsed e WHERE e.claim_id = $1::uuid AND e.human_id = $3::uuid) RETURNING id";

enum skd_outcome store_claim_endorsement_add(struct skd_call *call, const char *claim_id, const char *entry_id,
					     const char *human_id, long level, const char *note, const char **id)
{
	struct rows *rows;
	TRY(db_query(call, ENDORSEMENT_ADD, ARGS(claim_id, entry_id, human_id, arg_int(call, level), note), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_CLASH, "you have endorsed this claim already: take that back first");
	*id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

static const char ENDORSEMENT_HIDE[] =
	"UPDATE claim_endorsement SET hidden = $3::bool, version = version + 1 WHERE id = $1::uuid AND version = $2::bigint";

static enum skd_outcome changed(struct skd_call *call, int64_t touched)
{
	return touched ? SKD_OK : fail(call, SKD_STALE, "the endorsement was changed since you read it: read it again");
}

enum skd_outcome store_claim_endorsement_hide(struct skd_call *call, const char *id, long version, bool hidden)
{
	int64_t touched;
	TRY(db_run(call, ENDORSEMENT_HIDE, ARGS(id, arg_int(call, version), arg_bool(hidden)), &touched));
	return changed(call, touched);
}

static const char ENDORSEMENT_DROP[] =
	"WITH gone AS (DELETE FROM claim_endorsement WHERE id = $1::uuid AND version = $2::bigint RETURNING claim_id, entry_id),"
	" behind AS (DELETE FROM claim_endorsement o USING gone g, person p, person q WHERE p.id = g.entry_id AND q.human = p.human"
	"  AND o.claim_id = g.claim_id AND o.entry_id = q.id AND q.id <> p.id)"
	" SELECT FROM gone";

enum skd_outcome store_claim_endorsement_drop(struct skd_call *call, const char *id, long version)
{
	int64_t touched;
	TRY(db_run(call, ENDORSEMENT_DROP, ARGS(id, arg_int(call, version)), &touched));
	return changed(call, touched);
}
