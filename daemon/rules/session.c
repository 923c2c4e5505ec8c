/* SPDX-License-Identifier: Apache-2.0
 * Sessions and tokens that are open: seen and ended by their owner, and by admins. */
#include "rules/session.h"

#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/house.h"
#include "sign/digest.h"

#include <string.h>

/* Whose tickets the actor may touch: NULL is everyone's. */
static const char *reach(const struct skd_call *call, bool all)
{
	return all && actor_has(call, ROLE_ADMIN) ? NULL : call->actor->account_id;
}

enum skd_outcome session_list(struct skd_call *call, bool all, struct store_session **sessions, size_t *count)
{
	if (all && !actor_has(call, ROLE_ADMIN))
		return fail(call, SKD_DENIED, "only an admin sees everyone's sessions");
	return store_session_list(call, reach(call, all), NULL, sessions, count);
}

static const char *session_named(const struct skd_call *call, const char *id)
{
	return strcmp(id, "current") == 0 ? call->actor->session_id : id;
}

enum skd_outcome session_get(struct skd_call *call, const char *id, struct store_session **session)
{
	size_t count = 0;
	id = session_named(call, id);
	if (id)
		TRY(store_session_list(call, reach(call, true), id, session, &count));
	return count ? SKD_OK : fail(call, SKD_ABSENT, "there is no such session");
}

enum skd_outcome session_drop(struct skd_call *call, const char *id)
{
	id = session_named(call, id);
	if (!id)
		return fail(call, SKD_ABSENT, "there is no such session");
	TRY(store_session_drop(call, reach(call, true), id));
	return audit_note(call, "session.end", "done", "session", id, NULL);
}

/* ---- tokens ---- */

static enum skd_outcome scopes_check(struct skd_call *call, const struct token_order *order)
{
	static const char *const nouns[] = {"people", "units", "skills", "frameworks", "scales", "achievements",
					    "credentials", "claims", "directory", "audit", "access", "reports", "me",
					    "metrics", NULL};
	for (size_t i = 0; i < order->scope_count; i++) {
		const char *scope = order->scopes[i], *colon = strchr(scope, ':');
		bool good = colon && (strcmp(colon, ":read") == 0 || strcmp(colon, ":write") == 0), known = false;
		for (int k = 0; good && nouns[k]; k++)
			known |= strlen(nouns[k]) == (size_t)(colon - scope) &&
				 strncmp(nouns[k], scope, strlen(nouns[k])) == 0;
		if (!known)
			fail_field(call, talloc_asprintf(call, "/scopes/%zu", i), "is no scope such as people:read");
	}
	return call->error_count ? SKD_BAD_INPUT : SKD_OK;
}

enum skd_outcome token_make(struct skd_call *call, const struct token_order *order, char token[TOKEN_SIZE],
			    struct store_token **made)
{
	const int64_t longest = 366LL * 86400 * 1000000;
	uint8_t hash[DIGEST_SIZE];
	struct store_token row = {.account_id = call->actor->account_id, .name = order->name, .scopes = order->scopes,
				  .scope_count = order->scope_count, .expires_at = order->expires_at};
	size_t count;
	TRY(scopes_check(call, order));
	if (order->expires_at <= clock_now() || order->expires_at > clock_now() + longest)
		return fail_field(call, "/expires_at", "must be in the future, and within a year");
	token_new("skt_", token);
	digest_keyed(call->house->token_key, "ticket", 1, &(struct digest_part){token, strlen(token)}, hash);
	row.hint = talloc_asprintf(call, "%.8s...%s", token, token + strlen(token) - 4);
	TRY(store_token_add(call, hash, &row, &row.id));
	TRY(audit_note(call, "token.make", "done", "token", row.id, NULL));
	return store_token_list(call, row.account_id, row.id, made, &count);
}

enum skd_outcome token_list(struct skd_call *call, bool all, struct store_token **tokens, size_t *count)
{
	if (all && !actor_has(call, ROLE_ADMIN))
		return fail(call, SKD_DENIED, "only an admin sees everyone's tokens");
	return store_token_list(call, reach(call, all), NULL, tokens, count);
}

enum skd_outcome token_get(struct skd_call *call, const char *id, struct store_token **token)
{
	size_t count;
	TRY(store_token_list(call, reach(call, true), id, token, &count));
	return count ? SKD_OK : fail(call, SKD_ABSENT, "there is no such token");
}

enum skd_outcome token_drop(struct skd_call *call, const char *id)
{
	TRY(store_token_drop(call, reach(call, true), id));
	return audit_note(call, "token.end", "done", "token", id, NULL);
}
