/* SPDX-License-Identifier: Apache-2.0
 * Staging, and what it means: the picture of everybody there is news of. Changes nothing but
 * temporary tables. */
#include "store/diff.h"
#include "store/session.h"

static const char STAGE_TABLES[] =
	"CREATE TEMP TABLE IF NOT EXISTS stage (seq bigint GENERATED ALWAYS AS IDENTITY, kind \"char\","
	" id text COLLATE \"C\", key text COLLATE \"C\", username text, name text, mail text, title text, phone text,"
	" employee_number text, locale text, country text, parent_key text COLLATE \"C\", unit_key text COLLATE \"C\", unit_name text,"
	" disabled boolean, note text, digest uuid, new_id uuid);"
	"CREATE TEMP TABLE IF NOT EXISTS unseen (digest uuid);"
	"CREATE TEMP TABLE IF NOT EXISTS gone (kind \"char\", id uuid);"
	"CREATE TEMP TABLE IF NOT EXISTS unit_ref (ref text COLLATE \"C\", unit_id uuid);"
	"CREATE TEMP TABLE IF NOT EXISTS touched (person_id uuid);"
	"CREATE TEMP TABLE IF NOT EXISTS arrived (person_id uuid, is_new boolean, was_absent boolean,"
	" external_id text COLLATE \"C\", key text COLLATE \"C\", username text, name text, mail text, title text, phone text,"
	" employee_number text, locale text, country text, manager_key text COLLATE \"C\", manager_id uuid, unit_key text COLLATE \"C\","
	" unit_id uuid, disabled boolean, digest uuid);"
	"CREATE TEMP TABLE IF NOT EXISTS ending (person_id uuid);"
	"CREATE TEMP TABLE IF NOT EXISTS scope (person_id uuid);"
	"CREATE TEMP TABLE IF NOT EXISTS lost (group_id uuid, id uuid);"
	"CREATE TEMP TABLE IF NOT EXISTS parting (group_id uuid, person_id uuid);"
	"CREATE TEMP TABLE IF NOT EXISTS link (group_id uuid, person_id uuid);"
	"CREATE TEMP TABLE IF NOT EXISTS skip_line (what text, why text);"
	"TRUNCATE stage, unseen, gone, unit_ref, touched, arrived, ending, scope, lost, parting, link, skip_line";
/* For the planner, to whom a new table is one of ten pages. */
static const char STAGE_SMALL[] = "ANALYZE stage, gone, unit_ref, touched, arrived, ending, scope, lost, parting, link, skip_line";
/* Statements stay planned. */
static const char STAGE_EMPTY[] =
	"DELETE FROM stage; DELETE FROM gone; DELETE FROM unit_ref; DELETE FROM touched; DELETE FROM arrived;"
	" DELETE FROM ending; DELETE FROM scope; DELETE FROM lost; DELETE FROM parting; DELETE FROM link; DELETE FROM skip_line";

#define STAGE_INTO                                                                                                     \
	"stage (kind, id, key, username, name, mail, title, phone, employee_number, locale, country, parent_key, unit_key," \
	" unit_name, disabled, note, digest, new_id)"
/* As long as the directory takes to be read. */
static const char STAGE_COPY[] = "SET LOCAL statement_timeout = 0; COPY " STAGE_INTO " FROM STDIN";
static const char STAGE_FEW[] =
	"INSERT INTO " STAGE_INTO " SELECT (r->>0)::\"char\", r->>1, r->>2, r->>3, r->>4, r->>5, r->>6, r->>7, r->>8, r->>9,"
	" r->>10, r->>11, r->>12, r->>13, (r->>14)::boolean, r->>15, (r->>16)::uuid, (r->>17)::uuid"
	" FROM json_array_elements($1::json) WITH ORDINALITY AS row (r, n) ORDER BY n";

static const char STAGE_KNOWN[] =
	"SELECT coalesce(string_agg(uuid_send(digest), '' ORDER BY digest), ''), count(*) FILTER (WHERE digest IS NULL),"
	" count(*) FILTER (WHERE person) FROM ("
	" SELECT digest, true AS person FROM person WHERE source = $1 AND absent_since IS NULL"
	" UNION ALL SELECT digest, false FROM unit WHERE source = $1 AND absent_since IS NULL AND key IS NOT NULL"
	" UNION ALL SELECT digest, false FROM directory_group WHERE source = $1) AS shown";

enum skd_outcome store_stage_known(struct skd_call *call, const char *source, const uint8_t **digests,
				   struct stage_counts *counts)
{
	struct rows *rows;
	TRY(db_query(call, STAGE_KNOWN, ARGS(source), &rows));
	*digests = (const uint8_t *)row_text(rows, 0, 0);
	counts->known = (int64_t)row_size(rows, 0, 0) / 16;
	counts->doubtful = row_int(rows, 0, 1);
	counts->active = row_int(rows, 0, 2);
	return SKD_OK;
}

