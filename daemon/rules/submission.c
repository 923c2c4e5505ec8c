/* SPDX-License-Identifier: Apache-2.0
 * Submissions. Of one the person is held first, then the row: as whoever issues to them or erases them does. */
#include "rules/submission.h"

#include "rules/achievement.h"
#include "rules/actor.h"
#include "rules/answer.h"
#include "rules/assessment.h"
#include "rules/audit.h"
#include "rules/claim.h"
#include "rules/credential.h"
#include "rules/detail.h"
#include "rules/looks.h"
#include "rules/outbox.h"
#include "rules/person.h"
#include "rules/renewal.h"
#include "rules/review.h"
#include "store/human.h"
#include "store/rubric.h"

#include <string.h>

/* ---- reading ---- */

enum skd_outcome submission_get(struct skd_call *call, const char *id, struct store_submission *submission)
{
	struct sight sight = sight_for(call, SIGHT_SUBMISSIONS);
	return store_submission_get(call, &sight, id, submission);
}

enum skd_outcome submission_list(struct skd_call *call, const struct store_submission_filter *asked, struct list *list,
				 struct store_submission **submissions, size_t *count)
{
	struct sight sight = sight_for(call, SIGHT_SUBMISSIONS);
	struct store_submission_filter filter = *asked;
	TRY(person_pick(call, &sight, "person", asked->person, &filter.person));
	TRY(achievement_must_exist(call, "achievement", filter.achievement));
	looks_add(call, filter.person, "submissions");
	return store_submission_list(call, &sight, &filter, list, submissions, count);
}

/* It, if it is the actor's own. */
static enum skd_outcome own(struct skd_call *call, const char *id, struct store_submission *submission)
{
	TRY(submission_get(call, id, submission));
	return actor_is(call, submission->person_id) ? SKD_OK : fail(call, SKD_DENIED, "this is somebody else's submission");
}

static enum skd_outcome may_follow(struct skd_call *call, const char *id)
{
	struct store_submission submission;
	TRY(submission_get(call, id, &submission));
	looks_add(call, submission.person_id, "submissions");
	return submission.shared || actor_is(call, submission.person_id)
		       ? SKD_OK
		       : fail(call, SKD_DENIED, "how it came to be is for those whom its owner shares it with");
}

enum skd_outcome submission_rounds(struct skd_call *call, const char *id, struct store_round **rounds, size_t *count)
{
	TRY(may_follow(call, id));
	return store_round_list(call, id, rounds, count);
}

enum skd_outcome submission_events(struct skd_call *call, const char *id, struct store_submission_event **events, size_t *count)
{
	TRY(may_follow(call, id));
	return store_submission_events(call, id, events, count);
}

/* ---- steps ---- */

/* The event, the notice for its owner, and what others follow. */
static enum skd_outcome told(struct skd_call *call, const struct store_submission *s, const char *kind, const char *action,
			     const char *detail)
{
	const struct store_notice notice = {.kind = talloc_asprintf(call, "submission.%s", kind), .noun = "submission",
					    .object = s->id, .person_id = s->person_id, .detail = detail};
	TRY(store_submission_event_add(call, s, kind, audit_account(call), call->actor->account_id));
	TRY(outbox_add(call, &notice));
	return audit_done(call, action, "submission", s->id, detail);
}

static const char *state_said(const struct store_submission *s)
{
	return strcmp(s->state, "in_review") == 0 ? "in review" : strcmp(s->state, "draft") == 0 ? "a draft" : s->state;
}

/* Its own, in one of these states: found, held and locked, with `version` as it was read. */
static enum skd_outcome step_begin(struct skd_call *call, const struct store_submission *read, const char *states,
				   const char *step, struct store_submission *s)
{
	long version = read->version;
	TRY(own(call, read->id, s));
	TRY(store_submission_lock(call, s));
	if (version && s->version != version)
		return fail(call, SKD_STALE, "the submission was changed since you read it: read it again");
	for (const char *at = states; (at = strstr(at, s->state)); at += strlen(s->state))
		if ((at == states || at[-1] == '|') && strchr("|", at[strlen(s->state)]))
			return SKD_OK;
	return fail(call, SKD_CLASH, "the submission is %s and cannot be %s", state_said(s), step);
}

