/* SPDX-License-Identifier: Apache-2.0
 * From a source's values to staging rows. Bad values are skipped with a line; never the run. */
#include "rules/stage.h"

#include <string.h>

static struct skd_text text_of(const char *string)
{
	return (struct skd_text){string, string ? strlen(string) : 0};
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
	return outcome;
}

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

static enum skd_outcome row_take(struct stage *stage, struct skd_text row[STAGE_COLUMNS],
				 const struct stage_rule *rules)
{
	bool good;
	TRY(row_check(stage, row, rules, &good));
	return good ? copy_row(stage->call, STAGE_COLUMNS, row) : SKD_OK;
}

static enum skd_outcome take_person(const struct skd_sink *sink, const struct skd_person *p)
{
	static const struct stage_rule rules[] = {
		{STAGE_ID, "the stable id", 128, true},	      {STAGE_KEY, "the DN", 8000, true},
		{STAGE_USERNAME, "the username", 256, true},  {STAGE_NAME, "the name", 1000, true},
		{STAGE_MAIL, "mail", 320},		      {STAGE_TITLE, "title", 1000},
		{STAGE_PHONE, "phone", 200},		      {STAGE_EMPLOYEE_NUMBER, "employee number", 200},
		{STAGE_LOCALE, "locale", 64},		      {STAGE_PARENT_KEY, "manager", 8000},
		{STAGE_UNIT_KEY, "unit", 8000},		      {STAGE_UNIT_NAME, "unit", 500},
		{0}};
	struct skd_text row[STAGE_COLUMNS] = {
		[STAGE_KIND] = text_of("p"), [STAGE_ID] = p->id, [STAGE_KEY] = p->key, [STAGE_USERNAME] = p->username,
		[STAGE_NAME] = p->name, [STAGE_MAIL] = p->mail, [STAGE_TITLE] = p->title, [STAGE_PHONE] = p->phone,
		[STAGE_EMPLOYEE_NUMBER] = p->employee_number, [STAGE_LOCALE] = p->locale,
		[STAGE_PARENT_KEY] = p->manager_key, [STAGE_UNIT_KEY] = p->unit_key, [STAGE_UNIT_NAME] = p->unit_name,
		[STAGE_DISABLED] = text_of(p->disabled ? "t" : "f")};
	return row_take((struct stage *)(uintptr_t)sink, row, rules);
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
	return row_take((struct stage *)(uintptr_t)sink, row, named_rules);
}

static enum skd_outcome take_group(const struct skd_sink *sink, const struct skd_group *g)
{
	struct skd_text row[STAGE_COLUMNS] = {[STAGE_KIND] = text_of("g"), [STAGE_ID] = g->id, [STAGE_KEY] = g->key,
					      [STAGE_NAME] = g->name, [STAGE_NOTE] = g->dn};
	return row_take((struct stage *)(uintptr_t)sink, row, named_rules);
}

static enum skd_outcome take_member(const struct skd_sink *sink, const struct skd_member *m)
{
	static const struct stage_rule rules[] = {{STAGE_KEY, "the group", 8000, true},
						  {STAGE_PARENT_KEY, "a member", 8000},
						  {STAGE_USERNAME, "a member", 256},
						  {0}};
	struct skd_text row[STAGE_COLUMNS] = {[STAGE_KIND] = text_of("m"), [STAGE_KEY] = m->group_key,
					      [STAGE_PARENT_KEY] = m->key, [STAGE_USERNAME] = m->username};
	return row_take((struct stage *)(uintptr_t)sink, row, rules);
}

static enum skd_outcome take_skip(const struct skd_sink *sink, struct skd_text what, const char *why)
{
	return stage_skip((struct stage *)(uintptr_t)sink, what, why);
}

void stage_sink(struct stage *stage, struct skd_call *call)
{
	*stage = (struct stage){{take_person, take_unit, take_group, take_member, take_skip}, call};
}