enum skd_outcome store_stage_begin(struct skd_call *call, bool feed, bool again)
{
	bool ready = again && call->db->staged;
	call->db->staged = false;
	if (!ready)
		TRY(db_script(call, STAGE_TABLES));
	if (!ready && feed)
		TRY(db_script(call, STAGE_SMALL));
	return feed ? copy_begin_few(call, STAGE_COPY, STAGE_FEW) : copy_begin(call, STAGE_COPY);
}

enum skd_outcome store_stage_empty(struct skd_call *call)
{
	TRY(db_script(call, STAGE_EMPTY));
	call->db->staged = true;
	return SKD_OK;
}

enum skd_outcome store_stage_unseen_begin(struct skd_call *call)
{
	return copy_begin(call, "COPY unseen (digest) FROM STDIN");
}

/* ---- what is left out, what has gone ---- */

static const char SKIP_NOTED[] = "INSERT INTO skip_line SELECT key, note FROM stage WHERE kind = 's'";

/* Of several with the same id, who had it under this DN before stays who they are; otherwise the first. */
static const char SKIP_TWINS[] =
	"WITH shared AS (SELECT kind, id FROM stage WHERE kind IN ('p', 'u', 'g') GROUP BY kind, id HAVING count(*) > 1),"
	" kept AS (SELECT DISTINCT ON (s.kind, s.id) s.seq FROM shared JOIN stage s USING (kind, id)"
	"  LEFT JOIN person p ON s.kind = 'p' AND p.source = $1 AND p.external_id = s.id AND p.key = s.key"
	"  ORDER BY s.kind, s.id, p.id IS NULL, s.seq),"
	" twin AS (DELETE FROM stage s USING shared WHERE s.kind = shared.kind AND s.id = shared.id"
	"  AND s.seq NOT IN (SELECT seq FROM kept) RETURNING s.key, s.id)"
	" INSERT INTO skip_line SELECT DISTINCT key, 'another entry has the same id ' || id FROM twin";

/* The other one is as it was last time and did not come to staging. */
#define SKIP_TWINS_OF(table, its_kind)                                                                                \
	"WITH twin AS (DELETE FROM stage s USING " table " k WHERE s.kind = '" its_kind "' AND k.source = $1"          \
	" AND k.external_id = s.id AND k.digest IS NOT NULL"                                                           \
	" AND NOT EXISTS (SELECT FROM unseen u WHERE u.digest = k.digest) RETURNING s.key, s.id)"                      \
	" INSERT INTO skip_line SELECT key, 'another entry has the same id ' || id FROM twin"
static const char SKIP_PERSON_TWINS[] = SKIP_TWINS_OF("person", "p");
static const char SKIP_UNIT_TWINS[] = SKIP_TWINS_OF("unit", "u");
static const char SKIP_GROUP_TWINS[] = SKIP_TWINS_OF("directory_group", "g");

#define NOT_SEEN(alias, its_kind)                                                                                       \
	"(" alias ".digest IS NULL OR " alias ".digest IN (SELECT digest FROM unseen))"                              \
	" AND NOT EXISTS (SELECT FROM stage s WHERE s.kind = '" its_kind "' AND s.id = " alias ".external_id)"

static const char GONE[] =
	"INSERT INTO gone SELECT 'p', p.id FROM person p WHERE p.source = $1 AND p.absent_since IS NULL"
	"  AND " NOT_SEEN("p", "p")
	" UNION ALL SELECT 'u', u.id FROM unit u WHERE u.source = $1 AND u.absent_since IS NULL AND u.key IS NOT NULL"
	"  AND " NOT_SEEN("u", "u")
	" UNION ALL SELECT 'g', g.id FROM directory_group g WHERE g.source = $1 AND " NOT_SEEN("g", "g");

/* Our form of a DN may be the same for two that the server tells apart: nobody can be named by it then, but
 * the first. */
static const char KEY_TWINS[] =
	"WITH first AS (SELECT key, min(seq) AS seq FROM stage WHERE kind = 'p' GROUP BY key HAVING count(*) > 1),"
	" twin AS (UPDATE stage s SET key = NULL, digest = NULL FROM first"
	"  WHERE s.kind = 'p' AND s.key = first.key AND s.seq > first.seq RETURNING first.key)"
	" INSERT INTO skip_line SELECT key, 'its DN looks like another one''s' FROM twin";
