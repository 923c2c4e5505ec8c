/* SPDX-License-Identifier: Apache-2.0
 * Sessions and tokens that are open: seen and ended by their owner, and by admins. */
#include "rules/session.h"

#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/house.h"
#include "sign/digest.h"

#include <string.h>

/* Whose tickets the actor may touch: NULL is everyone's. */
static const char *reach(const struct skd_call *call)
{
	return actor_has(call, ROLE_ADMIN) ? NULL : call->actor->account_id;
}

static void session_roles(struct skd_call *call, struct store_session *session)
{
	const struct store_ticket ticket = {.authenticator = session->authenticator,
					    .account = session->account,
					    .person_active = session->person_active,
					    .roles = session->roles};
	session->roles = actor_roles(call, &ticket);
}

enum skd_outcome session_list(struct skd_call *call, struct list *list, struct store_session **sessions,
			      size_t *count)
{
	TRY(store_session_list(call, reach(call), call->house->session_idle, list, sessions, count));
	for (size_t i = 0; i < *count; i++)
		session_roles(call, &(*sessions)[i]);
	return SKD_OK;
}

static const char *session_named(const struct skd_call *call, const char *id)
{
	return strcmp(id, "current") == 0 ? call->actor->session_id : id;
}

enum skd_outcome session_get(struct skd_call *call, const char *id, struct store_session *session)
{
	id = session_named(call, id);
	if (!id)
		return fail(call, SKD_ABSENT, "there is no such session");
	TRY(store_session_get(call, reach(call), call->house->session_idle, id, session));
	session_roles(call, session);
	return SKD_OK;
}

enum skd_outcome session_drop(struct skd_call *call, const char *id)
{
	id = session_named(call, id);
	if (!id)
		return fail(call, SKD_ABSENT, "there is no such session");
	TRY(store_session_drop(call, reach(call), id));
	return audit_note(call, "session.end", "ok", "session", id, NULL);
}

/* ---- tokens ---- */

enum { SCOPES_MAX = 24 };
static const int64_t DAY = 86400LL * 1000000;

static bool scope_known(const char *scope)
{
	static const char *const nouns[] = {"people", "colleagues", "units", "frameworks", "scales", "skills", "achievements",
					    "credentials", "claims", "directory", "audit", "access", "reports",
					    "retention", "erasures", "issuers", "keys", "verifications", "endorsements", "collections", "links",
					    "batches", "jobs", "outbox",
					    "positions", "submissions", "pathways", "goals", "enrolments", "proofs",
					    "claim-endorsements", "reviews", "talent", "corrections", NULL};
	const char *colon = strchr(scope, ':');
	if (!colon || (strcmp(colon, ":read") != 0 && strcmp(colon, ":write") != 0))
		return false;
	for (int i = 0; nouns[i]; i++)
		if (strlen(nouns[i]) == (size_t)(colon - scope) && strncmp(nouns[i], scope, strlen(nouns[i])) == 0)
			return true;
	return false;
}

static bool scope_twice(const struct token_order *order, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(order->scopes[i], order->scopes[at]) == 0)
			return true;
	return false;
}

static enum skd_outcome scopes_check(struct skd_call *call, const struct token_order *order)
{
	if (!order->scope_count || order->scope_count > SCOPES_MAX)
		return fail_field(call, "/scopes", "must be 1 to %d scopes", SCOPES_MAX);
	for (size_t i = 0; i < order->scope_count; i++)
		if (!scope_known(order->scopes[i]) || scope_twice(order, i))
			fail_field(call, talloc_asprintf(call, "/scopes/%zu", i),
				   "is no scope such as people:read, or is there twice");
	return call->error_count ? SKD_BAD_INPUT : SKD_OK;
}

enum skd_outcome token_make(struct skd_call *call, const struct token_order *order, char token[TOKEN_SIZE],
			    struct store_token *made)
{
	uint8_t hash[DIGEST_SIZE];
	int64_t now = clock_now();
	struct store_token row = {.account_id = call->actor->account_id, .name = order->name, .scopes = order->scopes,
				  .scope_count = order->scope_count,
				  .expires_at = order->expires_at != TIME_UNSET ? order->expires_at : now + 90 * DAY};
	TRY(scopes_check(call, order));
	if (row.expires_at <= now || row.expires_at > now + 366 * DAY)
		return fail_field(call, "/expires_at", "must be in the future, and within a year");
	token_new("skt_", token);
	digest_keyed(call->house->token_key, "ticket", 1, &(struct digest_part){token, strlen(token)}, hash);
	row.hint = talloc_asprintf(call, "%.8s...%s", token, token + strlen(token) - 4);
	TRY(store_token_add(call, hash, &row, &row.id));
	TRY(audit_note(call, "token.make", "ok", "token", row.id, NULL));
	return store_token_get(call, row.account_id, row.id, made);
}

enum skd_outcome token_list(struct skd_call *call, struct list *list, struct store_token **tokens, size_t *count)
{
	return store_token_list(call, call->actor->account_id, list, tokens, count);
}

enum skd_outcome token_get(struct skd_call *call, const char *id, struct store_token *token)
{
	return store_token_get(call, reach(call), id, token);
}

enum skd_outcome token_drop(struct skd_call *call, const char *id)
{
	TRY(store_token_drop(call, reach(call), id));
	return audit_note(call, "token.end", "ok", "token", id, NULL);
}
