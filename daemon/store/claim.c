/* SPDX-License-Identifier: Apache-2.0
 * Claims. */
#include "store/claim.h"

#define ENDORSED "(SELECT count(*) FROM claim_endorsed e WHERE e.claim_id = c.id AND NOT e.hidden"
#define CLAIM_COLUMNS                                                                             \
	"c.id, c.person_id, p.name, c.skill_id, k.label, c.level, c.note, c.shared, c.created_at," \
	" c.updated_at, c.version, c.colleagues, " ENDORSED "), " ENDORSED " AND e.level >= c.level)"
#define CLAIM_FROM                                                                                \
	"FROM claim c JOIN person p ON p.id = c.person_id AND (p.human IS NULL OR p.human = p.id)" \
	" JOIN skill k ON k.id = c.skill_id"

static void claim_read(const struct rows *rows, int i, struct store_claim *claim)
{
	*claim = (struct store_claim){
		.id = row_uuid(rows, i, 0), .person_id = row_uuid(rows, i, 1), .person = row_text(rows, i, 2),
		.skill_id = row_uuid(rows, i, 3), .skill = row_text(rows, i, 4), .level = row_int(rows, i, 5),
		.note = row_text(rows, i, 6), .shared = row_bool(rows, i, 7), .created_at = row_time(rows, i, 8),
		.updated_at = row_time(rows, i, 9), .version = row_int(rows, i, 10),
		.colleagues = row_bool(rows, i, 11), .endorsements = row_int(rows, i, 12),
		.endorsements_at_level = row_int(rows, i, 13)};
}

static const char CLAIM_GET[] =
	"SELECT " CLAIM_COLUMNS " " CLAIM_FROM
	" WHERE c.id = $1::uuid AND claim_seen($2::bool, $3::uuid, $4::bool, c.person_id, c.shared, c.colleagues)";

enum skd_outcome store_claim_get(struct skd_call *call, const struct sight *sight, const char *id,
				 struct store_claim *claim)
{
	struct rows *rows;
	TRY(db_query(call, CLAIM_GET, ARGS(id, arg_bool(sight->everyone), sight->self, arg_bool(sight->issued)), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such claim");
	claim_read(rows, 0, claim);
	return SKD_OK;
}

enum skd_outcome store_claim_list(struct skd_call *call, const struct sight *sight,
				  const struct store_claim_filter *f, struct list *list, struct store_claim **claims,
				  size_t *count)
{
	static const struct list_order orders[] = {{"updated_at", "c.updated_at", "timestamptz"},
						   {"created_at", "c.created_at", "timestamptz"},
						   {NULL, NULL, NULL}};
	static const char where[] =
		CLAIM_FROM
		" WHERE (c.person_id = $2::uuid OR (c.shared"
		"  AND ($1::bool OR c.person_id IN (SELECT people_seen($2::uuid, $3::bool))"
		"   OR (c.colleagues AND $2::uuid IS NOT NULL AND p.absent_since IS NULL AND NOT p.disabled))))"
		" AND ($4::uuid IS NULL OR c.person_id = $4::uuid)"
		" AND ($5::uuid[] IS NULL OR c.skill_id = ANY ($5::uuid[])) AND ($6::bool IS NULL OR c.shared = $6)";
	struct rows *rows;
	const char *shared = f->only_shared ? "t" : f->only_unshared ? "f" : NULL;
	TRY(list_query(call, list, orders, CLAIM_COLUMNS, where, "c.id",
		       ARGS(arg_bool(sight->everyone), sight->self, arg_bool(sight->issued), f->person,
			    f->skills ? arg_array(call, f->skill_count, f->skills) : NULL, shared),
		       &rows, count));
	*claims = talloc_zero_array(call, struct store_claim, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		claim_read(rows, i, &(*claims)[i]);
	return SKD_OK;
}

static const char CLAIM_ADD[] =
	"INSERT INTO claim (person_id, skill_id, level, note, shared, entry_id, colleagues)"
	" VALUES ($1::uuid, $2::uuid, $3::int, $4, $5::bool, $6::uuid, $7::bool) RETURNING id";

enum skd_outcome store_claim_add(struct skd_call *call, const struct store_claim *c, const char **id)
{
	struct rows *rows;
	TRY(db_query(call, CLAIM_ADD,
		     ARGS(c->person_id, c->skill_id, arg_int(call, c->level), c->note, arg_bool(c->shared), c->entry_id,
			  arg_bool(c->colleagues)),
		     &rows));
	*id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

static const char CLAIM_SET[] =
	"UPDATE claim SET level = $3::int, note = $4, shared = $5::bool, colleagues = $6::bool, version = version + 1, updated_at = now()"
	" WHERE id = $1::uuid AND version = $2::bigint";

enum skd_outcome store_claim_set(struct skd_call *call, const struct store_claim *c)
{
	int64_t touched;
	TRY(db_run(call, CLAIM_SET,
		   ARGS(c->id, arg_int(call, c->version), arg_int(call, c->level), c->note, arg_bool(c->shared),
			arg_bool(c->colleagues)),
		   &touched));
	return touched ? SKD_OK : fail(call, SKD_STALE, "the claim was changed since you read it: read it again");
}

static const char CLAIM_DROP[] =
	"WITH gone AS (DELETE FROM claim WHERE id = $1::uuid AND version = $2::bigint RETURNING person_id, skill_id),"
	" behind AS (DELETE FROM claim c USING gone g, person p WHERE p.human = g.person_id AND c.person_id = p.id"
	"  AND c.person_id <> g.person_id AND c.skill_id = g.skill_id)"
	" SELECT FROM gone";

enum skd_outcome store_claim_drop(struct skd_call *call, const char *id, long version)
{
	int64_t touched;
	TRY(db_run(call, CLAIM_DROP, ARGS(id, arg_int(call, version)), &touched));
	return touched ? SKD_OK : fail(call, SKD_STALE, "the claim was changed since you read it: read it again");
}
