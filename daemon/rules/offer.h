/* SPDX-License-Identifier: Apache-2.0
 * Whose turn a review is. A place is offered to the eligible assessor with the least to do, who has it for a time; what they
 * leave lying goes to the next, and where nobody is left, whoever is eligible may take it. */
#ifndef RULES_OFFER_H
#define RULES_OFFER_H

#include "store/offer.h"

/* Offers an open place; what nobody at all may judge is said once for each round. In a transaction that holds the
 * submission, as the last that it does to reviews. */
enum skd_outcome review_offer(struct skd_call *call, const char *review_id, const char *submission_id, long round) WARN_UNUSED;
/* What an assessment's groups are called in the directories, as they are configured now: for one version of an achievement,
 * or for all that something waits for. */
enum skd_outcome review_groups_put(struct skd_call *call, const char *achievement_id, int64_t number) WARN_UNUSED;
enum skd_outcome review_settle(struct skd_call *call) WARN_UNUSED;

/* A turn of the clock: what was left lying, or is of somebody who may not judge it any more, is handed on, each in a
 * transaction of its own, and who has little time left, or none, is reminded. */
enum skd_outcome review_tidy(struct skd_call *call) WARN_UNUSED;

#endif
