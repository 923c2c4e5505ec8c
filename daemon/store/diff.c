/* SPDX-License-Identifier: Apache-2.0
 * Applies a picture: units and people. */
#include "store/diff.h"
#include "store/session.h"

/* ---- units ---- */

static const char UNITS_PUT[] =
	"INSERT INTO unit AS u (id, source, external_id, name, key, parent_key, digest)"
	" SELECT new_id, $1, id, name, key, parent_key, digest FROM stage WHERE kind = 'u'"
	" ON CONFLICT (source, external_id) DO UPDATE SET name = excluded.name, key = excluded.key,"
	"  parent_key = excluded.parent_key, digest = excluded.digest, absent_since = NULL, updated_at = now()";
static const char UNITS_LEAVE[] =
	"UPDATE unit u SET absent_since = now(), parent_id = NULL, key = NULL, digest = NULL, updated_at = now()"
	" FROM gone g WHERE g.kind = 'u' AND u.id = g.id";
static const char UNITS_PLACE[] =
	"UPDATE unit u SET parent_id = n.parent_id, updated_at = now() FROM ("
	" SELECT c.id, p.id AS parent_id FROM unit c LEFT JOIN unit p ON p.source = $1 AND p.key = c.parent_key"
	"  AND p.absent_since IS NULL WHERE c.source = $1 AND c.absent_since IS NULL) AS n"
	" WHERE u.id = n.id AND u.parent_id IS DISTINCT FROM n.parent_id";
static const char UNITS_USE[] =
	"WITH RECURSIVE used (id) AS ("
	" SELECT id FROM unit n WHERE source = $1 AND"
	"  (SELECT true FROM person p WHERE p.unit_id = n.id AND p.source = $1 AND p.absent_since IS NULL LIMIT 1)"
	" UNION SELECT u.parent_id FROM unit u JOIN used ON used.id = u.id WHERE u.parent_id IS NOT NULL)"
	" UPDATE unit u SET used = NOT u.used, updated_at = now()"
	" WHERE u.source = $1 AND u.used <> (u.id IN (SELECT id FROM used))";

static enum skd_outcome apply_units(struct skd_call *call, const struct store_diff *diff)
{
	const struct stage_counts *staged = diff->staged;
	int64_t gone = staged->unseen + staged->doubtful;
	TRY(db_run_if(call, staged->units + staged->unit_names, UNITS_PUT, ARGS(diff->source)));
	TRY(db_run_if(call, gone, UNITS_LEAVE, NO_ARGS));
	return db_run_if(call, staged->units + gone, UNITS_PLACE, ARGS(diff->source));
}

/* ---- people ---- */

static const char LINES[] =
	"INSERT INTO directory_run_line (run_id, kind, person_id, detail)"
	" SELECT $1::uuid, 'returned', person_id, NULL::jsonb FROM arrived WHERE was_absent"
	" UNION ALL SELECT $1::uuid, 'moved', c.person_id, jsonb_strip_nulls(jsonb_build_object('unit',"
	"  jsonb_build_object('from', f.name, 'to', t.name)))"
	"  FROM arrived c JOIN person p ON p.id = c.person_id LEFT JOIN unit f ON f.id = p.unit_id"
	"  LEFT JOIN unit t ON t.id = c.unit_id WHERE p.unit_id IS DISTINCT FROM c.unit_id"
	" UNION ALL SELECT $1::uuid, 'changed', c.person_id, jsonb_strip_nulls(jsonb_build_object("
	"  'username', CASE WHEN p.username IS DISTINCT FROM c.username THEN jsonb_build_object('from', p.username, 'to', c.username) END,"
	"  'name', CASE WHEN p.name IS DISTINCT FROM c.name THEN jsonb_build_object('from', p.name, 'to', c.name) END,"
	"  'mail', CASE WHEN p.mail IS DISTINCT FROM c.mail THEN jsonb_build_object('from', p.mail, 'to', c.mail) END,"
	"  'title', CASE WHEN p.title IS DISTINCT FROM c.title THEN jsonb_build_object('from', p.title, 'to', c.title) END,"
	"  'phone', CASE WHEN p.phone IS DISTINCT FROM c.phone THEN jsonb_build_object('from', p.phone, 'to', c.phone) END,"
	"  'employee_number', CASE WHEN p.employee_number IS DISTINCT FROM c.employee_number"
	"    THEN jsonb_build_object('from', p.employee_number, 'to', c.employee_number) END,"
	"  'locale', CASE WHEN p.locale IS DISTINCT FROM c.locale THEN jsonb_build_object('from', p.locale, 'to', c.locale) END,"
	"  'country', CASE WHEN p.country IS DISTINCT FROM c.country THEN jsonb_build_object('from', p.country, 'to', c.country) END,"
	"  'manager', CASE WHEN p.manager_id IS DISTINCT FROM c.manager_id"
	"    THEN jsonb_build_object('from', p.manager_id, 'to', c.manager_id) END,"
	"  'disabled', CASE WHEN p.disabled <> c.disabled THEN jsonb_build_object('from', p.disabled, 'to', c.disabled) END))"
	"  FROM arrived c JOIN person p ON p.id = c.person_id WHERE " PERSON_DIFFERS
	" UNION ALL SELECT $1::uuid, 'absent', id, NULL FROM gone WHERE kind = 'p'";