static const char KEY_TWINS_OF_KNOWN[] =
	"WITH twin AS (UPDATE stage s SET key = NULL, digest = NULL FROM person p"
	"  WHERE s.kind = 'p' AND p.source = $1 AND p.key = s.key AND p.absent_since IS NULL AND p.external_id <> s.id"
	"  AND NOT EXISTS (SELECT FROM stage o WHERE o.kind = 'p' AND o.id = p.external_id)"
	"  AND NOT EXISTS (SELECT FROM gone o WHERE o.id = p.id) RETURNING p.key)"
	" INSERT INTO skip_line SELECT key, 'its DN looks like another one''s' FROM twin";

/* ---- the picture ---- */

/* A unit known by its name alone has the folded name as its id. */
static const char STAGE_NAMED_UNITS[] =
	"INSERT INTO stage (kind, new_id, id, name) SELECT DISTINCT ON (lower(s.unit_name)) 'u'::\"char\", uuid7(),"
	"  'name:' || lower(s.unit_name), s.unit_name FROM stage s WHERE s.kind = 'p' AND s.unit_key IS NULL"
	"  AND s.unit_name IS NOT NULL AND NOT EXISTS (SELECT FROM unit u WHERE u.source = $1"
	"  AND u.external_id = 'name:' || lower(s.unit_name)) ORDER BY lower(s.unit_name), s.seq";

static const char UNIT_REFS[] =
	"INSERT INTO unit_ref SELECT coalesce(s.key, s.id), coalesce(u.id, s.new_id)"
	"  FROM stage s LEFT JOIN unit u ON u.source = $1 AND u.external_id = s.id WHERE s.kind = 'u'"
	" UNION ALL SELECT coalesce(u.key, u.external_id), u.id FROM unit u WHERE u.source = $1 AND u.absent_since IS NULL"
	"  AND NOT EXISTS (SELECT FROM stage s WHERE s.kind = 'u' AND s.id = u.external_id)"
	"  AND NOT EXISTS (SELECT FROM gone o WHERE o.id = u.id)";
/* Those that a change of a feed can name. */
static const char UNIT_REFS_NAMED[] =
	"INSERT INTO unit_ref SELECT s.id, s.new_id FROM stage s WHERE s.kind = 'u'"
	" UNION ALL SELECT coalesce(u.key, u.external_id), u.id FROM unit u WHERE u.source = $1 AND u.absent_since IS NULL"
	"  AND md5(coalesce(u.key, u.external_id)) IN (SELECT md5(coalesce(s.unit_key, 'name:' || lower(s.unit_name)))"
	"   FROM stage s WHERE s.kind = 'p' UNION SELECT md5(p.unit_key) FROM person p WHERE p.source = $1"
	"   AND p.manager_id IS NULL AND p.manager_key IS NOT NULL)";

#define PICTURE_INTO                                                                                                   \
	"INSERT INTO arrived (person_id, is_new, was_absent, external_id, key, username, name, mail, title, phone,"    \
	" employee_number, locale, country, disabled, digest, manager_key, manager_id, unit_key, unit_id) "

/* Who is meant by a manager's key: somebody who is staged, or somebody of whom there is no news. */
#define REFERENCES_OF(manager_key, unit_key)                                                                           \
	" LEFT JOIN stage ms ON ms.kind = 'p' AND ms.key = " manager_key                                               \
	" LEFT JOIN person mo ON mo.source = $1 AND mo.external_id = ms.id"                                            \
	" LEFT JOIN person mk ON mk.source = $1 AND mk.key = " manager_key " AND mk.absent_since IS NULL"              \
	" LEFT JOIN stage mks ON mks.kind = 'p' AND mks.id = mk.external_id LEFT JOIN gone mkg ON mkg.id = mk.id"      \
	" LEFT JOIN unit_ref ur ON ur.ref = " unit_key
#define MANAGER_MEANT "coalesce(mo.id, ms.new_id, CASE WHEN mks.id IS NULL AND mkg.id IS NULL THEN mk.id END)"

static const char PICTURE_STAGED[] =
	PICTURE_INTO
	"SELECT s.person_id, s.is_new, s.was_absent, s.id, s.key, s.username, s.name, s.mail, s.title, s.phone,"
	" s.employee_number, s.locale, upper(s.country), coalesce(s.disabled, false), s.digest, s.parent_key,"
	" nullif(" MANAGER_MEANT ", s.person_id), s.unit_ref, ur.unit_id"
	" FROM (SELECT t.*, coalesce(p.id, t.new_id) AS person_id, p.id IS NULL AS is_new,"
	"   p.absent_since IS NOT NULL AS was_absent, coalesce(t.unit_key, 'name:' || lower(t.unit_name)) AS unit_ref"
	"  FROM stage t LEFT JOIN person p ON p.source = $1 AND p.external_id = t.id WHERE t.kind = 'p') AS s"
	REFERENCES_OF("s.parent_key", "s.unit_ref");

