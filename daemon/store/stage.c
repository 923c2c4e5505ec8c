/* SPDX-License-Identifier: Apache-2.0
 * Staging and the set-based diff: what the directory says against what is mirrored. */
#include "store/run.h"

#include <string.h>

static const char STAGE_TABLES[] =
	"CREATE TEMP TABLE IF NOT EXISTS stage (seq bigint GENERATED ALWAYS AS IDENTITY, kind \"char\", id text, key text,"
	" username text, name text, mail text, title text, phone text, employee_number text, locale text,"
	" parent_key text, unit_key text, unit_name text, disabled boolean, note text);"
	"CREATE TEMP TABLE IF NOT EXISTS picture (person_id uuid, is_new boolean, was_absent boolean,"
	" external_id text, key text, username text, name text, mail text, title text, phone text, employee_number text,"
	" locale text, manager_key text, manager_id uuid, unit_ref text, unit_name text, unit_id uuid, disabled boolean);"
	"CREATE TEMP TABLE IF NOT EXISTS picture_unit (ref text, external_id text, name text, parent_ref text, unit_id uuid);"
	"CREATE TEMP TABLE IF NOT EXISTS picture_member (group_ref text, person_id uuid, member_ref text);"
	"CREATE TEMP TABLE IF NOT EXISTS skip_line (what text, why text);"
	"TRUNCATE stage, picture, picture_unit, picture_member, skip_line";

static const char STAGE_COPY[] =
	"COPY stage (kind, id, key, username, name, mail, title, phone, employee_number, locale, parent_key, unit_key,"
	" unit_name, disabled, note) FROM STDIN";

enum skd_outcome store_stage_begin(struct skd_call *call)
{
	TRY(db_script(call, STAGE_TABLES));
	return copy_begin(call, STAGE_COPY);
}

/* ---- compare ---- */

static const char SKIP_NOTED[] = "INSERT INTO skip_line SELECT key, note FROM stage WHERE kind = 's'";

static const char SKIP_DUPLICATES[] =
	"WITH first AS (SELECT kind, id, min(seq) AS seq FROM stage WHERE kind IN ('p', 'u', 'g') GROUP BY kind, id"
	"  HAVING count(*) > 1),"
	" twice AS (DELETE FROM stage s USING first WHERE s.kind = first.kind AND s.id = first.id AND s.seq > first.seq"
	"  RETURNING s.key, s.id)"
	" INSERT INTO skip_line SELECT DISTINCT key, 'another entry has the same id ' || id FROM twice";

/* Units above somebody; a unit known by its name alone has the folded name as its id. */
static const char PICTURE_UNITS[] =
	"WITH RECURSIVE used (key) AS ("
	" SELECT DISTINCT unit_key FROM stage WHERE kind = 'p' AND unit_key IS NOT NULL"
	" UNION SELECT s.parent_key FROM stage s JOIN used u ON s.kind = 'u' AND s.key = u.key WHERE s.parent_key IS NOT NULL)"
	" INSERT INTO picture_unit (ref, external_id, name, parent_ref)"
	" SELECT s.key, s.id, s.name, s.parent_key FROM stage s WHERE s.kind = 'u' AND s.key IN (SELECT key FROM used)"
	" UNION ALL SELECT DISTINCT ON (lower(unit_name)) 'name:' || lower(unit_name), 'name:' || lower(unit_name),"
	"  unit_name, NULL FROM (SELECT unit_name FROM stage WHERE kind = 'p' AND unit_key IS NULL AND unit_name IS NOT NULL"
	"  ORDER BY seq) AS named";

