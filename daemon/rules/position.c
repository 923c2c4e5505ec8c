/* SPDX-License-Identifier: Apache-2.0
 * Positions. */
#include "rules/position.h"

#include "base/json.h"
#include "host/host.h"
#include "rules/audit.h"
#include "rules/detail.h"
#include "rules/house.h"
#include "rules/person.h"
#include "rules/skill.h"
#include "store/human.h"

#include <string.h>

enum skd_outcome position_get(struct skd_call *call, const char *id, struct store_position *position)
{
	return store_position_get(call, id, position);
}

enum skd_outcome position_list(struct skd_call *call, const struct position_filter *asked, struct list *list,
			       struct store_position **positions, size_t *count)
{
	struct sight sight = sight_near(call);
	struct store_position_filter filter = {.q = asked->q, .state = asked->state, .open = asked->open};
	TRY(person_pick(call, &sight, "person", asked->person, &filter.person));
	if (asked->skill)
		TRY(skill_resolve(call, "skill", asked->skill, &filter.skills, &filter.skill_count));
	return store_position_list(call, &filter, list, positions, count);
}

enum skd_outcome position_pick(struct skd_call *call, const char *field, const char *ref, struct store_position *position)
{
	TRY(absent_as_field(call, field, store_position_find(call, ref, position)));
	return strcmp(position->state, "active") == 0 ? SKD_OK : fail_field(call, field, "the position %s is archived", position->name);
}

/* ---- writing ---- */

static enum skd_outcome skill_read(struct skd_call *call, const struct skill_needed *wanted, size_t at, struct store_position *position)
{
	const char *field = talloc_asprintf(call, "/skills/%zu/skill", at);
	struct store_skill_match skill;
	TRY(skill_pick(call, field, wanted->ref, &skill));
	for (size_t i = 0; i < at; i++)
		if (strcmp(position->skills[i].id, skill.id) == 0)
			return fail_field(call, field, "the skill %s is there twice", skill.label);
	TRY(skill_match_level_check(call, talloc_asprintf(call, "/skills/%zu/level", at), &skill, wanted->level));
	position->skills[at] = (struct store_position_skill){skill.id, skill.label, wanted->level, wanted->must};
	return SKD_OK;
}

static enum skd_outcome skills_read(struct skd_call *call, const struct skill_needed *skills, size_t count, struct store_position *position)
{
	if (!skills)
		return SKD_OK;
	if (count > POSITION_SKILLS)
		return fail_field(call, "/skills", "must be at most %d", POSITION_SKILLS);
	position->skills = talloc_zero_array(call, struct store_position_skill, count + 1);
	position->skill_count = count;
	for (size_t i = 0; i < count; i++)
		TRY(skill_read(call, &skills[i], i, position));
	return SKD_OK;
}

/* The whole of it: what it was before stands in the entry before. */
static const char *detail_whole(struct skd_call *call, const struct store_position *p)
{
	struct text text;
	struct json json;
	text_begin(&text, call, 512);
	json_begin(&json, &text);
	put_object(&json, NULL);
	put_string(&json, "code", p->code);
	put_string(&json, "name", p->name);
	put_string(&json, "description", p->description);
	put_int(&json, "openings", p->openings);
	put_string(&json, "state", p->state);
	put_array(&json, "skills");
	for (size_t i = 0; i < p->skill_count; i++) {
		put_object(&json, NULL);
		put_string(&json, "skill", p->skills[i].id);
		put_int(&json, "level", p->skills[i].level);
		put_string(&json, "need", p->skills[i].must ? "must" : "nice");
		put_object_end(&json);
	}
	put_array_end(&json);
	put_object_end(&json);
	return text_end(&text);
}

/* Reads back what was written, unless it clashed, and closes with the audit entry, which is its story. */
static enum skd_outcome told(struct skd_call *call, enum skd_outcome outcome, const char *action, const char *id, struct store_position *p)
{
	if (outcome == SKD_CLASH) {
		call_forgive(call);
		return fail(call, SKD_CLASH, "another position has the code %s", p->code);
	}
	TRY(outcome);
	TRY(store_position_get(call, id, p));
	return audit_done(call, action, "position", id, detail_whole(call, p));
}

enum skd_outcome position_add(struct skd_call *call, const struct skill_needed *skills, size_t count, struct store_position *position)
{
	const char *id = NULL;
	TRY(skills_read(call, skills, count, position));
	enum skd_outcome outcome = store_position_add(call, position, &id);
	return told(call, outcome, "position.add", id, position);
}

