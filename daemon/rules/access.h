/* SPDX-License-Identifier: Apache-2.0
 * Who has which role through which group: from the configuration and the directory, never by hand. */
#ifndef RULES_ACCESS_H
#define RULES_ACCESS_H

#include "rules/house.h"
#include "store/access.h"

/* Writes the house's roles and issuer to the database and brings grants up to date. Borrows a session
 * of the writers; the caller returns it. */
enum skd_outcome access_settle(struct skd_call *call) WARN_UNUSED;

/* Deletes sessions, tokens and failures whose time is over. Borrows a session of the jobs. */
enum skd_outcome access_tidy(struct skd_call *call) WARN_UNUSED;

struct access_picture {
	struct store_role_group *groups;
	struct store_grant *grants;
	size_t group_count, grant_count;
};
enum skd_outcome access_list(struct skd_call *call, struct access_picture *picture) WARN_UNUSED;

#endif
