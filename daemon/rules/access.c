/* SPDX-License-Identifier: Apache-2.0
 * Roles from configuration and directory. */
#include "rules/access.h"

#include "base/log.h"
#include "rules/audit.h"
#include "rules/issuer.h"
#include "rules/offer.h"
#include "store/human.h"

#include <string.h>

/* The keys that the directories themselves give the configured groups. */
static const struct store_role_rule *role_rules(struct skd_call *call)
{
	const struct house *house = call->house;
	struct store_role_rule *rules = talloc_zero_array(call, struct store_role_rule, house->role_count + 1);
	for (size_t i = 0; i < house->role_count; i++) {
		const struct role_rule *rule = &house->role_rules[i];
		const struct instance *source = rule->directory->instance;
		rules[i] = (struct store_role_rule){rule->role, source->name, rule->group,
						    source->plugin->is.source.key(source->self, call, rule->group)};
	}
	return rules;
}

/* Links by a rule that is no more end with it, and so do the rights that came through them. */
static enum skd_outcome same_put(struct skd_call *call, const char *run_id)
{
	const struct house *house = call->house;
	struct store_same_rule *rules = talloc_zero_array(call, struct store_same_rule, house->directory_count + 1);
	struct human_news news;
	size_t count = 0;
	for (size_t i = 0; i < house->directory_count; i++) {
		const struct directory *d = &house->directories[i];
		if (d->same_as)
			rules[count++] = (struct store_same_rule){d->instance->name, d->same_as, d->same_by};
	}
	TRY(store_same_rules_put(call, count, rules, run_id, &news));
	if (!news.unlinked || run_id)
		return SKD_OK;
	log_line(SKD_WARNING, "same_as", "%lld links of a rule that is no more have ended", (long long)news.unlinked);
	return audit_note(call, "directory.rule.end", "ok", "directory_rule", NULL,
			  talloc_asprintf(call, "{\"unlinked\":%lld}", (long long)news.unlinked));
}

enum skd_outcome access_put(struct skd_call *call, const char *run_id)
{
	TRY(same_put(call, run_id));
	return store_role_groups_put(call, call->house->role_count, role_rules(call));
}

enum skd_outcome access_look(struct skd_call *call, const char *source, struct access_news *news)
{
	return store_role_group_look(call, source, &news->groups, &news->count);
}

void access_tell(const char *source, const struct access_news *news)
{
	for (size_t i = 0; i < news->count; i++) {
		const struct store_role_group *group = &news->groups[i];
		if (!group->trouble)
			log_line(SKD_INFO, source, "the group %s of the role %s is there", group->ref, group->role);
		else if (strcmp(group->trouble, "missing") == 0)
			log_line(SKD_WARNING, source, "the directory has no group %s: nobody has the role %s through it",
				 group->ref, group->role);
		else
			log_line(SKD_WARNING, source,
				 "several groups have the name %s: nobody has the role %s through it; name it by its DN",
				 group->ref, group->role);
	}
}

/* Each daemon's log says it, whoever found it. */
static enum skd_outcome access_remind(struct skd_call *call)
{
	struct access_news known;
	TRY(store_role_group_list(call, &known.groups, &known.count));
	for (size_t i = 0; i < known.count; i++)
		if (known.groups[i].trouble)
			access_tell("access", &(struct access_news){&known.groups[i], 1});
	return SKD_OK;
}

enum skd_outcome access_settle(struct skd_call *call)
{
	int64_t changed;
	TRY(pool_borrow(call->house->writers, call));
	TRY(migrate_check(call));
	TRY(tx_begin(call));
	TRY(access_put(call, NULL));
	TRY(store_role_refresh(call, NULL, NULL, true, &changed));
	TRY(issuer_settle(call));
	TRY(review_settle(call));
	TRY(access_remind(call));
	return tx_commit(call);
}

enum skd_outcome access_tidy(struct skd_call *call)
{
	TRY(pool_borrow(call->house->jobs, call));
	return store_access_tidy(call, call->house->session_idle, call->house->throttle_window);
}

enum skd_outcome access_list(struct skd_call *call, struct access_picture *picture)
{
	TRY(store_role_group_list(call, &picture->groups, &picture->group_count));
	return store_grant_list(call, &picture->grants, &picture->grant_count);
}
