/* SPDX-License-Identifier: Apache-2.0
 * Collections of achievements, such as a programme, and what it is to reach: goals are kept, and not measured. */
#ifndef RULES_COLLECTION_H
#define RULES_COLLECTION_H

#include "store/collection.h"

enum { COLLECTION_ACHIEVEMENTS = 500, COLLECTION_GOALS = 50 };

/* ABSENT. */
enum skd_outcome collection_get(struct skd_call *call, const char *id, struct store_collection *collection) WARN_UNUSED;
/* BAD_INPUT for an issuer or an achievement that does not exist. */
enum skd_outcome collection_list(struct skd_call *call, const struct store_collection_filter *filter, struct list *list,
				 struct store_collection **collections, size_t *count) WARN_UNUSED;

/* Both end with `collection` as it now is. DENIED when achievements of that issuer are not the actor's to write; BAD_INPUT
 * for achievements that are there twice, or were never published. A new one is of issuer_id, or with NULL of the company. */
enum skd_outcome collection_add(struct skd_call *call, struct store_collection *collection) WARN_UNUSED;
/* id, version (the one that was read) and everything as it shall be. Where that is as it was, nothing is written. */
enum skd_outcome collection_set(struct skd_call *call, struct store_collection *collection) WARN_UNUSED;

#endif
