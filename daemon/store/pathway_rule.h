/* SPDX-License-Identifier: Apache-2.0
 * Rules that put people on a pathway, as rows. Whom they fit follows in the SQL from what the directory says now (rules_held). */
#ifndef STORE_PATHWAY_RULE_H
#define STORE_PATHWAY_RULE_H

#include "store/position.h"

/* One of unit, group and position. */
struct store_pathway_rule {
	const char *id, *pathway_id;
	const char *unit_id, *unit;
	struct store_group group; /* of one that was read, the DN alone */
	const char *position_id, *position;
	long days; /* from being put on it until it is to be completed; 0: no such day */
	int64_t created_at;
};
/* Those that have not ended; of groups for who sees everyone. ABSENT. */
enum skd_outcome store_pathway_rule_get(struct skd_call *call, bool everyone, const char *pathway_id, const char *id,
					struct store_pathway_rule *rule) WARN_UNUSED;
enum skd_outcome store_pathway_rule_list(struct skd_call *call, bool everyone, const char *pathway_id, struct list *list,
					 struct store_pathway_rule **rules, size_t *count) WARN_UNUSED;
/* CLASH when the pathway has such a rule already. */
enum skd_outcome store_pathway_rule_add(struct skd_call *call, const struct store_pathway_rule *rule, const char **id) WARN_UNUSED;
enum skd_outcome store_pathway_rule_end(struct skd_call *call, const char *id) WARN_UNUSED; /* ABSENT */

#endif
