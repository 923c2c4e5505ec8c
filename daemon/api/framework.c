/* SPDX-License-Identifier: Apache-2.0
 * /frameworks as JSON. */
#include "api/nouns.h"

#include "api/merge.h"
#include "rules/framework.h"

static void framework_write(struct json *json, const struct store_framework *framework)
{
	put_object(json, NULL);
	put_string(json, "id", framework->id);
	put_string(json, "code", framework->code);
	put_string(json, "name", framework->name);
	put_string(json, "uri", framework->uri);
	put_string(json, "description", framework->description);
	put_string(json, "state", framework->state);
	put_object_end(json);
}

static void framework_reply(struct skd_call *call, struct reply *out, const struct store_framework *framework)
{
	framework_write(&out->json, framework);
	reply_version(call, out, framework->version);
}

const struct field framework_list_fields[] = {{"state", FIELD_ENUM, .words = "active|archived"}, {NULL}};

enum skd_outcome api_framework_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_framework *frameworks;
	size_t count;
	TRY(framework_list(call, query_text(in, "state"), in->list, &frameworks, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		framework_write(&out->json, &frameworks[i]);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_framework_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_framework framework;
	TRY(framework_get(call, in->ids[0], &framework));
	framework_reply(call, out, &framework);
	return SKD_OK;
}

enum skd_outcome api_framework_add(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {
		{"code", FIELD_TEXT, .required = true}, {"name", FIELD_TEXT, .required = true},
		{"uri", FIELD_URL, .most = 2000}, {"description", FIELD_TEXT, .most = 10000}, {NULL}};
	struct value v[4] = {0};
	TRY(body_read(call, in, fields, false, v));
	struct store_framework framework = {
		.code = v[0].text, .name = v[1].text, .uri = v[2].text, .description = v[3].text};
	TRY(framework_add(call, &framework));
	reply_created(call, out, "/api/v1/frameworks", framework.id);
	framework_reply(call, out, &framework);
	return SKD_OK;
}

enum skd_outcome api_framework_set(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {
		{"name", FIELD_TEXT, .required = true}, {"uri", FIELD_URL, .most = 2000},
		{"description", FIELD_TEXT, .most = 10000},
		{"state", FIELD_ENUM, .required = true, .words = "active|archived"}, {NULL}};
	struct value v[4] = {0};
	struct store_framework framework;
	TRY(framework_get(call, in->ids[0], &framework));
	TRY(merge_match(call, in, framework.version));
	TRY(body_read(call, in, fields, true, v));
	merge_text(&v[0], &framework.name);
	merge_text(&v[1], &framework.uri);
	merge_text(&v[2], &framework.description);
	merge_text(&v[3], &framework.state);
	TRY(framework_set(call, &framework));
	framework_reply(call, out, &framework);
	return SKD_OK;
}
