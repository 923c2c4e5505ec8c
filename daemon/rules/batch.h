/* SPDX-License-Identifier: Apache-2.0
 * The same done to many: what is wrong with a row is said of that row, and the others go on, or all wait. */
#ifndef RULES_BATCH_H
#define RULES_BATCH_H

#include "rules/job.h"
#include "store/batch.h"

enum { BATCH_ROWS = 100000 };

extern const struct job_kind batch_kind;

/* Takes rows in: batch_begin(), batch_row() of each in their order, batch_end(). In between nothing else is asked of the
 * database. action, achievement_id, all_or_none, reason, scheduled_at (0: at once) are given; sets id. BAD_INPUT of the
 * field `at`, DENIED or CLASH for an achievement that cannot be issued. */
enum skd_outcome batch_begin(struct skd_call *call, struct store_batch *batch, const char *at) WARN_UNUSED;
/* Sets number, and credential_id for a row of issue or replace; complains in the row of what it lacks. */
enum skd_outcome batch_row(struct skd_call *call, struct store_batch *batch, struct store_batch_row *row) WARN_UNUSED;
/* `good` false: nothing was wanted of all that. */
enum skd_outcome batch_end(struct skd_call *call, struct store_batch *batch, bool good, struct store_job *job) WARN_UNUSED;

/* Those that one has asked for, and everyone's for admin and auditor. ABSENT. */
enum skd_outcome batch_get(struct skd_call *call, const char *id, struct store_batch *batch) WARN_UNUSED;
enum skd_outcome batch_list(struct skd_call *call, const char *state, const char *action, struct list *list,
			    struct store_batch **batches, size_t *count) WARN_UNUSED;
enum skd_outcome batch_rows(struct skd_call *call, const char *id, const char *state, struct list *list,
			    struct store_batch_row **rows, size_t *count) WARN_UNUSED;

#endif
