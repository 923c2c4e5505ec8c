/* SPDX-License-Identifier: Apache-2.0
 * Asks skillsd-sign for signatures. Holds no key; any thread may ask at any time. */
#ifndef SIGN_SIGNER_H
#define SIGN_SIGNER_H

#include "base/call.h"
#include "base/text.h"

#include <skillsd/signer.h>

struct signer_job {
	enum signer_type type;
	const char *key; /* its id, a UUID */
	struct skd_text bytes;
	struct skd_text signature; /* set by signer_sign(), in the call's memory */
};

/* Has all signed, over a connection of its own to `socket`, in as few frames as they fit into. All or none: BUSY when
 * nobody answers there until the call is over; FAULT when one is refused, and why. */
enum skd_outcome signer_sign(struct skd_call *call, const char *socket, size_t count, struct signer_job *jobs) WARN_UNUSED;

#endif
