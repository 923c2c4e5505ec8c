/* SPDX-License-Identifier: Apache-2.0
 * Credentials: issue, show, replace, revoke, suspend, reinstate. */
#include "rules/credential.h"

#include "base/json.h"
#include "rules/achievement.h"
#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/badge.h"
#include "rules/detail.h"
#include "rules/issuer.h"
#include "rules/looks.h"
#include "rules/outbox.h"
#include "rules/person.h"
#include "rules/renewal.h"
#include "rules/rubric.h"
#include "rules/use.h"
#include "store/bulk.h"
#include "store/human.h"
#include "store/status.h"

#include <string.h>

/* For its holder, and for who issued it. */
static enum skd_outcome notice(struct skd_call *call, const char *kind, const char *id, const char *person_id,
			       const char *detail)
{
	const struct store_notice notice = {
		.kind = kind, .noun = "credential", .object = id, .person_id = person_id, .detail = detail};
	return outbox_add(call, &notice);
}

static enum skd_outcome order_person(struct skd_call *call, const struct store_award_person *whom)
{
	struct store_person person = {.absent_since = whom->absent_since};
	const struct sight all = {.everyone = true};
	if (whom->many)
		return fail_field(call, "/person", "more than one person is called so: use the id");
	if (!whom->entry_id)
		return fail_field(call, "/person", "there is no such person");
	if (strcmp(whom->entry_id, whom->person_id) != 0)
		TRY(store_person_get(call, &all, whom->person_id, &person));
	return person.absent_since == TIME_NEVER ? SKD_OK : fail_field(call, "/person", "has left");
}

static int64_t time_or(int64_t said, int64_t otherwise)
{
	return said == TIME_UNSET ? otherwise : said;
}

enum skd_outcome credential_times(struct skd_call *call, const struct credential_order *order,
				  const struct store_award_terms *terms, struct store_award *award)
{
	const char *validity = terms->validity;
	int64_t now = terms->now;
	award->issued_at = time_or(order->issued_at, now);
	award->valid_from = time_or(order->valid_from, award->issued_at);
	award->expires_at = time_or(order->expires_at, TIME_NEVER);
	if (award->issued_at > now)
		return fail_field(call, "/issued_at", "must not be in the future");
	if (order->expires_at == TIME_UNSET && validity && !time_add_period(award->valid_from, validity, &award->expires_at))
		return fail_field(call, "/valid_from", "leaves the calendar with a validity of %s", validity);
	if (award->expires_at <= award->valid_from)
		return fail_field(call, "/expires_at", "must be later than valid_from");
	use_lapse(award, award->valid_from, terms->lapse);
	return SKD_OK;
}

/* Whether it can be earned now. */
static enum skd_outcome terms_stand(struct skd_call *call, const struct store_award_terms *terms, const char *at)
{
	if (!terms->state)
		return fail_field(call, at, "there is no such achievement");
	if (strcmp(terms->state, "published") != 0)
		return fail(call, SKD_CLASH, "the achievement is not published");
	return SKD_OK;
}

static enum skd_outcome issuer_stands(struct skd_call *call, const struct store_award_terms *terms)
{
	return terms->active || terms->own ? SKD_OK : fail(call, SKD_CLASH, "the issuer is archived and issues no more");
}

enum skd_outcome credential_earnable(struct skd_call *call, const struct store_award_terms *terms)
{
	TRY(terms_stand(call, terms, "/achievement"));
	return issuer_stands(call, terms);
}

/* And whether it is the actor's to give. */
static enum skd_outcome terms_allow(struct skd_call *call, const struct store_award_terms *terms, const char *at)
{
	TRY(terms_stand(call, terms, at));
	if (terms->sandbox)
		return issuer_stands(call, terms);
	if (!actor_has(call, ROLE_ISSUER))
		return fail(call, SKD_DENIED, "without the role issuer one issues to oneself, and only achievements of an issuer that is"
					      " a sandbox, which this one's is not");
	return terms->own ? SKD_OK : issuer_may_issue(call, terms->issuer_id, true);
}

enum skd_outcome credential_to(struct skd_call *call, const struct store_award_terms *terms, const char *person_id)
{
	return !terms->sandbox || actor_is(call, person_id)
		       ? SKD_OK
		       : fail(call, SKD_DENIED, "for a test people issue to themselves, and to nobody else");
}

