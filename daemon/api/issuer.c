/* SPDX-License-Identifier: Apache-2.0
 * /issuers as JSON. */
#include "api/nouns.h"

#include "api/body.h"
#include "api/merge.h"
#include "rules/issuer.h"

#include <string.h>

static void issuer_write(struct skd_call *call, struct json *json, const struct store_issuer *issuer)
{
	put_object(json, NULL);
	put_string(json, "id", issuer->id);
	put_string(json, "did", issuer_did(call, issuer->id, issuer->key));
	put_string(json, "name", issuer->name);
	put_string(json, "url", issuer->url);
	put_string(json, "mail", issuer->mail);
	put_string(json, "description", issuer->description);
	put_string(json, "image_url", issuer_image_place(call, issuer->id, issuer->image_url, issuer->picture_id));
	put_array(json, "groups");
	for (size_t i = 0; i < issuer->group_count; i++)
		put_string(json, NULL, issuer->groups[i]);
	put_array_end(json);
	put_string(json, "state", issuer->state);
	if (issuer->sandbox)
		put_bool(json, "sandbox", true);
	put_object_end(json);
}

static void issuer_reply(struct skd_call *call, struct reply *out, const struct store_issuer *issuer)
{
	issuer_write(call, &out->json, issuer);
	reply_version(call, out, issuer->version);
}

const struct field issuer_list_fields[] = {{"state", FIELD_ENUM, .words = "active|archived"}, {NULL}};

enum skd_outcome api_issuer_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_issuer *issuers;
	size_t count;
	TRY(issuer_list(call, query_text(in, "state"), in->list, &issuers, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		issuer_write(call, &out->json, &issuers[i]);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_issuer_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_issuer issuer;
	TRY(issuer_get(call, in->ids[0], &issuer));
	issuer_reply(call, out, &issuer);
	return SKD_OK;
}

enum { NAME, URL, MAIL, DESCRIPTION, GROUPS, IMAGE, LAST, FIELDS };

/* The state is not said of a new one, and whether it is for tests of no other. */
static enum skd_outcome body_merge(struct skd_call *call, const struct request *in, bool patch, struct store_issuer *issuer)
{
	const struct field fields[FIELDS + 1] = {
		[NAME] = {"name", FIELD_TEXT, .required = true},
		[URL] = {"url", FIELD_URL, .most = 2000},
		[MAIL] = {"mail", FIELD_TEXT, .most = 320},
		[DESCRIPTION] = {"description", FIELD_TEXT, .most = 10000},
		[GROUPS] = {"groups", FIELD_TEXTS},
		[IMAGE] = {"image_url", FIELD_URL, .most = 2000},
		[LAST] = patch ? (struct field){"state", FIELD_ENUM, .required = true, .words = "active|archived"}
			       : (struct field){"sandbox", FIELD_BOOL},
	};
	struct value v[FIELDS] = {0};
	TRY(body_read(call, in, fields, patch, v));
	merge_text(&v[NAME], &issuer->name);
	merge_text(&v[URL], &issuer->url);
	merge_text(&v[MAIL], &issuer->mail);
	merge_text(&v[DESCRIPTION], &issuer->description);
	merge_texts(&v[GROUPS], &issuer->groups, &issuer->group_count);
	if (v[IMAGE].given)
		issuer->picture_id = NULL;
	merge_text(&v[IMAGE], &issuer->image_url);
	if (patch)
		merge_text(&v[LAST], &issuer->state);
	else
		issuer->sandbox = v[LAST].number;
	return SKD_OK;
}

enum skd_outcome api_issuer_add(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_issuer issuer = {0};
	TRY(body_merge(call, in, false, &issuer));
	TRY(issuer_add(call, &issuer));
	reply_created(call, out, "/api/v1/issuers", issuer.id);
	issuer_reply(call, out, &issuer);
	return SKD_OK;
}

enum skd_outcome api_issuer_set(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_issuer issuer;
	TRY(issuer_get(call, in->ids[0], &issuer));
	TRY(merge_match(call, in, issuer.version));
	TRY(body_merge(call, in, true, &issuer));
	TRY(issuer_set(call, &issuer));
	issuer_reply(call, out, &issuer);
	return SKD_OK;
}

enum skd_outcome api_issuer_picture(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_issuer issuer;
	struct skd_text picture;
	enum skd_image kind;
	TRY(issuer_get(call, in->ids[0], &issuer));
	TRY(merge_match(call, in, issuer.version));
	TRY(body_picture(call, in, out, &kind, &picture));
	TRY(issuer_picture_set(call, kind, picture, &issuer));
	issuer_reply(call, out, &issuer);
	return SKD_OK;
}