/* Who is named in another way than before, or no longer: the humans, as they stand as managers. */
static const char TOUCHED[] =
	"INSERT INTO touched SELECT coalesce(p.human, p.id) FROM arrived c JOIN person p ON p.id = c.person_id"
	"  WHERE p.key IS DISTINCT FROM c.key"
	" UNION ALL SELECT coalesce((SELECT p.human FROM person p WHERE p.id = g.id), g.id) FROM gone g WHERE g.kind = 'p'";

/* Those whose own entries are as they were, while whom or what these name is not. */
static const char PICTURE_RELATED[] =
	PICTURE_INTO
	"SELECT p.id, false, false, p.external_id, p.key, p.username, p.name, p.mail, p.title, p.phone, p.employee_number,"
	" p.locale, p.country, p.disabled, p.digest, p.manager_key, nullif(" MANAGER_MEANT ", p.id), p.unit_key, ur.unit_id"
	" FROM (SELECT p.id FROM touched t JOIN person p ON p.manager_id = t.person_id AND p.source = $1"
	"  UNION SELECT p.id FROM person p WHERE p.source = $1 AND p.manager_id IS NULL AND p.manager_key IS NOT NULL"
	"  UNION SELECT p.id FROM gone o JOIN person p ON p.unit_id = o.id WHERE o.kind = 'u'"
	"  UNION SELECT p.id FROM stage s JOIN unit u ON u.source = $1 AND u.external_id = s.id AND u.key <> s.key"
	"   JOIN person p ON p.unit_id = u.id WHERE s.kind = 'u'"
	"  UNION SELECT p.id FROM person p WHERE EXISTS (SELECT FROM stage WHERE kind = 'u') AND p.source = $1"
	"   AND p.unit_id IS NULL AND p.unit_key IS NOT NULL) AS r"
	" JOIN person p ON p.id = r.id AND p.absent_since IS NULL"
	REFERENCES_OF("p.manager_key", "p.unit_key")
	" WHERE NOT EXISTS (SELECT FROM arrived c WHERE c.person_id = p.id)"
	" AND NOT EXISTS (SELECT FROM gone o WHERE o.id = p.id)";

static const char NEWLY_LED[] =
	"SELECT EXISTS (SELECT FROM arrived c LEFT JOIN person p ON p.id = c.person_id"
	" WHERE p.manager_id IS DISTINCT FROM c.manager_id AND p.manager_id IS DISTINCT FROM"
	"  coalesce((SELECT m.human FROM person m WHERE m.id = c.manager_id), c.manager_id))";
/* Of a first reading: whether there are managers whom no way leads up from to somebody without one. */
static const char LOOPED[] =
	"WITH RECURSIVE boss (id, manager_id) AS MATERIALIZED (SELECT c.person_id, c.manager_id FROM arrived c"
	"  WHERE c.person_id IN (SELECT manager_id FROM arrived)),"
	" led (id) AS (SELECT id FROM boss WHERE manager_id IS NULL"
	"  UNION ALL SELECT b.id FROM led JOIN boss b ON b.manager_id = led.id)"
	" SELECT (SELECT count(*) FROM boss) > (SELECT count(*) FROM led)";
/* A loop needs somebody who has a new manager and is one; the walk up from there sees all of it. It goes from entry
 * to entry, so that it finds the same whoever stands for them. */
static const char CUT_LOOPS[] =
	"WITH RECURSIVE boss (id, manager_id) AS MATERIALIZED ("
	" SELECT c.person_id, c.manager_id FROM arrived c WHERE c.manager_id IS NOT NULL"
	"  AND c.person_id IN (SELECT manager_id FROM arrived)"
	" UNION SELECT c.person_id, c.manager_id FROM arrived c WHERE c.manager_id IS NOT NULL"
	"  AND EXISTS (SELECT FROM person p WHERE p.manager_id = c.person_id)"
	" UNION SELECT c.person_id, c.manager_id FROM person e JOIN arrived c ON c.person_id = e.id"
	"  WHERE e.human IS NOT NULL AND e.source = $1 AND c.manager_id IS NOT NULL),"
	" edge (id, manager_id) AS (SELECT id, manager_id FROM boss"
	" UNION ALL SELECT p.id, coalesce(e.id, p.manager_id) FROM person p"
	"  LEFT JOIN person e ON e.human = p.manager_id AND e.human IS NOT NULL AND e.source = $1"
	"  WHERE p.source = $1 AND p.manager_id IS NOT NULL"
	"  AND NOT EXISTS (SELECT FROM arrived c WHERE c.person_id = p.id)),"
	" above (start, id) AS ("
	" SELECT b.id, b.manager_id FROM boss b LEFT JOIN person p ON p.id = b.id WHERE p.manager_id IS DISTINCT FROM b.manager_id"
	" UNION SELECT a.start, e.manager_id FROM above a JOIN edge e ON e.id = a.id),"
	" looped AS (SELECT DISTINCT a.id FROM above a WHERE a.start IN (SELECT start FROM above WHERE start = id)),"
	" cut AS (UPDATE arrived c SET manager_id = NULL FROM looped WHERE c.person_id = looped.id) "
	PICTURE_INTO
	"SELECT p.id, false, false, p.external_id, p.key, p.username, p.name, p.mail, p.title, p.phone, p.employee_number,"
	" p.locale, p.country, p.disabled, p.digest, p.manager_key, NULL, p.unit_key, p.unit_id FROM person p JOIN looped l ON l.id = p.id"
	" WHERE NOT EXISTS (SELECT FROM arrived c WHERE c.person_id = p.id)";

