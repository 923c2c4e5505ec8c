/* SPDX-License-Identifier: Apache-2.0
 * Settings: sections checked against their tables and put together as a house. */
#include "command/settings.h"

#include "base/fields.h"
#include "base/text.h"
#include "rules/actor.h"
#include "rules/file.h"
#include "rules/language.h"
#include "rules/limit.h"
#include "sign/signer.h"

#include <libgen.h>
#include <limits.h>
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

struct section *section_one(struct conf *conf, const char *kind)
{
	struct section *section = conf_section(conf, kind);
	section_check(section, table_of(kind), NULL);
	return section;
}

static void sections_known(struct conf *conf)
{
	for (size_t i = 0; i < conf->count; i++) {
		struct section *section = &conf->sections[i];
		const struct option_table *table = option_tables;
		while (table->section && strcmp(table->section, section->kind) != 0)
			table++;
		if (!*section->kind)
			section_complain(section, section->line, "an option stands in no section");
		else if (!table->section)
			section_complain(section, section->line, "there is no section [%s]", section->kind);
		else if (table->named != (*section->name != '\0'))
			section_complain(section, section->line, table->named ? "[%s] needs a name" : "[%s] takes no name",
					 section->kind);
		if (!table->named)
			section->name = "";
	}
}

/* ---- plugins ---- */

static const struct skd_plugin *section_plugin(struct settings *s, struct section *section, enum skd_kind kind)
{
	section->tables[0] = table_of(section->kind);
	const char *name = section_text(section, "plugin");
	if (!name)
		section_complain(section, section->line, "%s needs plugin", section_title(section));
	return name && s->plugins ? host_load(section, s->plugins, name, kind) : NULL;
}

static struct instance *instance_of(struct settings *s, const struct skd_plugin *plugin, const struct section *section)
{
	struct instance *planned = talloc_zero(s, struct instance);
	planned->plugin = plugin;
	planned->name = section->name;
	return planned;
}

/* A deletion that takes longer than an interval shows in several runs. */
static long absent_window(const struct section *at)
{
	enum { LEAST_MS = 10000 };
	long intervals = 3 * section_number(at, "interval");
	if (section_text(at, "absent_window"))
		return section_number(at, "absent_window");
	return intervals > LEAST_MS ? intervals : LEAST_MS;
}

/* A star: whoever is linked to is linked to nobody. */
static void same_check(struct settings *s, struct section *at)
{
	static const char *const bys[] = {"employee_number", "mail", "username", NULL};
	const char *as = section_text(at, "same_as"), *by = section_text(at, "same_by");
	const struct section *main = as ? conf_find(s->conf, "directory", as) : NULL;
	int i = 0;
	if (!as != !by)
		section_complain(at, section_line(at, as ? "same_as" : "same_by", 0), "same_as and same_by need each other");
	if (as && !main)
		section_complain(at, section_line(at, "same_as", 0), "there is no [directory %s]", as);
	if (main == at)
		section_complain(at, section_line(at, "same_as", 0), "same_as names another directory than its own");
	else if (main && section_text(main, "same_as"))
		section_complain(at, section_line(at, "same_as", 0), "[directory %s] has a same_as of its own: name one that has none", as);
	while (by && bys[i] && strcmp(bys[i], by) != 0)
		i++;
	if (by && !bys[i])
		section_complain(at, section_line(at, "same_by", 0), "same_by is employee_number, mail or username, not %s", by);
}

/* With no pause between them runs would do nothing but fail; a feed is not believed for longer than a day. What is
 * no number has been complained about. */
