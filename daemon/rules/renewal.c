/* SPDX-License-Identifier: Apache-2.0
 * Reminders before credentials end, and renewing them. Of whom it is is held first, then the credential. */
#include "rules/renewal.h"

#include "rules/actor.h"
#include "rules/credential.h"
#include "rules/outbox.h"
#include "rules/rubric.h"
#include "rules/submission.h"
#include "rules/use.h"
#include "rules/work.h"
#include "store/human.h"
#include "store/renewal.h"

#include <string.h>

#define DAY_US 86400000000LL

static enum skd_outcome remind(struct skd_call *call, size_t i, int64_t most, int64_t *looked)
{
	const long *days = call->house->expiry_notice;
	TRY(tx_begin(call));
	TRY(store_expiry_say(call, days[i], i ? days[i - 1] : 0, most, looked));
	return tx_commit(call);
}

enum skd_outcome renewal_remind(struct skd_call *call)
{
	enum { BATCH = 5000, LEAST_MS = 10000 };
	TRY(pool_borrow(call->house->jobs, call));
	for (size_t i = 0; i < call->house->expiry_notice_count; i++) {
		int64_t looked = BATCH;
		while (looked == BATCH && call_time_left(call) > LEAST_MS)
			TRY(remind(call, i, BATCH, &looked));
	}
	return SKD_OK;
}

enum skd_outcome renewal_remind_again(struct skd_call *call, const struct store_credential *c, int64_t now)
{
	const struct house *house = call->house;
	char expires[TIME_SIZE];
	size_t i = 0;
	if (c->expires_at == TIME_NEVER)
		return SKD_OK;
	while (i < house->expiry_notice_count && c->expires_at > now + house->expiry_notice[i] * DAY_US)
		i++;
	if (i == house->expiry_notice_count || c->expires_at <= c->valid_from + house->expiry_notice[i] * DAY_US)
		return SKD_OK;
	time_format(c->expires_at, expires);
	const struct store_notice notice = {
		.kind = "credential.expires_soon", .noun = "credential", .object = c->id, .person_id = c->person_id,
		.key = talloc_asprintf(call, "credential.expires_soon %s %s %ld", c->id, expires, house->expiry_notice[i]),
		.detail = talloc_asprintf(call, "{\"days\":%ld}", house->expiry_notice[i])};
	return outbox_add(call, &notice);
}

/* ---- whether ---- */

static enum skd_outcome by_check(struct skd_call *call, const struct store_renewal *r, bool course)
{
	if (!r->by)
		return fail(call, SKD_CLASH, "its achievement is not renewed, but earned anew");
	if (course || strcmp(r->by, "course") != 0)
		return SKD_OK;
	return fail(call, SKD_CLASH, "it is renewed by %s, whose award is all that it takes", r->course ? r->course : "a course");
}

/* `at`: when what renews it was handed in or awarded. */
static enum skd_outcome time_check(struct skd_call *call, const struct store_renewal *r, int64_t at)
{
	char opens[TIME_SIZE];
	if (r->expires_at == TIME_NEVER)
		return fail(call, SKD_CLASH, "the credential does not expire");
	if (strcmp(r->state, "active") != 0)
		return fail(call, SKD_CLASH, "the credential is %s and cannot be renewed", r->state);
	if (at > r->closes_at)
		return fail(call, SKD_CLASH, "the credential expired too long ago: it is earned anew");
	time_format(r->opens_at, opens);
	return at >= r->opens_at ? SKD_OK : fail(call, SKD_CLASH, "the credential can be renewed from %s on", opens);
}

static enum skd_outcome look(struct skd_call *call, const char *credential_id, struct store_renewal *r)
{
	struct store_award_terms terms;
	TRY(store_renewal_get(call, credential_id, r));
	TRY(store_award_terms(call, r->achievement_id, &terms));
	TRY(credential_earnable(call, &terms));
	TRY(by_check(call, r, false));
	return time_check(call, r, terms.now);
}

static enum skd_outcome theirs(struct skd_call *call, const struct store_renewal *r, const struct store_submission *s)
{
	return strcmp(r->person_id, s->person_id) == 0 ? SKD_OK : fail(call, SKD_CLASH, "the credential is somebody else's now");
}

enum skd_outcome renewal_check(struct skd_call *call, const struct store_submission *s)
{
	struct store_renewal renewal;
	TRY(look(call, s->renews, &renewal));
	return theirs(call, &renewal, s);
}

