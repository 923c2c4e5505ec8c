/* SPDX-License-Identifier: Apache-2.0
 * Corrections: people say what is wrong in what is held of them, hr and admin answer. What is corrected, is so by the usual
 * ways: an answer changes nothing by itself. */
#ifndef RULES_CORRECTION_H
#define RULES_CORRECTION_H

#include "rules/house.h"
#include "store/correction.h"

/* One's own; hr and admin: everybody's. */
enum skd_outcome correction_get(struct skd_call *call, const char *id, struct store_correction *correction) WARN_UNUSED;
/* filter->person: an id or username. BAD_INPUT for one who does not exist, or whom the actor does not see. */
enum skd_outcome correction_list(struct skd_call *call, const struct store_correction_filter *filter, struct list *list,
				 struct store_correction **corrections, size_t *count) WARN_UNUSED;

/* about, object and text; ends with it as it now is. DENIED for an actor who is no person; BAD_INPUT for an object that is missing,
 * is not needed, or is not their own. */
enum skd_outcome correction_add(struct skd_call *call, struct store_correction *correction) WARN_UNUSED;
/* state: done or declined; version: the one that was read. Ends with it as it now is. DENIED to all but hr and admin, and of one's
 * own; STALE; CLASH when it is not open any more. */
enum skd_outcome correction_answer(struct skd_call *call, const char *id, long version, const char *state, const char *answer,
				   struct store_correction *correction) WARN_UNUSED;
/* By who asked for it; DENIED to others, CLASH when it is not open any more. */
enum skd_outcome correction_withdraw(struct skd_call *call, const char *id, struct store_correction *correction) WARN_UNUSED;

#endif
