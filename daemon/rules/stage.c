/* SPDX-License-Identifier: Apache-2.0
 * From a source's values to staging rows. Bad values are skipped with a line; never the run. */
#include "rules/stage.h"

#include <string.h>

/* Part of every digest: with another one all entries are read anew. */
static const char STAGE_FORM[] = "1";

static struct skd_text text_of(const char *string)
{
	return (struct skd_text){string, string ? strlen(string) : 0};
}

static struct stage *stage_of(const struct skd_sink *sink)
{
	return (struct stage *)(uintptr_t)sink;
}

static enum skd_outcome stage_skip(struct stage *stage, struct skd_text what, const char *why)
{
	struct skd_text row[STAGE_COLUMNS] = {[STAGE_KIND] = text_of("s"), [STAGE_NOTE] = text_of(why)};
	struct text shown;
	text_begin(&shown, stage->call, 128);
	text_add_escaped(&shown, what.bytes ? what.bytes : "", what.size > 300 ? 300 : what.size);
	row[STAGE_KEY] = (struct skd_text){shown.bytes, shown.size};
	enum skd_outcome outcome = copy_row(stage->call, STAGE_COLUMNS, row);
	talloc_free(shown.bytes);
	stage->counts.skips++;
	return outcome;
}

/* ---- is it the same as last time? ---- */

static void values_add(struct text *values, struct skd_text value)
{
	uint32_t size = value.bytes ? (uint32_t)value.size : UINT32_MAX;
	text_add(values, (const char *)&size, sizeof size);
	if (value.bytes)
		text_add(values, value.bytes, value.size);
}

/* The next value of a list that values_add() made. */
static struct skd_text value_next(const char **at)
{
	uint32_t size;
	memcpy(&size, *at, sizeof size);
	*at += sizeof size;
	if (size == UINT32_MAX)
		return (struct skd_text){NULL, 0};
	struct skd_text value = {*at, size};
	*at += size;
	return value;
}

/* Whether an entry of just these values was there; its digest. */
static bool is_known(struct stage *stage, const struct text *values, char digest[UUID_SIZE])
{
	uint8_t bytes[KNOWN_SIZE];
	hasher_digest(stage->hasher, values->bytes, values->size, bytes);
	uuid_format(bytes, digest);
	return known_see(&stage->known, bytes);
}

static bool row_known(struct stage *stage, const struct skd_text row[STAGE_COLUMNS], char digest[UUID_SIZE])
{
	stage->values.size = 0;
	values_add(&stage->values, text_of(STAGE_FORM));
	for (enum stage_column i = 0; i < STAGE_DIGEST; i++)
		values_add(&stage->values, row[i]);
	return is_known(stage, &stage->values, digest);
}

/* ---- is it any good? ---- */

/* Why a value cannot be taken; NULL when it can. */
static const char *fault_of(const struct skd_text *value, size_t most)
{
	if (memchr(value->bytes, '\0', value->size))
		return "holds a NUL byte";
	if (!utf8_valid(value->bytes, value->size))
		return "is not UTF-8";
	return value->size > most ? "is too long" : NULL;
}

static void value_trim(struct skd_text *value)
{
	while (value->size && *value->bytes == ' ') {
		value->bytes++;
		value->size--;
	}
	while (value->size && value->bytes[value->size - 1] == ' ')
		value->size--;
	if (!value->size)
		value->bytes = NULL;
}

static bool is_country(struct skd_text value)
{
	bool letters = value.size == 2;
	for (size_t i = 0; i < value.size && letters; i++)
		letters = (value.bytes[i] | 32) >= 'a' && (value.bytes[i] | 32) <= 'z';
	return letters;
}

struct stage_rule {
	enum stage_column column;
	const char *name;
	size_t most; /* bytes */
	bool needed; /* without it the whole entry is left out */
};

