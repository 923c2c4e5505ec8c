/* SPDX-License-Identifier: Apache-2.0
 * Bitstrings as status lists carry them (W3C Bitstring Status List 1.0): GZIP (RFC 1952), multibase base64url. */
#ifndef SIGN_BITS_H
#define SIGN_BITS_H

#include "base/call.h"

enum skd_outcome bits_encode(struct skd_call *call, const void *bits, size_t size, const char **text) WARN_UNUSED;
/* BAD_INPUT when it is no such text, or would be more than `most` bytes. */
enum skd_outcome bits_decode(struct skd_call *call, const char *text, size_t most, uint8_t **bits, size_t *size) WARN_UNUSED;
/* The first bit is the highest of the first byte; false beyond the end. */
bool bits_at(const uint8_t *bits, size_t size, size_t place);

#endif
