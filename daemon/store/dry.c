/* SPDX-License-Identifier: Apache-2.0
 * Copies for a dry run. Knows which tables a run writes, and not what it writes there. */
#include "store/dry.h"

/* Under another name until all are there: the name still means the table itself. */
#define COPY_OF(table, which)                                                                                          \
	"CREATE TEMP TABLE dry_" table " (LIKE " table " INCLUDING ALL) ON COMMIT DROP;"                               \
	"INSERT INTO dry_" table " OVERRIDING SYSTEM VALUE SELECT * FROM " table " WHERE " which ";"

/* Little is known of tables as young as the copies: by hash, however many they turn out to hold. */
static const char DRY_ONE_MOMENT[] =
	"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SET LOCAL statement_timeout = '10min';"
	"SET LOCAL work_mem = '64MB'; SET LOCAL enable_nestloop = off";
static const char DRY_COPIES[] =
	COPY_OF("person", "true") COPY_OF("unit", "true") COPY_OF("directory_group", "true")
	COPY_OF("group_member", "true") COPY_OF("group_person", "true") COPY_OF("group_group", "true")
	COPY_OF("directory_run", "true") COPY_OF("directory_run_line",
		"run_id IN (SELECT id FROM directory_run WHERE state IN ('needs_approval', 'approved'))")
	COPY_OF("same_rule", "true") COPY_OF("same_value", "true") COPY_OF("same_doubt", "true")
	COPY_OF("role_group", "false") COPY_OF("role_grant", "until = 'infinity'")
	COPY_OF("change", "false") COPY_OF("audit_entry", "false") COPY_OF("audit_unsealed", "false")
	COPY_OF("who", "false");
static const char DRY_NAMES[] =
	"ALTER TABLE dry_person RENAME TO person; ALTER TABLE dry_unit RENAME TO unit;"
	"ALTER TABLE dry_directory_group RENAME TO directory_group; ALTER TABLE dry_group_member RENAME TO group_member;"
	"ALTER TABLE dry_group_person RENAME TO group_person; ALTER TABLE dry_group_group RENAME TO group_group;"
	"ALTER TABLE dry_directory_run RENAME TO directory_run;"
	"ALTER TABLE dry_directory_run_line RENAME TO directory_run_line;"
	"ALTER TABLE dry_same_rule RENAME TO same_rule; ALTER TABLE dry_same_value RENAME TO same_value;"
	"ALTER TABLE dry_same_doubt RENAME TO same_doubt;"
	"ALTER TABLE dry_role_group RENAME TO role_group; ALTER TABLE dry_role_grant RENAME TO role_grant;"
	"ALTER TABLE dry_change RENAME TO change; ALTER TABLE dry_audit_entry RENAME TO audit_entry;"
	"ALTER TABLE dry_audit_unsealed RENAME TO audit_unsealed; ALTER TABLE dry_who RENAME TO who";
/* Another search path has statements planned anew that were planned for the tables themselves. */
static const char DRY_FIRST[] =
	"SELECT set_config('search_path', 'pg_temp, ' || current_setting('search_path'), true),"
	" setval(pg_get_serial_sequence('pg_temp.directory_run_line', 'id'),"
	"  (SELECT coalesce(max(id), 0) + 1 FROM pg_temp.directory_run_line)),"
	" setval(pg_get_serial_sequence('pg_temp.role_grant', 'id'),"
	"  (SELECT coalesce(max(id), 0) + 1 FROM pg_temp.role_grant));"
	"ANALYZE person, same_value, unit, directory_group, group_member, group_person, role_grant";

enum skd_outcome store_dry_begin(struct skd_call *call)
{
	TRY(tx_slow(call, DRY_ONE_MOMENT));
	TRY(db_script(call, DRY_COPIES));
	TRY(db_script(call, DRY_NAMES));
	return db_script(call, DRY_FIRST);
}

/* A manager stands in a line by their id. */
static const char DRY_LINES[] =
	"SELECT l.kind, CASE WHEN p.added_by IS DISTINCT FROM $1::uuid THEN p.id END, p.name, l.what, l.detail, p.username,"
	" CASE WHEN l.kind LIKE 'role%' THEN ARRAY[l.detail->>'group']"
	" WHEN l.detail ? 'why' THEN array_remove(ARRAY[l.detail->>'group', l.detail->>'why'], NULL)"
	" WHEN l.kind LIKE '%linked' THEN ARRAY[l.detail->>'by']"
	" ELSE ARRAY(SELECT e.key || ': ' || coalesce((SELECT name FROM person WHERE id = (CASE e.key WHEN 'manager' THEN e.value->>'from' END)::uuid),"
	"   e.value->>'from', 'nothing') || ' -> '"
	"   || coalesce((SELECT name FROM person WHERE id = (CASE e.key WHEN 'manager' THEN e.value->>'to' END)::uuid),"
	"   e.value->>'to', 'nothing') FROM jsonb_each(l.detail) AS e ORDER BY 1) END"
	" FROM (SELECT id, kind, person_id, what, detail FROM directory_run_line WHERE run_id = $1::uuid"
	"  UNION ALL SELECT 0, 'added', id, NULL, NULL FROM person WHERE added_by = $1::uuid) AS l"
	" LEFT JOIN person p ON p.id = l.person_id ORDER BY"
	" array_position('{added,returned,absent,moved,changed,linked,unlinked,group_joined,group_left,group_lost,role_lost,role_gained,skipped}', l.kind), p.name, l.id";

enum skd_outcome store_dry_lines(struct skd_call *call, const char *run_id, struct store_dry_line **lines, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, DRY_LINES, ARGS(run_id), &rows));
	*count = (size_t)rows_count(rows);
	*lines = talloc_zero_array(call, struct store_dry_line, *count + 1);
	for (int i = 0; i < (int)*count; i++) {
		struct store_dry_line *line = &(*lines)[i];
		line->line = (struct store_run_line){row_text(rows, i, 0), row_uuid(rows, i, 1), row_text(rows, i, 2),
						     row_text(rows, i, 3), row_json(rows, i, 4)};
		line->username = row_text(rows, i, 5);
		line->says = row_texts(rows, i, 6, &line->say_count);
	}
	return SKD_OK;
}
