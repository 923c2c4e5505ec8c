/* SPDX-License-Identifier: Apache-2.0
 * Counting what a source reads. Judges nothing. */
#include "rules/census.h"

#include <stdlib.h>
#include <string.h>

static struct census *census_of(const struct skd_sink *sink)
{
	return (struct census *)(uintptr_t)sink;
}

/* ---- keeping ---- */

static struct span keep(struct census *census, struct skd_text text)
{
	struct span span = {census->words.size, text.bytes ? text.size : 0};
	if (span.size)
		text_add(&census->words, text.bytes, text.size);
	return span;
}

/* Room for one more, whatever the list is of. */
static void *list_grow(struct census *census, void *list, size_t count, size_t size)
{
	enum { FIRST = 64 };
	if (count && (count < FIRST || count & (count - 1)))
		return list;
	return talloc_realloc_size(census->call, list, (count < FIRST ? FIRST : count * 2) * size);
}

static const char *shown(struct census *census, struct skd_text text)
{
	enum { MOST = 80 };
	struct text out;
	text_begin(&out, census->call, 128);
	text_add_escaped(&out, text.bytes ? text.bytes : "", text.size > MOST ? MOST : text.size);
	if (text.size > MOST)
		text_adds(&out, "...");
	return text_end(&out);
}

static void tally_add(struct census *census, struct census_tally *tally, struct skd_text text)
{
	tally->count++;
	for (int i = 0; i < CENSUS_SAMPLES; i++) {
		const char *sample = tally->samples[i];
		if (sample && strlen(sample) == text.size && memcmp(sample, text.bytes, text.size) == 0)
			return;
		if (!sample) {
			tally->samples[i] = shown(census, text);
			return;
		}
	}
}

/* ---- the sink ---- */

static enum skd_outcome take_person(const struct skd_sink *sink, const struct skd_person *p)
{
	struct census *census = census_of(sink);
	const struct skd_text values[CENSUS_FIELDS] = {
		p->id, p->username, p->name, p->mail, p->title, p->phone, p->employee_number, p->locale, p->country,
		p->manager_key,		p->unit_key.bytes ? p->unit_key : p->unit_name,
		p->disabled ? (struct skd_text){p->username.bytes, p->username.size} : (struct skd_text){NULL, 0}};
	for (int i = 0; i < CENSUS_FIELDS; i++)
		if (values[i].bytes && values[i].size)
			tally_add(census, &census->fields[i], values[i]);
	census->people = list_grow(census, census->people, census->person_count, sizeof *census->people);
	census->people[census->person_count++] = (struct census_person){
		keep(census, p->key), keep(census, p->username), keep(census, p->manager_key)};
	return SKD_OK;
}

static enum skd_outcome take_unit(const struct skd_sink *sink, const struct skd_unit *unit)
{
	(void)unit;
	census_of(sink)->unit_count++;
	return SKD_OK;
}

static enum skd_outcome take_group(const struct skd_sink *sink, const struct skd_group *g)
{
	struct census *census = census_of(sink);
	census->groups = list_grow(census, census->groups, census->group_count, sizeof *census->groups);
	census->groups[census->group_count++] = (struct census_group){keep(census, g->key), keep(census, g->name),
								      census->member_count, 0};
	return SKD_OK;
}

static enum skd_outcome take_member(const struct skd_sink *sink, const struct skd_member *m)
{
	struct census *census = census_of(sink);
	if (!census->group_count)
		return fail(census->call, SKD_FAULT, "the source gave a member before its group");
	bool by_name = !m->key.bytes;
	census->members = list_grow(census, census->members, census->member_count, sizeof *census->members);
	census->members[census->member_count++] = (struct census_member){keep(census, by_name ? m->username : m->key), by_name};
	census->groups[census->group_count - 1].count++;
	return SKD_OK;
}

static enum skd_outcome take_skip(const struct skd_sink *sink, struct skd_text what, const char *why)
{
	struct census *census = census_of(sink);
	size_t i = 0;
	while (i < census->skip_count && strcmp(census->skips[i].name, why) != 0)
		i++;
	if (i == census->skip_count) {
		census->skips = list_grow(census, census->skips, i, sizeof *census->skips);
		census->skips[census->skip_count++] = (struct census_tally){.name = talloc_strdup(census->call, why)};
	}
	tally_add(census, &census->skips[i], what);
	return SKD_OK;
}

void census_begin(struct census *census, struct skd_call *call)
{
	static const char *const names[CENSUS_FIELDS] = {"id", "username", "name", "mail", "title", "phone",
							 "employee_number", "locale", "country", "manager", "unit", "disabled"};
	*census = (struct census){.sink = {take_person, take_unit, take_group, take_member, take_skip, NULL}, .call = call};
	text_begin(&census->words, call, 65536);
	for (int i = 0; i < CENSUS_FIELDS; i++)
		census->fields[i].name = names[i];
}

