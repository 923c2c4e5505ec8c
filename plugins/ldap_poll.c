/* SPDX-License-Identifier: Apache-2.0
 * The feed of Active Directory: once a second the source's own searches for what bears a newer number
 * (uSNChanged), at one domain controller, since each has numbers of its own. Judges nothing: what changed and is
 * none of the source's is named to the host, who knows whether it was. */
#include "ldap_source.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	EVERY = 1000, /* milliseconds from one round to the next */
	SLICE = 100,  /* between two looks at the clock */
	MOST = 2000,  /* entries that are told one by one */
};

enum { ANY, UNITS, PEOPLE, GROUPS, SEARCHES };

/* Something with a newer number. */
struct changed {
	char *dn, *id;
	size_t dn_size, id_size;
	int64_t created; /* its first number */
	bool ours;
};

struct poll {
	struct skd_feed head; /* the first member: what the host sees of it */
	const struct source *source;
	struct dir_link link;
	struct people people;
	struct dir_query persons, queries[SEARCHES];
	char *filters[SEARCHES]; /* of the queries, with room for a number behind what they always begin with */
	size_t filter_sizes[SEARCHES];
	char server[AD_GUID_TEXT]; /* invocationId: another one after a restoration, too */
	char domain[512], cookie[AD_GUID_TEXT + 24];
	int64_t seen; /* the newest number that was told */
	struct changed *changed;
	size_t count;
	bool newcomer;
};

static enum skd_outcome poll_fail(const struct poll *poll, enum skd_outcome outcome, const char *why)
{
	return poll->link.setup->host->fail(poll->link.call, outcome, "%s: %s", poll->link.uri, why);
}

/* ---- what has a newer number */

static void changed_forget(struct poll *poll)
{
	for (size_t i = 0; i < poll->count; i++) {
		free(poll->changed[i].dn);
		free(poll->changed[i].id);
	}
	poll->count = 0;
	poll->newcomer = false;
}

static struct changed *changed_find(const struct poll *poll, struct skd_text dn)
{
	for (size_t i = 0; i < poll->count; i++)
		if (poll->changed[i].dn_size == dn.size && memcmp(poll->changed[i].dn, dn.bytes, dn.size) == 0)
			return &poll->changed[i];
	return NULL;
}

static char *text_copy(struct skd_text text)
{
	char *copy = malloc(text.size + 1);
	return copy && text.size ? memcpy(copy, text.bytes, text.size) : copy;
}

static int64_t created_read(struct dir_entry *entry)
{
	struct dir_attribute attribute;
	int64_t created = 0;
	while (entry->next(entry, &attribute))
		if (map_text_equal(attribute.name, "uSNCreated") && attribute.count)
			ad_number(dir_value(&attribute, 0), &created);
	entry->rewind(entry);
	return created;
}

static enum skd_outcome any_take(void *context, struct dir_entry *entry)
{
	struct poll *poll = context;
	struct skd_text values[MAP_COUNT];
	if (poll->count == MOST)
		return poll_fail(poll, SKD_STALE, "so much has changed that all is read");
	int64_t created = created_read(entry);
	map_pick(&poll->source->rules.map, 1 << MAP_ID | 1 << MAP_UNIT_ID | 1 << MAP_GROUP_ID, entry, values);
	struct skd_text id = values[MAP_ID].size	 ? values[MAP_ID]
			     : values[MAP_GROUP_ID].size ? values[MAP_GROUP_ID]
							 : values[MAP_UNIT_ID];
	struct changed *changed = &poll->changed[poll->count++];
	*changed = (struct changed){text_copy(entry->dn), text_copy(id), entry->dn.size, id.size, created, false};
	return changed->dn && changed->id ? SKD_OK : poll_fail(poll, SKD_FAULT, "out of memory");
}

/* On it depend the keys of all below, of whom nothing is said. */
static enum skd_outcome unit_take(void *context, struct dir_entry *entry)
{
	(void)entry;
	return poll_fail(context, SKD_STALE, "a unit has changed");
}

