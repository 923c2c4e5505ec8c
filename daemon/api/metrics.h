/* SPDX-License-Identifier: Apache-2.0
 * Counters of requests by route and status, and how long they took. Lock-free; read by /metrics. */
#ifndef API_METRICS_H
#define API_METRICS_H

#include "base/text.h"

struct metrics;
struct metrics *metrics_new(void *owner);
/* `tag` is "METHOD /path" of a route, or "" for what is none. */
void metrics_count(struct metrics *metrics, const char *tag, int status, int64_t microseconds);
void metrics_print(const struct metrics *metrics, struct text *out);

#endif
