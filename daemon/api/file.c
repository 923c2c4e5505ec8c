/* SPDX-License-Identifier: Apache-2.0
 * Files of submissions: bytes in, bytes out, and never anything that a browser would show. */
#include "api/nouns.h"

#include "api/body.h"
#include "api/merge.h"
#include "api/submission.h"
#include "rules/file.h"

#include <string.h>

const struct field file_add_fields[] = {
	{"prompt", FIELD_UUID}, {"name", FIELD_TEXT, .most = 200}, {NULL}};

enum skd_outcome api_file_add(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_file file = {
		.submission_id = in->ids[0], .prompt = query_text(in, "prompt"), .name = query_text(in, "name")};
	struct store_submission submission;
	struct skd_text bytes;
	TRY(submission_get(call, in->ids[0], &submission));
	if (!file.prompt || !file.name)
		return fail_field(call, file.prompt ? "name" : "prompt", "is required");
	TRY(body_bytes(call, in, out, &bytes));
	TRY(file_add(call, bytes, &file, &submission));
	reply_created(call, out, talloc_asprintf(call, "/api/v1/submissions/%s/files", submission.id), file.id);
	submission_reply(call, out, &submission);
	return SKD_OK;
}

enum skd_outcome api_file_drop(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_submission submission;
	out->status = 204;
	TRY(submission_get(call, in->ids[0], &submission));
	TRY(merge_match(call, in, submission.version));
	return file_drop(call, in->ids[1], &submission);
}

/* RFC 6266: the name as it is for those who read filename*, and in ASCII for the rest. */
static const char *disposition(struct skd_call *call, const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	struct text text;
	text_begin(&text, call, 256);
	text_adds(&text, "attachment; filename=\"");
	for (const char *at = name; *at; at++)
		if (!(*at & 0x80))
			text_add(&text, strchr(plain, *at) ? at : "_", 1);
	text_adds(&text, "\"; filename*=UTF-8''");
	for (const char *at = name; *at; at++)
		if (strchr(plain, *at))
			text_add(&text, at, 1);
		else
			text_addf(&text, "%%%02X", (unsigned char)*at);
	return text_end(&text);
}

enum skd_outcome api_file_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_file file;
	TRY(file_get(call, in->ids[0], in->ids[1], &file, &out->body));
	out->type = "application/octet-stream";
	out->disposition = disposition(call, file.name);
	out->policy = "default-src 'none'; frame-ancestors 'none'; sandbox";
	reply_fingerprint(call, out);
	return SKD_OK;
}