enum skd_outcome submission_edit(struct skd_call *call, const char *id, long version, struct store_submission *s)
{
	struct store_submission read = {.id = id, .version = version};
	return step_begin(call, &read, "draft", "changed", s);
}

/* ---- beginning ---- */

static enum skd_outcome begin_check(struct skd_call *call, const char *achievement_id, struct store_submission *s)
{
	struct store_achievement achievement;
	TRY(absent_as_field(call, "/achievement", store_achievement_get(call, achievement_id, 0, false, &achievement)));
	if (strcmp(achievement.state, "published") != 0)
		return fail(call, SKD_CLASH, "the achievement is not published");
	if (!achievement.assessment)
		return fail(call, SKD_CLASH, "nothing can be handed in for this achievement");
	s->achievement_id = achievement.id;
	s->number = achievement.number;
	return SKD_OK;
}

static enum skd_outcome claim_check(struct skd_call *call, const char *claim_id)
{
	struct store_claim claim;
	if (!claim_id)
		return SKD_OK;
	TRY(absent_as_field(call, "/claim", claim_get(call, claim_id, &claim)));
	return actor_is(call, claim.person_id) ? SKD_OK : fail_field(call, "/claim", "is somebody else's claim");
}

enum skd_outcome submission_add(struct skd_call *call, struct store_submission *made, bool *fresh, struct store_submission *s)
{
	const char *id = NULL;
	while (!id) {
		TRY(store_submission_add(call, made, &id));
		*fresh = id;
		if (!id)
			TRY(store_submission_open(call, made->person_id, made->achievement_id, &id));
	}
	if (*fresh) {
		made->id = id;
		made->round = 1;
		TRY(store_submission_event_add(call, made, "begun", audit_account(call), call->actor->account_id));
		TRY(audit_done(call, "submission.begin", "submission", id, made->renews ? detail_of(call, "renews", made->renews, NULL) : NULL));
	}
	TRY(submission_get(call, id, s));
	return !made->renews || string_same(made->renews, s->renews)
		       ? SKD_OK
		       : fail(call, SKD_CLASH, "you have begun another submission for this achievement");
}

enum skd_outcome submission_begin(struct skd_call *call, const char *achievement_id, const char *claim_id, bool *fresh,
				  struct store_submission *s)
{
	struct store_submission made = {.entry_id = call->actor->entry_id, .claim_id = claim_id};
	if (!call->actor->person_id)
		return fail(call, SKD_DENIED, "submissions are made by people of the directory, and this account is none");
	TRY(store_human_hold(call, made.entry_id, &made.person_id));
	TRY(claim_check(call, claim_id));
	TRY(begin_check(call, achievement_id, &made));
	return submission_add(call, &made, fresh, s);
}

enum skd_outcome submission_of_claim(struct skd_call *call, const char *claim_id, const char *achievement_id, bool *fresh,
				     struct store_submission *s)
{
	struct store_claim claim;
	const char *const *ids;
	size_t count, i = 0;
	TRY(claim_get(call, claim_id, &claim));
	if (!actor_is(call, claim.person_id))
		return fail(call, SKD_DENIED, "this is somebody else's claim");
	TRY(store_claim_achievements(call, claim_id, &ids, &count));
	if (!achievement_id && !count)
		return fail(call, SKD_CLASH, "no achievement that can be handed in for proves %s at this level", claim.skill);
	if (!achievement_id && count > 1)
		return fail_field(call, "/achievement", "must be said: %zu achievements prove %s at this level", count, claim.skill);
	while (achievement_id && i < count && strcmp(ids[i], achievement_id) != 0)
		i++;
	if (i == count)
		return fail_field(call, "/achievement", "must be one that can be handed in for and proves %s at this level", claim.skill);
	return submission_begin(call, ids[i], claim_id, fresh, s);
}

/* ---- the owner's steps ---- */

