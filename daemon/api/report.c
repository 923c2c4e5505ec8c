/* SPDX-License-Identifier: Apache-2.0
 * /reports/skills: JSON pages, NDJSON streams, and the tabular forms that report plugins write. */
#include "api/nouns.h"
#include "api/stream.h"

#include "http/reply.h"
#include "rules/person.h"
#include "rules/report.h"

#include <inttypes.h>
#include <string.h>

enum { FLUSH_AT = 32768 };

static const char NOTE[] = "unit and manager are those of today";

const struct field report_fields[] = {
	{"skill", FIELD_TEXTS}, {"min_level", FIELD_INT, .least = 1, .most = 20}, {"verified", FIELD_BOOL},
	{"unit", FIELD_UUID}, {"manager", FIELD_UUID}, {"person", FIELD_REF}, {"expires_before", FIELD_TIME},
	{"as_of", FIELD_TIME}, {"known_at", FIELD_TIME}, {"group_by", FIELD_ENUM, .words = "person|skill|unit"}, {NULL}};

/* ---- items ---- */

static void because_write(struct json *json, const struct report_words *words, const struct report_holding *holding)
{
	if (!holding->verified)
		return;
	put_array(json, "because");
	for (size_t i = 0; i < holding->count; i++) {
		const struct report_row *row = &holding->rows[i];
		put_object(json, NULL);
		put_string(json, "credential_id", row->credential_id);
		put_object(json, "achievement");
		put_string(json, "id", row->achievement_id);
		put_int(json, "version", row->achievement_version);
		put_string(json, "name", report_word(words, row->achievement_id, row->achievement_version).name);
		put_object_end(json);
		put_named(json, "issuer", row->issuer_id, "name", report_word(words, row->issuer_id, 0).name);
		put_time(json, "issued_at", row->issued_at);
		put_time(json, "expires_at", row->expires_at);
		put_object_end(json);
	}
	put_array_end(json);
}

static void holding_write(struct json *json, const struct report_words *words, const struct report_holding *holding,
			  bool beside)
{
	const struct report_row *best = holding->rows;
	put_object(json, NULL);
	put_named(json, "person", best->person_id, "name", best->name);
	if (beside) {
		put_string(json, "username", best->username);
		put_string(json, "title", best->title);
		put_named(json, "unit", best->unit_id, "name", report_word(words, best->unit_id, 0).name);
	}
	put_named(json, "skill", best->skill_id, "label", report_word(words, best->skill_id, 0).name);
	put_int(json, "level", best->level);
	put_bool(json, "verified", holding->verified);
	put_time(json, "expires_at", best->expires_at);
	because_write(json, words, holding);
	put_object_end(json);
}

static void person_write(struct json *json, const struct report_words *words, const struct report_holding *holdings,
			 size_t count)
{
	const struct report_row *first = holdings->rows;
	put_object(json, NULL);
	put_named(json, "person", first->person_id, "name", first->name);
	put_named(json, "unit", first->unit_id, "name", report_word(words, first->unit_id, 0).name);
	put_array(json, "skills");
	for (size_t i = 0; i < count; i++) {
		const struct report_row *best = holdings[i].rows;
		put_object(json, NULL);
		put_string(json, "id", best->skill_id);
		put_string(json, "label", report_word(words, best->skill_id, 0).name);
		put_int(json, "level", best->level);
		put_time(json, "expires_at", best->expires_at);
		put_object_end(json);
	}
	put_array_end(json);
	put_object_end(json);
}

static void skill_write(struct json *json, const struct report_words *words, const struct report_skill *skill)
{
	char level[24];
	put_object(json, NULL);
	put_named(json, "skill", skill->skill_id, "label", report_word(words, skill->skill_id, 0).name);
	put_int(json, "people", skill->people);
	put_object(json, "levels");
	for (size_t i = 0; i < skill->level_count; i++) {
		snprintf(level, sizeof level, "%" PRId64, skill->levels[i].level);
		put_int(json, level, skill->levels[i].people);
	}
	put_object_end(json);
	put_int(json, "expiring_90d", skill->expiring);
	put_object_end(json);
}

static void unit_write(struct json *json, const struct report_unit_row *unit)
{
	put_object(json, NULL);
	put_named(json, "unit", unit->unit_id, "name", unit->unit_name);
	put_int(json, "people", unit->people);
	put_int(json, "holders", unit->holders);
	put_int(json, "skills", unit->skills);
	put_object_end(json);
}

/* ---- where items go ---- */

