/* SPDX-License-Identifier: Apache-2.0
 * Lists as streams: what a handler answers page by page as JSON, sent whole as NDJSON or in a form
 * that a report plugin writes. */
#ifndef API_STREAM_H
#define API_STREAM_H

#include "api/entry.h"

/* The form that Accept wants most of those the route has: json, ndjson, what report plugins write, in
 * this order among equals. "" when it takes none. */
const char *stream_accepted(const struct house *house, const struct route *route, const char *accept);

/* Whether this request for a list wants a stream: by ?format= or, without it, by what Accept wants. */
bool stream_wanted(const struct route *route, const char *query, const char *accepted);

/* Runs the route's handler for one page after another. What fails before the first page is there
 * is the call's failure; after it the stream is cut. */
enum skd_outcome stream_list(struct skd_call *call, struct request *in, struct reply *out) WARN_UNUSED;

/* The report plugin that writes a format, or NULL. */
const struct instance *stream_form(const struct skd_call *call, const char *format);

#endif
