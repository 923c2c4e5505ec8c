/* SPDX-License-Identifier: Apache-2.0
 * What follows of where people stand on pathways: milestones and the pathway's achievement are issued once, by a rule and at once,
 * and what becomes of the latter when a part is lost is the policy of the version by which it was awarded. */
#ifndef RULES_AWARD_H
#define RULES_AWARD_H

#include "rules/standing.h"

/* What is owed to one enrolment, in a transaction of its own: where its person stands is computed first. Tried again later where
 * it cannot be (what is no longer issued). Not *more when nothing is owed to anybody. Borrows a session; the caller ends it with
 * work_end(). */
enum skd_outcome award_turn(struct skd_call *call, bool *more) WARN_UNUSED;

#endif