/* Checks a row against its rules; false: the entry is left out, with a line. */
static enum skd_outcome row_check(struct stage *stage, struct skd_text row[STAGE_COLUMNS],
				  const struct stage_rule *rules, bool *good)
{
	*good = true;
	for (; rules->name && *good; rules++) {
		struct skd_text *value = &row[rules->column];
		const char *fault = NULL;
		if (value->bytes) {
			value_trim(value);
			fault = value->bytes ? fault_of(value, rules->most) : NULL;
			if (!fault && value->bytes && rules->column == STAGE_COUNTRY && !is_country(*value))
				fault = "is not in the two letters of ISO 3166";
		}
		if (!fault && !value->bytes && rules->needed)
			fault = "is missing";
		if (!fault)
			continue;
		*good = !rules->needed;
		TRY(stage_skip(stage, row[STAGE_KEY], talloc_asprintf(stage->call, "%s %s", rules->name, fault)));
		*value = (struct skd_text){NULL, 0};
	}
	return SKD_OK;
}

/* What had a fault is read anew each time, so that each run says so. */
static enum skd_outcome row_stage(struct stage *stage, struct skd_text row[STAGE_COLUMNS],
				  const struct stage_rule *rules, const char *digest, bool *good)
{
	int64_t skips = stage->counts.skips;
	char id[UUID_SIZE];
	TRY(row_check(stage, row, rules, good));
	stage->counts.left_out += !*good;
	if (!*good)
		return SKD_OK;
	uuid_new(id);
	row[STAGE_NEW_ID] = text_of(id);
	if (stage->counts.skips == skips)
		row[STAGE_DIGEST] = text_of(digest);
	names_add(&stage->ids, row[STAGE_ID].bytes, row[STAGE_ID].size);
	if (*row[STAGE_KIND].bytes == 'p')
		names_add(&stage->keys, row[STAGE_KEY].bytes, row[STAGE_KEY].size);
	return copy_row(stage->call, STAGE_COLUMNS, row);
}

static enum skd_outcome row_take(struct stage *stage, struct skd_text row[STAGE_COLUMNS],
				 const struct stage_rule *rules, int64_t *staged)
{
	char digest[UUID_SIZE];
	bool good;
	if (row_known(stage, row, digest))
		return SKD_OK;
	TRY(row_stage(stage, row, rules, digest, &good));
	*staged += good;
	return SKD_OK;
}

static enum skd_outcome take_person(const struct skd_sink *sink, const struct skd_person *p)
{
	static const struct stage_rule rules[] = {
		{STAGE_ID, "the stable id", 128, true},	      {STAGE_KEY, "the DN", 8000, true},
		{STAGE_USERNAME, "the username", 256, true},  {STAGE_NAME, "the name", 1000, true},
		{STAGE_MAIL, "mail", 320},		      {STAGE_TITLE, "title", 1000},
		{STAGE_PHONE, "phone", 200},		      {STAGE_EMPLOYEE_NUMBER, "employee number", 200},
		{STAGE_LOCALE, "locale", 64},		      {STAGE_COUNTRY, "country", 200},
		{STAGE_PARENT_KEY, "manager", 8000},
		{STAGE_UNIT_KEY, "unit", 8000},		      {STAGE_UNIT_NAME, "unit", 500},
		{0}};
	struct skd_text row[STAGE_COLUMNS] = {
		[STAGE_KIND] = text_of("p"), [STAGE_ID] = p->id, [STAGE_KEY] = p->key, [STAGE_USERNAME] = p->username,
		[STAGE_NAME] = p->name, [STAGE_MAIL] = p->mail, [STAGE_TITLE] = p->title, [STAGE_PHONE] = p->phone,
		[STAGE_EMPLOYEE_NUMBER] = p->employee_number, [STAGE_LOCALE] = p->locale, [STAGE_COUNTRY] = p->country,
		[STAGE_PARENT_KEY] = p->manager_key, [STAGE_UNIT_KEY] = p->unit_key, [STAGE_UNIT_NAME] = p->unit_name,
		[STAGE_DISABLED] = text_of(p->disabled ? "t" : "f")};
	struct stage *stage = stage_of(sink);
	if (!p->unit_key.bytes && p->unit_name.bytes)
		stage->counts.unit_names++;
	return row_take(stage, row, rules, &stage->counts.people);
}

