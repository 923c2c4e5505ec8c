/* SPDX-License-Identifier: Apache-2.0
 * Groups of directories that are named by DN. */
#ifndef RULES_GROUP_H
#define RULES_GROUP_H

#include "base/call.h"

/* A DN is looked for in each directory, by the key that the directory itself gives it: keys[i] is of sources[i], of which
 * there are *found. A directory that knows no such name gives none. */
void group_keys(struct skd_call *call, const char *const *groups, size_t count, const char ***sources, const char ***keys,
		size_t *found);

#endif
