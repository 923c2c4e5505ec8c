/* SPDX-License-Identifier: Apache-2.0
 * A source: units, people and groups of an LDAP directory, read whole by three searches. What an entry
 * means is ldap_people.c's to say; nothing is remembered between runs. */
#include "ldap_source.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct reading {
	struct people people;
	const struct source *source;
	struct dir_link link;
};

/* ---- reading whole ---- */

static enum skd_outcome entries_read(struct reading *reading)
{
	const struct source *source = reading->source;
	struct people *people = &reading->people;
	struct dir_query persons = source_people(source, people->call), groups = source_groups(source, people->call);
	enum skd_outcome outcome = source_units_read(source, &reading->link, people);
	people->keeps = true;
	if (outcome == SKD_OK)
		outcome = dir_search(&reading->link, &persons, people_person, people);
	if (outcome == SKD_OK)
		outcome = dir_search(&reading->link, &groups, people_group, people);
	return outcome == SKD_OK ? people_parts(people, &reading->link, &persons) : outcome;
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

enum { FOLLOWS_PEOPLE, FOLLOWS_GROUPS, FOLLOWS_UNITS, FOLLOWS_GROUP_UNITS };

struct feed {
	struct skd_feed head; /* the first member: what the host sees of it */
	struct dir_feed dir;
	struct people people;
};

static enum skd_outcome feed_give(void *context, size_t search, struct dir_entry *entry)
{
	struct feed *feed = context;
	if (search >= FOLLOWS_UNITS) /* on which the keys of all below depend, of whom nothing is said */
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
	const struct source *source = self;
	struct feed *feed = (struct feed *)head;
	if (source->rules.map.numbers) {
		poll_close(head);
		return;
	}
	dir_feed_close(&feed->dir);
	free(feed);
}

static enum skd_outcome feed_begin(struct feed *feed, const struct source *source, struct skd_call *call,
				   const char *cookie)
{
	struct dir_query queries[] = {source_people(source, call), source_groups(source, call), source_units(source, call),
				      source_units(source, call)};
	const char *groups = queries[FOLLOWS_GROUPS].base;
	size_t count = strcmp(groups, queries[FOLLOWS_PEOPLE].base) == 0 ? 3 : 4;
	queries[FOLLOWS_GROUP_UNITS].base = groups;
	enum skd_outcome outcome = dir_feed_open(&source->setup, call, count, queries, cookie, &feed->dir);
	people_begin(&feed->people, &source->rules, call, NULL);
	feed->people.origin = feed->dir.link.uri;
	feed->head.cookie = feed->dir.cookie;
	return outcome == SKD_OK ? source_units_read(source, &feed->dir.link, &feed->people) : outcome;
}

static enum skd_outcome source_feed_open(void *self, struct skd_call *call, const char *cookie, struct skd_feed **head)
{
	const struct source *source = self;
	const struct skd_host *host = source->rules.host;
	struct feed *feed;
	if (!source->follow)
		return host->fail(call, SKD_ABSENT, "it is configured not to follow");
	if (strcasestr(source->rules.map.filter, "memberOf")) /* which changes without a word (OpenLDAP's overlay) */
		return host->fail(call, SKD_ABSENT, "who is meant by the filter changes with memberOf, of which feeds do not tell");
	if (source->rules.map.numbers)
		return poll_open(source, call, cookie, head);
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
	const struct source *source = self;
	struct feed *feed = (struct feed *)head;
	struct dir_feed_reader reader = {feed_give, feed_settle, feed};
	(void)call;
	if (source->rules.map.numbers)
		return poll_follow(head, sink);
	feed->people.sink = sink;
	return dir_feed_follow(&feed->dir, &reader);
}

/* ---- for an administrator ---- */

struct examination {
	const struct source *source;
	struct skd_call *call;
	const struct skd_notes *notes;
	struct dir_link link; /* to the first server that lets us in */
	bool is_389;
	size_t entries, units, present[MAP_NAMES_MAX];
};

static enum skd_outcome entry_count(void *context, struct dir_entry *entry)
{
	(void)entry;
	++*(size_t *)context;
	return SKD_OK;
}

static enum skd_outcome person_count(void *context, struct dir_entry *entry)
{
	struct examination *e = context;
	e->entries++;
	people_attributes_count(&e->source->rules, entry, e->present);
	return SKD_OK;
}

static void preset_advise(const struct examination *e, const struct dir_server *server)
{
	static const char *const fits[] = {
		[DIR_OPENLDAP] = "openldap", [DIR_389DS] = "389ds", [DIR_FREEIPA] = "freeipa", [DIR_AD] = "ad", [DIR_SAMBA] = "ad"};
	const char *preset = e->source->rules.host->option(e->source->rules.host, "preset");
	const char *fit = fits[server->vendor];
	bool old_ipa = server->vendor == DIR_389DS && strcasecmp(preset, "freeipa") == 0; /* which does not say so */
	if (fit && strcasecmp(fit, preset) != 0 && !old_ipa)
		e->notes->note(e->notes, SKD_ADVICE, "preset", "set preset = %s: %s is for another kind of server", fit, preset);
}

/* Which feed it is. */
static void feed_advise(const struct examination *e, struct dir_link *link, const struct dir_server *server)
{
	const struct skd_notes *notes = e->notes;
	bool numbers = e->source->rules.map.numbers;
	if (server->is_389) {
		notes->note(notes, SKD_FACT, "follow", "each interval reads all of it: %s", dir_feed_of_389);
		return;
	}
	if (numbers ? !server->usn : !server->syncs) {
		notes->note(notes, SKD_ADVICE, "follow",
			    "the server does not tell what changes, so that each interval reads all of it%s",
			    server->vendor == DIR_OPENLDAP ? ": add the overlay syncprov to its database" : "");
		return;
	}
	notes->note(notes, SKD_FACT, "follow", "%s", numbers ? "it is asked once a second what has a newer uSNChanged"
							     : "it tells what changes (RFC 4533)");
	if (numbers && !poll_sees_deleted(link, server))
		notes->note(notes, SKD_ADVICE, "follow",
			    "no deleted entry is shown to this account, so that who is deleted leaves by the next reading of "
			    "all only: let it list and read CN=Deleted Objects,%s", server->domain);
}

static void server_advise(const struct examination *e, struct dir_link *link, const struct dir_server *server)
{
	const struct dir_setup *setup = &e->source->setup;
	const struct skd_notes *notes = e->notes;
	const char *path = server->vendor == DIR_OPENLDAP ? dir_socket_beside(link->uri) : NULL;
	bool clear = strncasecmp(link->uri, "ldap://", 7) == 0 && !setup->start_tls && setup->bind == DIR_SIMPLE;
	preset_advise(e, server);
	if (path)
		notes->note(notes, SKD_ADVICE, "uri",
			    "the server is on this machine, where slapd listens at %s: uri = ldapi:/// needs no TCP, and with "
			    "bind = external no password",
			    path);
	if (clear)
		notes->note(notes, SKD_ADVICE, "TLS", "the password travels in clear: %s",
			    server->start_tls ? "set start_tls = yes, which the server offers" : "use ldaps://");
	if (server->shown && !server->pages && e->source->page_size)
		notes->note(notes, SKD_ADVICE, "page_size", "the server offers no pages: set page_size = 0");
	if (server->shown && e->source->follow)
		feed_advise(e, link, server);
}

/* One server; the link stays open where it is the first that works. */
static void server_examine(struct examination *e, const char *uri)
{
	const struct skd_host *host = e->source->rules.host;
	struct dir_link link;
	struct dir_server server;
	long left = host->time_left(e->call);
	e->notes->section(e->notes, uri);
	if (dir_link_open_at(&e->source->setup, e->call, uri, &link) != SKD_OK) {
		e->notes->failed(e->notes, "connection");
		return;
	}
	e->notes->note(e->notes, SKD_FACT, "connection", "signed in within %ld ms", left - host->time_left(e->call));
	dir_examine(&link, e->notes, &server);
	server_advise(e, &link, &server);
	if (e->link.handle) {
		dir_link_close(&link);
		return;
	}
	e->link = link;
	e->is_389 = server.is_389;
}

static bool base_examine(struct examination *e, const char *option, const char *base)
{
	static const char *const nothing[] = {"1.1", NULL};
	struct dir_query query = {.base = base, .itself = true, .filter = "(objectClass=*)", .attributes = nothing};
	size_t found = 0;
	if (dir_search(&e->link, &query, entry_count, &found) != SKD_OK)
		e->notes->failed(e->notes, option);
	else
		e->notes->note(e->notes, found ? SKD_FACT : SKD_WRONG, option, "%s%s", base,
			       found ? "" : " is hidden from this account");
	return found > 0;
}

static enum skd_outcome unit_count(void *context, struct dir_entry *entry)
{
	struct examination *e = context;
	struct skd_text values[MAP_COUNT];
	map_pick(&e->source->rules.map, MAP_OF_UNIT, entry, values);
	e->units += values[MAP_UNIT].size > 0;
	return SKD_OK;
}

static void units_examine(struct examination *e)
{
	struct dir_query query = source_units(e->source, e->call);
	if (e->source->rules.unit_from != FROM_OU)
		return;
	if (dir_search(&e->link, &query, unit_count, e) != SKD_OK)
		e->notes->failed(e->notes, "units");
	else if (!e->units)
		e->notes->note(e->notes, SKD_ADVICE, "unit_from",
			       "there is no unit with the attribute %s: set unit_from = attribute or none, or look at unit_filter",
			       e->source->rules.map.option[MAP_UNIT]);
}

/* Whether a reading comes to its end, with which pages, and which attributes it shows. */
static void limits_examine(struct examination *e)
{
	const struct skd_host *host = e->source->rules.host;
	struct dir_query query = source_people(e->source, e->call);
	long left = host->time_left(e->call);
	if (dir_search(&e->link, &query, person_count, e) != SKD_OK) {
		e->notes->failed(e->notes, "limits");
		if (e->is_389)
			e->notes->note(e->notes, SKD_ADVICE, "limits",
				       "389 Directory Server counts its limit of size for each page: give the account nsSizeLimit and "
				       "nsLookThroughLimit of -1");
		return;
	}
	left -= host->time_left(e->call);
	if (!query.page_size)
		e->notes->note(e->notes, SKD_FACT, "limits", "%zu people came to their end, unpaged, in %ld ms", e->entries, left);
	else
		e->notes->note(e->notes, SKD_FACT, "limits", "%zu people came to their end, in pages of %ld, in %ld ms",
			       e->entries, e->link.page_size, left);
	if (e->link.page_size != query.page_size)
		e->notes->note(e->notes, SKD_ADVICE, "page_size", "%ld is refused: set page_size = %ld", query.page_size,
			       e->link.page_size);
}

static enum skd_outcome source_examine(void *self, struct skd_call *call, const struct skd_notes *notes)
{
	const struct source *source = self;
	const struct skd_host *host = source->rules.host;
	struct examination e = {.source = source, .call = call, .notes = notes};
	const char *uri;
	for (size_t i = 0; (uri = host->option_at(host, "uri", i)); i++)
		server_examine(&e, uri);
	if (!e.link.handle)
		return SKD_BUSY;
	notes->section(notes, "entries");
	const char *people = source_people_base(source, call), *groups = source_groups_base(source, call);
	bool good = base_examine(&e, people == host->option(host, "base") ? "base" : "people_base", people);
	if (strcmp(groups, people) != 0)
		good &= base_examine(&e, "groups_base", groups);
	if (good) {
		units_examine(&e);
		limits_examine(&e);
	}
	people_fields_tell(&source->rules, call, notes, e.entries ? e.present : NULL);
	dir_link_close(&e.link);
	return good ? SKD_OK : SKD_ABSENT;
}

/* ---- the plugin ---- */

static enum skd_outcome source_set_up(struct source *source, const struct skd_host *host, struct skd_call *call)
{
	static const char *const scopes[] = {"sub", "one", NULL};
	int scope;
	enum skd_outcome outcome = dir_setup_read(host, call, &source->setup);
	if (outcome == SKD_OK)
		outcome = people_rules_read(host, call, &source->rules);
	if (outcome == SKD_OK)
		outcome = dir_option_word(host, call, "scope", scopes, &scope);
	if (outcome != SKD_OK)
		return outcome;
	source->one_level = scope == 1;
	source->group_filter = host->option(host, "group_filter") ?: source->rules.map.group_filter;
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
	{"groups_base", SKD_TEXT, NULL,
	 "DN below which groups are searched; base when not given, freeipa: cn=groups,cn=accounts below it.", false, false},
	{"group_filter", SKD_TEXT, NULL,
	 "Filter for groups; (|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup)), "
	 "freeipa: (objectClass=ipaUserGroup), ad: (objectClass=group).",
	 false, false},
	{"follow", SKD_FLAG, "yes",
	 "Follow what changes between the readings where the server tells (RFC 4533 persistent refresh; ad: uSNChanged).", false, false},
	{"page_size", SKD_NUMBER, "50000", "Entries asked for at a time (RFC 2696); 0: all at once.", false, false},
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
		      .feed_close = source_feed_close,
		      .examine = source_examine},
};