enum skd_outcome credential_terms(struct skd_call *call, const char *achievement, const char *at,
				  struct store_award_terms *terms)
{
	enum skd_outcome outcome = store_award_terms(call, achievement, terms);
	if (outcome == SKD_ABSENT)
		call_forgive(call);
	else
		TRY(outcome);
	return terms_allow(call, terms, at);
}

/* By a mail address, or an id of the directory. */
static enum skd_outcome order_other_name(struct skd_call *call, const char *ref, struct store_award_person *whom)
{
	struct store_meant meant;
	TRY(store_people_meant(call, 1, &ref, &meant));
	if (meant.entry_id)
		TRY(store_people_hold(call, 1, &meant));
	*whom = (struct store_award_person){meant.human_id ? meant.entry_id : NULL, meant.human_id, TIME_NEVER, meant.many};
	return SKD_OK;
}

/* To whom, who is here, and what goes for what. */
static enum skd_outcome order_find(struct skd_call *call, const char *ref, const struct credential_order *order,
				   struct store_award *award, struct store_award_terms *terms)
{
	struct store_award_person whom;
	enum skd_outcome outcome = store_award_order(call, ref, order->achievement, &whom, terms);
	if (outcome == SKD_ABSENT)
		call_forgive(call);
	else
		TRY(outcome);
	if (!whom.entry_id)
		TRY(order_other_name(call, ref, &whom));
	TRY(order_person(call, &whom));
	award->entry_id = whom.entry_id;
	award->person_id = whom.person_id;
	return SKD_OK;
}

static enum skd_outcome order_read(struct skd_call *call, const struct credential_order *order, struct store_award *award)
{
	struct store_award_terms terms;
	const char *ref = order->person ? order->person : call->actor->person_id;
	if (!ref)
		return fail(call, SKD_DENIED, "this account is no person of the directory");
	TRY(order_find(call, ref, order, award, &terms));
	TRY(terms_allow(call, &terms, "/achievement"));
	TRY(credential_to(call, &terms, award->person_id));
	award->version = terms.version;
	TRY(rubric_awarded(call, order->achievement, terms.version, order->results, order->result_count, &award->results));
	return credential_times(call, order, &terms, award);
}

static const char issued_kind[] = "credential.issued";

struct store_notice credential_issued(const char *id, const struct store_award *award)
{
	return (struct store_notice){.kind = issued_kind, .noun = "credential", .object = id, .person_id = award->person_id,
				     .due_at = award->valid_from};
}

static enum skd_outcome order_write(struct skd_call *call, const struct store_award *award, const char *detail,
				    struct store_credential *credential)
{
	TRY(store_credential_add(call, award, call->actor->account_id, audit_account(call)));
	TRY(badge_begin(call, award->id));
	TRY(badge_issue(call, award->id, credential));
	const struct store_notice issued = credential_issued(award->id, award);
	TRY(outbox_add(call, &issued));
	return audit_done(call, "credential.issue", "credential", award->id, detail);
}

enum skd_outcome credential_issue(struct skd_call *call, const struct credential_order *order,
				  struct store_credential *credential)
{
	char id[UUID_SIZE];
	struct store_award award = {.id = id, .achievement_id = order->achievement, .evidence = order->evidence, .since = TIME_NEVER};
	uuid_new(id);
	TRY(order_read(call, order, &award));
	return order_write(call, &award, NULL, credential);
}

enum skd_outcome credential_award(struct skd_call *call, const struct credential_order *order, int64_t version,
				  const char *detail, struct store_credential *credential)
{
	char id[UUID_SIZE];
	struct store_award award = {.id = id, .achievement_id = order->achievement, .evidence = order->evidence, .since = TIME_NEVER};
	struct store_award_terms terms;
	uuid_new(id);
	TRY(order_find(call, order->person, order, &award, &terms));
	TRY(credential_earnable(call, &terms));
	award.version = version ? version : terms.version;
	TRY(rubric_awarded(call, order->achievement, award.version, order->results, order->result_count, &award.results));
	TRY(credential_times(call, order, &terms, &award));
	return order_write(call, &award, detail, credential);
}

struct sight credential_sight(const struct skd_call *call)
{
	return sight_for(call, SIGHT_CREDENTIALS);
}

