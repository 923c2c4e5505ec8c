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

struct signer;
/* The one that listens at `socket`; it is connected to when it is first asked. talloc_free() ends it, after all asked. */
struct signer *signer_open(void *owner, const char *socket);

/* Has all signed, in as few frames as they fit into, over a connection that nobody else uses meanwhile and that is kept
 * for the next who asks: one that was lost since is noticed, and another one made. All or none: BUSY when nobody answers
 * there until the call is over; FAULT when one is refused, and why. */
enum skd_outcome signer_sign(struct skd_call *call, struct signer *signer, size_t count, struct signer_job *jobs) WARN_UNUSED;

#endif
