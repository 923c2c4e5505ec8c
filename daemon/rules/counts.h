/* SPDX-License-Identifier: Apache-2.0
 * How often a badge is looked at, by day: numbers, and nothing of who looked. Counted in memory and written by the clock;
 * what was not yet written when a daemon is killed is lost. */
#ifndef RULES_COUNTS_H
#define RULES_COUNTS_H

#include "rules/house.h"
#include "store/counts.h"

enum count_kind { COUNT_NOT, COUNT_VIEW, COUNT_DOWNLOAD, COUNT_VERIFICATION };

struct counts *counts_open(void);
void counts_close(struct counts **counts);

/* One more; from any thread, and it waits for nothing. */
void counts_add(struct counts *counts, const char *credential_id, enum count_kind kind);
/* Writes what was counted since. What could not be written is written next time. */
enum skd_outcome counts_write(struct skd_call *call) WARN_UNUSED;

/* For the holder, and for those who issue on its issuer's behalf. DENIED to others who see the credential. */
enum skd_outcome counts_list(struct skd_call *call, const char *credential_id, struct store_count **counts,
			     size_t *count) WARN_UNUSED;

#endif
