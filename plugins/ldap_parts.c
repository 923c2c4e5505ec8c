/* SPDX-License-Identifier: Apache-2.0
 * Groups that the search for groups does not tell whole, each asked for by itself: members that come in parts
 * (member;range=0-1499, Active Directory's way) and people whose primary group it is. Hands over what was seen
 * whole and unchanged, and nothing else. */
#include "ldap_people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TRIES = 5 };

static const char changed[] = "changes while it is read";
static const char broken[] = "is not given whole: its members come in parts that do not fit";

struct range {
	struct skd_text name; /* member */
	size_t low, high;
	bool open; /* up to the end: high is '*' */
};

struct parts {
	struct people *people;
	struct dir_link *link;
	const struct people_kept *kept;
	struct skd_group group;
	struct skd_text name;   /* of the attribute that comes in parts */
	char stamps[2][32];     /* uSNChanged and whenChanged of the first answer */
	const char *flaw;       /* why this try is worth nothing, or NULL */
	size_t next;            /* the member from which on is asked, counted from 0 */
	bool answered, begun, ended;
	char *bytes;            /* malloc()ed: values, each behind its head */
	size_t size, room, last; /* last: where the last member begins */
};

struct head {
	size_t size;
	enum people_member_kind kind;
};

/* ---- values */

static struct skd_text text_keep(const struct parts *parts, struct skd_text text)
{
	char *copy = parts->people->rules->host->alloc(parts->people->call, text.size + 1);
	return (struct skd_text){text.size ? memcpy(copy, text.bytes, text.size) : copy, text.size};
}

static enum skd_outcome value_keep(struct parts *parts, struct skd_text value, enum people_member_kind kind)
{
	struct head head = {value.size, kind};
	size_t more = sizeof head + value.size;
	if (parts->room - parts->size < more) {
		size_t room = parts->room * 2 + more + 4096;
		char *bytes = realloc(parts->bytes, room);
		if (!bytes)
			return parts->people->rules->host->fail(parts->people->call, SKD_FAULT, "out of memory");
		parts->bytes = bytes;
		parts->room = room;
	}
	parts->last = parts->size;
	memcpy(parts->bytes + parts->size, &head, sizeof head);
	if (value.size)
		memcpy(parts->bytes + parts->size + sizeof head, value.bytes, value.size);
	parts->size += more;
	return SKD_OK;
}

static struct skd_text value_at(const struct parts *parts, size_t at, enum people_member_kind *kind)
{
	struct head head;
	memcpy(&head, parts->bytes + at, sizeof head);
	*kind = head.kind;
	return (struct skd_text){parts->bytes + at + sizeof head, head.size};
}

/* ---- ranges */

static const char *range_option(struct skd_text description)
{
	static const char word[] = ";range=";
	for (size_t i = 0; i + sizeof word - 1 < description.size; i++)
		if (strncasecmp(description.bytes + i, word, sizeof word - 1) == 0)
			return description.bytes + i + sizeof word - 1;
	return NULL;
}

bool people_comes_in_parts(struct skd_text description)
{
	return range_option(description) != NULL;
}

static bool range_read(const struct dir_attribute *attribute, struct range *range)
{
	char text[32], *end, rest;
	const char *option = range_option(attribute->description);
	size_t size = option ? (size_t)(attribute->description.bytes + attribute->description.size - option) : 0;
	if (!size || size >= sizeof text || *option < '0' || *option > '9')
		return false;
	memcpy(text, option, size);
	text[size] = '\0';
	*range = (struct range){.name = attribute->name, .low = strtoul(text, &end, 10)};
	range->open = strcmp(end, "-*") == 0;
	return range->open || sscanf(end, "-%9zu%c", &range->high, &rest) == 1;
}

/* The part that was asked for. An answer may have two of that: the one that says its end is it. */
static bool range_find(const struct parts *parts, struct dir_entry *entry, struct range *found)
{
	struct dir_attribute attribute;
	struct range range;
	bool any = false;
	while (entry->next(entry, &attribute))
		if (map_means(&parts->people->rules->map, MAP_MEMBER, &attribute) && range_read(&attribute, &range) &&
		    range.low == parts->next && (!any || found->open)) {
			*found = range;
			any = true;
		}
	entry->rewind(entry);
	return any;
}

