/* SPDX-License-Identifier: Apache-2.0
 * Leavers and movers. */
#include "rules/leaver.h"

#include "base/log.h"
#include "rules/actor.h"
#include "rules/credential.h"
#include "rules/submission.h"
#include "rules/work.h"
#include "store/leaver.h"

#include <string.h>

enum { PAUSE_MS = 10000 };

static const char *const reasons[] = {
	[PARTING_LEFT] = "The holder has left.",
	[PARTING_MOVED] = "The holder has moved to another unit.",
	[PARTING_BACK] = "The holder is back."};

static enum skd_outcome credential_follow(struct skd_call *call, enum store_parting_why why, const struct store_parting_turn *turn)
{
	bool suspends = turn->policy && strcmp(turn->policy, "suspend") == 0;
	enum credential_turn to = !turn->policy ? CREDENTIAL_REINSTATE : suspends ? CREDENTIAL_SUSPEND : CREDENTIAL_REVOKE;
	enum skd_outcome outcome = credential_turn_by_rule(call, turn->credential_id, to, reasons[why]);
	if (outcome == SKD_CLASH) { /* somebody turned it meanwhile */
		call_forgive(call);
		return SKD_OK;
	}
	TRY(outcome);
	return why == PARTING_LEFT && suspends ? store_parting_keep(call, turn->credential_id) : SKD_OK;
}

static enum skd_outcome credentials_follow(struct skd_call *call, const char *person_id, enum store_parting_why why)
{
	struct store_parting_turn *turns;
	size_t count;
	TRY(store_parting_turns(call, person_id, why, &turns, &count));
	for (size_t i = 0; i < count; i++)
		TRY(credential_follow(call, why, &turns[i]));
	return SKD_OK;
}

/* What cannot be approved any more waits for nobody. */
static enum skd_outcome submissions_end(struct skd_call *call, const char *person_id)
{
	const char *const *ids;
	size_t count;
	TRY(store_parting_submissions(call, person_id, &ids, &count));
	for (size_t i = 0; i < count; i++)
		TRY(submission_end(call, ids[i]));
	return SKD_OK;
}

static enum skd_outcome parting_follow(struct skd_call *call, const struct store_parting *parting)
{
	TRY(actor_be_rule(call));
	if (parting->here)
		TRY(credentials_follow(call, parting->person_id, PARTING_BACK));
	if (parting->here && parting->moved)
		TRY(credentials_follow(call, parting->person_id, PARTING_MOVED));
	if (!parting->here) {
		TRY(submissions_end(call, parting->person_id));
		TRY(credentials_follow(call, parting->person_id, PARTING_LEFT));
	}
	TRY(store_parting_drop(call, parting->entry_id));
	return work_commit(call);
}

/* What was begun is undone, and tried again when others had their turn. */
static enum skd_outcome parting_put_off(struct skd_call *call, const struct store_parting *parting)
{
	log_line(SKD_WARNING, "leaver", "what follows for %s waits: %s", parting->person_id, call->sentence);
	tx_rollback(call);
	call_forgive(call);
	TRY(tx_begin(call));
	TRY(store_parting_put_off(call, parting->entry_id, PAUSE_MS));
	return tx_commit(call);
}

enum skd_outcome leaver_turn(struct skd_call *call, bool *more)
{
	struct store_parting parting;
	*more = false;
	TRY(pool_borrow(call->house->jobs, call));
	TRY(tx_begin(call));
	TRY(store_parting_take(call, &parting));
	if (!parting.entry_id)
		return SKD_OK;
	*more = true;
	return parting_follow(call, &parting) == SKD_OK ? SKD_OK : parting_put_off(call, &parting);
}