enum skd_outcome submission_set(struct skd_call *call, const struct store_prompt_answer *changes, size_t count, struct store_submission *s)
{
	struct store_submission old;
	struct store_assessment assessment;
	bool shared = s->shared;
	TRY(step_begin(call, s, count ? "draft" : "draft|submitted|in_review|returned|approved|declined|withdrawn", "changed", &old));
	if (count) {
		TRY(store_assessment_get(call, old.achievement_id, old.number, old.renews, &assessment));
		TRY(answers_merge(call, &assessment, old.answers, changes, count, &old.answers));
	}
	bool said = old.shared != shared;
	old.shared = shared;
	TRY(store_submission_set(call, &old));
	if (said)
		TRY(store_submission_event_add(call, &old, shared ? "shared" : "unshared", audit_account(call), call->actor->account_id));
	TRY(audit_note(call, "submission.set", "ok", "submission", old.id, NULL));
	return submission_get(call, old.id, s);
}

/* With a quiz that was not passed nobody need look at the rest. */
static enum skd_outcome quiz_return(struct skd_call *call, struct store_submission *s, const char *failed)
{
	TRY(store_submission_lock(call, s));
	s->state = "returned";
	TRY(store_submission_turn(call, s, 0, true));
	TRY(store_round_close(call, s, "returned", failed));
	return told(call, s, "returned", "submission.return", NULL);
}

enum skd_outcome submission_submit(struct skd_call *call, struct store_submission *read)
{
	struct store_submission s;
	struct store_assessment assessment;
	struct store_award_terms terms;
	const char *quizzes, *failed;
	TRY(step_begin(call, read, "draft", "handed in", &s));
	TRY(store_award_terms(call, s.achievement_id, &terms));
	if (strcmp(terms.state, "published") != 0)
		return fail(call, SKD_CLASH, "the achievement is not published any more");
	if (s.renews)
		TRY(renewal_check(call, &s));
	TRY(store_assessment_get(call, s.achievement_id, s.number, s.renews, &assessment));
	TRY(answers_complete(call, &assessment, s.answers));
	TRY(answers_score(call, &assessment, s.answers, &quizzes, &failed));
	s.state = "submitted";
	TRY(store_submission_turn(call, &s, assessment.days, false));
	TRY(store_round_add(call, &s, quizzes));
	TRY(told(call, &s, "submitted", "submission.submit", NULL));
	if (failed)
		TRY(quiz_return(call, &s, failed));
	else
		TRY(review_open(call, s.id));
	return submission_get(call, s.id, read);
}

/* It is locked. */
static enum skd_outcome withdraw(struct skd_call *call, struct store_submission *s, const char *why)
{
	s->state = "withdrawn";
	TRY(store_submission_turn(call, s, 0, false));
	TRY(store_round_close(call, s, "withdrawn", why));
	TRY(review_close(call, s->id));
	return told(call, s, "withdrawn", "submission.withdraw", NULL);
}

enum skd_outcome submission_withdraw(struct skd_call *call, struct store_submission *read)
{
	struct store_submission s;
	TRY(step_begin(call, read, "draft|submitted|in_review|returned", "withdrawn", &s));
	TRY(withdraw(call, &s, NULL));
	return submission_get(call, s.id, read);
}

enum skd_outcome submission_reopen(struct skd_call *call, struct store_submission *read)
{
	struct store_submission s;
	const char *open = NULL;
	TRY(step_begin(call, read, "returned|withdrawn", "opened again", &s));
	if (strcmp(s.state, "withdrawn") == 0)
		TRY(store_submission_open(call, s.person_id, s.achievement_id, &open));
	if (open)
		return fail(call, SKD_CLASH, "you have begun another submission for this achievement");
	s.state = "draft";
	s.round = s.rounds + 1;
	TRY(store_submission_turn(call, &s, 0, false));
	TRY(store_submission_event_add(call, &s, "reopened", audit_account(call), call->actor->account_id));
	TRY(audit_done(call, "submission.reopen", "submission", s.id, NULL));
	return submission_get(call, s.id, read);
}

