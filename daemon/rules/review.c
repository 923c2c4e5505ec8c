/* SPDX-License-Identifier: Apache-2.0
 * Reviews. The people are held first, then the submission, then the review: as whoever decides about a submission, withdraws
 * or erases it does. */
#include "rules/review.h"

#include "rules/achievement.h"
#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/detail.h"
#include "rules/house.h"
#include "rules/looks.h"
#include "rules/offer.h"
#include "rules/person.h"
#include "rules/scoring.h"
#include "rules/submission.h"
#include "store/assessment.h"
#include "store/human.h"

#include <string.h>

static const char *const verdict_words[] = {"decline", "return", "approve", NULL};

static bool is_state(const struct store_review *review, const char *state)
{
	return strcmp(review->state, state) == 0;
}

static bool is_own(const struct skd_call *call, const struct store_review *review)
{
	return review->assessor_id && actor_is(call, review->assessor_id);
}

/* ---- reading ---- */

enum skd_outcome review_get(struct skd_call *call, const char *id, struct store_review *review, struct store_review_sheet *sheet)
{
	struct sight sight = sight_for(call, SIGHT_REVIEWS);
	struct store_review_sheet whole = {0};
	*sheet = whole;
	TRY(store_review_get(call, &sight, id, review));
	if (review->mine || sight.everyone)
		TRY(store_review_sheet(call, id, &whole));
	if (review->mine)
		*sheet = whole;
	sheet->past = sight.everyone && review->told ? whole.past : NULL;
	return SKD_OK;
}

enum skd_outcome review_list(struct skd_call *call, const struct store_review_filter *filter, struct list *list,
			     struct store_review **reviews, size_t *count)
{
	struct sight sight = sight_for(call, SIGHT_REVIEWS);
	TRY(achievement_must_exist(call, "achievement", filter->achievement));
	return store_review_list(call, &sight, filter, list, reviews, count);
}

enum skd_outcome review_told(struct skd_call *call, const char *submission_id, struct store_told **told, size_t *count)
{
	struct sight sight = sight_for(call, SIGHT_REVIEWS);
	struct store_reader reader;
	struct store_submission submission;
	TRY(store_reader_find(call, &sight, submission_id, &reader));
	if (!reader.own && !reader.owner && !reader.assessor) {
		TRY(submission_get(call, submission_id, &submission));
		return fail(call, SKD_DENIED, "what was said of it is for its owner, the assessors, and whose the achievement is");
	}
	if (!reader.assessor) /* who judges is not named to who is judged */
		looks_add(call, reader.person_id, "reviews");
	return store_told_list(call, sight.self, &reader, submission_id, told, count);
}

/* ---- steps ---- */

/* The holder's entry and the actor's stay whose they are; in the order of their ids. */
static enum skd_outcome people_hold(struct skd_call *call, const char *entry, const char **self)
{
	const char *own = call->actor->entry_id, *human;
	bool first = strcmp(own, entry) < 0;
	if (!first)
		TRY(store_human_hold(call, entry, &human));
	TRY(store_human_hold(call, own, self));
	return first ? store_human_hold(call, entry, &human) : SKD_OK;
}

/* Whoever's it is; `self` is the actor's human then. */
static enum skd_outcome review_hold(struct skd_call *call, const char *id, struct store_review *review,
				    struct store_submission *submission, const char **self)
{
	const struct sight all = {.everyone = true};
	if (!call->actor->person_id)
		return fail(call, SKD_DENIED, "reviews are done by people of the directory, and this account is none");
	TRY(store_review_get(call, &all, id, review));
	TRY(store_submission_find(call, review->submission_id, submission));
	TRY(people_hold(call, submission->entry_id, self));
	TRY(store_submission_lock(call, submission));
	return store_review_lock(call, review);
}

/* 404 for who does not see it; otherwise they see it and it is not for them. */
static enum skd_outcome not_theirs(struct skd_call *call, const char *id)
{
	struct sight sight = sight_for(call, SIGHT_REVIEWS);
	struct store_review review;
	struct store_able able;
	enum skd_outcome outcome = store_review_get(call, &sight, id, &review);
	if (outcome != SKD_ABSENT || !call->actor->person_id)
		return outcome != SKD_OK ? outcome : fail(call, SKD_DENIED, "this is not yours to judge");
	TRY(store_review_able(call, id, call->actor->person_id, &able));
	if (!able.had)
		return outcome;
	call_forgive(call);
	return fail(call, SKD_CLASH, "the review is not yours any more: it was released, handed on or withdrawn");
}

