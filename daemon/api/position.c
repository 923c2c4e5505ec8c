/* SPDX-License-Identifier: Apache-2.0
 * /positions as JSON. */
#include "api/nouns.h"

#include "api/merge.h"
#include "rules/position.h"

#include <string.h>

static void position_write(struct json *json, const struct store_position *p)
{
	put_object(json, NULL);
	put_string(json, "id", p->id);
	put_string(json, "code", p->code);
	put_string(json, "name", p->name);
	put_string(json, "description", p->description);
	put_array(json, "skills");
	for (size_t i = 0; i < p->skill_count; i++) {
		put_object(json, NULL);
		put_named(json, "skill", p->skills[i].id, "label", p->skills[i].label);
		put_int(json, "level", p->skills[i].level);
		put_string(json, "need", p->skills[i].must ? "must" : "nice");
		put_object_end(json);
	}
	put_array_end(json);
	put_int(json, "openings", p->openings);
	put_string(json, "state", p->state);
	put_time(json, "updated_at", p->updated_at);
	put_object_end(json);
}

static void position_reply(struct skd_call *call, struct reply *out, const struct store_position *p)
{
	position_write(&out->json, p);
	reply_version(call, out, p->version);
}

const struct field position_list_fields[] = {
	{"q", FIELD_TEXT, .most = 200}, {"skill", FIELD_TEXT}, {"person", FIELD_TEXT},
	{"state", FIELD_ENUM, .words = "active|archived"}, {"open", FIELD_BOOL}, {NULL}};

enum skd_outcome api_position_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	const struct position_filter filter = {.q = query_text(in, "q"), .skill = query_text(in, "skill"), .person = query_text(in, "person"),
					       .state = query_text(in, "state"), .open = query_value(in, "open")->number};
	struct store_position *positions;
	size_t count;
	TRY(position_list(call, &filter, in->list, &positions, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		position_write(&out->json, &positions[i]);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_position_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_position position;
	TRY(position_get(call, in->ids[0], &position));
	position_reply(call, out, &position);
	return SKD_OK;
}

/* ---- writing ---- */

static enum skd_outcome skills_read(struct skd_call *call, const struct value *value, struct skill_needed **skills, size_t *count)
{
	static const struct field fields[] = {
		{"skill", FIELD_REF, .required = true}, {"level", FIELD_INT, .required = true, .least = 1, .most = 20},
		{"need", FIELD_ENUM, .words = "must|nice"}, {NULL}};
	size_t i;
	json_t *item;
	if (!value->given)
		return SKD_OK;
	if (!value->null && !json_is_array(value->json))
		return fail_field(call, "/skills", "must be an array of skills with a level");
	*count = value->null ? 0 : json_array_size(value->json);
	*skills = talloc_zero_array(call, struct skill_needed, *count + 1);
	json_array_foreach (value->json, i, item) {
		const char *at = talloc_asprintf(call, "/skills/%zu", i);
		struct value v[3] = {0};
		if (!json_is_object(item))
			return fail_field(call, at, "must be an object with skill and level");
		TRY(fields_object(call, fields, at, item, false, v));
		(*skills)[i] = (struct skill_needed){v[0].text, (long)v[1].number, !v[2].given || strcmp(v[2].text, "must") == 0};
	}
	return SKD_OK;
}

enum { CODE, NAME, DESCRIPTION, SKILLS, OPENINGS, STATE, FIELDS };

/* The state is not said of a new one. */
static enum skd_outcome body_merge(struct skd_call *call, const struct request *in, bool patch, struct store_position *p,
				   struct skill_needed **skills, size_t *count)
{
	const struct field fields[FIELDS + 1] = {
		[CODE] = {"code", FIELD_TEXT, .required = true, .most = 200},
		[NAME] = {"name", FIELD_TEXT, .required = true},
		[DESCRIPTION] = {"description", FIELD_TEXT, .most = 10000},
		[SKILLS] = {"skills", FIELD_JSON},
		[OPENINGS] = {"openings", FIELD_INT, .required = patch, .least = 0, .most = 100000},
		[STATE] = {patch ? "state" : NULL, FIELD_ENUM, .required = true, .words = "active|archived"},
	};
	struct value v[FIELDS] = {0};
	TRY(body_read(call, in, fields, patch, v));
	merge_text(&v[CODE], &p->code);
	merge_text(&v[NAME], &p->name);
	merge_text(&v[DESCRIPTION], &p->description);
	merge_int(&v[OPENINGS], &p->openings);
	merge_text(&v[STATE], &p->state);
	return skills_read(call, &v[SKILLS], skills, count);
}

enum skd_outcome api_position_add(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_position position = {0};
	struct skill_needed *skills = NULL;
	size_t count = 0;
	TRY(body_merge(call, in, false, &position, &skills, &count));
	TRY(position_add(call, skills, count, &position));
	reply_created(call, out, "/api/v1/positions", position.id);
	position_reply(call, out, &position);
	return SKD_OK;
}

enum skd_outcome api_position_set(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_position position;
	struct skill_needed *skills = NULL;
	size_t count = 0;
	TRY(position_get(call, in->ids[0], &position));
	TRY(merge_match(call, in, position.version));
	TRY(body_merge(call, in, true, &position, &skills, &count));
	TRY(position_set(call, skills, count, &position));
	position_reply(call, out, &position);
	return SKD_OK;
}

/* ---- who has it ---- */

static void assignment_write(struct json *json, const struct store_assignment *a)
{
	put_object(json, NULL);
	put_string(json, "id", a->id);
	put_named(json, "person", a->person_id, "name", a->person);
	put_named(json, "unit", a->unit_id, "name", a->unit);
	put_string(json, "group", a->group.dn);
	put_string(json, "title", a->title);
	put_time(json, "created_at", a->created_at);
	put_object_end(json);
}

/* It never changes. */
static void assignment_reply(struct skd_call *call, struct reply *out, const struct store_assignment *a)
{
	assignment_write(&out->json, a);
	reply_version(call, out, 1);
}

enum skd_outcome api_assignment_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_assignment *assignments;
	size_t count;
	TRY(assignment_list(call, in->ids[0], in->list, &assignments, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		assignment_write(&out->json, &assignments[i]);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_assignment_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_assignment assignment;
	TRY(assignment_get(call, in->ids[0], in->ids[1], &assignment));
	assignment_reply(call, out, &assignment);
	return SKD_OK;
}

enum skd_outcome api_assignment_add(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {
		{"person", FIELD_REF}, {"unit", FIELD_UUID}, {"group", FIELD_TEXT, .most = 2000}, {"title", FIELD_TEXT, .most = 500}, {NULL}};
	struct value v[4] = {0};
	struct store_assignment assignment;
	TRY(body_read(call, in, fields, false, v));
	const struct assignment_order order = {v[0].text, v[1].text, v[2].text, v[3].text};
	TRY(assignment_add(call, in->ids[0], &order, &assignment));
	reply_created(call, out, talloc_asprintf(call, "/api/v1/positions/%s/assignments", in->ids[0]), assignment.id);
	assignment_reply(call, out, &assignment);
	return SKD_OK;
}

enum skd_outcome api_assignment_drop(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_assignment assignment;
	out->status = 204;
	TRY(assignment_get(call, in->ids[0], in->ids[1], &assignment));
	TRY(merge_match(call, in, 1));
	return assignment_drop(call, in->ids[0], in->ids[1]);
}
