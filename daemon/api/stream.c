/* SPDX-License-Identifier: Apache-2.0
 * Lists as streams. Knows JSON items and columns, no noun. */
#include "api/stream.h"

#include "api/accept.h"
#include "http/reply.h"

#include <string.h>

enum { PAGE = 500, COLUMNS_MAX = 32, FLUSH_AT = 32768 };

struct choice {
	const char *accept, *format;
	int weight;
};

static void choice_offer(struct choice *choice, const char *type, const char *format)
{
	int weight = accept_weight(choice->accept, type);
	if (weight > choice->weight) {
		choice->weight = weight;
		choice->format = format;
	}
}

const char *stream_accepted(const struct house *house, const struct route *route, const char *accept)
{
	struct choice choice = {accept, "", 0};
	bool bytes = (route->form & FORM_BYTES) && strcmp(route->method, "GET") == 0;
	choice_offer(&choice, bytes ? "application/octet-stream" : "application/json", bytes ? "bytes" : "json");
	if (!route->columns && !(route->form & FORM_MANY))
		return choice.format;
	choice_offer(&choice, "application/x-ndjson", "ndjson");
	for (const struct instance *at = house->formats; at; at = at->next)
		choice_offer(&choice, at->plugin->is.report.media_type, at->plugin->is.report.format);
	return choice.format;
}

bool stream_wanted(const struct route *route, const char *query, const char *accepted)
{
	if (!route->columns)
		return false;
	for (const char *at = query; at && *at; at += strcspn(at, "&"), at += *at == '&')
		if (strncmp(at, "format=", 7) == 0)
			return strncmp(at + 7, "json", 4) != 0;
	return *accepted && strcmp(accepted, "json") != 0;
}

const struct instance *stream_form(const struct skd_call *call, const char *format)
{
	const struct instance *at = call->house->formats;
	while (at && strcmp(at->plugin->is.report.format, format) != 0)
		at = at->next;
	return at;
}

/* ---- items ---- */

struct streamer {
	struct skd_out out; /* the first member: plugins write through it */
	struct skd_call *call;
	const struct request *in;
	const struct instance *form; /* NULL: NDJSON */
	struct text ready;
	char *names;
	const char *columns[COLUMNS_MAX];
	size_t column_count;
	bool begun;
};

static enum skd_outcome streamer_flush(struct streamer *s)
{
	enum skd_outcome outcome = exchange_write(s->in->exchange, s->ready.bytes, s->ready.size, s->call->deadline);
	s->ready.size = 0;
	return outcome == SKD_OK ? SKD_OK : fail(s->call, outcome, "the client has gone away");
}

static enum skd_outcome streamer_write(const struct skd_out *out, const char *bytes, size_t size)
{
	struct streamer *s = (struct streamer *)(uintptr_t)out;
	text_add(&s->ready, bytes, size);
	return s->ready.size < FLUSH_AT ? SKD_OK : streamer_flush(s);
}

static const char *name_of(const json_t *object)
{
	const char *name = json_string_value(json_object_get(object, "name"));
	return name ? name : json_string_value(json_object_get(object, "label"));
}

/* ["a","b"] as "a; b"; [{"skill":{…},"level":2}] as "label=2". */
static const char *array_text(void *room, const json_t *array)
{
	struct text text;
	size_t i;
	json_t *item;
	text_begin(&text, room, 64);
	json_array_foreach (array, i, item) {
		const json_t *skill = json_object_get(item, "skill");
		const char *word = json_is_string(item) ? json_string_value(item) : skill ? name_of(skill) : name_of(item);
		text_addf(&text, "%s%s", i ? "; " : "", word ? word : "");
		if (skill)
			text_addf(&text, "=%lld", (long long)json_integer_value(json_object_get(item, "level")));
	}
	return text_end(&text);
}

static struct skd_cell cell_text(const char *text)
{
	return (struct skd_cell){text && *text ? SKD_CELL_TEXT : SKD_CELL_NONE, {text, text ? strlen(text) : 0}, 0};
}

/* "unit" is a member, an object's name included; "unit_id" the id of the object "unit". */
static const json_t *member_of(void *room, const json_t *item, const char *column)
{
	const json_t *value = json_object_get(item, column);
	const char *last = strrchr(column, '_');
	if (value || !last)
		return value;
	const char *outer = talloc_strndup(room, column, (size_t)(last - column));
	return json_object_get(json_object_get(item, outer), last + 1);
}

static struct skd_cell cell_of(void *room, const json_t *item, const char *column)
{
	const json_t *value = member_of(room, item, column);
	if (json_is_boolean(value))
		return (struct skd_cell){SKD_CELL_FLAG, {NULL, 0}, json_is_true(value)};
	if (json_is_integer(value))
		return (struct skd_cell){SKD_CELL_NUMBER, {NULL, 0}, json_integer_value(value)};
	if (json_is_real(value))
		return cell_text(talloc_asprintf(room, "%.15g", json_real_value(value)));
	if (json_is_array(value))
		return cell_text(array_text(room, value));
	return cell_text(json_is_object(value) ? name_of(value) : json_string_value(value));
}

