/* SPDX-License-Identifier: Apache-2.0
 * An authenticator: finds the entry of a username as the service account, then signs in as it.
 * Every username costs a search and a bind, known or not. Keeps nothing between calls. */
#include "ldap.h"
#include "ldap_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct authenticator {
	const struct skd_host *host;
	struct dir_setup setup;
	struct map map;
	const char *decoy_dn, *directory;
	bool one_level;
};

/* What a search found, in the call's memory. */
struct finding {
	const struct authenticator *self;
	struct skd_call *call;
	size_t count;
	char *dn, *id, *username; /* NULL: not shown, or holding a NUL */
	bool disabled;
};

static char *text_keep(const struct finding *finding, struct skd_text text)
{
	if (!text.size || memchr(text.bytes, '\0', text.size))
		return NULL;
	return memcpy(finding->self->host->alloc(finding->call, text.size + 1), text.bytes, text.size);
}

static enum skd_outcome entry_keep(void *context, struct dir_entry *entry)
{
	struct finding *finding = context;
	struct skd_text values[MAP_COUNT];
	if (finding->count++)
		return SKD_OK;
	map_pick(&finding->self->map, MAP_ACCOUNT, entry, values);
	finding->dn = text_keep(finding, entry->dn);
	finding->id = text_keep(finding, values[MAP_ID]);
	finding->username = text_keep(finding, values[MAP_USERNAME]);
	finding->disabled = values[MAP_DISABLED].size > 0;
	return SKD_OK;
}

/* (&(objectClass=person)(|(uid=name))) */
static const char *filter_make(const struct authenticator *self, struct skd_call *call, const char *username)
{
	const struct map *map = &self->map;
	const char *value = dir_filter_value(self->host, call, username);
	size_t room = strlen(map->filter) + 16, used;
	for (size_t i = 0; i < map->count; i++)
		room += map->names[i].name.size + strlen(value) + 3;
	char *filter = self->host->alloc(call, room);
	used = (size_t)snprintf(filter, room, "(&%s(|", map->filter);
	for (size_t i = 0; i < map->count; i++)
		if (map->names[i].field == MAP_USERNAME)
			used += (size_t)snprintf(filter + used, room - used, "(%.*s=%s)", (int)map->names[i].name.size,
						 map->names[i].name.bytes, value);
	snprintf(filter + used, room - used, "))");
	return filter;
}

static const char *people_base(const struct authenticator *self, struct skd_call *call)
{
	return map_base(self->host, call, "people_base", self->map.people_below);
}

static enum skd_outcome account_find(const struct authenticator *self, struct dir_link *link, const char *username,
				     struct finding *finding)
{
	struct dir_query query = {
		.base = people_base(self, link->call),
		.one_level = self->one_level,
		.filter = filter_make(self, link->call, username),
		.attributes = map_attributes(&self->map, self->host, link->call, MAP_ACCOUNT),
		.size_limit = 2,
	};
	*finding = (struct finding){.self = self, .call = link->call};
	return dir_search(link, &query, entry_keep, finding);
}

/* A bind that nobody passes, so that the time it takes does not tell who exists. */
static enum skd_outcome decoy_bind(const struct authenticator *self, struct dir_link *link,
				   const struct skd_signin *signin)
{
	static const char nobody[] = "cn=skillsd-decoy,";
	const char *dn = self->decoy_dn;
	if (!dn) {
		const char *base = people_base(self, link->call);
		size_t room = sizeof nobody + strlen(base);
		char *name = self->host->alloc(link->call, room);
		snprintf(name, room, "%s%s", nobody, base);
		dn = name;
	}
	return dir_link_bind(link, dn, signin->password);
}

static enum skd_outcome nobody_check(const struct authenticator *self, struct dir_link *link,
				     const struct skd_signin *signin)
{
	enum skd_outcome outcome = decoy_bind(self, link, signin);
	if (outcome != SKD_OK && outcome != SKD_DENIED)
		return outcome;
	return self->host->fail(link->call, SKD_ABSENT, "the directory knows no such username");
}

