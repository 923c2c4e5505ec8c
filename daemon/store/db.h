/* SPDX-License-Identifier: Apache-2.0
 * The one door to libpq. A database session as rules and store see it: the same calls whether it
 * is an ordinary connection or a place in the pipeline of short reads. Knows no noun. */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "base/call.h"
#include "base/lane.h"
#include "base/text.h"

struct db;   /* one session, used by one call at a time */
struct pool; /* sessions lent and taken back */
struct rows; /* a result; belongs to the call */

/* Parameters go as text; SQL casts where types are not plain ($1::uuid). NULL is SQL's NULL. */
struct args {
	const char *const *values;
	size_t count;
};
#define ARGS(...)                                                                             \
	((struct args){(const char *const[]){__VA_ARGS__},                                   \
		       sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)})
#define NO_ARGS ((struct args){NULL, 0})

/* Values as parameters; the memory is the call's. */
const char *arg_int(struct skd_call *call, int64_t number);
const char *arg_bool(bool flag);
const char *arg_time(struct skd_call *call, int64_t time); /* TIME_NEVER is infinity */
const char *arg_array(struct skd_call *call, size_t count, const char *const *texts); /* '{"a","b"}' */
const char *arg_bytea(struct skd_call *call, const void *bytes, size_t size);
/* `needle` for LIKE with its metacharacters escaped, with % on both sides. */
const char *arg_like(struct skd_call *call, const char *needle);

/* Runs one statement in call->db and waits. `sql` must be a constant: its address names the
 * prepared statement. SQLSTATE becomes an outcome by one table (23505 CLASH, 08xxx BUSY, ...). */
enum skd_outcome db_query(struct skd_call *call, const char *sql, struct args args, struct rows **rows) WARN_UNUSED;
/* The same for a statement whose rows nobody wants; `touched` may be NULL. */
enum skd_outcome db_run(struct skd_call *call, const char *sql, struct args args, int64_t *touched) WARN_UNUSED;
/* The same, but in a transaction it is only sent on its way, so that a row of such costs one way to the server and
 * back: whatever is asked of the session next sets `touched`, and fails if this did. */
enum skd_outcome db_send(struct skd_call *call, const char *sql, struct args args, int64_t *touched) WARN_UNUSED;
/* The same for one whose rows are wanted: `rows` is set then. */
enum skd_outcome db_ask(struct skd_call *call, const char *sql, struct args args, struct rows **rows) WARN_UNUSED;
/* Lets the server begin with what was sent, and waits for nothing of it. */
void db_push(struct skd_call *call);
/* Until all that was sent is done. */
enum skd_outcome db_wait(struct skd_call *call) WARN_UNUSED;
/* Not prepared: planned for these very values each time, so that `sql` may be built (from constants). */
enum skd_outcome db_query_once(struct skd_call *call, const char *sql, struct args args, struct rows **rows) WARN_UNUSED;
/* Several statements without parameters (migrations). Ordinary sessions only. */
enum skd_outcome db_script(struct skd_call *call, const char *sql) WARN_UNUSED;

/* ---- rows: binary, read with their types ---- */
int rows_count(const struct rows *rows);
int rows_width(const struct rows *rows); /* columns */
bool row_null(const struct rows *rows, int row, int column);
const char *row_text(const struct rows *rows, int row, int column);  /* NULL for SQL's NULL; lives with the rows */
size_t row_size(const struct rows *rows, int row, int column);
const char *row_uuid(const struct rows *rows, int row, int column);  /* lower-case text, or NULL */
int64_t row_int(const struct rows *rows, int row, int column);       /* int2, int4, int8; 0 for NULL */
bool row_bool(const struct rows *rows, int row, int column);
int64_t row_time(const struct rows *rows, int row, int column);      /* timestamptz; NULL and infinity: TIME_NEVER */
const char *row_json(const struct rows *rows, int row, int column);  /* json or jsonb as text, or NULL */
/* text[] as strings; count 0 for NULL. */
const char *const *row_texts(const struct rows *rows, int row, int column, size_t *count);