static void bounds_check(struct section *at)
{
	static const struct {
		const char *key, *words;
		long least, most;
	} bounds[] = {
		{"interval", "at least 100ms and at most 1d", 100, 86400000},
		{"full_interval", "at least 100ms and at most 1d", 100, 86400000},
		{"time_limit", "at least 100ms", 100, LONG_MAX},
		{"absent_percent", "at most 100", 0, 100},
	};
	for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
		const char *key = bounds[i].key, *value = section_text(at, key);
		long number = section_number(at, key);
		if (duration_parse(value) >= 0 && (number < bounds[i].least || number > bounds[i].most))
			section_complain(at, section_line(at, key, 0), "%s is %s, not %s", key, bounds[i].words, value);
	}
}

static void directories_read(struct settings *s)
{
	struct house *house = &s->house;
	for (struct section *at = conf_next(s->conf, "directory", NULL); at; at = conf_next(s->conf, "directory", at)) {
		const struct skd_plugin *plugin = section_plugin(s, at, SKD_SOURCE);
		if (!plugin)
			continue;
		section_check(at, table_of("directory"), plugin->options);
		bounds_check(at);
		same_check(s, at);
		house->directories = talloc_realloc(s, house->directories, struct directory, house->directory_count + 1);
		house->directories[house->directory_count++] = (struct directory){
			.instance = instance_of(s, plugin, at),
			.interval = section_number(at, "interval"),
			.full_interval = section_number(at, "full_interval"),
			.time_limit = section_number(at, "time_limit"),
			.absent_count = section_number(at, "absent_count"),
			.absent_percent = section_number(at, "absent_percent"),
			.absent_window = absent_window(at),
			.same_as = section_text(at, "same_as"),
			.same_by = section_text(at, "same_by"),
		};
	}
}

