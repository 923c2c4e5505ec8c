/* SPDX-License-Identifier: Apache-2.0
 * Who would be concerned by a version. */
#include "store/simulation.h"

#include "store/credential.h"
#include "store/enrolment.h"

/* Where one would stand, and until when that is held, is found once for each version. */
static const char SIMULATED[] =
	"WITH page AS MATERIALIZED (SELECT * FROM enrolment e WHERE e.pathway_id = $4::uuid AND e.state <> 'left'"
	"  AND ($5::uuid IS NULL OR e.id > $5::uuid) ORDER BY e.id LIMIT $6::int),"
	" stand AS MATERIALIZED (SELECT v.number, s.number AS stands, CASE WHEN s.until < 'infinity' THEN (SELECT max(l.keep_until)"
	"   FROM pathway_version l WHERE l.pathway_id = $4::uuid AND l.number > s.number) END AS until"
	"  FROM (SELECT DISTINCT number FROM page) AS v CROSS JOIN LATERAL pathway_stand($4::uuid, v.number) AS s)"
	" SELECT e.id, h.id, h.name, $1::bool OR h.id IN (SELECT people_seen($2::uuid, $3::bool)), e.state,"
	"  CASE e.state WHEN 'completed' THEN e.number ELSE t.stands END, coalesce(t.until, 'infinity'), e.created_at, c.achievement_id,"
	"  CASE WHEN " CREDENTIAL_STATE " = 'expired' THEN c.expires_at END, e.held_back, CASE WHEN $7::bool THEN " ENROLMENT_REACHED " ELSE '{}' END"
	" FROM page e JOIN person h ON h.id = e.person_id JOIN stand t ON t.number = e.number"
	" LEFT JOIN credential c ON e.credential_id IS NOT NULL AND c.id = credential_now(e.credential_id) ORDER BY e.id";

enum skd_outcome store_simulated(struct skd_call *call, const struct sight *sight, const char *pathway_id, const char *after, long most,
				 bool milestones, struct store_simulated **simulated, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, SIMULATED,
		     ARGS(arg_bool(sight->everyone), sight->self, arg_bool(sight->issued), pathway_id, after, arg_int(call, most),
			  arg_bool(milestones)),
		     &rows));
	*count = (size_t)rows_count(rows);
	*simulated = talloc_zero_array(call, struct store_simulated, *count + 1);
	for (int i = 0; i < (int)*count; i++) {
		struct store_simulated *one = &(*simulated)[i];
		*one = (struct store_simulated){
			.id = row_uuid(rows, i, 0), .person_id = row_uuid(rows, i, 1), .person = row_text(rows, i, 2), .seen = row_bool(rows, i, 3),
			.state = row_text(rows, i, 4), .number = (long)row_int(rows, i, 5), .until = row_time(rows, i, 6),
			.created_at = row_time(rows, i, 7), .credential_achievement_id = row_uuid(rows, i, 8),
			.credential_ended_at = row_time(rows, i, 9), .held_back = row_bool(rows, i, 10)};
		one->reached = row_texts(rows, i, 11, &one->reached_count);
	}
	talloc_steal(*simulated, rows);
	return SKD_OK;
}

static const char SIMULATED_COUNT[] =
	"SELECT count(*) FROM (SELECT FROM enrolment e WHERE e.pathway_id = $1::uuid AND e.state <> 'left' LIMIT $2::int) AS e";

enum skd_outcome store_simulated_count(struct skd_call *call, const char *pathway_id, long most, int64_t *count)
{
	struct rows *rows;
	TRY(db_query(call, SIMULATED_COUNT, ARGS(pathway_id, arg_int(call, most)), &rows));
	*count = row_int(rows, 0, 0);
	return SKD_OK;
}
