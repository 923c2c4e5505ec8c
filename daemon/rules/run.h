/* SPDX-License-Identifier: Apache-2.0
 * What a run of the sync may do, what waits for an admin, and what an admin decides. */
#ifndef RULES_RUN_H
#define RULES_RUN_H

#include "base/json.h"
#include "rules/access.h"
#include "rules/house.h"
#include "rules/stage.h"
#include "store/dry.h"

/* What was staged, and for which run. */
struct run_task {
	const struct directory *directory;
	const struct stage_counts *staged;
	const char *lease; /* NULL: a dry run, on copies */
	int64_t epoch;
	const char *run_id; /* NULL: of a feed; one is made if there is news */
	struct run_wish wish; /* asked: a parked run of the same list gives way to it */
	const char *cookie; /* where the feed stands after it; NULL: there is none */
};

/* Applies it, or parks it when too many would leave, in one transaction under the lease's epoch. STALE for a
 * feed that should be parked. */
struct run_done {
	int64_t active; /* people there now */
	bool parked;
};
enum skd_outcome run_settle(struct skd_call *call, const struct run_task *task, struct run_done *done) WARN_UNUSED;
/* What a run of this would do under the configuration at hand: it is settled on copies, and rolled back. Needs no
 * lease, and keeps nobody waiting. A parked run of the same list is told as if there were none. STALE where
 * a run has ended since the reading began. */
struct run_trial {
	struct store_run run;
	struct access_news news; /* configured groups that are missing or ambiguous */
	struct store_dry_line *lines;
	size_t line_count;
};
enum skd_outcome run_try(struct skd_call *call, const struct directory *directory, const struct stage *stage,
			 struct run_trial *trial) WARN_UNUSED;
enum skd_outcome run_failed(struct skd_call *call, const struct directory *directory, const char *run_id,
			    const char *error) WARN_UNUSED;

/* The members that say what a run did or would do, of an object that is begun; and a line of it, whole. */
void run_facts_put(struct json *json, const struct store_run *run);
void run_line_put(struct json *json, const struct store_run_line *line);
enum skd_outcome run_get(struct skd_call *call, const char *id, struct store_run *run) WARN_UNUSED;
enum skd_outcome run_list(struct skd_call *call, const char *source, const char *state, struct list *list,
			  struct store_run **runs, size_t *count) WARN_UNUSED;
enum skd_outcome run_lines(struct skd_call *call, const char *id, int most, struct store_run_line **lines,
			   size_t *count) WARN_UNUSED;
/* When the directory said what of a person the actor sees. */
enum skd_outcome run_said(struct skd_call *call, const char *person_id, struct store_run_said **said,
			  size_t *count) WARN_UNUSED;
/* An admin asks for a run now, in which `allow` people may leave, or lose a value or a group (0: as many as ever); NULL
 * source: the only one, or the first. */
enum skd_outcome run_ask(struct skd_call *call, const char *source, int64_t allow, struct store_run *run) WARN_UNUSED;
/* The approval covers the parked run's list and nothing else. */
enum skd_outcome run_approve(struct skd_call *call, const char *id, struct store_run *run) WARN_UNUSED;
enum skd_outcome run_drop(struct skd_call *call, const char *id, struct store_run *run) WARN_UNUSED;

#endif
