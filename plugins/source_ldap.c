/* SPDX-License-Identifier: Apache-2.0
 * A source: units, people and groups of an LDAP directory, read whole by three searches. What an entry
 * means is ldap_people.c's to say; nothing is remembered between runs. */
#include "ldap.h"
#include "ldap_people.h"

#include <stdlib.h>

struct source {
	struct people_rules rules;
	struct dir_setup setup;
	const char *people_base, *groups_base, *group_filter, *unit_filter;
	bool one_level, follow;
	long page_size;
};

struct reading {
	struct people people;
	const struct source *source;
	struct dir_link link;
};

/* ---- what is searched ---- */

static const char *const *attributes_of(const struct source *source, struct skd_call *call, unsigned fields)
{
	return map_attributes(&source->rules.map, source->rules.host, call, fields);
}

static struct dir_query unit_query(const struct source *source, struct skd_call *call)
{
	return (struct dir_query){
		.base = source->people_base,
		.filter = source->unit_filter,
		.attributes = attributes_of(source, call, MAP_OF_UNIT),
		.page_size = source->page_size,
	};
}

static struct dir_query people_query(const struct source *source, struct skd_call *call)
{
	return (struct dir_query){
		.base = source->people_base,
		.one_level = source->one_level,
		.filter = source->rules.map.filter,
		.attributes = attributes_of(source, call, people_fields(&source->rules)),
		.page_size = source->page_size,
	};
}

static struct dir_query group_query(const struct source *source, struct skd_call *call)
{
	return (struct dir_query){
		.base = source->groups_base,
		.one_level = source->one_level,
		.filter = source->group_filter,
		.attributes = attributes_of(source, call, MAP_OF_GROUP),
		.page_size = source->page_size,
	};
}

/* ---- reading whole ---- */

static enum skd_outcome units_read(const struct source *source, struct dir_link *link, struct people *people)
{
	struct dir_query query = unit_query(source, people->call);
	if (source->rules.unit_from != FROM_OU)
		return SKD_OK;
	enum skd_outcome outcome = dir_search(link, &query, people_unit, people);
	return outcome == SKD_OK ? people_units(people) : outcome;
}

static enum skd_outcome entries_read(struct reading *reading)
{
	const struct source *source = reading->source;
	struct people *people = &reading->people;
	struct dir_query persons = people_query(source, people->call), groups = group_query(source, people->call);
	enum skd_outcome outcome = units_read(source, &reading->link, people);
	if (outcome == SKD_OK)
		outcome = dir_search(&reading->link, &persons, people_person, people);
	return outcome == SKD_OK ? dir_search(&reading->link, &groups, people_group, people) : outcome;
}

static enum skd_outcome source_read(void *self, struct skd_call *call, const struct skd_sink *sink)
{
	const struct source *source = self;
	struct reading *reading = source->rules.host->alloc(call, sizeof *reading);
	reading->source = source;
	people_begin(&reading->people, &source->rules, call, sink);
	enum skd_outcome outcome = dir_link_open(&source->setup, call, &reading->link);
	reading->people.origin = reading->link.uri;
	if (outcome == SKD_OK)
		outcome = entries_read(reading);
	dir_link_close(&reading->link);
	return outcome;
}

/* ---- the feed ---- */

enum { FOLLOWS_PEOPLE, FOLLOWS_GROUPS, FOLLOWS_UNITS };

struct feed {
	struct skd_feed head; /* the first member: what the host sees of it */
	struct dir_feed dir;
	struct people people;
};

static enum skd_outcome feed_give(void *context, size_t search, struct dir_entry *entry)
{
	struct feed *feed = context;
	if (search == FOLLOWS_UNITS) /* on which the keys of everybody below depend */
		return feed->people.rules->host->fail(feed->people.call, SKD_STALE, "a unit has changed");
	return (search == FOLLOWS_PEOPLE ? people_person : people_group)(&feed->people, entry);
}

static enum skd_outcome feed_settle(void *context)
{
	struct feed *feed = context;
	feed->head.cookie = feed->dir.cookie;
	return feed->people.sink->settle(feed->people.sink);
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
	size_t count = source->rules.unit_from == FROM_OU ? 3 : 2;
	enum skd_outcome outcome = dir_feed_open(&source->setup, call, count, queries, cookie, &feed->dir);
	people_begin(&feed->people, &source->rules, call, NULL);
	feed->people.origin = feed->dir.link.uri;
	feed->head.cookie = feed->dir.cookie;
	return outcome == SKD_OK ? units_read(source, &feed->dir.link, &feed->people) : outcome;
}

static enum skd_outcome source_feed_open(void *self, struct skd_call *call, const char *cookie, struct skd_feed **head)
{
	const struct source *source = self;
	const struct skd_host *host = source->rules.host;
	struct feed *feed;
	if (!source->follow)
		return host->fail(call, SKD_ABSENT, "it is configured not to follow");
	if (!(feed = calloc(1, sizeof *feed)))
		return host->fail(call, SKD_FAULT, "out of memory");
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
	feed->people.sink = sink;
	return dir_feed_follow(&feed->dir, &reader);
}

/* ---- the plugin ---- */

static enum skd_outcome source_set_up(struct source *source, const struct skd_host *host, struct skd_call *call)
{
	static const char *const scopes[] = {"sub", "one", NULL};
	int scope;
	const char *base = host->option(host, "base");
	enum skd_outcome outcome = dir_setup_read(host, call, &source->setup);
	if (outcome == SKD_OK)
		outcome = people_rules_read(host, call, &source->rules);
	if (outcome == SKD_OK)
		outcome = dir_option_word(host, call, "scope", scopes, &scope);
	if (outcome != SKD_OK)
		return outcome;
	source->one_level = scope == 1;
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
	enum skd_outcome outcome = source_set_up(source, host, call);
	if (outcome == SKD_OK)
		*self = source;
	else
		source_close(source);
	return outcome;
}

static const char *source_key(void *self, struct skd_call *call, const char *name)
{
	return people_key(((const struct source *)self)->rules.host, call, name);
}

static const struct skd_option options[] = {
#include "ldap_options.inc"
#include "ldap_account.inc"
#include "ldap_people.inc"
	{"unit_filter", SKD_TEXT, "(objectClass=organizationalUnit)", "Filter for unit entries.", false, false},
	{"groups_base", SKD_TEXT, NULL, "DN below which groups are searched; base when not given.", false, false},
	{"group_filter", SKD_TEXT, "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))",
	 "Filter for groups.", false, false},
	{"follow", SKD_FLAG, "yes",
	 "Follow what changes between the readings where the server tells (RFC 4533 persistent refresh).", false, false},
	{"page_size", SKD_NUMBER, "5000", "Entries asked for at a time (RFC 2696); 0: all at once.", false, false},
	{NULL, SKD_TEXT, NULL, NULL, false, false},
};

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
