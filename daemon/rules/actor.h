/* SPDX-License-Identifier: Apache-2.0
 * Who asks, and whom they may see. Found anew for each request, so that what the directory takes
 * away is gone with the next one. */
#ifndef RULES_ACTOR_H
#define RULES_ACTOR_H

#include "base/call.h"

enum role {
	ROLE_EMPLOYEE = 1,
	ROLE_ASSESSOR = 2,
	ROLE_ISSUER = 4,
	ROLE_HR = 8,
	ROLE_AUDITOR = 16,
	ROLE_ADMIN = 32,
	ROLE_ANY = 63,
	ROLE_CATALOGUE = ROLE_HR | ROLE_ISSUER | ROLE_ADMIN, /* writes frameworks, skills, achievements */
	ROLE_SEES_ALL = ROLE_HR | ROLE_ADMIN, /* sees every person */
};

#define HOUSE_AUTHENTICATOR "house" /* of accounts nobody signs in to; no authenticator may be called so */

struct actor {
	const char *session_id, *token_id; /* one of them */
	const char *account_id, *authenticator, *account; /* account: its name */
	const char *person_id, *person_name; /* NULL: no person of the directory, or one who is disabled or gone */
	const char *entry_id; /* of the account, where the person has several */
	unsigned roles;
	const char *const *scopes; /* of a token */
	size_t scope_count;
	bool stale; /* seen_at is due to be written */
	const char *token; /* that was shown, as long as the request lasts; NULL for who is stood in for */
};

/* Sets call->actor. DENIED when the token is nobody's. One short read. */
enum skd_outcome actor_find(struct skd_call *call, const char *token) WARN_UNUSED;
/* The same once more, after the call has waited: roles are those they have now. DENIED, too, without any of `roles`;
 * call->actor is NULL where the token is nobody's any longer. */
enum skd_outcome actor_again(struct skd_call *call, unsigned roles) WARN_UNUSED;
/* Sets call->actor to who has that account, with the roles that it has now: for what they asked to be done later. */
enum skd_outcome actor_stand_in(struct skd_call *call, const char *account_id) WARN_UNUSED;
/* Sets call->actor to the house itself, with no role: for what no person asks for, but a rule (account "house:rule"). The
 * caller puts back who was the actor before, if the call goes on for them. */
enum skd_outcome actor_be_rule(struct skd_call *call) WARN_UNUSED;
/* Writes that the session or token was used; at most once a minute by `stale`. */
enum skd_outcome actor_touch(struct skd_call *call) WARN_UNUSED;

struct store_ticket; /* store/access.h */
/* The roles that a ticket carries now. 0 for one of an authenticator that is no longer configured. */
unsigned actor_roles(struct skd_call *call, const struct store_ticket *ticket);

bool actor_has(const struct skd_call *call, unsigned roles); /* any of these */
bool actor_scoped(const struct skd_call *call, const char *noun, bool writes); /* write contains read */
bool actor_is(const struct skd_call *call, const char *person_id);

/* Role names, in the order of the bits; NULL at the end. */
extern const char *const role_names[];
unsigned role_of(const char *name); /* 0: no role */

#endif