static const char PEOPLE_LEAVE[] =
	"UPDATE person p SET absent_since = now(), last_key = p.key, key = NULL, digest = NULL, version = version + 1, updated_at = now()"
	" FROM gone g WHERE g.kind = 'p' AND p.id = g.id";

static const char PEOPLE_ADD[] =
	"INSERT INTO person (id, source, external_id, username, name, mail, title, phone, employee_number,"
	"  locale, country, unit_id, manager_id, disabled, key, manager_key, unit_key, digest, added_by)"
	" SELECT person_id, $1, external_id, username, name, mail, title, phone, employee_number, locale, country, unit_id, manager_id,"
	"  disabled, key, manager_key, unit_key, digest, $2::uuid FROM arrived WHERE is_new";

/* A new key or digest alone is nobody's news. */
static const char PEOPLE_CHANGE[] =
	"WITH news AS (SELECT c.*, (" PERSON_DIFFERS " OR p.unit_id IS DISTINCT FROM c.unit_id OR c.was_absent) AS seen"
	"  FROM arrived c JOIN person p ON p.id = c.person_id WHERE NOT c.is_new)"
	" UPDATE person p SET username = c.username, name = c.name, mail = c.mail, title = c.title,"
	"  phone = c.phone, employee_number = c.employee_number, locale = c.locale, country = c.country, manager_id = c.manager_id,"
	"  unit_id = c.unit_id, disabled = c.disabled, absent_since = NULL, key = c.key, manager_key = c.manager_key,"
	"  unit_key = c.unit_key, digest = c.digest, version = p.version + c.seen::int,"
	"  updated_at = CASE WHEN c.seen THEN now() ELSE p.updated_at END"
	" FROM news c WHERE p.id = c.person_id AND (c.seen OR (p.unit_key, p.key, p.manager_key, p.digest)"
	"  IS DISTINCT FROM (c.unit_key, c.key, c.manager_key, c.digest))";

static const char CHANGES_TELL[] =
	"INSERT INTO change (noun, key) SELECT 'person', person_id FROM arrived WHERE is_new"
	" UNION SELECT 'person', person_id FROM directory_run_line WHERE run_id = $1::uuid AND person_id IS NOT NULL";
/* Who follows the changes of very many people reads everybody anew. */
static const char CHANGES_TELL_ALL[] =
	"INSERT INTO change (noun, key) VALUES ('person', '00000000-0000-0000-0000-000000000000')";

static enum skd_outcome apply_people(struct skd_call *call, const struct store_diff *diff)
{
	enum { MANY = 1000 };
	const struct run_counts *c = &diff->counts;
	int64_t news = c->added + c->changed + c->moved + c->absent + c->returned;
	struct args run = ARGS(diff->run_id);
	if (was_shown(diff->staged))
		TRY(db_send(call, LINES, run, NULL));
	TRY(db_run_if(call, c->absent, PEOPLE_LEAVE, NO_ARGS));
	if (was_shown(diff->staged))
		TRY(db_send(call, PEOPLE_CHANGE, NO_ARGS, NULL));
	TRY(db_run_if(call, c->added, PEOPLE_ADD, ARGS(diff->source, diff->run_id)));
	TRY(news > MANY ? db_send(call, CHANGES_TELL_ALL, NO_ARGS, NULL) : db_run_if(call, news, CHANGES_TELL, run));
	return db_run_if(call, c->added + c->moved + c->absent + c->returned + diff->staged->units, UNITS_USE,
			 ARGS(diff->source));
}

