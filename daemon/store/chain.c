/* SPDX-License-Identifier: Apache-2.0
 * The audit's chain in tables. */
#include "store/chain.h"

#include <string.h>

#define ENTRY_FIELDS                                                                                                   \
	"e.seq, e.id, e.tx, e.at, e.who, w.digest, e.account_id, e.action, e.outcome, e.noun, e.object, e.request_id, e.detail"

static struct skd_text bytes_at(const struct rows *rows, int row, int column)
{
	return (struct skd_text){row_text(rows, row, column), row_size(rows, row, column)};
}

static void fields_read(const struct rows *rows, int row, int column, struct skd_text fields[CHAIN_FIELDS])
{
	for (int k = 0; k < CHAIN_FIELDS; k++)
		fields[k] = bytes_at(rows, row, column + k);
}

/* ---- sealing ---- */

static const char ANY[] = "SELECT EXISTS (SELECT FROM audit_unsealed)";

enum skd_outcome store_chain_any(struct skd_call *call, bool *any)
{
	struct rows *rows;
	TRY(db_query(call, ANY, NO_ARGS, &rows));
	*any = row_bool(rows, 0, 0);
	return SKD_OK;
}

static const char WAITS[] =
	"SELECT count(*), coalesce(extract(epoch FROM now() - min(e.at))::bigint, 0)"
	" FROM audit_unsealed u JOIN audit_entry e ON e.seq = u.entry";

enum skd_outcome store_chain_waits(struct skd_call *call, int64_t *count, int64_t *seconds)
{
	struct rows *rows;
	TRY(db_query(call, WAITS, NO_ARGS, &rows));
	*count = row_int(rows, 0, 0);
	*seconds = row_int(rows, 0, 1);
	return SKD_OK;
}

static const char TAKE[] =
	"WITH taken AS (DELETE FROM audit_unsealed WHERE ctid = ANY (ARRAY(SELECT ctid FROM audit_unsealed LIMIT $1::int))"
	" RETURNING entry)"
	" SELECT " ENTRY_FIELDS " FROM (SELECT DISTINCT entry FROM taken) AS t JOIN audit_entry e ON e.seq = t.entry LEFT JOIN who w ON w.id = e.who"
	" WHERE NOT EXISTS (SELECT FROM audit_link l WHERE l.entry = e.seq) ORDER BY e.seq";

enum skd_outcome store_chain_take(struct skd_call *call, int most, struct chain_entry **entries, size_t *count)
{
	struct rows *rows;
	TRY(db_script(call, "SET LOCAL synchronous_commit = off"));
	TRY(db_query(call, TAKE, ARGS(arg_int(call, most)), &rows));
	*count = (size_t)rows_count(rows);
	*entries = talloc_array(call, struct chain_entry, *count + 1);
	for (int i = 0; i < (int)*count; i++) {
		(*entries)[i].seq = row_int(rows, i, 0);
		fields_read(rows, i, 0, (*entries)[i].fields);
	}
	return SKD_OK;
}

static const char END[] =
	"SELECT l.sequence, l.hash, (SELECT max(sequence) FROM audit_checkpoint), clock_timestamp()"
	" FROM (SELECT) AS one LEFT JOIN audit_link l ON l.sequence = (SELECT max(sequence) FROM audit_link)";

enum skd_outcome store_chain_end(struct skd_call *call, struct chain_end *end)
{
	struct rows *rows;
	TRY(db_query(call, END, NO_ARGS, &rows));
	*end = (struct chain_end){.sequence = row_int(rows, 0, 0), .checkpoint = row_int(rows, 0, 2), .now = row_time(rows, 0, 3)};
	if (end->sequence && row_size(rows, 0, 1) == DIGEST_SIZE)
		memcpy(end->hash, row_text(rows, 0, 1), DIGEST_SIZE);
	return SKD_OK;
}

static const char ADD[] =
	"INSERT INTO audit_link (sequence, entry, hash) SELECT $1::bigint + n, entry, hash"
	" FROM unnest($2::bigint[], $3::bytea[]) WITH ORDINALITY AS l (entry, hash, n)";

enum skd_outcome store_chain_add(struct skd_call *call, int64_t sequence, size_t count, const char *const *entries,
				 const char *const *hashes)
{
	return db_run(call, ADD,
		      ARGS(arg_int(call, sequence), arg_array(call, count, entries), arg_array(call, count, hashes)), NULL);
}

/* ---- checkpoints ---- */

static const char CHECKPOINT_ADD[] = "INSERT INTO audit_checkpoint (sequence, line) VALUES ($1::bigint, $2)";

enum skd_outcome store_checkpoint_add(struct skd_call *call, int64_t sequence, const char *line)
{
	return db_run(call, CHECKPOINT_ADD, ARGS(arg_int(call, sequence), line), NULL);
}

