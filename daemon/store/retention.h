/* SPDX-License-Identifier: Apache-2.0
 * Those who left: their clocks, holds, what is held of them, and its erasure. Policies come as the text of
 * JSON that schemas/sql/0003_retention.sql describes. */
#ifndef STORE_RETENTION_H
#define STORE_RETENTION_H

#include "store/list.h"

/* ---- clocks ---- */
struct store_clock {
	const char *person_id, *name, *username, *source, *country;
	const char *policy; /* NULL: none fits, and it never ends */
	bool automatic, due;
	int64_t absent_since, due_at;
	bool held;
	const char *hold_reason;
	int64_t hold_until;
};
struct store_clock_filter {
	const char *due, *held; /* "t", "f" or NULL */
};
/* Everyone who left and was not erased. */
enum skd_outcome store_clock_list(struct skd_call *call, const char *policies, const struct store_clock_filter *filter,
				  struct list *list, struct store_clock **clocks, size_t *count) WARN_UNUSED;
/* Of one of them; ABSENT for somebody who is here, or was erased. */
enum skd_outcome store_clock_get(struct skd_call *call, const char *policies, const char *person_id,
				 struct store_clock *clock) WARN_UNUSED;
/* The next `most` whose time is over under an automatic policy, without a hold; nobody while a policy names
 * a group that its directory lacks, whose id is then in `missing`. */
struct store_due {
	const char *person_id, *source;
};
enum skd_outcome store_clock_due(struct skd_call *call, const char *policies, int most, struct store_due **due,
				 size_t *count, const char **missing) WARN_UNUSED;
/* Whether the clock may be trusted with what cannot be undone: it has gone on for a day without a gap of a day or a
 * step back. To be asked each minute. */
struct store_steady {
	bool stepped; /* just now */
	bool steady;
	int64_t from; /* when it will be */
};
enum skd_outcome store_clock_look(struct skd_call *call, struct store_steady *steady) WARN_UNUSED;
/* Forgets the groups that people who are here left long ago. */
enum skd_outcome store_group_left_tidy(struct skd_call *call) WARN_UNUSED;

/* ---- holds ---- */
struct store_hold {
	const char *person_id, *name, *reason, *account;
	int64_t until, set_at;
	long version;
};
/* The one that stands. ABSENT without. */
enum skd_outcome store_hold_get(struct skd_call *call, const char *person_id, struct store_hold *hold) WARN_UNUSED;
/* CLASH while one stands. */
enum skd_outcome store_hold_add(struct skd_call *call, const struct store_hold *hold, const char *account_id) WARN_UNUSED;
enum skd_outcome store_hold_lift(struct skd_call *call, const char *person_id) WARN_UNUSED;

/* ---- all that is held of a person ---- */
struct store_held {
	const char *name;
	const char *const *items; /* JSON objects */
	size_t count;
	bool cut; /* there is more than fits */
};
enum skd_outcome store_held_list(struct skd_call *call, const char *person_id, struct store_held **sections,
				 size_t *count) WARN_UNUSED;

/* ---- erasure ---- */
struct store_erasure {
	const char *id, *person_id, *account, *policy, *reason, *removed, *digest; /* removed: JSON; digest: hexadecimal */
	bool early;
	int64_t erased_at;
};
/* Locks the row until the end of the transaction; *version 0: nobody who could be erased. */
enum skd_outcome store_erasure_lock(struct skd_call *call, const char *person_id, long *version) WARN_UNUSED;
/* Whether a text holds any of the words that are theirs: names, mail, numbers. */
enum skd_outcome store_erasure_names(struct skd_call *call, const char *person_id, const char *text,
				     bool *names) WARN_UNUSED;
/* Empties the person's row, all that hangs on it and all that names them, and counts it as a JSON object. The row
 * is known by `external_id` from then on. `whos`: a JSON array of the rows of who that lost their words. */
enum skd_outcome store_erasure_run(struct skd_call *call, const char *person_id, const char *external_id,
				   const char **removed, const char **whos) WARN_UNUSED;
enum skd_outcome store_erasure_add(struct skd_call *call, const struct store_erasure *erasure, const char *account_id,
				   const char **id) WARN_UNUSED;
enum skd_outcome store_erasure_get(struct skd_call *call, const char *id, struct store_erasure *erasure) WARN_UNUSED;
enum skd_outcome store_erasure_list(struct skd_call *call, struct list *list, struct store_erasure **erasures,
				    size_t *count) WARN_UNUSED;

#endif
