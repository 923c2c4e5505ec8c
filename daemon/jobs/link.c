/* SPDX-License-Identifier: Apache-2.0
 * The thread that looks at links, one after another. */
#include "jobs/room.h"

#include "base/log.h"
#include "rules/link.h"
#include "rules/work.h"

enum { LOOK_MS = 40000 }; /* a call: two tries at a server that takes its time */

/* The end of the daemon cuts a look short. */
static void look_is(struct jobs *jobs, struct skd_call *call)
{
	pthread_mutex_lock(&jobs->lock);
	jobs->look = call;
	if (call && jobs->closing)
		__atomic_store_n(&call->deadline, 0, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&jobs->lock);
}

/* Says how it went when that is news. */
static void link_turn(struct jobs *jobs, struct link_round *round, enum skd_outcome *last)
{
	struct skd_call *call = call_new("links", LOOK_MS);
	call->house = jobs->house;
	look_is(jobs, call);
	enum skd_outcome outcome = link_once(call, round);
	look_is(jobs, NULL);
	if (outcome != SKD_OK && outcome != *last)
		log_line(outcome == SKD_FAULT ? SKD_ERROR : SKD_WARNING, "links", "%s", call->sentence);
	*last = outcome;
	work_end(call);
	talloc_free(call);
}

void *link_main(void *argument)
{
	struct jobs *jobs = argument;
	struct link_round round = {0};
	enum skd_outcome last = SKD_OK;
	int64_t due = 0;
	if (link_idle(jobs->house))
		log_line(SKD_INFO, "links", "%s", link_idle(jobs->house));
	while (jobs_wait(jobs, NULL, due)) {
		link_turn(jobs, &round, &last);
		due = clock_monotonic() + round.pause * 1000;
	}
	return NULL;
}
