/* SPDX-License-Identifier: Apache-2.0
 * The way in: plan (on the server's thread), then serve (in the route's lane): actor, right, fields,
 * handler, commit, reply. */
#include "api/entry.h"

#include "api/address.h"
#include "api/body.h"
#include "api/match.h"
#include "api/recall.h"
#include "api/metrics.h"
#include "api/page.h"
#include "api/stream.h"
#include "http/reply.h"
#include "rules/audit.h"
#include "rules/looks.h"
#include "rules/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	const struct house *house;
	struct lane *lanes[LANE_COUNT];
	struct metrics *metrics;
	const char **tags; /* "METHOD /path" of each route */
	const char *const *trusted_proxies;
	bool draining;
};

/* Kept with the exchange between plan and serve. */
struct plan {
	const struct route *route;
	const char *ids[2], *query;
	const char *accepted; /* the form that Accept wants most, or "" */
	enum route_lane lane;
	const char *page; /* the key of a public page, or NULL */
};

static const struct field list_fields[] = {
	{"limit", FIELD_INT, .least = 1, .most = 500}, {"cursor", FIELD_TEXT, .most = 3000},
	{"sort", FIELD_TEXT, .most = 40},	       {"count", FIELD_BOOL},
	{NULL}};
static const struct field common_fields[] = {{"format", FIELD_ENUM, .words = "json|ndjson|csv|xlsx|html"}, {NULL}};

/* ---- plan ---- */

static void refuse_plainly(struct exchange *exchange, int status, const char *sentence, const char *allow)
{
	struct skd_call *call = call_new("request", 1000);
	struct http_header header = {"Allow", allow};
	reply_problem(exchange, call, status, sentence, page_is_for_people(call, exchange, status), &header, allow ? 1 : 0);
	talloc_free(call);
}

static bool plan_method(struct exchange *exchange, const char *method, const struct matched *matched)
{
	struct http_header allow = {"Allow", matched->allow};
	if (strcmp(method, "OPTIONS") == 0)
		exchange_answer(exchange, 204, &allow, 1, NULL, 0);
	else
		refuse_plainly(exchange, 405, "this address does not take that method", matched->allow);
	return false;
}

static long plan_seconds(const struct plan *plan)
{
	return plan->route->seconds ? plan->route->seconds : plan->lane == RUNS_REPORT ? 600 : 30;
}

static bool entry_plan(void *self, struct exchange *exchange, struct http_plan *plan)
{
	struct entry *entry = self;
	struct matched matched;
	struct plan *kept = talloc_zero(NULL, struct plan);
	const char *method = exchange_method(exchange);
	exchange_keep(exchange, kept);
	switch (match_target(kept, method, exchange_target(exchange), &matched)) {
	case MATCH_MALFORMED:
		refuse_plainly(exchange, 400, "the address is malformed", NULL);
		return false;
	case MATCH_NOWHERE:
		refuse_plainly(exchange, 404, "there is nothing at this address", NULL);
		return false;
	case MATCH_METHOD:
		return plan_method(exchange, method, &matched);
	case MATCH_ROUTE:
		break;
	}
	const struct route *route = matched.route;
	*kept = (struct plan){route, {matched.ids[0], matched.ids[1]}, matched.query,
			      stream_accepted(entry->house, route, exchange_list(exchange, kept, "Accept")), route->lane};
	if (stream_wanted(route, kept->query, kept->accepted))
		kept->lane = RUNS_REPORT;
	exchange_tag(exchange, entry->tags[route - routes]);
	kept->page = page_key(kept, exchange, route);
	if (kept->page && page_give(entry->house, exchange, kept->page, false))
		return false;
	*plan = (struct http_plan){
		.body_limit = strcmp(route->method, "GET") == 0 ? 0 : route->body_limit ? route->body_limit : 65536,
		.lane = entry->lanes[kept->lane],
		.milliseconds = plan_seconds(kept) * 1000,
	};
	return true;
}

/* ---- serve ---- */

static const char *bearer_of(const struct exchange *exchange)
{
	const char *header = exchange_header(exchange, "Authorization");
	if (!header || strncasecmp(header, "Bearer ", 7) != 0)
		return NULL;
	return header + 7 + strspn(header + 7, " ");
}

/* The noun of "/api/v1/NOUN/...", as scopes name it. */
static const char *route_noun(struct skd_call *call, const struct route *route)
{
	const char *noun = route->path + strlen("/api/v1/");
	return talloc_strndup(call, noun, strcspn(noun, "/"));
}

