/* SPDX-License-Identifier: Apache-2.0
 * Which attribute means what. One row a field: its option and what the presets say.
 * Knows no libldap and no people: it picks values and does not look into them. */
#include "ldap_map.h"

#include <string.h>
#include <strings.h>

enum preset { OPENLDAP, DS389, FREEIPA, AD, PRESETS };

static const char unix_groups[] = "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))";
static const char unix_classes[] = "groupOfNames,groupOfUniqueNames,posixGroup";

static const char *const preset_words[] = {"openldap", "389ds", "freeipa", "ad", NULL};

/* What a preset says beside attributes. */
static const struct {
	const char *filter, *classes, *not_class, *group_filter, *group_classes;
	const char *disabled; /* the value, NULL: any that counts */
	const char *unit_from;
	const char *people_below, *groups_below; /* of the base; NULL: anywhere */
	bool numbers;
} kinds[PRESETS] = {
	[OPENLDAP] = {"(objectClass=inetOrgPerson)", "inetOrgPerson", NULL, unix_groups, unix_classes, "000001010000Z", "ou"},
	[DS389] = {"(objectClass=person)", "person,organizationalPerson,inetOrgPerson", NULL, unix_groups, unix_classes,
		   "true", "ou"},
	/* Each person has a private group besides, which is no ipaUserGroup. */
	[FREEIPA] = {"(objectClass=inetOrgPerson)", "inetOrgPerson", NULL, "(objectClass=ipaUserGroup)", "ipaUserGroup",
		     "true", "attribute", "cn=users,cn=accounts", "cn=groups,cn=accounts"},
	[AD] = {"(&(objectCategory=person)(objectClass=user))", "user", "computer", "(objectClass=group)", "group", NULL,
		"ou", .numbers = true},
};

/* Neither: what `id` says. */
static const struct {
	const char *option; /* NULL: the presets alone say it */
	const char *usual;
	const char *presets[PRESETS]; /* where they say otherwise */
} rows[MAP_COUNT] = {
	[MAP_ID] = {"id", "entryUUID", {[DS389] = "nsUniqueId", [FREEIPA] = "ipaUniqueID", [AD] = "objectGUID"}},
	[MAP_USERNAME] = {"username", "uid", {[AD] = "sAMAccountName,userPrincipalName"}},
	[MAP_DISABLED] = {"disabled", "pwdAccountLockedTime",
			  {[DS389] = "nsAccountLock", [FREEIPA] = "nsAccountLock", [AD] = "userAccountControl,accountExpires"}},
	[MAP_NAME] = {"name", "displayName,cn"},
	[MAP_MAIL] = {"mail", "mail"},
	[MAP_TITLE] = {"title", "title"},
	[MAP_PHONE] = {"phone", "telephoneNumber"},
	[MAP_EMPLOYEE_NUMBER] = {"employee_number", "employeeNumber", {[AD] = "employeeID,employeeNumber"}},
	[MAP_LOCALE] = {"locale", "preferredLanguage"},
	[MAP_COUNTRY] = {"country", "c,co"},
	[MAP_MANAGER] = {"manager", "manager"},
	[MAP_PRIMARY_GROUP] = {NULL, "", {[AD] = "primaryGroupID"}},
	[MAP_UNIT] = {"unit_attribute", "ou", {[AD] = "department,ou"}},
	[MAP_UNIT_ID] = {"unit_id", NULL},
	[MAP_GROUP_ID] = {"group_id", NULL},
	[MAP_GROUP_NAME] = {"group_name", "cn"},
	[MAP_MEMBER] = {"group_member", "member,uniqueMember", {[AD] = "member"}},
	[MAP_MEMBER_UID] = {"group_member_uid", "memberUid", {[AD] = ""}},
	[MAP_GROUP_SID] = {NULL, "", {[AD] = "objectSid"}},
};

const char *map_option(enum map_field field)
{
	return rows[field].option;
}

