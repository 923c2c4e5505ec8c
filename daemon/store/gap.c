/* SPDX-License-Identifier: Apache-2.0
 * Gaps. */
#include "store/gap.h"

#include "store/credential.h"

static const char POSITIONS[] =
	"SELECT o.id, o.code, o.name, o.openings FROM position o WHERE o.id = $2::uuid OR ($2::uuid IS NULL AND o.id IN (SELECT positions_of($1::uuid)))"
	" ORDER BY o.name, o.id";

static struct store_gap_position position_read(const struct rows *rows, int i)
{
	return (struct store_gap_position){row_uuid(rows, i, 0), row_text(rows, i, 1), row_text(rows, i, 2), (long)row_int(rows, i, 3)};
}

enum skd_outcome store_gap_positions(struct skd_call *call, const char *person_id, const char *position_id,
				     struct store_gap_position **positions, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, POSITIONS, ARGS(person_id, position_id), &rows));
	*count = (size_t)rows_count(rows);
	*positions = talloc_zero_array(call, struct store_gap_position, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*positions)[i] = position_read(rows, i);
	return SKD_OK;
}

/* ---- how it closes ---- */

/* $1 skills, $2 levels, $3 person, who has done some of it: of each, so many at most, in that order. */
static const char WAYS[] =
	"SELECT w.at, jsonb_agg(jsonb_strip_nulls(jsonb_build_object('achievement', CASE WHEN y.achievement_id IS NOT NULL THEN"
	"  jsonb_build_object('id', y.achievement_id, 'name', y.name) END, 'pathway', CASE WHEN y.pathway_id IS NOT NULL THEN"
	"  jsonb_build_object('id', y.pathway_id, 'name', y.name) END, 'level', y.level, 'steps', y.steps)) ORDER BY y.place)"
	" FROM unnest($1::uuid[], $2::int[]) WITH ORDINALITY AS w (id, level, at) CROSS JOIN LATERAL ("
	"  SELECT *, row_number() OVER (ORDER BY steps, pathway_id IS NOT NULL, level, name, achievement_id, pathway_id) AS place"
	"  FROM skill_ways($3::uuid, w.id, w.level) ORDER BY place LIMIT 10) AS y GROUP BY w.at";

/* The nearest are looked for one by one; where fewer than five of them have it, of the others the first thousand. $1 skills, $2 levels,
 * $3 person, $4 and $5 the sight, $6 unit, $7 people who may be near. Distances: 0 the same manager, 1 the same unit, 2 within the
 * unit above, and so on. */
#define HOLDS                                                                                                            \
	"f.skill_id = w.id AND f.known_to = 'infinity' AND f.level >= w.level AND f.valid_from <= now() AND f.valid_to > now()"
#define TOLD                                                                                                             \
	"($4::bool OR f.person_id IN (SELECT id FROM seen) OR EXISTS (SELECT FROM badge b WHERE b.credential_id = f.credential_id" \
	" AND " BADGE_VISIBILITY " IN ('colleagues', 'public')))"