static size_t table_append(struct field *to, size_t at, const struct field *from)
{
	for (; from && from->name; from++)
		to[at++] = *from;
	return at;
}

static enum skd_outcome entry_sort(struct skd_call *call, struct request *in, const char *sort)
{
	if (!sort)
		return SKD_OK;
	in->list->descending = *sort == '-';
	in->list->sort = sort + in->list->descending;
	const char *words = in->route->sorts;
	size_t size = strlen(in->list->sort);
	for (const char *at = words; at; at = strchr(at, '|')) {
		at += *at == '|';
		if (size && strncmp(at, in->list->sort, size) == 0 && (at[size] == '|' || !at[size]))
			return SKD_OK;
	}
	return fail_field(call, "sort", words ? "must be one of %s, with - in front to go down" : "this list has one order",
			  words);
}

static enum skd_outcome entry_query(struct skd_call *call, struct request *in, const char *query)
{
	const struct route *route = in->route;
	struct field *table = talloc_zero_array(call, struct field, 40);
	size_t count = table_append(table, 0, route->query);
	bool is_list = route->form & FORM_LIST;
	count = is_list ? table_append(table, count, list_fields) : count;
	if (strcmp(route->method, "GET") == 0 && !(route->form & FORM_BYTES))
		count = table_append(table, count, common_fields);
	in->query = talloc_zero_array(call, struct value, count + 1);
	in->fields = table;
	if (strncmp(route->path, "/api/", 5) != 0)
		query = NULL; /* public pages ignore parameters */
	TRY(fields_query(call, table, query, in->query));
	in->format = query_text(in, "format") ? query_text(in, "format") : in->format;
	if (!is_list)
		return SKD_OK;
	const struct value *limit = query_value(in, "limit");
	in->list = talloc_zero(call, struct list);
	in->list->limit = limit->given ? (long)limit->number : 50;
	in->list->count = query_value(in, "count")->number;
	TRY(list_cursor(call, in, query));
	return entry_sort(call, in, query_text(in, "sort"));
}

static enum skd_outcome entry_ids(struct skd_call *call, struct request *in)
{
	for (int i = 0; i < 2 && in->ids[i]; i++) {
		char *id = talloc_size(call, UUID_SIZE);
		if ((in->route->form & FORM_CURRENT) && strcmp(in->ids[i], "current") == 0)
			continue;
		if (!uuid_parse(in->ids[i], id))
			return fail(call, SKD_ABSENT, "there is nothing with that id");
		in->ids[i] = id;
	}
	return SKD_OK;
}

/* The route that reads what this one would change; NULL when none does, or not for this actor. */
static const struct route *route_looking(const struct skd_call *call, const struct route *route)
{
	const char *id = strstr(route->path, "/{id}");
	size_t size = id ? (size_t)(id - route->path) + strlen("/{id}") : 0;
	for (const struct route *look = routes; id && look->method; look++)
		if (strcmp(look->method, "GET") == 0 && strlen(look->path) == size &&
		    strncmp(look->path, route->path, size) == 0)
			return actor_has(call, look->roles ? look->roles : ROLE_ANY) ? look : NULL;
	return NULL;
}

/* What an actor may not see is not there for them; what they may see and not do is refused. */
static enum skd_outcome entry_refuse_right(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct request looking = *in;
	struct reply unused = {0};
	looking.route = route_looking(call, in->route);
	out->refused = true;
	if (looking.route) {
		text_begin(&unused.body, call, 2048);
		json_begin(&unused.json, &unused.body);
		TRY(entry_ids(call, &looking));
		TRY(entry_query(call, &looking, NULL));
		TRY(looking.route->handle(call, &looking, &unused));
	}
	return fail(call, SKD_DENIED, "your roles do not allow this");
}

static enum skd_outcome entry_rights(struct skd_call *call, const struct request *in, struct reply *out)
{
	const struct route *route = in->route;
	if ((route->form & FORM_PUBLIC) ||
	    ((route->form & FORM_GUEST) && !exchange_header(in->exchange, "Authorization")))
		return SKD_OK;
	out->unauthorized = true;
	TRY(actor_find(call, bearer_of(in->exchange)));
	out->unauthorized = false;
	if (route->form & FORM_GUEST)
		return SKD_OK;
	if (call->actor->stale)
		audit_touched(call);
	if ((route->form & FORM_SESSION) && call->actor->token_id)
		return fail(call, SKD_DENIED, "this takes a signed-in session, not a token");
	if (!(route->form & FORM_ANYONE) &&
	    !actor_scoped(call, route_noun(call, route), strcmp(route->method, "GET") != 0))
		return fail(call, SKD_DENIED, "the token has no scope for this");
	if (!(route->form & FORM_ANYONE) && !actor_has(call, route->roles ? route->roles : ROLE_ANY))
		return entry_refuse_right(call, in, out);
	return SKD_OK;
}

