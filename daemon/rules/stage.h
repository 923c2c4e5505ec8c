/* SPDX-License-Identifier: Apache-2.0
 * The sink a source reads into. What is as it was last time goes no further; the rest is checked and
 * goes to staging, or is left out with a line. */
#ifndef RULES_STAGE_H
#define RULES_STAGE_H

#include "rules/known.h"
#include "sign/digest.h"
#include "store/run.h"

struct stage {
	struct skd_sink sink; /* the first member: callbacks find the rest behind it */
	struct skd_call *call;
	struct hasher *hasher;
	struct known known;
	struct text values;        /* of the entry at hand, each with its size in front: what is hashed */
	struct text ids, keys;     /* names of all that went to staging, and of its people */
	struct text group;         /* a group and the members that have come so far, in the same way */
	struct stage_counts counts; /* of what went to staging */
};

/* Loads what the source showed last and begins the COPY. */
enum skd_outcome stage_open(struct stage *stage, struct skd_call *call, const char *source) WARN_UNUSED;
/* The same for a few changes that a feed tells, of a source with so many people: all of them are news. `again`: not
 * the first, nor the one with which to clear up. */
enum skd_outcome stage_open_feed(struct stage *stage, struct skd_call *call, int64_t active, bool again) WARN_UNUSED;
/* After such a change, for the next one. */
enum skd_outcome stage_ready(struct skd_call *call) WARN_UNUSED;
/* All was read: stages the last group and lists what was not seen again. */
enum skd_outcome stage_end(struct stage *stage) WARN_UNUSED;
/* STALE where the source shows something else by now than what was compared with: a run has ended meanwhile. */
enum skd_outcome stage_stands(const struct stage *stage, struct skd_call *call, const char *source) WARN_UNUSED;
/* The reading failed: throws away what was staged. */
void stage_drop(struct stage *stage);

#endif
