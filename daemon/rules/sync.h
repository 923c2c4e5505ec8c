/* SPDX-License-Identifier: Apache-2.0
 * One run of one directory, from lease to report. Who calls it, and when, is not known here. */
#ifndef RULES_SYNC_H
#define RULES_SYNC_H

#include "rules/house.h"

/* Reads the directory under the lease and settles the run. Borrows a session of the jobs; the caller
 * ends it with work_end(). `run_id` is what came of it; CLASH when another daemon holds the lease. */
enum skd_outcome sync_once(struct skd_call *call, const struct directory *directory, const char **run_id) WARN_UNUSED;

/* Whether somebody asked for a run that nobody has taken yet. */
enum skd_outcome sync_asked(struct skd_call *call, const struct directory *directory, bool *asked) WARN_UNUSED;

/* Keeps the leases this daemon holds, or lets them go. */
enum skd_outcome sync_keep(struct skd_call *call) WARN_UNUSED;
enum skd_outcome sync_let_go(struct skd_call *call) WARN_UNUSED;

#endif