static const char COLLEAGUES[] =
	"WITH RECURSIVE me AS (SELECT e.unit_id, e.manager_id FROM person e WHERE (e.id = $3::uuid OR e.human = $3::uuid) AND e.absent_since IS NULL"
	"  UNION ALL SELECT $6::uuid, NULL WHERE $6::uuid IS NOT NULL),"
	" above (id, depth) AS (SELECT unit_id, 1 FROM me WHERE unit_id IS NOT NULL"
	"  UNION SELECT u.parent_id, a.depth + 1 FROM above a JOIN unit u ON u.id = a.id WHERE u.parent_id IS NOT NULL AND a.depth < 30),"
	" within (id, depth) AS (SELECT id, depth FROM above UNION SELECT u.id, w.depth FROM within w JOIN unit u ON u.parent_id = w.id),"
	" place AS MATERIALIZED (SELECT id, min(depth) AS depth FROM within GROUP BY id),"
	" here AS NOT MATERIALIZED (SELECT p.*, p.manager_id IN (SELECT manager_id FROM me) AS same FROM person p"
	"  WHERE p.id IS DISTINCT FROM $3::uuid AND p.absent_since IS NULL AND NOT p.disabled),"
	" near AS MATERIALIZED (SELECT h.id FROM ((SELECT coalesce(p.human, p.id) AS id FROM me JOIN person p ON p.manager_id = me.manager_id LIMIT 300)"
	"  UNION (SELECT coalesce(p.human, p.id) FROM me JOIN person p ON p.unit_id = me.unit_id LIMIT 300)"
	"  UNION SELECT unnest($7::uuid[])) AS n JOIN here h ON h.id = n.id),"
	" seen AS MATERIALIZED (SELECT people_seen($5::uuid, false) AS id WHERE NOT $4::bool)"
	" SELECT w.at, jsonb_agg(jsonb_strip_nulls(jsonb_build_object('person', jsonb_build_object('id', b.id, 'name', b.name),"
	"  'level', b.level, 'distance', b.distance)) ORDER BY b.distance NULLS LAST, b.level DESC, b.name, b.id)"
	" FROM unnest($1::uuid[], $2::int[]) WITH ORDINALITY AS w (id, level, at) CROSS JOIN LATERAL ("
	"  WITH close AS MATERIALIZED (SELECT f.person_id, f.level FROM near n JOIN proof f ON f.person_id = n.id AND " HOLDS " WHERE " TOLD ")"
	"  SELECT h.id, h.name, max(f.level) AS level, CASE WHEN h.same THEN 0 ELSE l.depth END AS distance"
	"  FROM (SELECT * FROM close UNION ALL SELECT f.person_id, f.level FROM (SELECT f.* FROM proof f WHERE " HOLDS
	"    AND (SELECT count(DISTINCT person_id) FROM close) < 5 LIMIT 1000) AS f WHERE " TOLD ") AS f"
	"  JOIN here h ON h.id = f.person_id LEFT JOIN place l ON l.id = h.unit_id"
	"  GROUP BY h.id, h.name, h.same, l.depth ORDER BY distance NULLS LAST, level DESC, h.name, h.id LIMIT 5) AS b GROUP BY w.at";

/* What is missing, of a person or of a unit; the other is NULL. `near`: people who may have it, besides those around a person. */
struct lack {
	const char *person_id, *unit_id, *near;
	size_t count;
	const char **skills, **levels;
	struct store_gap_closing **closings;
};

static void lack_begin(struct skd_call *call, struct lack *lack, const char *person_id, const char *unit_id, size_t most)
{
	*lack = (struct lack){person_id, unit_id, NULL, 0, talloc_array(call, const char *, most + 1), talloc_array(call, const char *, most + 1),
			      talloc_array(call, struct store_gap_closing *, most + 1)};
}

static void lack_add(struct skd_call *call, struct lack *lack, const char *skill_id, int64_t level, struct store_gap_closing *closing)
{
	lack->skills[lack->count] = skill_id;
	lack->levels[lack->count] = arg_int(call, level);
	lack->closings[lack->count++] = closing;
}

static enum skd_outcome lack_close(struct skd_call *call, const struct sight *sight, const struct lack *lack)
{
	const char *skills = arg_array(call, lack->count, lack->skills), *levels = arg_array(call, lack->count, lack->levels);
	struct rows *ways, *colleagues;
	if (!lack->count)
		return SKD_OK;
	TRY(db_query(call, WAYS, ARGS(skills, levels, lack->person_id), &ways));
	for (int i = 0; i < rows_count(ways); i++)
		lack->closings[row_int(ways, i, 0) - 1]->ways = row_json(ways, i, 1);
	TRY(db_query(call, COLLEAGUES, ARGS(skills, levels, lack->person_id, arg_bool(sight->everyone), sight->self, lack->unit_id, lack->near),
		     &colleagues));
	for (int i = 0; i < rows_count(colleagues); i++)
		lack->closings[row_int(colleagues, i, 0) - 1]->colleagues = row_json(colleagues, i, 1);
	return SKD_OK;
}

/* ---- of a person ---- */

static const char NEEDS[] =
	"SELECT n.skill_id, n.label, n.must, n.level, coalesce(h.level, 0), coalesce(c.level, 0), (SELECT jsonb_agg(jsonb_build_object("
	"  'id', o.id, 'name', o.name) ORDER BY o.name, o.id) FROM position_skill s JOIN position o ON o.id = s.position_id"
	"  WHERE s.skill_id = n.skill_id AND s.must = n.must AND s.position_id = ANY ($2::uuid[]))"
	" FROM skills_needed($2::uuid[]) AS n LEFT JOIN skills_held($1::uuid) AS h ON h.skill_id = n.skill_id"
	" LEFT JOIN claim c ON c.person_id = $1::uuid AND c.skill_id = n.skill_id AND (c.shared OR $3::bool)"
	" ORDER BY coalesce(h.level, 0) >= n.level, NOT n.must, n.label, n.skill_id";

