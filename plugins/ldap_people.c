/* SPDX-License-Identifier: Apache-2.0
 * What entries are to a registry. Knows neither connections nor files, and judges no value: what a run
 * means is the host's to say. */
#include "ldap_people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct people_unit {
	struct skd_text id, key, name;
};

/* ---- units */

static struct skd_text text_keep(struct people *people, struct skd_text text)
{
	char *copy = people->rules->host->alloc(people->call, text.size + 1);
	if (text.size)
		memcpy(copy, text.bytes, text.size);
	return (struct skd_text){copy, text.size};
}

static int key_compare(struct skd_text a, struct skd_text b)
{
	int order = memcmp(a.bytes, b.bytes, a.size < b.size ? a.size : b.size);
	return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int unit_compare(const void *a, const void *b)
{
	return key_compare(((const struct people_unit *)a)->key, ((const struct people_unit *)b)->key);
}

enum skd_outcome people_unit(void *context, struct dir_entry *entry)
{
	struct people *people = context;
	struct skd_text values[MAP_COUNT];
	map_pick(&people->rules->map, MAP_OF_UNIT, entry, values);
	if (!values[MAP_UNIT].size) /* the container */
		return SKD_OK;
	if (!values[MAP_UNIT_ID].size)
		return people->sink ? people->sink->skip(people->sink, entry->dn, people->no_id[MAP_UNIT_ID]) : SKD_OK;
	if (people->unit_count == people->unit_room) {
		size_t room = people->unit_room ? people->unit_room * 2 : 64;
		struct people_unit *units = people->rules->host->alloc(people->call, room * sizeof *units);
		if (people->unit_count)
			memcpy(units, people->units, people->unit_count * sizeof *units);
		people->units = units;
		people->unit_room = room;
	}
	people->units[people->unit_count++] = (struct people_unit){
		.id = text_keep(people, values[MAP_UNIT_ID]),
		.key = text_keep(people, dir_key_make(&people->key, entry->dn)),
		.name = text_keep(people, values[MAP_UNIT]),
	};
	return SKD_OK;
}

/* The key of the nearest unit above an entry; no bytes: none. */
static struct skd_text unit_above(const struct people *people, struct skd_text key)
{
	for (key = dir_key_parent(key); key.size; key = dir_key_parent(key)) {
		struct people_unit wanted = {.key = key};
		if (people->unit_count &&
		    bsearch(&wanted, people->units, people->unit_count, sizeof wanted, unit_compare))
			return key;
	}
	return (struct skd_text){NULL, 0};
}

enum skd_outcome people_units(struct people *people)
{
	enum skd_outcome outcome = SKD_OK;
	if (people->unit_count)
		qsort(people->units, people->unit_count, sizeof *people->units, unit_compare);
	for (size_t i = 0; people->sink && i < people->unit_count && outcome == SKD_OK; i++) {
		const struct people_unit *unit = &people->units[i];
		struct skd_unit given = {unit->id, unit->key, unit->name, unit_above(people, unit->key)};
		outcome = people->sink->unit(people->sink, &given);
	}
	return outcome;
}

/* ---- people */

static bool primary_is(const struct people *people, uint32_t number)
{
	for (size_t i = people->primary_count; i > 0; i--)
		if (people->primaries[i - 1] == number)
			return true;
	return false;
}

/* The few numbers there are; nearly all people have the same. */
static void primary_note(struct people *people, struct skd_text value)
{
	uint32_t number;
	if (!people->keeps || people->some || !ad_primary_number(value, &number) || primary_is(people, number))
		return;
	if (people->primary_count == people->primary_room) {
		size_t room = people->primary_room * 2 + 8;
		uint32_t *primaries = people->rules->host->alloc(people->call, room * sizeof *primaries);
		if (people->primary_count)
			memcpy(primaries, people->primaries, people->primary_count * sizeof *primaries);
		people->primaries = primaries;
		people->primary_room = room;
	}
	people->primaries[people->primary_count++] = number;
}

enum skd_outcome people_person(void *context, struct dir_entry *entry)
{
	struct people *people = context;
	const struct people_rules *rules = people->rules;
	const struct skd_sink *sink = people->sink;
	struct skd_text values[MAP_COUNT];
	map_pick(&rules->map, MAP_PERSON, entry, values);
	if (!values[MAP_ID].size)
		return sink->skip(sink, entry->dn, people->no_id[MAP_ID]);
	if (!values[MAP_USERNAME].size)
		return sink->skip(sink, entry->dn, people->no_username);
	primary_note(people, values[MAP_PRIMARY_GROUP]);
	struct skd_person person = {
		.id = values[MAP_ID],
		.key = dir_key_make(&people->key, entry->dn),
		.username = values[MAP_USERNAME],
		.name = values[MAP_NAME],
		.mail = values[MAP_MAIL],
		.title = values[MAP_TITLE],
		.phone = values[MAP_PHONE],
		.employee_number = values[MAP_EMPLOYEE_NUMBER],
		.locale = values[MAP_LOCALE],
		.country = values[MAP_COUNTRY],
		.manager_key = dir_key_make(&people->other, values[MAP_MANAGER]),
		.disabled = values[MAP_DISABLED].size > 0,
	};
	if (rules->unit_from == FROM_OU)
		person.unit_key = unit_above(people, person.key);
	else if (rules->unit_from == FROM_ATTRIBUTE)
		person.unit_name = values[MAP_UNIT];
	return sink->person(sink, &person);
}

/* ---- groups */

/* The DN of a Name And Optional UID (RFC 4517 3.3.21): uid=x,dc=y#'0101'B */
static struct skd_text uid_strip(struct skd_text value)
{
	size_t end = value.size;
	if (end < 4 || value.bytes[end - 1] != 'B' || value.bytes[end - 2] != '\'')
		return value;
	for (end -= 2; end > 0 && (value.bytes[end - 1] == '0' || value.bytes[end - 1] == '1');)
		end--;
	if (end >= 2 && value.bytes[end - 1] == '\'' && value.bytes[end - 2] == '#')
		value.size = end - 2;
	return value;
}

enum people_member_kind people_member_kind(const struct people *people, const struct dir_attribute *attribute)
{
	if (!map_means(&people->rules->map, MAP_MEMBER, attribute))
		return MEMBER_USERNAME;
	return map_text_equal(attribute->name, "uniqueMember") ? MEMBER_DN_UID : MEMBER_DN;
}

enum skd_outcome people_member(struct people *people, struct skd_text group_key, enum people_member_kind kind,
			       struct skd_text value)
{
	struct skd_member member = {.group_key = group_key};
	if (kind == MEMBER_USERNAME)
		member.username = value;
	else
		member.key = dir_key_make(&people->other, kind == MEMBER_DN_UID ? uid_strip(value) : value);
	return member.username.size || member.key.size ? people->sink->member(people->sink, &member) : SKD_OK;
}

static enum skd_outcome members_give(struct people *people, struct dir_entry *entry, struct skd_text group_key)
{
	const struct map *map = &people->rules->map;
	struct dir_attribute attribute;
	enum skd_outcome outcome = SKD_OK;
	while (outcome == SKD_OK && entry->next(entry, &attribute)) {
		if (!map_means(map, MAP_MEMBER, &attribute) && !map_means(map, MAP_MEMBER_UID, &attribute))
			continue;
		enum people_member_kind kind = people_member_kind(people, &attribute);
		for (size_t i = 0; i < attribute.count && outcome == SKD_OK; i++)
			outcome = people_member(people, group_key, kind, dir_value(&attribute, i));
	}
	return outcome;
}

/* Whether some of the members are missing; a failure where the directory cannot be asked for them. */
static enum skd_outcome parts_look(const struct people *people, struct dir_entry *entry, bool *parts)
{
	const struct skd_host *host = people->rules->host;
	struct dir_attribute attribute;
	*parts = false;
	while (!*parts && entry->next(entry, &attribute))
		*parts = people_comes_in_parts(attribute.description) && map_means(&people->rules->map, MAP_MEMBER, &attribute);
	if (*parts && (!people->keeps || memchr(entry->dn.bytes, '\0', entry->dn.size)))
		return host->fail(people->call, SKD_FAULT, "%s: %.*s comes in parts (%.*s), which cannot be read here",
				  people->origin, (int)entry->dn.size, entry->dn.bytes, (int)attribute.description.size,
				  attribute.description.bytes);
	entry->rewind(entry);
	return SKD_OK;
}

static void group_keep(struct people *people, struct skd_text dn, const uint32_t *number)
{
	struct people_kept *kept = people->rules->host->alloc(people->call, sizeof *kept);
	*kept = (struct people_kept){text_keep(people, dn).bytes, number ? *number : 0, number != NULL, people->kept};
	people->kept = kept;
}

enum skd_outcome people_group(void *context, struct dir_entry *entry)
{
	struct people *people = context;
	struct skd_text values[MAP_COUNT];
	uint32_t number;
	map_pick(&people->rules->map, MAP_OF_GROUP, entry, values);
	if (!values[MAP_GROUP_ID].size)
		return people->sink->skip(people->sink, entry->dn, people->no_id[MAP_GROUP_ID]);
	entry->rewind(entry);
	bool parts, primary = ad_group_number(values[MAP_GROUP_SID], &number) && (people->some || primary_is(people, number));
	enum skd_outcome outcome = parts_look(people, entry, &parts);
	if (outcome == SKD_OK && (primary || parts))
		group_keep(people, entry->dn, primary ? &number : NULL);
	if (outcome != SKD_OK || primary || parts)
		return outcome;
	struct skd_group group = {
		.id = values[MAP_GROUP_ID],
		.key = dir_key_make(&people->key, entry->dn),
		.name = values[MAP_GROUP_NAME],
		.dn = entry->dn,
	};
	outcome = people->sink->group(people->sink, &group);
	return outcome == SKD_OK ? members_give(people, entry, group.key) : outcome;
}

/* ---- beginning */

static const char *missing_sentence(const struct people *people, enum map_field field, const char *what)
{
	const char *option = people->rules->map.option[field];
	size_t room = 128 + strlen(option);
	char *sentence = people->rules->host->alloc(people->call, room);
	snprintf(sentence, room, "it shows no %s, which would be its %s", option, what);
	return sentence;
}

void people_begin(struct people *people, const struct people_rules *rules, struct skd_call *call,
		  const struct skd_sink *sink)
{
	static const enum map_field ids[] = {MAP_ID, MAP_UNIT_ID, MAP_GROUP_ID};
	*people = (struct people){.rules = rules, .call = call, .sink = sink};
	people->key = people->other = (struct dir_key){.host = rules->host, .call = call};
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
		people->no_id[ids[i]] = missing_sentence(people, ids[i], "id");
	people->no_username = missing_sentence(people, MAP_USERNAME, "username");
}

unsigned people_fields(const struct people_rules *rules)
{
	return MAP_PERSON & ~(rules->unit_from == FROM_ATTRIBUTE ? 0u : 1u << MAP_UNIT);
}

/* ---- for an administrator */

void people_attributes_count(const struct people_rules *rules, struct dir_entry *entry, size_t *present)
{
	const struct map *map = &rules->map;
	struct dir_attribute attribute;
	bool seen[MAP_NAMES_MAX] = {false}; /* one may come in several parts */
	while (entry->next(entry, &attribute))
		for (size_t i = 0; i < map->count; i++) {
			struct skd_text name = map->names[i].name;
			if (seen[i] || name.size != attribute.name.size ||
			    strncasecmp(name.bytes, attribute.name.bytes, name.size) != 0)
				continue;
			seen[i] = true;
			present[i]++;
		}
}

static void field_tell(const struct people_rules *rules, struct skd_call *call, const struct skd_notes *notes,
		       enum map_field field, const size_t *present)
{
	const struct map *map = &rules->map;
	const char *list = map->option[field], *name = field == MAP_UNIT ? "unit" : map_option(field);
	size_t room = strlen(list) + 1 + MAP_NAMES_MAX * 24, used = 0, count = 0;
	char *text = rules->host->alloc(call, room);
	for (size_t i = 0; i < map->count; i++)
		count += map->names[i].field == field;
	if (!present || count < 2) {
		notes->field(notes, name, *list ? list : "nothing");
		return;
	}
	for (size_t i = 0; i < map->count; i++)
		if (map->names[i].field == field)
			used += (size_t)snprintf(text + used, room - used, "%s%.*s (%zu)", used ? ", " : "",
						 (int)map->names[i].name.size, map->names[i].name.bytes, present[i]);
	notes->field(notes, name, text);
}

void people_fields_tell(const struct people_rules *rules, struct skd_call *call, const struct skd_notes *notes,
			const size_t *present)
{
	for (enum map_field field = 0; field < MAP_PRIMARY_GROUP; field++)
		field_tell(rules, call, notes, field, present);
	if (rules->unit_from == FROM_ATTRIBUTE)
		field_tell(rules, call, notes, MAP_UNIT, present);
	else
		notes->field(notes, "unit", rules->unit_from == FROM_OU ? "the unit entries above" : "nothing");
}

/* ---- options */

enum skd_outcome people_rules_read(const struct skd_host *host, struct skd_call *call, struct people_rules *rules)
{
	static const char *const words[] = {"ou", "attribute", "none", NULL};
	int unit_from = FROM_NOTHING;
	rules->host = host;
	enum skd_outcome outcome = map_read(host, call, MAP_ALL, &rules->map);
	if (outcome == SKD_OK)
		outcome = dir_word(host, call, "unit_from", host->option(host, "unit_from") ?: rules->map.unit_from, words,
				   &unit_from);
	rules->unit_from = (enum unit_from)unit_from;
	rules->map.but[MAP_UNIT] = host->option(host, "unit_container");
	return outcome;
}

const char *people_key(const struct skd_host *host, struct skd_call *call, const char *name)
{
	struct dir_key key = {.host = host, .call = call};
	if (!strchr(name, '='))
		return NULL;
	struct skd_text made = dir_key_make(&key, (struct skd_text){name, strlen(name)});
	char *copy = host->alloc(call, made.size + 1);
	return made.size ? memcpy(copy, made.bytes, made.size) : NULL;
}