static const char PICTURE_PEOPLE[] =
	"INSERT INTO picture (person_id, is_new, was_absent, external_id, key, username, name, mail, title, phone,"
	"  employee_number, locale, manager_key, unit_ref, disabled)"
	" SELECT coalesce(p.id, uuid7()), p.id IS NULL, p.absent_since IS NOT NULL, s.id, s.key, s.username, s.name, s.mail,"
	"  s.title, s.phone, s.employee_number, s.locale, s.parent_key,"
	"  coalesce(s.unit_key, 'name:' || lower(s.unit_name)), coalesce(s.disabled, false)"
	" FROM stage s LEFT JOIN person p ON p.source = $1 AND p.external_id = s.id WHERE s.kind = 'p'";

static const char PICTURE_MANAGERS[] =
	"UPDATE picture c SET manager_id = m.person_id FROM picture m"
	" WHERE m.key = c.manager_key AND m.person_id <> c.person_id";

static const char SKIP_MANAGERS[] =
	"INSERT INTO skip_line SELECT key, CASE WHEN manager_key = key THEN 'is named as their own manager'"
	" ELSE 'the manager ' || manager_key || ' is not known here' END"
	" FROM picture WHERE manager_key IS NOT NULL AND manager_id IS NULL";

/* Whoever the top of the chart does not reach is in a loop or below one; those in it lose the value. */
static const char SKIP_LOOPS[] =
	"WITH RECURSIVE reached (id) AS ("
	" SELECT person_id FROM picture WHERE manager_id IS NULL"
	" UNION ALL SELECT c.person_id FROM picture c JOIN reached r ON c.manager_id = r.id),"
	" lost AS (SELECT person_id, manager_id FROM picture c WHERE NOT EXISTS (SELECT FROM reached r WHERE r.id = c.person_id)),"
	" above (start, id) AS ("
	" SELECT person_id, manager_id FROM lost"
	" UNION SELECT a.start, l.manager_id FROM above a JOIN lost l ON l.person_id = a.id),"
	" looped AS (UPDATE picture SET manager_id = NULL WHERE person_id IN (SELECT start FROM above WHERE start = id)"
	"  RETURNING key)"
	" INSERT INTO skip_line SELECT key, 'is their own manager, by a loop in the chart' FROM looped";

static const char PICTURE_MEMBERS_BY_KEY[] =
	"INSERT INTO picture_member (group_ref, person_id, member_ref)"
	" SELECT DISTINCT g.id, p.person_id, n.id FROM stage m JOIN stage g ON g.kind = 'g' AND g.key = m.key"
	" LEFT JOIN picture p ON p.key = m.parent_key LEFT JOIN stage n ON n.kind = 'g' AND n.key = m.parent_key"
	" WHERE m.kind = 'm' AND m.parent_key IS NOT NULL AND (p.person_id IS NOT NULL OR n.id IS NOT NULL)";

static const char PICTURE_MEMBERS_BY_NAME[] =
	"INSERT INTO picture_member (group_ref, person_id)"
	" SELECT DISTINCT g.id, p.person_id FROM stage m JOIN stage g ON g.kind = 'g' AND g.key = m.key"
	" JOIN picture p ON p.username = m.username WHERE m.kind = 'm' AND m.username IS NOT NULL"
	" AND NOT EXISTS (SELECT FROM picture o WHERE o.username = p.username AND o.person_id <> p.person_id)";
static const char SKIP_NAMESAKES[] =
	"INSERT INTO skip_line SELECT DISTINCT m.key, 'more than one person has the username ' || m.username || ' of a member'"
	" FROM stage m JOIN picture p ON p.username = m.username JOIN picture o ON o.username = m.username"
	" AND o.person_id <> p.person_id WHERE m.kind = 'm' AND m.username IS NOT NULL";

static const char UNIT_IDS[] =
	"UPDATE picture_unit c SET unit_id = u.id FROM unit u WHERE u.source = $1 AND u.external_id = c.external_id";
static const char UNIT_IDS_NEW[] = "UPDATE picture_unit SET unit_id = uuid7() WHERE unit_id IS NULL";
static const char PICTURE_UNIT_IDS[] =
	"UPDATE picture c SET unit_id = u.unit_id FROM picture_unit u WHERE u.ref = c.unit_ref";

