/* SPDX-License-Identifier: Apache-2.0
 * Notices: written, listed, swept. */
#include "rules/outbox.h"

#include "base/fields.h"
#include "rules/actor.h"
#include "rules/house.h"
#include "rules/person.h"

const char outbox_nouns[] = "achievement|batch|claim|collection|correction|credential|endorsement|enrolment|issuer|key|submission|pathway|proof|review";
const char outbox_kinds[] =
	"achievement.created|achievement.edited|achievement.assigned|achievement.submitted|achievement.approved"
	"|achievement.returned|achievement.published|achievement.archived|achievement.review_due|achievement.link_dead"
	"|batch.done|batch.failed|batch.cancelled"
	"|claim.endorsed|claim.endorsement_withdrawn"
	"|collection.created|collection.edited|collection.archived"
	"|correction.asked|correction.answered|correction.withdrawn"
	"|credential.issued|credential.accepted|credential.declined|credential.hidden|credential.shown|credential.replaced"
	"|credential.revoked|credential.suspended|credential.reinstated|credential.expires_soon|credential.renewed|credential.used"
	"|enrolment.invited|enrolment.begun|enrolment.accepted|enrolment.paused|enrolment.resumed|enrolment.left|enrolment.completed|enrolment.lost"
	"|enrolment.enrolled|enrolment.ended"
	"|proof.offered|proof.accepted|proof.refused|proof.withdrawn|proof.revoked|proof.handed_on"
	"|endorsement.made|endorsement.received|endorsement.withdrawn"
	"|issuer.created|issuer.edited|key.created|key.retired|key.revoked"
	"|submission.submitted|submission.returned|submission.approved|submission.declined|submission.withdrawn"
	"|pathway.created|pathway.edited|pathway.published|pathway.archived"
	"|submission.unassignable|review.offered|review.handed_on|review.half_time|review.due_soon|review.overdue";

enum skd_outcome outbox_add(struct skd_call *call, const struct store_notice *notice)
{
	if (!fields_word(outbox_nouns, notice->noun) || !fields_word(outbox_kinds, notice->kind))
		return fail(call, SKD_FAULT, "there are no notices %s of %s", notice->kind, notice->noun);
	return store_outbox_add(call, notice);
}

enum skd_outcome outbox_list(struct skd_call *call, const struct store_notice_filter *filter, struct list *list,
			     struct store_notice **notices, size_t *count)
{
	const struct sight all = {.everyone = true};
	struct store_notice_filter found = *filter;
	TRY(person_pick(call, &all, "person", filter->person, &found.person));
	found.blind = !actor_has(call, ROLE_SEES_ALL) || actor_has(call, ROLE_ASSESSOR);
	return store_outbox_list(call, &found, list, notices, count);
}

enum skd_outcome outbox_tidy(struct skd_call *call)
{
	enum { BATCH = 5000, LEAST_MS = 10000 };
	int64_t swept = BATCH;
	TRY(pool_borrow(call->house->jobs, call));
	while (swept == BATCH && call_time_left(call) > LEAST_MS)
		TRY(store_outbox_sweep(call, call->house->outbox_keep, BATCH, &swept));
	return SKD_OK;
}