enum skd_outcome review_own(struct skd_call *call, const char *id, struct store_review *review)
{
	struct sight sight = sight_for(call, SIGHT_REVIEWS);
	enum skd_outcome outcome = store_review_get(call, &sight, id, review);
	if (outcome == SKD_ABSENT || (outcome == SKD_OK && !review->mine)) {
		call_forgive(call);
		return not_theirs(call, id);
	}
	TRY(outcome);
	return is_state(review, "claimed") ? SKD_OK
	       : is_state(review, "open")  ? fail(call, SKD_CLASH, "claim the review first")
					   : fail(call, SKD_CLASH, "the review is done");
}

static enum skd_outcome told(struct skd_call *call, const char *action, const char *id, const char *detail, struct store_review *review)
{
	struct sight sight = sight_for(call, SIGHT_REVIEWS);
	TRY(audit_done(call, action, "review", id, detail));
	return store_review_get(call, &sight, id, review);
}

/* The actor's own that is claimed, in the version that was read. */
static enum skd_outcome step_begin(struct skd_call *call, const struct store_review *read, struct store_review *review,
				   struct store_submission *submission)
{
	const char *self;
	long version = read->version;
	TRY(review_own(call, read->id, review));
	TRY(review_hold(call, read->id, review, submission, &self));
	if (!is_own(call, review) || !is_state(review, "claimed"))
		return fail(call, SKD_CLASH, "the review is not yours any more: it was released, handed on or withdrawn");
	return review->version == version ? SKD_OK
					  : fail(call, SKD_STALE, "the review was changed since you read it: read it again");
}

static enum skd_outcome claim_check(struct skd_call *call, const struct store_review *review, const char *self)
{
	struct store_able able;
	TRY(store_review_able(call, review->id, self, &able));
	if (!able.able)
		return not_theirs(call, review->id);
	if (is_state(review, "claimed"))
		return fail(call, SKD_CLASH, "somebody else has claimed the review");
	if (!is_state(review, "open"))
		return fail(call, SKD_CLASH, "the review is %s", review->state);
	return !review->offered_to_id || strcmp(review->offered_to_id, self) == 0
		       ? SKD_OK
		       : fail(call, SKD_CLASH, "the review is somebody else's turn for now");
}

enum skd_outcome review_claim(struct skd_call *call, const char *id, struct store_review *review)
{
	struct store_submission submission;
	const char *self;
	TRY(review_hold(call, id, review, &submission, &self));
	if (is_own(call, review) && is_state(review, "claimed")) {
		TRY(store_review_save(call, review, call->house->assessment_lease));
		return told(call, "review.claim", id, NULL, review);
	}
	TRY(claim_check(call, review, self));
	TRY(submission_begin_review(call, submission.id));
	TRY(store_review_claim(call, id, self, call->actor->entry_id, call->house->assessment_lease));
	return told(call, "review.claim", id, NULL, review);
}

enum skd_outcome review_release(struct skd_call *call, const struct store_review *read)
{
	struct store_submission submission;
	struct store_review review;
	TRY(step_begin(call, read, &review, &submission));
	TRY(store_review_free(call, review.id, "released"));
	TRY(review_offer(call, review.id, submission.id, review.round));
	return audit_done(call, "review.release", "review", review.id, NULL);
}

enum skd_outcome review_save(struct skd_call *call, const struct score_change *changes, size_t count, struct score_text comment,
			     struct store_review *review)
{
	struct scoring scoring;
	struct store_review now;
	TRY(review_own(call, review->id, &now));
	if (now.version != review->version)
		return fail(call, SKD_STALE, "the review was changed since you read it: read it again");
	TRY(scoring_of(call, now.achievement_id, now.number, now.renews, &scoring));
	TRY(scores_merge(call, &scoring, now.scores, changes, count, &now.scores));
	if (comment.given)
		now.comment = comment.text;
	TRY(store_review_save(call, &now, call->house->assessment_lease));
	TRY(audit_note(call, "review.set", "ok", "review", now.id, NULL));
	struct sight sight = sight_for(call, SIGHT_REVIEWS);
	return store_review_get(call, &sight, now.id, review);
}

/* ---- deciding ---- */

static enum verdict verdict_of(const char *word)
{
	size_t i = 0;
	while (verdict_words[i + 1] && strcmp(verdict_words[i], word) != 0)
		i++;
	return (enum verdict)i;
}

