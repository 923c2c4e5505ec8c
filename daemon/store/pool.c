/* SPDX-License-Identifier: Apache-2.0
 * Ordinary sessions, lent and taken back. A broken one is dropped and connected again when next
 * needed. */
#include "store/session.h"

#include "base/log.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

struct pool {
	const char *name, *dsn;
	pthread_mutex_t lock;
	pthread_cond_t freed;
	struct db **idle;
	unsigned size, idle_count, lent;
	unsigned open; /* connections, idle or lent */
	int64_t failed_at; /* when a connection was last not to be had */
};

struct pool *pool_open(const char *name, const char *dsn, unsigned sessions)
{
	struct pool *pool = talloc_zero(NULL, struct pool);
	pthread_condattr_t attributes;
	pool->name = talloc_strdup(pool, name);
	pool->dsn = talloc_strdup(pool, dsn);
	pool->size = sessions ? sessions : 1;
	pool->idle = talloc_zero_array(pool, struct db *, pool->size);
	pthread_mutex_init(&pool->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->freed, &attributes);
	pthread_condattr_destroy(&attributes);
	return pool;
}

static void db_close(struct pool *pool, struct db *db)
{
	if (db->pg) {
		PQfinish(db->pg);
		__atomic_fetch_sub(&pool->open, 1, __ATOMIC_RELAXED);
	}
	talloc_free(db);
}

void pool_close(struct pool **pool)
{
	if (!*pool)
		return;
	for (unsigned i = 0; i < (*pool)->idle_count; i++)
		db_close(*pool, (*pool)->idle[i]);
	pthread_cond_destroy(&(*pool)->freed);
	pthread_mutex_destroy(&(*pool)->lock);
	TALLOC_FREE(*pool);
}

/* A place in the pool: an idle session, or NULL for "connect one". False when time is over. */
static bool pool_wait(struct pool *pool, int64_t deadline, struct db **db)
{
	struct timespec until = {deadline / 1000000, deadline % 1000000 * 1000};
	int expired = 0;
	pthread_mutex_lock(&pool->lock);
	while (pool->lent == pool->size && !expired)
		expired = pthread_cond_timedwait(&pool->freed, &pool->lock, &until);
	bool got = pool->lent < pool->size;
	if (got) {
		pool->lent++;
		*db = pool->idle_count ? pool->idle[--pool->idle_count] : NULL;
	}
	pthread_mutex_unlock(&pool->lock);
	return got;
}

static void pool_give_up(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->lent--;
	pthread_cond_signal(&pool->freed);
	pthread_mutex_unlock(&pool->lock);
}

/* The server's last words come first, the end of the connection with the next look. */
static bool is_alive(struct db *db)
{
	return PQstatus(db->pg) == CONNECTION_OK && PQconsumeInput(db->pg) && PQconsumeInput(db->pg) &&
	       PQstatus(db->pg) == CONNECTION_OK;
}

/* Who has waited while another one tried in vain need not wait as long again. */
static PGconn *pool_connect(struct pool *pool, const struct skd_call *call)
{
	enum { NEWS = 1000000 };
	int64_t failed_at = __atomic_load_n(&pool->failed_at, __ATOMIC_RELAXED);
	if (call->started < failed_at && clock_monotonic() - failed_at < NEWS)
		return NULL;
	PGconn *pg = session_connect(pool->dsn, pool->name, 5);
	if (PQstatus(pg) == CONNECTION_OK)
		return pg;
	__atomic_store_n(&pool->failed_at, clock_monotonic(), __ATOMIC_RELAXED);
	log_line(SKD_WARNING, "database", "%.*s", (int)strcspn(PQerrorMessage(pg), "\n"), PQerrorMessage(pg));
	PQfinish(pg);
	return NULL;
}

enum skd_outcome pool_borrow(struct pool *pool, struct skd_call *call)
{
	struct db *db = NULL;
	if (!pool_wait(pool, __atomic_load_n(&call->deadline, __ATOMIC_RELAXED), &db)) {
		call->retry_after = 1;
		return fail(call, SKD_BUSY, "all database sessions are at work");
	}
	if (db && !is_alive(db)) {
		db_close(pool, db);
		db = NULL;
	}
	if (!db) {
		PGconn *pg = pool_connect(pool, call);
		if (!pg) {
			pool_give_up(pool);
			call->retry_after = 1;
			return fail(call, SKD_BUSY, "the database is not available now");
		}
		db = talloc_zero(NULL, struct db);
		db->pg = pg;
		db->pool = pool;
		__atomic_fetch_add(&pool->open, 1, __ATOMIC_RELAXED);
	}
	call->db = db;
	return SKD_OK;
}

void pool_return(struct skd_call *call)
{
	struct db *db = call->db;
	if (!db || db->fiber)
		return;
	struct pool *pool = db->pool;
	tx_rollback(call);
	call->db = NULL;
	if (db->broken || db->cursor_step || PQtransactionStatus(db->pg) != PQTRANS_IDLE) {
		db_close(pool, db);
		pool_give_up(pool);
		return;
	}
	db->copy = (struct text){0};
	db->cursor_rows = NULL;
	pthread_mutex_lock(&pool->lock);
	pool->idle[pool->idle_count++] = db;
	pool->lent--;
	pthread_cond_signal(&pool->freed);
	pthread_mutex_unlock(&pool->lock);
}

void pool_load(struct pool *pool, unsigned *open, unsigned *lent)
{
	pthread_mutex_lock(&pool->lock);
	*open = __atomic_load_n(&pool->open, __ATOMIC_RELAXED);
	*lent = pool->lent;
	pthread_mutex_unlock(&pool->lock);
}
