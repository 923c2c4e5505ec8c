/* SPDX-License-Identifier: Apache-2.0
 * /healthz, /readyz, /metrics, /api/v1/openapi.json. */
#include "api/nouns.h"

#include "rules/ops.h"

#include <string.h>

extern const char embedded_openapi[]; /* schemas/openapi.yaml as JSON, put in by the build */

enum skd_outcome api_healthz(struct skd_call *call, const struct request *in, struct reply *out)
{
	(void)call, (void)in;
	put_object(&out->json, NULL);
	put_string(&out->json, "status", "ok");
	put_object_end(&out->json);
	return SKD_OK;
}

enum skd_outcome api_readyz(struct skd_call *call, const struct request *in, struct reply *out)
{
	if (entry_is_draining(in->entry))
		return fail(call, SKD_BUSY, "the daemon is stopping");
	TRY(ops_ready(call));
	put_object(&out->json, NULL);
	put_string(&out->json, "status", "ok");
	put_object_end(&out->json);
	return SKD_OK;
}

enum skd_outcome api_openapi(struct skd_call *call, const struct request *in, struct reply *out)
{
	(void)in;
	text_adds(&out->body, embedded_openapi);
	reply_fingerprint(call, out);
	return SKD_OK;
}

static bool is_local(const struct request *in)
{
	const char *peer = exchange_peer(in->exchange);
	bool loopback = !*peer || strncmp(peer, "127.", 4) == 0 || strcmp(peer, "::1") == 0;
	static const char *const forwarding[] = {"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
						 "X-Real-IP", "Via"};
	for (size_t i = 0; i < sizeof forwarding / sizeof *forwarding; i++)
		if (exchange_header(in->exchange, forwarding[i]))
			return false;
	return loopback;
}

static enum skd_outcome metrics_right(struct skd_call *call, const struct request *in, struct reply *out)
{
	const char *header = exchange_header(in->exchange, "Authorization");
	if (is_local(in))
		return SKD_OK;
	out->unauthorized = true;
	return actor_find(call, header && strncasecmp(header, "Bearer ", 7) == 0 ? header + 7 : NULL);
}

enum skd_outcome api_metrics(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const char *const names[] = {"", "read", "write", "report", "signin", "fetch"};
	TRY(metrics_right(call, in, out));
	entry_metrics(in->entry, &out->body);
	text_adds(&out->body, "# TYPE skillsd_lane_tasks gauge\n");
	for (int lane = RUNS_READ; lane < LANE_COUNT; lane++) {
		unsigned waiting, working;
		struct lane *at = entry_lane(in->entry, lane);
		at->load(at, &waiting, &working);
		text_addf(&out->body,
			  "skillsd_lane_tasks{lane=\"%s\",state=\"waiting\"} %u\n"
			  "skillsd_lane_tasks{lane=\"%s\",state=\"working\"} %u\n",
			  names[lane], waiting, names[lane], working);
	}
	if (ops_metrics(call, &out->body) != SKD_OK)
		call_forgive(call); /* figures of the daemon itself do not need the database */
	out->type = "text/plain; version=0.0.4; charset=utf-8";
	return SKD_OK;
}
