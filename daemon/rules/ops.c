/* SPDX-License-Identifier: Apache-2.0
 * Readiness and gauges. */
#include "rules/ops.h"

#include "store/chain.h"
#include "store/ops.h"

#include <inttypes.h>

enum skd_outcome ops_ready(struct skd_call *call)
{
	TRY(migrate_check(call));
	bool starting = call->house->settled && !call->house->settled(call->house);
	return starting ? fail(call, SKD_BUSY, "the daemon is starting") : SKD_OK;
}

static void pool_print(struct text *out, const char *name, struct pool *pool)
{
	unsigned open, lent;
	pool_load(pool, &open, &lent);
	text_addf(out,
		  "skillsd_pool_sessions{pool=\"%s\",state=\"open\"} %u\n"
		  "skillsd_pool_sessions{pool=\"%s\",state=\"lent\"} %u\n",
		  name, open, name, lent);
}

static void authenticator_print(struct text *out, const struct authenticator *by)
{
	const struct authenticator_counts *c = by->counts;
	const struct {
		const char *outcome;
		const uint64_t *counter;
	} table[] = {{"in", &c->in}, {"more", &c->more}, {"wrong", &c->wrong}, {"unknown", &c->unknown},
		     {"unavailable", &c->unavailable}};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		text_addf(out, "skillsd_signins_total{authenticator=\"%s\",outcome=\"%s\"} %" PRIu64 "\n", by->instance->name,
			  table[i].outcome, __atomic_load_n(table[i].counter, __ATOMIC_RELAXED));
	text_addf(out, "skillsd_signin_seconds_sum{authenticator=\"%s\"} %.6f\n", by->instance->name,
		  (double)__atomic_load_n(&c->microseconds, __ATOMIC_RELAXED) / 1e6);
}

enum skd_outcome ops_metrics(struct skd_call *call, struct text *out)
{
	struct store_sync_state *states;
	size_t count;
	int64_t waiting, seconds;
	text_adds(out, "# TYPE skillsd_pool_sessions gauge\n");
	pool_print(out, "writers", call->house->writers);
	pool_print(out, "reports", call->house->reports);
	pool_print(out, "jobs", call->house->jobs);
	text_adds(out, "# TYPE skillsd_signins_total counter\n# TYPE skillsd_signin_seconds_sum counter\n");
	for (size_t i = 0; i < call->house->authenticator_count; i++)
		authenticator_print(out, &call->house->authenticators[i]);
	TRY(store_chain_waits(call, &waiting, &seconds));
	text_addf(out,
		  "# TYPE skillsd_audit_unsealed gauge\n# TYPE skillsd_audit_unsealed_seconds gauge\n"
		  "skillsd_audit_unsealed %" PRId64 "\nskillsd_audit_unsealed_seconds %" PRId64 "\n", waiting, seconds);
	TRY(store_sync_states(call, &states, &count));
	text_adds(out, "# TYPE skillsd_sync_age_seconds gauge\n# TYPE skillsd_sync_state gauge\n"
		       "# TYPE skillsd_people gauge\n");
	for (size_t i = 0; i < count; i++)
		text_addf(out,
			  "skillsd_sync_age_seconds{source=\"%s\"} %" PRId64 "\nskillsd_sync_state{source=\"%s\",state=\"%s\"} 1\n"
			  "skillsd_people{source=\"%s\"} %" PRId64 "\n",
			  states[i].source, states[i].age, states[i].source, states[i].state, states[i].source,
			  states[i].people);
	return SKD_OK;
}

enum skd_outcome ops_migrate(struct skd_call *call, const char *dsn, int *applied)
{
	struct pool *pool = pool_open("migrate", dsn, 1);
	enum skd_outcome outcome = pool_borrow(pool, call);
	if (outcome == SKD_OK)
		outcome = migrate_apply(call, applied);
	pool_return(call);
	pool_close(&pool);
	return outcome;
}
