/* SPDX-License-Identifier: Apache-2.0
 * The report: what is asked, checked; rows folded to holdings and people. */
#include "rules/report.h"

#include "rules/actor.h"
#include "rules/looks.h"
#include "rules/names.h"
#include "rules/person.h"
#include "rules/skill.h"

#include <stdlib.h>
#include <string.h>

enum { SKILLS_MAX = 100 };

/* ---- begin ---- */

static enum skd_outcome order_skills(struct skd_call *call, struct report_order *order)
{
	const char **all = NULL;
	size_t count = 0;
	if (order->skill_ref_count > SKILLS_MAX)
		return fail_field(call, "skill", "may be given %d times at most", SKILLS_MAX);
	order->query.any_skill = order->skill_ref_count == 0;
	for (size_t i = 0; i < order->skill_ref_count; i++) {
		const char *const *ids;
		size_t more;
		TRY(skill_resolve(call, "skill", order->skill_refs[i], &ids, &more));
		all = talloc_realloc(call, all, const char *, count + more + 1);
		memcpy(all + count, ids, more * sizeof *ids);
		count += more;
	}
	order->query.skills = all;
	order->query.skill_count = count;
	return SKD_OK;
}

/* "person skill key": where a page ended. */
static enum skd_outcome order_cursor(struct skd_call *call, struct report_order *order)
{
	char *bytes;
	if (!order->cursor || order->query.group == REPORT_BY_SKILL || order->query.group == REPORT_BY_UNIT)
		return SKD_OK; /* totals are paged by whoever asks for them */
	bytes = talloc_zero_size(call, 2201);
	long size = base64url_decode(order->cursor, bytes, 2200);
	if (size < 74 || !utf8_valid(bytes, (size_t)size) || bytes[36] != ' ' || bytes[73] != ' ')
		return fail_field(call, "cursor", "is not one this report gave");
	bytes[36] = bytes[73] = '\0';
	order->query.after_person = bytes;
	order->query.after_skill = bytes + 37;
	order->query.after_key = bytes + 74;
	if (!uuid_valid(bytes) || !uuid_valid(bytes + 37))
		return fail_field(call, "cursor", "is not one this report gave");
	return SKD_OK;
}

enum skd_outcome report_begin(struct skd_call *call, struct report_order *order)
{
	struct report_query *query = &order->query;
	const struct report_words *names;
	int64_t version;
	query->sight = sight_for(call, query->claimed ? SIGHT_CLAIMS : SIGHT_HOLDINGS);
	TRY(tx_begin(call));
	TRY(store_report_snapshot(call));
	TRY(order_skills(call, order));
	TRY(order_cursor(call, order));
	TRY(unit_must_exist(call, "unit", query->unit));
	TRY(person_resolve(call, "manager", &query->manager));
	TRY(person_pick(call, &query->sight, "person", query->person, &query->person));
	looks_add(call, query->person, query->claimed ? "claims" : "holdings");
	if (order->count && query->group != REPORT_BY_SKILL && query->group != REPORT_BY_UNIT)
		TRY(store_report_total(call, query, &order->total));
	TRY(store_catalogue_version(call, &version));
	TRY(names_of(call, version, &names));
	return store_report_words(call, names, order->managers, &order->words);
}

/* ---- folding ---- */

/* Rows of the holding or person being put together. They point into the batch at hand; what a batch
 * leaves unfinished is copied before the next one comes. */
struct fold {
	const struct report_order *order;
	const struct report_taker *taker;
	struct report_row *rows;
	size_t count, room;
	void *copies;
	struct report_holding *holdings;
	size_t holding_room;
	long taken;
	const char *last_key, *last_person, *last_skill; /* of what was handed over last */
};

static bool is_same(const struct fold *fold, const struct report_row *a, const struct report_row *b)
{
	if (strcmp(a->person_id, b->person_id) != 0)
		return false;
	return fold->order->query.group == REPORT_BY_PERSON || strcmp(a->skill_id, b->skill_id) == 0;
}

