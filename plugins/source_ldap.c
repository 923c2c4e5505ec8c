/* SPDX-License-Identifier: Apache-2.0
 * A source: units, people and groups of an LDAP directory, read whole by three searches. Holds the
 * units' keys and otherwise one entry at a time. It judges no value and remembers nothing between
 * runs: what a run means is the host's to say. */
#include "ldap.h"
#include "ldap_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum unit_from { FROM_OU, FROM_ATTRIBUTE, FROM_NOTHING };

struct source {
	const struct skd_host *host;
	struct dir_setup setup;
	struct map map;
	const char *people_base, *groups_base, *group_filter, *unit_filter;
	bool one_level, follow;
	enum unit_from unit_from;
	long page_size;
};

struct unit {
	struct skd_text id, key, name;
};

struct reading {
	const struct source *source;
	struct skd_call *call;
	const struct skd_sink *sink;
	struct dir_link link;
	struct dir_key key, other; /* of the entry, of what it refers to */
	const char *no_id, *no_username;
	struct unit *units; /* sorted by key once all are read */
	size_t unit_count, unit_room;
};

/* ---- units */

static struct skd_text text_keep(struct reading *reading, struct skd_text text)
{
	char *copy = reading->source->host->alloc(reading->call, text.size + 1);
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
	return key_compare(((const struct unit *)a)->key, ((const struct unit *)b)->key);
}

static enum skd_outcome unit_keep(void *context, struct dir_entry *entry)
{
	struct reading *reading = context;
	struct skd_text values[MAP_COUNT];
	map_pick(&reading->source->map, MAP_OF_UNIT, entry, values);
	if (!values[MAP_UNIT].size) /* the container */
		return SKD_OK;
	if (!values[MAP_ID].size)
		return reading->sink->skip(reading->sink, entry->dn, reading->no_id);
	if (reading->unit_count == reading->unit_room) {
		size_t room = reading->unit_room ? reading->unit_room * 2 : 64;
		struct unit *units = reading->source->host->alloc(reading->call, room * sizeof *units);
		if (reading->unit_count)
			memcpy(units, reading->units, reading->unit_count * sizeof *units);
		reading->units = units;
		reading->unit_room = room;
	}
	reading->units[reading->unit_count++] = (struct unit){
		.id = text_keep(reading, values[MAP_ID]),
		.key = text_keep(reading, dir_key_make(&reading->key, entry->dn)),
		.name = text_keep(reading, values[MAP_UNIT]),
	};
	return SKD_OK;
}

/* The key of the nearest unit above an entry; no bytes: none. */
static struct skd_text unit_above(const struct reading *reading, struct skd_text key)
{
	for (key = dir_key_parent(key); key.size; key = dir_key_parent(key)) {
		struct unit wanted = {.key = key};
		if (reading->unit_count &&
		    bsearch(&wanted, reading->units, reading->unit_count, sizeof wanted, unit_compare))
			return key;
	}
	return (struct skd_text){NULL, 0};
}

static struct dir_query unit_query(const struct source *source, struct skd_call *call)
{
	return (struct dir_query){
		.base = source->people_base,
		.filter = source->unit_filter,
		.attributes = map_attributes(&source->map, source->host, call, MAP_OF_UNIT),
		.page_size = source->page_size,
	};
}

static enum skd_outcome units_learn(struct reading *reading, struct dir_link *link)
{
	struct dir_query query = unit_query(reading->source, reading->call);
	enum skd_outcome outcome = dir_search(link, &query, unit_keep, reading);
	if (reading->unit_count)
		qsort(reading->units, reading->unit_count, sizeof *reading->units, unit_compare);
	return outcome;
}

static enum skd_outcome units_read(struct reading *reading)
{
	enum skd_outcome outcome = units_learn(reading, &reading->link);
	for (size_t i = 0; i < reading->unit_count && outcome == SKD_OK; i++) {
		const struct unit *unit = &reading->units[i];
		struct skd_unit given = {unit->id, unit->key, unit->name, unit_above(reading, unit->key)};
		outcome = reading->sink->unit(reading->sink, &given);
	}
	return outcome;
}

/* ---- people */

