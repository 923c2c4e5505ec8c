/* SPDX-License-Identifier: Apache-2.0
 * What the public pages share. Not for other rooms. */
#ifndef API_PUBLIC_H
#define API_PUBLIC_H

#include "api/entry.h"

/* A parameter's value as it is sent, in `size`, or NULL; public pages ignore what they do not know. */
const char *public_parameter(const struct request *in, const char *name, size_t *size);

/* Answers with the bytes, and an ETag made of them. */
void public_answer(struct skd_call *call, struct reply *out, const char *type, const void *bytes, size_t size);

#endif
