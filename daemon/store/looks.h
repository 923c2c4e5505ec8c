/* SPDX-License-Identifier: Apache-2.0
 * Who looked at whom, as rows by day. */
#ifndef STORE_LOOKS_H
#define STORE_LOOKS_H

#include "store/list.h"

/* Arrays of so many each: who looked (a person's id, or an account's), which of the two that is, at whom, at what, with which
 * roles (the bits of enum role as a number), and how often. */
struct store_looks {
	size_t count;
	const char **viewers, **are_people, **subjects, **whats, **roles, **numbers;
};
/* Adds them to those of today. Whoever looked at themselves, or at who is erased, is left out. `manager` and the rest say by
 * which right it was seen: the nearest that there is. */
enum skd_outcome store_looks_add(struct skd_call *call, const struct store_looks *looks) WARN_UNUSED;

struct store_look {
	const char *id, *viewer_id, *viewer; /* or */
	const char *account;                 /* "authenticator:name" where it is nobody's */
	const char *relation, *what, *day;
	int64_t number;
};
/* Of a human, with all their entries. */
enum skd_outcome store_looks_list(struct skd_call *call, const char *person_id, struct list *list, struct store_look **looks,
				  size_t *count) WARN_UNUSED;
/* Drops those of days that are over for so long, at most `most`; how many. */
enum skd_outcome store_looks_sweep(struct skd_call *call, long keep_ms, int64_t most, int64_t *swept) WARN_UNUSED;

#endif