static enum skd_outcome fold_hand_over(struct skd_call *call, struct fold *fold)
{
	size_t count = 0;
	if (!fold->count)
		return SKD_OK;
	if (fold->holding_room < fold->count) {
		fold->holding_room = fold->count * 2;
		fold->holdings = talloc_realloc(call, fold->holdings, struct report_holding, fold->holding_room);
	}
	for (size_t i = 0; i < fold->count; i++) {
		if (i && strcmp(fold->rows[i].skill_id, fold->rows[i - 1].skill_id) == 0)
			fold->holdings[count - 1].count++;
		else
			fold->holdings[count++] = (struct report_holding){&fold->rows[i], 1, !fold->order->query.claimed};
	}
	TRY(fold->taker->take(fold->taker->self, fold->holdings, count));
	fold->taken++;
	return SKD_OK;
}

static void fold_add(struct skd_call *call, struct fold *fold, const struct report_row *row)
{
	if (fold->count == fold->room) {
		fold->room = fold->room ? fold->room * 2 : 64;
		fold->rows = talloc_realloc(call, fold->rows, struct report_row, fold->room);
	}
	fold->rows[fold->count++] = *row;
}

static void fold_detach(struct skd_call *call, struct fold *fold)
{
	void *copies = talloc_new(call);
	for (size_t i = 0; i < fold->count; i++) {
		struct report_row *row = &fold->rows[i];
		const char **texts[] = {&row->person_id, &row->username, &row->name, &row->title, &row->unit_id,
					&row->manager_id, &row->skill_id, &row->credential_id, &row->issuer_id,
					&row->achievement_id, &row->sort_key};
		for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
			*texts[k] = talloc_strdup(copies, *texts[k]);
	}
	talloc_free(fold->copies);
	fold->copies = copies;
}

static void order_next(struct skd_call *call, struct report_order *order, const struct report_row *last)
{
	const char *bytes = talloc_asprintf(call, "%s %s %s", last->person_id,
					    order->query.group == REPORT_BY_PERSON
						    ? order->query.descending ? "00000000-0000-0000-0000-000000000000"
									      : "ffffffff-ffff-ffff-ffff-ffffffffffff"
						    : last->skill_id,
					    last->sort_key ? last->sort_key : last->person_id);
	order->next = base64url_encode(call, bytes, strlen(bytes));
}

/* True: the page is full and there is more. */
static bool is_full(const struct fold *fold)
{
	return fold->order->limit && fold->taken == fold->order->limit;
}

static enum skd_outcome fold_batch(struct skd_call *call, struct fold *fold, struct report_order *order,
				   const struct report_row *rows, int count, bool *full)
{
	for (int i = 0; i < count; i++) {
		if (fold->count && !is_same(fold, &fold->rows[0], &rows[i])) {
			TRY(fold_hand_over(call, fold));
			*full = is_full(fold);
			if (*full) {
				order_next(call, order, &fold->rows[fold->count - 1]);
				return SKD_OK;
			}
			fold->count = 0;
		}
		fold_add(call, fold, &rows[i]);
	}
	return SKD_OK;
}

enum skd_outcome report_run(struct skd_call *call, struct report_order *order, const struct report_taker *taker)
{
	struct fold fold = {.order = order, .taker = taker};
	struct report_row *rows;
	bool full = false;
	int count;
	order->query.first = order->limit ? (int)order->limit * 4 + 50 : 200;
	TRY(store_report_open(call, &order->query));
	for (;;) {
		fold_detach(call, &fold);
		TRY(store_report_next(call, &rows, &count));
		if (!count)
			break;
		TRY(fold_batch(call, &fold, order, rows, count, &full));
		if (full)
			return SKD_OK;
	}
	return fold_hand_over(call, &fold);
}

/* ---- totals ---- */

