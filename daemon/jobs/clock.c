/* SPDX-License-Identifier: Apache-2.0
 * The threads of time: one for each directory, one that tidies, renews leases, and writes the
 * configuration's roles once the database is there. */
#include "jobs/jobs.h"

#include "base/log.h"
#include "rules/access.h"
#include "rules/session.h"
#include "rules/sync.h"
#include "rules/work.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_MS = 2000, TIDY_MS = 60000, RENEW_MS = 5000 };

struct worker {
	struct jobs *jobs;
	const struct directory *directory;
	pthread_t thread;
	bool wanted;
	struct skd_call *call; /* the run under way */
	enum skd_outcome last; /* how the last one went: only changes are logged */
};

struct jobs {
	const struct house *house;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool closing;
	struct worker *workers;
	size_t count;
	pthread_t tidy;
};

/* Waits until `deadline` (monotonic), or somebody wants something. True: the daemon goes on. */
static bool jobs_wait(struct jobs *jobs, const bool *wanted, int64_t deadline)
{
	struct timespec until = {deadline / 1000000, deadline % 1000000 * 1000};
	int expired = 0;
	pthread_mutex_lock(&jobs->lock);
	while (!jobs->closing && !(wanted && *wanted) && !expired)
		expired = pthread_cond_timedwait(&jobs->changed, &jobs->lock, &until);
	bool goes_on = !jobs->closing;
	pthread_mutex_unlock(&jobs->lock);
	return goes_on;
}

/* ---- directories ---- */

static void worker_begin(struct worker *worker, struct skd_call *call)
{
	pthread_mutex_lock(&worker->jobs->lock);
	if (call) /* what is asked for while it runs is for the next one */
		worker->wanted = false;
	worker->call = call;
	pthread_mutex_unlock(&worker->jobs->lock);
}

static void worker_run(struct worker *worker)
{
	struct skd_call *call = call_new("sync", worker->directory->time_limit);
	const char *run_id;
	call->house = worker->jobs->house;
	worker_begin(worker, call);
	enum skd_outcome outcome = sync_once(call, worker->directory, &run_id);
	if (outcome != worker->last && outcome != SKD_CLASH && outcome != SKD_OK)
		log_line(SKD_WARNING, worker->directory->instance->name, "no run: %s", call->sentence);
	worker->last = outcome;
	work_end(call);
	worker_begin(worker, NULL);
	talloc_free(call);
}

/* Whether a run was asked for at another daemon, or before this one had the lease. */
static bool worker_asked(const struct worker *worker)
{
	struct skd_call *call = call_new("sync", 5000);
	bool asked = false;
	call->house = worker->jobs->house;
	if (sync_asked(call, worker->directory, &asked) != SKD_OK)
		asked = false;
	work_end(call);
	talloc_free(call);
	return asked;
}

/* Whether somebody woke us. `early`: the run they asked for was found before they did, so that this asks for
 * nothing more. */
static bool worker_wanted(struct worker *worker, bool *early)
{
	pthread_mutex_lock(&worker->jobs->lock);
	bool wanted = worker->wanted && !*early;
	if (worker->wanted && *early)
		worker->wanted = *early = false;
	pthread_mutex_unlock(&worker->jobs->lock);
	return wanted;
}

static void *worker_main(void *argument)
{
	struct worker *worker = argument;
	struct jobs *jobs = worker->jobs;
	bool goes_on = true, early = false;
	while (goes_on) {
		int64_t next = clock_monotonic() + worker->directory->interval * 1000, now;
		worker_run(worker);
		do {
			now = clock_monotonic();
			int64_t look = now + LOOK_MS * 1000;
			goes_on = jobs_wait(jobs, &worker->wanted, look < next ? look : next);
			now = clock_monotonic();
		} while (goes_on && now < next && !worker_wanted(worker, &early) && !(early = worker_asked(worker)));
	}
	return NULL;
}

static void jobs_wanted(const struct house *house)
{
	struct jobs *jobs = house->sync;
	pthread_mutex_lock(&jobs->lock);
	for (size_t i = 0; i < jobs->count; i++)
		__atomic_store_n(&jobs->workers[i].wanted, true, __ATOMIC_RELAXED);
	pthread_cond_broadcast(&jobs->changed);
	pthread_mutex_unlock(&jobs->lock);
}

/* ---- tidying ---- */

/* One piece of housekeeping in a call of its own. */
static bool tidy_once(struct jobs *jobs, enum skd_outcome (*piece)(struct skd_call *call))
{
	struct skd_call *call = call_new("tidy", 10000);
	call->house = jobs->house;
	bool good = piece(call) == SKD_OK;
	if (!good)
		log_failure(call);
	work_end(call);
	talloc_free(call);
	return good;
}

static void *tidy_main(void *argument)
{
	struct jobs *jobs = argument;
	int64_t tidied = 0, pause = 250000;
	while (!tidy_once(jobs, access_settle)) {
		pause = pause < 8000000 ? pause * 2 : pause;
		if (!jobs_wait(jobs, NULL, clock_monotonic() + pause))
			return NULL;
	}
	do {
		talks_tidy(jobs->house->talks);
		tidy_once(jobs, sync_keep);
		if (clock_monotonic() - tidied > TIDY_MS * 1000LL && tidy_once(jobs, access_tidy))
			tidied = clock_monotonic();
	} while (jobs_wait(jobs, NULL, clock_monotonic() + RENEW_MS * 1000));
	return NULL;
}

/* ---- open and close ---- */

static void cond_open(pthread_cond_t *cond)
{
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attributes);
	pthread_condattr_destroy(&attributes);
}

struct jobs *jobs_open(struct house *house)
{
	struct jobs *jobs = talloc_zero(NULL, struct jobs);
	jobs->house = house;
	jobs->count = house->directory_count;
	jobs->workers = talloc_zero_array(jobs, struct worker, jobs->count);
	house->sync = jobs;
	house->sync_wanted = jobs_wanted;
	pthread_mutex_init(&jobs->lock, NULL);
	cond_open(&jobs->changed);
	if (pthread_create(&jobs->tidy, NULL, tidy_main, jobs) != 0)
		abort();
	for (size_t i = 0; i < jobs->count; i++) {
		jobs->workers[i].jobs = jobs;
		jobs->workers[i].directory = &house->directories[i];
		if (pthread_create(&jobs->workers[i].thread, NULL, worker_main, &jobs->workers[i]) != 0)
			abort();
	}
	return jobs;
}

void jobs_close(struct jobs **jobs)
{
	struct jobs *j = *jobs;
	pthread_mutex_lock(&j->lock);
	j->closing = true;
	for (size_t i = 0; i < j->count; i++)
		if (j->workers[i].call)
			__atomic_store_n(&j->workers[i].call->deadline, 0, __ATOMIC_RELAXED);
	pthread_cond_broadcast(&j->changed);
	pthread_mutex_unlock(&j->lock);
	for (size_t i = 0; i < j->count; i++)
		pthread_join(j->workers[i].thread, NULL);
	pthread_join(j->tidy, NULL);
	tidy_once(j, sync_let_go);
	pthread_cond_destroy(&j->changed);
	pthread_mutex_destroy(&j->lock);
	TALLOC_FREE(*jobs);
}
