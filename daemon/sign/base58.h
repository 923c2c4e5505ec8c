/* SPDX-License-Identifier: Apache-2.0
 * base58btc behind the multibase prefix z, as keys and proof values are written. */
#ifndef SIGN_BASE58_H
#define SIGN_BASE58_H

#include <stddef.h>

/* No more bytes than this are written or read; the text of so many has room, with its z and its NUL. */
enum { BASE58_BYTES = 128, BASE58_TEXT = 177 };

/* `size` is at most BASE58_BYTES. Gives the text's length. */
size_t base58_encode(const void *bytes, size_t size, char out[BASE58_TEXT]);
/* The size, or -1: no z in front, a character that is none of the 58, or no room. No bytes have two
 * spellings. */
long base58_decode(const char *text, void *out, size_t room);

#endif
