/* SPDX-License-Identifier: Apache-2.0
 * Public pages on their way around the lanes. */
#include "api/page.h"

#include "api/accept.h"
#include "http/reply.h"
#include "rules/counts.h"
#include "rules/limit.h"

#include <string.h>
#include <strings.h>

static bool is_public(const struct route *route)
{
	return (route->form & (FORM_PUBLIC | FORM_GUEST)) && strncmp(route->path, "/api/", 5) != 0;
}

/* Keys are revoked from beside the daemons, and whoever reads the document of keys then has to know at once. */
static bool is_kept(const struct route *route)
{
	return is_public(route) && route->lane != RUNS_AT_ONCE && !strstr(route->path, ".json");
}

/* The answer hangs on the address, as it was sent, and on what the client would rather have. */
const char *page_key(void *owner, const struct exchange *exchange, const struct route *route)
{
	if (!is_kept(route) || exchange_header(exchange, "Authorization") ||
	    exchange_header(exchange, "Content-Length") || exchange_header(exchange, "Transfer-Encoding"))
		return NULL;
	const char *accept = exchange_list(exchange, owner, "Accept"), *language = exchange_list(exchange, owner, "Accept-Language");
	return talloc_asprintf(owner, "%s\n%s\n%s", exchange_target(exchange), accept ? accept : "*", language ? language : "*");
}

bool page_is_for_people(void *owner, const struct exchange *exchange, int status)
{
	bool said = status == 404 || status == 410 || status == 429 || status == 503;
	if (!said || strncmp(exchange_target(exchange), "/api/", 5) == 0)
		return false;
	const char *accept = exchange_list(exchange, owner, "Accept");
	int page = accept_weight(accept, "text/html");
	return page > accept_weight(accept, "application/problem+json") && page > accept_weight(accept, "application/json");
}

/* Whether the client has it already (RFC 9110 section 13.1.2). */
static bool is_known(const struct exchange *exchange, const char *etag)
{
	const char *known = exchange_header(exchange, "If-None-Match");
	return known && (strcmp(known, "*") == 0 || strstr(known, etag));
}

/* Whoever only looks whether there is something, and whoever says to be no human. */
static bool is_look(const struct exchange *exchange)
{
	static const char *const machines[] = {"bot", "crawl", "spider", "preview", "externalhit"};
	const char *agent = exchange_header(exchange, "User-Agent"), *purpose = exchange_header(exchange, "Sec-Purpose");
	for (size_t i = 0; agent && i < sizeof machines / sizeof *machines; i++)
		if (strcasestr(agent, machines[i]))
			return false;
	return strcmp(exchange_method(exchange), "GET") == 0 && !(purpose && strstr(purpose, "prefetch"));
}

bool page_give(const struct house *house, struct exchange *exchange, const char *key, bool made)
{
	struct page *page = pages_get(house->pages, key, made);
	if (!page)
		return false;
	const struct http_header headers[] = {{"ETag", page->etag}, {"Cache-Control", page->cache},
					      {"Vary", reply_vary}, {"Content-Security-Policy", page->policy}};
	size_t count = page->policy ? 4 : 3;
	if (is_known(exchange, page->etag)) {
		exchange_answer(exchange, 304, headers, count, NULL, 0);
	} else {
		if (is_look(exchange))
			counts_add(house->counts, page->id, page->look);
		reply_body(exchange, 200, page->type, page->bytes, page->size, headers, count);
	}
	page_let_go(&page);
	return true;
}

void page_finish(struct skd_call *call, const struct request *in, struct reply *out, const char *key, struct page_ticket ticket)
{
	struct page page = {.look = out->look, .type = out->type, .cache = out->cache, .policy = out->policy,
			    .bytes = out->body.bytes, .size = out->body.size};
	if (!out->cache || out->status)
		return;
	page.etag = talloc_asprintf(call, "\"%s\"", out->etag);
	if (in->ids[0] && out->look)
		memcpy(page.id, in->ids[0], UUID_SIZE);
	if (key)
		pages_keep(call->house->pages, key, ticket, &page);
	if (is_known(in->exchange, page.etag))
		out->status = 304;
	else if (out->look && is_look(in->exchange))
		counts_add(call->house->counts, page.id, page.look);
}

static bool is_limited(const struct route *route)
{
	return is_public(route) && (strchr(route->path, '{') || strcmp(route->path, "/oembed") == 0);
}

enum skd_outcome page_may(struct skd_call *call, const struct route *route)
{
	return is_limited(route) ? limit_ask(call, LIMIT_MISSES, limit_client(call)) : SKD_OK;
}

void page_missed(struct skd_call *call, const struct route *route)
{
	if (is_limited(route))
		limit_take(call, LIMIT_MISSES, limit_client(call));
}