static enum skd_outcome entry_match(struct skd_call *call, struct request *in, struct reply *out)
{
	if (!(in->route->form & FORM_MATCH))
		return SKD_OK;
	in->match = exchange_header(in->exchange, "If-Match");
	if (in->match)
		return SKD_OK;
	out->status = 428;
	return fail(call, SKD_BAD_INPUT, "this needs If-Match with the ETag you have read");
}

static bool is_of_api(const struct route *route)
{
	return strncmp(route->path, "/api/", 5) == 0;
}

/* JSON comes from everywhere; other forms from a lane that was chosen for them. */
static enum skd_outcome entry_form(struct skd_call *call, const struct request *in, struct reply *out)
{
	const struct route *route = in->route;
	bool streams = in->may_stream && (route->columns || (route->form & FORM_MANY));
	if (strcmp(in->format, "json") == 0 || strcmp(in->format, "bytes") == 0 || streams || !is_of_api(route) || strcmp(route->method, "DELETE") == 0)
		return SKD_OK;
	if (route->columns && query_text(in, "format"))
		return fail_field(call, "format", "must stand in the address as it is, not percent-encoded");
	out->status = 406;
	return fail(call, SKD_BAD_INPUT, route->columns ? "this list comes as json, ndjson or csv"
						       : "this comes in one form only, and not in that");
}

/* Whoever reads what stands under somebody's id has looked at them: at the word behind it, or the person. */
static void entry_look(struct skd_call *call, const struct request *in)
{
	static const char people[] = "/api/v1/people/{id}";
	const char *behind = in->route->path + strlen(people);
	if (strcmp(in->route->method, "GET") == 0 && strncmp(in->route->path, people, strlen(people)) == 0)
		looks_add(call, in->ids[0], *behind ? behind + 1 : "person");
}

static enum skd_outcome entry_handle(struct skd_call *call, struct request *in, struct reply *out, const char *query)
{
	TRY(entry_rights(call, in, out));
	TRY(entry_ids(call, in));
	TRY(entry_query(call, in, query));
	TRY(entry_match(call, in, out));
	TRY(body_take(call, in, out));
	TRY(entry_form(call, in, out));
	bool as_stream = in->route->columns && !(in->route->form & FORM_MANY) && strcmp(in->format, "json") != 0;
	TRY(as_stream ? stream_list(call, in, out) : in->route->handle(call, in, out));
	entry_look(call, in);
	return SKD_OK;
}

/* ---- writing ---- */

/* The transaction is the call's: everything the handler does, its audit entry and the remembered
 * answer are committed together, or not at all. */
static enum skd_outcome entry_write(struct skd_call *call, struct request *in, struct reply *out, const char *query)
{
	const char *key = strcmp(in->route->method, "POST") == 0 ? exchange_header(in->exchange, "Idempotency-Key") : NULL;
	bool first = true;
	TRY(work_write(call));
	TRY(entry_rights(call, in, out));
	if (key)
		TRY(recall_answer(call, in, out, key, &first));
	if (first) {
		TRY(entry_ids(call, in));
		TRY(entry_query(call, in, query));
		TRY(entry_form(call, in, out));
		TRY(entry_match(call, in, out));
		TRY(body_take(call, in, out));
		TRY(in->route->handle(call, in, out));
		entry_look(call, in);
		if (key)
			TRY(recall_keep(call, in, out, key, &first));
	}
	return first || !call->paused ? work_commit(call) : SKD_OK;
}

static enum skd_outcome entry_run(struct skd_call *call, const struct plan *plan, struct request *in, struct reply *out)
{
	const char *query = plan->query;
	if (!call_time_left(call)) {
		call->retry_after = 1;
		return fail(call, SKD_BUSY, "the request's time was over before its turn came");
	}
	switch (plan->lane) {
	case RUNS_WRITE:
	case RUNS_FETCH:
		return entry_write(call, in, out, query);
	case RUNS_REPORT:
		TRY(work_report(call));
		return entry_handle(call, in, out, query);
	case RUNS_READ:
		work_read(call);
		return entry_handle(call, in, out, query);
	default:
		return entry_handle(call, in, out, query);
	}
}

