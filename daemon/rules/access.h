/* SPDX-License-Identifier: Apache-2.0
 * Who has which role through which group: from the configuration and the directory, never by hand. */
#ifndef RULES_ACCESS_H
#define RULES_ACCESS_H

#include "rules/house.h"
#include "store/access.h"

/* Writes the house's roles and issuer to the database and brings grants up to date. Borrows a session
 * of the writers; the caller returns it. */
enum skd_outcome access_settle(struct skd_call *call) WARN_UNUSED;

/* Writes what the house says of roles and of who is the same, in a transaction. `run_id`: of a dry run, or NULL. */
enum skd_outcome access_put(struct skd_call *call, const char *run_id) WARN_UNUSED;

/* Deletes sessions, tokens and failures whose time is over. Borrows a session of the jobs. */
enum skd_outcome access_tidy(struct skd_call *call) WARN_UNUSED;

/* Configured groups that a directory no longer lacks, or lacks since now. */
struct access_news {
	struct store_role_group *groups;
	size_t count;
};
/* In the transaction of a complete run, and once it is committed: a line in the log for each. */
enum skd_outcome access_look(struct skd_call *call, const char *source, struct access_news *news) WARN_UNUSED;
void access_tell(const char *source, const struct access_news *news);

struct access_picture {
	struct store_role_group *groups;
	struct store_grant *grants;
	size_t group_count, grant_count;
};
enum skd_outcome access_list(struct skd_call *call, struct access_picture *picture) WARN_UNUSED;

#endif