enum skd_outcome credential_get(struct skd_call *call, const char *id, struct store_credential *credential)
{
	return credential_get_then(call, id, NULL, credential);
}

enum skd_outcome credential_get_then(struct skd_call *call, const char *id, const struct store_moment *then,
				     struct store_credential *credential)
{
	struct sight sight = credential_sight(call);
	return store_credential_get(call, &sight, id, then, credential);
}

enum skd_outcome credential_list(struct skd_call *call, const struct store_credential_filter *filter,
				 struct list *list, struct store_credential **credentials, size_t *count)
{
	struct sight sight = credential_sight(call);
	struct store_credential_filter found = *filter;
	TRY(person_pick(call, &sight, "person", filter->person, &found.person));
	TRY(achievement_must_exist(call, "achievement", filter->achievement));
	TRY(issuer_must_exist(call, "issuer", filter->issuer));
	TRY(unit_must_exist(call, "unit", filter->unit));
	looks_add(call, found.person, "credentials");
	return store_credential_list(call, &sight, &found, list, credentials, count);
}

enum skd_outcome credential_events(struct skd_call *call, const char *id, struct store_event **events, size_t *count)
{
	struct store_credential credential;
	TRY(credential_get(call, id, &credential));
	looks_add(call, credential.person_id, "credentials");
	return store_credential_events(call, id, events, count);
}

/* ---- what its holder says ---- */

static const char *show_said(struct skd_call *call, const struct store_credential *c)
{
	struct text text;
	struct json json;
	text_begin(&text, call, 128);
	json_begin(&json, &text);
	put_object(&json, NULL);
	put_string(&json, "visibility", c->visibility);
	put_string(&json, "response", c->response);
	if (c->shown_evidence)
		put_raw(&json, "shown_evidence", c->shown_evidence, strlen(c->shown_evidence));
	put_object_end(&json);
	return text_end(&text);
}

/* Under the lock, so that it is the word on the one that is replaced, or comes too late. */
enum skd_outcome credential_show(struct skd_call *call, struct store_credential *credential)
{
	struct store_credential old;
	const char *state;
	int64_t now;
	TRY(credential_get(call, credential->id, &old));
	if (!actor_is(call, old.person_id))
		return fail(call, SKD_DENIED, "this is somebody else's credential");
	TRY(store_credential_lock(call, old.id, &state, &now));
	TRY(badge_begin(call, old.id));
	const char *said = show_said(call, credential);
	TRY(store_credential_show(call, credential, said, audit_account(call), call->actor->account_id, now));
	TRY(audit_done(call, "credential.show", "credential", old.id, said));
	TRY(credential_get(call, old.id, credential));
	if (strcmp(old.response, credential->response) != 0)
		TRY(notice(call, talloc_asprintf(call, "credential.%s", credential->response), old.id, old.person_id, NULL));
	if (strcmp(old.visibility, credential->visibility) != 0 || !string_same(old.shown_evidence, credential->shown_evidence))
		TRY(notice(call, "credential.shown", old.id, old.person_id, said));
	return SKD_OK;
}

enum skd_outcome credential_opened(struct skd_call *call, const char *person_id, const char *state, struct list *list,
				   struct store_person *person, struct store_credential **credentials, size_t *count)
{
	const struct sight all = {.everyone = true};
	TRY(store_person_get(call, &all, person_id, person));
	if (person->human_id)
		TRY(store_person_get(call, &all, person->human_id, person));
	if (person->absent_since != TIME_NEVER)
		return fail(call, SKD_ABSENT, "there is no such person");
	const struct store_credential_filter filter = {.person = person->id, .state = state, .opened = true};
	return store_credential_list(call, &all, &filter, list, credentials, count);
}

/* ---- replacing ---- */

/* A badge that is dated later is the newer one, and so what still runs begins anew; but what is over has been when it was.
 * `now` is the transaction's own, so that what begins with it has begun for those who read in it. */
static enum skd_outcome correction_times(struct skd_call *call, const struct credential_correction *correction,
					 const struct store_credential *old, int64_t now, struct store_award *award)
{
	bool runs = old->valid_from < now && now < old->expires_at;
	award->valid_from = time_or(correction->valid_from, runs ? now : old->valid_from);
	award->expires_at = time_or(correction->expires_at, old->expires_at);
	award->lapses = old->lapses;
	award->lasts_until = time_or(correction->expires_at, old->lasts_until);
	return award->expires_at > award->valid_from
		       ? SKD_OK
		       : fail_field(call, "/expires_at", "must be later than valid_from");
}