static bool name_is_valid(struct skd_text name)
{
	for (size_t i = 0; i < name.size; i++) {
		char c = name.bytes[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '.')
			return false;
	}
	return name.size > 0;
}

static struct skd_text text_trim(struct skd_text text)
{
	while (text.size && *text.bytes == ' ') {
		text.bytes++;
		text.size--;
	}
	while (text.size && text.bytes[text.size - 1] == ' ')
		text.size--;
	return text;
}

bool map_word(const char **list, struct skd_text *word)
{
	size_t size = strcspn(*list, ",");
	if (!**list)
		return false;
	*word = text_trim((struct skd_text){*list, size});
	*list += size + ((*list)[size] == ',');
	return true;
}

static bool field_is_id(enum map_field field)
{
	return field == MAP_ID || field == MAP_UNIT_ID || field == MAP_GROUP_ID;
}

static bool name_is_dn(struct skd_text name)
{
	return map_text_equal(name, "dn") || map_text_equal(name, "entryDN") || map_text_equal(name, "distinguishedName");
}

static enum skd_outcome names_read(const struct skd_host *host, struct skd_call *call, enum map_field field,
				   const char *list, struct map *map)
{
	struct skd_text name;
	for (unsigned rank = 0; map_word(&list, &name); rank++) {
		if (!name_is_valid(name))
			return host->fail(call, SKD_FAULT, "%s: \"%.*s\" is no name of an attribute", rows[field].option,
					  (int)name.size, name.bytes);
		if (field_is_id(field) && name_is_dn(name))
			return host->fail(call, SKD_FAULT,
					  "%s: a DN changes, so it says nobody's identity; name an attribute that never changes",
					  rows[field].option);
		if (map->count == MAP_NAMES_MAX)
			return host->fail(call, SKD_FAULT, "%s: too many attributes", rows[field].option);
		map->names[map->count++] = (struct map_name){name, field, rank};
	}
	return SKD_OK;
}

static enum skd_outcome required_check(const struct skd_host *host, struct skd_call *call, const struct map *map)
{
	bool id = false, username = false;
	for (size_t i = 0; i < map->count; i++) {
		id = id || map->names[i].field == MAP_ID;
		username = username || map->names[i].field == MAP_USERNAME;
	}
	if (!id || !username)
		return host->fail(call, SKD_FAULT, "%s: an attribute is needed", id ? "username" : "id");
	/* It stands beside others in a filter. */
	size_t size = strlen(map->filter);
	if (size < 3 || map->filter[0] != '(' || map->filter[size - 1] != ')')
		return host->fail(call, SKD_FAULT, "filter: \"%s\" must stand in parentheses", map->filter);
	return SKD_OK;
}

enum skd_outcome map_read(const struct skd_host *host, struct skd_call *call, unsigned fields, struct map *map)
{
	int preset;
	enum skd_outcome outcome = dir_option_word(host, call, "preset", preset_words, &preset);
	if (outcome != SKD_OK)
		return outcome;
	*map = (struct map){
		.filter = host->option(host, "filter") ?: kinds[preset].filter,
		.group_filter = kinds[preset].group_filter,
		.classes = kinds[preset].classes,
		.not_class = kinds[preset].not_class,
		.group_classes = kinds[preset].group_classes,
		.unit_from = kinds[preset].unit_from,
		.people_below = kinds[preset].people_below,
		.groups_below = kinds[preset].groups_below,
		.numbers = kinds[preset].numbers,
	};
	for (enum map_field field = 0; field < MAP_COUNT && outcome == SKD_OK; field++) {
		if (!(fields & 1u << field))
			continue;
		const char *list = rows[field].option ? host->option(host, rows[field].option) : NULL;
		if (field == MAP_DISABLED)
			map->only[field] = list ? NULL : kinds[preset].disabled;
		map->option[field] = list ?: rows[field].presets[preset] ?: rows[field].usual ?: map->option[MAP_ID];
		outcome = names_read(host, call, field, map->option[field], map);
	}
	const char *value = host->option(host, "disabled_value");
	if (value)
		map->only[MAP_DISABLED] = *value ? value : NULL;
	return outcome == SKD_OK ? required_check(host, call, map) : outcome;
}

