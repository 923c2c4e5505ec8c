/* SPDX-License-Identifier: Apache-2.0
 * Signing in, sessions, tokens: who gets a ticket, and who may see and end which. */
#ifndef RULES_SESSION_H
#define RULES_SESSION_H

#include "base/text.h"
#include "store/access.h"

struct session_opened {
	/* done */
	char token[TOKEN_SIZE];
	const char *id, *account, *authenticator, *person_id, *person_name;
	unsigned roles;
	int64_t created_at, expires_at;
	/* or more is asked: */
	const char *talk_id;
	size_t prompt_count;
	const struct skd_prompt *prompts;
};

/* Asks the authenticators in their order. DENIED: not let in (401), answered no earlier than the
 * failure delay; SLOW_DOWN with retry_after: throttled, or too many of the address wait for an answer; BUSY: an
 * authenticator cannot say. Borrows a database session only while it needs one; blocks. */
enum skd_outcome session_open(struct skd_call *call, const char *username, const char *password,
			      struct session_opened *opened) WARN_UNUSED;
/* Goes on with a conversation. ABSENT when there is no such conversation (any more). */
enum skd_outcome session_answer(struct skd_call *call, const char *talk_id, size_t count, const char *const *answers,
				struct session_opened *opened) WARN_UNUSED;

/* One's own, for an admin everyone's; `roles` are those they carry now. */
enum skd_outcome session_list(struct skd_call *call, struct list *list, struct store_session **sessions,
			      size_t *count) WARN_UNUSED;
enum skd_outcome session_get(struct skd_call *call, const char *id, struct store_session *session) WARN_UNUSED;
enum skd_outcome session_drop(struct skd_call *call, const char *id) WARN_UNUSED; /* "current": the asker's */

struct token_order {
	const char *name;
	const char *const *scopes;
	size_t scope_count;
	int64_t expires_at; /* TIME_UNSET: in 90 days */
};
enum skd_outcome token_make(struct skd_call *call, const struct token_order *order, char token[TOKEN_SIZE],
			    struct store_token *made) WARN_UNUSED;
enum skd_outcome token_list(struct skd_call *call, struct list *list, struct store_token **tokens,
			    size_t *count) WARN_UNUSED; /* one's own */
enum skd_outcome token_get(struct skd_call *call, const char *id, struct store_token *token) WARN_UNUSED;
enum skd_outcome token_drop(struct skd_call *call, const char *id) WARN_UNUSED;

/* Conversations under way; forgotten ones are dropped by talks_tidy(). */
struct talks *talks_open(void);
void talks_tidy(struct talks *talks);
void talks_close(struct talks **talks);

/* Sign-ins under way, so that tries of one name wait for each other: rules/tries.h. */
struct tries *tries_open(void);
void tries_close(struct tries **tries);

#endif
