/* SPDX-License-Identifier: Apache-2.0
 * Corrections that people ask for, as rows. */
#ifndef STORE_CORRECTION_H
#define STORE_CORRECTION_H

#include "store/list.h"

struct store_correction {
	const char *id, *person_id, *person, *entry_id; /* the human who asks, their name; the entry by which */
	const char *about, *object; /* object: an id, or NULL */
	const char *text, *state, *answer;
	const char *answered_id, *answered; /* the person who answered, or */
	const char *account;                /* the account, where that is nobody's */
	int64_t created_at, closed_at;
	long version;
};
/* ABSENT when there is none, or it is of another than `self`, the human, unless `everyone`. */
enum skd_outcome store_correction_get(struct skd_call *call, bool everyone, const char *self, const char *id,
				      struct store_correction *correction) WARN_UNUSED;
struct store_correction_filter {
	const char *state, *about, *person; /* person: the human's id */
};
enum skd_outcome store_correction_list(struct skd_call *call, bool everyone, const char *self,
				       const struct store_correction_filter *filter, struct list *list,
				       struct store_correction **corrections, size_t *count) WARN_UNUSED;
/* Whether the credential or claim (by `about`) is of that human. */
enum skd_outcome store_correction_object(struct skd_call *call, const char *about, const char *object, const char *human_id,
					 bool *theirs) WARN_UNUSED;
enum skd_outcome store_correction_add(struct skd_call *call, const struct store_correction *correction, const char **id) WARN_UNUSED;
/* Locks it until the transaction ends. */
enum skd_outcome store_correction_lock(struct skd_call *call, const char *id) WARN_UNUSED;
/* One that is locked and open gets its state; answer and account_id NULL: it is withdrawn. */
enum skd_outcome store_correction_close(struct skd_call *call, const char *id, const char *state, const char *answer,
					const char *account_id) WARN_UNUSED;

#endif
