/* SPDX-License-Identifier: Apache-2.0
 * Options: a section's entries held against tables, and read back with their types. */
#include "base/conf.h"
#include "base/text.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct skd_option *option_find(const struct section *section, const char *key)
{
	for (int t = 0; t < 2 && section->tables[t]; t++)
		for (const struct skd_option *o = section->tables[t]; o->key; o++)
			if (strcmp(o->key, key) == 0)
				return o;
	return NULL;
}

/* Ten years in milliseconds: sums of durations and moments in microseconds stay far from their end. */
#define DURATION_MAX (3650L * 86400000)

long duration_parse(const char *value)
{
	static const struct {
		const char *suffix;
		long milliseconds;
	} units[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
	char *end;
	if (*value < '0' || *value > '9')
		return -1;
	long number = strtol(value, &end, 10);
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strcmp(end, units[i].suffix) == 0)
			return number > DURATION_MAX / units[i].milliseconds ? -1 : number * units[i].milliseconds;
	return -1;
}

static int flag_parse(const char *value)
{
	static const char *const words[] = {"no", "yes", "off", "on", "false", "true", "0", "1"};
	for (int i = 0; i < 8; i++)
		if (string_equal_nocase(value, words[i]))
			return i & 1;
	return -1;
}

static long number_parse(const char *value)
{
	char *end;
	if (*value < '0' || *value > '9')
		return -1;
	long number = strtol(value, &end, 10);
	return *end || number > INT_MAX ? -1 : number;
}

/* What systemd lends is root's and, of later versions, has an ACL for the daemon's user alone, whose mask is shown as its
 * group's mode. It lies in its folder itself, where nobody but root writes. */
static bool is_lent(const char *path, const struct stat *about)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	size_t size = folder && *folder == '/' ? strlen(folder) : 0;
	return size && strncmp(path, folder, size) == 0 && path[size] == '/' && !strchr(path + size + 1, '/') &&
	       about->st_uid == 0 && !(about->st_mode & 037);
}

static bool is_own(const struct stat *about)
{
	return !(about->st_mode & 077) && (about->st_uid == geteuid() || about->st_uid == 0);
}

/* The first line of a file nobody else may read; NULL after a complaint. */
static const char *secret_read(struct section *section, const char *path, int line)
{
	struct stat about;
	char *secret = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &about) != 0) {
		section_complain(section, line, "%s: %m", path);
	} else if (!S_ISREG(about.st_mode) || (!is_own(&about) && !is_lent(path, &about))) {
		section_complain(section, line,
				 "%s: a secret's file must be the daemon's own and readable by nobody else (0400)", path);
	} else {
		secret = talloc_zero_size(section->conf, 4096);
		ssize_t size = read(fd, secret, 4095);
		if (size < 0)
			section_complain(section, line, "%s: %m", path);
		secret[size < 0 ? 0 : strcspn(secret, "\r\n")] = '\0';
	}
	if (fd >= 0)
		close(fd);
	return secret;
}

static const char *path_resolve(const struct conf *conf, const char *value)
{
	return *value == '/' || !*value ? value : talloc_asprintf(conf, "%s/%s", conf->folder, value);
}

static void entry_check(struct section *section, struct conf_entry *entry, const struct skd_option *option)
{
	const struct conf *conf = section->conf;
	const char *wants = NULL;
	switch (option->type) {
	case SKD_TEXT:
		break;
	case SKD_NUMBER:
		wants = number_parse(entry->value) < 0 ? "a whole number" : NULL;
		break;
	case SKD_FLAG:
		wants = flag_parse(entry->value) < 0 ? "yes or no" : NULL;
		break;
	case SKD_DURATION:
		wants = duration_parse(entry->value) < 0 ? "a duration such as 250ms, 10s, 5m, 2h or 30d" : NULL;
		break;
	case SKD_PATH:
		entry->value = path_resolve(conf, entry->value);
		break;
	case SKD_SECRET:
		entry->value = secret_read(section, path_resolve(conf, entry->value), entry->line);
		break;
	}
	if (wants)
		section_complain(section, entry->line, "%s wants %s, not \"%s\"", entry->key, wants, entry->value);
}

/* The i-th entry with a key; the fallback's where the section has none. */
static const struct conf_entry *entry_at(const struct section *section, const char *key, size_t i)
{
	size_t seen = 0;
	for (size_t k = 0; k < section->count; k++)
		if (strcmp(section->entries[k].key, key) == 0 && seen++ == i)
			return &section->entries[k];
	return seen || !section->fallback ? NULL : entry_at(section->fallback, key, i);
}

int section_line(const struct section *section, const char *key, size_t i)
{
	const struct conf_entry *entry = entry_at(section, key, i);
	return entry ? entry->line : section->line;
}

static void required_check(struct section *section)
{
	for (int t = 0; t < 2 && section->tables[t]; t++)
		for (const struct skd_option *o = section->tables[t]; o->key; o++)
			if (o->required && !o->preset && !entry_at(section, o->key, 0))
				section_complain(section, section->line, "%s needs %s (%s)", section_title(section),
						 o->key, o->help);
}

static bool is_given_before(const struct section *section, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(section->entries[k].key, section->entries[i].key) == 0)
			return true;
	return false;
}

void section_check(struct section *section, const struct skd_option *own, const struct skd_option *plugin)
{
	bool doubtful = section->bad || (section->fallback && section->fallback->bad);
	section->tables[0] = own ? own : plugin;
	section->tables[1] = own ? plugin : NULL;
	for (size_t i = 0; i < section->count; i++) {
		struct conf_entry *entry = &section->entries[i];
		const struct skd_option *option = option_find(section, entry->key);
		if (!option)
			section_complain(section, entry->line, "%s knows no option %s", section_title(section), entry->key);
		else if (!option->repeats && is_given_before(section, i))
			section_complain(section, entry->line, "%s is given twice", entry->key);
		else
			entry_check(section, entry, option);
	}
	if (!doubtful)
		required_check(section);
}

const char *section_at(const struct section *section, const char *key, size_t i)
{
	const struct conf_entry *entry = entry_at(section, key, i);
	const struct skd_option *option = option_find(section, key);
	if (entry)
		return entry->value;
	return option && i == 0 ? option->preset : NULL;
}

const char *section_text(const struct section *section, const char *key)
{
	return section_at(section, key, 0);
}

long section_number(const struct section *section, const char *key)
{
	const struct skd_option *option = option_find(section, key);
	const char *value = section_text(section, key);
	if (!option || !value)
		return 0;
	long number = option->type == SKD_DURATION ? duration_parse(value)
		      : option->type == SKD_FLAG   ? flag_parse(value)
						   : number_parse(value);
	return number < 0 ? 0 : number;
}
