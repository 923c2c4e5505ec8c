/* SPDX-License-Identifier: Apache-2.0
 * Agreement. */
#include "rules/agreement.h"

#include "rules/achievement.h"
#include "rules/actor.h"
#include "rules/issuer.h"
#include "rules/verdict.h"
#include "store/agreement.h"
#include "store/rubric.h"

#include <string.h>

struct opinions {
	const struct store_opinions *all;
	size_t count;
	struct verdict_pair *pairs; /* room for all */
};

/* Of a criterion, or with NULL of the verdict; with `person` theirs first, and theirs alone. */
static void figure_of(const struct opinions *opinions, const char *criterion, const char *person, struct agreement_figure *figure)
{
	for (size_t i = 0; i < opinions->count; i++) {
		const struct store_opinions *o = &opinions->all[i];
		if (criterion ? !o->criterion || strcmp(o->criterion, criterion) != 0 : o->criterion != NULL)
			continue;
		bool second = person && strcmp(o->person_id[1], person) == 0;
		if (person && !second && strcmp(o->person_id[0], person) != 0)
			continue;
		opinions->pairs[figure->pairs++] = (struct verdict_pair){(size_t)o->place[second], (size_t)o->place[!second]};
	}
	figure->known = verdict_kappa(opinions->pairs, figure->pairs, &figure->kappa);
}

static void agreement_of(struct skd_call *call, const struct opinions *opinions, const struct store_rubric *rubric, const char *person,
			 const char *name, struct agreement *agreement)
{
	*agreement = (struct agreement){.of = {.id = person, .name = name},
					.criteria = talloc_zero_array(call, struct agreement_figure, rubric->description_count + 1)};
	figure_of(opinions, NULL, person, &agreement->of);
	for (size_t i = 0; i < rubric->description_count; i++) {
		const struct skd_result_description *d = &rubric->descriptions[i];
		if (strcmp(d->type, "RubricCriterionLevel") != 0)
			continue;
		struct agreement_figure *figure = &agreement->criteria[agreement->count++];
		*figure = (struct agreement_figure){.id = d->id, .name = d->name};
		figure_of(opinions, d->id, person, figure);
	}
}

static bool is_there(const struct agreement *assessors, size_t count, const char *person)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(assessors[i].of.id, person) == 0)
			return true;
	return false;
}

/* Whether they may know it of each assessor. */
static enum skd_outcome sees_each(struct skd_call *call, const struct store_achievement *achievement, bool *each)
{
	*each = actor_has(call, ROLE_SEES_ALL) || (achievement->owner_id && actor_is(call, achievement->owner_id));
	if (*each || !actor_has(call, ROLE_ISSUER))
		return SKD_OK;
	enum skd_outcome outcome = issuer_may_issue(call, achievement->issuer_id, false);
	*each = outcome == SKD_OK;
	if (outcome != SKD_DENIED)
		return outcome;
	call_forgive(call);
	return SKD_OK;
}

enum skd_outcome agreement_get(struct skd_call *call, const char *achievement_id, struct agreement *all, struct agreement **assessors,
			       size_t *count)
{
	struct store_achievement achievement;
	struct store_rubric rubric;
	struct store_opinions *list;
	struct opinions opinions;
	bool everyone;
	TRY(achievement_get(call, achievement_id, 0, &achievement));
	TRY(sees_each(call, &achievement, &everyone));
	if (!everyone && !actor_has(call, ROLE_ASSESSOR))
		return fail(call, SKD_DENIED, "how far assessors agree is for hr, the owner of the achievement, who may issue it, and assessors");
	TRY(store_rubric_get(call, achievement.id, achievement.number, &rubric));
	TRY(store_opinions_list(call, achievement.id, &list, &opinions.count));
	opinions.all = list;
	opinions.pairs = talloc_zero_array(call, struct verdict_pair, opinions.count + 1);
	agreement_of(call, &opinions, &rubric, NULL, NULL, all);
	*assessors = talloc_zero_array(call, struct agreement, 2 * opinions.count + 1);
	*count = 0;
	for (size_t i = 0; i < 2 * opinions.count; i++) {
		const char *person = list[i / 2].person_id[i % 2];
		if ((everyone || actor_is(call, person)) && !is_there(*assessors, *count, person))
			agreement_of(call, &opinions, &rubric, person, list[i / 2].person[i % 2], &(*assessors)[(*count)++]);
	}
	return SKD_OK;
}
