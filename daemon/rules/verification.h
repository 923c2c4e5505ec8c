/* SPDX-License-Identifier: Apache-2.0
 * Verifying badges, our own and those of others: which documents are trusted, and where they come from. */
#ifndef RULES_VERIFICATION_H
#define RULES_VERIFICATION_H

#include "rules/house.h"
#include "verify/verify.h"

/* In a transaction, which it may write in, but lets go of while it waits for a document of somebody else's: afterwards there
 * may be none, and work_resume() begins one. Documents of our own come from the database, as their addresses give them to
 * who asks; those of others from the pinned ones, or, where that is allowed, from where they are. Of one of ours that is
 * good no longer is said what became of it. `recipient` may be NULL. SLOW_DOWN for an account that verifies too many; one
 * of ours that is verified is counted. */
enum skd_outcome verification_make(struct skd_call *call, struct skd_text badge, const char *recipient,
				   struct verify_answer *answer) WARN_UNUSED;

/* The same of an EndorsementCredential. */
void verification_endorsement(struct skd_call *call, struct skd_text document, struct verify_answer *answer);

#endif
