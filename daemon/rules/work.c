/* SPDX-License-Identifier: Apache-2.0
 * Sessions and transactions for calls. */
#include "rules/work.h"

#include "rules/pages.h"

void work_read(struct skd_call *call)
{
	pipe_enter(call);
}

enum skd_outcome work_write(struct skd_call *call)
{
	TRY(pool_borrow(call->house->writers, call));
	return tx_begin(call);
}

enum skd_outcome work_report(struct skd_call *call)
{
	return pool_borrow(call->house->reports, call);
}

void work_pause(struct skd_call *call)
{
	call->paused = true;
	work_end(call);
}

enum skd_outcome work_resume(struct skd_call *call)
{
	return call->db ? SKD_OK : work_write(call);
}

enum skd_outcome work_commit(struct skd_call *call)
{
	if (call->db)
		TRY(tx_commit(call));
	if (call->wanted)
		call->house->sync_wanted(call->house, call->wanted);
	if (call->queued)
		call->house->job_wanted(call->house);
	return SKD_OK;
}

void work_end(struct skd_call *call)
{
	tx_rollback(call);
	pool_return(call);
	if (call->shown)
		pages_changed(call->house->pages);
}