/* A page in memory, lines of a stream, or cells of a plugin. */
struct writer {
	struct skd_out out; /* the first member: plugins write through it */
	struct skd_call *call;
	const struct request *in;
	struct reply *reply;
	struct report_order *order;
	const struct skd_report *form; /* NULL: JSON */
	void *form_self;
	bool stream;
};

static enum skd_outcome writer_flush(struct writer *w)
{
	struct text *body = &w->reply->body;
	enum skd_outcome outcome = exchange_write(w->in->exchange, body->bytes, body->size, w->call->deadline);
	body->size = 0;
	return outcome == SKD_OK ? SKD_OK : fail(w->call, outcome, "the client has gone away");
}

static enum skd_outcome writer_write(const struct skd_out *out, const char *bytes, size_t size)
{
	struct writer *w = (struct writer *)(uintptr_t)out;
	text_add(&w->reply->body, bytes, size);
	return w->reply->body.size < FLUSH_AT ? SKD_OK : writer_flush(w);
}

/* Behind each item: nothing in a page, a line's end in a stream. */
static enum skd_outcome writer_item_end(struct writer *w)
{
	if (!w->stream)
		return SKD_OK;
	w->reply->json.comma = false;
	return writer_write(&w->out, "\n", 1);
}

static struct skd_cell cell_text(const char *text)
{
	return (struct skd_cell){text ? SKD_CELL_TEXT : SKD_CELL_NONE, {text, text ? strlen(text) : 0}, 0};
}

static struct skd_cell cell_number(int64_t number)
{
	return (struct skd_cell){SKD_CELL_NUMBER, {NULL, 0}, number};
}

static struct skd_cell cell_time(int64_t time, char out[TIME_SIZE])
{
	if (time == TIME_NEVER)
		return cell_text(NULL);
	time_format(time, out);
	return cell_text(out);
}

static enum skd_outcome cells_holding(struct writer *w, const struct report_holding *holding)
{
	const struct report_row *best = holding->rows;
	const struct report_words *words = w->order->words;
	struct report_word skill = report_word(words, best->skill_id, 0);
	char issued[TIME_SIZE], expires[TIME_SIZE];
	const struct skd_cell cells[] = {
		cell_text(best->person_id), cell_text(best->username), cell_text(best->name),
		cell_text(report_word(words, best->unit_id, 0).name), cell_text(best->title),
		cell_text(report_word(words, best->manager_id, 0).name), cell_text(best->skill_id), cell_text(skill.code),
		cell_text(skill.name), cell_number(best->level), {SKD_CELL_FLAG, {NULL, 0}, holding->verified},
		cell_text(report_word(words, best->issuer_id, 0).name), cell_time(best->issued_at, issued),
		cell_time(best->expires_at, expires), cell_text(best->credential_id)};
	return w->form->row(w->form_self, &w->out, sizeof cells / sizeof *cells, cells);
}

static enum skd_outcome cells_person(struct writer *w, const struct report_holding *holdings, size_t count)
{
	const struct report_row *first = holdings->rows;
	struct text skills;
	text_begin(&skills, w->call, 256);
	for (size_t i = 0; i < count; i++)
		text_addf(&skills, "%s%s=%" PRId64, i ? "; " : "",
			  report_word(w->order->words, holdings[i].rows->skill_id, 0).name, holdings[i].rows->level);
	const struct skd_cell cells[] = {cell_text(first->person_id), cell_text(first->name), cell_text(first->unit_id),
					 cell_text(report_word(w->order->words, first->unit_id, 0).name),
					 cell_text(text_end(&skills))};
	enum skd_outcome outcome = w->form->row(w->form_self, &w->out, sizeof cells / sizeof *cells, cells);
	talloc_free(skills.bytes);
	return outcome;
}

static enum skd_outcome writer_take(void *self, const struct report_holding *holdings, size_t count)
{
	struct writer *w = self;
	bool by_person = w->order->query.group == REPORT_BY_PERSON;
	if (w->form)
		return by_person ? cells_person(w, holdings, count) : cells_holding(w, holdings);
	if (by_person)
		person_write(&w->reply->json, w->order->words, holdings, count);
	else
		holding_write(&w->reply->json, w->order->words, holdings, w->in->route->handle == api_report_skills);
	return writer_item_end(w);
}

/* Totals are few: they are whole in memory, and a page is a part of them. */
static enum skd_outcome totals_slice(struct writer *w, size_t *from, size_t *count)
{
	if (w->stream)
		return SKD_OK;
	TRY(list_slice(w->call, w->in->list, from, count));
	w->order->next = w->in->list->next;
	w->order->total = w->in->list->total;
	return SKD_OK;
}

