/* SPDX-License-Identifier: Apache-2.0
 * Reading the configuration file (inih) and finding sections in it. */
#include "base/conf.h"

#include "base/text.h"

#include <ini.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void conf_complain(struct conf *conf, int line, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const char *said = talloc_vasprintf(conf, format, args);
	va_end(args);
	conf->complaints = talloc_realloc(conf, conf->complaints, const char *, conf->complaint_count + 1);
	conf->complaints[conf->complaint_count++] = talloc_asprintf(conf, "%s:%d: %s", conf->path, line, said);
}

void section_complain(struct section *section, int line, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const char *said = talloc_vasprintf(section->conf, format, args);
	va_end(args);
	section->bad = true;
	conf_complain(section->conf, line, "%s", said);
}

const char *section_title(const struct section *section)
{
	return talloc_asprintf(section->conf, "[%s%s%s]", section->kind, *section->name ? " " : "", section->name);
}

enum skd_outcome conf_verdict(struct skd_call *call, const struct conf *conf)
{
	if (!conf->complaint_count)
		return SKD_OK;
	return fail(call, SKD_FAULT, "%s", conf->complaints[0]);
}

static struct section *section_add(struct conf *conf, const char *kind, const char *name, int line)
{
	conf->sections = talloc_realloc(conf, conf->sections, struct section, conf->count + 1);
	struct section *section = &conf->sections[conf->count++];
	*section = (struct section){.conf = conf, .kind = kind, .name = name, .line = line};
	return section;
}

static struct section *section_named(struct conf *conf, const char *header, int line)
{
	static const char blank[] = " \t";
	const char *start = header + strspn(header, blank);
	const char *kind = talloc_strndup(conf, start, strcspn(start, blank));
	start += strlen(kind);
	start += strspn(start, blank);
	size_t size = strlen(start);
	while (size && strchr(blank, start[size - 1]))
		size--;
	const char *name = talloc_strndup(conf, start, size);
	struct section *section = conf_find(conf, kind, name);
	return section ? section : section_add(conf, kind, name, line);
}

struct reading {
	struct conf *conf;
	FILE *file;
	int line;
	bool continued; /* the line is indented: it goes on with the value before */
	bool entered;   /* an entry came since the last header */
};

enum { HEADER_MAX = 49 };

/* inih tells of a section with its first entry, too late to know its line, or that it is there at all. */
static void header_read(struct reading *reading, const char *start)
{
	size_t size = strcspn(start, "]");
	reading->entered = false;
	if (size > HEADER_MAX)
		conf_complain(reading->conf, reading->line, "the name of this section is longer than %d bytes", HEADER_MAX);
	else if (start[size])
		section_named(reading->conf, talloc_strndup(reading->conf, start, size), reading->line);
}

/* inih as packaged reads at most 199 bytes of a line and 49 of a header, and drops the rest without a word. */
static char *line_read(char *to, int room, void *from)
{
	static const char mark[] = "\xef\xbb\xbf";
	struct reading *reading = from;
	if (!fgets(to, room, reading->file))
		return NULL;
	const char *start = to;
	if (reading->line++ == 0 && strncmp(to, mark, strlen(mark)) == 0)
		start += strlen(mark);
	reading->continued = *to == ' ' || *to == '\t';
	start += strspn(start, " \t");
	if (*start == '[' && !(reading->continued && reading->entered))
		header_read(reading, start + 1);
	size_t size = strlen(to);
	if (size + 1 < (size_t)room || to[size - 1] == '\n')
		return to;
	conf_complain(reading->conf, reading->line,
		      "this line is longer than %d bytes; go on in the next line, indented", room - 2);
	for (int c = 0; c != '\n' && c != EOF;)
		c = fgetc(reading->file);
	return to;
}

static int entry_read(void *from, const char *header, const char *key, const char *value)
{
	struct reading *reading = from;
	struct conf *conf = reading->conf;
	struct section *section = section_named(conf, header, reading->line);
	reading->entered = true;
	struct conf_entry *last = section->count ? &section->entries[section->count - 1] : NULL;
	/* right behind a header an indented line is an entry of its own */
	if (reading->continued && last && strcmp(last->key, key) == 0) {
		last->value = talloc_asprintf(conf, "%s %s", last->value, value);
		return 1;
	}
	section->entries = talloc_realloc(conf, section->entries, struct conf_entry, section->count + 1);
	section->entries[section->count++] = (struct conf_entry){
		talloc_strdup(conf, key), talloc_strdup(conf, value ? value : ""), reading->line};
	return 1;
}

enum skd_outcome conf_read(struct skd_call *call, const char *path, void *owner, struct conf **out)
{
	struct conf *conf = talloc_zero(owner, struct conf);
	char *absolute = realpath(path, NULL);
	if (!absolute)
		return fail(call, SKD_ABSENT, "%s: %m", path);
	conf->path = talloc_strdup(conf, absolute);
	free(absolute);
	conf->folder = talloc_strdup(conf, conf->path);
	conf->folder = dirname((char *)conf->folder);
	FILE *file = fopen(conf->path, "re");
	if (!file)
		return fail(call, SKD_ABSENT, "%s: %m", conf->path);
	struct reading reading = {.conf = conf, .file = file};
	int line = ini_parse_stream(line_read, &reading, entry_read, &reading);
	fclose(file);
	conf->lines = reading.line ? reading.line : 1;
	if (line > 0)
		conf_complain(conf, line, "this line is neither a [section] nor key = value");
	*out = conf;
	return SKD_OK;
}

struct section *conf_next(struct conf *conf, const char *kind, const struct section *last)
{
	for (size_t i = last ? (size_t)(last - conf->sections) + 1 : 0; i < conf->count; i++)
		if (strcmp(conf->sections[i].kind, kind) == 0)
			return &conf->sections[i];
	return NULL;
}

struct section *conf_find(struct conf *conf, const char *kind, const char *name)
{
	for (struct section *s = conf_next(conf, kind, NULL); s; s = conf_next(conf, kind, s))
		if (strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

struct section *conf_section(struct conf *conf, const char *kind)
{
	struct section *section = conf_find(conf, kind, "");
	return section ? section : section_add(conf, kind, "", conf->lines);
}
