/* SPDX-License-Identifier: Apache-2.0
 * What was done, by whom, to what: in the same transaction as the deed. */
#ifndef RULES_AUDIT_H
#define RULES_AUDIT_H

#include "store/audit.h"

/* "credential.issue" on "credential" ID; detail is a JSON object as text, or NULL. Writes the
 * change-feed row too when `noun` is given and `object` a uuid, and has public pages made anew. */
enum skd_outcome audit_done(struct skd_call *call, const char *action, const char *noun, const char *object,
			    const char *detail) WARN_UNUSED;
/* The same without a change-feed row: what changes nothing others follow. */
enum skd_outcome audit_note(struct skd_call *call, const char *action, const char *outcome, const char *noun,
			    const char *object, const char *detail) WARN_UNUSED;
/* Somebody who was not let in: "authenticator:name", or NULL where nobody has the name that was typed, which may
 * be a password then. */
enum skd_outcome audit_shut_out(struct skd_call *call, const char *account) WARN_UNUSED;
/* A right that was refused: written soon, by the write lane, after this call is over. */
void audit_refused(struct skd_call *call, const char *action, const char *object);
/* Writes that the actor's session was used, the same way. */
void audit_touched(struct skd_call *call);

/* "authenticator:name" of the actor, or the job's name. */
const char *audit_account(struct skd_call *call);

enum skd_outcome audit_list(struct skd_call *call, const struct store_audit_filter *filter, struct list *list,
			    struct store_audit **entries, size_t *count) WARN_UNUSED;

/* ---- remembered answers (Idempotency-Key) ---- */
struct answer {
	int status;
	const char *location, *etag;
	char *body;
	size_t size;
};
/* In the writing transaction: whether this request is the first with its key. If not, `answer` is
 * what the first one got; CLASH when the first had another body. */
enum skd_outcome answer_recall(struct skd_call *call, const char *key, const char *method, const char *target,
			       const char *body, size_t size, bool *first, struct answer *answer) WARN_UNUSED;
enum skd_outcome answer_remember(struct skd_call *call, const char *key, const struct answer *answer) WARN_UNUSED;

#endif
