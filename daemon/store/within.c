/* SPDX-License-Identifier: Apache-2.0
 * What pathways stand on: achievements, and each other. */
#include "store/pathway.h"

#define OUT " IN ('published', 'archived')"

static enum skd_outcome missing(struct skd_call *call, const char *sql, bool published, size_t count, const char *const *ids,
				size_t *place)
{
	struct rows *rows;
	*place = count;
	if (!count)
		return SKD_OK;
	TRY(db_query(call, sql, ARGS(arg_array(call, count, ids), arg_bool(published)), &rows));
	if (rows_count(rows))
		*place = (size_t)row_int(rows, 0, 0);
	return SKD_OK;
}

/* An empty place in the array is nobody's. What is published now: the newest that was published is not archived. */
static const char ACHIEVEMENTS_MISSING[] =
	"SELECT w.place::int - 1 FROM unnest($1::uuid[]) WITH ORDINALITY AS w (id, place) LEFT JOIN LATERAL (SELECT m.state"
	" FROM achievement_version m WHERE m.achievement_id = w.id AND (NOT $2::bool OR m.state" OUT ") ORDER BY m.number DESC LIMIT 1) AS v"
	" ON true WHERE v.state IS NULL OR ($2::bool AND v.state <> 'published') ORDER BY w.place LIMIT 1";
static const char INNER_MISSING[] =
	"SELECT w.place::int - 1 FROM unnest($1::uuid[]) WITH ORDINALITY AS w (id, place) WHERE CASE WHEN $2::bool"
	" THEN pathway_current(w.id) IS NULL ELSE NOT EXISTS (SELECT FROM pathway p WHERE p.id = w.id) END ORDER BY w.place LIMIT 1";

enum skd_outcome store_pathway_achievements(struct skd_call *call, bool published, size_t count, const char *const *ids, size_t *place)
{
	return missing(call, ACHIEVEMENTS_MISSING, published, count, ids, place);
}

enum skd_outcome store_pathway_inner(struct skd_call *call, bool published, size_t count, const char *const *ids, size_t *place)
{
	return missing(call, INNER_MISSING, published, count, ids, place);
}

static const char TURN[] = "SELECT pg_advisory_xact_lock(hashtext('pathway'), 0)";

enum skd_outcome store_pathway_turn(struct skd_call *call)
{
	return db_run(call, TURN, NO_ARGS, NULL);
}

/* Of a version that was published before, somebody is under way as long as one after it says so. */
#define LIVE                                                                                                                   \
	"live AS MATERIALIZED (SELECT v.pathway_id, v.number, v.achievement_id FROM pathway_version v WHERE v.published_at IS NOT NULL"   \
	"  AND NOT EXISTS (SELECT FROM pathway_version m WHERE m.pathway_id = v.pathway_id AND m.number > v.number"              \
	"   AND m.published_at IS NOT NULL AND coalesce(m.keep_until, '-infinity') <= now()))"
static const char AWARDING[] =
	"WITH " LIVE " SELECT DISTINCT w.place::int - 1, l.pathway_id FROM unnest($2::uuid[]) WITH ORDINALITY AS w (id, place)"
	" JOIN live l ON l.achievement_id = w.id AND l.pathway_id <> $1::uuid ORDER BY 1, 2";

enum skd_outcome store_pathway_awarding(struct skd_call *call, const char *pathway_id, size_t count, const char *const *achievements,
					struct store_pathway_award **awards, size_t *award_count)
{
	struct rows *rows;
	TRY(db_query(call, AWARDING, ARGS(pathway_id, arg_array(call, count, achievements)), &rows));
	*award_count = (size_t)rows_count(rows);
	*awards = talloc_zero_array(call, struct store_pathway_award, *award_count + 1);
	for (int i = 0; i < (int)*award_count; i++)
		(*awards)[i] = (struct store_pathway_award){(size_t)row_int(rows, i, 0), row_uuid(rows, i, 1)};
	return SKD_OK;
}

/* What the pathway itself awarded before is awarded no longer once the version is published. */
static const char WITHIN[] =
	"WITH RECURSIVE " LIVE ", award AS (SELECT pathway_id, achievement_id FROM live WHERE pathway_id <> $2::uuid"
	"  UNION SELECT $2::uuid, $3::uuid),"
	" inside (outer_id, inner_id) AS (SELECT l.pathway_id, n.inner_id FROM live l JOIN pathway_node n USING (pathway_id, number)"
	"   WHERE n.inner_id IS NOT NULL"
	"  UNION SELECT l.pathway_id, a.pathway_id FROM live l JOIN pathway_node n USING (pathway_id, number)"
	"   JOIN award a ON a.achievement_id = n.achievement_id),"
	" reach (id) AS (SELECT unnest($1::uuid[]) UNION SELECT i.inner_id FROM reach r JOIN inside i ON i.outer_id = r.id)"
	" SELECT i.outer_id, i.inner_id FROM reach r JOIN inside i ON i.outer_id = r.id ORDER BY 1, 2";

enum skd_outcome store_pathway_within(struct skd_call *call, const struct store_pathway *pathway, size_t count, const char *const *ids,
				      struct store_pathway_edge **edges, size_t *edge_count)
{
	struct rows *rows;
	TRY(db_query(call, WITHIN, ARGS(arg_array(call, count, ids), pathway->id, pathway->achievement_id), &rows));
	*edge_count = (size_t)rows_count(rows);
	*edges = talloc_zero_array(call, struct store_pathway_edge, *edge_count + 1);
	for (int i = 0; i < (int)*edge_count; i++)
		(*edges)[i] = (struct store_pathway_edge){row_uuid(rows, i, 0), row_uuid(rows, i, 1)};
	return SKD_OK;
}

static const char ISSUERS[] = "SELECT coalesce(array_agg(DISTINCT issuer_id::text), '{}') FROM achievement WHERE id = ANY ($1::uuid[])";

enum skd_outcome store_pathway_issuers(struct skd_call *call, size_t count, const char *const *achievements,
				       const char *const **issuers, size_t *issuer_count)
{
	struct rows *rows;
	TRY(db_query(call, ISSUERS, ARGS(arg_array(call, count, achievements)), &rows));
	*issuers = row_texts(rows, 0, 0, issuer_count);
	return SKD_OK;
}

static const char CODED[] =
	"SELECT w.place::int - 1, (min(a.id::text))::uuid FROM unnest($2::text[]) WITH ORDINALITY AS w (code, place)"
	" JOIN achievement_version v ON v.human_code = w.code AND v.state = 'published' JOIN achievement a ON a.id = v.achievement_id"
	"  AND a.issuer_id = $1::uuid WHERE NOT EXISTS (SELECT FROM achievement_version m WHERE m.achievement_id = v.achievement_id"
	"  AND m.number > v.number AND m.state" OUT ") GROUP BY w.place HAVING count(*) = 1";

enum skd_outcome store_pathway_coded(struct skd_call *call, const char *issuer_id, size_t count, const char *const *codes,
				     const char **ids)
{
	struct rows *rows;
	for (size_t i = 0; i < count; i++)
		ids[i] = NULL;
	TRY(db_query(call, CODED, ARGS(issuer_id, arg_array(call, count, codes)), &rows));
	for (int i = 0; i < rows_count(rows); i++)
		ids[row_int(rows, i, 0)] = row_uuid(rows, i, 1);
	return SKD_OK;
}
