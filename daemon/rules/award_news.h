/* SPDX-License-Identifier: Apache-2.0
 * What follows from awards for other credentials of the same human: a course renews them, and what proves their skills is a use
 * of those that lapse. */
#ifndef RULES_AWARD_NEWS_H
#define RULES_AWARD_NEWS_H

#include "rules/house.h"

/* Follows one award once it has begun, in one transaction that is the house's own doing; not *more when there is none. Borrows
 * a session; the caller ends it with work_end(). */
enum skd_outcome award_news_turn(struct skd_call *call, bool *more) WARN_UNUSED;

#endif
