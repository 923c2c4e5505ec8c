/* SPDX-License-Identifier: Apache-2.0
 * What the entries of a directory are to a registry: units, people and groups, handed to a sink. Knows
 * neither connections nor files; judges no value and remembers nothing between runs. */
#ifndef PLUGINS_LDAP_PEOPLE_H
#define PLUGINS_LDAP_PEOPLE_H

#include "ldap_map.h"

enum unit_from { FROM_OU, FROM_ATTRIBUTE, FROM_NOTHING };

/* What an instance is configured to see in an entry. */
struct people_rules {
	const struct skd_host *host;
	struct map map;
	enum unit_from unit_from;
};

struct people_unit;

/* One run. Holds the units' keys and otherwise one entry at a time. */
struct people {
	const struct people_rules *rules;
	struct skd_call *call;
	const struct skd_sink *sink;
	const char *origin;        /* where the entry at hand is from, for sentences */
	struct dir_key key, other; /* of the entry, of what it refers to */
	const char *no_id[MAP_COUNT], *no_username;
	struct people_unit *units; /* sorted by key once all are read */
	size_t unit_count, unit_room;
};

/* Reads the options of ldap_people.inc and ldap_account.inc. SKD_FAULT: they are wrong. */
enum skd_outcome people_rules_read(const struct skd_host *host, struct skd_call *call, struct people_rules *rules);

/* The fields that matter in people's entries. */
unsigned people_fields(const struct people_rules *rules);

/* For skd_source.examine: which attributes people's fields are read from, and, where `present` says so of each name
 * of the map, in how many entries each of several is. */
void people_fields_tell(const struct people_rules *rules, struct skd_call *call, const struct skd_notes *notes,
			const size_t *present);

/* Counts the attributes of a person's entry in `present`, which has MAP_NAMES_MAX places. */
void people_attributes_count(const struct people_rules *rules, struct dir_entry *entry, size_t *present);

void people_begin(struct people *people, const struct people_rules *rules, struct skd_call *call,
		  const struct skd_sink *sink);

/* Keeps a unit; once all are kept, people_units() hands them over to the sink, if there is one yet. Both
 * before any person, where units come from entries (FROM_OU). `context` is the struct people. */
enum skd_outcome people_unit(void *context, struct dir_entry *entry);
enum skd_outcome people_units(struct people *people);

enum skd_outcome people_person(void *context, struct dir_entry *entry);

/* A group and its members. SKD_FAULT: its members are not all there. */
enum skd_outcome people_group(void *context, struct dir_entry *entry);

/* skd_source.key: of a DN; NULL for what is none. */
const char *people_key(const struct skd_host *host, struct skd_call *call, const char *name);

#endif
