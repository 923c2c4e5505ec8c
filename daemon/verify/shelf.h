/* SPDX-License-Identifier: Apache-2.0
 * Documents that are at hand, each under the id that it has itself, or under a key's kid. Who puts one here vouches for
 * it. */
#ifndef VERIFY_SHELF_H
#define VERIFY_SHELF_H

#include "verify/verify.h"

struct shelf;
struct shelf *shelf_new(void *owner);

/* `what` begins sentences. A JWK set stands for each of its keys. BAD_INPUT: it is no JSON or JWS, or has no id. */
enum skd_outcome shelf_add(struct skd_call *call, struct shelf *shelf, const char *what, struct skd_text bytes) WARN_UNUSED;
/* False: there is none of that id. */
bool shelf_find(const struct shelf *shelf, const char *id, struct verify_document *document);

#endif
