/* SPDX-License-Identifier: Apache-2.0
 * Statements in a session, and how the server's SQLSTATE becomes an outcome. */
#include "store/session.h"

#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* libpq itself would print it as it came. */
static void on_notice(void *purpose, const PGresult *notice)
{
	const char *said = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
	(void)purpose;
	log_line(SKD_WARNING, "database", "%s", said ? said : "a notice without words");
}

PGconn *session_connect(const char *dsn, const char *purpose, int seconds)
{
	char name[64], wait[16];
	snprintf(name, sizeof name, "skillsd %s", purpose);
	snprintf(wait, sizeof wait, "%d", seconds);
	const char *const keys[] = {"application_name", "connect_timeout", "keepalives_idle", "keepalives_interval",
				    "keepalives_count", "tcp_user_timeout", "client_encoding", "options", "dbname", NULL};
	const char *const values[] = {
		name, wait, "30", "5", "3", "15000", "UTF8",
		"-c timezone=UTC -c client_min_messages=warning -c jit=off -c random_page_cost=1.1 -c statement_timeout=15s -c lock_timeout=5s "
		"-c idle_in_transaction_session_timeout=60s -c client_connection_check_interval=5s -c default_transaction_isolation=read\\ committed",
		dsn, NULL};
	PGconn *pg = PQconnectdbParams(keys, values, 1);
	PQsetNoticeReceiver(pg, on_notice, NULL);
	PQsetnonblocking(pg, 1);
	return pg;
}

/* ---- prepared statements ---- */

static unsigned prepared_slot(const struct prepared *prepared, const char *sql)
{
	unsigned at = (unsigned)((uintptr_t)sql >> 4) % prepared->room;
	while (prepared->slots[at] && prepared->slots[at] != sql)
		at = (at + 1) % prepared->room;
	return at;
}

bool prepared_has(const struct prepared *prepared, const char *sql)
{
	return prepared->room && prepared->slots[prepared_slot(prepared, sql)] == sql;
}

static void prepared_grow(void *owner, struct prepared *prepared)
{
	struct prepared old = *prepared;
	prepared->room = old.room ? 2 * old.room : 256;
	prepared->slots = talloc_zero_array(owner, const char *, prepared->room);
	for (unsigned i = 0; i < old.room; i++)
		if (old.slots[i])
			prepared->slots[prepared_slot(prepared, old.slots[i])] = old.slots[i];
	talloc_free(old.slots);
}

void prepared_add(void *owner, struct prepared *prepared, const char *sql)
{
	if (2 * prepared->count >= prepared->room)
		prepared_grow(owner, prepared);
	unsigned at = prepared_slot(prepared, sql);
	prepared->count += prepared->slots[at] != sql;
	prepared->slots[at] = sql;
}

/* What stands behind it may have been put there because of it. */
void prepared_drop(struct prepared *prepared, const char *sql)
{
	const char *moved;
	if (!prepared_has(prepared, sql))
		return;
	unsigned at = prepared_slot(prepared, sql);
	prepared->slots[at] = NULL;
	prepared->count--;
	while ((moved = prepared->slots[at = (at + 1) % prepared->room])) {
		prepared->slots[at] = NULL;
		prepared->slots[prepared_slot(prepared, moved)] = moved;
	}
}

void prepared_name(const char *sql, char out[24])
{
	snprintf(out, 24, "s%" PRIxPTR, (uintptr_t)sql);
}

/* ---- outcomes ---- */