static enum skd_outcome person_give(void *context, struct dir_entry *entry)
{
	struct reading *reading = context;
	const struct source *source = reading->source;
	const struct skd_sink *sink = reading->sink;
	struct skd_text values[MAP_COUNT];
	map_pick(&source->map, MAP_PERSON, entry, values);
	if (!values[MAP_ID].size)
		return sink->skip(sink, entry->dn, reading->no_id);
	if (!values[MAP_USERNAME].size)
		return sink->skip(sink, entry->dn, reading->no_username);
	struct skd_person person = {
		.id = values[MAP_ID],
		.key = dir_key_make(&reading->key, entry->dn),
		.username = values[MAP_USERNAME],
		.name = values[MAP_NAME],
		.mail = values[MAP_MAIL],
		.title = values[MAP_TITLE],
		.phone = values[MAP_PHONE],
		.employee_number = values[MAP_EMPLOYEE_NUMBER],
		.locale = values[MAP_LOCALE],
		.manager_key = dir_key_make(&reading->other, values[MAP_MANAGER]),
		.disabled = values[MAP_DISABLED].size > 0,
	};
	if (source->unit_from == FROM_OU)
		person.unit_key = unit_above(reading, person.key);
	else if (source->unit_from == FROM_ATTRIBUTE)
		person.unit_name = values[MAP_UNIT];
	return sink->person(sink, &person);
}

static struct dir_query people_query(const struct source *source, struct skd_call *call)
{
	unsigned fields = MAP_PERSON & ~(source->unit_from == FROM_ATTRIBUTE ? 0u : 1u << MAP_UNIT);
	return (struct dir_query){
		.base = source->people_base,
		.one_level = source->one_level,
		.filter = source->map.filter,
		.attributes = map_attributes(&source->map, source->host, call, fields),
		.page_size = source->page_size,
	};
}