/* ---- transactions, on ordinary sessions ---- */
enum skd_outcome tx_begin(struct skd_call *call) WARN_UNUSED;
enum skd_outcome tx_commit(struct skd_call *call) WARN_UNUSED; /* BUSY when it is not known whether it took */
void tx_rollback(struct skd_call *call); /* does nothing outside a transaction */
/* Runs the settings that let the statements of the transaction take longer than others, which are waited for as long as
 * the call has time. */
enum skd_outcome tx_slow(struct skd_call *call, const char *settings) WARN_UNUSED;

/* ---- COPY, on ordinary sessions ---- */
enum skd_outcome copy_begin(struct skd_call *call, const char *sql) WARN_UNUSED; /* COPY … FROM STDIN, text format */
/* The same in binary format: values are what the columns' types receive, and need be no text. */
enum skd_outcome copy_begin_binary(struct skd_call *call, const char *sql) WARN_UNUSED;
/* As copy_begin(), but rows that are few do not wait for it: with db_send() they become the parameter of `few_sql`, a JSON
 * array of arrays of strings and nulls. */
enum skd_outcome copy_begin_few(struct skd_call *call, const char *sql, const char *few_sql) WARN_UNUSED;
/* One row; a NULL bytes is SQL's NULL. Values must be UTF-8 without NUL. */
enum skd_outcome copy_row(struct skd_call *call, size_t columns, const struct skd_text *values) WARN_UNUSED;
enum skd_outcome copy_end(struct skd_call *call, bool good) WARN_UNUSED; /* false: the rows are thrown away */

/* ---- cursors: results of any length at flat memory, on ordinary sessions ----
 * `sql` begins "DECLARE c NO SCROLL CURSOR FOR "; needs a transaction. cursor_next gives the next
 * rows, none at the end, having asked for the ones after; the rows before are freed. */
enum skd_outcome cursor_open(struct skd_call *call, const char *sql, struct args args, int first) WARN_UNUSED;
enum skd_outcome cursor_next(struct skd_call *call, struct rows **rows) WARN_UNUSED;

/* ---- the pool ---- */
/* Connects when first needed and again when a connection is lost; opening never waits for the server. */
struct pool *pool_open(const char *name, const char *dsn, unsigned sessions);
void pool_close(struct pool **pool);
/* Lends a session to call->db, waiting until one is free or the call's time is over (BUSY). */
enum skd_outcome pool_borrow(struct pool *pool, struct skd_call *call) WARN_UNUSED;
/* Takes it back: rolls back what is open, drops what is broken. Does nothing without call->db. */
void pool_return(struct skd_call *call);
void pool_load(struct pool *pool, unsigned *open, unsigned *lent);

/* ---- the pipeline: short reads of many calls on one session ---- */
struct pipe_lane;
/* Tasks run as fibers on the lane's thread; call->db is set by pipe_enter(). A task may use
 * db_query() and db_run() for reading, must not block otherwise, and has 64 KiB of stack. */
struct lane *pipe_open(const char *name, const char *dsn, unsigned most);
void pipe_close(struct lane **lane);
/* Makes the pipeline's session the call's own, inside a task that runs in a pipeline. */
void pipe_enter(struct skd_call *call);

/* ---- schema ---- */
extern const struct embedded_file {
	const char *name, *text;
} embedded_sql[]; /* in order of number, ends with a NULL name */

/* Applies what is missing, one transaction for each file, under an advisory lock. CLASH when a file that was
 * applied has changed since. `applied` counts. */
enum skd_outcome migrate_apply(struct skd_call *call, int *applied) WARN_UNUSED;
/* BUSY unless the schema is exactly this binary's. */
enum skd_outcome migrate_check(struct skd_call *call) WARN_UNUSED;

#endif