static bool name_is(struct skd_text a, struct skd_text b)
{
	return a.size == b.size && strncasecmp(a.bytes, b.bytes, a.size) == 0;
}

bool map_text_equal(struct skd_text text, const char *word)
{
	return name_is(text, (struct skd_text){word, strlen(word)});
}

const char *const *map_attributes(const struct map *map, const struct skd_host *host, struct skd_call *call,
				  unsigned fields)
{
	const char **list = host->alloc(call, (map->count + 1) * sizeof *list);
	size_t count = 0;
	for (size_t i = 0; i < map->count; i++) {
		struct skd_text name = map->names[i].name;
		bool wanted = fields & 1u << map->names[i].field;
		for (size_t k = 0; k < count && wanted; k++)
			wanted = !map_text_equal(name, list[k]);
		if (wanted)
			list[count++] = memcpy(host->alloc(call, name.size + 1), name.bytes, name.size);
	}
	return list;
}

const char *const *map_names_join(const struct skd_host *host, struct skd_call *call, const char *const *first,
				  const char *const *second)
{
	size_t count = 0, added = 0;
	while (first[count])
		count++;
	while (second[added])
		added++;
	const char **list = host->alloc(call, (count + added + 1) * sizeof *list);
	memcpy(list, first, count * sizeof *list);
	memcpy(list + count, second, added * sizeof *list);
	return list;
}

bool map_means(const struct map *map, enum map_field field, const struct dir_attribute *attribute)
{
	for (size_t i = 0; i < map->count; i++)
		if (map->names[i].field == field && name_is(map->names[i].name, attribute->name))
			return true;
	return false;
}

static bool value_counts(const struct map *map, enum map_field field, struct skd_text name, struct skd_text value)
{
	if (map->only[field])
		return map_text_equal(value, map->only[field]);
	if (map->but[field] && map_text_equal(value, map->but[field]))
		return false;
	if (field == MAP_DISABLED && map_text_equal(name, "userAccountControl"))
		return ad_account_is_disabled(value);
	return field != MAP_DISABLED || !map_text_equal(name, "accountExpires") || ad_account_has_expired(value);
}

static struct skd_text value_choose(const struct map *map, enum map_field field,
				    const struct dir_attribute *attribute)
{
	for (size_t i = 0; i < attribute->count; i++) {
		struct skd_text value = dir_value(attribute, i);
		if (value.size && value_counts(map, field, attribute->name, value))
			return value;
	}
	return (struct skd_text){NULL, 0};
}

void map_pick(const struct map *map, unsigned fields, struct dir_entry *entry, struct skd_text values[MAP_COUNT])
{
	struct dir_attribute attribute;
	unsigned best[MAP_COUNT];
	memset(best, 0xff, sizeof best);
	memset(values, 0, MAP_COUNT * sizeof *values);
	while (entry->next(entry, &attribute)) {
		for (size_t i = 0; i < map->count; i++) {
			const struct map_name *name = &map->names[i];
			unsigned rank = name->rank * 2 + (attribute.description.size > attribute.name.size);
			if (!(fields & 1u << name->field) || !name_is(name->name, attribute.name) || rank >= best[name->field])
				continue;
			struct skd_text value = value_choose(map, name->field, &attribute);
			if (value.size) {
				bool guid = map_text_equal(attribute.name, "objectGUID");
				values[name->field] = guid ? ad_guid_text(value, entry->guid) : value;
				best[name->field] = rank;
			}
		}
	}
}

const char *map_base(const struct skd_host *host, struct skd_call *call, const char *option, const char *below)
{
	const char *base = host->option(host, "base"), *given = host->option(host, option);
	if (given || !below)
		return given ?: base;
	char *dn = host->alloc(call, strlen(below) + strlen(base) + 2);
	stpcpy(stpcpy(stpcpy(dn, below), ","), base);
	return dn;
}
