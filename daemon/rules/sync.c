/* SPDX-License-Identifier: Apache-2.0
 * One run of one directory: lease, read into staging, settle. */
#include "rules/sync.h"

#include "base/log.h"
#include "rules/lease.h"
#include "rules/stage.h"

static enum skd_outcome sync_read(struct skd_call *call, const struct directory *directory, struct stage *stage)
{
	struct instance *instance = directory->instance;
	TRY(stage_open(stage, call, instance->name));
	enum skd_outcome outcome = instance->plugin->is.source.read(instance->self, call, &stage->sink);
	if (outcome == SKD_OK)
		return stage_end(stage);
	stage_drop(stage);
	return fail(call, outcome, "the directory could not be read whole");
}

/* The failure goes into the run; the call goes on as if nothing had been wrong. */
static enum skd_outcome sync_give_up(struct skd_call *call, const struct directory *directory, const char *run_id)
{
	const char *error = call->sentence;
	log_line(SKD_WARNING, directory->instance->host.name, "run %s failed: %s", run_id, error);
	tx_rollback(call);
	call_forgive(call);
	return run_failed(call, directory, run_id, error);
}

const char *sync_lease(struct skd_call *call, const struct directory *directory)
{
	return talloc_asprintf(call, "sync %s", directory->instance->name);
}

static enum skd_outcome sync_take(struct skd_call *call, const struct directory *directory, int64_t *epoch)
{
	bool mine;
	TRY(lease_take(call, sync_lease(call, directory), &mine, epoch));
	return mine ? SKD_OK : fail(call, SKD_CLASH, "another daemon syncs %s", directory->instance->name);
}

enum skd_outcome sync_lead(struct skd_call *call, const struct directory *directory)
{
	int64_t epoch;
	return sync_take(call, directory, &epoch);
}

enum skd_outcome sync_once(struct skd_call *call, const struct directory *directory, const struct skd_feed *feed,
			   struct sync_done *done)
{
	const char *source = directory->instance->name;
	struct stage stage;
	struct run_done settled;
	struct run_task task = {.directory = directory, .staged = &stage.counts, .lease = sync_lease(call, directory),
				.cookie = feed ? feed->cookie : NULL};
	*done = (struct sync_done){0};
	TRY(sync_take(call, directory, &task.epoch));
	TRY(store_run_sweep(call, source, task.epoch));
	TRY(store_run_begin(call, source, task.epoch, &task.run_id, &task.wish));
	done->run_id = task.run_id;
	enum skd_outcome outcome = sync_read(call, directory, &stage);
	if (outcome == SKD_OK)
		outcome = run_settle(call, &task, &settled);
	if (outcome != SKD_OK)
		return sync_give_up(call, directory, task.run_id);
	*done = (struct sync_done){task.run_id, task.epoch, settled.active, !settled.parked, settled.parked};
	return SKD_OK;
}

enum skd_outcome sync_try(struct skd_call *call, const struct directory *directory, struct run_trial *trial)
{
	enum skd_outcome outcome = SKD_STALE;
	TRY(pool_borrow(call->house->jobs, call));
	for (int tries = 5; tries && outcome == SKD_STALE; tries--) {
		struct stage stage;
		tx_rollback(call);
		call_forgive(call);
		TRY(sync_read(call, directory, &stage));
		outcome = run_try(call, directory, &stage, trial);
	}
	return outcome;
}

enum skd_outcome sync_asked(struct skd_call *call, const struct directory *directory, bool *asked)
{
	TRY(pool_borrow(call->house->jobs, call));
	return store_run_asked(call, directory->instance->name, asked);
}

enum skd_outcome sync_keep(struct skd_call *call)
{
	bool other;
	TRY(lease_keep(call, &other));
	for (size_t i = 0; i < call->house->directory_count && other; i++)
		call->house->sync_wanted(call->house, &call->house->directories[i]);
	return SKD_OK;
}

enum skd_outcome sync_let_go(struct skd_call *call)
{
	TRY(pool_borrow(call->house->jobs, call));
	for (size_t i = 0; i < call->house->directory_count; i++)
		TRY(store_lease_drop(call, sync_lease(call, &call->house->directories[i]), call->house->holder));
	return SKD_OK;
}