static enum skd_outcome write_skills(struct writer *w)
{
	struct report_skill *skills;
	size_t from = 0, count;
	TRY(report_by_skill(w->call, w->order, &skills, &count));
	TRY(totals_slice(w, &from, &count));
	for (size_t i = from; i < from + count; i++) {
		if (!w->form) {
			skill_write(&w->reply->json, w->order->words, &skills[i]);
			TRY(writer_item_end(w));
			continue;
		}
		struct text levels;
		text_begin(&levels, w->call, 64);
		for (size_t k = 0; k < skills[i].level_count; k++)
			text_addf(&levels, "%s%" PRId64 "=%" PRId64, k ? "; " : "", skills[i].levels[k].level,
				  skills[i].levels[k].people);
		const struct skd_cell cells[] = {cell_text(skills[i].skill_id),
						 cell_text(report_word(w->order->words, skills[i].skill_id, 0).name),
						 cell_number(skills[i].people), cell_text(text_end(&levels)),
						 cell_number(skills[i].expiring)};
		TRY(w->form->row(w->form_self, &w->out, 5, cells));
	}
	return SKD_OK;
}

static enum skd_outcome write_units(struct writer *w)
{
	struct report_unit_row *units;
	size_t from = 0, count;
	TRY(report_by_unit(w->call, w->order, &units, &count));
	TRY(totals_slice(w, &from, &count));
	for (size_t i = from; i < from + count; i++) {
		if (!w->form) {
			unit_write(&w->reply->json, &units[i]);
			TRY(writer_item_end(w));
			continue;
		}
		const struct skd_cell cells[] = {cell_text(units[i].unit_id), cell_text(units[i].unit_name),
						 cell_number(units[i].people), cell_number(units[i].holders),
						 cell_number(units[i].skills)};
		TRY(w->form->row(w->form_self, &w->out, 5, cells));
	}
	return SKD_OK;
}

static enum skd_outcome write_items(struct writer *w)
{
	const struct report_taker taker = {w, writer_take};
	switch (w->order->query.group) {
	case REPORT_BY_SKILL:
		return write_skills(w);
	case REPORT_BY_UNIT:
		return write_units(w);
	default:
		return report_run(w->call, w->order, &taker);
	}
}

/* ---- the three ways ---- */

static bool is_dated(const struct report_order *order)
{
	return order->query.as_of || order->query.known_at;
}

static enum skd_outcome write_page(struct writer *w)
{
	struct json *json = &w->reply->json;
	put_object(json, NULL);
	put_array(json, "items");
	TRY(write_items(w));
	put_array_end(json);
	reply_list_next(w->in, w->reply, w->order->next);
	if (w->order->count)
		put_int(json, "total", w->order->total);
	w->reply->note = is_dated(w->order) ? NOTE : NULL;
	put_string(json, "note", w->reply->note);
	put_object_end(json);
	return SKD_OK;
}

static const char *const columns_of[][16] = {
	[REPORT_HOLDINGS] = {"person_id", "username", "name", "unit", "title", "manager", "skill_id", "skill_code", "skill",
			     "level", "verified", "issuer", "issued_at", "expires_at", "credential_id", NULL},
	[REPORT_BY_PERSON] = {"person_id", "name", "unit_id", "unit", "skills", NULL},
	[REPORT_BY_SKILL] = {"skill_id", "skill", "people", "levels", "expiring_90d", NULL},
	[REPORT_BY_UNIT] = {"unit_id", "unit", "people", "holders", "skills", NULL},
};

static enum skd_outcome write_stream(struct writer *w)
{
	const char *const *names = columns_of[w->order->query.group];
	size_t columns = 0;
	while (names[columns])
		columns++;
	if (w->form)
		TRY(w->form->begin(w->form_self, &w->out, columns, names));
	TRY(write_items(w));
	if (w->form)
		TRY(w->form->end(w->form_self, &w->out));
	return w->reply->body.size ? writer_flush(w) : SKD_OK;
}

/* What fails before the first byte is still a problem document; after it, the stream is cut. */
static enum skd_outcome send_stream(struct writer *w)
{
	const struct http_header note = {"Skillsd-Note", NOTE};
	w->stream = true;
	w->reply->streamed = true;
	reply_stream(w->in->exchange, w->form ? w->form->media_type : "application/x-ndjson", &note,
		     is_dated(w->order));
	enum skd_outcome outcome = write_stream(w);
	exchange_stream_end(w->in->exchange, outcome == SKD_OK);
	return outcome;
}

