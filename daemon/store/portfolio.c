/* SPDX-License-Identifier: Apache-2.0
 * Portfolios and recommendations. */
#include "store/portfolio.h"

#include "store/credential.h"

/* A section: SECTION what is shown of each OF rows of `w`, the person, IN their order END. */
#define SECTION ", (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(s.shown) ORDER BY s.place), '[]') FROM (SELECT jsonb_build_object("
#define OF ") AS shown, row_number() OVER (ORDER BY "
#define IN ") AS place FROM "
#define END " ORDER BY place LIMIT 500) AS s)"

#define POSITIONS                                                                                                        \
	SECTION "'id', o.id, 'code', o.code, 'name', o.name, 'openings', o.openings" OF "o.name, o.id" IN               \
		"positions_of(w.id) AS h (id) JOIN position o ON o.id = h.id" END
#define SKILLS                                                                                                           \
	SECTION "'skill', jsonb_build_object('id', k.id, 'label', k.label), 'level', f.level, 'expires_at', rfc3339(f.expires_at)," \
		" 'credential_id', f.credential_id" OF "k.label, k.id" IN                                               \
		"(SELECT DISTINCT ON (f.skill_id) f.* FROM proof f WHERE f.person_id = w.id AND f.known_to = 'infinity'"  \
		"  AND f.valid_from <= now() AND f.valid_to > now()"                                                    \
		"  ORDER BY f.skill_id, f.level DESC, f.expires_at DESC, f.credential_id) AS f JOIN skill k ON k.id = f.skill_id" END
#define CLAIMS                                                                                                           \
	SECTION "'id', c.id, 'skill', jsonb_build_object('id', k.id, 'label', k.label), 'level', c.level, 'note', c.note," \
		" 'shared', c.shared, 'colleagues', c.colleagues, 'endorsements', e.number, 'endorsements_at_level', e.at_level," \
		" 'created_at', rfc3339(c.created_at), 'updated_at', rfc3339(c.updated_at)" OF                           \
		"c.created_at DESC, c.id" IN                                                                            \
		"claim c JOIN skill k ON k.id = c.skill_id CROSS JOIN LATERAL (SELECT count(*) AS number, count(*) FILTER"  \
		"  (WHERE n.level >= c.level) AS at_level FROM claim_endorsed n WHERE n.claim_id = c.id AND NOT n.hidden) AS e" \
		" WHERE c.person_id = w.id AND (w.own OR c.shared)" END
#define CREDENTIALS                                                                                                      \
	SECTION "'id', c.id, 'achievement', jsonb_build_object('id', v.achievement_id, 'version', v.number, 'name', v.name)," \
		" 'issuer', jsonb_build_object('id', i.id, 'name', i.name), 'issued_at', rfc3339(c.issued_at),"         \
		" 'expires_at', rfc3339(c.expires_at), 'state', " CREDENTIAL_STATE ","                                   \
		" 'visibility', coalesce(b.visibility, 'private')" OF "c.issued_at DESC, c.id" IN                       \
		"credential c JOIN achievement_version v ON v.achievement_id = c.achievement_id AND v.number = c.achievement_number" \
		" JOIN issuer i ON i.id = c.issuer_id LEFT JOIN badge b ON b.credential_id = c.id WHERE c.person_id = w.id" END
#define PATHWAYS                                                                                                         \
	SECTION "'id', e.id, 'pathway', jsonb_build_object('id', e.pathway_id, 'version', e.number, 'name', v.name)," \
		" 'state', e.state, 'until', e.until, 'percent', e.percent, 'done', e.done, 'needed', e.needed,"       \
		" 'completed_at', rfc3339(e.completed_at), 'credential_id', e.credential_id,"                          \
		" 'created_at', rfc3339(e.created_at)" OF "e.created_at DESC, e.id" IN                                  \
		"enrolment e JOIN pathway_version v ON v.pathway_id = e.pathway_id AND v.number = e.number"             \
		" WHERE e.person_id = w.id AND e.state <> 'left'" END
#define SUBMISSIONS                                                                                                      \
	SECTION "'id', u.id, 'achievement', jsonb_build_object('id', v.achievement_id, 'version', v.number, 'name', v.name)," \
		" 'state', u.state, 'round', u.round, 'shared', u.shared, 'submitted_at', rfc3339(u.submitted_at),"     \
		" 'due_at', rfc3339(u.due_at), 'decided_at', rfc3339(u.decided_at), 'credential_id', u.credential_id,"  \
		" 'created_at', rfc3339(u.created_at), 'updated_at', rfc3339(u.updated_at)" OF "u.created_at DESC, u.id" IN \
		"submission u JOIN achievement_version v ON v.achievement_id = u.achievement_id AND v.number = u.achievement_number" \
		" WHERE u.person_id = w.id AND (w.own OR u.shared OR u.state = 'approved')" END