enum skd_outcome submission_drop(struct skd_call *call, const char *id, long version)
{
	struct store_submission s, read = {.id = id, .version = version};
	TRY(step_begin(call, &read, "draft", "deleted", &s));
	if (s.rounds)
		return fail(call, SKD_CLASH, "what was handed in once is withdrawn, not deleted");
	TRY(store_submission_drop(call, id, version));
	TRY(store_submission_event_add(call, &s, "deleted", audit_account(call), call->actor->account_id));
	return audit_done(call, "submission.drop", "submission", id, NULL);
}

/* ---- deciding ---- */

/* Whoever's it is. The person first, who for an approval must be here. */
static enum skd_outcome decide_lock(struct skd_call *call, const char *id, bool here, struct store_submission *s)
{
	const struct sight all = {.everyone = true};
	struct store_person person;
	const char *human;
	TRY(store_submission_find(call, id, s));
	enum skd_outcome outcome = store_human_hold(call, s->entry_id, &human);
	if (outcome == SKD_ABSENT) {
		call_forgive(call);
		return fail(call, SKD_CLASH, "the person was erased");
	}
	TRY(outcome);
	TRY(store_person_get(call, &all, human, &person));
	if (here && person.absent_since != TIME_NEVER)
		return fail(call, SKD_CLASH, "the person has left");
	return store_submission_lock(call, s);
}

static bool waits(const struct store_submission *s)
{
	return strcmp(s->state, "submitted") == 0 || strcmp(s->state, "in_review") == 0;
}

static enum skd_outcome award(struct skd_call *call, struct store_submission *s, const char *results)
{
	struct credential_order order = {s->entry_id, s->achievement_id, TIME_UNSET, TIME_UNSET, TIME_UNSET};
	struct store_assessment assessment;
	struct store_credential credential;
	struct store_file *files;
	struct skd_result *got;
	size_t count;
	TRY(store_assessment_get(call, s->achievement_id, s->number, s->renews, &assessment));
	TRY(store_file_list(call, s->id, &files, &count));
	TRY(answers_evidence(call, &assessment, s->answers, files, count, &order.evidence));
	if (s->renews) {
		TRY(renewal_approve(call, s, order.evidence, results, &credential));
		s->credential_id = credential.id;
		return SKD_OK;
	}
	TRY(store_rubric_results(call, results, &got, &order.result_count));
	order.results = got;
	TRY(credential_award(call, &order, s->number, detail_of(call, "submission", s->id, NULL), &credential));
	s->credential_id = credential.id;
	return SKD_OK;
}

enum skd_outcome submission_decide(struct skd_call *call, const char *id, enum submission_verdict verdict, const char *results,
				   const char *feedback)
{
	static const char *const outcomes[] = {"approved", "returned", "declined"};
	static const char *const actions[] = {"submission.approve", "submission.return", "submission.decline"};
	struct store_submission s;
	TRY(decide_lock(call, id, verdict == SUBMISSION_APPROVE, &s));
	if (!waits(&s))
		return fail(call, SKD_CLASH, "the submission is %s and waits for no decision", state_said(&s));
	if (verdict == SUBMISSION_APPROVE)
		TRY(award(call, &s, results));
	s.state = outcomes[verdict];
	TRY(store_submission_turn(call, &s, 0, true));
	TRY(store_round_close(call, &s, s.state, feedback));
	return told(call, &s, s.state, actions[verdict], s.credential_id ? detail_of(call, "credential", s.credential_id, NULL) : NULL);
}

enum skd_outcome submission_end(struct skd_call *call, const char *id)
{
	struct store_submission s;
	TRY(decide_lock(call, id, false, &s));
	return waits(&s) ? withdraw(call, &s, "The person has left.") : SKD_OK;
}

enum skd_outcome submission_begin_review(struct skd_call *call, const char *id)
{
	struct store_submission s;
	TRY(store_submission_find(call, id, &s));
	TRY(store_submission_lock(call, &s));
	if (strcmp(s.state, "in_review") == 0)
		return SKD_OK;
	if (!waits(&s))
		return fail(call, SKD_CLASH, "the submission is %s and waits for no review", state_said(&s));
	s.state = "in_review";
	TRY(store_submission_turn(call, &s, 0, false));
	TRY(store_submission_event_add(call, &s, "in_review", audit_account(call), call->actor->account_id));
	return audit_done(call, "submission.review", "submission", id, NULL);
}