static enum skd_outcome correction_version(struct skd_call *call, const struct credential_correction *correction,
					   const struct store_credential *old, struct store_award *award)
{
	struct store_achievement version;
	award->version = correction->version ? correction->version : old->achievement_version;
	enum skd_outcome outcome = store_achievement_get(call, old->achievement_id, (long)award->version, false, &version);
	if (outcome == SKD_ABSENT) {
		call_forgive(call);
		return fail_field(call, "/achievement_version", "there is no such version that was published");
	}
	TRY(outcome);
	if (correction->results)
		return rubric_awarded(call, old->achievement_id, award->version, correction->results, correction->result_count,
				      &award->results);
	return award->version == old->achievement_version
		       ? SKD_OK
		       : rubric_fits(call, old->achievement_id, award->version, old->results);
}

/* The person first, as whoever issues to them or erases them does. */
static enum skd_outcome replace_lock(struct skd_call *call, const struct store_credential *old, struct store_award *award)
{
	const char *state;
	enum skd_outcome outcome = store_human_hold(call, old->entry_id, &award->person_id);
	if (outcome == SKD_ABSENT) {
		call_forgive(call);
		return fail(call, SKD_CLASH, "the person was erased");
	}
	TRY(outcome);
	TRY(store_credential_lock(call, old->id, &state, &award->since));
	return strcmp(state, "active") == 0 ? SKD_OK
					    : fail(call, SKD_CLASH, "the credential is %s and cannot be replaced", state);
}

/* Locks it, too. All of the award but its id. */
static enum skd_outcome replace_look(struct skd_call *call, const char *id, const struct credential_correction *correction,
				     struct store_award *award)
{
	struct store_credential old;
	struct store_award_terms terms;
	TRY(credential_get(call, id, &old));
	TRY(issuer_may_issue(call, old.issuer_id, false));
	*award = (struct store_award){.entry_id = old.entry_id, .achievement_id = old.achievement_id, .issued_at = old.issued_at,
				      .evidence = correction->evidence ? correction->evidence : old.evidence, .results = old.results,
				      .replaces = id, .reason = correction->reason};
	TRY(replace_lock(call, &old, award));
	TRY(store_award_terms(call, old.achievement_id, &terms));
	TRY(credential_to(call, &terms, award->person_id));
	TRY(correction_times(call, correction, &old, terms.now, award));
	return correction_version(call, correction, &old, award);
}

enum skd_outcome credential_may_replace(struct skd_call *call, const char *id, const struct credential_correction *correction)
{
	struct store_award award;
	return replace_look(call, id, correction, &award);
}

enum skd_outcome credential_take_place(struct skd_call *call, struct store_award *award, const char *told, const char *action,
				       struct store_credential *credential)
{
	const char *account = audit_account(call), *account_id = call->actor->account_id, *id = award->replaces;
	if (!award->id) {
		char *any = talloc_size(call, UUID_SIZE);
		uuid_new(any);
		award->id = any;
	}
	TRY(store_credential_add(call, award, account_id, account));
	TRY(store_credential_turn(call, id, "superseded", "superseded", account, account_id, award->reason, award->since));
	TRY(badge_begin(call, award->id));
	TRY(badge_issue(call, award->id, credential));
	TRY(store_status_set(call, id, "revocation", true));
	TRY(store_outbox_move(call, issued_kind, id, award->id, award->valid_from));
	if (told)
		TRY(notice(call, told, id, award->person_id, detail_of(call, "by", award->id, NULL)));
	TRY(audit_done(call, action, "credential", id, detail_of(call, "by", award->id, NULL)));
	return audit_done(call, "credential.issue", "credential", award->id, NULL);
}

enum skd_outcome credential_replace(struct skd_call *call, const char *id, const struct credential_correction *correction,
				    struct store_credential *credential)
{
	struct store_award award;
	TRY(replace_look(call, id, correction, &award));
	award.id = correction->id;
	TRY(credential_take_place(call, &award, correction->quiet ? NULL : "credential.replaced", "credential.replace", credential));
	return credential_get(call, award.id, credential);
}