static enum skd_outcome person_take(void *context, struct dir_entry *entry)
{
	struct poll *poll = context;
	struct changed *changed = changed_find(poll, entry->dn);
	if (changed) {
		changed->ours = true;
		poll->newcomer = poll->newcomer || changed->created > poll->seen;
	}
	return people_person(&poll->people, entry);
}

static enum skd_outcome group_take(void *context, struct dir_entry *entry)
{
	struct poll *poll = context;
	struct changed *changed = changed_find(poll, entry->dn);
	if (changed)
		changed->ours = true;
	return people_group(&poll->people, entry);
}

/* ---- one round */

/* Each search asks for numbers above the one that was seen last. */
static void filters_write(struct poll *poll)
{
	for (size_t i = 0; i < SEARCHES; i++)
		sprintf(poll->filters[i] + poll->filter_sizes[i], "(uSNChanged>=%" PRId64 "))", poll->seen + 1);
}

static enum skd_outcome changes_read(struct poll *poll)
{
	enum skd_outcome (*const take[SEARCHES])(void *context, struct dir_entry *entry) = {
		[ANY] = any_take, [UNITS] = unit_take, [PEOPLE] = person_take, [GROUPS] = group_take};
	enum skd_outcome outcome = SKD_OK;
	filters_write(poll);
	for (size_t i = 0; i < SEARCHES && outcome == SKD_OK && (i == ANY || poll->count); i++)
		outcome = dir_search(&poll->link, &poll->queries[i], take[i], poll);
	if (outcome == SKD_OK)
		outcome = people_parts(&poll->people, &poll->link, &poll->persons);
	poll->people.kept = NULL;
	return outcome;
}

static void cookie_write(struct poll *poll, int64_t seen)
{
	poll->seen = seen;
	snprintf(poll->cookie, sizeof poll->cookie, "%s %" PRId64, poll->server, seen);
	poll->head.cookie = poll->cookie;
}

static enum skd_outcome changes_settle(struct poll *poll, int64_t seen)
{
	const struct skd_sink *sink = poll->people.sink;
	enum skd_outcome outcome = SKD_OK;
	for (size_t i = 0; i < poll->count && outcome == SKD_OK; i++)
		if (!poll->changed[i].ours)
			outcome = sink->gone(sink, (struct skd_text){poll->changed[i].id, poll->changed[i].id_size});
	if (outcome != SKD_OK)
		return outcome;
	cookie_write(poll, seen);
	return poll->count ? sink->settle(sink) : SKD_OK;
}

/* Of a new person the primary group does not say anything. */
static enum skd_outcome poll_round(struct poll *poll)
{
	struct dir_server server;
	enum skd_outcome outcome = dir_server_read(&poll->link, &server);
	if (outcome != SKD_OK || server.usn == poll->seen)
		return outcome;
	if (server.usn < poll->seen)
		return poll_fail(poll, SKD_STALE, "its numbers begin anew");
	outcome = changes_read(poll);
	if (outcome == SKD_OK)
		outcome = changes_settle(poll, server.usn);
	if (outcome == SKD_OK && poll->newcomer)
		outcome = poll_fail(poll, SKD_STALE, "somebody new is in groups that do not say so");
	changed_forget(poll);
	return outcome;
}

enum skd_outcome poll_follow(struct skd_feed *head, const struct skd_sink *sink)
{
	struct poll *poll = (struct poll *)head;
	const struct skd_host *host = poll->link.setup->host;
	enum skd_outcome outcome = SKD_OK;
	poll->people.sink = sink;
	while (outcome == SKD_OK && host->time_left(poll->link.call) > 0) {
		outcome = poll_round(poll);
		for (int waited = 0; outcome == SKD_OK && waited < EVERY && host->time_left(poll->link.call) > 0; waited += SLICE)
			nanosleep(&(struct timespec){0, SLICE * 1000000}, NULL);
	}
	/* A search that the end of its time cut short has failed for no other reason. */
	return outcome == SKD_BUSY && host->time_left(poll->link.call) == 0 ? SKD_OK : outcome;
}

/* ---- open */

static enum skd_outcome seen_take(void *context, struct dir_entry *entry)
{
	(void)entry;
	*(bool *)context = true;
	return SKD_OK;
}

