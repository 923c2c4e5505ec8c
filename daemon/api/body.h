/* SPDX-License-Identifier: Apache-2.0
 * The body of a request, as the kind of thing that its route takes. */
#ifndef API_BODY_H
#define API_BODY_H

#include "api/entry.h"

/* Sets in->body or in->table; neither where there is none, or it means nothing. BAD_INPUT, and out->status 415 for one of
 * another kind. */
enum skd_outcome body_take(struct skd_call *call, struct request *in, struct reply *out) WARN_UNUSED;

#endif