/* ---- turning ---- */

static const struct turn_rule {
	const char *action, *kind, *to;
	const char *from; /* states it may come from */
	bool bad; /* shown so in the list of what is revoked: readers of badges look at no other */
} turn_rules[] = {
	[CREDENTIAL_REVOKE] = {"credential.revoke", "revoked", "revoked", "active suspended", true},
	[CREDENTIAL_SUSPEND] = {"credential.suspend", "suspended", "suspended", "active", true},
	[CREDENTIAL_REINSTATE] = {"credential.reinstate", "reinstated", "active", "suspended"},
};

/* Locks it, too. */
static enum skd_outcome turn_check(struct skd_call *call, const struct store_credential *credential, enum credential_turn turn,
				   int64_t *now)
{
	const struct turn_rule *rule = &turn_rules[turn];
	const char *state;
	TRY(store_credential_lock(call, credential->id, &state, now));
	if (turn != CREDENTIAL_REVOKE && strcmp(credential->state, "expired") == 0)
		return fail(call, SKD_CLASH, "the credential has expired");
	if (strcmp(rule->to, state) == 0 && turn != CREDENTIAL_REINSTATE)
		return fail(call, SKD_CLASH, "the credential is %s already", state);
	if (!strstr(rule->from, state))
		return fail(call, SKD_CLASH, "the credential is %s and cannot be %s", state, rule->kind);
	return SKD_OK;
}

static enum skd_outcome turn_look(struct skd_call *call, const char *id, enum credential_turn turn,
				  struct store_credential *credential, int64_t *now)
{
	TRY(credential_get(call, id, credential));
	TRY(issuer_may_issue(call, credential->issuer_id, false));
	return turn_check(call, credential, turn, now);
}

enum skd_outcome credential_may_turn(struct skd_call *call, const char *id, enum credential_turn turn)
{
	struct store_credential credential;
	int64_t now;
	return turn_look(call, id, turn, &credential, &now);
}

/* Nobody is told of the beginning of what does not begin: for now while it is suspended, and never once it is revoked. */
static enum skd_outcome issued_turn(struct skd_call *call, const struct store_credential *credential, enum credential_turn turn)
{
	return turn == CREDENTIAL_REVOKE
		       ? store_outbox_drop(call, issued_kind, credential->id)
		       : store_outbox_move(call, issued_kind, credential->id, credential->id,
					   turn == CREDENTIAL_SUSPEND ? TIME_NEVER : credential->valid_from);
}

static enum skd_outcome turn_write(struct skd_call *call, const struct store_credential *credential, enum credential_turn turn,
				   const char *reason, bool quiet, int64_t now)
{
	const struct turn_rule *rule = &turn_rules[turn];
	const char *id = credential->id;
	TRY(store_credential_turn(call, id, rule->to, rule->kind, audit_account(call), call->actor->account_id,
				  reason, now));
	TRY(store_status_set(call, id, "revocation", rule->bad));
	if (turn != CREDENTIAL_REVOKE)
		TRY(store_status_set(call, id, "suspension", rule->bad));
	TRY(issued_turn(call, credential, turn));
	if (turn == CREDENTIAL_REINSTATE)
		TRY(renewal_remind_again(call, credential, now));
	if (!quiet)
		TRY(notice(call, talloc_asprintf(call, "credential.%s", rule->kind), id, credential->person_id, NULL));
	return audit_done(call, rule->action, "credential", id, NULL);
}

enum skd_outcome credential_turn(struct skd_call *call, const char *id, enum credential_turn turn, const char *reason,
				 bool quiet, struct store_credential *credential)
{
	int64_t now;
	TRY(turn_look(call, id, turn, credential, &now));
	TRY(turn_write(call, credential, turn, reason, quiet, now));
	return credential_get(call, id, credential);
}

enum skd_outcome credential_turn_by_rule(struct skd_call *call, const char *id, enum credential_turn turn, const char *reason)
{
	const struct sight all = {.everyone = true};
	struct store_credential credential;
	int64_t now;
	TRY(store_credential_get(call, &all, id, NULL, &credential));
	TRY(turn_check(call, &credential, turn, &now));
	return turn_write(call, &credential, turn, reason, false, now);
}