static enum skd_outcome order_check(struct skd_call *call, const struct report_order *order)
{
	static const char *const words[] = {[REPORT_HOLDINGS] = "person name username unit skill level expires_at",
					    [REPORT_BY_PERSON] = "person name unit",
					    [REPORT_BY_SKILL] = "skill people expiring_90d",
					    [REPORT_BY_UNIT] = "unit people holders skills"};
	const char *sort = order->query.sort, *found = sort ? strstr(words[order->query.group], sort) : NULL;
	size_t size = sort ? strlen(sort) : 0;
	while (found && ((found != words[order->query.group] && found[-1] != ' ') || (found[size] && found[size] != ' ')))
		found = strstr(found + 1, sort);
	if (sort && !found)
		return fail_field(call, "sort", "is not a field of these rows, which have %s", words[order->query.group]);
	if (order->query.claimed && is_dated(order))
		return fail_field(call, order->query.as_of ? "as_of" : "known_at", "cannot be asked of claims, which have no history");
	return SKD_OK;
}

static enum skd_outcome order_read(struct skd_call *call, const struct request *in, struct report_order *order)
{
	const struct value *verified = query_value(in, "verified"), *skills = query_value(in, "skill");
	const struct value *before = query_value(in, "expires_before");
	const char *group = query_text(in, "group_by");
	*order = (struct report_order){
		.query = {.min_level = (long)query_value(in, "min_level")->number,
			  .claimed = verified->given && !verified->number,
			  .unit = query_text(in, "unit"), .manager = query_text(in, "manager"),
			  .person = query_text(in, "person"),
			  .expires_before = before->given ? before->number : TIME_NEVER,
			  .as_of = query_value(in, "as_of")->number, .known_at = query_value(in, "known_at")->number,
			  .group = !group ? REPORT_HOLDINGS : *group == 'p' ? REPORT_BY_PERSON : *group == 's' ? REPORT_BY_SKILL : REPORT_BY_UNIT,
			  .sort = in->list->sort, .descending = in->list->descending},
		.skill_refs = skills->texts, .skill_ref_count = skills->count,
		.cursor = in->list->cursor, .limit = in->list->limit, .count = in->list->count};
	return order_check(call, order);
}

/* As a page, or as a stream of the whole. */
static enum skd_outcome report_answer(struct skd_call *call, const struct request *in, struct reply *out,
				      struct report_order *order)
{
	struct writer w = {.out = {writer_write}, .call = call, .in = in, .reply = out, .order = order};
	bool json = strcmp(in->format, "json") == 0, lines = strcmp(in->format, "ndjson") == 0;
	const struct instance *form = stream_form(call, in->format);
	if (!json && !lines && !form) {
		out->status = 406;
		return fail(call, SKD_BAD_INPUT, "the report comes as json, ndjson or csv");
	}
	order->query.best_only = !!form || order->query.group == REPORT_BY_PERSON;
	order->managers = form && order->query.group == REPORT_HOLDINGS;
	if (!json) {
		order->limit = 0;
		order->cursor = NULL;
	}
	TRY(report_begin(call, order));
	if (json)
		return write_page(&w);
	w.form = form ? &form->plugin->is.report : NULL;
	w.form_self = form ? form->self : NULL;
	return send_stream(&w);
}

enum skd_outcome api_report_skills(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct report_order order;
	TRY(order_read(call, in, &order));
	return report_answer(call, in, out, &order);
}

/* ---- one person's holdings ---- */

const struct field holding_fields[] = {{"verified", FIELD_BOOL}, {NULL}};

enum skd_outcome api_holding_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	const struct value *verified = query_value(in, "verified");
	struct report_order order = {.query = {.person = in->ids[0],
					       .claimed = verified->given && !verified->number,
					       .expires_before = TIME_NEVER,
					       .sort = in->list->sort ? in->list->sort : "skill",
					       .descending = in->list->descending}};
	struct report_holding *holdings;
	const struct report_words *words;
	struct store_person person;
	size_t from, count;
	if (strcmp(in->format, "json") != 0) {
		TRY(person_get(call, in->ids[0], &person));
		return report_answer(call, in, out, &order);
	}
	TRY(holding_list(call, &order.query, &holdings, &count, &words));
	TRY(list_slice(call, in->list, &from, &count));
	reply_list_begin(in, out);
	for (size_t i = from; i < from + count; i++)
		holding_write(&out->json, words, &holdings[i], false);
	reply_list_end(in, out);
	return SKD_OK;
}