static enum skd_outcome outcome_of(const char *state)
{
	static const struct {
		const char *state; /* a prefix */
		enum skd_outcome outcome;
	} table[] = {
		{"23505", SKD_CLASH}, {"23503", SKD_CLASH}, {"22021", SKD_BAD_INPUT}, {"22P05", SKD_BAD_INPUT},
		{"22007", SKD_BAD_INPUT}, {"22008", SKD_BAD_INPUT}, {"22P02", SKD_BAD_INPUT}, {"22003", SKD_BAD_INPUT},
		{"40", SKD_BUSY},     {"55P03", SKD_BUSY},  {"57", SKD_BUSY},         {"08", SKD_BUSY},
		{"53", SKD_BUSY},     {"25006", SKD_BUSY}, {"42P01", SKD_BUSY},  {"25P03", SKD_BUSY},
	};
	if (!state)
		return SKD_BUSY;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (strncmp(state, table[i].state, strlen(table[i].state)) == 0)
			return table[i].outcome;
	return SKD_FAULT;
}

static enum skd_outcome session_failure(struct skd_call *call, const PGresult *result)
{
	const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	const char *said = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
	switch (outcome_of(state)) {
	case SKD_CLASH:
		return fail(call, SKD_CLASH, "something else is there already, or still needed (%s)",
			    said ? said : "no reason given");
	case SKD_BAD_INPUT:
		return fail(call, SKD_BAD_INPUT, "a value cannot be stored: %s", said ? said : "");
	case SKD_BUSY:
		call->retry_after = 1;
		if (state && strcmp(state, "42P01") == 0)
			return fail(call, SKD_BUSY, "the database lacks this program's schema: run skillsd migrate");
		return fail(call, SKD_BUSY, "the database is not available now%s%s", state ? ", SQLSTATE " : "",
			    state ? state : "");
	default:
		return fail(call, SKD_FAULT, "database: %s (%s)", said ? said : "?", state);
	}
}

static int rows_free(struct rows *rows)
{
	PQclear(rows->result);
	return 0;
}

enum skd_outcome session_result(struct skd_call *call, PGconn *pg, PGresult *result, struct rows **out)
{
	ExecStatusType status = PQresultStatus(result);
	if (!result || (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_COPY_IN)) {
		enum skd_outcome outcome = session_failure(call, result);
		PQclear(result);
		if (call->db && (!pg || PQstatus(pg) == CONNECTION_BAD))
			call->db->broken = true;
		return outcome;
	}
	struct rows *rows = talloc(call, struct rows);
	rows->result = result;
	talloc_set_destructor(rows, rows_free);
	*out = rows;
	return SKD_OK;
}

/* ---- statements ---- */

enum skd_outcome session_prepare(struct skd_call *call, const char *sql, char name[24])
{
	struct db *db = call->db;
	struct rows *rows;
	prepared_name(sql, name);
	if (prepared_has(&db->prepared, sql))
		return SKD_OK;
	TRY(db_wait(call));
	TRY(session_result(call, db->pg, wait_last(call, PQsendPrepare(db->pg, name, sql, 0, NULL)), &rows));
	talloc_free(rows);
	prepared_add(db, &db->prepared, sql);
	return SKD_OK;
}

enum skd_outcome db_query(struct skd_call *call, const char *sql, struct args args, struct rows **rows)
{
	struct db *db = call->db;
	if (!db)
		return fail(call, SKD_FAULT, "no database session in this call");
	if (db->fiber)
		return session_result(call, NULL, fiber_query(db->fiber, sql, args, false), rows);
	char name[24];
	TRY(session_prepare(call, sql, name));
	if (db->sent_count)
		return sent_query(call, name, args, rows);
	int begun = PQsendQueryPrepared(db->pg, name, (int)args.count, args.values, NULL, NULL, 1);
	return session_result(call, db->pg, wait_last(call, begun), rows);
}

int64_t result_touched(PGresult *result)
{
	int64_t touched = 0;
	for (const char *digit = PQcmdTuples(result); *digit; digit++)
		touched = touched * 10 + (*digit - '0');
	return touched;
}

enum skd_outcome db_run(struct skd_call *call, const char *sql, struct args args, int64_t *touched)
{
	struct rows *rows;
	TRY(db_query(call, sql, args, &rows));
	if (touched)
		*touched = result_touched(rows->result);
	talloc_free(rows);
	return SKD_OK;
}

