/* SPDX-License-Identifier: Apache-2.0
 * Statements on their way in an ordinary session: a row of them costs one way to the server and back. The session is
 * in libpq's pipeline mode just while there are some; the server is asked to answer when somebody waits. */
#include "store/session.h"

#include <string.h>

static enum skd_outcome send_one(struct skd_call *call, const char *name, struct args args)
{
	PGconn *pg = call->db->pg;
	if ((PQpipelineStatus(pg) != PQ_PIPELINE_OFF || PQenterPipelineMode(pg)) &&
	    PQsendQueryPrepared(pg, name, (int)args.count, args.values, NULL, NULL, 1))
		return SKD_OK;
	call->db->broken = true;
	return fail(call, SKD_BUSY, "the database is not available now");
}

/* A statement's result and the NULL behind it. */
static PGresult *take_one(struct skd_call *call)
{
	PGresult *result = wait_result(call), *rest;
	while (result && (rest = wait_result(call)))
		PQclear(rest);
	return result;
}

/* The first failure is the one that counts: what follows it was not done. */
static enum skd_outcome take_sent(struct skd_call *call)
{
	struct db *db = call->db;
	enum skd_outcome outcome = SKD_OK;
	for (unsigned i = 0; i < db->sent_count; i++) {
		PGresult *result = take_one(call);
		struct rows *rows;
		if (outcome != SKD_OK) {
			PQclear(result);
			continue;
		}
		outcome = session_result(call, db->pg, result, &rows);
		if (outcome != SKD_OK)
			continue;
		if (db->sent[i].touched)
			*db->sent[i].touched = result_touched(result);
		if (db->sent[i].rows)
			*db->sent[i].rows = rows;
		else
			talloc_free(rows);
	}
	return outcome;
}

static void take_end(struct skd_call *call)
{
	struct db *db = call->db;
	PQclear(wait_result(call)); /* that of the sync */
	db->sent_count = 0;
	if (!PQexitPipelineMode(db->pg))
		db->broken = true;
}

void db_push(struct skd_call *call)
{
	if (call->db->sent_count)
		wait_sent(call);
}

enum skd_outcome db_wait(struct skd_call *call)
{
	struct db *db = call->db;
	if (!db || !db->sent_count)
		return SKD_OK;
	PQpipelineSync(db->pg);
	enum skd_outcome outcome = take_sent(call);
	take_end(call);
	return outcome;
}

enum skd_outcome sent_query(struct skd_call *call, const char *name, struct args args, struct rows **rows)
{
	struct db *db = call->db;
	TRY(send_one(call, name, args));
	PQpipelineSync(db->pg);
	enum skd_outcome outcome = take_sent(call);
	PGresult *result = take_one(call);
	if (outcome == SKD_OK)
		outcome = session_result(call, db->pg, result, rows);
	else
		PQclear(result);
	take_end(call);
	return outcome;
}

enum skd_outcome db_send(struct skd_call *call, const char *sql, struct args args, int64_t *touched)
{
	struct db *db = call->db;
	return db && db->in_tx ? sent_add(call, sql, args, (struct sent){.touched = touched}) : db_run(call, sql, args, touched);
}

enum skd_outcome db_ask(struct skd_call *call, const char *sql, struct args args, struct rows **rows)
{
	struct db *db = call->db;
	return db && db->in_tx ? sent_add(call, sql, args, (struct sent){.rows = rows}) : db_query(call, sql, args, rows);
}

enum skd_outcome sent_add(struct skd_call *call, const char *sql, struct args args, struct sent sent)
{
	struct db *db = call->db;
	char name[24];
	if (db->sent_count == SENT_MAX)
		TRY(db_wait(call));
	TRY(session_prepare(call, sql, name));
	TRY(send_one(call, name, args));
	db->sent[db->sent_count++] = sent;
	return SKD_OK;
}

void sent_forget(struct skd_call *call)
{
	struct db *db = call->db;
	if (!db->sent_count)
		return;
	PQpipelineSync(db->pg);
	for (unsigned i = 0; i < db->sent_count; i++)
		PQclear(take_one(call));
	take_end(call);
}