static enum skd_outcome identity_take(void *context, struct dir_entry *entry)
{
	struct poll *poll = context;
	struct dir_attribute attribute;
	char text[AD_GUID_TEXT];
	while (entry->next(entry, &attribute))
		if (map_text_equal(attribute.name, "invocationId") && attribute.count) {
			struct skd_text id = ad_guid_text(dir_value(&attribute, 0), text);
			if (id.bytes == text)
				memcpy(poll->server, text, id.size + 1);
		}
	return SKD_OK;
}

static bool is_below(struct poll *poll, const char *base)
{
	struct dir_key keys[2] = {poll->people.key, poll->people.other};
	struct skd_text domain = dir_key_make(&keys[0], (struct skd_text){poll->domain, strlen(poll->domain)});
	struct skd_text key = dir_key_make(&keys[1], (struct skd_text){base, strlen(base)});
	size_t above = key.size - domain.size;
	return domain.size && key.size >= domain.size && memcmp(key.bytes + above, domain.bytes, domain.size) == 0 &&
	       (!above || key.bytes[above - 1] == ',');
}

/* Which server this is, and where it stands. */
static enum skd_outcome server_know(struct poll *poll)
{
	static const char *const invocation[] = {"invocationId", NULL};
	struct skd_call *call = poll->link.call;
	struct dir_server server;
	enum skd_outcome outcome = dir_server_read(&poll->link, &server);
	struct dir_query query = {.base = server.service, .itself = true, .filter = "(objectClass=*)",
				  .attributes = invocation, .may_refuse = true};
	if (outcome == SKD_OK && (!server.usn || !*server.service))
		return poll_fail(poll, SKD_ABSENT, "it shows no highestCommittedUSN, so that nobody knows what changes");
	if (outcome == SKD_OK)
		outcome = dir_search(&poll->link, &query, identity_take, poll);
	if (outcome != SKD_OK)
		return outcome;
	if (!*poll->server)
		return poll_fail(poll, SKD_ABSENT, "it hides its invocationId, so that nobody knows whose numbers it shows");
	strcpy(poll->domain, server.domain);
	if (!is_below(poll, source_people_base(poll->source, call)) || !is_below(poll, source_groups_base(poll->source, call)))
		return poll_fail(poll, SKD_ABSENT, "what is read is not all of its own domain, of which alone it tells changes");
	cookie_write(poll, server.usn);
	return SKD_OK;
}

static void filter_begin(struct poll *poll, size_t i, const char *begin, const char *filter, const char *end)
{
	const struct dir_link *link = &poll->link;
	size_t room = strlen(begin) + strlen(filter) + strlen(end) + 64;
	bool bare = *filter != '(';
	poll->filters[i] = link->setup->host->alloc(link->call, room);
	poll->filter_sizes[i] = (size_t)snprintf(poll->filters[i], room, "%s%s%s%s%s", begin, bare ? "(" : "", filter,
						 bare ? ")" : "", end);
	poll->queries[i].filter = poll->filters[i];
	poll->queries[i].local = true;
}

/* A container is no unit, and stands in DNs like one. */
static void queries_make(struct poll *poll)
{
	static const char *const nothing[] = {"1.1", NULL}, *const created[] = {"uSNCreated", NULL};
	const struct source *source = poll->source;
	struct skd_call *call = poll->link.call;
	const char *const *ids = map_attributes(&source->rules.map, source->rules.host, call,
						1 << MAP_ID | 1 << MAP_UNIT_ID | 1 << MAP_GROUP_ID);
	poll->queries[ANY] = (struct dir_query){.base = poll->domain, .page_size = source->page_size, .deleted = true};
	poll->queries[ANY].attributes = map_names_join(source->rules.host, call, ids, created);
	poll->queries[UNITS] = (struct dir_query){.base = poll->domain, .page_size = source->page_size, .attributes = nothing};
	poll->persons = poll->queries[PEOPLE] = source_people(source, call);
	poll->queries[GROUPS] = source_groups(source, call);
	filter_begin(poll, ANY, "(&", "(objectClass=*)", "");
	filter_begin(poll, UNITS, "(&(|", source->unit_filter, "(objectClass=container))");
	filter_begin(poll, PEOPLE, "(&", poll->queries[PEOPLE].filter, "");
	filter_begin(poll, GROUPS, "(&", poll->queries[GROUPS].filter, "");
	filters_write(poll);
}

