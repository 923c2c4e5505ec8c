/* SPDX-License-Identifier: Apache-2.0
 * Settings: sections checked against their tables and put together as a house. */
#include "command/settings.h"

#include "base/text.h"
#include "rules/actor.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct skd_option *table_of(const char *section)
{
	const struct option_table *table = option_tables;
	while (strcmp(table->section, section) != 0)
		table++;
	return table->options;
}

static struct section *section_one(struct conf *conf, const char *kind)
{
	struct section *section = conf_section(conf, kind);
	section_check(conf, section, table_of(kind), NULL);
	return section;
}

static void sections_known(struct conf *conf)
{
	for (size_t i = 0; i < conf->count; i++) {
		const struct section *section = &conf->sections[i];
		const struct option_table *table = option_tables;
		bool named = strcmp(section->kind, "directory") == 0 || strcmp(section->kind, "authenticator") == 0 ||
			     strcmp(section->kind, "role") == 0;
		while (table->section && strcmp(table->section, section->kind) != 0)
			table++;
		if (!table->section)
			conf_complain(conf, section->line, "there is no section [%s]", section->kind);
		else if (named != (*section->name != '\0'))
			conf_complain(conf, section->line, named ? "[%s] needs a name" : "[%s] takes no name", section->kind);
	}
}

/* ---- plugins ---- */

static const struct skd_plugin *section_plugin(struct settings *s, struct section *section, enum skd_kind kind)
{
	section->tables[0] = table_of(section->kind);
	const char *name = section_text(section, "plugin");
	const char *folder = section_text(s->server, "plugin_path");
	if (!name) {
		conf_complain(s->conf, section->line, "[%s %s] needs plugin", section->kind, section->name);
		return NULL;
	}
	return host_load(s->conf, section->line, folder, name, kind);
}

static struct instance *instance_of(struct settings *s, const struct skd_plugin *plugin, const struct section *section)
{
	struct instance *planned = talloc_zero(s, struct instance);
	planned->plugin = plugin;
	planned->name = section->name;
	return planned;
}

static void directories_read(struct settings *s)
{
	struct house *house = &s->house;
	for (struct section *at = conf_next(s->conf, "directory", NULL); at; at = conf_next(s->conf, "directory", at)) {
		const struct skd_plugin *plugin = section_plugin(s, at, SKD_SOURCE);
		if (!plugin)
			continue;
		section_check(s->conf, at, table_of("directory"), plugin->options);
		house->directories = talloc_realloc(s, house->directories, struct directory, house->directory_count + 1);
		house->directories[house->directory_count++] = (struct directory){
			.instance = instance_of(s, plugin, at),
			.interval = section_number(at, "interval"),
			.time_limit = section_number(at, "time_limit"),
			.absent_count = section_number(at, "absent_count"),
			.absent_percent = section_number(at, "absent_percent"),
			.absent_window = section_number(at, "absent_window"),
		};
	}
}

static unsigned roles_read(struct settings *s, const struct section *at, const char *words)
{
	unsigned roles = 0;
	char *rest = talloc_strdup(s, words), *save = NULL;
	for (char *word = strtok_r(rest, " ,", &save); word; word = strtok_r(NULL, " ,", &save)) {
		if (!role_of(word))
			conf_complain(s->conf, at->line, "%s is no role", word);
		roles |= role_of(word);
	}
	return roles;
}

static void authenticator_read(struct settings *s, struct section *at)
{
	struct house *house = &s->house;
	const struct skd_plugin *plugin = section_plugin(s, at, SKD_AUTHENTICATOR);
	const char *directory = section_text(at, "directory");
	if (!plugin)
		return;
	at->fallback = directory ? conf_find(s->conf, "directory", directory) : NULL;
	if (directory && !at->fallback)
		conf_complain(s->conf, at->line, "there is no [directory %s]", directory);
	section_check(s->conf, at, table_of("authenticator"), plugin->options);
	const char *person = section_text(at, "person"), *roles = section_text(at, "roles");
	if (strcmp(person, "username") != 0 && strcmp(person, "none") != 0)
		conf_complain(s->conf, at->line, "person is username or none");
	bool pam = strcmp(plugin->name, "auth_pam") == 0;
	house->authenticators = talloc_realloc(s, house->authenticators, struct authenticator,
					       house->authenticator_count + 1);
	house->authenticators[house->authenticator_count++] = (struct authenticator){
		.instance = instance_of(s, plugin, at),
		.match_username = strcmp(person, "username") == 0,
		.counts = talloc_zero(s, struct authenticator_counts),
		.roles = roles ? roles_read(s, at, roles) : pam ? ROLE_ADMIN : ROLE_ANY & ~ROLE_ADMIN,
	};
	if (!pam && (house->authenticators[house->authenticator_count - 1].roles & ROLE_ADMIN))
		conf_complain(s->conf, at->line, "the role admin needs PAM: only auth_pam may carry it");
}

/* The directory whose groups a role's are: the one named, or the first. */
static const struct directory *role_directory(struct settings *s, const struct section *at)
{
	const char *name = section_text(at, "directory");
	for (size_t i = 0; i < s->house.directory_count; i++)
		if (!name || strcmp(s->house.directories[i].instance->name, name) == 0)
			return &s->house.directories[i];
	conf_complain(s->conf, at->line, "[role %s] has groups of a directory that is not there", at->name);
	return NULL;
}

