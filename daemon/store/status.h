/* SPDX-License-Identifier: Apache-2.0
 * Status lists as rows: which credentials are good no longer. */
#ifndef STORE_STATUS_H
#define STORE_STATUS_H

#include "store/db.h"

struct store_status {
	const char *issuer_id, *issuer_key, *purpose;
	const uint8_t *bits;
	size_t size;     /* bytes */
	int64_t version, changed_at;
	const char *signed_form; /* of this version, by a key that is good; or NULL */
};
/* `locked`: until the transaction ends nothing changes in it. ABSENT. */
enum skd_outcome store_status_get(struct skd_call *call, const char *id, bool locked, struct store_status *status) WARN_UNUSED;
enum skd_outcome store_status_sign(struct skd_call *call, const char *id, int64_t version, const char *form,
				    const char *key_id) WARN_UNUSED;
/* Sets or clears the credential's bit for a purpose; nothing where it has none. */
enum skd_outcome store_status_set(struct skd_call *call, const char *credential_id, const char *purpose, bool bit) WARN_UNUSED;

/* What of an issuer's is good no longer, or not for now, oldest first; state, reason, and by which badge it was superseded
 * only where the public may see the badge, and that one. */
struct store_revoked {
	const char *credential_id, *state, *reason, *superseded_by;
};
enum skd_outcome store_revoked_list(struct skd_call *call, const char *issuer_id, struct store_revoked **revoked,
				    size_t *count) WARN_UNUSED;
/* The lists of an issuer: ids and purposes, oldest first. */
enum skd_outcome store_status_list(struct skd_call *call, const char *issuer_id, const char ***ids,
				   const char ***purposes, size_t *count) WARN_UNUSED;

#endif
