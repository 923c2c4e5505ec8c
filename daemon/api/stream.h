/* SPDX-License-Identifier: Apache-2.0
 * Lists as streams: what a handler answers page by page as JSON, sent whole as NDJSON or in a form
 * that a report plugin writes. */
#ifndef API_STREAM_H
#define API_STREAM_H

#include "api/entry.h"

/* Whether this request for a list wants a stream: by ?format= or, without it, by Accept. */
bool stream_wanted(const struct route *route, const struct exchange *exchange, const char *query);

/* Runs the route's handler for one page after another. What fails before the first page is there
 * is the call's failure; after it the stream is cut. */
enum skd_outcome stream_list(struct skd_call *call, struct request *in, struct reply *out) WARN_UNUSED;

/* The report plugin that writes a format, or NULL. */
const struct instance *stream_form(const struct skd_call *call, const char *format);

#endif