#define PERSON_DIFFERS                                                                                              \
	"(p.username, p.name, p.mail, p.title, p.phone, p.employee_number, p.locale, p.manager_id, p.disabled)"     \
	" IS DISTINCT FROM"                                                                                         \
	" (c.username, c.name, c.mail, c.title, c.phone, c.employee_number, c.locale, c.manager_id, c.disabled)"

static const char RUN_COUNTS[] =
	"SELECT c.people, a.active, c.added, c.changed, c.moved, a.active - c.stayed, c.returned,"
	" (SELECT count(*) FROM skip_line) FROM (SELECT count(*) AS people, count(*) FILTER (WHERE c.is_new) AS added,"
	"  count(*) FILTER (WHERE NOT c.is_new AND " PERSON_DIFFERS ") AS changed,"
	"  count(*) FILTER (WHERE NOT c.is_new AND p.unit_id IS DISTINCT FROM c.unit_id) AS moved,"
	"  count(*) FILTER (WHERE p.id IS NOT NULL AND p.absent_since IS NULL) AS stayed,"
	"  count(*) FILTER (WHERE c.was_absent) AS returned"
	"  FROM picture c LEFT JOIN person p ON p.id = c.person_id) AS c,"
	" (SELECT count(*) AS active FROM person WHERE source = $1 AND absent_since IS NULL) AS a";

/* The planner knows nothing of tables as young as these. Whole ones are best joined by hash, and to ANALYZE
 * them takes longer than all that follows. */
static const char WHOLE_TABLES[] = "SET LOCAL enable_nestloop = off";
static const char FEW_ROWS[] = "SET LOCAL enable_nestloop = on";

static enum skd_outcome run_steps(struct skd_call *call, const char *const *steps, const char *source,
				  const char *run_id)
{
	TRY(db_script(call, WHOLE_TABLES));
	for (; *steps; steps++) {
		bool with_run = run_id && strstr(*steps, "$2") != NULL;
		struct args args = with_run ? ARGS(source, run_id) : ARGS(source);
		if (!strstr(*steps, "$1"))
			args.count = 0;
		TRY(db_run(call, *steps, args, NULL));
	}
	return db_script(call, FEW_ROWS);
}

enum skd_outcome store_run_compare(struct skd_call *call, const char *source, struct run_counts *counts)
{
	static const char *const steps[] = {
		SKIP_NOTED, SKIP_DUPLICATES, PICTURE_UNITS, PICTURE_PEOPLE, PICTURE_MANAGERS,
		SKIP_MANAGERS, SKIP_LOOPS, PICTURE_MEMBERS_BY_KEY, PICTURE_MEMBERS_BY_NAME, SKIP_NAMESAKES, UNIT_IDS, UNIT_IDS_NEW,
		PICTURE_UNIT_IDS, NULL};
	struct rows *rows;
	TRY(db_script(call, "SET LOCAL statement_timeout = '10min'; SET LOCAL lock_timeout = '30s'"));
	TRY(run_steps(call, steps, source, NULL));
	TRY(db_query(call, RUN_COUNTS, ARGS(source), &rows));
	*counts = (struct run_counts){row_int(rows, 0, 0), row_int(rows, 0, 1), row_int(rows, 0, 2), row_int(rows, 0, 3),
				      row_int(rows, 0, 4), row_int(rows, 0, 5), row_int(rows, 0, 6), row_int(rows, 0, 7)};
	return SKD_OK;
}

/* ---- apply ---- */

static const char UNITS_ADD[] =
	"INSERT INTO unit (id, source, external_id, name) SELECT unit_id, $1, external_id, name FROM picture_unit"
	" ON CONFLICT (source, external_id) DO NOTHING";