/* Roles are everybody's. */
static const char PLAN_MANY[] = "SELECT set_config('enable_hashjoin', 'on', true), set_config('enable_mergejoin', 'on', true)";

enum skd_outcome store_diff_apply(struct skd_call *call, struct store_diff *diff)
{
	TRY(apply_units(call, diff));
	if (!diff->of_groups)
		TRY(apply_people(call, diff));
	TRY(diff_apply_groups(call, diff));
	return db_run_if(call, call->db->few && !diff->no_rights, PLAN_MANY, NO_ARGS);
}

static const char PEOPLE_DISABLE[] =
	"WITH disabled AS (UPDATE person p SET disabled = true, digest = NULL, version = p.version + 1,"
	"  updated_at = now()"
	"  FROM arrived c WHERE p.id = c.person_id AND c.disabled AND NOT p.disabled RETURNING p.id),"
	" told AS (INSERT INTO change (noun, key) SELECT 'person', id FROM disabled)"
	" INSERT INTO directory_run_line (run_id, kind, person_id, detail)"
	" SELECT $1::uuid, 'changed', id, '{\"disabled\":{\"from\":false,\"to\":true}}' FROM disabled";

static const char DOUBTS_DROP[] = "DELETE FROM same_doubt WHERE source = $1";
static const char DOUBTS_PUT[] = "INSERT INTO same_doubt (source, person_id) SELECT $1, person_id FROM ending";

enum skd_outcome store_diff_apply_losses(struct skd_call *call, struct store_diff *diff)
{
	TRY(diff_apply_group_losses(call, diff));
	TRY(db_run_if(call, diff->ruled, DOUBTS_DROP, ARGS(diff->source)));
	TRY(db_run_if(call, diff->ruled, DOUBTS_PUT, ARGS(diff->source)));
	return db_send(call, PEOPLE_DISABLE, ARGS(diff->run_id), NULL);
}

/* ---- a parked run that was approved ---- */

static const char LISTED_LEAVE[] =
	"WITH gone AS (UPDATE person p SET absent_since = now(), last_key = p.key, key = NULL, digest = NULL, version = version + 1,"
	"  updated_at = now() FROM directory_run_line l WHERE l.run_id = $1::uuid AND l.kind = 'absent'"
	"  AND p.id = l.person_id AND p.absent_since IS NULL RETURNING p.id)"
	" INSERT INTO change (noun, key) SELECT 'person', id FROM gone";
static const char LISTED_MANAGE_NOBODY[] =
	"WITH left_alone AS (UPDATE person p SET manager_id = NULL, version = p.version + 1, updated_at = now()"
	"  FROM directory_run_line l JOIN person m ON m.id = l.person_id AND m.absent_since IS NOT NULL"
	"  WHERE l.run_id = $1::uuid AND l.kind = 'absent' AND p.source = m.source"
	"  AND p.manager_id = coalesce(m.human, m.id) AND p.absent_since IS NULL RETURNING p.id)"
	" INSERT INTO change (noun, key) SELECT 'person', id FROM left_alone";
/* A loop may be open now: the next run looks again who it was cut for. */
static const char LISTED_OPEN_LOOPS[] =
	"UPDATE person SET digest = NULL WHERE source = $1 AND absent_since IS NULL AND digest IS NOT NULL"
	" AND manager_id IS NULL AND manager_key IS NOT NULL";

enum skd_outcome store_run_mark_absent(struct skd_call *call, const struct store_run *run, int64_t *count)
{
	TRY(db_run(call, LISTED_LEAVE, ARGS(run->id), count));
	TRY(db_run(call, LISTED_MANAGE_NOBODY, ARGS(run->id), NULL));
	TRY(db_run(call, LISTED_OPEN_LOOPS, ARGS(run->source), NULL));
	return db_run(call, UNITS_USE, ARGS(run->source), NULL);
}

enum skd_outcome store_run_weigh(struct skd_call *call)
{
	return db_script(call, "SET LOCAL default_statistics_target = 10; ANALYZE person");
}
