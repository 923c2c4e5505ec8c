/* SPDX-License-Identifier: Apache-2.0
 * Collections as rows: achievements in an order, and the goals of a programme. */
#ifndef STORE_COLLECTION_H
#define STORE_COLLECTION_H

#include "store/list.h"

struct store_collection {
	const char *id, *issuer_id, *issuer, *name, *description;
	const char *goals; /* JSON: [{metric, target, by}] */
	size_t goal_count; /* of goals that are to be written; 0 of those that were read */
	const char *state; /* active, archived */
	const char *const *achievements, *const *names; /* ids, and what they are called now */
	size_t count;
	long version;
	int64_t updated_at;
};

/* ABSENT. */
enum skd_outcome store_collection_get(struct skd_call *call, const char *id, struct store_collection *collection) WARN_UNUSED;
struct store_collection_filter {
	const char *q; /* in the name */
	const char *issuer, *achievement, *state;
};
enum skd_outcome store_collection_list(struct skd_call *call, const struct store_collection_filter *filter, struct list *list,
				       struct store_collection **collections, size_t *count) WARN_UNUSED;
/* A new one of issuer_id. */
enum skd_outcome store_collection_add(struct skd_call *call, const struct store_collection *collection, const char **id) WARN_UNUSED;
/* All but the issuer. STALE unless the row still has collection->version. */
enum skd_outcome store_collection_set(struct skd_call *call, const struct store_collection *collection) WARN_UNUSED;
/* The place of the first id of no achievement that was ever published; `count` when there is none. */
enum skd_outcome store_collection_unknown(struct skd_call *call, size_t count, const char *const *ids, size_t *place) WARN_UNUSED;

#endif
