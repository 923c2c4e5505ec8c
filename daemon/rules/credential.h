/* SPDX-License-Identifier: Apache-2.0
 * Awarding and taking back: who may issue what to whom, and what states lead where. */
#ifndef RULES_CREDENTIAL_H
#define RULES_CREDENTIAL_H

#include "store/credential.h"

/* What an issuer asks for. Times 0: not said. */
struct credential_order {
	const char *person;      /* id or username */
	const char *achievement; /* id */
	int64_t issued_at, valid_from, expires_at;
	const char *evidence; /* JSON array, checked */
};
enum skd_outcome credential_issue(struct skd_call *call, const struct credential_order *order,
				  struct store_credential *credential) WARN_UNUSED;
enum skd_outcome credential_get(struct skd_call *call, const char *id, struct store_credential *credential) WARN_UNUSED;
enum skd_outcome credential_list(struct skd_call *call, const struct store_credential_filter *filter,
				 struct list *list, struct store_credential **credentials, size_t *count) WARN_UNUSED;
enum skd_outcome credential_events(struct skd_call *call, const char *id, struct store_event **events,
				   size_t *count) WARN_UNUSED;

enum credential_turn { CREDENTIAL_REVOKE, CREDENTIAL_SUSPEND, CREDENTIAL_REINSTATE };
/* CLASH when the credential's state does not lead there: what is revoked stays revoked. */
enum skd_outcome credential_turn(struct skd_call *call, const char *id, enum credential_turn turn, const char *reason,
				 struct store_credential *credential) WARN_UNUSED;

#endif