/* From entries to humans. */
static const char NAME_HUMANS[] =
	"UPDATE arrived c SET manager_id = coalesce((SELECT m.human FROM person m WHERE m.id = c.manager_id), c.manager_id)"
	" WHERE c.manager_id IS NOT NULL";

/* Whose link the picture would end: one of the two has another value, or a third one takes it. */
static const char ENDING[] =
	"WITH meant AS (SELECT c.person_id, r.by_what, same_value_of(r.by_what, c.employee_number, c.mail, c.username) AS value"
	"  FROM arrived c CROSS JOIN (SELECT DISTINCT by_what FROM same_rule WHERE $1 IN (source, main)) AS r),"
	" changed AS (SELECT n.person_id, n.by_what FROM meant n"
	"   WHERE (SELECT p.human IS NOT NULL FROM person p WHERE p.id = n.person_id) AND NOT EXISTS (SELECT FROM same_value v WHERE (v.person_id, v.by_what, v.value) = (n.person_id, n.by_what, n.value))"
	"  UNION SELECT v.person_id, v.by_what FROM meant n JOIN same_value v ON v.by_what = n.by_what AND v.value = n.value"
	"   AND v.source = $1 AND v.person_id <> n.person_id)"
	" INSERT INTO ending SELECT p.id FROM changed c"
	"   JOIN LATERAL (SELECT p.* FROM person p WHERE p.id = c.person_id OFFSET 0) AS p ON p.same_as IS NOT NULL"
	"   JOIN same_rule r ON r.source = p.source AND r.by_what = c.by_what"
	"  UNION SELECT p.id FROM changed c JOIN person p ON p.same_as = c.person_id"
	"   JOIN same_rule r ON r.source = p.source AND r.by_what = c.by_what";

static const char COUNTS[] =
	"SELECT count(*) FILTER (WHERE c.is_new), count(*) FILTER (WHERE NOT c.is_new AND " PERSON_DIFFERS "),"
	" count(*) FILTER (WHERE NOT c.is_new AND p.unit_id IS DISTINCT FROM c.unit_id),"
	" (SELECT count(*) FROM gone WHERE kind = 'p'), count(*) FILTER (WHERE c.was_absent),"
	" count(*) FILTER (WHERE (p.key, p.username, p.disabled) IS DISTINCT FROM (c.key, c.username, c.disabled)"
	"  OR c.was_absent)"
	" FROM arrived c LEFT JOIN person p ON p.id = c.person_id";
static const char RENAMED[] =
	"SELECT count(*) FROM gone g JOIN person p ON p.id = g.id JOIN arrived c ON c.is_new"
	" AND lower(c.username) = lower(p.username) WHERE g.kind = 'p'";

#define LOSERS                                                                                                         \
	"SELECT c.person_id, p.name, jsonb_strip_nulls(jsonb_build_object("                                            \
	" 'mail', CASE WHEN c.mail IS NULL AND p.mail IS NOT NULL THEN jsonb_build_object('from', p.mail) END,"        \
	" 'title', CASE WHEN c.title IS NULL AND p.title IS NOT NULL THEN jsonb_build_object('from', p.title) END,"    \
	" 'phone', CASE WHEN c.phone IS NULL AND p.phone IS NOT NULL THEN jsonb_build_object('from', p.phone) END,"    \
	" 'employee_number', CASE WHEN c.employee_number IS NULL AND p.employee_number IS NOT NULL"                    \
	"  THEN jsonb_build_object('from', p.employee_number) END,"                                                    \
	" 'locale', CASE WHEN c.locale IS NULL AND p.locale IS NOT NULL THEN jsonb_build_object('from', p.locale) END," \
	" 'country', CASE WHEN c.country IS NULL AND p.country IS NOT NULL THEN jsonb_build_object('from', p.country) END," \
	" 'manager', CASE WHEN c.manager_key IS NULL AND p.manager_key IS NOT NULL"                                    \
	"  THEN jsonb_build_object('from', p.manager_id) END,"                                                         \
	" 'unit', CASE WHEN c.unit_key IS NULL AND p.unit_key IS NOT NULL THEN jsonb_build_object('from', p.unit_key) END))" \
	" AS detail FROM arrived c JOIN person p ON p.id = c.person_id WHERE NOT c.was_absent"
