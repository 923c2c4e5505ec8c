/* SPDX-License-Identifier: Apache-2.0
 * Figures about the database's content. */
#ifndef STORE_OPS_H
#define STORE_OPS_H

#include "store/db.h"

struct store_sync_state {
	const char *source, *state;
	int64_t age; /* seconds since the last complete run; -1: there was none */
	int64_t people;
};
enum skd_outcome store_sync_states(struct skd_call *call, struct store_sync_state **states, size_t *count) WARN_UNUSED;

#endif
