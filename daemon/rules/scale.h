/* SPDX-License-Identifier: Apache-2.0
 * Scales: what a scale may become once skills are measured on it. */
#ifndef RULES_SCALE_H
#define RULES_SCALE_H

#include "store/scale.h"

enum skd_outcome scale_get(struct skd_call *call, const char *id, struct store_scale *scale) WARN_UNUSED;
enum skd_outcome scale_list(struct skd_call *call, const char *state, struct list *list, struct store_scale **scales,
			    size_t *count) WARN_UNUSED;
/* By id or by name; BAD_INPUT naming `field` when there is none. */
enum skd_outcome scale_pick(struct skd_call *call, const char *field, const char *ref,
			    struct store_scale *scale) WARN_UNUSED;

/* Both end with `scale` as it now is. BAD_INPUT unless there are 1 to 20 levels, all different; CLASH
 * when the name is taken. */
enum skd_outcome scale_add(struct skd_call *call, struct store_scale *scale) WARN_UNUSED;
/* id, version (the one that was read) and everything as it shall be. Levels can get other names and new
 * ones on top; CLASH when there are fewer than before, or when "default" would lose its name. */
enum skd_outcome scale_set(struct skd_call *call, struct store_scale *scale) WARN_UNUSED;

#endif