enum skd_outcome report_by_skill(struct skd_call *call, struct report_order *order, struct report_skill **out,
				 size_t *count)
{
	struct report_skill_row *rows;
	size_t row_count;
	TRY(store_report_by_skill(call, &order->query, &rows, &row_count));
	struct report_skill *skills = talloc_zero_array(call, struct report_skill, row_count + 1);
	*count = 0;
	for (size_t i = 0; i < row_count; i++) {
		struct report_skill *skill = *count ? &skills[*count - 1] : NULL;
		if (!skill || strcmp(skill->skill_id, rows[i].skill_id) != 0) {
			skill = &skills[(*count)++];
			*skill = (struct report_skill){.skill_id = rows[i].skill_id, .levels = &rows[i]};
		}
		skill->people += rows[i].people;
		skill->expiring += rows[i].expiring;
		skill->level_count++;
	}
	*out = skills;
	return SKD_OK;
}

enum skd_outcome report_by_unit(struct skd_call *call, struct report_order *order, struct report_unit_row **units,
				size_t *count)
{
	return store_report_by_unit(call, &order->query, units, count);
}

/* ---- one person ---- */

static int descending(int64_t a, int64_t b)
{
	return (a < b) - (a > b);
}

/* By skill, the one that carries a holding first. */
static int row_order(const void *left, const void *right)
{
	const struct report_row *a = left, *b = right;
	int order = strcmp(a->skill_id, b->skill_id);
	order = order ? order : descending(a->level, b->level);
	order = order ? order : descending(a->expires_at, b->expires_at);
	return order ? order : strcmp(a->credential_id, b->credential_id);
}

struct holding_place {
	int64_t key;
	struct report_holding holding;
};

static int place_up(const void *left, const void *right)
{
	const struct holding_place *a = left, *b = right;
	int order = -descending(a->key, b->key);
	return order ? order : strcmp(a->holding.rows->skill_id, b->holding.rows->skill_id);
}

static int place_down(const void *left, const void *right)
{
	const struct holding_place *a = left, *b = right;
	int order = descending(a->key, b->key);
	return order ? order : strcmp(a->holding.rows->skill_id, b->holding.rows->skill_id);
}

static int64_t holding_key(const struct report_query *query, const struct report_words *words, const struct report_row *best)
{
	if (strcmp(query->sort, "level") == 0)
		return best->level;
	return strcmp(query->sort, "expires_at") == 0 ? best->expires_at : report_word(words, best->skill_id, 0).place;
}

static struct report_holding *holdings_sort(struct skd_call *call, const struct report_query *query,
					    const struct report_words *words, struct report_row *rows, size_t *count)
{
	size_t row_count = *count;
	struct holding_place *places = talloc_array(call, struct holding_place, row_count + 1);
	struct report_holding *holdings = talloc_array(call, struct report_holding, row_count + 1);
	*count = 0;
	qsort(rows, row_count, sizeof *rows, row_order);
	for (size_t i = 0; i < row_count; i++)
		if (i && strcmp(rows[i].skill_id, rows[i - 1].skill_id) == 0)
			places[*count - 1].holding.count++;
		else
			places[(*count)++] = (struct holding_place){holding_key(query, words, &rows[i]),
								    {&rows[i], 1, !query->claimed}};
	qsort(places, *count, sizeof *places, query->descending ? place_down : place_up);
	for (size_t i = 0; i < *count; i++)
		holdings[i] = places[i].holding;
	return holdings;
}

enum skd_outcome holding_list(struct skd_call *call, struct report_query *query, struct report_holding **holdings,
			      size_t *count, const struct report_words **words)
{
	struct report_row *rows;
	struct store_person person = {0};
	int64_t version;
	int row_count;
	query->sight = sight_for(call, query->claimed ? SIGHT_CLAIMS : SIGHT_HOLDINGS);
	TRY(store_holding_rows(call, query, &rows, &row_count, &version));
	if (!row_count) /* or nobody who is seen */
		TRY(person_get(call, query->person, &person));
	if (person.human_id) {
		query->person = person.human_id;
		TRY(store_holding_rows(call, query, &rows, &row_count, &version));
	}
	*words = NULL;
	if (row_count) /* no rows say no version either */
		TRY(names_of(call, version, words));
	*count = (size_t)row_count;
	*holdings = holdings_sort(call, query, *words, rows, count);
	return SKD_OK;
}
