/* SPDX-License-Identifier: Apache-2.0
 * The thread of long work: looks for pieces that are due, here and where other daemons were asked for them. */
#include "jobs/room.h"

#include "base/log.h"
#include "rules/award.h"
#include "rules/award_news.h"
#include "rules/enlist.h"
#include "rules/handover.h"
#include "rules/job.h"
#include "rules/leaver.h"
#include "rules/standing.h"
#include "rules/work.h"

enum { LOOK_MS = 1000 };

bool jobs_wait(struct jobs *jobs, const bool *wanted, int64_t deadline)
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

void piece_wanted(const struct house *house)
{
	struct jobs *jobs = house->sync;
	pthread_mutex_lock(&jobs->lock);
	jobs->wanted = true;
	pthread_cond_broadcast(&jobs->changed);
	pthread_mutex_unlock(&jobs->lock);
}

/* What is done piece by piece. */
static const struct kind {
	const char *name; /* in the log */
	enum skd_outcome (*turn)(struct skd_call *call, bool *more);
} kinds[] = {{"job", job_turn}, {"leaver", leaver_turn}, {"handover", handover_turn}, {"news", award_news_turn}, {"enlist", enlist_turn},
	     {"standing", standing_turn}, {"award", award_turn}};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* False: there is none, or the database is not to be had. Says so once. */
static bool piece_turn(struct jobs *jobs, const struct kind *kind, enum skd_outcome *last)
{
	struct skd_call *call = call_new(kind->name, WORK_MS);
	bool more = false;
	call->house = jobs->house;
	enum skd_outcome outcome = kind->turn(call, &more);
	if (outcome != SKD_OK && outcome != *last)
		log_line(SKD_WARNING, kind->name, "%s", call->sentence);
	*last = outcome;
	work_end(call);
	talloc_free(call);
	return more && outcome == SKD_OK;
}

void *piece_main(void *argument)
{
	struct jobs *jobs = argument;
	enum skd_outcome last[KINDS] = {SKD_OK};
	int64_t due = 0;
	while (jobs_wait(jobs, &jobs->wanted, due)) {
		pthread_mutex_lock(&jobs->lock);
		jobs->wanted = false;
		pthread_mutex_unlock(&jobs->lock);
		bool more = false;
		for (int i = 0; i < KINDS; i++)
			more = piece_turn(jobs, &kinds[i], &last[i]) || more;
		due = more ? 0 : clock_monotonic() + LOOK_MS * 1000;
	}
	return NULL;
}
