/* SPDX-License-Identifier: Apache-2.0
 * Files that were handed in. */
#include "store/file.h"

#include "store/submission.h"

#define FILE_COLUMNS "f.id, f.submission_id, f.prompt, f.name, f.type, f.size, f.hash, f.created_at"

static void file_read(const struct rows *rows, int i, struct store_file *file)
{
	*file = (struct store_file){
		.id = row_uuid(rows, i, 0), .submission_id = row_uuid(rows, i, 1), .prompt = row_text(rows, i, 2),
		.name = row_text(rows, i, 3), .type = row_text(rows, i, 4), .size = row_int(rows, i, 5),
		.hash = (const uint8_t *)row_text(rows, i, 6), .created_at = row_time(rows, i, 7)};
}

static const char FILE_LIST[] = "SELECT " FILE_COLUMNS " FROM submission_file f WHERE f.submission_id = $1::uuid ORDER BY f.id";

enum skd_outcome store_file_list(struct skd_call *call, const char *submission_id, struct store_file **files, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, FILE_LIST, ARGS(submission_id), &rows));
	*count = (size_t)rows_count(rows);
	*files = talloc_zero_array(call, struct store_file, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		file_read(rows, i, &(*files)[i]);
	return SKD_OK;
}

static const char FILE_GET[] =
	"SELECT " FILE_COLUMNS ", CASE WHEN NOT EXISTS (SELECT FROM review r WHERE r.submission_id = s.id AND r.assessor_id = $4::uuid) THEN s.person_id END"
	" FROM submission_file f JOIN submission s ON s.id = f.submission_id"
	" WHERE f.id = $1::uuid AND s.id = $2::uuid AND (s.person_id = $4::uuid"
	"  OR (" SUBMISSION_SHOWN " AND person_seen($3::bool, $4::uuid, $5::bool, s.person_id))"
	"  OR EXISTS (SELECT FROM review r JOIN submission_round d ON d.submission_id = r.submission_id AND d.round = r.round"
	"   CROSS JOIN json_each(d.answers) AS a CROSS JOIN json_array_elements_text(a.value->'files') AS n"
	"   WHERE r.submission_id = s.id AND r.assessor_id = $4::uuid AND r.state IN ('claimed', 'done') AND n = f.id::text))";

enum skd_outcome store_file_get(struct skd_call *call, const struct sight *sight, const char *submission_id, const char *id,
				struct store_file *file)
{
	struct rows *rows;
	TRY(db_query(call, FILE_GET, ARGS(id, submission_id, arg_bool(sight->everyone), sight->self, arg_bool(sight->issued)), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such file");
	file_read(rows, 0, file);
	file->looked_at = row_uuid(rows, 0, 8);
	return SKD_OK;
}

static const char FILE_ADD[] =
	"INSERT INTO submission_file (submission_id, prompt, name, type, size, hash)"
	" VALUES ($1::uuid, $2, $3, $4, $5::bigint, $6::bytea) RETURNING id";

enum skd_outcome store_file_add(struct skd_call *call, const struct store_file *f, const char **id)
{
	struct rows *rows;
	TRY(db_query(call, FILE_ADD,
		     ARGS(f->submission_id, f->prompt, f->name, f->type, arg_int(call, f->size), arg_bytea(call, f->hash, DIGEST_SIZE)),
		     &rows));
	*id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

static const char FILE_DROP[] =
	"DELETE FROM submission_file f WHERE f.id = $1::uuid AND NOT EXISTS (SELECT FROM submission_round d"
	" CROSS JOIN json_each(d.answers) AS a CROSS JOIN json_array_elements_text(a.value->'files') AS n"
	" WHERE d.submission_id = f.submission_id AND n = f.id::text)";

enum skd_outcome store_file_drop(struct skd_call *call, const char *id)
{
	return db_run(call, FILE_DROP, ARGS(id), NULL);
}

/* ---- hashes ---- */

#define HASH_LOCK "(('x' || encode(substr($1::bytea, 1, 8), 'hex'))::bit(64)::bigint)"
static const char HASH_HOLD[] = "SELECT pg_advisory_xact_lock_shared" HASH_LOCK;
static const char HASH_HOLD_ALONE[] = "SELECT pg_advisory_xact_lock" HASH_LOCK;

enum skd_outcome store_hash_hold(struct skd_call *call, const uint8_t *hash, bool alone)
{
	return db_run(call, alone ? HASH_HOLD_ALONE : HASH_HOLD, ARGS(arg_bytea(call, hash, DIGEST_SIZE)), NULL);
}

static const char HASH_NAMED[] = "SELECT EXISTS (SELECT FROM submission_file WHERE hash = $1::bytea)";

enum skd_outcome store_hash_named(struct skd_call *call, const uint8_t *hash, bool *named)
{
	struct rows *rows;
	TRY(db_query(call, HASH_NAMED, ARGS(arg_bytea(call, hash, DIGEST_SIZE)), &rows));
	*named = row_bool(rows, 0, 0);
	return SKD_OK;
}

static const char HASH_LOOSE[] =
	"SELECT coalesce(array_agg(encode(l.hash, 'hex')), '{}') FROM (SELECT hash FROM file_loose ORDER BY hash LIMIT $1::int) AS l";

enum skd_outcome store_hash_loose(struct skd_call *call, long most, const char *const **hashes, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, HASH_LOOSE, ARGS(arg_int(call, most)), &rows));
	*hashes = row_texts(rows, 0, 0, count);
	return SKD_OK;
}

static const char HASH_NAMELESS[] =
	"SELECT coalesce(array_agg(w.hash), '{}') FROM unnest($1::text[]) AS w (hash)"
	" WHERE NOT EXISTS (SELECT FROM submission_file f WHERE f.hash = decode(w.hash, 'hex'))";

enum skd_outcome store_hash_nameless(struct skd_call *call, const char *const *among, size_t among_count,
				     const char *const **hashes, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, HASH_NAMELESS, ARGS(arg_array(call, among_count, among)), &rows));
	*hashes = row_texts(rows, 0, 0, count);
	return SKD_OK;
}

static const char HASH_SETTLED[] = "DELETE FROM file_loose WHERE hash = $1::bytea";

enum skd_outcome store_hash_settled(struct skd_call *call, const uint8_t *hash)
{
	return db_run(call, HASH_SETTLED, ARGS(arg_bytea(call, hash, DIGEST_SIZE)), NULL);
}