static const struct stage_rule named_rules[] = {{STAGE_ID, "the stable id", 128, true},
						{STAGE_KEY, "the DN", 8000, true},
						{STAGE_NAME, "the name", 500, true},
						{STAGE_PARENT_KEY, "the unit above", 8000},
						{STAGE_NOTE, "the DN", 8000},
						{0}};

static enum skd_outcome take_unit(const struct skd_sink *sink, const struct skd_unit *u)
{
	struct skd_text row[STAGE_COLUMNS] = {[STAGE_KIND] = text_of("u"), [STAGE_ID] = u->id, [STAGE_KEY] = u->key,
					      [STAGE_NAME] = u->name, [STAGE_PARENT_KEY] = u->parent_key};
	struct stage *stage = stage_of(sink);
	return row_take(stage, row, named_rules, &stage->counts.units);
}

/* ---- groups: known or not only once all their members are there ---- */

static enum skd_outcome member_stage(struct stage *stage, struct skd_text group_id, struct skd_text group_key,
				     struct skd_text key, struct skd_text username)
{
	static const struct stage_rule rules[] = {{STAGE_PARENT_KEY, "a member", 8000},
						  {STAGE_USERNAME, "a member", 256},
						  {0}};
	struct skd_text row[STAGE_COLUMNS] = {[STAGE_KIND] = text_of("m"), [STAGE_ID] = group_id, [STAGE_KEY] = group_key,
					      [STAGE_PARENT_KEY] = key, [STAGE_USERNAME] = username};
	bool good;
	TRY(row_check(stage, row, rules, &good));
	if (!row[STAGE_PARENT_KEY].bytes && !row[STAGE_USERNAME].bytes)
		return SKD_OK;
	stage->counts.members++;
	return copy_row(stage->call, STAGE_COLUMNS, row);
}

/* What stands of a group before its members, behind the form. */
static const enum stage_column group_columns[] = {STAGE_KEY, STAGE_ID, STAGE_NAME, STAGE_NOTE};

/* Members first: a fault among them is the group's. */
static enum skd_outcome group_stage(struct stage *stage, const char *digest)
{
	const char *at = stage->group.bytes, *end = at + stage->group.size;
	struct skd_text row[STAGE_COLUMNS] = {[STAGE_KIND] = text_of("g")};
	int64_t skips = stage->counts.skips;
	bool good;
	value_next(&at);
	for (size_t i = 0; i < sizeof group_columns / sizeof *group_columns; i++)
		row[group_columns[i]] = value_next(&at);
	TRY(row_check(stage, row, named_rules, &good));
	while (good && at < end) {
		struct skd_text key = value_next(&at), username = value_next(&at);
		TRY(member_stage(stage, row[STAGE_ID], row[STAGE_KEY], key, username));
	}
	stage->counts.left_out += !good;
	if (!good)
		return SKD_OK;
	stage->counts.groups++;
	return row_stage(stage, row, named_rules, stage->counts.skips == skips ? digest : NULL, &good);
}

static enum skd_outcome group_end(struct stage *stage)
{
	char digest[UUID_SIZE];
	enum skd_outcome outcome = SKD_OK;
	if (stage->group.size && !is_known(stage, &stage->group, digest))
		outcome = group_stage(stage, digest);
	stage->group.size = 0;
	return outcome;
}

