/* SPDX-License-Identifier: Apache-2.0
 * What waits goes up the chart. */
#include "rules/handover.h"

#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/detail.h"
#include "rules/outbox.h"
#include "rules/work.h"
#include "store/handover.h"

static enum skd_outcome hand_on(struct skd_call *call, const struct store_handover *waiting)
{
	const char *detail = detail_of(call, "to", waiting->to, NULL);
	const struct store_notice notice = {.kind = "proof.handed_on", .noun = "proof", .object = waiting->proof_id,
					    .person_id = waiting->person_id, .detail = detail};
	TRY(outbox_add(call, &notice));
	return audit_done(call, "proof.hand_on", "proof", waiting->proof_id, detail);
}

enum skd_outcome handover_turn(struct skd_call *call, bool *more)
{
	struct store_handover *waiting;
	size_t count;
	*more = false;
	TRY(pool_borrow(call->house->jobs, call));
	TRY(tx_begin(call));
	TRY(store_handover_take(call, &waiting, &count, more));
	if (!*more)
		return SKD_OK;
	TRY(actor_be_rule(call));
	for (size_t i = 0; i < count; i++)
		TRY(hand_on(call, &waiting[i]));
	return work_commit(call);
}
