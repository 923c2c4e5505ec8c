/* SPDX-License-Identifier: Apache-2.0
 * Files that were handed in. */
#include "store/file.h"

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
