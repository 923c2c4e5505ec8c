/* SPDX-License-Identifier: Apache-2.0
 * How often credentials were looked at, by day. */
#ifndef STORE_COUNTS_H
#define STORE_COUNTS_H

#include "store/db.h"

/* Adds to today's; ids, kinds and numbers go together. What is no credential is left out. */
enum skd_outcome store_counts_add(struct skd_call *call, size_t count, const char *const *ids, const char *const *kinds,
				  const char *const *numbers) WARN_UNUSED;

struct store_count {
	const char *day;
	int64_t views, downloads, verifications;
};
/* The oldest day first; days of which there is nothing are not there. */
enum skd_outcome store_counts_list(struct skd_call *call, const char *credential_id, struct store_count **counts,
				   size_t *count) WARN_UNUSED;

#endif
