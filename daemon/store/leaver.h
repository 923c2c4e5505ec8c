/* SPDX-License-Identifier: Apache-2.0
 * People whose leaving, moving or coming back is still to be followed, as rows; and what they take along. */
#ifndef STORE_LEAVER_H
#define STORE_LEAVER_H

#include "store/db.h"

struct store_parting {
	const char *entry_id, *person_id; /* the human of it */
	bool here;  /* by any of their entries */
	bool moved; /* to another unit */
};
/* Whose turn it is, locked until the transaction ends; entry_id NULL: nobody's, or others are at it. */
enum skd_outcome store_parting_take(struct skd_call *call, struct store_parting *parting) WARN_UNUSED;
/* Not before that many milliseconds are over. */
enum skd_outcome store_parting_put_off(struct skd_call *call, const char *entry_id, long milliseconds) WARN_UNUSED;
enum skd_outcome store_parting_drop(struct skd_call *call, const char *entry_id) WARN_UNUSED;

enum store_parting_why { PARTING_LEFT, PARTING_MOVED, PARTING_BACK };
struct store_parting_turn {
	const char *credential_id;
	const char *policy; /* suspend or revoke; of who is back: NULL */
};
/* Credentials to be turned for that reason, oldest first: what was suspended since they left, for who is back. */
enum skd_outcome store_parting_turns(struct skd_call *call, const char *person_id, enum store_parting_why why,
				     struct store_parting_turn **turns, size_t *count) WARN_UNUSED;
/* It was suspended since its holder left. */
enum skd_outcome store_parting_keep(struct skd_call *call, const char *credential_id) WARN_UNUSED;

/* Ids of the submissions of a human that wait for a decision, oldest first. */
enum skd_outcome store_parting_submissions(struct skd_call *call, const char *person_id, const char *const **ids,
					   size_t *count) WARN_UNUSED;

/* Ids of the credentials of a human that have that form, and whose badges are worth taking along: neither revoked nor superseded, nor of a sandbox;
 * oldest first. */
enum skd_outcome store_leaver_badges(struct skd_call *call, const char *person_id, const char *form, const char *const **ids,
				     size_t *count) WARN_UNUSED;

#endif
