/* SPDX-License-Identifier: Apache-2.0
 * Status lists (W3C Bitstring Status List 1.0): which credentials are good no longer, signed by their issuer. */
#ifndef RULES_STATUS_H
#define RULES_STATUS_H

#include "rules/house.h"

/* The signed list, the same bytes until a bit changes, or another key signs. In a transaction, which it may write in. ABSENT.
 * BUSY: its issuer has no key. */
enum skd_outcome status_get(struct skd_call *call, const char *id, const char **list) WARN_UNUSED;

#endif