static const char LOST_MOST[] =
	"SELECT what, count(*) FROM (" LOSERS ") AS l, jsonb_object_keys(l.detail) AS what GROUP BY what ORDER BY 2 DESC, 1 LIMIT 1";

static const char ENDINGS[] = "SELECT count(*) FROM ending";

static enum skd_outcome diff_count_endings(struct skd_call *call, struct store_diff *diff)
{
	struct rows *rows;
	if (!diff->ruled)
		return SKD_OK;
	TRY(db_run(call, ENDING, ARGS(diff->source), NULL));
	TRY(db_query(call, ENDINGS, NO_ARGS, &rows));
	if (row_int(rows, 0, 0) > diff->lost) {
		diff->lost_what = "link to another directory";
		diff->lost = row_int(rows, 0, 0);
	}
	return SKD_OK;
}

static enum skd_outcome diff_count(struct skd_call *call, struct store_diff *diff)
{
	struct rows *rows;
	TRY(db_query(call, COUNTS, NO_ARGS, &rows));
	diff->counts = (struct run_counts){
		.active = diff->staged->active, .added = row_int(rows, 0, 0), .changed = row_int(rows, 0, 1),
		.moved = row_int(rows, 0, 2), .absent = row_int(rows, 0, 3), .returned = row_int(rows, 0, 4)};
	diff->counts.people = diff->counts.active + diff->counts.added + diff->counts.returned - diff->counts.absent;
	diff->no_rights = diff->feed && !diff->staged->groups && !row_int(rows, 0, 5);
	TRY(db_query(call, LOST_MOST, NO_ARGS, &rows));
	if (rows_count(rows)) {
		diff->lost_what = row_text(rows, 0, 0);
		diff->lost = row_int(rows, 0, 1);
	}
	TRY(diff_count_endings(call, diff));
	if (!diff->counts.absent || !diff->counts.added)
		return SKD_OK;
	TRY(db_query(call, RENAMED, NO_ARGS, &rows));
	diff->renamed = row_int(rows, 0, 0);
	return SKD_OK;
}

/* ---- in order ---- */

/* Each by an index; sync_keep() sees to what a crash may take. */
static const char PLAN_FEW[] =
	"SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),"
	" set_config('plan_cache_mode', 'force_generic_plan', true), set_config('synchronous_commit', 'off', true)";

/* The planner knows nothing of tables as young as these. Small ones are soon looked at; of large ones, which are best
 * joined by hash, a glance at how many rows of a kind there are has to do. */
static enum skd_outcome diff_plan(struct skd_call *call, const struct store_diff *diff)
{
	enum { MANY = 5000, FEW = 100 };
	const struct stage_counts *staged = diff->staged;
	bool many = staged->people + staged->members + staged->unseen > MANY;
	bool few = diff->feed && staged->people + staged->members < FEW;
	if (few != call->db->few)
		TRY(db_script(call, "DISCARD PLANS"));
	call->db->few = few;
	if (few)
		return db_send(call, PLAN_FEW, NO_ARGS, NULL);
	if (diff->feed)
		return SKD_OK;
	TRY(tx_slow(call, "SET LOCAL statement_timeout = '10min'; SET LOCAL lock_timeout = '30s'"));
	return db_script(call, many ? "SET LOCAL work_mem = '64MB'; SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off;"
				      " SET LOCAL default_statistics_target = 1; ANALYZE stage"
				    : "ANALYZE stage, unseen");
}

/* Twins, what has gone, and keys that name two. */
static enum skd_outcome diff_sort_out(struct skd_call *call, const struct store_diff *diff)
{
	const struct stage_counts *staged = diff->staged;
	struct args source = ARGS(diff->source);
	bool before = was_shown(staged), whole = before && !diff->feed;
	TRY(db_run_if(call, staged->skips, SKIP_NOTED, NO_ARGS));
	TRY(db_run_if(call, staged->id_twins, SKIP_TWINS, source));
	TRY(db_run_if(call, whole && staged->people, SKIP_PERSON_TWINS, source));
	TRY(db_run_if(call, whole && staged->units, SKIP_UNIT_TWINS, source));
	TRY(db_run_if(call, whole && staged->groups, SKIP_GROUP_TWINS, source));
	TRY(db_run_if(call, staged->unseen + staged->doubtful, GONE, source));
	TRY(db_run_if(call, staged->key_twins, KEY_TWINS, NO_ARGS));
	return db_run_if(call, before && staged->people, KEY_TWINS_OF_KNOWN, source);
}

