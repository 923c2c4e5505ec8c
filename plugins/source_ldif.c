/* SPDX-License-Identifier: Apache-2.0
 * A source: units, people and groups of an LDIF file, read from its beginning to its end twice, for
 * units first. What an entry means is ldap_people.c's to say; nothing is remembered between runs. */
#include "ldap_people.h"
#include "ldif.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum kind { PERSON, UNIT, GROUP, KINDS };

struct source {
	struct people_rules rules;
	const char *path;
	const char *classes[KINDS]; /* separated by commas */
	const char *not_class;      /* of the preset's people; NULL: none */
};

struct reading {
	struct people people;
	const struct source *source;
	struct ldif ldif;
	char *where; /* file and line of the entry at hand */
	size_t where_room;
};

static bool class_counts(const char *classes, struct skd_text class)
{
	struct skd_text word;
	while (map_word(&classes, &word))
		if (word.size == class.size && word.size && strncasecmp(word.bytes, class.bytes, word.size) == 0)
			return true;
	return false;
}

/* Exports hold what a server hides: entries that are deleted. */
static bool says_deleted(const struct dir_attribute *attribute, struct skd_text value)
{
	return (map_text_equal(attribute->name, "objectClass") && map_text_equal(value, "nsTombstone")) ||
	       (map_text_equal(attribute->name, "isDeleted") && map_text_equal(value, "TRUE"));
}

static void entry_classify(const struct source *source, struct dir_entry *entry, bool is[KINDS])
{
	struct dir_attribute attribute;
	bool deleted = false, other = false;
	memset(is, 0, KINDS * sizeof *is);
	while (entry->next(entry, &attribute)) {
		struct skd_text value = dir_value(&attribute, 0);
		bool class = map_text_equal(attribute.name, "objectClass");
		deleted = deleted || says_deleted(&attribute, value);
		other = other || (class && source->not_class && map_text_equal(value, source->not_class));
		for (enum kind kind = 0; kind < KINDS && class; kind++)
			is[kind] = is[kind] || class_counts(source->classes[kind], value);
	}
	for (enum kind kind = 0; kind < KINDS; kind++)
		is[kind] = is[kind] && !deleted && !(other && kind == PERSON);
	entry->rewind(entry);
}

static enum skd_outcome unit_take(struct reading *reading, struct dir_entry *entry)
{
	bool is[KINDS];
	entry_classify(reading->source, entry, is);
	return is[UNIT] ? people_unit(&reading->people, entry) : SKD_OK;
}

static enum skd_outcome entry_take(struct reading *reading, struct dir_entry *entry)
{
	bool is[KINDS];
	enum skd_outcome outcome = SKD_OK;
	entry_classify(reading->source, entry, is);
	if (is[PERSON])
		outcome = people_person(&reading->people, entry);
	entry->rewind(entry);
	if (outcome == SKD_OK && is[GROUP])
		outcome = people_group(&reading->people, entry);
	return outcome;
}

static enum skd_outcome file_pass(struct reading *reading,
				  enum skd_outcome (*take)(struct reading *reading, struct dir_entry *entry))
{
	bool more = true;
	enum skd_outcome outcome = ldif_begin(&reading->ldif);
	while (outcome == SKD_OK && more) {
		struct ldif_entry entry;
		outcome = ldif_next(&reading->ldif, &more);
		if (outcome != SKD_OK || !more)
			break;
		snprintf(reading->where, reading->where_room, "%s:%zu", reading->source->path, reading->ldif.first_line);
		ldif_entry_begin(&reading->ldif, &entry);
		outcome = take(reading, &entry.entry);
	}
	return outcome;
}

static enum skd_outcome file_read(struct reading *reading)
{
	enum skd_outcome outcome = SKD_OK;
	if (reading->source->rules.unit_from == FROM_OU)
		outcome = file_pass(reading, unit_take);
	if (outcome == SKD_OK)
		outcome = people_units(&reading->people);
	if (outcome == SKD_OK)
		outcome = file_pass(reading, entry_take);
	return outcome == SKD_OK ? ldif_file_same(&reading->ldif.file) : outcome;
}

static enum skd_outcome source_read(void *self, struct skd_call *call, const struct skd_sink *sink)
{
	const struct source *source = self;
	const struct skd_host *host = source->rules.host;
	struct reading *reading = host->alloc(call, sizeof *reading);
	reading->source = source;
	reading->where_room = strlen(source->path) + 24;
	reading->where = host->alloc(call, reading->where_room);
	people_begin(&reading->people, &source->rules, call, sink);
	reading->people.origin = reading->where;
	enum skd_outcome outcome = ldif_file_open(host, call, source->path, &reading->ldif.file);
	if (outcome == SKD_OK)
		outcome = file_read(reading);
	ldif_file_close(&reading->ldif.file);
	return outcome;
}

static enum skd_outcome source_set_up(struct source *source, const struct skd_host *host, struct skd_call *call)
{
	enum skd_outcome outcome = people_rules_read(host, call, &source->rules);
	source->path = host->option(host, "file");
	source->classes[PERSON] = host->option(host, "person_class") ?: source->rules.map.classes;
	source->classes[UNIT] = host->option(host, "unit_class");
	source->not_class = host->option(host, "person_class") ? NULL : source->rules.map.not_class;
	source->classes[GROUP] = host->option(host, "group_class") ?: source->rules.map.group_classes;
	if (outcome == SKD_OK && !*source->classes[PERSON])
		return host->fail(call, SKD_FAULT, "person_class: a class is needed");
	return outcome;
}

static void source_close(void *self)
{
	free(self);
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

static enum skd_outcome source_examine(void *self, struct skd_call *call, const struct skd_notes *notes)
{
	const struct source *source = self;
	notes->section(notes, source->path);
	people_fields_tell(&source->rules, call, notes, NULL);
	return SKD_OK;
}

static const struct skd_option options[] = {
	{"file", SKD_PATH, NULL, "The LDIF file; neither it nor its folder may be writable by everybody.", true, false},
#include "ldap_account.inc"
#include "ldap_people.inc"
	{"person_class", SKD_TEXT, NULL,
	 "Object classes of people, as the entries name them, separated by commas; openldap, freeipa: inetOrgPerson, "
	 "389ds: person,organizationalPerson,inetOrgPerson, ad: user, but no computer.",
	 false, false},
	{"unit_class", SKD_TEXT, "organizationalUnit", "Object classes of unit entries.", false, false},
	{"group_class", SKD_TEXT, NULL,
	 "Object classes of groups; groupOfNames,groupOfUniqueNames,posixGroup, freeipa: ipaUserGroup, ad: group.", false, false},
	{NULL, SKD_TEXT, NULL, NULL, false, false},
};

__attribute__((visibility("default"))) const struct skd_plugin skillsd_plugin = {
	.abi = SKD_ABI,
	.kind = SKD_SOURCE,
	.name = "source_ldif",
	.options = options,
	.open = source_open,
	.close = source_close,
	.is.source = {.read = source_read, .key = source_key, .examine = source_examine},
};