static enum skd_outcome streamer_item(struct streamer *s, const json_t *item)
{
	struct skd_cell cells[COLUMNS_MAX];
	enum skd_outcome outcome;
	if (s->form) {
		void *room = talloc_new(s->call);
		for (size_t i = 0; i < s->column_count; i++)
			cells[i] = cell_of(room, item, s->columns[i]);
		outcome = s->form->plugin->is.report.row(s->form->self, &s->out, s->column_count, cells);
		talloc_free(room);
	} else {
		char *line = json_dumps(item, JSON_COMPACT);
		outcome = streamer_write(&s->out, line, strlen(line));
		free(line);
		if (outcome == SKD_OK)
			outcome = streamer_write(&s->out, "\n", 1);
	}
	return outcome;
}

/* ---- pages ---- */

static enum skd_outcome streamer_begin(struct streamer *s, struct reply *out)
{
	const struct skd_report *form = s->form ? &s->form->plugin->is.report : NULL;
	const struct http_header note = {"Skillsd-Note", out->note};
	out->streamed = true;
	reply_stream(s->in->exchange, form ? form->media_type : "application/x-ndjson", &note, !!out->note);
	s->begun = true;
	return form ? form->begin(s->form->self, &s->out, s->column_count, s->columns) : SKD_OK;
}

/* A call of its own for a page, so that its memory goes with it. What fails in it, fails the whole. */
static enum skd_outcome page_handle(struct skd_call *call, struct skd_call *page, const struct request *in,
				    struct reply *out)
{
	enum skd_outcome outcome;
	*page = *call;
	out->body.size = 0;
	json_begin(&out->json, &out->body);
	outcome = in->route->handle(page, in, out);
	if (outcome == SKD_OK)
		return SKD_OK;
	*call = *page;
	talloc_steal(call, page);
	return outcome;
}

static enum skd_outcome page_items(struct streamer *s, const struct reply *out, const char **more)
{
	enum skd_outcome outcome = SKD_OK;
	size_t i;
	json_t *page = json_loadb(out->body.bytes, out->body.size, 0, NULL), *item;
	if (!page)
		return fail(s->call, SKD_FAULT, "a page of %s is not JSON", s->call->what);
	json_array_foreach (json_object_get(page, "items"), i, item)
		if (outcome == SKD_OK)
			outcome = streamer_item(s, item);
	const char *next = json_string_value(json_object_get(page, "next"));
	*more = next ? talloc_strdup(s->call, next + strlen(s->in->question)) : NULL;
	json_decref(page);
	return outcome;
}

/* One page; `more` is set to the next page's cursor, or NULL. */
static enum skd_outcome streamer_page(struct streamer *s, struct request *in, struct reply *out, const char **more)
{
	struct skd_call *page = call_new(s->call->what, 0);
	TRY(page_handle(s->call, page, in, out));
	talloc_free(page);
	if (!s->begun)
		TRY(streamer_begin(s, out));
	return page_items(s, out, more);
}

static enum skd_outcome streamer_pages(struct streamer *s, struct request *in, struct reply *out)
{
	const char *more = NULL;
	do {
		TRY(streamer_page(s, in, out, &more));
		if (in->list)
			in->list->cursor = more;
		if (in->list)
			in->list->next = NULL;
	} while (more && in->list);
	if (s->form)
		TRY(s->form->plugin->is.report.end(s->form->self, &s->out));
	return s->ready.size ? streamer_flush(s) : SKD_OK;
}

static void columns_split(struct streamer *s, const char *columns)
{
	char *save = NULL;
	s->names = talloc_strdup(s->call, columns);
	for (char *name = strtok_r(s->names, ",", &save); name && s->column_count < COLUMNS_MAX;
	     name = strtok_r(NULL, ",", &save))
		s->columns[s->column_count++] = name;
}

enum skd_outcome stream_list(struct skd_call *call, struct request *in, struct reply *out)
{
	struct streamer s = {.out = {streamer_write}, .call = call, .in = in, .form = stream_form(call, in->format)};
	if (!s.form && strcmp(in->format, "ndjson") != 0) {
		out->status = 406;
		return fail(call, SKD_BAD_INPUT, "this list comes as json, ndjson or csv");
	}
	columns_split(&s, in->route->columns);
	text_begin(&s.ready, call, FLUSH_AT + 4096);
	in->format = "json";
	in->tabular = !!s.form;
	if (in->list) {
		in->list->limit = PAGE;
		in->list->count = false;
		in->list->cursor = NULL;
	}
	enum skd_outcome outcome = streamer_pages(&s, in, out);
	if (s.begun)
		exchange_stream_end(in->exchange, outcome == SKD_OK);
	return outcome;
}