static bool same_skills(const struct store_position *a, const struct store_position *b)
{
	size_t found = 0;
	for (size_t i = 0; i < a->skill_count; i++)
		for (size_t j = 0; j < b->skill_count; j++)
			found += strcmp(a->skills[i].id, b->skills[j].id) == 0 && a->skills[i].level == b->skills[j].level &&
				 a->skills[i].must == b->skills[j].must;
	return found == a->skill_count && found == b->skill_count;
}

static bool same(const struct store_position *a, const struct store_position *b)
{
	return string_same(a->code, b->code) && string_same(a->name, b->name) && string_same(a->description, b->description) &&
	       a->openings == b->openings && string_same(a->state, b->state) && same_skills(a, b);
}

enum skd_outcome position_set(struct skd_call *call, const struct skill_needed *skills, size_t count, struct store_position *position)
{
	struct store_position old;
	TRY(store_position_get(call, position->id, &old));
	TRY(skills_read(call, skills, count, position));
	if (old.version == position->version && same(&old, position)) {
		*position = old;
		return SKD_OK;
	}
	return told(call, store_position_set(call, position), "position.set", position->id, position);
}

/* ---- who has it ---- */

enum skd_outcome assignment_get(struct skd_call *call, const char *position_id, const char *id, struct store_assignment *assignment)
{
	struct sight sight = sight_near(call);
	return store_assignment_get(call, &sight, position_id, id, assignment);
}

enum skd_outcome assignment_list(struct skd_call *call, const char *position_id, struct list *list,
				 struct store_assignment **assignments, size_t *count)
{
	struct sight sight = sight_near(call);
	struct store_position position;
	TRY(store_position_get(call, position_id, &position));
	return store_assignment_list(call, &sight, position_id, list, assignments, count);
}

/* A DN is looked for in each directory, by the key that the directory itself gives it. */
static enum skd_outcome group_find(struct skd_call *call, const char *dn, struct store_group *group)
{
	const struct house *house = call->house;
	const char **sources = talloc_array(call, const char *, house->directory_count + 1),
		   **keys = talloc_array(call, const char *, house->directory_count + 1);
	size_t count = 0;
	for (size_t i = 0; i < house->directory_count; i++) {
		const struct instance *source = house->directories[i].instance;
		sources[count] = source->name;
		keys[count] = source->plugin->is.source.key(source->self, call, dn);
		count += keys[count] != NULL;
	}
	return absent_as_field(call, "/group", store_group_find(call, count, sources, keys, group));
}

/* Who is meant, as it will be written; somebody stays who they are until then. */
static enum skd_outcome assignment_read(struct skd_call *call, const struct assignment_order *order, struct store_assignment *a)
{
	struct sight sight = sight_near(call);
	const char *human;
	int said = !!order->person + !!order->unit + !!order->group + !!order->title;
	*a = (struct store_assignment){.unit_id = order->unit, .title = order->title};
	if (said != 1)
		return fail(call, SKD_BAD_INPUT, "say one of person, unit, group and title");
	TRY(unit_must_exist(call, "/unit", order->unit));
	if (order->group)
		TRY(group_find(call, order->group, &a->group));
	TRY(person_pick(call, &sight, "/person", order->person, &a->person_id));
	return a->person_id ? absent_as_field(call, "/person", store_human_hold(call, a->person_id, &human)) : SKD_OK;
}

/* Of the words that may stand there none. */
static enum skd_outcome assignment_told(struct skd_call *call, const char *action, const char *position_id, const struct store_assignment *a)
{
	return audit_done(call, action, "position", position_id,
			  detail_of(call, "assignment", a->id, "person", a->person_id, "unit", a->unit_id, NULL));
}

enum skd_outcome assignment_add(struct skd_call *call, const char *position_id, const struct assignment_order *order,
				struct store_assignment *assignment)
{
	struct store_position position;
	const char *id;
	TRY(store_position_get(call, position_id, &position));
	if (strcmp(position.state, "active") != 0)
		return fail(call, SKD_CLASH, "the position %s is archived: nobody gets it", position.name);
	TRY(assignment_read(call, order, assignment));
	enum skd_outcome outcome = store_assignment_add(call, position_id, assignment, &id);
	if (outcome == SKD_CLASH) {
		call_forgive(call);
		return fail(call, SKD_CLASH, "the position %s is attached there already", position.name);
	}
	TRY(outcome);
	TRY(assignment_get(call, position_id, id, assignment));
	return assignment_told(call, "position.attach", position_id, assignment);
}

enum skd_outcome assignment_drop(struct skd_call *call, const char *position_id, const char *id)
{
	struct store_assignment assignment;
	TRY(assignment_get(call, position_id, id, &assignment));
	TRY(store_assignment_drop(call, id));
	return assignment_told(call, "position.detach", position_id, &assignment);
}
