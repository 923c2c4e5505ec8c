/* SPDX-License-Identifier: Apache-2.0
 * Inside the store room: what a database session is made of. Nobody else includes this. */
#ifndef STORE_SESSION_H
#define STORE_SESSION_H

#include "store/db.h"

#include <libpq-fe.h>

enum { SENT_MAX = 32 };

/* Which statements the server knows by now, by the address of their text. */
struct prepared {
	const char **slots;
	unsigned room, count;
};

struct fiber;

/* A statement on its way: where its count and its rows go, or NULL. */
struct sent {
	int64_t *touched;
	struct rows **rows;
};

struct rows {
	PGresult *result;
};

struct db {
	PGconn *pg;
	struct pool *pool;
	struct prepared prepared;
	bool in_tx, broken;
	bool patient;        /* the transaction is one of tx_slow() */
	bool staged, few;    /* it has the tables of a feed, empty; its plans are for a few rows in them */
	struct fiber *fiber; /* not NULL: a place in a pipeline */
	struct sent sent[SENT_MAX];
	unsigned sent_count;
	struct text copy;    /* rows of a COPY on their way */
	bool copy_binary;
	struct text few_rows; /* the same rows as JSON, while they are so few that few_sql inserts them */
	const char *copy_later, *few_sql; /* the COPY that is not begun, and the statement in its place; NULL: it is */
	int cursor_step;     /* rows the FETCH under way asked for; 0: none */
	struct rows *cursor_rows;
};

/* Connects with the defaults of this project in front of the DSN's own words, and not to block afterwards; never NULL,
 * look at PQstatus(). Blocks for at most `seconds` an address. */
PGconn *session_connect(const char *dsn, const char *purpose, int seconds);

bool prepared_has(const struct prepared *prepared, const char *sql);
void prepared_add(void *owner, struct prepared *prepared, const char *sql); /* its memory is the owner's */
void prepared_drop(struct prepared *prepared, const char *sql);
void prepared_name(const char *sql, char out[24]);

/* Makes the statement known to the server, as `name`. */
enum skd_outcome session_prepare(struct skd_call *call, const char *sql, char name[24]) WARN_UNUSED;
int64_t result_touched(PGresult *result);
/* db_send() and db_ask(), also where no transaction has begun: it is part of one that begins next. */
enum skd_outcome sent_add(struct skd_call *call, const char *sql, struct args args, struct sent sent) WARN_UNUSED;
/* Runs a prepared statement behind those on their way, and waits for all. */
enum skd_outcome sent_query(struct skd_call *call, const char *name, struct args args, struct rows **rows) WARN_UNUSED;
/* Ends what is on its way; nobody wants to know how. */
void sent_forget(struct skd_call *call);

/* ---- waiting ----
 * Whatever of libpq waits for the server of an ordinary session does so here. A server of which nothing is heard for a
 * while is given up: the connection is lost then. That while is a little longer than the server lets a statement take,
 * but the time that the call has left if that is less, and some seconds at least; in a transaction of tx_slow() it
 * begins anew as long as the call has time and the server answers others. */

/* Until the server has taken all that was sent, or the connection is lost. */
void wait_sent(struct skd_call *call);
/* PQgetResult(). */
PGresult *wait_result(struct skd_call *call);
/* The last result of what was begun by the one of libpq's functions to send that returned `begun`, or that which asks
 * for the rows of a COPY; NULL: it could not be sent. */
PGresult *wait_last(struct skd_call *call, int begun);

/* The outcome of a result or a lost connection; takes the result, which `rows` then owns. */
enum skd_outcome session_result(struct skd_call *call, PGconn *pg, PGresult *result, struct rows **rows) WARN_UNUSED;

/* Runs the statement in the fiber's pipeline and gives its result; NULL: the connection is gone. */
PGresult *fiber_query(struct fiber *fiber, const char *sql, struct args args, bool once);

#endif