enum skd_outcome db_query_once(struct skd_call *call, const char *sql, struct args args, struct rows **rows)
{
	PGconn *pg = call->db ? call->db->pg : NULL;
	if (!call->db)
		return fail(call, SKD_FAULT, "no database session in this call");
	if (call->db->fiber)
		return session_result(call, NULL, fiber_query(call->db->fiber, sql, args, true), rows);
	TRY(db_wait(call));
	int begun = PQsendQueryParams(pg, sql, (int)args.count, NULL, args.values, NULL, NULL, 1);
	return session_result(call, pg, wait_last(call, begun), rows);
}

enum skd_outcome db_script(struct skd_call *call, const char *sql)
{
	struct rows *rows;
	TRY(db_wait(call));
	TRY(session_result(call, call->db->pg, wait_last(call, PQsendQuery(call->db->pg, sql)), &rows));
	talloc_free(rows);
	return SKD_OK;
}

/* ---- transactions ---- */

enum skd_outcome tx_begin(struct skd_call *call)
{
	static const char begin[] = "BEGIN";
	call->db->in_tx = true;
	return db_send(call, begin, NO_ARGS, NULL);
}

/* Behind what is on its way: the server passes it over where that fails. */
enum skd_outcome tx_commit(struct skd_call *call)
{
	static const char commit[] = "COMMIT";
	enum skd_outcome outcome = db_run(call, commit, NO_ARGS, NULL);
	if (outcome != SKD_OK && PQtransactionStatus(call->db->pg) == PQTRANS_INERROR)
		return outcome;
	call->db->in_tx = false;
	call->db->patient = false;
	if (outcome == SKD_OK)
		return SKD_OK;
	if (call->db->broken)
		call->sentence = "the connection broke while this was being written: it may or may not have been; "
				 "repeat it with the same Idempotency-Key";
	return call->outcome;
}

void tx_rollback(struct skd_call *call)
{
	if (!call->db || !call->db->in_tx)
		return;
	call->db->in_tx = false;
	sent_forget(call);
	PGresult *result = wait_last(call, PQsendQuery(call->db->pg, "ROLLBACK"));
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		call->db->broken = true;
	PQclear(result);
	call->db->patient = false;
}

enum skd_outcome tx_slow(struct skd_call *call, const char *settings)
{
	call->db->patient = true;
	return db_script(call, settings);
}

/* ---- cursors ---- */

static enum skd_outcome cursor_ask(struct skd_call *call, int step)
{
	char sql[48];
	snprintf(sql, sizeof sql, "FETCH FORWARD %d FROM c", step);
	call->db->cursor_step = step;
	if (PQsendQueryParams(call->db->pg, sql, 0, NULL, NULL, NULL, NULL, 1))
		return SKD_OK;
	call->db->broken = true;
	return fail(call, SKD_BUSY, "the database is not available now");
}

enum skd_outcome cursor_open(struct skd_call *call, const char *sql, struct args args, int first)
{
	struct rows *rows;
	TRY(db_query_once(call, sql, args, &rows));
	talloc_free(rows);
	call->db->cursor_rows = NULL;
	return cursor_ask(call, first);
}

static enum skd_outcome cursor_take(struct skd_call *call, struct rows **rows)
{
	struct db *db = call->db;
	PGresult *result = wait_last(call, 1);
	db->cursor_step = 0;
	return session_result(call, db->pg, result, rows);
}

enum skd_outcome cursor_next(struct skd_call *call, struct rows **rows)
{
	enum { STEP = 500 }; /* more would not stay in the processor's cache */
	struct db *db = call->db;
	TALLOC_FREE(db->cursor_rows);
	int asked = db->cursor_step;
	*rows = NULL;
	if (!asked)
		return SKD_OK;
	TRY(cursor_take(call, rows));
	db->cursor_rows = *rows;
	return rows_count(*rows) == asked ? cursor_ask(call, STEP) : SKD_OK;
}