static enum skd_outcome diff_picture(struct skd_call *call, struct store_diff *diff)
{
	const struct stage_counts *staged = diff->staged;
	struct args source = ARGS(diff->source);
	struct rows *rows;
	bool before = was_shown(staged);
	TRY(db_run_if(call, staged->unit_names, STAGE_NAMED_UNITS, source));
	TRY(db_send(call, diff->feed ? UNIT_REFS_NAMED : UNIT_REFS, source, NULL));
	TRY(db_run_if(call, staged->people, PICTURE_STAGED, source));
	if (before) {
		TRY(db_send(call, TOUCHED, NO_ARGS, NULL));
		TRY(db_send(call, PICTURE_RELATED, source, NULL));
	}
	TRY(db_query(call, before ? NEWLY_LED : LOOPED, NO_ARGS, &rows));
	if (row_bool(rows, 0, 0))
		TRY(db_run(call, CUT_LOOPS, source, NULL));
	TRY(db_run_if(call, diff->ruled, NAME_HUMANS, NO_ARGS));
	return diff_count(call, diff);
}

enum skd_outcome store_diff_compare(struct skd_call *call, struct store_diff *diff)
{
	TRY(diff_plan(call, diff));
	TRY(diff_sort_out(call, diff));
	diff->of_groups = diff->feed && !diff->staged->people;
	if (diff->of_groups)
		diff->counts = (struct run_counts){.active = diff->staged->active, .people = diff->staged->active};
	else
		TRY(diff_picture(call, diff));
	return diff_find_places(call, diff);
}

/* An entry with a known id and another DN may have been renamed, or be somebody else with the same id. */
static const char ELSEWHERE[] =
	"SELECT EXISTS (SELECT FROM arrived c JOIN person p ON p.id = c.person_id"
	"  WHERE NOT c.was_absent AND p.key IS DISTINCT FROM c.key)"
	" OR EXISTS (SELECT FROM stage s JOIN directory_group g ON g.source = $1 AND g.external_id = s.id"
	"  WHERE s.kind = 'g' AND g.key <> s.key)";

enum skd_outcome store_diff_elsewhere(struct skd_call *call, const struct store_diff *diff, bool *elsewhere)
{
	struct rows *rows;
	TRY(db_query(call, ELSEWHERE, ARGS(diff->source), &rows));
	*elsewhere = row_bool(rows, 0, 0);
	return SKD_OK;
}

/* ---- parked runs ---- */

/* Whom the run would take something from, and why; $2: values too, $3: groups too. */
#define LOSSES                                                                                                         \
	"SELECT 'absent' AS kind, p.id AS person_id, p.name, jsonb_build_object('why', CASE WHEN EXISTS"               \
	"  (SELECT FROM arrived c WHERE c.is_new AND lower(c.username) = lower(p.username))"                           \
	"  THEN 'an entry with another stable id has the username' ELSE 'the directory shows no entry with the stable id '"   \
	"  || p.external_id END) AS detail FROM gone g JOIN person p ON p.id = g.id WHERE g.kind = 'p'"                \
	" UNION ALL SELECT 'changed', l.person_id, l.name, l.detail FROM (" LOSERS ") AS l WHERE $2::bool AND l.detail <> '{}'" \
	" UNION ALL SELECT 'group_lost', p.id, p.name, jsonb_build_object('group', g.dn, 'why', CASE"                   \
	"  WHEN o.id IS NOT NULL THEN 'the directory shows no group with the stable id ' || g.external_id"             \
	"  WHEN l.id IS NOT NULL THEN 'the group does not name them' ELSE 'it contains the group that they are in no longer' END)" \
	" FROM parting t JOIN person p ON p.id = t.person_id JOIN directory_group g ON g.id = t.group_id"             \
	" LEFT JOIN gone o ON o.id = g.id LEFT JOIN lost l ON l.group_id = t.group_id AND l.id = t.person_id WHERE $3::bool"  \
	" UNION ALL SELECT 'changed', p.id, p.name, jsonb_build_object('link', jsonb_build_object('from', m.source))"   \
	"  FROM ending t JOIN person p ON p.id = t.person_id JOIN person m ON m.id = p.same_as WHERE $2::bool"

static const char LOSSES_LIST[] =
	"INSERT INTO directory_run_line (run_id, kind, person_id, detail)"
	" SELECT $1::uuid, l.kind, l.person_id, l.detail FROM (" LOSSES ") AS l ORDER BY l.kind, l.name, l.person_id";
