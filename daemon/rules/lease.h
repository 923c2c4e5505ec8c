/* SPDX-License-Identifier: Apache-2.0
 * Work that one daemon at a time does: whose it is. Whoever writes under a lease holds it against its epoch in the
 * same transaction. */
#ifndef RULES_LEASE_H
#define RULES_LEASE_H

#include "rules/house.h"

/* Takes the lease of that name, or keeps it; not *mine where another daemon has it. Borrows a session of the jobs,
 * which the caller ends with work_end(). */
enum skd_outcome lease_take(struct skd_call *call, const char *name, bool *mine, int64_t *epoch) WARN_UNUSED;
/* Keeps all that this daemon holds, the same way. `other`: the database may be another one than when they were taken. */
enum skd_outcome lease_keep(struct skd_call *call, bool *other) WARN_UNUSED;

#endif