#define GOALS                                                                                                            \
	SECTION "'id', g.id, 'position', CASE WHEN o.id IS NOT NULL THEN jsonb_build_object('id', o.id, 'name', o.name) END," \
		" 'pathway', CASE WHEN y.name IS NOT NULL THEN jsonb_build_object('id', g.pathway_id, 'name', y.name) END," \
		" 'skill', CASE WHEN k.id IS NOT NULL THEN jsonb_build_object('id', k.id, 'label', k.label) END, 'level', g.level," \
		" 'due', g.due, 'note', g.note, 'shared', g.shared,"                                                    \
		" 'reached', goal_reached(w.id, g.position_id, g.pathway_id, g.skill_id, g.level),"                     \
		" 'created_at', rfc3339(g.created_at), 'updated_at', rfc3339(g.updated_at)" OF "g.created_at DESC, g.id" IN \
		"goal g LEFT JOIN position o ON o.id = g.position_id LEFT JOIN skill k ON k.id = g.skill_id"            \
		" LEFT JOIN LATERAL (SELECT v.name FROM pathway_version v WHERE v.pathway_id = g.pathway_id"            \
		"  AND v.state IN ('published', 'archived') ORDER BY v.number DESC LIMIT 1) AS y ON true"               \
		" WHERE g.person_id IN (SELECT e.id FROM person e WHERE e.id = w.id OR e.human = w.id) AND (w.own OR g.shared)" END
#define ENDORSEMENTS                                                                                                     \
	SECTION "'id', n.id, 'claim_id', c.id, 'skill', jsonb_build_object('id', k.id, 'label', k.label), 'level', n.level," \
		" 'person', jsonb_build_object('id', o.id, 'name', o.name), 'note', n.note, 'hidden', n.hidden,"        \
		" 'created_at', rfc3339(n.created_at)" OF "n.created_at DESC, n.id" IN                                  \
		"claim_endorsed n JOIN claim c ON c.id = n.claim_id JOIN skill k ON k.id = c.skill_id"                  \
		" JOIN person o ON o.id = n.human_id WHERE c.person_id = w.id AND (w.own OR (c.shared AND NOT n.hidden))" END

static const char PORTFOLIO[] =
	"SELECT w.id, w.name" POSITIONS SKILLS CLAIMS CREDENTIALS PATHWAYS SUBMISSIONS GOALS ENDORSEMENTS
	" FROM (SELECT h.id, h.name, coalesce(h.id = $3::uuid, false) AS own FROM person p JOIN person h ON h.id = coalesce(p.human, p.id)"
	"  WHERE p.id = $1::uuid AND p.erased_at IS NULL AND person_seen($2::bool, $3::uuid, $4::bool, p.id)) AS w";

