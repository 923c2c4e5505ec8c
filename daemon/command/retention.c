/* SPDX-License-Identifier: Apache-2.0
 * The sections [retention NAME]: how long, for whom, and whether somebody is asked. */
#include "command/settings.h"

#include "base/text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* As ISO 8601: what is one already, years and months in short, or a duration as everywhere. NULL when it is none,
 * or beyond a hundred years. */
static const char *keep_parse(void *owner, const char *value)
{
	char *end;
	int64_t sum, century;
	long number = isdigit((unsigned char)*value) ? strtol(value, &end, 10) : -1, ms = duration_parse(value);
	const char *period = value;
	if (number >= 0 && number <= 1200 && (strcmp(end, "y") == 0 || strcmp(end, "mo") == 0))
		period = talloc_asprintf(owner, "P%ld%c", number, *end == 'y' ? 'Y' : 'M');
	else if (ms >= 0)
		return talloc_asprintf(owner, "PT%ld.%03ldS", ms / 1000, ms % 1000);
	if (!time_add_period(0, period, &sum) || !time_add_period(0, "P100Y", &century) || sum > century)
		return NULL;
	return period;
}

static const char *const *texts_of(struct settings *s, const struct section *at, const char *key, size_t *count)
{
	const char **texts = NULL, *value;
	for (*count = 0; (value = section_at(at, key, *count)); ++*count) {
		texts = talloc_realloc(s, texts, const char *, *count + 1);
		texts[*count] = value;
	}
	return texts;
}

static void rule_check(struct section *at, const struct retention_rule *rule)
{
	const char *erase = section_text(at, "erase");
	for (size_t i = 0; i < rule->group_count; i++)
		if (!strchr(rule->groups[i], '='))
			section_complain(at, section_line(at, "group", i), "group is a DN, not %s", rule->groups[i]);
	for (size_t i = 0; i < rule->country_count; i++)
		if (strspn(rule->countries[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 2 || strlen(rule->countries[i]) != 2)
			section_complain(at, section_line(at, "country", i),
					 "country is two capital letters, as in ISO 3166, not %s", rule->countries[i]);
	if (section_text(at, "keep") && !rule->keep)
		section_complain(at, section_line(at, "keep", 0),
				 "keep is a period of at most a hundred years, such as P3Y, 3y, 18mo or 90d, not %s",
				 section_text(at, "keep"));
	if (strcmp(erase, "ask") != 0 && strcmp(erase, "automatic") != 0)
		section_complain(at, section_line(at, "erase", 0), "erase is ask or automatic, not %s", erase);
}

void retention_read(struct settings *s, struct house *house)
{
	const struct option_table *table = option_tables;
	struct retention_rule *rules = NULL;
	while (strcmp(table->section, "retention") != 0)
		table++;
	for (struct section *at = conf_next(s->conf, "retention", NULL); at; at = conf_next(s->conf, "retention", at)) {
		section_check(at, table->options, NULL);
		rules = talloc_realloc(s, rules, struct retention_rule, house->retention_count + 1);
		struct retention_rule *rule = &rules[house->retention_count++];
		*rule = (struct retention_rule){.name = at->name, .automatic = strcmp(section_text(at, "erase"), "automatic") == 0};
		rule->keep = section_text(at, "keep") ? keep_parse(s, section_text(at, "keep")) : NULL;
		rule->groups = texts_of(s, at, "group", &rule->group_count);
		rule->countries = texts_of(s, at, "country", &rule->country_count);
		rule->directory = rule->group_count ? role_directory(s, at) : NULL;
		rule_check(at, rule);
	}
	house->retention = rules;
}
