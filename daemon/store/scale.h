/* SPDX-License-Identifier: Apache-2.0
 * Scales, the named levels that skills are measured on, as rows. Level 1 is the first name. */
#ifndef STORE_SCALE_H
#define STORE_SCALE_H

#include "store/list.h"

struct store_scale {
	const char *id, *name;
	const char *const *levels;
	size_t level_count;
	const char *state; /* active, archived */
	long version;
};
enum skd_outcome store_scale_get(struct skd_call *call, const char *id, struct store_scale *scale) WARN_UNUSED;
/* By id or by name; ABSENT. */
enum skd_outcome store_scale_find(struct skd_call *call, const char *ref, struct store_scale *scale) WARN_UNUSED;
/* state NULL: any. */
enum skd_outcome store_scale_list(struct skd_call *call, const char *state, struct list *list,
				  struct store_scale **scales, size_t *count) WARN_UNUSED;
/* CLASH when the name is taken, also of store_scale_set. */
enum skd_outcome store_scale_add(struct skd_call *call, const struct store_scale *scale, const char **id) WARN_UNUSED;
/* Writes everything over the row of that id and version; STALE when there is none. */
enum skd_outcome store_scale_set(struct skd_call *call, const struct store_scale *scale) WARN_UNUSED;

#endif
