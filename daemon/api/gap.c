/* SPDX-License-Identifier: Apache-2.0
 * What people lack and what they would fit, as JSON. */
#include "api/nouns.h"

#include "rules/gap.h"

#include <string.h>

const struct field gap_fields[] = {{"position", FIELD_TEXT}, {NULL}};

/* JSON as the database made it; NULL: an array of nothing. */
static void put_made(struct json *json, const char *key, const char *made)
{
	put_raw(json, key, made ? made : "[]", made ? strlen(made) : 2);
}

static void position_write(struct json *json, const char *key, const struct store_gap_position *p)
{
	put_object(json, key);
	put_string(json, "id", p->id);
	put_string(json, "code", p->code);
	put_string(json, "name", p->name);
	put_int(json, "openings", p->openings);
	put_object_end(json);
}

static void opening_write(struct json *json, const struct store_opening *opening)
{
	put_object(json, NULL);
	position_write(json, "position", &opening->position);
	put_bool(json, "fits", opening->fits);
	put_int(json, "fit", opening->fit);
	put_made(json, "why", opening->why);
	put_made(json, "why_not", opening->why_not);
	put_object_end(json);
}

static void openings_write(struct json *json, const struct store_opening *openings, size_t count)
{
	put_array(json, "openings");
	for (size_t i = 0; i < count; i++)
		opening_write(json, &openings[i]);
	put_array_end(json);
}

static void closing_write(struct json *json, const struct store_gap_closing *closing)
{
	put_made(json, "ways", closing->ways);
	put_made(json, "colleagues", closing->colleagues);
}

static void skill_write(struct json *json, const struct store_gap_skill *s)
{
	long missing = s->held < s->level ? s->level - s->held : 0;
	put_object(json, NULL);
	put_named(json, "skill", s->id, "label", s->label);
	put_string(json, "need", s->must ? "must" : "nice");
	put_int(json, "level", s->level);
	if (s->held)
		put_int(json, "held", s->held);
	if (s->claimed)
		put_int(json, "claimed", s->claimed);
	put_int(json, "missing", missing);
	put_made(json, "positions", s->positions);
	if (missing)
		closing_write(json, &s->closing);
	put_object_end(json);
}

enum skd_outcome api_gap_person(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct gap gap;
	TRY(gap_person(call, in->ids[0], query_text(in, "position"), &gap));
	put_object(&out->json, NULL);
	put_named(&out->json, "person", gap.person.id, "name", gap.person.name);
	put_array(&out->json, "positions");
	for (size_t i = 0; i < gap.position_count; i++)
		position_write(&out->json, NULL, &gap.positions[i]);
	put_array_end(&out->json);
	put_array(&out->json, "skills");
	for (size_t i = 0; i < gap.skill_count; i++)
		skill_write(&out->json, &gap.skills[i]);
	put_array_end(&out->json);
	openings_write(&out->json, gap.openings, gap.opening_count);
	put_object_end(&out->json);
	reply_fingerprint(call, out);
	return SKD_OK;
}

/* ---- of a unit ---- */

static void level_write(struct json *json, const struct store_gap_unit *row)
{
	put_object(json, NULL);
	put_int(json, "level", row->level);
	put_int(json, "needed", row->needed);
	put_int(json, "held", row->held);
	put_int(json, "missing", row->needed - row->held);
	if (row->held < row->needed)
		closing_write(json, &row->closing);
	put_object_end(json);
}

/* The rows of one skill, which are one after another; gives how many. */
static size_t unit_skill_write(struct json *json, const struct store_gap_unit *rows, size_t count)
{
	int64_t needed = 0, held = 0;
	size_t same = 0;
	for (; same < count && strcmp(rows[same].id, rows[0].id) == 0 && rows[same].must == rows[0].must; same++) {
		needed += rows[same].needed;
		held += rows[same].held;
	}
	put_object(json, NULL);
	put_named(json, "skill", rows[0].id, "label", rows[0].label);
	put_string(json, "need", rows[0].must ? "must" : "nice");
	put_int(json, "needed", needed);
	put_int(json, "held", held);
	put_int(json, "missing", needed - held);
	put_array(json, "levels");
	for (size_t i = 0; i < same; i++)
		level_write(json, &rows[i]);
	put_array_end(json);
	put_object_end(json);
	return same;
}

enum skd_outcome api_gap_unit(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct gap_unit gap;
	TRY(gap_unit(call, in->ids[0], query_text(in, "position"), &gap));
	put_object(&out->json, NULL);
	put_named(&out->json, "unit", gap.unit.id, "name", gap.unit.name);
	put_int(&out->json, "people", gap.people);
	put_array(&out->json, "skills");
	for (size_t i = 0; i < gap.count;)
		i += unit_skill_write(&out->json, &gap.rows[i], gap.count - i);
	put_array_end(&out->json);
	put_object_end(&out->json);
	reply_fingerprint(call, out);
	return SKD_OK;
}

/* ---- openings ---- */

enum skd_outcome api_opening_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_person person;
	struct store_opening *openings;
	size_t count;
	TRY(opening_list(call, in->ids[0], &person, &openings, &count));
	put_object(&out->json, NULL);
	put_named(&out->json, "person", person.id, "name", person.name);
	openings_write(&out->json, openings, count);
	put_object_end(&out->json);
	reply_fingerprint(call, out);
	return SKD_OK;
}