static unsigned roles_read(struct settings *s, struct section *at, const char *words)
{
	unsigned roles = 0;
	char *rest = talloc_strdup(s, words), *save = NULL;
	for (char *word = strtok_r(rest, " ,", &save); word; word = strtok_r(NULL, " ,", &save)) {
		if (!role_of(word))
			section_complain(at, section_line(at, "roles", 0), "%s is no role", word);
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
		section_complain(at, section_line(at, "directory", 0), "there is no [directory %s]", directory);
	section_check(at, table_of("authenticator"), plugin->options);
	const char *person = section_text(at, "person"), *roles = section_text(at, "roles");
	if (strcmp(person, "username") != 0 && strcmp(person, "none") != 0)
		section_complain(at, section_line(at, "person", 0), "person is username or none, not %s", person);
	if (strcmp(at->name, HOUSE_AUTHENTICATOR) == 0)
		section_complain(at, at->line, "no authenticator is called " HOUSE_AUTHENTICATOR ": what rules do is done by accounts of that name");
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
		section_complain(at, section_line(at, "roles", 0), "the role admin needs PAM: only auth_pam may carry it");
}

const struct directory *role_directory(struct settings *s, struct section *at)
{
	const char *name = section_text(at, "directory");
	const struct section *meant = name ? conf_find(s->conf, "directory", name) : conf_next(s->conf, "directory", NULL);
	for (size_t i = 0; meant && i < s->house.directory_count; i++)
		if (strcmp(s->house.directories[i].instance->name, meant->name) == 0)
			return &s->house.directories[i];
	if (!meant)
		section_complain(at, section_line(at, name ? "directory" : "group", 0),
				 "%s has groups of a directory that is not there", section_title(at));
	return NULL;
}

static void roles_and_rescue(struct settings *s)
{
	struct house *house = &s->house;
	const char **rescue = NULL;
	struct role_rule *rules = NULL;
	for (struct section *at = conf_next(s->conf, "role", NULL); at; at = conf_next(s->conf, "role", at)) {
		const char *value;
		section_check(at, table_of("role"), NULL);
		if (*at->name && !role_of(at->name))
			section_complain(at, at->line, "%s is no role: employee, assessor, issuer, hr, auditor, admin", at->name);
		const struct directory *directory = section_text(at, "group") ? role_directory(s, at) : NULL;
		for (size_t i = 0; (value = section_at(at, "group", i)); i++) {
			rules = talloc_realloc(s, rules, struct role_rule, house->role_count + 1);
			rules[house->role_count++] = (struct role_rule){at->name, value, directory};
		}
		for (size_t i = 0; (value = section_at(at, "account", i)); i++) {
			if (role_of(at->name) != ROLE_ADMIN || !strchr(value, ':'))
				section_complain(at, section_line(at, "account", i),
						 "account is authenticator:name, and only for [role admin]");
			rescue = talloc_realloc(s, rescue, const char *, house->rescue_count + 1);
			rescue[house->rescue_count++] = value;
		}
	}
	house->rescue_accounts = rescue;
	house->role_rules = rules;
}

/* ---- the house ---- */

static void catalogue_read(struct settings *s, const struct section *catalogue)
{
	struct skd_call *call = call_new("catalogue", 1000);
	const char *language = section_text(catalogue, "language"), *tag = language ? language_tag(call, language) : NULL;
	s->house.two_people = section_number(catalogue, "two_people");
	s->house.review_notice = section_number(catalogue, "review_notice");
	s->house.language = tag ? talloc_strdup(s, tag) : NULL;
	if (language && !tag)
		conf_complain(s->conf, section_line(catalogue, "language", 0), "language is a language tag such as en or de-CH, not %s",
			      language);
	talloc_free(call);
}

/* It is there, or can be made when the first file comes. */
static void file_folder_check(struct settings *s, const struct section *submissions, const char *folder)
{
	char *parent = talloc_strdup(s, folder ? folder : "/");
	const char *needed = folder && access(folder, F_OK) == 0 ? talloc_asprintf(s, "%s/.", folder) : dirname(parent);
	if (folder && access(needed, W_OK | X_OK) != 0)
		conf_complain(s->conf, section_line(submissions, "folder", 0), "folder: %s: %m", folder);
}

/* Kept with the least first. What is named twice is one. */
static void notice_add(struct settings *s, long *days, long added)
{
	size_t count = s->house.expiry_notice_count, at = 0;
	while (at < count && days[at] < added)
		at++;
	if (at < count && days[at] == added)
		return;
	memmove(days + at + 1, days + at, (count - at) * sizeof *days);
	days[at] = added;
	s->house.expiry_notice_count++;
}

static void credentials_read(struct settings *s, const struct section *credentials)
{
	enum { DAY_MS = 86400000 };
	char *said = talloc_strdup(s, section_text(credentials, "expiry_notice")), *save = NULL;
	long *days = talloc_zero_array(s, long, strlen(said) + 1);
	for (char *one = strtok_r(said, " ,", &save); one; one = strtok_r(NULL, " ,", &save)) {
		long length = duration_parse(one);
		if (length < DAY_MS || length % DAY_MS)
			conf_complain(s->conf, section_line(credentials, "expiry_notice", 0),
				      "expiry_notice wants whole days such as 90d 30d 7d, not %s", one);
		else
			notice_add(s, days, length / DAY_MS);
	}
	s->house.expiry_notice = days;
}

static void submissions_read(struct settings *s, const struct section *submissions)
{
	enum { MOST = 16777216 };
	struct house *house = &s->house;
	char *types = talloc_strdup(s, section_text(submissions, "types")), *save = NULL;
	house->file_folder = section_text(submissions, "folder");
	file_folder_check(s, submissions, house->file_folder);
	house->file_size = section_number(submissions, "max_size");
	house->files_size = section_number(submissions, "max_size_all");
	house->file_types = "";
	if (house->file_size < 1 || house->file_size > MOST)
		conf_complain(s->conf, section_line(submissions, "max_size", 0), "max_size is 1 to %d", MOST);
	for (char *type = strtok_r(types, " ,", &save); type; type = strtok_r(NULL, " ,", &save)) {
		if (!fields_word(file_types, type))
			conf_complain(s->conf, section_line(submissions, "types", 0), "%s is no type that is known by its bytes", type);
		house->file_types = talloc_asprintf(s, "%s%s%s", house->file_types, *house->file_types ? "|" : "", type);
	}
}

static enum skd_paper paper_of(struct settings *s, const struct section *issuer)
{
	const char *said = section_text(issuer, "paper");
	bool letter = strcmp(said, "letter") == 0;
	if (!letter && strcmp(said, "a4") != 0)
		conf_complain(s->conf, section_line(issuer, "paper", 0), "paper is a4 or letter, not %s", said);
	return letter ? SKD_PAPER_LETTER : SKD_PAPER_A4;
}

static void assessment_read(struct settings *s, struct section *assessment)
{
	const char *value = section_text(assessment, "lease");
	s->house.assessment_lease = section_number(assessment, "lease");
	if (duration_parse(value) >= 0 && (s->house.assessment_lease < 100 || s->house.assessment_lease > 365 * 86400000L))
		conf_complain(s->conf, section_line(assessment, "lease", 0), "lease is at least 100ms and at most 365d, not %s", value);
}

static void house_read(struct settings *s)
{
	struct house *house = &s->house;
	const struct section *sessions = section_one(s->conf, "sessions");
	const struct section *throttle = section_one(s->conf, "throttle");
	const struct section *issuer = section_one(s->conf, "issuer");
	const struct section *signer = section_one(s->conf, "signer");
	char host[200] = "", holder[UUID_SIZE];
	gethostname(host, sizeof host - 1);
	uuid_new(holder);
	house->holder = talloc_asprintf(s, "%s/%d/%s", host, (int)getpid(), holder);
	house->public_url = section_text(s->server, "public_url");
	house->issuer_name = section_text(issuer, "name");
	house->issuer_url = section_text(issuer, "url");
	house->issuer_mail = section_text(issuer, "mail");
	house->issuer_description = section_text(issuer, "description");
	house->issuer_image = section_text(issuer, "image");
	house->paper = paper_of(s, issuer);
	house->visibility = section_text(issuer, "visibility");
	if (strcmp(house->visibility, "private") != 0 && strcmp(house->visibility, "colleagues") != 0 &&
	    strcmp(house->visibility, "public") != 0)
		conf_complain(s->conf, section_line(issuer, "visibility", 0),
			      "visibility is private, colleagues or public, not %s", house->visibility);
	catalogue_read(s, section_one(s->conf, "catalogue"));
	credentials_read(s, section_one(s->conf, "credentials"));
	submissions_read(s, section_one(s->conf, "submissions"));
	assessment_read(s, section_one(s->conf, "assessment"));
	house->signer = signer_open(s, section_text(signer, "socket"));
	house->token_key = section_text(s->server, "token_key");
	house->session_idle = section_number(sessions, "idle");
	house->session_absolute = section_number(sessions, "absolute");
	house->throttle_user = section_number(throttle, "user_failures");
	house->throttle_address = section_number(throttle, "address_failures");
	house->throttle_window = section_number(throttle, "window");
	house->throttle_block = section_number(throttle, "block");
	house->failure_delay = section_number(throttle, "failure_delay");
	house->looks_keep = section_number(section_one(s->conf, "privacy"), "keep_looks");
	house->outbox_keep = section_number(section_one(s->conf, "outbox"), "keep");
	house->limit[LIMIT_MISSES] = section_number(section_one(s->conf, "limits"), "misses");
	house->limit[LIMIT_VERIFICATIONS] = section_number(section_one(s->conf, "limits"), "verifications");
	if (house->token_key && strlen(house->token_key) < 32)
		conf_complain(s->conf, section_line(s->server, "token_key", 0), "token_key holds less than 32 characters");
}

static enum skd_level level_of(struct settings *s)
{
	static const char *const words[] = {"debug", "info", "warning", "error"};
	const char *said = section_text(s->server, "log_level");
	for (int i = 0; i < 4; i++)
		if (strcmp(words[i], said) == 0)
			return (enum skd_level)i;
	conf_complain(s->conf, section_line(s->server, "log_level", 0),
		      "log_level is debug, info, warning or error, not %s", said);
	return SKD_INFO;
}

/* The folder of the plugins; NULL after a complaint, and none of them is asked for then. */
static const char *plugins_of(struct settings *s)
{
	const char *folder = section_text(s->server, "plugin_path");
	if (access(talloc_asprintf(s, "%s/.", folder), X_OK) == 0)
		return folder;
	conf_complain(s->conf, section_line(s->server, "plugin_path", 0), "plugin_path: %s: %m", folder);
	return NULL;
}

enum skd_outcome settings_read(struct skd_call *call, const char *path, struct settings **out)
{
	struct settings *s = talloc_zero(NULL, struct settings);
	*out = s;
	TRY(conf_read(call, path, s, &s->conf));
	sections_known(s->conf);
	/* conf_section() may move the sections: all are there before one is pointed at */
	for (const struct option_table *table = option_tables; table->section; table++)
		if (!table->named)
			conf_section(s->conf, table->section);
	s->server = section_one(s->conf, "server");
	s->database = section_one(s->conf, "database");
	s->log_level = level_of(s);
	s->plugins = plugins_of(s);
	s->house.painter = talloc_asprintf(s, "%s/../skillsd-draw", section_text(s->server, "plugin_path"));
	house_read(s);
	audit_read(s, &s->house);
	verify_read(s, &s->house);
	links_read(s, &s->house);
	directories_read(s);
	for (struct section *at = conf_next(s->conf, "authenticator", NULL); at;
	     at = conf_next(s->conf, "authenticator", at))
		authenticator_read(s, at);
	roles_and_rescue(s);
	retention_read(s, &s->house);
	return conf_verdict(call, s->conf);
}

/* NULL where the section, or the one that lends it options, is bad. */
static struct instance *instance_open(struct settings *s, const char *kind, const struct instance *planned)
{
	struct section *section = conf_find(s->conf, kind, planned->name);
	bool bad = section->bad || (section->fallback && section->fallback->bad);
	return bad ? NULL : host_open(planned->plugin, section);
}

/* What has no section of its own: those that lie in the plugin folder under these names are opened, in this order. */
static void plugins_open(struct settings *s, const char *kind_name, enum skd_kind kind, const char *const *names,
			 struct instance **list)
{
	struct section *none = talloc_zero(s, struct section);
	*none = (struct section){
		.conf = s->conf, .kind = kind_name, .name = "", .line = section_line(s->server, "plugin_path", 0)};
	for (; *names && s->plugins; names++) {
		const struct skd_plugin *plugin = host_load(none, s->plugins, *names, kind);
		struct instance *instance = plugin ? host_open(plugin, none) : NULL;
		if (!instance)
			continue;
		*list = instance;
		list = &instance->next;
	}
}

static void plugins_close(struct instance **list)
{
	while (*list) {
		struct instance *next = (*list)->next;
		host_close(list);
		*list = next;
	}
}

enum skd_outcome settings_open(struct skd_call *call, struct settings *s)
{
	struct house *house = &s->house;
	for (size_t i = 0; i < house->directory_count; i++)
		house->directories[i].instance = instance_open(s, "directory", house->directories[i].instance);
	for (size_t i = 0; i < house->authenticator_count; i++)
		house->authenticators[i].instance = instance_open(s, "authenticator", house->authenticators[i].instance);
	plugins_open(s, "report", SKD_REPORT, (const char *const[]){"report_csv", NULL}, &house->formats);
	plugins_open(s, "badge", SKD_BADGE, (const char *const[]){"badge_ob3", "badge_ob2", "badge_html", "badge_pdf", NULL}, &house->badges);
	return conf_verdict(call, s->conf);
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
	plugins_close(&s->house.formats);
	plugins_close(&s->house.badges);
	TALLOC_FREE(*settings);
}
