/* SPDX-License-Identifier: Apache-2.0
 * Answers under an Idempotency-Key: the same request gives the first answer again. */
#ifndef API_RECALL_H
#define API_RECALL_H

#include "api/entry.h"

/* `first`: nobody has used the key, and from now on this call does; otherwise `out` is the answer. BAD_INPUT for what is
 * no key, CLASH where it was used for another request. */
enum skd_outcome recall_answer(struct skd_call *call, const struct request *in, struct reply *out, const char *key,
			       bool *first) WARN_UNUSED;
/* Keeps `out`, within the transaction. `first` false: this call let go of its own on the way (rules/work.h) and with it
 * of the key, somebody else has answered since, and `out` is that: nothing that was done here is to be committed. */
enum skd_outcome recall_keep(struct skd_call *call, const struct request *in, struct reply *out, const char *key,
			     bool *first) WARN_UNUSED;

#endif
