/* SPDX-License-Identifier: Apache-2.0
 * One run of one directory, from lease to report. Who calls it, and when, is not known here. */
#ifndef RULES_SYNC_H
#define RULES_SYNC_H

#include "rules/run.h"

struct sync_done {
	const char *run_id; /* what came of it */
	int64_t epoch, active; /* of the lease; how many people are there */
	bool good; /* what the directory shows is so here: the run neither failed nor waits */
	bool parked;
};

/* Reads the directory whole under the lease and settles the run. Borrows a session of the jobs; the caller
 * ends it with work_end(). `feed`: opened before, so that nothing between is missed, or NULL. CLASH when
 * another daemon holds the lease. */
enum skd_outcome sync_once(struct skd_call *call, const struct directory *directory, const struct skd_feed *feed,
			   struct sync_done *done) WARN_UNUSED;

/* Reads the directory whole and tells what a run would do now; changes nothing. Borrows a session of the jobs; the
 * caller ends it with work_end(). */
enum skd_outcome sync_try(struct skd_call *call, const struct directory *directory, struct run_trial *trial) WARN_UNUSED;

/* The name of the directory's lease. */
const char *sync_lease(struct skd_call *call, const struct directory *directory);

/* Takes the directory's lease, or keeps it. CLASH when another daemon holds it. */
enum skd_outcome sync_lead(struct skd_call *call, const struct directory *directory) WARN_UNUSED;

/* Whether somebody asked for a run that nobody has taken yet. */
enum skd_outcome sync_asked(struct skd_call *call, const struct directory *directory, bool *asked) WARN_UNUSED;

/* Keeps the leases this daemon holds, or lets them go. A database that was away may be an older one, and what a feed
 * told is not written to disk before it is seen: then all is read anew. */
enum skd_outcome sync_keep(struct skd_call *call) WARN_UNUSED;
enum skd_outcome sync_let_go(struct skd_call *call) WARN_UNUSED;

#endif
