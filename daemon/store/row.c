/* SPDX-License-Identifier: Apache-2.0
 * Rows in the binary format of PostgreSQL 15: big-endian integers, microseconds since 2000. */
#include "store/session.h"

int rows_count(const struct rows *rows)
{
	return rows ? PQntuples(rows->result) : 0;
}

int rows_width(const struct rows *rows)
{
	return PQnfields(rows->result);
}

bool row_null(const struct rows *rows, int row, int column)
{
	return PQgetisnull(rows->result, row, column);
}

const char *row_text(const struct rows *rows, int row, int column)
{
	return row_null(rows, row, column) ? NULL : PQgetvalue(rows->result, row, column);
}

size_t row_size(const struct rows *rows, int row, int column)
{
	return (size_t)PQgetlength(rows->result, row, column);
}

const char *row_uuid(const struct rows *rows, int row, int column)
{
	if (row_null(rows, row, column))
		return NULL;
	char *out = talloc_size(rows, UUID_SIZE);
	uuid_format((const uint8_t *)PQgetvalue(rows->result, row, column), out);
	return out;
}

static int64_t integer_at(const char *bytes, size_t size)
{
	uint64_t value = size && (bytes[0] & 0x80) ? UINT64_MAX : 0;
	for (size_t i = 0; i < size; i++)
		value = value << 8 | (unsigned char)bytes[i];
	return (int64_t)value;
}

int64_t row_int(const struct rows *rows, int row, int column)
{
	return integer_at(PQgetvalue(rows->result, row, column), row_size(rows, row, column));
}

bool row_bool(const struct rows *rows, int row, int column)
{
	return row_size(rows, row, column) == 1 && PQgetvalue(rows->result, row, column)[0];
}

int64_t row_time(const struct rows *rows, int row, int column)
{
	const int64_t epoch_2000 = 946684800000000;
	if (row_null(rows, row, column))
		return TIME_NEVER;
	int64_t time = row_int(rows, row, column);
	return time == INT64_MAX ? TIME_NEVER : time + epoch_2000;
}

const char *row_json(const struct rows *rows, int row, int column)
{
	const char *text = row_text(rows, row, column);
	return text && *text == 1 ? text + 1 : text; /* jsonb in binary begins with its version, 1 */
}

const char *const *row_texts(const struct rows *rows, int row, int column, size_t *count)
{
	const char *at = PQgetvalue(rows->result, row, column);
	size_t size = row_size(rows, row, column);
	*count = size >= 20 ? (size_t)integer_at(at + 12, 4) : 0;
	const char **texts = talloc_array(rows, const char *, *count + 1);
	at += 20;
	for (size_t i = 0; i < *count; i++) {
		int64_t length = integer_at(at, 4);
		texts[i] = talloc_strndup(texts, at + 4, length < 0 ? 0 : (size_t)length);
		at += 4 + (length < 0 ? 0 : length);
	}
	texts[*count] = NULL;
	return texts;
}
