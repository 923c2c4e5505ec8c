/* SPDX-License-Identifier: Apache-2.0
 * Takes over what a directory's feed tells, change by change, under the lease. When to follow, and what
 * to do when a feed ends, is not known here. */
#ifndef RULES_FOLLOW_H
#define RULES_FOLLOW_H

#include "rules/house.h"

/* Opens the directory's feed: from now on, or `again` from where what it told was last taken over. The call
 * is the feed's and must outlive it. ABSENT: there is none; STALE, BUSY: not now. */
enum skd_outcome follow_open(struct skd_call *call, const struct directory *directory, bool again,
			     struct skd_feed **feed) WARN_UNUSED;

/* Takes over what comes until the call's time is over (OK). STALE: only a whole reading helps; BUSY: a
 * connection is lost; CLASH: the lease of this epoch is another's. `active`: how many people are there. */
enum skd_outcome follow_run(struct skd_call *call, const struct directory *directory, struct skd_feed *feed,
			    int64_t epoch, int64_t active) WARN_UNUSED;

void follow_close(const struct directory *directory, struct skd_feed **feed);

#endif