static const char CHECKPOINT_NEWEST[] =
	"SELECT sequence, line FROM audit_checkpoint WHERE sequence > $1::bigint ORDER BY sequence DESC LIMIT 1";

enum skd_outcome store_checkpoint_newest(struct skd_call *call, int64_t beyond, int64_t *sequence, const char **line)
{
	struct rows *rows;
	TRY(db_query(call, CHECKPOINT_NEWEST, ARGS(arg_int(call, beyond)), &rows));
	*sequence = rows_count(rows) ? row_int(rows, 0, 0) : 0;
	*line = rows_count(rows) ? row_text(rows, 0, 1) : NULL;
	return SKD_OK;
}

/* ---- checking ---- */

static const char LATE[] =
	"SELECT coalesce('{' || string_agg(u.entry::text, ',') || '}', '{}') FROM audit_unsealed u"
	" JOIN audit_entry e ON e.seq = u.entry WHERE e.at < now() - interval '10 s'";

enum skd_outcome store_chain_late(struct skd_call *call, const char **late)
{
	struct rows *rows;
	TRY(db_query(call, LATE, NO_ARGS, &rows));
	*late = row_text(rows, 0, 0);
	return SKD_OK;
}

static const char ONE_MOMENT[] =
	"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL statement_timeout = '1h'";

enum skd_outcome store_chain_begin(struct skd_call *call)
{
	TRY(tx_begin(call));
	return tx_slow(call, ONE_MOMENT);
}

/* Where an array holds a null, nothing is known of what it does not hold. */
static const char ROWS[] =
	"DECLARE c NO SCROLL CURSOR FOR SELECT l.sequence, l.hash, w.digest, w.salt, w.account, w.account_id, w.address, k.line,"
	" w.account IS NULL AND w.digest IS NOT NULL AND (w.id::text NOT IN (SELECT jsonb_array_elements_text(x.detail -> 'who')"
	"  FROM audit_entry x WHERE x.action = 'person.erase')) IS DISTINCT FROM false, " ENTRY_FIELDS
	" FROM audit_link l LEFT JOIN audit_entry e ON e.seq = l.entry LEFT JOIN who w ON w.id = e.who"
	" LEFT JOIN audit_checkpoint k ON k.sequence = l.sequence ORDER BY l.sequence";
enum { ROWS_FIELDS = 9 };

enum skd_outcome store_chain_open(struct skd_call *call)
{
	return cursor_open(call, ROWS, NO_ARGS, 500);
}

enum skd_outcome store_chain_next(struct skd_call *call, struct chain_row **out, size_t *count)
{
	struct rows *rows;
	TRY(cursor_next(call, &rows));
	*count = (size_t)rows_count(rows);
	*out = *count ? talloc_array(rows, struct chain_row, *count) : NULL;
	for (int i = 0; i < (int)*count; i++) {
		struct chain_row *row = &(*out)[i];
		*row = (struct chain_row){
			.sequence = row_int(rows, i, 0), .hash = bytes_at(rows, i, 1), .digest = bytes_at(rows, i, 2),
			.who = {bytes_at(rows, i, 3), bytes_at(rows, i, 4), bytes_at(rows, i, 5), bytes_at(rows, i, 6)},
			.line = row_text(rows, i, 7), .stripped = row_bool(rows, i, 8), .id = row_uuid(rows, i, ROWS_FIELDS + 1)};
		fields_read(rows, i, ROWS_FIELDS, row->fields);
	}
	return SKD_OK;
}

static const char LEFT[] =
	"DECLARE c NO SCROLL CURSOR FOR SELECT e.id, e.at, u.entry IS NOT NULL"
	" FROM audit_entry e LEFT JOIN audit_unsealed u ON u.entry = e.seq"
	" WHERE NOT EXISTS (SELECT FROM audit_link l WHERE l.entry = e.seq)"
	" AND (u.entry IS NULL OR u.entry = ANY ($1::bigint[]))";

enum skd_outcome store_chain_left_open(struct skd_call *call, const char *late)
{
	TRY(db_run(call, "CLOSE c", NO_ARGS, NULL));
	return cursor_open(call, LEFT, ARGS(late), 500);
}

enum skd_outcome store_chain_left_next(struct skd_call *call, struct chain_left **left, size_t *count)
{
	struct rows *rows;
	TRY(cursor_next(call, &rows));
	*count = (size_t)rows_count(rows);
	*left = *count ? talloc_array(rows, struct chain_left, *count) : NULL;
	for (int i = 0; i < (int)*count; i++)
		(*left)[i] = (struct chain_left){row_uuid(rows, i, 0), row_time(rows, i, 1), row_bool(rows, i, 2)};
	return SKD_OK;
}