static void entry_reply(struct skd_call *call, const struct request *in, struct reply *out, enum skd_outcome outcome)
{
	struct http_header headers[REPLY_HEADERS];
	int status = out->status;
	if (out->streamed)
		return;
	if (outcome == SKD_OK) {
		size_t count = reply_headers(call, out, headers);
		status = status ? status : 200;
		if (status == 204 || status == 304)
			exchange_answer(in->exchange, status, headers, count, NULL, 0);
		else
			reply_body(in->exchange, status, out->type ? out->type : "application/json", out->body.bytes,
				   out->body.size, headers, count);
		return;
	}
	bool unauthorized = outcome == SKD_DENIED && (out->unauthorized || !call->actor);
	if (call->actor && (out->refused || (outcome == SKD_DENIED && !unauthorized)))
		audit_refused(call, call->what, in->ids[0]);
	if (outcome != SKD_BAD_INPUT || status < 400)
		status = unauthorized ? 401 : reply_status(outcome);
	reply_problem(in->exchange, call, status, call->sentence, page_is_for_people(call, in->exchange, status), NULL, 0);
}

static void entry_serve(void *self, struct exchange *exchange)
{
	struct entry *entry = self;
	const struct plan *plan = exchange_note(exchange);
	const struct route *route = plan->route;
	if (plan->page && page_give(entry->house, exchange, plan->page, true))
		return;
	struct skd_call *call = call_new(entry->tags[route - routes], plan_seconds(plan) * 1000);
	struct request in = {.entry = entry, .exchange = exchange, .route = route, .ids = {plan->ids[0], plan->ids[1]},
			     .format = plan->accepted, .may_stream = plan->lane == RUNS_REPORT};
	struct reply out = {0};
	struct page_ticket ticket = pages_begin(entry->house->pages);
	call->started = exchange_started(exchange); /* the time in the queue counts too */
	call->deadline = call->started + plan_seconds(plan) * 1000000;
	call->house = entry->house;
	call->address = client_address(call, entry->trusted_proxies, exchange);
	text_begin(&out.body, call, 2048);
	json_begin(&out.json, &out.body);
	enum skd_outcome outcome = page_may(call, route);
	if (outcome == SKD_OK)
		outcome = entry_run(call, plan, &in, &out);
	if (outcome == SKD_OK && !out.streamed) /* or the exchange may be gone, and what was kept with it */
		page_finish(call, &in, &out, plan->page, ticket);
	else if (outcome == SKD_ABSENT)
		page_missed(call, route);
	work_end(call);
	entry_reply(call, &in, &out, outcome);
	talloc_free(call);
}

static void entry_refuse(void *self, struct exchange *exchange, int status, const char *sentence)
{
	(void)self;
	refuse_plainly(exchange, status, sentence, NULL);
}

static void entry_done(void *self, const char *method, const char *tag, int status, size_t bytes, int64_t microseconds)
{
	struct entry *entry = self;
	(void)method, (void)bytes;
	metrics_count(entry->metrics, tag, status, microseconds);
}

/* ---- open and close ---- */

struct entry *entry_open(const struct house *house, struct lane *const lanes[LANE_COUNT],
			 const char *const *trusted_proxies)
{
	struct entry *entry = talloc_zero(NULL, struct entry);
	entry->house = house;
	memcpy(entry->lanes, lanes, sizeof entry->lanes);
	entry->metrics = metrics_new(entry);
	size_t count = 0;
	while (routes[count].method)
		count++;
	entry->tags = talloc_array(entry, const char *, count);
	for (size_t i = 0; i < count; i++)
		entry->tags[i] = talloc_asprintf(entry, "%s %s", routes[i].method, routes[i].path);
	entry->trusted_proxies = trusted_proxies;
	return entry;
}

void entry_close(struct entry **entry)
{
	TALLOC_FREE(*entry);
}

void entry_app(struct entry *entry, struct http_app *app)
{
	*app = (struct http_app){entry, entry_plan, entry_serve, entry_refuse, entry_done};
}

void entry_draining(struct entry *entry)
{
	__atomic_store_n(&entry->draining, true, __ATOMIC_RELAXED);
}

bool entry_is_draining(const struct entry *entry)
{
	return __atomic_load_n(&entry->draining, __ATOMIC_RELAXED);
}

struct lane *entry_lane(const struct entry *entry, enum route_lane lane)
{
	return entry->lanes[lane];
}

void entry_metrics(const struct entry *entry, struct text *out)
{
	metrics_print(entry->metrics, out);
}