static enum skd_outcome people_read(struct reading *reading)
{
	struct dir_query query = people_query(reading->source, reading->call);
	return dir_search(&reading->link, &query, person_give, reading);
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

/* member;range=0-1499: the server keeps the rest for another question. */
static bool range_is_partial(struct skd_text description)
{
	static const char range[] = ";range=";
	for (size_t i = 0; i + sizeof range - 1 < description.size; i++)
		if (strncasecmp(description.bytes + i, range, sizeof range - 1) == 0)
			return true;
	return false;
}

static enum skd_outcome members_give(struct reading *reading, const struct dir_attribute *attribute,
				     struct skd_text group_key, bool by_username)
{
	bool strip = map_text_equal(attribute->name, "uniqueMember");
	for (size_t i = 0; i < attribute->count; i++) {
		struct skd_text value = dir_value(attribute, i);
		struct skd_member member = {.group_key = group_key};
		if (by_username)
			member.username = value;
		else
			member.key = dir_key_make(&reading->other, strip ? uid_strip(value) : value);
		if (!member.username.size && !member.key.size)
			continue;
		enum skd_outcome outcome = reading->sink->member(reading->sink, &member);
		if (outcome != SKD_OK)
			return outcome;
	}
	return SKD_OK;
}

static enum skd_outcome group_give(void *context, struct dir_entry *entry)
{
	struct reading *reading = context;
	const struct map *map = &reading->source->map;
	struct skd_text values[MAP_COUNT];
	struct dir_attribute attribute;
	map_pick(map, MAP_OF_GROUP, entry, values);
	if (!values[MAP_ID].size)
		return reading->sink->skip(reading->sink, entry->dn, reading->no_id);
	struct skd_group group = {
		.id = values[MAP_ID],
		.key = dir_key_make(&reading->key, entry->dn),
		.name = values[MAP_GROUP_NAME],
		.dn = entry->dn,
	};
	enum skd_outcome outcome = reading->sink->group(reading->sink, &group);
	dir_entry_rewind(entry);
	while (outcome == SKD_OK && dir_entry_next(entry, &attribute)) {
		bool member = map_means(map, MAP_MEMBER, &attribute);
		if (member && range_is_partial(attribute.description))
			return reading->source->host->fail(reading->call, SKD_FAULT,
							   "%s: %.*s comes in parts (%.*s), which this source does not read",
							   reading->link.uri, (int)entry->dn.size, entry->dn.bytes,
							   (int)attribute.description.size, attribute.description.bytes);
		if (member || map_means(map, MAP_MEMBER_UID, &attribute))
			outcome = members_give(reading, &attribute, group.key, !member);
	}
	return outcome;
}

static struct dir_query group_query(const struct source *source, struct skd_call *call)
{
	return (struct dir_query){
		.base = source->groups_base,
		.one_level = source->one_level,
		.filter = source->group_filter,
		.attributes = map_attributes(&source->map, source->host, call, MAP_OF_GROUP),
		.page_size = source->page_size,
	};
}

static enum skd_outcome groups_read(struct reading *reading)
{
	struct dir_query query = group_query(reading->source, reading->call);
	return dir_search(&reading->link, &query, group_give, reading);
}

/* ---- reading whole */

static const char *missing_sentence(struct reading *reading, enum map_field field, const char *what)
{
	const struct source *source = reading->source;
	size_t room = 128 + strlen(source->map.option[field]);
	char *sentence = source->host->alloc(reading->call, room);
	snprintf(sentence, room, "it shows no %s, which would be its %s", source->map.option[field], what);
	return sentence;
}

static void reading_begin(struct reading *reading, const struct source *source, struct skd_call *call)
{
	*reading = (struct reading){.source = source, .call = call};
	reading->key = reading->other = (struct dir_key){.host = source->host, .call = call};
	reading->no_id = missing_sentence(reading, MAP_ID, "id");
	reading->no_username = missing_sentence(reading, MAP_USERNAME, "username");
}

static enum skd_outcome source_read(void *self, struct skd_call *call, const struct skd_sink *sink)
{
	const struct source *source = self;
	struct reading *reading = source->host->alloc(call, sizeof *reading);
	reading_begin(reading, source, call);
	reading->sink = sink;
	enum skd_outcome outcome = dir_link_open(&source->setup, call, &reading->link);
	if (outcome == SKD_OK && source->unit_from == FROM_OU)
		outcome = units_read(reading);
	if (outcome == SKD_OK)
		outcome = people_read(reading);
	if (outcome == SKD_OK)
		outcome = groups_read(reading);
	dir_link_close(&reading->link);
	return outcome;
}

/* ---- the feed */

enum { FOLLOWS_PEOPLE, FOLLOWS_GROUPS, FOLLOWS_UNITS };

struct feed {
	struct skd_feed head; /* the first member: what the host sees of it */
	struct dir_feed dir;
	struct reading reading;
};

static enum skd_outcome feed_give(void *context, size_t search, struct dir_entry *entry)
{
	struct feed *feed = context;
	if (search == FOLLOWS_UNITS) /* on which the keys of everybody below depend */
		return feed->reading.source->host->fail(feed->reading.call, SKD_STALE, "a unit has changed");
	return (search == FOLLOWS_PEOPLE ? person_give : group_give)(&feed->reading, entry);
}

static enum skd_outcome feed_settle(void *context)
{
	struct feed *feed = context;
	feed->head.cookie = feed->dir.cookie;
	return feed->reading.sink->settle(feed->reading.sink);
}

static void source_feed_close(void *self, struct skd_feed *head)
{
	struct feed *feed = (struct feed *)head;
	(void)self;
	dir_feed_close(&feed->dir);
	free(feed);
}

static enum skd_outcome feed_begin(struct feed *feed, const struct source *source, struct skd_call *call,
				   const char *cookie)
{
	const struct dir_query queries[] = {people_query(source, call), group_query(source, call), unit_query(source, call)};
	size_t count = source->unit_from == FROM_OU ? 3 : 2;
	enum skd_outcome outcome = dir_feed_open(&source->setup, call, count, queries, cookie, &feed->dir);
	if (outcome == SKD_OK && source->unit_from == FROM_OU)
		outcome = units_learn(&feed->reading, &feed->dir.link);
	feed->head.cookie = feed->dir.cookie;
	return outcome;
}

static enum skd_outcome source_feed_open(void *self, struct skd_call *call, const char *cookie, struct skd_feed **head)
{
	const struct source *source = self;
	struct feed *feed;
	if (!source->follow)
		return source->host->fail(call, SKD_ABSENT, "it is configured not to follow");
	if (!(feed = calloc(1, sizeof *feed)))
		return source->host->fail(call, SKD_FAULT, "out of memory");
	reading_begin(&feed->reading, source, call);
	enum skd_outcome outcome = feed_begin(feed, source, call, cookie);
	if (outcome == SKD_OK)
		*head = &feed->head;
	else
		source_feed_close(self, &feed->head);
	return outcome;
}

static enum skd_outcome source_feed_follow(void *self, struct skd_call *call, struct skd_feed *head,
					   const struct skd_sink *sink)
{
	struct feed *feed = (struct feed *)head;
	struct dir_feed_reader reader = {feed_give, feed_settle, feed};
	(void)self, (void)call;
	feed->reading.sink = sink;
	return dir_feed_follow(&feed->dir, &reader);
}

/* ---- the plugin */

static enum skd_outcome source_set_up(struct source *source, struct skd_call *call)
{
	static const char *const scopes[] = {"sub", "one", NULL};
	static const char *const units[] = {"ou", "attribute", "none", NULL};
	const struct skd_host *host = source->host;
	int scope, unit_from;
	const char *base = host->option(host, "base");
	enum skd_outcome outcome = dir_setup_read(host, call, &source->setup);
	if (outcome == SKD_OK)
		outcome = map_read(host, call, MAP_ALL, &source->map);
	if (outcome == SKD_OK)
		outcome = dir_option_word(host, call, "scope", scopes, &scope);
	if (outcome == SKD_OK)
		outcome = dir_option_word(host, call, "unit_from", units, &unit_from);
	if (outcome != SKD_OK)
		return outcome;
	source->one_level = scope == 1;
	source->unit_from = (enum unit_from)unit_from;
	source->map.but[MAP_UNIT] = host->option(host, "unit_container");
	source->people_base = host->option(host, "people_base") ?: base;
	source->groups_base = host->option(host, "groups_base") ?: base;
	source->group_filter = host->option(host, "group_filter");
	source->unit_filter = host->option(host, "unit_filter");
	source->page_size = host->number(host, "page_size");
	source->follow = host->number(host, "follow");
	return SKD_OK;
}

static void source_close(void *self)
{
	struct source *source = self;
	dir_setup_close(&source->setup);
	free(source);
}

static enum skd_outcome source_open(const struct skd_host *host, struct skd_call *call, void **self)
{
	struct source *source = calloc(1, sizeof *source);
	if (!source)
		return host->fail(call, SKD_FAULT, "out of memory");
	source->host = host;
	enum skd_outcome outcome = source_set_up(source, call);
	if (outcome == SKD_OK)
		*self = source;
	else
		source_close(source);
	return outcome;
}

static const struct skd_option options[] = {
#include "ldap_options.inc"
	{"name", SKD_TEXT, NULL, "Attribute of a person's full name; displayName,cn.", false, false},
	{"mail", SKD_TEXT, NULL, "Attribute of the mail address; mail.", false, false},
	{"title", SKD_TEXT, NULL, "Attribute of the job title; title.", false, false},
	{"phone", SKD_TEXT, NULL, "Attribute of the telephone number; telephoneNumber.", false, false},
	{"employee_number", SKD_TEXT, NULL, "Attribute of the employee number; employeeNumber.", false, false},
	{"locale", SKD_TEXT, NULL, "Attribute of the preferred language; preferredLanguage.", false, false},
	{"manager", SKD_TEXT, NULL, "Attribute with the DN of the manager; manager.", false, false},
	{"unit_from", SKD_TEXT, "ou",
	 "Where a person's unit comes from: ou, the unit entries above the person; attribute, an attribute of the "
	 "person; none.",
	 false, false},
	{"unit_attribute", SKD_TEXT, NULL, "Attribute that names the unit, of the unit entry or of the person; ou.", false,
	 false},
	{"unit_container", SKD_TEXT, "People", "Name of a mere container, which is no unit; case does not matter.", false,
	 false},
	{"unit_filter", SKD_TEXT, "(objectClass=organizationalUnit)", "Filter for unit entries.", false, false},
	{"groups_base", SKD_TEXT, NULL, "DN below which groups are searched; base when not given.", false, false},
	{"group_filter", SKD_TEXT, "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))",
	 "Filter for groups.", false, false},
	{"group_name", SKD_TEXT, NULL, "Attribute of a group's name; cn.", false, false},
	{"group_member", SKD_TEXT, NULL,
	 "Attributes with DNs of members, people or groups, all of which count; member,uniqueMember.", false, false},
	{"group_member_uid", SKD_TEXT, NULL, "Attribute with usernames of members; memberUid.", false, false},
	{"follow", SKD_FLAG, "yes",
	 "Follow what changes between the readings where the server tells (RFC 4533 persistent refresh).", false, false},
	{"page_size", SKD_NUMBER, "5000", "Entries asked for at a time (RFC 2696); 0: all at once.", false, false},
	{NULL, SKD_TEXT, NULL, NULL, false, false},
};

static const char *source_key(void *self, struct skd_call *call, const char *name)
{
	const struct source *source = self;
	struct dir_key key = {.host = source->host, .call = call};
	if (!strchr(name, '='))
		return NULL;
	struct skd_text made = dir_key_make(&key, (struct skd_text){name, strlen(name)});
	char *copy = source->host->alloc(call, made.size + 1);
	return made.size ? memcpy(copy, made.bytes, made.size) : NULL;
}

__attribute__((visibility("default"))) const struct skd_plugin skillsd_plugin = {
	.abi = SKD_ABI,
	.kind = SKD_SOURCE,
	.name = "source_ldap",
	.options = options,
	.open = source_open,
	.close = source_close,
	.is.source = {.read = source_read,
		      .key = source_key,
		      .feed_open = source_feed_open,
		      .feed_follow = source_feed_follow,
		      .feed_close = source_feed_close},
};