static void roles_and_rescue(struct settings *s)
{
	struct house *house = &s->house;
	const char **rescue = NULL;
	struct role_rule *rules = NULL;
	for (struct section *at = conf_next(s->conf, "role", NULL); at; at = conf_next(s->conf, "role", at)) {
		const char *value;
		section_check(s->conf, at, table_of("role"), NULL);
		if (!role_of(at->name))
			conf_complain(s->conf, at->line, "%s is no role: employee, assessor, issuer, hr, auditor, admin",
				      at->name);
		for (size_t i = 0; (value = section_at(at, "group", i)); i++) {
			rules = talloc_realloc(s, rules, struct role_rule, house->role_count + 1);
			rules[house->role_count++] = (struct role_rule){at->name, value, role_directory(s, at)};
		}
		for (size_t i = 0; (value = section_at(at, "account", i)); i++) {
			if (role_of(at->name) != ROLE_ADMIN || !strchr(value, ':'))
				conf_complain(s->conf, at->line, "account is authenticator:name, and only for [role admin]");
			rescue = talloc_realloc(s, rescue, const char *, house->rescue_count + 1);
			rescue[house->rescue_count++] = value;
		}
	}
	house->rescue_accounts = rescue;
	house->role_rules = rules;
}

/* ---- the house ---- */

static void house_read(struct settings *s)
{
	struct house *house = &s->house;
	const struct section *sessions = section_one(s->conf, "sessions");
	const struct section *throttle = section_one(s->conf, "throttle");
	const struct section *issuer = section_one(s->conf, "issuer");
	char host[200] = "", holder[UUID_SIZE];
	gethostname(host, sizeof host - 1);
	uuid_new(holder);
	house->holder = talloc_asprintf(s, "%s/%d/%s", host, (int)getpid(), holder);
	house->public_url = section_text(s->server, "public_url");
	house->issuer_name = section_text(issuer, "name");
	house->issuer_url = section_text(issuer, "url");
	house->issuer_mail = section_text(issuer, "mail");
	house->token_key = section_text(s->server, "token_key");
	house->session_idle = section_number(sessions, "idle");
	house->session_absolute = section_number(sessions, "absolute");
	house->throttle_user = section_number(throttle, "user_failures");
	house->throttle_address = section_number(throttle, "address_failures");
	house->throttle_window = section_number(throttle, "window");
	house->throttle_block = section_number(throttle, "block");
	house->failure_delay = section_number(throttle, "failure_delay");
	if (house->token_key && strlen(house->token_key) < 32)
		conf_complain(s->conf, s->server->line, "token_key holds less than 32 characters");
}

static enum skd_level level_of(struct settings *s)
{
	static const char *const words[] = {"debug", "info", "warning", "error"};
	const char *said = section_text(s->server, "log_level");
	for (int i = 0; i < 4; i++)
		if (strcmp(words[i], said) == 0)
			return (enum skd_level)i;
	conf_complain(s->conf, s->server->line, "log_level is debug, info, warning or error, not %s", said);
	return SKD_INFO;
}

enum skd_outcome settings_read(struct skd_call *call, const char *path, struct settings **out)
{
	struct settings *s = talloc_zero(NULL, struct settings);
	*out = s;
	TRY(conf_read(call, path, s, &s->conf));
	/* conf_section() may move the sections: all are there before one is pointed at */
	for (const struct option_table *table = option_tables; table->section && table < option_tables + 5; table++)
		conf_section(s->conf, table->section);
	sections_known(s->conf);
	s->server = section_one(s->conf, "server");
	s->database = section_one(s->conf, "database");
	s->log_level = level_of(s);
	house_read(s);
	directories_read(s);
	for (struct section *at = conf_next(s->conf, "authenticator", NULL); at;
	     at = conf_next(s->conf, "authenticator", at))
		authenticator_read(s, at);
	roles_and_rescue(s);
	return conf_verdict(call, s->conf);
}

static enum skd_outcome instance_open(struct skd_call *call, struct settings *s, const char *kind,
				      struct instance **instance)
{
	struct instance *planned = *instance;
	const struct section *section = conf_find(s->conf, kind, planned->name);
	*instance = NULL;
	return host_open(call, planned->plugin, section, instance);
}

/* Report formats have no section: those that lie in the plugin folder under these names are opened. */
static enum skd_outcome formats_open(struct skd_call *call, struct settings *s)
{
	static const char *const names[] = {"report_csv", NULL};
	static const struct section none = {.kind = "report", .name = ""};
	for (int i = 0; names[i]; i++) {
		struct instance *instance;
		const struct skd_plugin *plugin =
			host_load(s->conf, 0, section_text(s->server, "plugin_path"), names[i], SKD_REPORT);
		TRY(conf_verdict(call, s->conf));
		TRY(host_open(call, plugin, &none, &instance));
		instance->next = s->house.formats;
		s->house.formats = instance;
	}
	return SKD_OK;
}

enum skd_outcome settings_open(struct skd_call *call, struct settings *s)
{
	for (size_t i = 0; i < s->house.directory_count; i++)
		TRY(instance_open(call, s, "directory", &s->house.directories[i].instance));
	for (size_t i = 0; i < s->house.authenticator_count; i++)
		TRY(instance_open(call, s, "authenticator", &s->house.authenticators[i].instance));
	return formats_open(call, s);
}

void settings_close(struct settings **settings)
{
	struct settings *s = *settings;
	if (!s)
		return;
	for (size_t i = 0; i < s->house.directory_count; i++)
		if (s->house.directories[i].instance && s->house.directories[i].instance->self)
			host_close(&s->house.directories[i].instance);
	for (size_t i = 0; i < s->house.authenticator_count; i++)
		if (s->house.authenticators[i].instance && s->house.authenticators[i].instance->self)
			host_close(&s->house.authenticators[i].instance);
	while (s->house.formats) {
		struct instance *next = s->house.formats->next;
		host_close(&s->house.formats);
		s->house.formats = next;
	}
	TALLOC_FREE(*settings);
}
