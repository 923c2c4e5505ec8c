/* SPDX-License-Identifier: Apache-2.0
 * Skills: what holds of a change to one, and what others mean when they name one. */
#ifndef RULES_SKILL_H
#define RULES_SKILL_H

#include "store/skill.h"

enum skd_outcome skill_get(struct skd_call *call, const char *id, struct store_skill *skill) WARN_UNUSED;
/* filter->framework may be an id or a code. BAD_INPUT for a framework or parent that does not exist. */
enum skd_outcome skill_list(struct skd_call *call, const struct store_skill_filter *filter, struct list *list,
			    struct store_skill **skills, size_t *count) WARN_UNUSED;

/* Both end with `skill` as it now is; parent_id may be an id or a code of the same framework. BAD_INPUT
 * naming the field for what does not exist.
 * `framework` is an id or code, `scale` an id or name. CLASH for a code that is taken, or a framework or
 * scale that is archived. */
enum skd_outcome skill_add(struct skd_call *call, const char *framework, const char *scale,
			   struct store_skill *skill) WARN_UNUSED;
/* id, version (the one that was read), framework_id, and as they shall be: uri, label, description,
 * synonyms, parent_id, status. CLASH when the skill would stand below itself. */
enum skd_outcome skill_set(struct skd_call *call, struct store_skill *skill) WARN_UNUSED;

/* The ids that an id, a code or an exact label means; BAD_INPUT naming `field` when it means none. */
enum skd_outcome skill_resolve(struct skd_call *call, const char *field, const char *ref, const char *const **ids,
			       size_t *count) WARN_UNUSED;
/* The one active skill that it means; BAD_INPUT naming `field` when it means none or several. */
enum skd_outcome skill_pick(struct skd_call *call, const char *field, const char *ref,
			    struct store_skill_match *skill) WARN_UNUSED;

/* BAD_INPUT naming `field` unless the level is one of the skill's scale. */
enum skd_outcome skill_level_check(struct skd_call *call, const char *field, const char *skill_id,
				   long level) WARN_UNUSED;
/* The same for a skill that was picked. */
enum skd_outcome skill_match_level_check(struct skd_call *call, const char *field,
					 const struct store_skill_match *skill, long level) WARN_UNUSED;

#endif
