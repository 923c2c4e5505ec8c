/* SPDX-License-Identifier: Apache-2.0
 * /keys as JSON: public halves only. */
#include "api/nouns.h"

#include "rules/key.h"

#include <string.h>

static enum skd_outcome key_write(struct skd_call *call, struct json *json, const struct store_key *key)
{
	put_object(json, NULL);
	put_string(json, "id", key->id);
	put_named(json, "issuer", key->issuer_id, "name", key->issuer_name);
	put_string(json, "algorithm", key->algorithm);
	put_string(json, "purpose", "assertion"); /* the checkpoints' are with skillsd-sign alone */
	put_string(json, "state", issuer_key_state(key));
	put_time(json, "created_at", key->created_at);
	put_time(json, "retired_at", key->retired_at);
	put_time(json, "revoked_at", key->revoked_at);
	TRY(issuer_key_put(call, json, key));
	put_object_end(json);
	return SKD_OK;
}

const struct field key_list_fields[] = {
	{"issuer", FIELD_UUID}, {"state", FIELD_ENUM, .words = "active|retired|revoked"}, {NULL}};

enum skd_outcome api_key_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_key *keys;
	size_t from, count;
	TRY(issuer_key_list(call, query_text(in, "issuer"), query_text(in, "state"), &keys, &count));
	TRY(list_slice(call, in->list, &from, &count));
	reply_list_begin(in, out);
	for (size_t i = from; i < from + count; i++)
		TRY(key_write(call, &out->json, &keys[(size_t)in->list->total - 1 - list_item(in->list, i)]));
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_key_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_key *keys;
	size_t count;
	TRY(issuer_key_list(call, NULL, NULL, &keys, &count));
	for (size_t i = 0; i < count; i++)
		if (strcmp(keys[i].id, in->ids[0]) == 0) {
			TRY(key_write(call, &out->json, &keys[i]));
			reply_fingerprint(call, out);
			return SKD_OK;
		}
	return fail(call, SKD_ABSENT, "there is no such key");
}