static enum skd_outcome decide_check(struct skd_call *call, const struct scoring *scoring, struct store_review *review)
{
	size_t *levels;
	TRY(scores_levels(call, scoring, review->scores, &levels));
	review->points = verdict_points(&scoring->rubric, levels);
	bool approves = verdict_of(review->verdict) == VERDICT_APPROVE;
	if (approves && !verdict_passes(&scoring->rubric, levels))
		return fail_field(call, "/verdict", "cannot be approve: the scores are below the minimum");
	return approves || review->comment ? SKD_OK : fail_field(call, "/comment", "must say why");
}

/* What all of the round have said; `done`: all of it. */
static enum skd_outcome scores_of(struct skd_call *call, const struct scoring *scoring, const struct store_said *said, size_t count,
				  struct verdict_score **scores, bool *done)
{
	size_t *levels;
	*done = true;
	*scores = talloc_zero_array(call, struct verdict_score, count + 1);
	for (size_t i = 0; i < count && *done; i++) {
		*done = strcmp(said[i].state, "done") == 0;
		if (!*done)
			return SKD_OK;
		TRY(scores_levels(call, scoring, said[i].scores, &levels));
		(*scores)[i] = (struct verdict_score){levels, verdict_of(said[i].verdict)};
	}
	return SKD_OK;
}

/* One more place, as those that there are do not settle it. */
static enum skd_outcome one_more(struct skd_call *call, const struct store_submission *submission)
{
	const char *const *ids;
	size_t count;
	TRY(store_review_add(call, submission->id, 1, &ids, &count));
	TRY(review_offer(call, ids[0], submission->id, submission->round));
	return audit_done(call, "submission.call_third", "submission", submission->id, detail_of(call, "review", ids[0], NULL));
}

static enum skd_outcome settle(struct skd_call *call, const struct scoring *scoring, const struct store_submission *submission)
{
	static const enum submission_verdict ends[] = {
		[VERDICT_DECLINE] = SUBMISSION_DECLINE, [VERDICT_RETURN] = SUBMISSION_RETURN, [VERDICT_APPROVE] = SUBMISSION_APPROVE};
	size_t count, *levels = talloc_zero_array(call, size_t, scoring->rubric.count + 1);
	struct store_said *said;
	struct verdict_score *scores;
	enum verdict verdict;
	const char *feedback;
	bool done;
	TRY(store_review_said(call, submission->id, &said, &count));
	TRY(scores_of(call, scoring, said, count, &scores, &done));
	if (!done)
		return SKD_OK;
	if (!verdict_settle(&scoring->rubric, scores, count, &verdict, levels))
		return one_more(call, submission);
	TRY(scores_feedback(call, scoring, said, count, &feedback));
	return submission_decide(call, submission->id, ends[verdict], scores_results(call, scoring, levels), feedback);
}

enum skd_outcome review_decide(struct skd_call *call, const char *verdict, const char *comment, struct store_review *read)
{
	struct store_submission submission;
	struct store_review review;
	struct scoring scoring;
	struct store_able able;
	TRY(step_begin(call, read, &review, &submission));
	TRY(store_review_able(call, review.id, review.assessor_id, &able));
	if (!able.able)
		return fail(call, SKD_CLASH, "you may not judge this any more");
	TRY(scoring_of(call, submission.achievement_id, submission.number, submission.renews, &scoring));
	review.verdict = verdict;
	review.comment = comment ? comment : review.comment;
	TRY(decide_check(call, &scoring, &review));
	TRY(store_review_done(call, &review));
	TRY(settle(call, &scoring, &submission));
	return told(call, "review.decide", review.id, detail_of(call, "verdict", verdict, NULL), read);
}

/* ---- for submissions ---- */

enum skd_outcome review_open(struct skd_call *call, const char *submission_id)
{
	struct store_submission submission;
	struct store_assessment assessment;
	const char *const *ids;
	size_t count;
	TRY(store_submission_find(call, submission_id, &submission));
	TRY(store_assessment_get(call, submission.achievement_id, submission.number, submission.renews, &assessment));
	TRY(review_groups_put(call, submission.achievement_id, submission.number));
	TRY(store_review_add(call, submission_id, assessment.assessors, &ids, &count));
	for (size_t i = 0; i < count; i++)
		TRY(review_offer(call, ids[i], submission_id, submission.round));
	return SKD_OK;
}

enum skd_outcome review_close(struct skd_call *call, const char *submission_id)
{
	return store_review_close(call, submission_id, "withdrawn");
}
