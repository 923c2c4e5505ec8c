/* SPDX-License-Identifier: Apache-2.0
 * The threads of time: one for each directory; one that tidies, renews leases, and writes the configuration's roles
 * once the database is there; one that seals the audit, and one that carries its checkpoints off. */
#include "jobs/room.h"

#include "base/log.h"
#include "rules/access.h"
#include "rules/achievement.h"
#include "rules/counts.h"
#include "rules/file.h"
#include "rules/follow.h"
#include "rules/job.h"
#include "rules/looks.h"
#include "rules/offer.h"
#include "rules/outbox.h"
#include "rules/pages.h"
#include "rules/renewal.h"
#include "rules/retention.h"
#include "rules/seal.h"
#include "rules/session.h"
#include "rules/sync.h"
#include "rules/work.h"

#include <stdlib.h>
#include <string.h>

enum { SEAL_MS = 700, LOOK_MS = 2000, TIDY_MS = 60000, RENEW_MS = 5000, COUNT_MS = 1000, RETRY_MS = 500, PAUSE_MS = 1000, TRIES = 5 };
enum { LAST_MS = 5000 }; /* a call, for what is left to do when the daemon ends */

struct worker {
	struct jobs *jobs;
	const struct directory *directory;
	pthread_t thread;
	bool wanted;
	struct skd_call *call; /* the run under way, or the feed */
	bool following;
	enum skd_outcome last; /* how the last one went: only changes are logged */
	enum skd_outcome feed; /* how it went to open one */
	long took, retry;      /* milliseconds: the last run; until another try after a feed was lost, or 0 */
};

/* ---- directories ---- */

enum work { OPEN, RUN, FOLLOW };

/* The end of the daemon cuts short whatever a worker does, a wish for a run only that it follows. False: it need
 * not begin. */
static bool worker_begin(struct worker *worker, struct skd_call *call, enum work work)
{
	pthread_mutex_lock(&worker->jobs->lock);
	if (work == RUN) /* what is asked for while it runs is for the next one */
		worker->wanted = false;
	worker->call = call;
	worker->following = work == FOLLOW;
	bool begins = !worker->jobs->closing && !(worker->following && worker->wanted);
	pthread_mutex_unlock(&worker->jobs->lock);
	return begins;
}

static void worker_end(struct worker *worker)
{
	pthread_mutex_lock(&worker->jobs->lock);
	worker->call = NULL;
	worker->following = false;
	pthread_mutex_unlock(&worker->jobs->lock);
}

static void worker_note(struct worker *worker, enum skd_outcome outcome, const char *sentence)
{
	if (outcome != worker->last && outcome != SKD_CLASH && outcome != SKD_OK)
		log_line(SKD_WARNING, worker->directory->instance->name, "no run: %s", sentence);
	worker->last = outcome;
}

/* Whether it is for this daemon to sync. */
static bool worker_leads(struct worker *worker)
{
	struct skd_call *call = call_new("sync", WORK_MS);
	call->house = worker->jobs->house;
	enum skd_outcome outcome = sync_lead(call, worker->directory);
	if (outcome != SKD_OK)
		worker_note(worker, outcome, call->sentence);
	work_end(call);
	talloc_free(call);
	return outcome == SKD_OK;
}

static struct sync_done worker_run(struct worker *worker, const struct skd_feed *feed)
{
	struct skd_call *call = call_new("sync", worker->directory->time_limit);
	struct sync_done done = {0};
	call->house = worker->jobs->house;
	if (worker_begin(worker, call, RUN)) {
		enum skd_outcome outcome = sync_once(call, worker->directory, feed, &done);
		worker_note(worker, outcome, call->sentence);
	}
	worker->took = (long)((clock_monotonic() - call->started) / 1000);
	work_end(call);
	worker_end(worker);
	talloc_free(call);
	return done;
}

