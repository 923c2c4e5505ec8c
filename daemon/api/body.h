/* SPDX-License-Identifier: Apache-2.0
 * The body of a request, as the kind of thing that its route takes. */
#ifndef API_BODY_H
#define API_BODY_H

#include "api/entry.h"

/* Sets in->body or in->table, which may be empty; neither where there is none, or it means nothing. BAD_INPUT, and
 * out->status 415 for one of another kind. */
enum skd_outcome body_take(struct skd_call *call, struct request *in, struct reply *out) WARN_UNUSED;
/* With FORM_PICTURE, in its place: the picture that the body is, and which kind it says it is. */
enum skd_outcome body_picture(struct skd_call *call, const struct request *in, struct reply *out, enum skd_image *kind,
			      struct skd_text *picture) WARN_UNUSED;
/* With FORM_BYTES, in its place: what the body is, of whatever type it says. */
enum skd_outcome body_bytes(struct skd_call *call, const struct request *in, struct reply *out, struct skd_text *bytes) WARN_UNUSED;

#endif
