/* SPDX-License-Identifier: Apache-2.0
 * What a key signs, and what it does not: one request, one answer. Knows no sockets and no files. */
#ifndef SIGNER_SIGN_H
#define SIGNER_SIGN_H

#include <skillsd/signer.h>

#include "signer/key.h"

/* Signs what the request says with the key (NULL: there is none). The signature is in `signature`, `size` bytes of it
 * when SIGNER_SIGNED, otherwise 0. */
enum signer_reason sign_request(const struct key *key, const struct signer_request *request,
				uint8_t signature[SIGNER_SIGNATURE_MAX], size_t *size);

#endif
