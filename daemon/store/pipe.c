/* SPDX-License-Identifier: Apache-2.0
 * Short reads of many calls on one session in pipeline mode. Each call is a fiber on this lane's
 * thread: a statement is queued, the fiber is left, and gone on with when its result arrives.
 * Statements between two syncs are one implicit transaction; when one of them fails, the server
 * skips the rest of the batch, and those are sent again, each with a sync of its own. */
#include "store/fiber.h"
#include "store/session.h"

#include "base/log.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { ANSWER_WITHIN = 10000000, RECONNECT_AFTER = 250000, BATCH_MAX = 64 };

struct fiber {
	struct pipe_lane *lane;
	struct stack *stack;
	struct task *task;
	struct db db;
	const char *sql; /* the statement it waits for */
	struct args args;
	PGresult *result;
	bool once;  /* not prepared */
	bool alone; /* to be sent with a sync of its own */
	struct fiber *next;
};

struct fibers {
	struct fiber *first, **last;
};

/* What the server's next result belongs to. */
enum owed_kind { OWED_PREPARE, OWED_QUERY, OWED_SYNC };
struct owed {
	enum owed_kind kind;
	const char *sql;
	struct fiber *fiber;
};

struct pipe_lane {
	struct lane lane;
	const char *dsn;
	pthread_t thread;
	pthread_mutex_t lock; /* guards the four below */
	struct task *first, **last;
	unsigned waiting;
	bool closing;

	int wake;
	unsigned most, working;
	PGconn *pg;
	struct prepared prepared;
	int64_t connect_at; /* not before */
	int64_t sent_at;    /* when the oldest unanswered batch went out; 0: nothing is owed */
	struct fibers idle, ready; /* ready: with a statement to send */
	struct owed *owed;
	unsigned owed_first, owed_count, owed_room;
};

static __thread struct fiber *fiber_now;

static void fibers_add(struct fibers *list, struct fiber *fiber)
{
	fiber->next = NULL;
	if (!list->first)
		list->last = &list->first;
	*list->last = fiber;
	list->last = &fiber->next;
}

static struct fiber *fibers_take(struct fibers *list)
{
	struct fiber *fiber = list->first;
	if (fiber)
		list->first = fiber->next;
	return fiber;
}

/* ---- inside a fiber ---- */

static void fiber_body(void *argument)
{
	struct fiber *fiber = argument;
	fiber->task->run(fiber->task);
}

void pipe_enter(struct skd_call *call)
{
	fiber_now->db = (struct db){.fiber = fiber_now};
	call->db = &fiber_now->db;
}

PGresult *fiber_query(struct fiber *fiber, const char *sql, struct args args, bool once)
{
	fiber->sql = sql;
	fiber->once = once;
	fiber->args = args;
	fiber->result = NULL;
	fiber->alone = false;
	fibers_add(&fiber->lane->ready, fiber);
	stack_leave(fiber->stack);
	return fiber->result;
}

/* ---- the lane's own stack ---- */

static void fiber_go(struct fiber *fiber)
{
	fiber_now = fiber;
	stack_enter(fiber->stack);
	fiber_now = NULL;
	if (!stack_ended(fiber->stack))
		return;
	stack_rewind(fiber->stack);
	__atomic_fetch_sub(&fiber->lane->working, 1, __ATOMIC_RELAXED);
	fibers_add(&fiber->lane->idle, fiber);
}

static void owe(struct pipe_lane *lane, struct owed owed)
{
	if (lane->owed_count == lane->owed_room) {
		unsigned room = lane->owed_room ? lane->owed_room * 2 : 256;
		struct owed *bigger = talloc_array(lane, struct owed, room);
		for (unsigned i = 0; i < lane->owed_count; i++)
			bigger[i] = lane->owed[(lane->owed_first + i) % lane->owed_room];
		talloc_free(lane->owed);
		lane->owed = bigger;
		lane->owed_room = room;
		lane->owed_first = 0;
	}
	lane->owed[(lane->owed_first + lane->owed_count++) % lane->owed_room] = owed;
}

static void fiber_answer(struct fiber *fiber, PGresult *result)
{
	fiber->result = result;
	fiber_go(fiber);
}

