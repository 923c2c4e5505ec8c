/* SPDX-License-Identifier: Apache-2.0
 * What follows of rules that put people on pathways. Whoever changes who is where, or a rule, need not know of it: the database notes
 * of whom (0017_enrolment_rules.sql). Whom a rule fits is on its pathway; whom none fits any more is not, but for who has completed
 * it. Who began it themselves or was invited is on it on their own, and stays; who left it is not put there again by the same rule.
 * Of a leaver what they were on by a rule ends, and so do invitations, which nobody is left to accept; all else waits as it is, should
 * they come back. */
#ifndef RULES_ENLIST_H
#define RULES_ENLIST_H

#include "rules/house.h"

/* Some of whom there is news; not *more when there is none, or they are being written just now. Borrows a session; the caller ends it with
 * work_end(). */
enum skd_outcome enlist_turn(struct skd_call *call, bool *more) WARN_UNUSED;

#endif
