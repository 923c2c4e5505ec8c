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

/* A group that needs questions of its own. */
struct people_kept {
	const char *dn;
	uint32_t number; /* where it is some people's primary group */
	bool primary;
	const struct people_kept *next;
};

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
	bool keeps; /* groups that need more questions, for people_parts() */
	bool some;  /* of the people: any group may be the primary one of the others */
	const struct people_kept *kept;
	uint32_t *primaries; /* the numbers of the primary groups of those who came */
	size_t primary_count, primary_room;
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

/* A group and its members, after all people. SKD_FAULT: its members are not all there, and it is not to be
 * kept. */
enum skd_outcome people_group(void *context, struct dir_entry *entry);

/* Asks for the groups that were kept (ldap_parts.c), and gives those. `persons` is the search that gave the
 * people. SKD_BUSY, SKD_FAULT: one cannot be read whole. */
enum skd_outcome people_parts(struct people *people, struct dir_link *link, const struct dir_query *persons);

/* ---- for ldap_parts.c */
enum people_member_kind { MEMBER_DN, MEMBER_DN_UID, MEMBER_USERNAME };

/* Of an attribute that is MAP_MEMBER or MAP_MEMBER_UID. */
enum people_member_kind people_member_kind(const struct people *people, const struct dir_attribute *attribute);
enum skd_outcome people_member(struct people *people, struct skd_text group_key, enum people_member_kind kind,
			       struct skd_text value);

/* member;range=0-1499: the server keeps the rest for another question. */
bool people_comes_in_parts(struct skd_text description);

/* skd_source.key: of a DN; NULL for what is none. */
const char *people_key(const struct skd_host *host, struct skd_call *call, const char *name);

#endif