/* The connection is gone: whoever waits is told so, and may ask again and be told again. */
static void lane_lose(struct pipe_lane *lane)
{
	if (lane->pg)
		log_line(SKD_WARNING, lane->lane.name, "no database: %.*s",
			 (int)strcspn(PQerrorMessage(lane->pg), "\n"), PQerrorMessage(lane->pg));
	PQfinish(lane->pg);
	lane->pg = NULL;
	lane->sent_at = 0;
	lane->connect_at = clock_monotonic() + RECONNECT_AFTER;
	unsigned count = lane->owed_count;
	struct owed *owed = talloc_array(NULL, struct owed, count + 1);
	for (unsigned i = 0; i < count; i++)
		owed[i] = lane->owed[(lane->owed_first + i) % lane->owed_room];
	lane->owed_count = 0;
	for (unsigned i = 0; i < count; i++)
		if (owed[i].kind == OWED_QUERY)
			fiber_answer(owed[i].fiber, NULL);
	talloc_free(owed);
}

static bool lane_connect(struct pipe_lane *lane)
{
	if (lane->pg)
		return true;
	if (clock_monotonic() < lane->connect_at)
		return false;
	lane->pg = session_connect(lane->dsn, lane->lane.name, 2);
	talloc_free(lane->prepared.slots);
	lane->prepared = (struct prepared){0};
	if (PQstatus(lane->pg) == CONNECTION_OK && PQenterPipelineMode(lane->pg))
		return true;
	lane_lose(lane);
	return false;
}

static bool send_one(struct pipe_lane *lane, struct fiber *fiber)
{
	char name[24];
	if (fiber->once) {
		owe(lane, (struct owed){OWED_QUERY, fiber->sql, fiber});
		return PQsendQueryParams(lane->pg, fiber->sql, (int)fiber->args.count, NULL, fiber->args.values, NULL, NULL,
					 1);
	}
	prepared_name(fiber->sql, name);
	if (!prepared_has(&lane->prepared, fiber->sql)) {
		if (!PQsendPrepare(lane->pg, name, fiber->sql, 0, NULL))
			return false;
		owe(lane, (struct owed){OWED_PREPARE, fiber->sql, NULL});
		prepared_add(lane, &lane->prepared, fiber->sql);
	}
	owe(lane, (struct owed){OWED_QUERY, fiber->sql, fiber});
	return PQsendQueryPrepared(lane->pg, name, (int)fiber->args.count, fiber->args.values, NULL, NULL, 1);
}

static bool send_sync(struct pipe_lane *lane)
{
	owe(lane, (struct owed){OWED_SYNC, NULL, NULL});
	return PQpipelineSync(lane->pg);
}

/* Sends what is ready; false: the connection is of no more use. */
static bool send_ready(struct pipe_lane *lane)
{
	struct fiber *fiber;
	unsigned unsynced = 0;
	bool good = true;
	while (good && (fiber = fibers_take(&lane->ready))) {
		bool own = fiber->alone || fiber->once || !prepared_has(&lane->prepared, fiber->sql);
		if (own && unsynced)
			good = send_sync(lane);
		good = good && send_one(lane, fiber);
		if (own || ++unsynced == BATCH_MAX) {
			good = good && send_sync(lane);
			unsynced = 0;
		}
	}
	if (good && unsynced)
		good = send_sync(lane);
	if (good && lane->owed_count && !lane->sent_at)
		lane->sent_at = clock_monotonic();
	return good && PQflush(lane->pg) >= 0;
}

/* Takes results until the server owes nothing that is here already. */
static bool take_results(struct pipe_lane *lane)
{
	while (lane->owed_count && !PQisBusy(lane->pg)) {
		struct owed owed = lane->owed[lane->owed_first];
		PGresult *result = PQgetResult(lane->pg);
		ExecStatusType status = PQresultStatus(result);
		if (!result || PQstatus(lane->pg) == CONNECTION_BAD) {
			PQclear(result);
			return false;
		}
		lane->owed_first = (lane->owed_first + 1) % lane->owed_room;
		lane->owed_count--;
		lane->sent_at = lane->owed_count ? clock_monotonic() : 0;
		if (owed.kind == OWED_SYNC) {
			PQclear(result);
			continue;
		}
		PGresult *end = PQgetResult(lane->pg); /* the NULL behind each statement's result */
		PQclear(end);
		if (owed.kind == OWED_PREPARE) {
			if (status != PGRES_COMMAND_OK) /* a table was locked, perhaps: it is prepared again when it is run again */
				prepared_drop(&lane->prepared, owed.sql);
			PQclear(result);
		} else if (status == PGRES_PIPELINE_ABORTED && !owed.fiber->alone) {
			PQclear(result);
			owed.fiber->alone = true;
			fibers_add(&lane->ready, owed.fiber);
		} else {
			fiber_answer(owed.fiber, result);
		}
	}
	return true;
}

static struct task *lane_take(struct pipe_lane *lane)
{
	pthread_mutex_lock(&lane->lock);
	struct task *task = lane->first;
	if (task) {
		lane->first = task->next;
		lane->waiting--;
	}
	pthread_mutex_unlock(&lane->lock);
	return task;
}