static const char LOSSES_BEYOND[] =
	"SELECT count(*) FROM (" LOSSES ") AS l WHERE NOT EXISTS (SELECT FROM directory_run_line o"
	" WHERE o.run_id = $1::uuid AND o.kind = l.kind AND o.person_id = l.person_id AND o.detail @> l.detail)";

enum skd_outcome store_diff_list_losses(struct skd_call *call, const struct store_diff *diff)
{
	return db_run(call, LOSSES_LIST, ARGS(diff->run_id, arg_bool(diff->losing), arg_bool(diff->leaving)), NULL);
}

enum skd_outcome store_diff_beyond(struct skd_call *call, const struct store_diff *diff, const char *approved,
				   int64_t *count)
{
	struct rows *rows;
	TRY(db_query(call, LOSSES_BEYOND, ARGS(approved, arg_bool(diff->losing), arg_bool(diff->leaving)), &rows));
	*count = row_int(rows, 0, 0);
	return SKD_OK;
}

static const char PARKED_FIND[] =
	"WITH losses AS (" LOSSES "), listed AS (SELECT l.run_id, l.kind, l.person_id, l.detail FROM directory_run_line l"
	"  WHERE l.kind IN ('absent', 'changed', 'group_lost') AND (l.detail ? 'disabled') IS NOT TRUE)"
	" SELECT r.id, NOT EXISTS ("
	"  (SELECT o.kind, o.person_id, o.detail FROM losses o"
	"   EXCEPT SELECT l.kind, l.person_id, l.detail FROM listed l WHERE l.run_id = r.id)"
	"  UNION ALL"
	"  (SELECT l.kind, l.person_id, l.detail FROM listed l WHERE l.run_id = r.id"
	"   EXCEPT SELECT o.kind, o.person_id, o.detail FROM losses o))"
	" FROM directory_run r WHERE r.source = $1 AND r.state = 'needs_approval' FOR UPDATE OF r";

enum skd_outcome store_diff_parked(struct skd_call *call, const struct store_diff *diff, const char **id, bool *same)
{
	struct rows *rows;
	TRY(db_query(call, PARKED_FIND, ARGS(diff->source, arg_bool(diff->losing), arg_bool(diff->leaving)), &rows));
	*id = rows_count(rows) ? row_uuid(rows, 0, 0) : NULL;
	*same = rows_count(rows) && row_bool(rows, 0, 1);
	return SKD_OK;
}

/* ---- what was skipped ---- */

/* From what is in force, since an entry that is as it was is not looked at again. */
static const char SKIP_MANAGERS[] =
	"INSERT INTO skip_line SELECT coalesce(p.key, p.username), CASE WHEN p.manager_key = p.key"
	"  THEN 'is named as their own manager' WHEN EXISTS (SELECT FROM person m WHERE m.source = p.source"
	"  AND m.key = p.manager_key AND m.absent_since IS NULL) THEN 'is their own manager, by a loop in the chart'"
	"  ELSE 'the manager ' || p.manager_key || ' is not known here' END"
	" FROM person p WHERE p.source = $1 AND p.absent_since IS NULL AND p.manager_id IS NULL AND p.manager_key IS NOT NULL";
/* The same: nobody is linked by what several have, or had when they left. */
static const char SKIP_SHARED[] =
	"WITH shared AS (SELECT v.by_what, v.value FROM same_rule r JOIN same_value v ON v.by_what = r.by_what"
	"   AND v.source IN (r.source, r.main) WHERE $1 IN (r.source, r.main) GROUP BY r.source, v.by_what, v.value"
	"  HAVING count(*) > 2 AND bool_or(v.source = r.source) AND bool_or(v.source = r.main))"
	" INSERT INTO skip_line SELECT coalesce(p.key, p.username), 'is linked with nobody, since another one has the same '"
	"  || v.by_what || ', or had it before they left' FROM shared s JOIN same_value v ON v.by_what = s.by_what"
	"  AND v.value = s.value AND v.source = $1 JOIN person p ON p.id = v.person_id AND p.absent_since IS NULL";
static const char SKIPS_WRITE[] =
	"INSERT INTO directory_run_line (run_id, kind, what, detail)"
	" SELECT $1::uuid, 'skipped', what, jsonb_build_object('why', why) FROM skip_line";

enum skd_outcome store_diff_skips(struct skd_call *call, struct store_diff *diff)
{
	TRY(db_run_if(call, !diff->feed, SKIP_MANAGERS, ARGS(diff->source)));
	TRY(db_run_if(call, !diff->feed && diff->ruled, SKIP_SHARED, ARGS(diff->source)));
	return db_send(call, SKIPS_WRITE, ARGS(diff->run_id), &diff->counts.skipped);
}
