/* SPDX-License-Identifier: Apache-2.0
 * Rules that put people on a pathway. */
#include "rules/pathway_rule.h"

#include "rules/audit.h"
#include "rules/detail.h"
#include "rules/group.h"
#include "rules/pathway.h"
#include "rules/person.h"
#include "rules/position.h"

#include <string.h>

enum skd_outcome pathway_rule_get(struct skd_call *call, const char *pathway_id, const char *id, struct store_pathway_rule *rule)
{
	struct store_pathway pathway;
	TRY(pathway_get(call, pathway_id, 0, &pathway));
	return store_pathway_rule_get(call, sight_near(call).everyone, pathway_id, id, rule);
}

enum skd_outcome pathway_rule_list(struct skd_call *call, const char *pathway_id, struct list *list, struct store_pathway_rule **rules,
				   size_t *count)
{
	struct store_pathway pathway;
	TRY(pathway_get(call, pathway_id, 0, &pathway));
	return store_pathway_rule_list(call, sight_near(call).everyone, pathway_id, list, rules, count);
}

static enum skd_outcome group_read(struct skd_call *call, const char *dn, struct store_group *group)
{
	const char **sources, **keys;
	size_t count;
	group_keys(call, &dn, 1, &sources, &keys, &count);
	return absent_as_field(call, "/group", store_group_find(call, count, sources, keys, group));
}

static enum skd_outcome order_read(struct skd_call *call, const struct pathway_rule_order *order, struct store_pathway_rule *rule)
{
	struct store_position position;
	if (!!order->unit + !!order->group + !!order->position != 1)
		return fail(call, SKD_BAD_INPUT, "say one of unit, group and position");
	TRY(unit_must_exist(call, "/unit", order->unit));
	rule->unit_id = order->unit;
	if (order->group)
		TRY(group_read(call, order->group, &rule->group));
	if (order->position) {
		TRY(position_pick(call, "/position", order->position, &position));
		rule->position_id = position.id;
	}
	return SKD_OK;
}

static enum skd_outcome told(struct skd_call *call, const char *action, const struct store_pathway_rule *rule)
{
	call->queued = true;
	return audit_done(call, action, "pathway", rule->pathway_id,
			  detail_of(call, "rule", rule->id, "unit", rule->unit_id, "position", rule->position_id, NULL));
}

enum skd_outcome pathway_rule_add(struct skd_call *call, const char *pathway_id, const struct pathway_rule_order *order,
				  struct store_pathway_rule *rule)
{
	struct store_pathway_rule made = {.pathway_id = pathway_id, .days = order->days};
	struct store_pathway pathway;
	const char *id;
	TRY(pathway_get(call, pathway_id, 0, &pathway));
	if (strcmp(pathway.state, "archived") == 0)
		return fail(call, SKD_CLASH, "the pathway is archived: nobody begins it");
	TRY(order_read(call, order, &made));
	enum skd_outcome outcome = store_pathway_rule_add(call, &made, &id);
	if (outcome == SKD_CLASH) {
		call_forgive(call);
		return fail(call, SKD_CLASH, "the pathway has such a rule already");
	}
	TRY(outcome);
	TRY(pathway_rule_get(call, pathway_id, id, rule));
	return told(call, "pathway.rule_add", rule);
}

enum skd_outcome pathway_rule_end(struct skd_call *call, const char *pathway_id, const char *id)
{
	struct store_pathway_rule rule;
	TRY(pathway_rule_get(call, pathway_id, id, &rule));
	TRY(store_pathway_rule_end(call, id));
	return told(call, "pathway.rule_end", &rule);
}