enum skd_outcome renewal_begin(struct skd_call *call, const char *credential_id, bool *fresh, struct store_submission *s)
{
	struct store_credential credential;
	struct store_renewal renewal;
	struct store_submission made = {.renews = credential_id, .entry_id = call->actor->entry_id};
	TRY(credential_get(call, credential_id, &credential));
	if (!actor_is(call, credential.person_id))
		return fail(call, SKD_DENIED, "this is somebody else's credential");
	TRY(store_human_hold(call, made.entry_id, &made.person_id));
	TRY(look(call, credential_id, &renewal));
	made.achievement_id = renewal.achievement_id;
	made.number = renewal.number;
	return submission_add(call, &made, fresh, s);
}

/* ---- renewing ---- */

/* Results of the old one stay where they are such of the version. */
static enum skd_outcome results_keep(struct skd_call *call, const struct store_renewal *r, int64_t number, const char **results)
{
	*results = r->results;
	if (number == r->achievement_version)
		return SKD_OK;
	enum skd_outcome outcome = rubric_fits(call, r->achievement_id, number, r->results);
	if (outcome != SKD_BAD_INPUT)
		return outcome;
	call_forgive(call);
	*results = "[]";
	return SKD_OK;
}

/* All of the award but its evidence and results. The person is held; locks the credential. */
static enum skd_outcome award_make(struct skd_call *call, const char *credential_id, int64_t at, bool course, struct store_renewal *r,
				   struct store_award *award)
{
	struct store_award_terms terms;
	const char *state;
	TRY(store_credential_lock(call, credential_id, &state, &award->since));
	TRY(store_renewal_get(call, credential_id, r));
	TRY(store_award_terms(call, r->achievement_id, &terms));
	TRY(credential_earnable(call, &terms));
	TRY(by_check(call, r, course));
	TRY(time_check(call, r, at));
	*award = (struct store_award){
		.person_id = r->person_id, .entry_id = r->entry_id, .achievement_id = r->achievement_id, .version = r->number,
		.issued_at = r->issued_at, .valid_from = terms.now, .expires_at = TIME_NEVER, .evidence = r->evidence,
		.replaces = credential_id, .reason = "Renewed.", .since = award->since};
	int64_t from = (course ? at : terms.now) < r->expires_at ? r->expires_at : terms.now;
	if (terms.validity && !time_add_period(from, terms.validity, &award->expires_at))
		return fail(call, SKD_CLASH, "renewed it would leave the calendar");
	use_lapse(award, from, terms.lapse);
	return award->expires_at > terms.now ? SKD_OK : fail(call, SKD_CLASH, "renewed it would be over already");
}

enum skd_outcome renewal_approve(struct skd_call *call, const struct store_submission *s, const char *evidence, const char *results,
				 struct store_credential *credential)
{
	struct store_award award;
	struct store_renewal renewal;
	struct skd_result *got;
	size_t count;
	TRY(award_make(call, s->renews, s->submitted_at, false, &renewal, &award));
	TRY(theirs(call, &renewal, s));
	award.version = s->number;
	award.evidence = evidence;
	TRY(store_rubric_results(call, results, &got, &count));
	if (count)
		TRY(rubric_awarded(call, s->achievement_id, s->number, got, count, &award.results));
	else
		TRY(results_keep(call, &renewal, s->number, &award.results));
	return credential_take_place(call, &award, "credential.renewed", "credential.renew", credential);
}

/* ---- by a course ---- */

static enum skd_outcome course_renew(struct skd_call *call, const struct store_award_news *course, const char *credential_id)
{
	struct store_award award;
	struct store_renewal renewal;
	struct store_credential credential;
	enum skd_outcome outcome = award_make(call, credential_id, course->issued_at, true, &renewal, &award);
	if (outcome == SKD_CLASH) { /* it was turned or renewed meanwhile, or the achievement is archived */
		call_forgive(call);
		return SKD_OK;
	}
	TRY(outcome);
	TRY(results_keep(call, &renewal, award.version, &award.results));
	return credential_take_place(call, &award, "credential.renewed", "credential.renew", &credential);
}

enum skd_outcome renewal_by_award(struct skd_call *call, const struct store_award_news *news)
{
	const char *const *ids;
	size_t count;
	TRY(store_course_renews(call, news->id, &ids, &count));
	for (size_t i = 0; i < count; i++)
		TRY(course_renew(call, news, ids[i]));
	return SKD_OK;
}
