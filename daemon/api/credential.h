/* SPDX-License-Identifier: Apache-2.0
 * A credential as JSON, for what else changes one. */
#ifndef API_CREDENTIAL_H
#define API_CREDENTIAL_H

#include "api/entry.h"
#include "rules/credential.h"

/* With its version as ETag. */
void credential_reply(struct skd_call *call, struct reply *out, const struct store_credential *c);

#endif
