/* SPDX-License-Identifier: Apache-2.0
 * COPY FROM STDIN in chunks. */
#include "store/session.h"

#include "base/json.h"

enum { CHUNK = 64 * 1024, FEW = 16 * 1024 };

static enum skd_outcome copy_open(struct skd_call *call, const char *sql)
{
	struct db *db = call->db;
	struct rows *rows;
	TRY(db_wait(call));
	TRY(session_result(call, db->pg, wait_last(call, PQsendQuery(db->pg, sql)), &rows));
	talloc_free(rows);
	return SKD_OK;
}

enum skd_outcome copy_begin(struct skd_call *call, const char *sql)
{
	struct db *db = call->db;
	TRY(copy_open(call, sql));
	text_begin(&db->copy, call, CHUNK + 4096);
	db->copy_later = NULL;
	db->copy_binary = false;
	return SKD_OK;
}

enum skd_outcome copy_begin_binary(struct skd_call *call, const char *sql)
{
	static const char head[] = "PGCOPY\n\377\r\n\0" "\0\0\0\0" "\0\0\0\0"; /* no flags, and nothing behind it */
	TRY(copy_begin(call, sql));
	text_add(&call->db->copy, head, sizeof head - 1);
	call->db->copy_binary = true;
	return SKD_OK;
}

enum skd_outcome copy_begin_few(struct skd_call *call, const char *sql, const char *few_sql)
{
	struct db *db = call->db;
	text_begin(&db->copy, call, 1024);
	text_begin(&db->few_rows, call, 1024);
	db->copy_later = sql;
	db->copy_binary = false;
	db->few_sql = few_sql;
	return SKD_OK;
}

static enum skd_outcome few_row(struct skd_call *call, size_t columns, const struct skd_text *values)
{
	struct db *db = call->db;
	struct json json = {.to = &db->few_rows};
	text_adds(&db->few_rows, db->few_rows.size ? "," : "[");
	put_array(&json, NULL);
	for (size_t i = 0; i < columns; i++)
		if (values[i].bytes)
			put_string_n(&json, NULL, values[i].bytes, values[i].size);
		else
			put_raw(&json, NULL, "null", 4);
	put_array_end(&json);
	if (db->few_rows.size < FEW)
		return SKD_OK;
	const char *sql = db->copy_later;
	db->copy_later = NULL;
	return copy_open(call, sql);
}

static enum skd_outcome few_end(struct skd_call *call)
{
	struct db *db = call->db;
	if (!db->few_rows.size)
		return SKD_OK;
	text_adds(&db->few_rows, "]");
	return sent_add(call, db->few_sql, ARGS(text_end(&db->few_rows)), (struct sent){0});
}

static enum skd_outcome copy_flush(struct skd_call *call)
{
	struct db *db = call->db;
	bool taken = PQputCopyData(db->pg, db->copy.bytes, (int)db->copy.size) == 1;
	wait_sent(call);
	if (!taken || PQstatus(db->pg) == CONNECTION_BAD) {
		db->broken = PQstatus(db->pg) == CONNECTION_BAD;
		return fail(call, SKD_BUSY, "the database stopped taking rows: %s", PQerrorMessage(db->pg));
	}
	db->copy.size = 0;
	return SKD_OK;
}

static void copy_value(struct text *to, const struct skd_text *value)
{
	if (!value->bytes) {
		text_add(to, "\\N", 2);
		return;
	}
	char *start = text_room(to, value->size * 2), *at = start;
	for (size_t i = 0; i < value->size; i++) {
		char c = value->bytes[i];
		if (c == '\\' || c == '\t' || c == '\n' || c == '\r')
			*at++ = '\\';
		*at++ = c == '\t' ? 't' : c == '\n' ? 'n' : c == '\r' ? 'r' : c;
	}
	to->size += (size_t)(at - start);
}

static void text_row(struct text *to, size_t columns, const struct skd_text *values)
{
	for (size_t i = 0; i < columns; i++) {
		if (i)
			text_add(to, "\t", 1);
		copy_value(to, &values[i]);
	}
	text_add(to, "\n", 1);
}

/* In network order. */
static void binary_number(struct text *to, uint32_t number, int size)
{
	char *at = text_room(to, (size_t)size);
	for (int i = 0; i < size; i++)
		at[i] = (char)(number >> 8 * (size - 1 - i));
	to->size += (size_t)size;
}

static void binary_row(struct text *to, size_t columns, const struct skd_text *values)
{
	binary_number(to, (uint32_t)columns, 2);
	for (size_t i = 0; i < columns; i++) {
		binary_number(to, values[i].bytes ? (uint32_t)values[i].size : UINT32_MAX, 4);
		if (values[i].bytes)
			text_add(to, values[i].bytes, values[i].size);
	}
}

enum skd_outcome copy_row(struct skd_call *call, size_t columns, const struct skd_text *values)
{
	struct db *db = call->db;
	if (db->copy_later)
		TRY(few_row(call, columns, values));
	if (db->copy_binary)
		binary_row(&db->copy, columns, values);
	else
		text_row(&db->copy, columns, values);
	return db->copy.size < CHUNK ? SKD_OK : copy_flush(call);
}

enum skd_outcome copy_end(struct skd_call *call, bool good)
{
	struct db *db = call->db;
	struct rows *rows;
	if (db->copy_later) {
		db->copy_later = NULL;
		return good ? few_end(call) : SKD_OK;
	}
	if (db->copy_binary)
		text_add(&db->copy, "\377\377", 2);
	if (good)
		TRY(copy_flush(call));
	if (PQputCopyEnd(db->pg, good ? NULL : "the run was given up") != 1)
		db->broken = true;
	PGresult *result = wait_last(call, 1);
	if (!good) {
		PQclear(result);
		return SKD_OK;
	}
	TRY(session_result(call, db->pg, result, &rows));
	talloc_free(rows);
	return SKD_OK;
}
