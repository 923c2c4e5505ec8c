/* SPDX-License-Identifier: Apache-2.0
 * Accounts, sessions, tokens, roles, throttling. Times of day are the database's. */
#ifndef STORE_ACCESS_H
#define STORE_ACCESS_H

#include "store/list.h"

/* What a request's token stands for. */
struct store_ticket {
	const char *id; /* of the session or token; NULL: there is none */
	const char *account_id, *authenticator, *account;
	const char *entry_id, *person_id, *person_name; /* the account's entry; its human */
	bool person_active; /* both may sign in, and nobody doubts that they are one */
	unsigned roles; /* of the human, by directory groups, one bit each in the order of role names */
	const char *const *scopes;
	size_t scope_count;
	int64_t seen_at;
};
enum skd_outcome store_session_find(struct skd_call *call, const uint8_t *hash, long idle_ms,
				    struct store_ticket *ticket) WARN_UNUSED;
enum skd_outcome store_token_find(struct skd_call *call, const uint8_t *hash, struct store_ticket *ticket) WARN_UNUSED;
/* By the authenticator's own name for it. FAULT for one that is not there. */
enum skd_outcome store_account_find(struct skd_call *call, const char *authenticator, const char *subject,
				    const char **account_id) WARN_UNUSED;
/* What the account itself stands for, without scopes. FAULT for one that is not there. */
enum skd_outcome store_account_ticket(struct skd_call *call, const char *account_id, struct store_ticket *ticket) WARN_UNUSED;
enum skd_outcome store_ticket_touch(struct skd_call *call, const char *session_id, const char *token_id) WARN_UNUSED;

struct store_session {
	const char *id, *account_id, *authenticator, *account, *person_id, *person_name, *address;
	bool person_active;
	unsigned roles; /* as in store_ticket */
	int64_t created_at, seen_at, expires_at;
};
/* The entry with that stable id at a source, or with that username (one who is here, and only when
 * it is one human); NULL id when there is none. */
enum skd_outcome store_account_person(struct skd_call *call, const char *source, const char *external_id,
				      const char *username, const char **person_id) WARN_UNUSED;
enum skd_outcome store_account_put(struct skd_call *call, const char *authenticator, const char *subject,
				   const char *name, const char *person_id, const char **account_id) WARN_UNUSED;
enum skd_outcome store_session_add(struct skd_call *call, const uint8_t *hash, const char *account_id,
				   const char *address, long absolute_ms, struct store_session *session) WARN_UNUSED;
/* Those that have not ended; account_id NULL: of everyone. */
enum skd_outcome store_session_list(struct skd_call *call, const char *account_id, long idle_ms, struct list *list,
				    struct store_session **sessions, size_t *count) WARN_UNUSED;
enum skd_outcome store_session_get(struct skd_call *call, const char *account_id, long idle_ms, const char *id,
				   struct store_session *session) WARN_UNUSED;
/* ABSENT when there is no such session (of that account). */
enum skd_outcome store_session_drop(struct skd_call *call, const char *account_id, const char *id) WARN_UNUSED;

struct store_token {
	const char *id, *account_id, *name, *hint;
	const char *const *scopes;
	size_t scope_count;
	int64_t created_at, seen_at, expires_at;
};
enum skd_outcome store_token_add(struct skd_call *call, const uint8_t *hash, const struct store_token *token,
				 const char **id) WARN_UNUSED;
enum skd_outcome store_token_list(struct skd_call *call, const char *account_id, struct list *list,
				  struct store_token **tokens, size_t *count) WARN_UNUSED;
/* account_id NULL: whoever's it is. */
enum skd_outcome store_token_get(struct skd_call *call, const char *account_id, const char *id,
				 struct store_token *token) WARN_UNUSED;
enum skd_outcome store_token_drop(struct skd_call *call, const char *account_id, const char *id) WARN_UNUSED;

/* Seconds until the key may try again, 0: now; and how often it has failed within the window. */
enum skd_outcome store_throttle_ask(struct skd_call *call, const uint8_t *key, long window_ms, int64_t *seconds,
				    int64_t *failures) WARN_UNUSED;
/* One more failure: past `limit` within the window the key waits `block_ms`, doubled each time, up to the window. */
enum skd_outcome store_throttle_fail(struct skd_call *call, const uint8_t *key, long limit, long window_ms,
				     long block_ms) WARN_UNUSED;
enum skd_outcome store_throttle_clear(struct skd_call *call, const uint8_t *key) WARN_UNUSED;
/* The name as it is known, where it is that of an account or a person in any case; otherwise NULL. */
enum skd_outcome store_name_known(struct skd_call *call, const char *name, const char **known) WARN_UNUSED;
/* Deletes sessions, tokens, throttle and idempotency rows whose time is over. */
enum skd_outcome store_access_tidy(struct skd_call *call, long idle_ms, long window_ms) WARN_UNUSED;

/* ---- roles ---- */
/* A group that gives a role, as the configuration has it. */
struct store_role_rule {
	const char *role, *source;
	const char *ref; /* a DN or a plain name */
	const char *key; /* the canonical form of a DN; NULL: a plain name, which counts when it is one group's alone */
};
/* Replaces what the configuration says. */
enum skd_outcome store_role_groups_put(struct skd_call *call, size_t count,
				       const struct store_role_rule *rules) WARN_UNUSED;
/* The roles, as an array's text, that the groups staged of this source can give or take, where no person is news. */
enum skd_outcome store_role_touched(struct skd_call *call, const char *source, const char **roles) WARN_UNUSED;
/* Holds grants of these roles (NULL: of all) against groups and their members, nested ones too: ends what is no longer
 * so and (with `gains`) begins what is. Notes both as lines of `run_id` when there is one, and counts them. */
enum skd_outcome store_role_refresh(struct skd_call *call, const char *run_id, const char *roles, bool gains,
				    int64_t *changed) WARN_UNUSED;

struct store_grant {
	const char *role, *person_id, *person_name, *username, *group_dn, *group_name;
	const char *via_dn, *via_name; /* a group within that the person is in; NULL: in the group itself */
	int64_t since;
};
enum skd_outcome store_grant_list(struct skd_call *call, struct store_grant **grants, size_t *count) WARN_UNUSED;
struct store_role_group {
	const char *role, *ref, *dn, *name; /* dn and name NULL: the directory has no such group */
	const char *trouble; /* "missing" or "ambiguous", as of the last complete run; or NULL */
};
/* Looks for the configured groups of a source; gives those with which it is otherwise than it was. */
enum skd_outcome store_role_group_look(struct skd_call *call, const char *source, struct store_role_group **news,
				       size_t *count) WARN_UNUSED;
enum skd_outcome store_role_group_list(struct skd_call *call, struct store_role_group **groups, size_t *count) WARN_UNUSED;

#endif
