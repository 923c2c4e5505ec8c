/* SPDX-License-Identifier: Apache-2.0
 * The schema: numbered files, embedded, applied in order, never changed once applied. */
#include "store/db.h"

#include "base/log.h"

#include <string.h>

static const char MIGRATE_TABLE[] =
	"CREATE TABLE IF NOT EXISTS schema_migration ("
	" name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())";
static const char MIGRATE_LOCK[] = "SELECT pg_advisory_xact_lock(7310579031240)";
static const char MIGRATE_SEEN[] = "SELECT checksum = md5($2::text) FROM schema_migration WHERE name = $1";
static const char MIGRATE_DONE[] = "INSERT INTO schema_migration (name, checksum) VALUES ($1, md5($2::text))";
static const char MIGRATE_THERE[] = "SELECT to_regclass('schema_migration') IS NOT NULL";
static const char MIGRATE_UNKNOWN[] = "SELECT name FROM schema_migration WHERE name <> ALL ($1::text[]) LIMIT 1";

/* Whether a file is applied already; CLASH when it was another text. */
static enum skd_outcome file_seen(struct skd_call *call, const struct embedded_file *file, bool *seen)
{
	struct rows *rows;
	TRY(db_query(call, MIGRATE_SEEN, ARGS(file->name, file->text), &rows));
	*seen = rows_count(rows) == 1;
	if (*seen && !row_bool(rows, 0, 0))
		return fail(call, SKD_CLASH, "%s was applied to this database with another text", file->name);
	return SKD_OK;
}

static enum skd_outcome file_apply(struct skd_call *call, const struct embedded_file *file, int *applied)
{
	bool seen;
	TRY(tx_begin(call));
	TRY(tx_slow(call, "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '60s'"));
	TRY(db_script(call, MIGRATE_LOCK));
	TRY(file_seen(call, file, &seen));
	if (!seen) {
		TRY(db_script(call, file->text));
		TRY(db_run(call, MIGRATE_DONE, ARGS(file->name, file->text), NULL));
		log_line(SKD_INFO, "migrate", "applied %s", file->name);
		++*applied;
	}
	return tx_commit(call);
}

enum skd_outcome migrate_apply(struct skd_call *call, int *applied)
{
	*applied = 0;
	TRY(tx_begin(call));
	TRY(db_script(call, MIGRATE_LOCK)); /* CREATE TABLE IF NOT EXISTS races with itself */
	TRY(db_script(call, MIGRATE_TABLE));
	TRY(tx_commit(call));
	for (const struct embedded_file *file = embedded_sql; file->name; file++)
		TRY(file_apply(call, file, applied));
	return SKD_OK;
}

enum skd_outcome migrate_check(struct skd_call *call)
{
	struct rows *rows;
	const char *names[256];
	size_t count = 0;
	TRY(db_query(call, MIGRATE_THERE, NO_ARGS, &rows));
	if (!row_bool(rows, 0, 0))
		return fail(call, SKD_BUSY, "the database has no schema yet: run skillsd migrate");
	for (const struct embedded_file *file = embedded_sql; file->name && count < 256; file++) {
		bool seen;
		TRY(file_seen(call, file, &seen));
		if (!seen)
			return fail(call, SKD_BUSY, "the database lacks %s: run skillsd migrate", file->name);
		names[count++] = file->name;
	}
	TRY(db_query(call, MIGRATE_UNKNOWN, ARGS(arg_array(call, count, names)), &rows));
	if (rows_count(rows))
		return fail(call, SKD_BUSY, "the database is newer than this program: it has %s", row_text(rows, 0, 0));
	return SKD_OK;
}
