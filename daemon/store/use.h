/* SPDX-License-Identifier: Apache-2.0
 * Uses of credentials that lapse without. */
#ifndef STORE_USE_H
#define STORE_USE_H

#include "store/credential.h"

struct store_use {
	const char *id, *what, *account;
	int64_t at, expires_at, recorded_at; /* expires_at: of the credential, from then on */
};
/* After how long without a use a credential lapses, by the version it was awarded in; NULL: it does not. */
enum skd_outcome store_use_lapse(struct skd_call *call, const char *credential_id, const char **lapse) WARN_UNUSED;
/* The use, its event, and at `now` the credential c, which is locked, with its proofs and forms of its badge: they last until
 * use->expires_at, which is no earlier than c->expires_at. */
enum skd_outcome store_use_add(struct skd_call *call, const struct store_credential *c, const struct store_use *use,
			       const char *account, const char *account_id, int64_t now) WARN_UNUSED;
/* First the first. */
enum skd_outcome store_use_list(struct skd_call *call, const char *credential_id, struct store_use **uses, size_t *count) WARN_UNUSED;

#endif