enum skd_outcome store_portfolio_get(struct skd_call *call, const struct sight *sight, const char *person_id,
				     struct store_portfolio *portfolio)
{
	struct rows *rows;
	TRY(db_query(call, PORTFOLIO, ARGS(person_id, arg_bool(sight->everyone), sight->self, arg_bool(sight->issued)), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such person");
	*portfolio = (struct store_portfolio){
		.person_id = row_uuid(rows, 0, 0), .person = row_text(rows, 0, 1), .positions = row_json(rows, 0, 2),
		.skills = row_json(rows, 0, 3), .claims = row_json(rows, 0, 4), .credentials = row_json(rows, 0, 5),
		.pathways = row_json(rows, 0, 6), .submissions = row_json(rows, 0, 7), .goals = row_json(rows, 0, 8),
		.endorsements = row_json(rows, 0, 9)};
	return SKD_OK;
}

/* ---- recommendations ---- */

/* Reasons weigh: what is to be renewed now 5, what a position of theirs must have 4, what a goal lacks 3, what would be nice 2, what is recommended by something
 * they hold 1. Of a pathway steps count before which nothing is left to do. $1 person, $2 whether all their goals count. */
static const char RECOMMENDATIONS[] =
	"WITH held AS MATERIALIZED (SELECT * FROM skills_held($1::uuid)),"
	" earned AS MATERIALIZED (SELECT c.achievement_id, c.achievement_number FROM credential c WHERE c.person_id = $1::uuid AND c.state = 'active'"
	"  AND c.valid_from <= now() AND c.expires_at > now()),"
	" wanted AS MATERIALIZED (SELECT g.* FROM goal g JOIN person e ON e.id = g.person_id WHERE (e.id = $1::uuid OR e.human = $1::uuid)"
	"  AND (g.shared OR $2::bool)),"
	" asked AS (SELECT n.skill_id, n.label, n.level, CASE WHEN n.must THEN 4 ELSE 2 END AS weight, jsonb_build_object('kind', 'position',"
	"   'need', CASE WHEN n.must THEN 'must' ELSE 'nice' END) AS why FROM skills_needed(ARRAY(SELECT positions_of($1::uuid))) AS n"
	"  UNION ALL SELECT k.id, k.label, g.level, 3, jsonb_build_object('kind', 'goal', 'goal_id', g.id)"
	"   FROM wanted g JOIN skill k ON k.id = g.skill_id AND k.status = 'active'"
	"  UNION ALL SELECT n.skill_id, n.label, n.level, 3, jsonb_build_object('kind', 'goal', 'goal_id', g.id, 'position',"
	"   jsonb_build_object('id', o.id, 'name', o.name)) FROM wanted g JOIN position o ON o.id = g.position_id AND o.state = 'active'"
	"   CROSS JOIN LATERAL skills_needed(ARRAY[g.position_id]) AS n),"
	" reason AS (SELECT v.achievement_id, a.weight, a.why || jsonb_build_object('skill', jsonb_build_object('id', a.skill_id, 'label', a.label),"
	"   'level', a.level) AS why FROM asked a LEFT JOIN held h ON h.skill_id = a.skill_id"
	"   JOIN achievement_skill s ON s.skill_id = a.skill_id AND s.level >= a.level"
	"   JOIN achievement_current v ON v.achievement_id = s.achievement_id AND v.number = s.number WHERE coalesce(h.level, 0) < a.level"
	"  UNION ALL SELECT n.achievement_id, 3, jsonb_build_object('kind', 'goal', 'goal_id', g.id, 'pathway', jsonb_build_object("
	"   'id', v.pathway_id, 'name', v.name)) FROM wanted g JOIN pathway_current v ON v.pathway_id = g.pathway_id"
	"   JOIN pathway_node n ON n.pathway_id = v.pathway_id AND n.number = v.number AND n.achievement_id IS NOT NULL"
	"   WHERE NOT pathway_reached($1::uuid, v.pathway_id) AND NOT EXISTS (SELECT FROM pathway_node b WHERE b.pathway_id = n.pathway_id"
	"    AND b.number = n.number AND b.node = ANY (n.after) AND b.kind <> 'group' AND NOT node_done($1::uuid, b))"
	"  UNION ALL SELECT coalesce(w.course, c.achievement_id), 5, jsonb_strip_nulls(jsonb_build_object('kind', 'renewal', 'credential_id', c.id,"
	"   'by', w.by, 'achievement', CASE WHEN w.course IS NOT NULL THEN jsonb_build_object('id', v.achievement_id, 'name', v.name) END,"
	"   'expires_at', rfc3339(c.expires_at), 'closes_at', rfc3339(w.closes_at)))"
	"   FROM credential c JOIN achievement_version v ON v.achievement_id = c.achievement_id AND v.number = c.achievement_number"
	"   CROSS JOIN LATERAL (" RENEWAL_OF_CREDENTIAL ") AS w WHERE c.person_id = $1::uuid AND w.opens_at <= now() AND c.valid_from <= now()"
	"   AND NOT EXISTS (SELECT FROM credential l WHERE l.person_id = c.person_id AND l.achievement_id = c.achievement_id"
	"    AND l.state = 'active' AND l.expires_at > c.expires_at)"
	"  UNION SELECT r.id, 1, jsonb_build_object('kind', 'achievement', 'achievement', jsonb_build_object('id', v.achievement_id, 'name', v.name))"
	"   FROM earned c JOIN achievement_version v ON v.achievement_id = c.achievement_id AND v.number = c.achievement_number"
	"   CROSS JOIN LATERAL unnest(v.recommended) AS r (id))"
	" SELECT v.achievement_id, v.name, jsonb_agg(r.why ORDER BY r.weight DESC, r.why) FROM reason r"
	" JOIN achievement_current v ON v.achievement_id = r.achievement_id"
	" WHERE r.why->>'kind' = 'renewal' OR NOT EXISTS (SELECT FROM earned c WHERE c.achievement_id = v.achievement_id)"
	" GROUP BY v.achievement_id, v.name ORDER BY sum(r.weight) DESC, v.name, v.achievement_id LIMIT $3::int";

enum skd_outcome store_recommendation_list(struct skd_call *call, const char *person_id, bool own,
					   struct store_recommendation **recommendations, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, RECOMMENDATIONS, ARGS(person_id, arg_bool(own), arg_int(call, RECOMMENDATIONS_MOST)), &rows));
	*count = (size_t)rows_count(rows);
	*recommendations = talloc_zero_array(call, struct store_recommendation, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*recommendations)[i] = (struct store_recommendation){row_uuid(rows, i, 0), row_text(rows, i, 1), row_json(rows, i, 2)};
	return SKD_OK;
}
