/* SPDX-License-Identifier: Apache-2.0
 * How often somebody may do what costs something: so many in a minute, at once or spread over it. Counted in memory, each
 * daemon for itself, of those who came last. */
#ifndef RULES_LIMIT_H
#define RULES_LIMIT_H

#include "base/call.h"

enum limit_kind { LIMIT_MISSES, LIMIT_VERIFICATIONS };

struct limits *limits_open(void);
void limits_close(struct limits **limits);

/* SLOW_DOWN, and for how long, when `who` has none left. */
enum skd_outcome limit_ask(struct skd_call *call, enum limit_kind kind, const char *who) WARN_UNUSED;
/* One less. */
void limit_take(struct skd_call *call, enum limit_kind kind, const char *who);
/* Whoever asks for what is not there: the client's address, or its network where clients own whole ones (IPv6 /64). */
const char *limit_client(struct skd_call *call);

#endif