static enum skd_outcome account_check(const struct authenticator *self, struct dir_link *link,
				      const struct skd_signin *signin, struct skd_step *step)
{
	const struct skd_host *host = self->host;
	struct finding finding;
	enum skd_outcome outcome = account_find(self, link, signin->username, &finding);
	if (outcome != SKD_OK)
		return outcome;
	if (finding.count == 0)
		return nobody_check(self, link, signin);
	if (finding.count > 1) {
		host->log(host, SKD_WARNING, "%s: several entries have the username %s, so none of them is let in", link->uri,
			  signin->username);
		outcome = decoy_bind(self, link, signin);
		if (outcome != SKD_OK && outcome != SKD_DENIED)
			return outcome;
		return host->fail(link->call, SKD_DENIED, "the username is not unique in the directory");
	}
	if (!finding.dn || !finding.id || !finding.username)
		return host->fail(link->call, SKD_FAULT, "%s: the entry of %s shows no usable %s", link->uri,
				  signin->username, self->map.option[finding.id ? MAP_USERNAME : MAP_ID]);
	*step = (struct skd_step){.account = finding.username, .source = self->directory, .person_id = finding.id};
	outcome = dir_link_bind(link, finding.dn, signin->password);
	if (outcome == SKD_OK && finding.disabled)
		host->log(host, SKD_INFO, "%s: %s is disabled", link->uri, finding.dn);
	if (outcome == SKD_DENIED || (outcome == SKD_OK && finding.disabled))
		return host->fail(link->call, SKD_DENIED, "the directory does not let this account in with this password");
	return outcome;
}

static enum skd_outcome authenticator_begin(void *self, struct skd_call *call, const struct skd_signin *signin,
					    struct skd_step *step)
{
	const struct authenticator *authenticator = self;
	const struct skd_host *host = authenticator->host;
	struct dir_link link;
	if (!signin->password || !*signin->password)
		return host->fail(call, SKD_DENIED, "an empty password lets nobody in");
	if (!signin->username || !*signin->username)
		return host->fail(call, SKD_ABSENT, "there is nobody without a username");
	enum skd_outcome outcome = dir_link_open(&authenticator->setup, call, &link);
	if (outcome != SKD_OK)
		return outcome;
	outcome = account_check(authenticator, &link, signin, step);
	dir_link_close(&link);
	return outcome;
}

static enum skd_outcome authenticator_set_up(struct authenticator *self, struct skd_call *call)
{
	static const char *const scopes[] = {"sub", "one", NULL};
	const struct skd_host *host = self->host;
	int scope;
	enum skd_outcome outcome = dir_setup_read(host, call, &self->setup);
	if (outcome == SKD_OK)
		outcome = map_read(host, call, MAP_ACCOUNT, &self->map);
	if (outcome == SKD_OK)
		outcome = dir_option_word(host, call, "scope", scopes, &scope);
	if (outcome != SKD_OK)
		return outcome;
	self->one_level = scope == 1;
	self->decoy_dn = host->option(host, "decoy_dn");
	self->directory = host->option(host, "directory");
	return SKD_OK;
}

static void authenticator_close(void *self)
{
	struct authenticator *authenticator = self;
	dir_setup_close(&authenticator->setup);
	free(authenticator);
}

static enum skd_outcome authenticator_open(const struct skd_host *host, struct skd_call *call, void **self)
{
	struct authenticator *authenticator = calloc(1, sizeof *authenticator);
	if (!authenticator)
		return host->fail(call, SKD_FAULT, "out of memory");
	authenticator->host = host;
	enum skd_outcome outcome = authenticator_set_up(authenticator, call);
	if (outcome == SKD_OK)
		*self = authenticator;
	else
		authenticator_close(authenticator);
	return outcome;
}

static const struct skd_option options[] = {
#include "ldap_options.inc"
#include "ldap_account.inc"
	{"directory", SKD_TEXT, NULL,
	 "NAME of the [directory NAME] whose people sign in here; options not given here are taken from it.", false, false},
	{"decoy_dn", SKD_TEXT, NULL,
	 "DN of an entry with a password that nobody knows and no lock-out, tried in place of unknown usernames so that "
	 "they cost the server the same; without it a name that does not exist is tried.",
	 false, false},
	{NULL, SKD_TEXT, NULL, NULL, false, false},
};

__attribute__((visibility("default"))) const struct skd_plugin skillsd_plugin = {
	.abi = SKD_ABI,
	.kind = SKD_AUTHENTICATOR,
	.name = "auth_ldap",
	.options = options,
	.open = authenticator_open,
	.close = authenticator_close,
	.is.authenticator = {.begin = authenticator_begin},
};
