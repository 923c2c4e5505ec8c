/* SPDX-License-Identifier: Apache-2.0
 * Uses of credentials. */
#include "rules/use.h"

#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/badge.h"
#include "rules/credential.h"
#include "rules/detail.h"
#include "rules/issuer.h"
#include "rules/outbox.h"
#include "rules/person.h"
#include "store/human.h"

#include <string.h>

/* By their place above the holder, whatever else they are. */
static enum skd_outcome leads(struct skd_call *call, const struct store_credential *c, bool *leads)
{
	struct sight sight = sight_of(call);
	*leads = false;
	if (!sight.self)
		return SKD_OK;
	sight.everyone = sight.issued = false;
	return store_credential_seen(call, &sight, c->id, leads);
}

static enum skd_outcome may_say(struct skd_call *call, const struct store_credential *c)
{
	bool above;
	if (actor_is(call, c->person_id))
		return fail(call, SKD_DENIED, "that one's own is used is for others to say");
	if (actor_has(call, ROLE_HR))
		return SKD_OK;
	TRY(leads(call, c, &above));
	if (above)
		return SKD_OK;
	return actor_has(call, ROLE_ISSUER) ? issuer_may_issue(call, c->issuer_id, false)
					    : fail(call, SKD_DENIED, "this is for hr, for issuers, and for who leads the holder");
}

/* The person first, as whoever issues to them or erases them does; then what it is with the lock held. */
static enum skd_outcome use_lock(struct skd_call *call, struct store_credential *c, int64_t *now)
{
	const struct sight all = {.everyone = true};
	const char *human, *state;
	enum skd_outcome outcome = store_human_hold(call, c->entry_id, &human);
	if (outcome == SKD_ABSENT) {
		call_forgive(call);
		return fail(call, SKD_CLASH, "the person was erased");
	}
	TRY(outcome);
	TRY(store_credential_lock(call, c->id, &state, now));
	TRY(store_credential_get(call, &all, c->id, NULL, c));
	return strcmp(state, "active") == 0 ? SKD_OK : fail(call, SKD_CLASH, "the credential is %s", state);
}

/* Until when it lasts then. */
static enum skd_outcome use_reckon(struct skd_call *call, const struct store_credential *c, struct store_use *use, int64_t now)
{
	const char *lapse;
	TRY(store_use_lapse(call, c->id, &lapse));
	if (!lapse)
		return fail(call, SKD_CLASH, "the credential does not lapse");
	if (use->at == TIME_UNSET)
		use->at = now;
	if (use->at > now)
		return fail_field(call, "/at", "must not be in the future");
	if (use->at < c->valid_from)
		return fail_field(call, "/at", "must not be before the credential was valid");
	if (use->at >= c->expires_at)
		return fail(call, SKD_CLASH, "the credential had lapsed by then");
	if (!time_add_period(use->at, lapse, &use->expires_at) || use->expires_at > c->lasts_until)
		use->expires_at = c->lasts_until;
	if (use->expires_at < c->expires_at)
		use->expires_at = c->expires_at;
	return SKD_OK;
}

static enum skd_outcome told(struct skd_call *call, const struct store_credential *c, const struct store_use *use)
{
	char until[TIME_SIZE];
	time_format(use->expires_at, until);
	const char *detail = use->expires_at == TIME_NEVER ? NULL : detail_of(call, "expires_at", until, NULL);
	const struct store_notice notice = {
		.kind = "credential.used", .noun = "credential", .object = c->id, .person_id = c->person_id, .detail = detail};
	TRY(outbox_add(call, &notice));
	return audit_done(call, "credential.use", "credential", c->id, detail);
}

static enum skd_outcome use_put(struct skd_call *call, const struct store_credential *c, const struct store_use *use, int64_t now)
{
	TRY(badge_begin(call, c->id));
	TRY(store_use_add(call, c, use, audit_account(call), call->actor->account_id, now));
	return told(call, c, use);
}

enum skd_outcome use_add(struct skd_call *call, const char *credential_id, struct store_use *use, struct store_credential *c)
{
	int64_t now;
	TRY(credential_get(call, credential_id, c));
	TRY(may_say(call, c));
	TRY(use_lock(call, c, &now));
	TRY(use_reckon(call, c, use, now));
	TRY(use_put(call, c, use, now));
	return credential_get(call, credential_id, c);
}

/* Of one that was turned or has lapsed meanwhile it is none. */
static enum skd_outcome use_prove(struct skd_call *call, const struct store_award_news *news, const char *credential_id)
{
	const struct sight all = {.everyone = true};
	struct store_credential c;
	struct store_use use = {.what = talloc_asprintf(call, "was awarded %s", news->name), .award_id = news->id, .at = news->at};
	int64_t now;
	TRY(store_credential_get(call, &all, credential_id, NULL, &c));
	enum skd_outcome outcome = use_lock(call, &c, &now);
	if (outcome == SKD_OK)
		outcome = use_reckon(call, &c, &use, now);
	if (outcome == SKD_CLASH) {
		call_forgive(call);
		return SKD_OK;
	}
	TRY(outcome);
	return use_put(call, &c, &use, now);
}

enum skd_outcome use_by_award(struct skd_call *call, const struct store_award_news *news)
{
	const char *const *ids;
	size_t count;
	TRY(store_uses_proven(call, news->id, &ids, &count));
	for (size_t i = 0; i < count; i++)
		TRY(use_prove(call, news, ids[i]));
	return SKD_OK;
}

void use_lapse(struct store_award *award, int64_t from, const char *lapse)
{
	int64_t end;
	award->lapses = lapse;
	award->lasts_until = award->expires_at;
	if (lapse && time_add_period(from, lapse, &end) && end < award->expires_at)
		award->expires_at = end;
}

enum skd_outcome use_list(struct skd_call *call, const char *credential_id, struct store_use **uses, size_t *count)
{
	const struct sight sight = sight_of(call);
	struct store_credential credential;
	TRY(credential_get(call, credential_id, &credential));
	return store_use_list(call, &sight, credential_id, uses, count);
}