enum skd_outcome store_gap_person(struct skd_call *call, const struct sight *sight, const char *person_id, bool claims, size_t count,
				  const struct store_gap_position *positions, struct store_gap_skill **out, size_t *skill_count)
{
	const char **ids = talloc_array(call, const char *, count + 1);
	struct rows *rows;
	struct lack lack;
	for (size_t i = 0; i < count; i++)
		ids[i] = positions[i].id;
	TRY(db_query(call, NEEDS, ARGS(person_id, arg_array(call, count, ids), arg_bool(claims)), &rows));
	*skill_count = (size_t)rows_count(rows);
	struct store_gap_skill *skills = *out = talloc_zero_array(call, struct store_gap_skill, *skill_count + 1);
	lack_begin(call, &lack, person_id, NULL, *skill_count);
	for (int i = 0; i < (int)*skill_count; i++) {
		skills[i] = (struct store_gap_skill){
			.id = row_uuid(rows, i, 0), .label = row_text(rows, i, 1), .must = row_bool(rows, i, 2), .level = (long)row_int(rows, i, 3),
			.held = (long)row_int(rows, i, 4), .claimed = (long)row_int(rows, i, 5), .positions = row_json(rows, i, 6)};
		if (skills[i].held < skills[i].level)
			lack_add(call, &lack, skills[i].id, skills[i].level, &skills[i].closing);
	}
	return lack_close(call, sight, &lack);
}

/* ---- of a unit ---- */

/* People with the same positions lack the same: what they need is found once for all of them, and who holds it by what they hold.
 * Each row says how many they are, and who has most of something. $1 unit, $2 position, $3 and $4 the sight. */
static const char UNIT[] =
	"WITH who AS MATERIALIZED (SELECT p.id FROM person p WHERE p.unit_id IN (SELECT units_within($1::uuid)) AND p.absent_since IS NULL"
	"  AND (p.human IS NULL OR p.human = p.id) AND ($3::bool OR p.id IN (SELECT people_seen($4::uuid, false)))),"
	" had AS (SELECT person_id, array_agg(position_id ORDER BY position_id) AS positions FROM positions_held("
	"   ARRAY(SELECT id FROM who WHERE $2::uuid IS NULL)) GROUP BY person_id"
	"  UNION ALL SELECT id, ARRAY[$2::uuid] FROM who WHERE $2::uuid IS NOT NULL),"
	" numbered AS MATERIALIZED (SELECT person_id, positions, dense_rank() OVER (ORDER BY positions) AS kind FROM had),"
	" need AS MATERIALIZED (SELECT k.kind, k.people, n.* FROM (SELECT kind, positions, count(*) AS people FROM numbered GROUP BY 1, 2) AS k"
	"  CROSS JOIN LATERAL skills_needed(k.positions) AS n),"
	" best AS MATERIALIZED (SELECT m.kind, f.skill_id, f.person_id, max(f.level) AS level FROM numbered m JOIN proof f ON f.person_id = m.person_id"
	"   AND f.known_to = 'infinity' AND f.valid_from <= now() AND f.valid_to > now()"
	"  WHERE f.skill_id IN (SELECT skill_id FROM need) GROUP BY 1, 2, 3),"
	" counted AS MATERIALIZED (SELECT kind, skill_id, level, count(*) AS people FROM best GROUP BY 1, 2, 3),"
	" have AS MATERIALIZED (SELECT n.kind, n.skill_id, n.must, sum(c.people) AS people FROM need n JOIN counted c ON c.kind = n.kind"
	"  AND c.skill_id = n.skill_id AND c.level >= n.level GROUP BY 1, 2, 3),"
	" top AS (SELECT DISTINCT person_id FROM (SELECT person_id, row_number() OVER (PARTITION BY skill_id ORDER BY level DESC, person_id) AS n FROM best) AS b"
	"  WHERE n <= 5)"
	" SELECT n.skill_id, n.label, n.must, n.level, sum(n.people)::bigint, coalesce(sum(h.people), 0)::bigint, (SELECT count(*) FROM who),"
	"  (SELECT array_agg(person_id)::text FROM top)"
	" FROM (SELECT 1) AS one LEFT JOIN need n ON true LEFT JOIN have h ON h.kind = n.kind AND h.skill_id = n.skill_id AND h.must = n.must"
	" GROUP BY 1, 2, 3, 4 ORDER BY n.label, n.skill_id, n.must DESC, n.level";