static const char UNITS_CHANGE[] =
	"UPDATE unit u SET name = c.name, parent_id = up.unit_id, absent_since = NULL, updated_at = now()"
	" FROM picture_unit c LEFT JOIN picture_unit up ON up.ref = c.parent_ref"
	" WHERE u.id = c.unit_id AND (u.name, u.parent_id, u.absent_since) IS DISTINCT FROM"
	"  (c.name, up.unit_id, NULL::timestamptz)";
static const char UNITS_LEAVE[] =
	"UPDATE unit u SET absent_since = now(), parent_id = NULL, updated_at = now() WHERE u.source = $1"
	" AND u.absent_since IS NULL AND NOT EXISTS (SELECT FROM picture_unit c WHERE c.unit_id = u.id)";

/* Managers of new people may be new themselves: foreign keys are looked up when all rows are there. */
static const char PEOPLE_ADD[] =
	"WITH added AS (INSERT INTO person (id, source, external_id, username, name, mail, title, phone, employee_number,"
	"   locale, unit_id, manager_id, disabled)"
	"  SELECT person_id, $1, external_id, username, name, mail, title, phone, employee_number, locale, unit_id, manager_id,"
	"   disabled FROM picture WHERE is_new RETURNING id),"
	" told AS (INSERT INTO change (noun, key) SELECT 'person', id FROM added)"
	" INSERT INTO directory_run_line (run_id, kind, person_id) SELECT $2::uuid, 'added', id FROM added";

static const char PEOPLE_LINES[] =
	"INSERT INTO directory_run_line (run_id, kind, person_id, detail)"
	" SELECT $2::uuid, 'returned', person_id, NULL::jsonb FROM picture WHERE was_absent AND $1::text IS NOT NULL"
	" UNION ALL SELECT $2::uuid, 'moved', c.person_id, jsonb_strip_nulls(jsonb_build_object('unit',"
	"  jsonb_build_object('from', f.name, 'to', t.name)))"
	"  FROM picture c JOIN person p ON p.id = c.person_id LEFT JOIN unit f ON f.id = p.unit_id"
	"  LEFT JOIN unit t ON t.id = c.unit_id WHERE NOT c.is_new AND p.unit_id IS DISTINCT FROM c.unit_id"
	" UNION ALL SELECT $2::uuid, 'changed', c.person_id, jsonb_strip_nulls(jsonb_build_object("
	"  'username', CASE WHEN p.username IS DISTINCT FROM c.username THEN jsonb_build_object('from', p.username, 'to', c.username) END,"
	"  'name', CASE WHEN p.name IS DISTINCT FROM c.name THEN jsonb_build_object('from', p.name, 'to', c.name) END,"
	"  'mail', CASE WHEN p.mail IS DISTINCT FROM c.mail THEN jsonb_build_object('from', p.mail, 'to', c.mail) END,"
	"  'title', CASE WHEN p.title IS DISTINCT FROM c.title THEN jsonb_build_object('from', p.title, 'to', c.title) END,"
	"  'phone', CASE WHEN p.phone IS DISTINCT FROM c.phone THEN jsonb_build_object('from', p.phone, 'to', c.phone) END,"
	"  'employee_number', CASE WHEN p.employee_number IS DISTINCT FROM c.employee_number"
	"    THEN jsonb_build_object('from', p.employee_number, 'to', c.employee_number) END,"
	"  'locale', CASE WHEN p.locale IS DISTINCT FROM c.locale THEN jsonb_build_object('from', p.locale, 'to', c.locale) END,"
	"  'manager', CASE WHEN p.manager_id IS DISTINCT FROM c.manager_id"
	"    THEN jsonb_build_object('from', p.manager_id, 'to', c.manager_id) END,"
	"  'disabled', CASE WHEN p.disabled <> c.disabled THEN jsonb_build_object('from', p.disabled, 'to', c.disabled) END))"
	"  FROM picture c JOIN person p ON p.id = c.person_id WHERE NOT c.is_new AND " PERSON_DIFFERS;

