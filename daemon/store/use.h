/* SPDX-License-Identifier: Apache-2.0
 * Uses of credentials that lapse without. */
#ifndef STORE_USE_H
#define STORE_USE_H

#include "store/credential.h"

struct store_use {
	const char *id, *what, *account, *award_id; /* award_id: of the credential that proves it, or NULL */
	int64_t at, expires_at, recorded_at; /* expires_at: of the credential, from then on */
};
/* After how long without a use a credential lapses, by the version it was awarded in; NULL: it does not. */
enum skd_outcome store_use_lapse(struct skd_call *call, const char *credential_id, const char **lapse) WARN_UNUSED;
/* The use, its event, and at `now` the credential c, which is locked, with its proofs and forms of its badge: they last until
 * use->expires_at, which is no earlier than c->expires_at. */
enum skd_outcome store_use_add(struct skd_call *call, const struct store_credential *c, const struct store_use *use,
			       const char *account, const char *account_id, int64_t now) WARN_UNUSED;
/* First the first. What was awarded is named to those who see that, too. */
enum skd_outcome store_use_list(struct skd_call *call, const struct sight *sight, const char *credential_id, struct store_use **uses,
				size_t *count) WARN_UNUSED;
/* The credentials that lapse, stand and had not lapsed by then, of whom an award that stands proves one of their skills at its
 * level or above, later than they were valid. What is a test proves nothing. */
enum skd_outcome store_uses_proven(struct skd_call *call, const char *award_id, const char *const **ids, size_t *count) WARN_UNUSED;

#endif