/* Whether a run was asked for at another daemon, or before this one had the lease. */
static bool worker_asked(const struct worker *worker)
{
	struct skd_call *call = call_new("sync", WORK_MS);
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

/* Waits for the next run's time, or for somebody to ask for one. */
static bool worker_wait(struct worker *worker, int64_t next)
{
	bool goes_on, early = false;
	int64_t now;
	do {
		int64_t look = clock_monotonic() + LOOK_MS * 1000;
		goes_on = jobs_wait(worker->jobs, &worker->wanted, look < next ? look : next);
		now = clock_monotonic();
	} while (goes_on && now < next && !worker_wanted(worker, &early) && !(early = worker_asked(worker)));
	return goes_on;
}

/* ---- feeds ---- */

/* A call that lives as long as a feed, or NULL: there is none, or none now. What is followed `again` may be of a
 * server that has forgotten what was deleted meanwhile: it is soon read whole. */
static struct skd_call *worker_feed(struct worker *worker, bool again, struct skd_feed **feed)
{
	const struct directory *directory = worker->directory;
	struct skd_call *call = call_new("sync", again ? directory->interval : directory->full_interval);
	call->house = worker->jobs->house;
	*feed = NULL;
	enum skd_outcome outcome = SKD_BUSY;
	if (worker_begin(worker, call, OPEN))
		outcome = follow_open(call, directory, again, feed);
	worker_end(worker);
	enum skd_level level = outcome == SKD_ABSENT && worker->feed != SKD_ABSENT ? SKD_INFO : SKD_DEBUG;
	worker->feed = outcome;
	if (outcome == SKD_OK && (*feed)->partial && directory->interval < directory->full_interval)
		call->deadline = call->started + directory->interval * 1000;
	if (outcome == SKD_OK)
		return call;
	log_line(level, directory->instance->name, "no feed: %s", call->sentence ? call->sentence : "the daemon ends");
	work_end(call);
	talloc_free(call);
	return NULL;
}

static void worker_feed_end(struct worker *worker, struct skd_call *call, struct skd_feed **feed)
{
	follow_close(worker->directory, feed);
	if (call)
		work_end(call);
	talloc_free(call);
}

static long at_most(long milliseconds, long most)
{
	return milliseconds < most ? milliseconds : most;
}

/* Follows as long as that goes; a lost connection is looked for a few times. When the next run is due. */
static int64_t worker_follow(struct worker *worker, struct skd_call *call, struct skd_feed *feed,
			     const struct sync_done *done)
{
	const struct directory *directory = worker->directory;
	enum skd_outcome outcome = SKD_OK;
	for (int tries = 0; call && tries < TRIES && worker_begin(worker, call, FOLLOW); tries++) {
		outcome = follow_run(call, directory, feed, done->epoch, done->active);
		worker_end(worker);
		if (outcome != SKD_OK)
			log_line(SKD_DEBUG, directory->instance->name, "the feed ended: %s", call->sentence);
		worker_feed_end(worker, call, &feed);
		call = NULL;
		if (outcome == SKD_BUSY && jobs_wait(worker->jobs, &worker->wanted, clock_monotonic() + (RETRY_MS << tries) * 1000))
			call = worker_feed(worker, true, &feed);
	}
	worker_end(worker);
	worker_feed_end(worker, call, &feed);
	worker->retry = outcome == SKD_OK ? 0 : PAUSE_MS;
	/* What comes together is read together, and reading is not all that a server does. */
	long pause = outcome == SKD_OK ? 0 : worker->took > PAUSE_MS ? worker->took : PAUSE_MS;
	return clock_monotonic() + at_most(pause, directory->interval) * 1000;
}

/* Milliseconds until the next run where this one is not followed: soon, and then less and less so, where a feed
 * was lost or is not to be had just now. */
static long worker_pause(struct worker *worker, const struct sync_done *done)
{
	long interval = worker->directory->interval;
	bool feedless = worker->feed == SKD_BUSY || worker->feed == SKD_STALE;
	if (worker->last == SKD_CLASH)
		return at_most(LOOK_MS, interval);
	if (done->good && feedless && !worker->retry)
		worker->retry = PAUSE_MS;
	if (done->parked || (done->good && !feedless))
		worker->retry = 0;
	long retry = at_most(worker->retry, interval);
	worker->retry = at_most(retry * 2, interval);
	return retry ? retry : interval;
}

/* When the next one is due. */
static int64_t worker_turn(struct worker *worker)
{
	int64_t begun = clock_monotonic();
	struct skd_feed *feed = NULL;
	struct sync_done done = {0};
	struct skd_call *call = NULL;
	if (worker_leads(worker)) {
		call = worker_feed(worker, false, &feed);
		done = worker_run(worker, feed);
	}
	if (call && done.good)
		return worker_follow(worker, call, feed, &done);
	worker_feed_end(worker, call, &feed);
	return begun + worker_pause(worker, &done) * 1000;
}

/* Nothing is read before what the configuration says of it stands in the database. */
static bool worker_settled(struct jobs *jobs)
{
	pthread_mutex_lock(&jobs->lock);
	while (!jobs->settled && !jobs->closing)
		pthread_cond_wait(&jobs->changed, &jobs->lock);
	bool settled = !jobs->closing;
	pthread_mutex_unlock(&jobs->lock);
	return settled;
}

static void *worker_main(void *argument)
{
	struct worker *worker = argument;
	if (!worker_settled(worker->jobs))
		return NULL;
	while (worker_wait(worker, worker_turn(worker)))
		continue;
	return NULL;
}

static void jobs_wanted(const struct house *house, const struct directory *directory)
{
	struct jobs *jobs = house->sync;
	struct worker *worker = &jobs->workers[directory - house->directories];
	pthread_mutex_lock(&jobs->lock);
	worker->wanted = true;
	if (worker->following)
		__atomic_store_n(&worker->call->deadline, 0, __ATOMIC_RELAXED);
	pthread_cond_broadcast(&jobs->changed);
	pthread_mutex_unlock(&jobs->lock);
}

/* ---- tidying ---- */

/* One piece of housekeeping in a call of its own. */
static bool tidy_once(struct jobs *jobs, enum skd_outcome (*piece)(struct skd_call *call), long milliseconds)
{
	struct skd_call *call = call_new("tidy", milliseconds);
	call->house = jobs->house;
	bool good = piece(call) == SKD_OK;
	if (!good)
		log_failure(call);
	work_end(call);
	talloc_free(call);
	return good;
}

/* Whoever follows a feed does not look whether a run was asked for at another daemon. */
static void tidy_feeds(struct jobs *jobs)
{
	for (size_t i = 0; i < jobs->count; i++) {
		pthread_mutex_lock(&jobs->lock);
		bool following = jobs->workers[i].following;
		pthread_mutex_unlock(&jobs->lock);
		if (following && worker_asked(&jobs->workers[i]))
			jobs_wanted(jobs->house, jobs->workers[i].directory);
	}
}

static void tidy_turn(struct jobs *jobs, int64_t *tidied)
{
	talks_tidy(jobs->house->talks);
	tidy_once(jobs, sync_keep, WORK_MS);
	tidy_feeds(jobs);
	if (clock_monotonic() - *tidied <= TIDY_MS * 1000LL || !tidy_once(jobs, access_tidy, WORK_MS))
		return;
	*tidied = clock_monotonic();
	tidy_once(jobs, retention_tidy, WORK_MS);
	tidy_once(jobs, outbox_tidy, WORK_MS);
	tidy_once(jobs, looks_tidy, WORK_MS);
	tidy_once(jobs, achievement_remind, WORK_MS);
	tidy_once(jobs, review_tidy, WORK_MS);
	tidy_once(jobs, renewal_remind, WORK_MS);
	tidy_once(jobs, job_tidy, WORK_MS);
	tidy_once(jobs, file_tidy, WORK_MS);
}

static bool jobs_settled(const struct house *house)
{
	struct jobs *jobs = house->sync;
	pthread_mutex_lock(&jobs->lock);
	bool settled = jobs->settled;
	pthread_mutex_unlock(&jobs->lock);
	return settled;
}

static void *tidy_main(void *argument)
{
	struct jobs *jobs = argument;
	int64_t renew = 0, tidied = 0, pause = 250000;
	while (!tidy_once(jobs, access_settle, WORK_MS)) {
		pause = pause < 8000000 ? pause * 2 : pause;
		if (!jobs_wait(jobs, NULL, clock_monotonic() + pause))
			return NULL;
	}
	pthread_mutex_lock(&jobs->lock);
	jobs->settled = true;
	pthread_cond_broadcast(&jobs->changed);
	pthread_mutex_unlock(&jobs->lock);
	tidy_once(jobs, file_tidy_all, WORK_MS);
	do {
		pages_tidy(jobs->house->pages);
		tidy_once(jobs, counts_write, WORK_MS);
		tidy_once(jobs, looks_write, WORK_MS);
		if (clock_monotonic() >= renew) {
			tidy_turn(jobs, &tidied);
			renew = clock_monotonic() + RENEW_MS * 1000;
		}
	} while (jobs_wait(jobs, NULL, clock_monotonic() + COUNT_MS * 1000));
	tidy_once(jobs, counts_write, LAST_MS);
	tidy_once(jobs, looks_write, LAST_MS);
	return NULL;
}

/* ---- the audit ---- */

/* Says how it went when that is news. */
static void turn_end(struct skd_call *call, enum skd_outcome outcome, enum skd_outcome *before)
{
	if (outcome != SKD_OK && outcome != *before)
		log_line(outcome == SKD_FAULT ? SKD_ERROR : SKD_WARNING, "audit", "%s", call->sentence);
	*before = outcome;
	work_end(call);
	talloc_free(call);
}

static void *seal_main(void *argument)
{
	struct jobs *jobs = argument;
	struct sealer sealer = {0};
	enum skd_outcome last = SKD_OK;
	int64_t due = 0;
	int left = 20; /* turns, once the daemon ends */
	bool goes_on;
	do {
		goes_on = jobs_wait(jobs, NULL, due);
		struct skd_call *call = call_new("seal", goes_on ? WORK_MS : LAST_MS);
		call->house = jobs->house;
		turn_end(call, seal_once(call, &sealer, !goes_on), &last);
		due = sealer.more ? 0 : clock_monotonic() + (sealer.epoch ? SEAL_MS : LOOK_MS) * 1000;
	} while (goes_on || (sealer.more && left--));
	return NULL;
}

/* A file may be on a machine that does not answer: nobody waits for this one but the daemon's end. */
static void *carry_main(void *argument)
{
	struct jobs *jobs = argument;
	int64_t carried = 0;
	enum skd_outcome last = SKD_OK;
	bool goes_on;
	do {
		goes_on = jobs_wait(jobs, NULL, clock_monotonic() + LOOK_MS * 1000);
		if (!goes_on)
			pthread_join(jobs->seal, NULL);
		struct skd_call *call = call_new("carry", goes_on ? WORK_MS : LAST_MS);
		call->house = jobs->house;
		turn_end(call, seal_carry(call, &carried), &last);
	} while (goes_on);
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
	house->job_wanted = piece_wanted;
	house->settled = jobs_settled;
	pthread_mutex_init(&jobs->lock, NULL);
	cond_open(&jobs->changed);
	if (pthread_create(&jobs->tidy, NULL, tidy_main, jobs) != 0 ||
	    pthread_create(&jobs->seal, NULL, seal_main, jobs) != 0 ||
	    pthread_create(&jobs->carry, NULL, carry_main, jobs) != 0 ||
	    pthread_create(&jobs->piece, NULL, piece_main, jobs) != 0 ||
	    pthread_create(&jobs->link, NULL, link_main, jobs) != 0)
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
	if (j->look)
		__atomic_store_n(&j->look->deadline, 0, __ATOMIC_RELAXED);
	pthread_cond_broadcast(&j->changed);
	pthread_mutex_unlock(&j->lock);
	for (size_t i = 0; i < j->count; i++)
		pthread_join(j->workers[i].thread, NULL);
	pthread_join(j->piece, NULL);
	pthread_join(j->link, NULL);
	pthread_join(j->tidy, NULL);
	pthread_join(j->carry, NULL);
	tidy_once(j, sync_let_go, LAST_MS);
	pthread_cond_destroy(&j->changed);
	pthread_mutex_destroy(&j->lock);
	TALLOC_FREE(*jobs);
}
