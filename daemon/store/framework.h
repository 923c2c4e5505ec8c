/* SPDX-License-Identifier: Apache-2.0
 * Frameworks, the sources of skills, as rows. */
#ifndef STORE_FRAMEWORK_H
#define STORE_FRAMEWORK_H

#include "store/list.h"

struct store_framework {
	const char *id, *code, *name, *uri, *description;
	const char *state; /* active, archived */
	long version;
};
enum skd_outcome store_framework_get(struct skd_call *call, const char *id,
				     struct store_framework *framework) WARN_UNUSED;
/* By id or by code; ABSENT. */
enum skd_outcome store_framework_find(struct skd_call *call, const char *ref,
				      struct store_framework *framework) WARN_UNUSED;
/* state NULL: any. */
enum skd_outcome store_framework_list(struct skd_call *call, const char *state, struct list *list,
				      struct store_framework **frameworks, size_t *count) WARN_UNUSED;
/* Active, with the code as it is given. CLASH when the code is taken. */
enum skd_outcome store_framework_add(struct skd_call *call, const struct store_framework *framework,
				     const char **id) WARN_UNUSED;
/* Writes everything but the code over the row of that id and version; STALE when there is none. */
enum skd_outcome store_framework_set(struct skd_call *call, const struct store_framework *framework) WARN_UNUSED;

#endif