static const char PEOPLE_CHANGE[] =
	"WITH changed AS (UPDATE person p SET username = c.username, name = c.name, mail = c.mail, title = c.title,"
	"   phone = c.phone, employee_number = c.employee_number, locale = c.locale, manager_id = c.manager_id,"
	"   unit_id = c.unit_id, disabled = c.disabled, absent_since = NULL, version = p.version + 1, updated_at = now()"
	"  FROM picture c WHERE p.id = c.person_id AND NOT c.is_new AND (" PERSON_DIFFERS
	"   OR p.unit_id IS DISTINCT FROM c.unit_id OR p.absent_since IS NOT NULL) RETURNING p.id)"
	" INSERT INTO change (noun, key) SELECT 'person', id FROM changed";

static const char PEOPLE_LEAVE[] =
	"WITH gone AS (UPDATE person p SET absent_since = now(), version = version + 1, updated_at = now()"
	"  WHERE p.source = $1 AND p.absent_since IS NULL AND NOT EXISTS (SELECT FROM picture c WHERE c.person_id = p.id)"
	"  RETURNING p.id),"
	" told AS (INSERT INTO change (noun, key) SELECT 'person', id FROM gone)"
	" INSERT INTO directory_run_line (run_id, kind, person_id) SELECT $2::uuid, 'absent', id FROM gone";

static const char GROUPS_PUT[] =
	"INSERT INTO directory_group AS g (source, external_id, key, dn, name)"
	" SELECT $1, id, key, note, name FROM stage WHERE kind = 'g'"
	" ON CONFLICT (source, external_id) DO UPDATE SET key = excluded.key, dn = excluded.dn, name = excluded.name"
	" WHERE (g.key, g.dn, g.name) IS DISTINCT FROM (excluded.key, excluded.dn, excluded.name)";
static const char GROUPS_DROP[] =
	"DELETE FROM directory_group g WHERE g.source = $1"
	" AND NOT EXISTS (SELECT FROM stage s WHERE s.kind = 'g' AND s.id = g.external_id)";
static const char MEMBERS_DROP[] =
	"DELETE FROM group_person gp USING directory_group g WHERE g.id = gp.group_id AND g.source = $1"
	" AND NOT EXISTS (SELECT FROM picture_member m WHERE m.group_ref = g.external_id AND m.person_id = gp.person_id)";
static const char MEMBERS_ADD[] =
	"INSERT INTO group_person (group_id, person_id) SELECT g.id, m.person_id FROM picture_member m"
	" JOIN directory_group g ON g.source = $1 AND g.external_id = m.group_ref WHERE m.person_id IS NOT NULL"
	" ON CONFLICT DO NOTHING";
static const char NESTED_DROP[] =
	"DELETE FROM group_group gg USING directory_group g, directory_group n"
	" WHERE g.id = gg.group_id AND n.id = gg.member_id AND g.source = $1"
	" AND NOT EXISTS (SELECT FROM picture_member m WHERE m.group_ref = g.external_id AND m.member_ref = n.external_id)";
static const char NESTED_ADD[] =
	"INSERT INTO group_group (group_id, member_id) SELECT DISTINCT g.id, n.id FROM picture_member m"
	" JOIN directory_group g ON g.source = $1 AND g.external_id = m.group_ref"
	" JOIN directory_group n ON n.source = $1 AND n.external_id = m.member_ref ON CONFLICT DO NOTHING";

enum skd_outcome store_run_apply(struct skd_call *call, const char *source, const char *run_id, bool people)
{
	static const char *const unit_steps[] = {UNITS_ADD, UNITS_CHANGE, NULL};
	static const char *const people_steps[] = {PEOPLE_LINES, PEOPLE_LEAVE, PEOPLE_ADD, PEOPLE_CHANGE, NULL};
	static const char *const group_steps[] = {UNITS_LEAVE, GROUPS_PUT,  GROUPS_DROP, MEMBERS_DROP,
						  MEMBERS_ADD, NESTED_DROP, NESTED_ADD,	 NULL};
	TRY(run_steps(call, unit_steps, source, run_id));
	if (people)
		TRY(run_steps(call, people_steps, source, run_id));
	return run_steps(call, group_steps, source, run_id);
}

