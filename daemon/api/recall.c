/* SPDX-License-Identifier: Apache-2.0
 * From a header to a remembered answer, and back. */
#include "api/recall.h"

#include "rules/audit.h"
#include "rules/work.h"

#include <string.h>

enum skd_outcome recall_answer(struct skd_call *call, const struct request *in, struct reply *out, const char *key, bool *first)
{
	struct answer answer;
	size_t size;
	const char *body = exchange_body(in->exchange, &size);
	for (const char *c = key; *c; c++)
		if (*c < 0x21 || *c > 0x7e)
			return fail_field(call, "Idempotency-Key", "must be one word of ASCII");
	if (!*key || strlen(key) > 255)
		return fail_field(call, "Idempotency-Key", "must have 1 to 255 characters");
	TRY(answer_recall(call, key, exchange_method(in->exchange), exchange_target(in->exchange), body, size, first,
			  &answer));
	if (*first)
		return SKD_OK;
	out->status = answer.status;
	out->location = answer.location;
	out->etag = answer.etag;
	text_add(&out->body, answer.body, answer.size);
	return SKD_OK;
}

enum skd_outcome recall_keep(struct skd_call *call, const struct request *in, struct reply *out, const char *key, bool *first)
{
	const struct answer answer = {out->status, out->location, out->etag, out->body.bytes, out->body.size};
	struct reply theirs = *out;
	if (call->paused) {
		TRY(work_resume(call));
		text_begin(&theirs.body, call, 2048);
		TRY(recall_answer(call, in, &theirs, key, first));
	}
	if (*first)
		return answer_remember(call, key, &answer);
	*out = theirs;
	return SKD_OK;
}
