/* SPDX-License-Identifier: Apache-2.0
 * Which attribute means what: presets by kind of server, overruled by options. Knows no libldap. */
#ifndef PLUGINS_LDAP_MAP_H
#define PLUGINS_LDAP_MAP_H

#include "ldap.h"

enum map_field {
	MAP_ID,
	MAP_USERNAME,
	MAP_DISABLED,
	MAP_NAME,
	MAP_MAIL,
	MAP_TITLE,
	MAP_PHONE,
	MAP_EMPLOYEE_NUMBER,
	MAP_LOCALE,
	MAP_COUNTRY,
	MAP_MANAGER,
	MAP_PRIMARY_GROUP, /* the first of those that doctor does not show */
	MAP_UNIT,
	MAP_UNIT_ID,
	MAP_GROUP_ID,
	MAP_GROUP_NAME,
	MAP_MEMBER,
	MAP_MEMBER_UID,
	MAP_GROUP_SID,
	MAP_COUNT
};

/* Sets of fields: one bit each. */
enum {
	MAP_ACCOUNT = 1 << MAP_ID | 1 << MAP_USERNAME | 1 << MAP_DISABLED,
	MAP_PERSON = (1 << (MAP_UNIT + 1)) - 1,
	MAP_OF_UNIT = 1 << MAP_UNIT_ID | 1 << MAP_UNIT,
	MAP_OF_GROUP = 1 << MAP_GROUP_ID | 1 << MAP_GROUP_NAME | 1 << MAP_MEMBER | 1 << MAP_MEMBER_UID | 1 << MAP_GROUP_SID,
	MAP_ALL = (1 << MAP_COUNT) - 1,
	MAP_NAMES_MAX = 64,
};

struct map_name {
	struct skd_text name;
	enum map_field field;
	unsigned rank; /* the lower one wins */
};

struct map {
	const char *filter;          /* for people */
	const char *group_filter;    /* the preset's */
	const char *classes;         /* the same without a server: object classes, separated by commas */
	const char *not_class;       /* of what is no person all the same, or NULL */
	const char *group_classes;
	const char *unit_from;                   /* the preset's */
	const char *people_below, *groups_below; /* where the preset has them, below the base; NULL: anywhere */
	bool numbers; /* its server numbers changes (uSNChanged) and knows no RFC 4533 */
	const char *only[MAP_COUNT]; /* the one value that counts; NULL: any */
	const char *but[MAP_COUNT];  /* a value that does not count; NULL: none */
	const char *option[MAP_COUNT];
	struct map_name names[MAP_NAMES_MAX];
	size_t count;
};

/* Reads and checks the options of `fields` (of the set MAP_ALL). A DN is no id, since it changes.
 * SKD_FAULT: they are wrong. */
enum skd_outcome map_read(const struct skd_host *host, struct skd_call *call, unsigned fields, struct map *map);

/* The base of a search: what `option` says, or else `below` the option base; the host's memory, or the call's. */
const char *map_base(const struct skd_host *host, struct skd_call *call, const char *option, const char *below);

/* The names of the attributes that `fields` need, each once, NULL-terminated, in the call's memory. */
const char *const *map_attributes(const struct map *map, const struct skd_host *host, struct skd_call *call,
				  unsigned fields);

/* Two such lists as one. */
const char *const *map_names_join(const struct skd_host *host, struct skd_call *call, const char *const *first,
				  const char *const *second);

/* The option that names the field's attributes; NULL: none, the preset does. */
const char *map_option(enum map_field field);

/* Is this attribute one of the field's? Attribute options are not looked at. */
bool map_means(const struct map *map, enum map_field field, const struct dir_attribute *attribute);

/* For each of `fields` the first value that counts, of the attribute named first in the options;
 * without attribute options (cn) before with (cn;lang-de). An objectGUID is written out. The values live as
 * long as the entry. */
void map_pick(const struct map *map, unsigned fields, struct dir_entry *entry, struct skd_text values[MAP_COUNT]);

/* Takes the next name off a list that commas separate, without the spaces around it; false at its end. */
bool map_word(const char **list, struct skd_text *word);

bool map_text_equal(struct skd_text text, const char *word);

/* ---- Active Directory's own ways (ldap_ad.c) */

/* An objectGUID as it is written everywhere: 33221100-5544-7766-8899-aabbccddeeff. Of another size it stays
 * what it is. */
struct skd_text ad_guid_text(struct skd_text value, char text[AD_GUID_TEXT]);

bool ad_number(struct skd_text value, int64_t *number);

/* By userAccountControl, by accountExpires; a value that cannot be read says so, too. */
bool ad_account_is_disabled(struct skd_text flags);
bool ad_account_has_expired(struct skd_text ticks);

/* The number by which people name their primary group: of the group's objectSid, of primaryGroupID. */
bool ad_group_number(struct skd_text sid, uint32_t *number);
bool ad_primary_number(struct skd_text value, uint32_t *number);

#endif
