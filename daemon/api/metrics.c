/* SPDX-License-Identifier: Apache-2.0
 * Request counters in the text format of Prometheus. */
#include "api/metrics.h"

#include "api/entry.h"

#include <inttypes.h>
#include <string.h>

enum { ROUTES_MAX = 256, STATUSES = 32, BUCKETS = 10 };

static const int statuses[STATUSES] = {200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 406, 408, 409,
				       410, 412, 413, 415, 428, 429, 431, 500, 503, 0};
static const double bounds[BUCKETS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1, 5, 30};

struct metric {
	const char *tag;
	uint64_t by_status[STATUSES];
	uint64_t buckets[BUCKETS + 1];
	uint64_t microseconds;
};

struct metrics {
	struct metric routes[ROUTES_MAX]; /* the first: what is no route */
	size_t count;
};

struct metrics *metrics_new(void *owner)
{
	struct metrics *metrics = talloc_zero(owner, struct metrics);
	metrics->routes[0].tag = "";
	metrics->count = 1;
	for (const struct route *route = routes; route->method && metrics->count < ROUTES_MAX; route++)
		metrics->routes[metrics->count++].tag = talloc_asprintf(metrics, "%s %s", route->method, route->path);
	return metrics;
}

static uint64_t counter_read(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void counter_add(uint64_t *counter, uint64_t amount)
{
	__atomic_fetch_add(counter, amount, __ATOMIC_RELAXED);
}

static struct metric *metric_of(struct metrics *metrics, const char *tag)
{
	for (size_t i = 1; i < metrics->count; i++)
		if (strcmp(metrics->routes[i].tag, tag) == 0)
			return &metrics->routes[i];
	return &metrics->routes[0];
}

void metrics_count(struct metrics *metrics, const char *tag, int status, int64_t microseconds)
{
	struct metric *metric = metric_of(metrics, tag);
	int s = 0, b = 0;
	while (statuses[s] && statuses[s] != status)
		s++;
	while (b < BUCKETS && (double)microseconds / 1e6 > bounds[b])
		b++;
	counter_add(&metric->by_status[s], 1);
	counter_add(&metric->buckets[b], 1);
	counter_add(&metric->microseconds, (uint64_t)microseconds);
}

static void metric_print(const struct metric *metric, struct text *out)
{
	const char *space = strchr(metric->tag, ' ');
	int method = space ? (int)(space - metric->tag) : 0;
	const char *path = space ? space + 1 : "";
	uint64_t sum = 0;
	for (int b = 0; b <= BUCKETS; b++)
		sum += counter_read(&metric->buckets[b]);
	if (!sum)
		return;
	for (int s = 0; s < STATUSES; s++)
		if (counter_read(&metric->by_status[s]))
			text_addf(out,
				  "skillsd_requests_total{method=\"%.*s\",route=\"%s\",status=\"%d\"} %" PRIu64 "\n", method,
				  metric->tag, path, statuses[s], counter_read(&metric->by_status[s]));
	uint64_t below = 0;
	for (int b = 0; b < BUCKETS; b++) {
		below += counter_read(&metric->buckets[b]);
		text_addf(out,
			  "skillsd_request_seconds_bucket{method=\"%.*s\",route=\"%s\",le=\"%g\"} %" PRIu64 "\n", method,
			  metric->tag, path, bounds[b], below);
	}
	text_addf(out,
		  "skillsd_request_seconds_bucket{method=\"%.*s\",route=\"%s\",le=\"+Inf\"} %" PRIu64 "\n"
		  "skillsd_request_seconds_sum{method=\"%.*s\",route=\"%s\"} %.6f\n"
		  "skillsd_request_seconds_count{method=\"%.*s\",route=\"%s\"} %" PRIu64 "\n",
		  method, metric->tag, path, sum, method, metric->tag, path,
		  (double)counter_read(&metric->microseconds) / 1e6, method, metric->tag, path, sum);
}

void metrics_print(const struct metrics *metrics, struct text *out)
{
	text_adds(out, "# TYPE skillsd_requests_total counter\n# TYPE skillsd_request_seconds histogram\n");
	for (size_t i = 0; i < metrics->count; i++)
		metric_print(&metrics->routes[i], out);
}
