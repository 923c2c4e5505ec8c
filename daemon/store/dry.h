/* SPDX-License-Identifier: Apache-2.0
 * The ground of a dry run: copies of the tables that a run writes, in front of them, until the transaction ends. */
#ifndef STORE_DRY_H
#define STORE_DRY_H

#include "store/run.h"

/* In a transaction that is to be rolled back, before any other statement of it: from here on all statements of a
 * run read and write copies, as of one moment. Nobody waits for it, and it waits for nobody. */
enum skd_outcome store_dry_begin(struct skd_call *call) WARN_UNUSED;

struct store_dry_line {
	struct store_run_line line; /* as a run's; person_id NULL for who would be added */
	const char *username;
	const char *const *says; /* its detail, for people to read */
	size_t say_count;
};
/* All lines of the run, by kind and name. */
enum skd_outcome store_dry_lines(struct skd_call *call, const char *run_id, struct store_dry_line **lines,
				 size_t *count) WARN_UNUSED;

#endif
