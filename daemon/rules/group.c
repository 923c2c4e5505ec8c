/* SPDX-License-Identifier: Apache-2.0
 * Groups by DN. */
#include "rules/group.h"

#include "rules/house.h"

void group_keys(struct skd_call *call, const char *const *groups, size_t count, const char ***sources, const char ***keys, size_t *found)
{
	const struct house *house = call->house;
	size_t most = count * house->directory_count;
	*sources = talloc_array(call, const char *, most + 1);
	*keys = talloc_array(call, const char *, most + 1);
	*found = 0;
	for (size_t i = 0; i < most; i++) {
		const struct instance *source = house->directories[i % house->directory_count].instance;
		const char *key = source->plugin->is.source.key(source->self, call, groups[i / house->directory_count]);
		if (!key)
			continue;
		(*sources)[*found] = source->name;
		(*keys)[(*found)++] = key;
	}
}
