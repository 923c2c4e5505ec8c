/* SPDX-License-Identifier: Apache-2.0
 * What becomes of the data of those who left: policies by group and country, legal holds, what a person may have
 * of it, and erasure with its proof. Nobody is erased while they are here, nor while a hold stands. */
#ifndef RULES_RETENTION_H
#define RULES_RETENTION_H

#include "store/retention.h"

/* The clocks of those who left. For hr and admin. */
enum skd_outcome retention_list(struct skd_call *call, const struct store_clock_filter *filter, struct list *list,
				struct store_clock **clocks, size_t *count) WARN_UNUSED;

/* Everything held about a person, for themselves, hr and admin; noted in the audit. DENIED to others who see them. */
enum skd_outcome retention_export(struct skd_call *call, const char *person_id, struct store_held **sections,
				  size_t *count) WARN_UNUSED;

enum skd_outcome hold_get(struct skd_call *call, const char *person_id, struct store_hold *hold) WARN_UNUSED;
/* `until` TIME_NEVER: until it is lifted. CLASH while one stands. */
enum skd_outcome hold_add(struct skd_call *call, const char *person_id, const char *reason, int64_t until,
			  struct store_hold *hold) WARN_UNUSED;
/* STALE unless the hold has that version. */
enum skd_outcome hold_lift(struct skd_call *call, const char *person_id, long version) WARN_UNUSED;

struct erasure_order {
	const char *person_id, *reason;
	long version; /* of the person as the actor saw them */
	bool early;   /* also before the time is over, or without a policy */
};
/* In the call's transaction. STALE for another version; CLASH for somebody who is here, on whom a hold stands, or
 * whose time is not over; BAD_INPUT for a reason that names them. */
enum skd_outcome erasure_make(struct skd_call *call, const struct erasure_order *order,
			      struct store_erasure *erasure) WARN_UNUSED;
enum skd_outcome erasure_get(struct skd_call *call, const char *id, struct store_erasure *erasure) WARN_UNUSED;
enum skd_outcome erasure_list(struct skd_call *call, struct list *list, struct store_erasure **erasures,
			      size_t *count) WARN_UNUSED;

/* Erases those who are due by an automatic policy, each in a transaction of its own, as far as the call's time goes. */
enum skd_outcome retention_tidy(struct skd_call *call) WARN_UNUSED;

#endif
