/* SPDX-License-Identifier: Apache-2.0
 * Outcomes as HTTP: a status, problem+json (RFC 9457), the headers every answer carries. */
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include "base/json.h"
#include "http/server.h"

int reply_status(enum skd_outcome outcome);

/* What a page for people may do (Content-Security-Policy): show pictures from here, and have looks of its own. */
extern const char reply_page_policy[];

/* Answers with a problem of `status` (which may be one that only HTTP knows) and logs a FAULT or BUSY. `page`: as a page for
 * people, which says no more. `extra` are further headers. The sentence of a FAULT stays in the log. */
void reply_problem(struct exchange *exchange, struct skd_call *call, int status, const char *sentence, bool page,
		   const struct http_header *extra, size_t extra_count);

/* Answers with a copy of a body; adds no-store, nosniff and the like. */
void reply_body(struct exchange *exchange, int status, const char *type, const char *body, size_t size,
		const struct http_header *extra, size_t extra_count);
/* The same headers for a stream. */
void reply_stream(struct exchange *exchange, const char *type, const struct http_header *extra, size_t extra_count);

#endif
