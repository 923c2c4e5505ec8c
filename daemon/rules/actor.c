/* SPDX-License-Identifier: Apache-2.0
 * From a bearer token to an actor. */
#include "rules/actor.h"

#include "base/text.h"
#include "rules/house.h"
#include "sign/digest.h"
#include "store/access.h"

#include <string.h>

const char *const role_names[] = {"employee", "assessor", "issuer", "hr", "auditor", "admin", NULL};

unsigned role_of(const char *name)
{
	for (unsigned i = 0; role_names[i]; i++)
		if (strcmp(role_names[i], name) == 0)
			return 1u << i;
	return 0;
}

static const struct authenticator *authenticator_of(const struct house *house, const char *name)
{
	for (size_t i = 0; i < house->authenticator_count; i++)
		if (strcmp(house->authenticators[i].instance->name, name) == 0)
			return &house->authenticators[i];
	return NULL;
}

static bool is_rescue(struct skd_call *call, const struct store_ticket *ticket)
{
	const char *name = talloc_asprintf(call, "%s:%s", ticket->authenticator, ticket->account);
	return strings_have(call->house->rescue_accounts, call->house->rescue_count, name);
}

/* Groups say what a person may be; the authenticator says which of it this sign-in may carry. */
static unsigned roles_of(struct skd_call *call, const struct store_ticket *ticket, const struct authenticator *by)
{
	unsigned roles = ticket->person_active ? ticket->roles : 0;
	if (is_rescue(call, ticket))
		roles |= ROLE_ADMIN;
	roles &= by->roles;
	return !roles && ticket->person_active ? ROLE_EMPLOYEE : roles;
}

unsigned actor_roles(struct skd_call *call, const struct store_ticket *ticket)
{
	const struct authenticator *by = authenticator_of(call->house, ticket->authenticator);
	return by ? roles_of(call, ticket, by) : 0;
}

/* How long a use may go unwritten: a minute, and less where sessions end sooner. */
static int64_t touch_after(const struct house *house)
{
	int64_t quarter = (int64_t)house->session_idle * 1000 / 4;
	return quarter < 60000000 ? quarter : 60000000;
}

static bool is_of_machine(const char *token)
{
	return token && strncmp(token, "skt_", 4) == 0;
}

/* What `by` lets through of it. */
static void actor_make(struct skd_call *call, const struct store_ticket *ticket, const struct authenticator *by, const char *token)
{
	bool is_token = is_of_machine(token);
	struct actor *actor = talloc_zero(call, struct actor);
	*actor = (struct actor){
		.session_id = is_token ? NULL : ticket->id,
		.token_id = is_token ? ticket->id : NULL,
		.account_id = ticket->account_id,
		.authenticator = ticket->authenticator,
		.account = ticket->account,
		.person_id = ticket->person_active ? ticket->person_id : NULL,
		.person_name = ticket->person_active ? ticket->person_name : NULL,
		.entry_id = ticket->entry_id,
		.roles = roles_of(call, ticket, by),
		.scopes = ticket->scopes,
		.scope_count = ticket->scope_count,
		.token = token,
		.stale = ticket->seen_at < clock_now() - touch_after(call->house),
	};
	call->actor = actor;
}

enum skd_outcome actor_find(struct skd_call *call, const char *token)
{
	uint8_t hash[DIGEST_SIZE];
	struct store_ticket ticket = {0};
	if (!token || !token_valid(token))
		return fail(call, SKD_DENIED, "there is no valid token");
	digest_keyed(call->house->token_key, "ticket", 1, &(struct digest_part){token, strlen(token)}, hash);
	if (is_of_machine(token))
		TRY(store_token_find(call, hash, &ticket));
	else
		TRY(store_session_find(call, hash, call->house->session_idle, &ticket));
	const struct authenticator *by = ticket.id ? authenticator_of(call->house, ticket.authenticator) : NULL;
	if (!by)
		return fail(call, SKD_DENIED, "the token is unknown, expired or was taken back");
	actor_make(call, &ticket, by, token);
	return SKD_OK;
}

enum skd_outcome actor_again(struct skd_call *call, unsigned roles)
{
	const char *token = call->actor->token;
	call->actor = NULL;
	TRY(actor_find(call, token));
	return actor_has(call, roles) ? SKD_OK : fail(call, SKD_DENIED, "your roles do not allow this");
}

enum skd_outcome actor_stand_in(struct skd_call *call, const char *account_id)
{
	static const struct authenticator gone = {0};
	struct store_ticket ticket;
	TRY(store_account_ticket(call, account_id, &ticket));
	ticket.id = NULL;
	const struct authenticator *by = authenticator_of(call->house, ticket.authenticator);
	actor_make(call, &ticket, by ? by : &gone, NULL);
	return SKD_OK;
}

enum skd_outcome actor_be_rule(struct skd_call *call)
{
	struct actor *actor = talloc_zero(call, struct actor);
	*actor = (struct actor){.authenticator = HOUSE_AUTHENTICATOR, .account = "rule"};
	TRY(store_account_find(call, actor->authenticator, actor->account, &actor->account_id));
	call->actor = actor;
	return SKD_OK;
}

enum skd_outcome actor_touch(struct skd_call *call)
{
	return store_ticket_touch(call, call->actor->session_id, call->actor->token_id);
}

bool actor_has(const struct skd_call *call, unsigned roles)
{
	return call->actor && (call->actor->roles & roles);
}

bool actor_is(const struct skd_call *call, const char *person_id)
{
	return call->actor && call->actor->person_id && strcmp(call->actor->person_id, person_id) == 0;
}

bool actor_scoped(const struct skd_call *call, const char *noun, bool writes)
{
	const struct actor *actor = call->actor;
	size_t size = strlen(noun);
	if (!actor->token_id)
		return true;
	for (size_t i = 0; i < actor->scope_count; i++)
		if (strncmp(actor->scopes[i], noun, size) == 0 &&
		    (strcmp(actor->scopes[i] + size, ":write") == 0 ||
		     (!writes && strcmp(actor->scopes[i] + size, ":read") == 0)))
			return true;
	return false;
}
