/* SPDX-License-Identifier: Apache-2.0
 * Credentials that come near their end: their holders are told, and renew them without starting over: by what they hand in,
 * which is judged by what the version asks for again, or by the award of a course. */
#ifndef RULES_RENEWAL_H
#define RULES_RENEWAL_H

#include "store/submission.h"
#include "store/award_news.h"
#include "store/credential.h"

/* Says in the outbox whose credentials expire soon, once for each of the days before that [credentials] expiry_notice names;
 * where several have gone by since the last look only the last of them. As far as the call's time goes. */
enum skd_outcome renewal_remind(struct skd_call *call) WARN_UNUSED;
/* The same of one that stands again, unless it was said. */
enum skd_outcome renewal_remind_again(struct skd_call *call, const struct store_credential *credential, int64_t now) WARN_UNUSED;

/* Of the actor's credential: a submission that renews it, or the one they have open for it already, and `fresh` is false.
 * DENIED for another's; CLASH where the newest version says that it is renewed by a course or not at all, it is not time yet or
 * not any more, it does not stand, or another submission for the achievement is open. */
enum skd_outcome renewal_begin(struct skd_call *call, const char *credential_id, bool *fresh,
			       struct store_submission *submission) WARN_UNUSED;
/* Whether what a submission renews can be renewed now, and is still of the same person: CLASH. */
enum skd_outcome renewal_check(struct skd_call *call, const struct store_submission *submission) WARN_UNUSED;
/* Another takes the place of the one that `submission` renews, whose person is held. It lasts by the achievement's validity
 * from when the old one expires, or from now where that is over; it was issued when the old one was. `results`, JSON as a
 * credential keeps it; none: those of the old one. CLASH where it is not theirs any more, does not stand, or the
 * submission was handed in too late. */
enum skd_outcome renewal_approve(struct skd_call *call, const struct store_submission *submission, const char *evidence,
				 const char *results, struct store_credential *credential) WARN_UNUSED;
/* What the award of a course renews. When it was issued decides whether that was in time. The person is held. */
enum skd_outcome renewal_by_award(struct skd_call *call, const struct store_award_news *news) WARN_UNUSED;

#endif
