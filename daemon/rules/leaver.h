/* SPDX-License-Identifier: Apache-2.0
 * What follows when somebody leaves, moves to another unit, or comes back, as the directory says: for their credentials what
 * each achievement's policy is, and what leavers have handed in is withdrawn, so that nobody judges it in vain. What their going
 * means for reviews of theirs and enrolments is decided there. */
#ifndef RULES_LEAVER_H
#define RULES_LEAVER_H

#include "rules/house.h"

/* Follows one of them, in one transaction that is the house's own doing; not *more when there is none. Somebody has left when
 * none of their entries is here any more. Borrows a session; the caller ends it with work_end(). */
enum skd_outcome leaver_turn(struct skd_call *call, bool *more) WARN_UNUSED;

#endif