static bool range_is(const struct dir_attribute *attribute, const struct range *wanted)
{
	struct range range;
	return range_read(attribute, &range) && range.low == wanted->low && range.open == wanted->open &&
	       range.high == wanted->high;
}

/* ---- one answer */

static void group_take(struct parts *parts, struct dir_entry *entry)
{
	struct skd_text values[MAP_COUNT];
	struct people *people = parts->people;
	map_pick(&people->rules->map, MAP_OF_GROUP, entry, values);
	parts->group = (struct skd_group){
		.id = text_keep(parts, values[MAP_GROUP_ID]),
		.key = text_keep(parts, dir_key_make(&people->key, entry->dn)),
		.name = text_keep(parts, values[MAP_GROUP_NAME]),
		.dn = text_keep(parts, entry->dn),
	};
	if (!parts->group.id.size)
		parts->flaw = changed;
	entry->rewind(entry);
}

static void stamps_take(struct parts *parts, struct dir_entry *entry)
{
	static const char *const names[] = {"uSNChanged", "whenChanged"};
	struct dir_attribute attribute;
	char stamps[2][sizeof parts->stamps[0]] = {"", ""};
	while (entry->next(entry, &attribute))
		for (size_t i = 0; i < 2 && attribute.count; i++) {
			struct skd_text value = dir_value(&attribute, 0);
			if (map_text_equal(attribute.name, names[i]))
				snprintf(stamps[i], sizeof stamps[i], "%.*s", (int)value.size, value.bytes);
		}
	entry->rewind(entry);
	if (!parts->begun)
		memcpy(parts->stamps, stamps, sizeof stamps);
	else if (memcmp(parts->stamps, stamps, sizeof stamps) != 0)
		parts->flaw = changed;
}

static enum skd_outcome values_take(struct parts *parts, const struct dir_attribute *attribute, size_t from)
{
	enum people_member_kind kind = people_member_kind(parts->people, attribute);
	enum skd_outcome outcome = SKD_OK;
	for (size_t i = from; i < attribute->count && outcome == SKD_OK; i++)
		outcome = value_keep(parts, dir_value(attribute, i), kind);
	return outcome;
}

static enum skd_outcome plain_take(struct parts *parts, struct dir_entry *entry)
{
	struct dir_attribute attribute;
	enum skd_outcome outcome = SKD_OK;
	const struct map *map = &parts->people->rules->map;
	while (outcome == SKD_OK && entry->next(entry, &attribute))
		if ((map_means(map, MAP_MEMBER, &attribute) || map_means(map, MAP_MEMBER_UID, &attribute)) &&
		    !people_comes_in_parts(attribute.description))
			outcome = values_take(parts, &attribute, 0);
	entry->rewind(entry);
	return outcome;
}

/* Whoever is deleted leaves a group without changing its uSNChanged, and those behind move up by one. So every
 * part begins with the last member of the one before. */
static bool part_fits(const struct parts *parts, const struct dir_attribute *attribute)
{
	enum people_member_kind kind;
	if (!parts->begun)
		return true;
	struct skd_text last = value_at(parts, parts->last, &kind), first = dir_value(attribute, 0);
	return first.size == last.size && memcmp(first.bytes, last.bytes, last.size) == 0;
}

static enum skd_outcome range_take(struct parts *parts, const struct dir_attribute *attribute, const struct range *range)
{
	size_t known = parts->begun ? 1 : 0;
	if (range->open ? attribute->count < known
			: attribute->count <= known || attribute->count != range->high - range->low + 1)
		parts->flaw = parts->flaw ?: broken;
	else if (!part_fits(parts, attribute))
		parts->flaw = changed;
	if (parts->flaw)
		return SKD_OK;
	parts->next += attribute->count ? attribute->count - 1 : 0; /* the last one is asked for again */
	return values_take(parts, attribute, known);
}

/* Without parts in the first answer the group is small by now. */
static enum skd_outcome part_take(struct parts *parts, struct dir_entry *entry)
{
	struct dir_attribute attribute;
	struct range range = {.open = false};
	bool found = range_find(parts, entry, &range);
	enum skd_outcome outcome = parts->begun ? SKD_OK : plain_take(parts, entry);
	while (outcome == SKD_OK && found && entry->next(entry, &attribute))
		if (map_means(&parts->people->rules->map, MAP_MEMBER, &attribute) && range_is(&attribute, &range))
			outcome = range_take(parts, &attribute, &range);
	if (found && !parts->name.size)
		parts->name = text_keep(parts, range.name);
	if (!found && parts->begun)
		parts->flaw = parts->flaw ?: broken;
	parts->begun = true;
	parts->ended = !found || range.open;
	return outcome;
}