static enum skd_outcome take_group(const struct skd_sink *sink, const struct skd_group *g)
{
	struct stage *stage = stage_of(sink);
	TRY(group_end(stage));
	values_add(&stage->group, text_of(STAGE_FORM));
	values_add(&stage->group, g->key);
	values_add(&stage->group, g->id);
	values_add(&stage->group, g->name);
	values_add(&stage->group, g->dn);
	return SKD_OK;
}

static bool is_of_group(const struct stage *stage, struct skd_text key)
{
	const char *at = stage->group.bytes;
	if (!stage->group.size)
		return false;
	value_next(&at);
	struct skd_text held = value_next(&at);
	return held.size == key.size && (!key.size || memcmp(held.bytes, key.bytes, key.size) == 0);
}

static enum skd_outcome take_member(const struct skd_sink *sink, const struct skd_member *m)
{
	struct stage *stage = stage_of(sink);
	if (!is_of_group(stage, m->group_key))
		return fail(stage->call, SKD_FAULT, "the source gave a member that is not of the group before it");
	values_add(&stage->group, m->key);
	values_add(&stage->group, m->username);
	return SKD_OK;
}

static enum skd_outcome take_skip(const struct skd_sink *sink, struct skd_text what, const char *why)
{
	return stage_skip(stage_of(sink), what, why);
}

/* ---- open and end ---- */

static void stage_begin(struct stage *stage, struct skd_call *call)
{
	*stage = (struct stage){.sink = {take_person, take_unit, take_group, take_member, take_skip, NULL}, .call = call};
	stage->hasher = hasher_new(call);
	text_begin(&stage->values, call, 1024);
	text_begin(&stage->group, call, 4096);
	text_begin(&stage->ids, call, 64);
	text_begin(&stage->keys, call, 64);
}

enum skd_outcome stage_open(struct stage *stage, struct skd_call *call, const char *source)
{
	const uint8_t *digests;
	stage_begin(stage, call);
	TRY(store_stage_known(call, source, &digests, &stage->counts));
	known_open(&stage->known, call, digests, (size_t)stage->counts.known);
	return store_stage_begin(call, false, false);
}

enum skd_outcome stage_open_feed(struct stage *stage, struct skd_call *call, int64_t active, bool again)
{
	stage_begin(stage, call);
	known_open(&stage->known, call, NULL, 0);
	stage->counts.active = active;
	stage->counts.known = 1; /* a feed follows a whole reading, even if that showed nobody */
	return store_stage_begin(call, true, again);
}

enum skd_outcome stage_ready(struct skd_call *call)
{
	return store_stage_empty(call);
}

enum skd_outcome stage_end(struct stage *stage)
{
	size_t at = 0;
	const uint8_t *digest;
	TRY(group_end(stage));
	TRY(copy_end(stage->call, true));
	stage->counts.id_twins = names_twice(&stage->ids);
	stage->counts.key_twins = names_twice(&stage->keys);
	if (!known_unseen(&stage->known, &at))
		return SKD_OK;
	TRY(store_stage_unseen_begin(stage->call));
	for (at = 0; (digest = known_unseen(&stage->known, &at)); stage->counts.unseen++) {
		char id[UUID_SIZE];
		uuid_format(digest, id);
		TRY(copy_row(stage->call, 1, &(struct skd_text){id, UUID_SIZE - 1}));
	}
	return copy_end(stage->call, true);
}

enum skd_outcome stage_stands(const struct stage *stage, struct skd_call *call, const char *source)
{
	struct stage_counts now = {0};
	const struct known *then = &stage->known;
	const uint8_t *digests;
	TRY(store_stage_known(call, source, &digests, &now));
	bool stands = now.active == stage->counts.active && (size_t)now.known == then->count &&
		      memcmp(digests, then->digests, then->count * KNOWN_SIZE) == 0;
	return stands ? SKD_OK : fail(call, SKD_STALE, "runs of %s end while it is read", source);
}

void stage_drop(struct stage *stage)
{
	enum skd_outcome ended = copy_end(stage->call, false);
	(void)ended; /* the read's failure is what counts */
}
