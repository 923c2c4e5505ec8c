/* SPDX-License-Identifier: Apache-2.0
 * Runs many different statements, each of them twice, in one session of each kind: `statements DSN`. Status 0: all
 * went well; otherwise it says which did not. */
#include "store/db.h"

#include <stdio.h>

enum { COUNT = 2000 };

struct work {
	struct task task;
	char (*texts)[32];
	const char *dsn, *kind;
	int failures;
};

static enum skd_outcome run_one(struct skd_call *call, const char *sql, int number, bool sent)
{
	struct rows *rows;
	if (sent)
		return db_send(call, sql, NO_ARGS, NULL);
	TRY(db_query(call, sql, NO_ARGS, &rows));
	return row_int(rows, 0, 0) == number ? SKD_OK : fail(call, SKD_FAULT, "%s gives another number", sql);
}

static enum skd_outcome run_all(struct skd_call *call, char (*texts)[32], bool sent)
{
	for (int i = 0; i < 2 * COUNT; i++)
		TRY(run_one(call, texts[i % COUNT], i % COUNT, sent));
	return sent ? db_wait(call) : SKD_OK;
}

static void tell(struct skd_call *call, enum skd_outcome outcome, struct work *work)
{
	if (outcome == SKD_OK)
		return;
	printf("%s: %s\n", work->kind, call->sentence);
	work->failures++;
}

static void run_piped(struct task *task)
{
	struct work *work = (struct work *)task;
	struct skd_call *call = call_new("statements", 60000);
	pipe_enter(call);
	tell(call, run_all(call, work->texts, false), work);
	talloc_free(call);
}

static void run_ordinary(struct work *work, bool sent)
{
	struct skd_call *call = call_new("statements", 60000);
	struct pool *pool = pool_open("test", work->dsn, 1);
	enum skd_outcome outcome = pool_borrow(pool, call);
	work->kind = sent ? "sent" : "ordinary";
	if (outcome == SKD_OK && sent)
		outcome = tx_begin(call);
	if (outcome == SKD_OK)
		outcome = run_all(call, work->texts, sent);
	tell(call, outcome, work);
	pool_return(call);
	pool_close(&pool);
	talloc_free(call);
}

int main(int argc, char **argv)
{
	static char texts[COUNT][32];
	struct work work = {.task = {.run = run_piped}, .texts = texts, .dsn = argv[argc - 1], .kind = "pipeline"};
	for (int i = 0; i < COUNT; i++)
		snprintf(texts[i], sizeof texts[i], "SELECT %d", i);
	struct lane *lane = pipe_open("test", work.dsn, 4);
	if (!lane->submit(lane, &work.task))
		return 2;
	pipe_close(&lane);
	run_ordinary(&work, false);
	run_ordinary(&work, true);
	return work.failures ? 1 : 0;
}
