/* SPDX-License-Identifier: Apache-2.0
 * Inside the room of jobs: what its threads share. Nobody else includes this. */
#ifndef JOBS_ROOM_H
#define JOBS_ROOM_H

#include "jobs/jobs.h"

#include <pthread.h>

enum { WORK_MS = 20000 }; /* a call: longer than the server lets a statement take */

struct worker; /* of a directory: clock.c */

struct jobs {
	const struct house *house;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool closing;
	bool settled; /* what the configuration says stands in the database */
	struct worker *workers;
	size_t count;
	bool wanted; /* a piece of long work */
	struct skd_call *look; /* at a link, under way */
	pthread_t piece, link, tidy, seal, carry; /* the last waits for the one before */
};

/* Waits until `deadline` (monotonic), or somebody wants something. True: the daemon goes on. */
bool jobs_wait(struct jobs *jobs, const bool *wanted, int64_t deadline);

/* Somebody asked for long work. */
void piece_wanted(const struct house *house);
/* The thread that does it, piece by piece. */
void *piece_main(void *jobs);
/* The thread that looks at links. */
void *link_main(void *jobs);

#endif