/* Nothing is new yet. What a server refuses it would refuse each time: it has no feed. */
static enum skd_outcome queries_try(struct poll *poll)
{
	struct dir_query query = {.base = poll->domain, .filter = "(uSNChanged>=1)", .size_limit = 1, .local = true,
				  .attributes = poll->queries[UNITS].attributes};
	struct dir_server server;
	bool numbered = false, new;
	enum skd_outcome outcome = dir_search(&poll->link, &query, seen_take, &numbered);
	for (size_t i = 0; i < SEARCHES && outcome == SKD_OK; i++)
		outcome = dir_search(&poll->link, &poll->queries[i], seen_take, &new);
	if (outcome == SKD_OK)
		return numbered ? SKD_OK : poll_fail(poll, SKD_ABSENT, "it hides uSNChanged, so that nobody knows what changes");
	return dir_server_read(&poll->link, &server) == SKD_OK ? SKD_ABSENT : outcome;
}

static enum skd_outcome cookie_take(struct poll *poll, const char *cookie)
{
	char server[AD_GUID_TEXT], rest;
	int64_t seen;
	if (sscanf(cookie, "%39s %" SCNd64 "%c", server, &seen, &rest) != 2 || seen < 0)
		return poll_fail(poll, SKD_STALE, "this is no cookie");
	if (strcmp(server, poll->server) != 0)
		return poll_fail(poll, SKD_STALE, "the cookie is another server's, or of before it was restored");
	if (seen > poll->seen)
		return poll_fail(poll, SKD_STALE, "its numbers begin anew");
	cookie_write(poll, seen);
	return SKD_OK;
}

static enum skd_outcome poll_begin(struct poll *poll, struct skd_call *call, const char *cookie)
{
	const struct source *source = poll->source;
	enum skd_outcome outcome = dir_link_open(&source->setup, call, &poll->link);
	people_begin(&poll->people, &source->rules, call, NULL);
	poll->people.origin = poll->link.uri;
	poll->people.keeps = poll->people.some = true;
	if (outcome == SKD_OK)
		outcome = server_know(poll);
	if (outcome != SKD_OK)
		return outcome;
	queries_make(poll);
	outcome = queries_try(poll);
	if (outcome == SKD_OK && cookie)
		outcome = cookie_take(poll, cookie);
	return outcome == SKD_OK ? source_units_read(source, &poll->link, &poll->people) : outcome;
}

/* Accounts expire without a change, and what is deleted or moved away may be out of sight. */
enum skd_outcome poll_open(const struct source *source, struct skd_call *call, const char *cookie, struct skd_feed **feed)
{
	struct poll *poll = calloc(1, sizeof *poll);
	struct changed *changed = calloc(MOST, sizeof *changed);
	if (!poll || !changed) {
		free(poll);
		free(changed);
		return source->rules.host->fail(call, SKD_FAULT, "out of memory");
	}
	poll->head.partial = true;
	poll->source = source;
	poll->changed = changed;
	enum skd_outcome outcome = poll_begin(poll, call, cookie);
	if (outcome == SKD_OK)
		*feed = &poll->head;
	else
		poll_close(&poll->head);
	return outcome;
}

void poll_close(struct skd_feed *head)
{
	struct poll *poll = (struct poll *)head;
	changed_forget(poll);
	dir_link_close(&poll->link);
	free(poll->changed);
	free(poll);
}

/* ---- for an administrator */

bool poll_sees_deleted(struct dir_link *link, const struct dir_server *server)
{
	static const char *const nothing[] = {"1.1", NULL};
	char base[sizeof server->domain + 32];
	bool seen = false;
	struct dir_query query = {.base = base, .one_level = true, .filter = "(isDeleted=TRUE)", .attributes = nothing,
				  .size_limit = 1, .may_refuse = true, .deleted = true, .local = true};
	snprintf(base, sizeof base, "CN=Deleted Objects,%s", server->domain);
	return dir_search(link, &query, seen_take, &seen) == SKD_OK && seen;
}
