/* SPDX-License-Identifier: Apache-2.0
 * Reads CSV as RFC 4180 has it, and nothing else: commas, double quotes, lines that end with CRLF or LF, all of them with
 * as many fields as the first; UTF-8, with or without a byte order mark; no NUL. Within a
 * field the end of a line is LF. Knows no column. */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include "base/call.h"

enum { CSV_COLUMNS = 32 };

struct csv {
	const char *at, *end;
	size_t line;   /* on which the next record begins, from 1 */
	size_t begun;  /* on which the last one began */
	size_t width;  /* fields of the first record; 0: none was read */
};

/* The text must stay where it is. BAD_INPUT for what is no UTF-8. */
enum skd_outcome csv_begin(struct skd_call *call, const char *bytes, size_t size, struct csv *csv) WARN_UNUSED;
/* The next record that is no empty line: its fields as strings in memory of `owner`; *count 0 at the end. BAD_INPUT says
 * which line, and what is wrong with it. */
enum skd_outcome csv_next(struct skd_call *call, struct csv *csv, void *owner, const char *fields[CSV_COLUMNS],
			  size_t *count) WARN_UNUSED;

#endif
