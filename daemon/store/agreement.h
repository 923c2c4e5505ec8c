/* SPDX-License-Identifier: Apache-2.0
 * What two assessors said of the same, pair by pair. */
#ifndef STORE_AGREEMENT_H
#define STORE_AGREEMENT_H

#include "store/db.h"

struct store_opinions {
	const char *criterion;           /* id; NULL: of the verdict */
	const char *person_id[2], *person[2]; /* the earlier place first */
	long place[2]; /* of the level in the criterion, from low to high, or of the verdict: decline, return, approve */
};
/* Of all rounds for any version of the achievement, those that are done in one round with each other. */
enum skd_outcome store_opinions_list(struct skd_call *call, const char *achievement_id, struct store_opinions **opinions, size_t *count) WARN_UNUSED;

#endif
