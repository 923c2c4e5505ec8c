/* SPDX-License-Identifier: Apache-2.0
 * People and units, as far as the actor sees. */
#include "rules/person.h"

struct sight sight_of(const struct skd_call *call)
{
	return sight_for(call, SIGHT_PERSON);
}

struct sight sight_near(const struct skd_call *call)
{
	return sight_for(call, SIGHT_POSITIONS);
}

enum skd_outcome person_get(struct skd_call *call, const char *id, struct store_person *person)
{
	struct sight sight = sight_of(call);
	return store_person_get(call, &sight, id, person);
}

enum skd_outcome person_of(struct skd_call *call, enum sight_noun noun, const char *id, struct store_person *person)
{
	struct sight sight = sight_for(call, noun);
	TRY(store_person_get(call, &sight, id, person));
	if (person->human_id) {
		person->id = person->human_id;
		person->name = person->human_name;
	}
	return SKD_OK;
}

static enum skd_outcome seen_resolve(struct skd_call *call, const struct sight *sight, const char *field, const char **id)
{
	TRY(store_person_seen(call, sight, *id, id));
	return *id ? SKD_OK : fail_field(call, field, "there is no such person");
}

enum skd_outcome person_resolve(struct skd_call *call, const char *field, const char **id)
{
	struct sight sight = sight_of(call);
	return *id ? seen_resolve(call, &sight, field, id) : SKD_OK;
}

/* Nobody learns from the answer whether a person exists whom they do not see. */
enum skd_outcome person_pick(struct skd_call *call, const struct sight *sight, const char *field, const char *ref,
			     const char **id)
{
	*id = NULL;
	if (!ref)
		return SKD_OK;
	enum skd_outcome outcome = store_person_find(call, ref, id, id);
	if (outcome == SKD_OK)
		return seen_resolve(call, sight, field, id);
	if (outcome != SKD_ABSENT && outcome != SKD_CLASH)
		return outcome;
	call_forgive(call);
	return fail_field(call, field, outcome == SKD_CLASH && sight->everyone
					       ? "more than one person has this username: use the id"
					       : "there is no such person");
}

enum skd_outcome person_pick_colleague(struct skd_call *call, const struct sight *sight, const char *field, const char *ref,
				       const char **id)
{
	const struct sight all = {.everyone = true};
	const char *seen;
	struct store_person person;
	TRY(person_pick(call, ref && uuid_valid(ref) ? &all : sight, field, ref, id));
	if (!*id)
		return SKD_OK;
	TRY(store_person_seen(call, sight, *id, &seen));
	if (seen)
		return SKD_OK;
	TRY(store_person_get(call, &all, *id, &person));
	return !person.disabled && person.absent_since == TIME_NEVER ? SKD_OK : fail_field(call, field, "there is no such person");
}

enum skd_outcome unit_must_exist(struct skd_call *call, const char *field, const char *id)
{
	struct store_unit unit;
	if (!id || store_unit_get(call, id, &unit) == SKD_OK)
		return SKD_OK;
	if (call->outcome != SKD_ABSENT)
		return call->outcome;
	call_forgive(call);
	return fail_field(call, field, "there is no such unit");
}

enum skd_outcome person_list(struct skd_call *call, struct store_person_filter *filter, struct list *list,
			     struct store_person **people, size_t *count)
{
	struct sight sight = sight_of(call);
	TRY(unit_must_exist(call, "unit", filter->unit));
	TRY(person_resolve(call, "manager", &filter->manager));
	return store_person_list(call, &sight, filter, list, people, count);
}

enum skd_outcome person_colleagues(struct skd_call *call, const char *name, const char *unit, struct list *list,
				   struct store_person **people, size_t *count)
{
	const struct sight all = {.everyone = true};
	const struct store_person_filter filter = {.name = name, .unit = unit, .status = "active"};
	TRY(unit_must_exist(call, "unit", unit));
	return store_person_list(call, &all, &filter, list, people, count);
}

enum skd_outcome unit_get(struct skd_call *call, const char *id, struct store_unit *unit)
{
	return store_unit_get(call, id, unit);
}

enum skd_outcome unit_list(struct skd_call *call, struct list *list, struct store_unit **units, size_t *count)
{
	return store_unit_list(call, list, units, count);
}