static enum skd_outcome answer_take(void *context, struct dir_entry *entry)
{
	struct parts *parts = context;
	parts->answered = true;
	if (!parts->begun)
		group_take(parts, entry);
	stamps_take(parts, entry);
	return part_take(parts, entry);
}

/* ---- one group */

static const char *const *first_attributes(const struct people *people, const char *const *more)
{
	const struct skd_host *host = people->rules->host;
	const char *const *all = map_attributes(&people->rules->map, host, people->call, MAP_OF_GROUP);
	return map_names_join(host, people->call, all, more);
}

static enum skd_outcome part_ask(struct parts *parts)
{
	char name[128];
	const char *const more[] = {name, "uSNChanged", "whenChanged", NULL};
	struct dir_query query = {
		.base = parts->kept->dn,
		.itself = true,
		.filter = "(objectClass=*)",
		.attributes = parts->begun ? more : first_attributes(parts->people, more + 1),
	};
	snprintf(name, sizeof name, "%.*s;range=%zu-*", (int)parts->name.size, parts->name.bytes ?: "", parts->next);
	parts->answered = false;
	enum skd_outcome outcome = dir_search(parts->link, &query, answer_take, parts);
	if (outcome == SKD_OK && !parts->answered)
		parts->flaw = broken;
	return outcome;
}

static enum skd_outcome group_read(struct parts *parts)
{
	const struct people *people = parts->people;
	enum skd_outcome outcome = SKD_OK;
	for (int i = 0; outcome == SKD_OK && i < TRIES; i++) {
		*parts = (struct parts){.people = parts->people, .link = parts->link, .kept = parts->kept,
					.bytes = parts->bytes, .room = parts->room};
		while (outcome == SKD_OK && !parts->ended && !parts->flaw)
			outcome = part_ask(parts);
		if (outcome != SKD_OK || !parts->flaw)
			return outcome;
	}
	return people->rules->host->fail(people->call, parts->flaw == changed ? SKD_BUSY : SKD_FAULT, "%s: the group %s %s",
					 people->origin, parts->kept->dn, parts->flaw);
}

static enum skd_outcome group_give(struct parts *parts)
{
	struct people *people = parts->people;
	enum people_member_kind kind;
	enum skd_outcome outcome = people->sink->group(people->sink, &parts->group);
	for (size_t at = 0; outcome == SKD_OK && at < parts->size;) {
		struct skd_text value = value_at(parts, at, &kind);
		outcome = people_member(people, parts->group.key, kind, value);
		at += sizeof(struct head) + value.size;
	}
	return outcome;
}

/* ---- primary groups */

static enum skd_outcome primary_take(void *context, struct dir_entry *entry)
{
	struct parts *parts = context;
	return people_member(parts->people, parts->group.key, MEMBER_DN, entry->dn);
}

static enum skd_outcome primaries_give(struct parts *parts, const struct dir_query *persons)
{
	static const char *const nothing[] = {"1.1", NULL};
	size_t room = strlen(persons->filter) + 64;
	char *filter = parts->people->rules->host->alloc(parts->people->call, room);
	struct dir_query query = *persons;
	snprintf(filter, room, "(&%s(primaryGroupID=%u))", persons->filter, (unsigned)parts->kept->number);
	query.filter = filter;
	query.attributes = nothing;
	return dir_search(parts->link, &query, primary_take, parts);
}

enum skd_outcome people_parts(struct people *people, struct dir_link *link, const struct dir_query *persons)
{
	struct parts parts = {.people = people, .link = link};
	enum skd_outcome outcome = SKD_OK;
	for (parts.kept = people->kept; outcome == SKD_OK && parts.kept; parts.kept = parts.kept->next) {
		outcome = group_read(&parts);
		if (outcome == SKD_OK)
			outcome = group_give(&parts);
		if (outcome == SKD_OK && parts.kept->primary)
			outcome = primaries_give(&parts, persons);
	}
	free(parts.bytes);
	return outcome;
}
