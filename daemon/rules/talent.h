/* SPDX-License-Identifier: Apache-2.0
 * The talent directory: colleagues who want to be found, with what they show of their skills. Nobody is in it but by their own
 * word, and nobody who is disabled or has left. */
#ifndef RULES_TALENT_H
#define RULES_TALENT_H

#include "rules/house.h"
#include "store/talent.h"

enum { TALENT_INTERESTS = 50 };

/* What the actor said; DENIED when that is no person. */
enum skd_outcome talent_mine(struct skd_call *call, struct store_talent *talent) WARN_UNUSED;
/* version (the one that was read), and as it shall be. Ends with `talent` as it now is. BAD_INPUT for an interest that is there
 * twice, or too many. */
enum skd_outcome talent_set(struct skd_call *call, struct store_talent *talent) WARN_UNUSED;

struct talent_filter {
	const char *skill; /* id, code or exact label; or NULL, as all others */
	long min_level;
	const char *unit, *q;
};
/* BAD_INPUT for a skill or unit that does not exist. */
enum skd_outcome talent_list(struct skd_call *call, const struct talent_filter *filter, struct list *list,
			     struct store_talent **talents, size_t *count) WARN_UNUSED;

#endif
