/* SPDX-License-Identifier: Apache-2.0
 * Leases of this daemon, which last as long as it shows that it lives. */
#include "rules/lease.h"

#include "store/run.h"

enum { LEASE_MS = 30000 };

/* A session of the jobs, after a look at the one that shows others that we live: if it broke, here is the next. */
static enum skd_outcome lease_session(struct skd_call *call, struct lease_life *life)
{
	TRY(pool_borrow(call->house->life, call));
	TRY(store_lease_life(call, life));
	pool_return(call);
	return pool_borrow(call->house->jobs, call);
}

enum skd_outcome lease_take(struct skd_call *call, const char *name, bool *mine, int64_t *epoch)
{
	struct lease_life life;
	TRY(lease_session(call, &life));
	return store_lease_take(call, name, call->house->holder, &life, LEASE_MS, mine, epoch);
}

enum skd_outcome lease_keep(struct skd_call *call, bool *other)
{
	struct lease_life life;
	TRY(lease_session(call, &life));
	return store_lease_renew(call, call->house->holder, &life, LEASE_MS, other);
}
