/* SPDX-License-Identifier: Apache-2.0
 * /access: each role, what gives it and who holds it; as a table, who has a role and how. */
#include "api/nouns.h"

#include "rules/access.h"

#include <string.h>

static void group_begin(struct json *json, const char *key, const char *name, const char *dn)
{
	put_object(json, key);
	put_string(json, "name", name);
	put_string(json, "dn", dn);
}

static void group_write(struct json *json, const char *key, const char *name, const char *dn)
{
	group_begin(json, key, name, dn);
	put_object_end(json);
}

/* The configuration names a group by DN or by name; one that the directory lacks has no more than that. */
static const char *group_dn(const struct store_role_group *group)
{
	return !group->dn && strchr(group->ref, '=') ? group->ref : group->dn;
}

static void groups_write(struct json *json, const struct access_picture *picture, const char *role)
{
	put_array(json, "groups");
	for (size_t i = 0; i < picture->group_count; i++) {
		const struct store_role_group *group = &picture->groups[i];
		if (strcmp(group->role, role) != 0)
			continue;
		group_begin(json, NULL, group->name ? group->name : group->ref, group_dn(group));
		if (group->trouble)
			put_bool(json, group->trouble, true);
		put_object_end(json);
	}
	put_array_end(json);
}

/* Only admin is given to accounts. */
static size_t account_count(const struct house *house, const char *role)
{
	return role_of(role) == ROLE_ADMIN ? house->rescue_count : 0;
}

/* Everyone in the directory is an employee: they are not listed. */
static bool is_holder(const struct store_grant *grant, const char *role)
{
	return strcmp(grant->role, role) == 0 && role_of(role) != ROLE_EMPLOYEE;
}

static void holder_write(struct json *json, const struct store_grant *grant, const char *role)
{
	put_object(json, NULL);
	put_string(json, "role", role);
	put_named(json, "person", grant->person_id, "name", grant->person_name);
	put_string(json, "username", grant->username);
	group_write(json, "through", grant->group_name, grant->group_dn);
	if (grant->via_dn)
		group_write(json, "via", grant->via_name, grant->via_dn);
	put_time(json, "since", grant->since);
	put_object_end(json);
}

static void role_write(struct json *json, const struct house *house, const struct access_picture *picture,
		       const char *role)
{
	put_object(json, NULL);
	put_string(json, "role", role);
	groups_write(json, picture, role);
	put_array(json, "accounts");
	for (size_t i = 0; i < account_count(house, role); i++)
		put_string(json, NULL, house->rescue_accounts[i]);
	put_array_end(json);
	put_array(json, "holders");
	for (size_t i = 0; i < picture->grant_count; i++)
		if (is_holder(&picture->grants[i], role))
			holder_write(json, &picture->grants[i], NULL);
	put_array_end(json);
	put_object_end(json);
}

/* One for each who has the role, and each way they have it. */
static void rows_write(struct json *json, const struct house *house, const struct access_picture *picture,
		       const char *role)
{
	for (size_t i = 0; i < account_count(house, role); i++) {
		put_object(json, NULL);
		put_string(json, "role", role);
		put_string(json, "account", house->rescue_accounts[i]);
		put_object_end(json);
	}
	for (size_t i = 0; i < picture->grant_count; i++)
		if (is_holder(&picture->grants[i], role))
			holder_write(json, &picture->grants[i], role);
}

enum skd_outcome api_access_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const char *const sorted[] = {"admin", "assessor", "auditor", "employee", "hr", "issuer"};
	struct access_picture picture;
	size_t from, count = sizeof sorted / sizeof *sorted;
	TRY(list_slice(call, in->list, &from, &count));
	TRY(access_list(call, &picture));
	reply_list_begin(in, out);
	for (size_t i = from; i < from + count; i++) {
		const char *role = sorted[list_item(in->list, i)];
		(in->tabular ? rows_write : role_write)(&out->json, call->house, &picture, role);
	}
	reply_list_end(in, out);
	return SKD_OK;
}
