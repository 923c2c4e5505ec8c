/* SPDX-License-Identifier: Apache-2.0
 * Turns, and the clock of reviews. Whoever changes hands is found first; then the submission is held, and it is looked at
 * again. */
#include "rules/offer.h"

#include "base/log.h"
#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/detail.h"
#include "rules/group.h"
#include "rules/house.h"
#include "rules/outbox.h"
#include "rules/work.h"
#include "store/assessment.h"
#include "store/review.h"
#include "store/submission.h"

#include <string.h>

enum { AT_ONCE = 100, LEAST_MS = 5000 };

static enum skd_outcome nobody_said(struct skd_call *call, const char *submission_id, long round)
{
	const struct store_notice notice = {.kind = "submission.unassignable", .noun = "submission", .object = submission_id,
					    .key = talloc_asprintf(call, "submission.unassignable %s %ld", submission_id, round)};
	return outbox_add(call, &notice);
}

enum skd_outcome review_offer(struct skd_call *call, const char *review_id, const char *submission_id, long round)
{
	const char *person;
	bool any;
	TRY(store_offer_begin(call));
	TRY(store_offer_next(call, review_id, &person, &any));
	if (!any)
		return nobody_said(call, submission_id, round);
	if (!person)
		return SKD_OK;
	const struct store_notice notice = {.kind = "review.offered", .noun = "review", .object = review_id, .person_id = person};
	TRY(store_offer_make(call, review_id, person, call->house->assessment_lease));
	TRY(outbox_add(call, &notice));
	return audit_done(call, "review.offer", "review", review_id, detail_of(call, "person", person, NULL));
}

/* ---- groups ---- */

enum skd_outcome review_groups_put(struct skd_call *call, const char *achievement_id, int64_t number)
{
	struct store_assessment assessment;
	const char **sources, **keys;
	size_t count;
	TRY(store_assessment_get(call, achievement_id, number, false, &assessment));
	group_keys(call, assessment.groups, assessment.group_count, &sources, &keys, &count);
	return store_assessor_groups_put(call, achievement_id, number, count, sources, keys);
}

enum skd_outcome review_settle(struct skd_call *call)
{
	struct store_assessed *versions;
	size_t count;
	TRY(store_assessed_list(call, &versions, &count));
	for (size_t i = 0; i < count; i++)
		TRY(review_groups_put(call, versions[i].achievement_id, versions[i].number));
	return SKD_OK;
}

/* ---- the clock ---- */

static enum skd_outcome taken_away(struct skd_call *call, const struct store_turn *turn)
{
	const struct store_notice notice = {.kind = "review.handed_on", .noun = "review", .object = turn->review_id,
					    .person_id = turn->person_id, .detail = detail_of(call, "why", turn->why, NULL)};
	TRY(store_review_free(call, turn->review_id, turn->why));
	TRY(outbox_add(call, &notice));
	return audit_done(call, "review.hand_on", "review", turn->review_id,
			  detail_of(call, "person", turn->person_id, "why", turn->why, NULL));
}

static enum skd_outcome hand_on(struct skd_call *call, const struct store_turn *found)
{
	struct store_submission submission = {.id = found->submission_id};
	struct store_review review = {.id = found->review_id};
	struct store_turn *turn;
	size_t count;
	TRY(tx_begin(call));
	TRY(actor_be_rule(call));
	TRY(store_submission_lock(call, &submission));
	TRY(store_review_lock(call, &review));
	TRY(store_offer_due(call, found->review_id, 1, &turn, &count));
	if (count && turn->why)
		TRY(taken_away(call, turn));
	if (count)
		TRY(review_offer(call, found->review_id, submission.id, submission.round));
	return tx_commit(call);
}

static enum skd_outcome turns_tidy(struct skd_call *call)
{
	struct store_turn *turns;
	size_t count = AT_ONCE;
	bool went = true;
	while (count == AT_ONCE && went && call_time_left(call) > LEAST_MS) {
		TRY(store_offer_due(call, NULL, AT_ONCE, &turns, &count));
		went = false;
		for (size_t i = 0; i < count && call_time_left(call) > LEAST_MS; i++)
			if (hand_on(call, &turns[i]) == SKD_OK) {
				went = true;
			} else { /* it is tried again with the next turn */
				log_line(SKD_WARNING, "review", "%s is not handed on: %s", turns[i].review_id, call->sentence);
				tx_rollback(call);
				call_forgive(call);
			}
	}
	return SKD_OK;
}

static enum skd_outcome remind(struct skd_call *call)
{
	struct store_reminder *reminders;
	size_t count;
	TRY(tx_begin(call));
	TRY(store_offer_remind(call, &reminders, &count));
	for (size_t i = 0; i < count; i++) {
		const struct store_reminder *r = &reminders[i];
		const struct store_notice notice = {
			.kind = talloc_asprintf(call, "review.%s", r->stage), .noun = "review", .object = r->review_id,
			.person_id = r->person_id,
			.key = talloc_asprintf(call, "review.%s %s %s", r->stage, r->review_id, r->person_id ? r->person_id : "nobody")};
		TRY(outbox_add(call, &notice));
	}
	return tx_commit(call);
}

enum skd_outcome review_tidy(struct skd_call *call)
{
	TRY(pool_borrow(call->house->jobs, call));
	TRY(turns_tidy(call));
	return remind(call);
}
