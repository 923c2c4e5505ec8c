/* SPDX-License-Identifier: Apache-2.0
 * The database session a call works in, and the transaction around what it writes. */
#ifndef RULES_WORK_H
#define RULES_WORK_H

#include "rules/house.h"

/* Short reads, inside a task of the pipeline. */
void work_read(struct skd_call *call);
/* A transaction on a session of the writers. What the call does is written by work_commit(), whole. */
enum skd_outcome work_write(struct skd_call *call) WARN_UNUSED;
/* A session of the reports, for reads that take long. */
enum skd_outcome work_report(struct skd_call *call) WARN_UNUSED;
/* Before the call waits for somebody else, and has written nothing that matters: lets go of transaction and session, for
 * others to use. */
void work_pause(struct skd_call *call);
/* Begins anew, unless it is in a transaction: what was read before may not be so any more. BUSY, and then it is in none. */
enum skd_outcome work_resume(struct skd_call *call) WARN_UNUSED;
/* Commits what is open, then runs what the call left to be done after. */
enum skd_outcome work_commit(struct skd_call *call) WARN_UNUSED;
/* Rolls back what was not committed, gives the session back, and has public pages made anew where the call has changed
 * what they show. Always, also after a failure. */
void work_end(struct skd_call *call);

#endif
