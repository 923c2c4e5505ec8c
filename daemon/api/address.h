/* SPDX-License-Identifier: Apache-2.0
 * Who a client is behind the front ends that are believed. */
#ifndef API_ADDRESS_H
#define API_ADDRESS_H

#include "http/server.h"

/* The socket's other end, or behind one of `trusted` (ends with NULL, or is NULL) who it says the client is: the last
 * address, in the last line, the one that it has written itself. "" for a unix socket. */
const char *client_address(void *owner, const char *const *trusted, const struct exchange *exchange);

#endif
