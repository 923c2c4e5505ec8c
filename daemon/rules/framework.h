/* SPDX-License-Identifier: Apache-2.0
 * Frameworks: what holds of a change to one, and how others refer to one. */
#ifndef RULES_FRAMEWORK_H
#define RULES_FRAMEWORK_H

#include "store/framework.h"

enum skd_outcome framework_get(struct skd_call *call, const char *id, struct store_framework *framework) WARN_UNUSED;
enum skd_outcome framework_list(struct skd_call *call, const char *state, struct list *list,
				struct store_framework **frameworks, size_t *count) WARN_UNUSED;
/* By id or by code; BAD_INPUT naming `field` when there is none. */
enum skd_outcome framework_pick(struct skd_call *call, const char *field, const char *ref,
				struct store_framework *framework) WARN_UNUSED;

/* Both end with `framework` as it now is. CLASH when the code is taken. */
enum skd_outcome framework_add(struct skd_call *call, struct store_framework *framework) WARN_UNUSED;
/* id, version (the one that was read) and everything as it shall be, but for the code, which stays. */
enum skd_outcome framework_set(struct skd_call *call, struct store_framework *framework) WARN_UNUSED;

#endif