static void start_tasks(struct pipe_lane *lane)
{
	struct task *task;
	while (lane->working < lane->most && (task = lane_take(lane))) {
		struct fiber *fiber = fibers_take(&lane->idle);
		if (!fiber) {
			fiber = talloc_zero(lane, struct fiber);
			fiber->lane = lane;
			fiber->stack = stack_new(fiber_body, fiber);
		}
		fiber->task = task;
		__atomic_fetch_add(&lane->working, 1, __ATOMIC_RELAXED);
		fiber_go(fiber);
	}
}

static void lane_poll(struct pipe_lane *lane)
{
	struct pollfd polls[2] = {{.fd = lane->wake, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
	uint64_t count;
	if (lane->working >= lane->most)
		polls[0].fd = -1;
	if (lane->pg) {
		polls[1].fd = PQsocket(lane->pg);
		polls[1].events |= PQflush(lane->pg) > 0 ? POLLOUT : 0;
	}
	poll(polls, 2, lane->owed_count ? 1000 : lane->pg ? 30000 : 250);
	if (polls[0].revents)
		(void)!read(lane->wake, &count, sizeof count);
	if (!lane->pg)
		return;
	bool good = !polls[1].revents || PQconsumeInput(lane->pg);
	good = good && take_results(lane);
	if (lane->sent_at && clock_monotonic() - lane->sent_at > ANSWER_WITHIN)
		good = false;
	if (!good || PQstatus(lane->pg) == CONNECTION_BAD)
		lane_lose(lane);
}

static bool lane_over(struct pipe_lane *lane)
{
	pthread_mutex_lock(&lane->lock);
	bool over = lane->closing && !lane->first && !lane->working;
	pthread_mutex_unlock(&lane->lock);
	return over;
}

static void *lane_main(void *argument)
{
	struct pipe_lane *lane = argument;
	while (!lane_over(lane)) {
		start_tasks(lane);
		if (lane_connect(lane)) {
			if (!send_ready(lane))
				lane_lose(lane);
		}
		if (!lane->pg) {
			for (struct fiber *fiber; (fiber = fibers_take(&lane->ready));)
				fiber_answer(fiber, NULL);
			if (lane->working || lane_over(lane))
				continue;
		}
		lane_poll(lane);
	}
	return NULL;
}

static bool pipe_submit(struct lane *base, struct task *task)
{
	struct pipe_lane *lane = (struct pipe_lane *)base;
	uint64_t one = 1;
	pthread_mutex_lock(&lane->lock);
	bool accepted = !lane->closing && lane->waiting < 4 * lane->most;
	bool was_empty = !lane->first;
	if (accepted) {
		task->next = NULL;
		if (was_empty)
			lane->last = &lane->first;
		*lane->last = task;
		lane->last = &task->next;
		lane->waiting++;
	}
	pthread_mutex_unlock(&lane->lock);
	if (accepted && was_empty)
		(void)!write(lane->wake, &one, sizeof one);
	return accepted;
}

static void pipe_load(struct lane *base, unsigned *waiting, unsigned *working)
{
	struct pipe_lane *lane = (struct pipe_lane *)base;
	pthread_mutex_lock(&lane->lock);
	*waiting = lane->waiting;
	pthread_mutex_unlock(&lane->lock);
	*working = __atomic_load_n(&lane->working, __ATOMIC_RELAXED);
}

struct lane *pipe_open(const char *name, const char *dsn, unsigned most)
{
	struct pipe_lane *lane = talloc_zero(NULL, struct pipe_lane);
	lane->lane = (struct lane){talloc_strdup(lane, name), pipe_submit, pipe_load};
	lane->dsn = talloc_strdup(lane, dsn);
	lane->most = most;
	lane->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&lane->lock, NULL);
	if (lane->wake < 0 || pthread_create(&lane->thread, NULL, lane_main, lane) != 0)
		abort();
	return &lane->lane;
}

void pipe_close(struct lane **base)
{
	struct pipe_lane *lane = (struct pipe_lane *)*base;
	uint64_t one = 1;
	if (!lane)
		return;
	pthread_mutex_lock(&lane->lock);
	lane->closing = true;
	pthread_mutex_unlock(&lane->lock);
	(void)!write(lane->wake, &one, sizeof one);
	pthread_join(lane->thread, NULL);
	for (struct fiber *fiber; (fiber = fibers_take(&lane->idle));)
		stack_free(fiber->stack);
	PQfinish(lane->pg);
	close(lane->wake);
	pthread_mutex_destroy(&lane->lock);
	talloc_free(lane);
	*base = NULL;
}