enum skd_outcome store_gap_unit(struct skd_call *call, const struct sight *sight, const char *unit_id, const char *position_id,
				struct store_gap_unit **out, size_t *count, int64_t *people)
{
	struct rows *rows;
	struct lack lack;
	TRY(db_query(call, UNIT, ARGS(unit_id, position_id, arg_bool(sight->everyone), sight->self), &rows));
	*people = row_int(rows, 0, 6);
	*count = row_null(rows, 0, 0) ? 0 : (size_t)rows_count(rows);
	*out = talloc_zero_array(call, struct store_gap_unit, *count + 1);
	lack_begin(call, &lack, NULL, unit_id, *count);
	lack.near = row_text(rows, 0, 7);
	for (int i = 0; i < (int)*count; i++) {
		struct store_gap_unit *row = &(*out)[i];
		*row = (struct store_gap_unit){.id = row_uuid(rows, i, 0), .label = row_text(rows, i, 1), .must = row_bool(rows, i, 2),
					       .level = row_int(rows, i, 3), .needed = row_int(rows, i, 4), .held = row_int(rows, i, 5)};
		if (row->held < row->needed)
			lack_add(call, &lack, row->id, row->level, &row->closing);
	}
	return lack_close(call, sight, &lack);
}

/* ---- openings ---- */

#define OPENING_WHY                                                                                                      \
	"jsonb_agg(jsonb_strip_nulls(jsonb_build_object('skill', jsonb_build_object('id', n.skill_id, 'label', n.label),"   \
	" 'need', CASE WHEN n.must THEN 'must' ELSE 'nice' END, 'level', n.level, 'held', nullif(n.held, 0)))"          \
	" ORDER BY NOT n.must, n.label, n.skill_id)"
static const char OPENINGS[] =
	"WITH free AS (SELECT o.* FROM position o WHERE o.state = 'active' AND o.openings > 0 AND o.id NOT IN (SELECT positions_of($1::uuid))),"
	" need AS (SELECT o.id, s.skill_id, k.label, s.must, s.level, coalesce(h.level, 0) AS held FROM free o JOIN position_skill s ON s.position_id = o.id"
	"  JOIN skill k ON k.id = s.skill_id AND k.status = 'active' LEFT JOIN skills_held($1::uuid) AS h ON h.skill_id = s.skill_id),"
	" fit AS (SELECT n.id, bool_and(NOT n.must OR n.held >= n.level) AS fits, floor(100 * sum((1 + n.must::int) * least(n.held, n.level)::numeric"
	"   / n.level) / sum(1 + n.must::int))::int AS fit, " OPENING_WHY " FILTER (WHERE n.held >= n.level) AS why,"
	"  " OPENING_WHY " FILTER (WHERE n.held < n.level) AS why_not FROM need n GROUP BY n.id)"
	" SELECT o.id, o.code, o.name, o.openings, coalesce(f.fits, true), coalesce(f.fit, 100), coalesce(f.why, '[]'), coalesce(f.why_not, '[]')"
	" FROM free o LEFT JOIN fit f ON f.id = o.id WHERE coalesce(f.fit, 100) > 0"
	" ORDER BY coalesce(f.fits, true) DESC, coalesce(f.fit, 100) DESC, o.name, o.id LIMIT $2::int";

enum skd_outcome store_opening_list(struct skd_call *call, const char *person_id, long most, struct store_opening **openings, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, OPENINGS, ARGS(person_id, arg_int(call, most)), &rows));
	*count = (size_t)rows_count(rows);
	*openings = talloc_zero_array(call, struct store_opening, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*openings)[i] = (struct store_opening){position_read(rows, i), row_bool(rows, i, 4), (long)row_int(rows, i, 5),
							row_json(rows, i, 6), row_json(rows, i, 7)};
	return SKD_OK;
}
