/* SPDX-License-Identifier: Apache-2.0
 * The one place where an outcome becomes a status and a body. */
#include "http/reply.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>

enum { HEADERS_MAX = 12 };

int reply_status(enum skd_outcome outcome)
{
	static const int statuses[] = {
		[SKD_OK] = 200,    [SKD_BAD_INPUT] = 400, [SKD_DENIED] = 403, [SKD_ABSENT] = 404, [SKD_CLASH] = 409,
		[SKD_GONE] = 410,  [SKD_STALE] = 412,     [SKD_SLOW_DOWN] = 429, [SKD_BUSY] = 503, [SKD_FAULT] = 500,
	};
	return statuses[outcome];
}

static const struct problem {
	int status;
	const char *type, *title;
} problems[] = {
	{400, "bad-request", "Bad request"},
	{401, "unauthorized", "Sign in first"},
	{403, "forbidden", "Not allowed"},
	{404, "not-found", "Not found"},
	{405, "method-not-allowed", "Method not allowed"},
	{406, "not-acceptable", "No such form"},
	{408, "too-slow", "The request came too slowly"},
	{409, "conflict", "Conflict"},
	{410, "gone", "Gone"},
	{412, "stale", "Changed meanwhile"},
	{413, "too-large", "Too large"},
	{414, "uri-too-long", "The address is too long"},
	{415, "unsupported-media-type", "Unsupported media type"},
	{428, "precondition-required", "If-Match is needed"},
	{429, "too-many-attempts", "Too many attempts"},
	{431, "head-too-large", "Header fields too large"},
	{501, "not-implemented", "Not known here"},
	{503, "unavailable", "Not available now"},
	{505, "http-version", "HTTP version not known"},
	{500, "fault", "Internal error"}, /* the last: for what is not in the table */
};

static const struct problem *problem_of(int status)
{
	const struct problem *problem = problems;
	while (problem->status != status && problem->status != 500)
		problem++;
	return problem;
}

static bool has_header(const struct http_header *headers, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(headers[i].name, name) == 0)
			return true;
	return false;
}

static size_t headers_common(struct http_header *headers, const char *type, const struct http_header *extra,
			     size_t extra_count)
{
	size_t n = 0;
	headers[n++] = (struct http_header){"Content-Type", type};
	if (!has_header(extra, extra_count, "Cache-Control"))
		headers[n++] = (struct http_header){"Cache-Control", "no-store"};
	headers[n++] = (struct http_header){"X-Content-Type-Options", "nosniff"};
	if (!has_header(extra, extra_count, "Content-Security-Policy"))
		headers[n++] = (struct http_header){"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"};
	headers[n++] = (struct http_header){"Referrer-Policy", "no-referrer"};
	for (size_t i = 0; i < extra_count && n < HEADERS_MAX; i++)
		headers[n++] = extra[i];
	return n;
}

void reply_body(struct exchange *exchange, int status, const char *type, const char *body, size_t size,
		const struct http_header *extra, size_t extra_count)
{
	struct http_header headers[HEADERS_MAX];
	size_t count = headers_common(headers, type, extra, extra_count);
	exchange_answer(exchange, status, headers, count, body, size);
}

void reply_stream(struct exchange *exchange, const char *type, const struct http_header *extra, size_t extra_count)
{
	struct http_header headers[HEADERS_MAX];
	size_t count = headers_common(headers, type, extra, extra_count);
	exchange_stream(exchange, 200, headers, count);
}

static void problem_write(struct text *body, struct skd_call *call, int status, const char *sentence)
{
	const struct problem *problem = problem_of(status);
	struct json json;
	char type[80];
	snprintf(type, sizeof type, "urn:skillsd:problem:%s",
		 call && call->error_count ? "bad-field" : call && call->problem ? call->problem : problem->type);
	json_begin(&json, body);
	put_object(&json, NULL);
	put_string(&json, "type", type);
	put_string(&json, "title", problem->title);
	put_int(&json, "status", status);
	put_string(&json, "detail", sentence);
	if (call)
		put_string(&json, "request_id", call_id(call));
	if (call && call->error_count) {
		put_array(&json, "errors");
		for (size_t i = 0; i < call->error_count; i++) {
			put_object(&json, NULL);
			put_string(&json, "field", call->errors[i].field);
			put_string(&json, "message", call->errors[i].message);
			put_object_end(&json);
		}
		put_array_end(&json);
	}
	put_object_end(&json);
}

const char reply_page_policy[] = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; "
				 "form-action 'none'; frame-ancestors 'none'";

static void problem_page_write(struct text *body, struct skd_call *call, int status, const char *sentence)
{
	const char *title = problem_of(status)->title;
	text_addf(body, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
			"<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s</title>\n"
			"<style>body{font:1rem/1.5 sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem;color:#222;"
			"overflow-wrap:break-word}p::first-letter{text-transform:uppercase}small{color:#555}</style>\n</head>\n"
			"<body>\n<main>\n<h1>%s</h1>\n<p>", title, title);
	text_add_html(body, sentence);
	text_adds(body, "</p>\n");
	if (call)
		text_addf(body, "<p><small>Request %s</small></p>\n", call_id(call));
	text_adds(body, "</main>\n</body>\n</html>\n");
}

void reply_problem(struct exchange *exchange, struct skd_call *call, int status, const char *sentence, bool page,
		   const struct http_header *extra, size_t extra_count)
{
	struct text body;
	struct http_header headers[HEADERS_MAX];
	char seconds[16];
	size_t count = 0;
	if (call && call->outcome != SKD_OK)
		log_failure(call);
	if (status == 500)
		sentence = "something went wrong here; the request id finds it in the log";
	for (; count < extra_count && count < HEADERS_MAX - 8; count++)
		headers[count] = extra[count];
	if (page)
		headers[count++] = (struct http_header){"Content-Security-Policy", reply_page_policy};
	if (status == 401)
		headers[count++] = (struct http_header){"WWW-Authenticate", "Bearer realm=\"skillsd\""};
	if (status == 429 || status == 503) {
		snprintf(seconds, sizeof seconds, "%u", call && call->retry_after ? call->retry_after : 1);
		headers[count++] = (struct http_header){"Retry-After", seconds};
	}
	text_begin(&body, NULL, 512);
	(page ? problem_page_write : problem_write)(&body, call, status, sentence ? sentence : problem_of(status)->title);
	reply_body(exchange, status, page ? "text/html;charset=utf-8" : "application/problem+json", body.bytes, body.size, headers, count);
	talloc_free(body.bytes);
}
