/* SPDX-License-Identifier: Apache-2.0
 * Roles from configuration and directory. */
#include "rules/access.h"

#include "store/credential.h"

enum skd_outcome access_settle(struct skd_call *call)
{
	const struct house *house = call->house;
	TRY(pool_borrow(house->writers, call));
	TRY(migrate_check(call));
	TRY(tx_begin(call));
	TRY(store_role_groups_put(call, house->role_count, house->role_names, house->role_groups));
	TRY(store_role_refresh(call, NULL, true));
	TRY(store_issuer_put(call, "company", house->issuer_name, house->issuer_url, house->issuer_mail));
	return tx_commit(call);
}

enum skd_outcome access_tidy(struct skd_call *call)
{
	TRY(pool_borrow(call->house->jobs, call));
	return store_access_tidy(call, call->house->session_idle, call->house->throttle_window);
}

enum skd_outcome access_list(struct skd_call *call, struct access_picture *picture)
{
	TRY(store_role_group_list(call, &picture->groups, &picture->group_count));
	return store_grant_list(call, &picture->grants, &picture->grant_count);
}