static const char PEOPLE_WEIGH[] = "ANALYZE person";

enum skd_outcome store_run_weigh(struct skd_call *call)
{
	return db_run(call, PEOPLE_WEIGH, NO_ARGS, NULL);
}

static const char PEOPLE_DISABLE[] =
	"WITH disabled AS (UPDATE person p SET disabled = true, version = p.version + 1, updated_at = now()"
	"  FROM picture c WHERE p.id = c.person_id AND c.disabled AND NOT p.disabled RETURNING p.id),"
	" told AS (INSERT INTO change (noun, key) SELECT 'person', id FROM disabled)"
	" INSERT INTO directory_run_line (run_id, kind, person_id, detail)"
	" SELECT $2::uuid, 'changed', id, '{\"disabled\":{\"from\":false,\"to\":true}}' FROM disabled WHERE $1::text IS NOT NULL";

enum skd_outcome store_run_apply_losses(struct skd_call *call, const char *source, const char *run_id)
{
	static const char *const steps[] = {MEMBERS_DROP, NESTED_DROP, GROUPS_DROP, PEOPLE_DISABLE, NULL};
	return run_steps(call, steps, source, run_id);
}

/* ---- parked runs ---- */

static const char LEAVERS_LIST[] =
	"INSERT INTO directory_run_line (run_id, kind, person_id) SELECT $2::uuid, 'absent', p.id FROM person p"
	" WHERE p.source = $1 AND p.absent_since IS NULL AND NOT EXISTS (SELECT FROM picture c WHERE c.person_id = p.id)"
	" ORDER BY p.name, p.id";

enum skd_outcome store_run_list_leavers(struct skd_call *call, const char *source, const char *run_id)
{
	return db_run(call, LEAVERS_LIST, ARGS(source, run_id), NULL);
}

static const char PARKED_FIND[] =
	"SELECT r.id, NOT EXISTS ("
	"  (SELECT p.id FROM person p WHERE p.source = $1 AND p.absent_since IS NULL"
	"   AND NOT EXISTS (SELECT FROM picture c WHERE c.person_id = p.id)"
	"   EXCEPT SELECT l.person_id FROM directory_run_line l WHERE l.run_id = r.id AND l.kind = 'absent')"
	"  UNION ALL"
	"  (SELECT l.person_id FROM directory_run_line l WHERE l.run_id = r.id AND l.kind = 'absent'"
	"   EXCEPT SELECT p.id FROM person p WHERE p.source = $1 AND p.absent_since IS NULL"
	"   AND NOT EXISTS (SELECT FROM picture c WHERE c.person_id = p.id)))"
	" FROM directory_run r WHERE r.source = $1 AND r.state = 'needs_approval' FOR UPDATE OF r";

enum skd_outcome store_run_parked(struct skd_call *call, const char *source, const char **id, bool *same)
{
	struct rows *rows;
	TRY(db_query(call, PARKED_FIND, ARGS(source), &rows));
	*id = rows_count(rows) ? row_uuid(rows, 0, 0) : NULL;
	*same = rows_count(rows) && row_bool(rows, 0, 1);
	return SKD_OK;
}

static const char SKIPS_WRITE[] =
	"INSERT INTO directory_run_line (run_id, kind, what, detail)"
	" SELECT $1::uuid, 'skipped', what, jsonb_build_object('why', why) FROM skip_line";

enum skd_outcome store_run_skips(struct skd_call *call, const char *run_id)
{
	return db_run(call, SKIPS_WRITE, ARGS(run_id), NULL);
}
