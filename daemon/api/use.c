/* SPDX-License-Identifier: Apache-2.0
 * /credentials/{id}/uses as JSON. */
#include "api/credential.h"
#include "api/nouns.h"
#include "rules/use.h"

enum skd_outcome api_use_add(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {{"what", FIELD_TEXT, .required = true, .most = 2000}, {"at", FIELD_TIME}, {NULL}};
	struct value v[2] = {0};
	struct store_credential credential;
	TRY(body_read(call, in, fields, false, v));
	struct store_use use = {.what = v[0].text, .at = value_time(&v[1])};
	TRY(use_add(call, in->ids[0], &use, &credential));
	credential_reply(call, out, &credential);
	return SKD_OK;
}

static void use_write(struct json *json, const struct store_use *use)
{
	put_object(json, NULL);
	put_string(json, "id", use->id);
	put_string(json, "what", use->what);
	put_time(json, "at", use->at);
	put_string(json, "account", use->account);
	put_time(json, "expires_at", use->expires_at);
	put_time(json, "recorded_at", use->recorded_at);
	put_object_end(json);
}

enum skd_outcome api_use_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_use *uses;
	size_t from, count;
	TRY(use_list(call, in->ids[0], &uses, &count));
	TRY(list_slice(call, in->list, &from, &count));
	reply_list_begin(in, out);
	for (size_t i = from; i < from + count; i++)
		use_write(&out->json, &uses[list_item(in->list, i)]);
	reply_list_end(in, out);
	return SKD_OK;
}