/* ---- finding ---- */

static int span_compare(const struct census *census, struct span a, struct span b)
{
	int order = memcmp(census->words.bytes + a.at, census->words.bytes + b.at, a.size < b.size ? a.size : b.size);
	return order ? order : (a.size > b.size) - (a.size < b.size);
}

static struct span person_key(const struct census *census, size_t i)
{
	return census->people[i].key;
}

static struct span person_username(const struct census *census, size_t i)
{
	return census->people[i].username;
}

static struct span group_key(const struct census *census, size_t i)
{
	return census->groups[i].key;
}

struct order {
	const struct census *census;
	struct span (*of)(const struct census *census, size_t i);
};

static int index_compare(const void *a, const void *b, void *context)
{
	const struct order *order = context;
	return span_compare(order->census, order->of(order->census, *(const size_t *)a),
			    order->of(order->census, *(const size_t *)b));
}

static size_t *index_make(struct census *census, size_t count, struct span (*of)(const struct census *, size_t))
{
	size_t *list = talloc_array(census->call, size_t, count + 1);
	struct order order = {census, of};
	for (size_t i = 0; i < count; i++)
		list[i] = i;
	qsort_r(list, count, sizeof *list, index_compare, &order);
	return list;
}

/* How many have it; the place of the first one in the index. */
static size_t index_find(const struct census *census, const size_t *list, size_t count,
			 struct span (*of)(const struct census *, size_t), struct span wanted, size_t *place)
{
	size_t low = 0, high = count, found = 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (span_compare(census, of(census, list[middle]), wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*place = low;
	while (wanted.size && low + found < count && span_compare(census, of(census, list[low + found]), wanted) == 0)
		found++;
	return found;
}

void census_end(struct census *census)
{
	census->by_key = index_make(census, census->person_count, person_key);
	census->by_username = index_make(census, census->person_count, person_username);
	census->groups_by_key = index_make(census, census->group_count, group_key);
}

int64_t census_lost_managers(const struct census *census)
{
	int64_t lost = 0;
	size_t place;
	for (size_t i = 0; i < census->person_count; i++) {
		struct span manager = census->people[i].manager;
		lost += manager.size && !index_find(census, census->by_key, census->person_count, person_key, manager, &place);
	}
	return lost;
}

static bool span_is(const struct census *census, struct span span, const char *string, bool any_case)
{
	const char *bytes = census->words.bytes + span.at;
	return span.size == strlen(string) &&
	       (any_case ? strncasecmp(bytes, string, span.size) : memcmp(bytes, string, span.size)) == 0;
}

size_t census_find_group(const struct census *census, const char *key, const char *name, size_t *index)
{
	size_t found = 0;
	for (size_t i = 0; i < census->group_count; i++) {
		const struct census_group *group = &census->groups[i];
		if (key ? span_is(census, group->key, key, false) : span_is(census, group->name, name, true)) {
			found++;
			*index = i;
		}
	}
	return found;
}

/* ---- members ---- */

struct count {
	bool *people, *groups; /* seen so far */
	size_t *waiting;       /* groups */
	size_t waiting_count;
};

/* Who is meant, and which groups, all seen for the first time; how many people they are. */
static int64_t group_walk(const struct census *census, size_t group, struct count *count, int64_t *unknown)
{
	const struct census_group *of = &census->groups[group];
	int64_t people = 0;
	for (size_t i = of->first; i < of->first + of->count; i++) {
		const struct census_member *member = &census->members[i];
		const size_t *list = member->by_name ? census->by_username : census->by_key;
		size_t place;
		size_t found = index_find(census, list, census->person_count, member->by_name ? person_username : person_key,
					  member->ref, &place);
		if (found == 1) {
			people += !count->people[list[place]];
			count->people[list[place]] = true;
		} else if (!member->by_name &&
			   index_find(census, census->groups_by_key, census->group_count, group_key, member->ref, &place)) {
			size_t inner = census->groups_by_key[place];
			if (!count->groups[inner])
				count->waiting[count->waiting_count++] = inner;
			count->groups[inner] = true;
		} else {
			++*unknown;
		}
	}
	return people;
}

void census_count_members(struct census *census, size_t group, struct census_membership *members)
{
	struct count count = {talloc_zero_array(census->call, bool, census->person_count + 1),
			      talloc_zero_array(census->call, bool, census->group_count + 1),
			      talloc_array(census->call, size_t, census->group_count + 1), 0};
	*members = (struct census_membership){0};
	count.groups[group] = true;
	members->direct = members->all = group_walk(census, group, &count, &members->unknown);
	while (count.waiting_count)
		members->all += group_walk(census, count.waiting[--count.waiting_count], &count, &members->unknown);
	talloc_free(count.people);
	talloc_free(count.groups);
	talloc_free(count.waiting);
}
