/* SPDX-License-Identifier: Apache-2.0
 * Rules that put people on a pathway: whoever sees it reads them, hr and admins say them. What follows for whom is done a moment
 * later: rules/enlist.h. */
#ifndef RULES_PATHWAY_RULE_H
#define RULES_PATHWAY_RULE_H

#include "store/pathway_rule.h"

/* ABSENT, also for a pathway that is, and for one that has ended. */
enum skd_outcome pathway_rule_get(struct skd_call *call, const char *pathway_id, const char *id, struct store_pathway_rule *rule) WARN_UNUSED;
enum skd_outcome pathway_rule_list(struct skd_call *call, const char *pathway_id, struct list *list, struct store_pathway_rule **rules,
				   size_t *count) WARN_UNUSED;
/* Whom: just one of them. */
struct pathway_rule_order {
	const char *unit;     /* id */
	const char *group;    /* DN */
	const char *position; /* id or code */
	long days;            /* 0: no day by which it is to be completed */
};
/* BAD_INPUT for more or less than one of them, and for one that is not there; CLASH for one that is said already, and for a pathway
 * that is archived. One of a pathway that is not published puts people on it when it is. */
enum skd_outcome pathway_rule_add(struct skd_call *call, const char *pathway_id, const struct pathway_rule_order *order,
				  struct store_pathway_rule *rule) WARN_UNUSED;
/* Who is on the pathway by it is not any more, unless they have completed it or another rule fits them. */
enum skd_outcome pathway_rule_end(struct skd_call *call, const char *pathway_id, const char *id) WARN_UNUSED;

#endif
