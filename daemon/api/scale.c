/* SPDX-License-Identifier: Apache-2.0
 * /scales as JSON. */
#include "api/nouns.h"

#include "api/merge.h"
#include "rules/scale.h"

static void scale_write(struct json *json, const struct store_scale *scale)
{
	put_object(json, NULL);
	put_string(json, "id", scale->id);
	put_string(json, "name", scale->name);
	put_array(json, "levels");
	for (size_t i = 0; i < scale->level_count; i++)
		put_string(json, NULL, scale->levels[i]);
	put_array_end(json);
	put_string(json, "state", scale->state);
	put_object_end(json);
}

static void scale_reply(struct skd_call *call, struct reply *out, const struct store_scale *scale)
{
	scale_write(&out->json, scale);
	reply_version(call, out, scale->version);
}

const struct field scale_list_fields[] = {{"state", FIELD_ENUM, .words = "active|archived"}, {NULL}};

enum skd_outcome api_scale_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_scale *scales;
	size_t count;
	TRY(scale_list(call, query_text(in, "state"), in->list, &scales, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		scale_write(&out->json, &scales[i]);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_scale_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_scale scale;
	TRY(scale_get(call, in->ids[0], &scale));
	scale_reply(call, out, &scale);
	return SKD_OK;
}

enum skd_outcome api_scale_add(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {
		{"name", FIELD_TEXT, .required = true}, {"levels", FIELD_TEXTS, .required = true}, {NULL}};
	struct value v[2] = {0};
	TRY(body_read(call, in, fields, false, v));
	struct store_scale scale = {.name = v[0].text, .levels = v[1].texts, .level_count = v[1].count};
	TRY(scale_add(call, &scale));
	reply_created(call, out, "/api/v1/scales", scale.id);
	scale_reply(call, out, &scale);
	return SKD_OK;
}

enum skd_outcome api_scale_set(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {
		{"name", FIELD_TEXT, .required = true}, {"levels", FIELD_TEXTS, .required = true},
		{"state", FIELD_ENUM, .required = true, .words = "active|archived"}, {NULL}};
	struct value v[3] = {0};
	struct store_scale scale;
	TRY(scale_get(call, in->ids[0], &scale));
	TRY(merge_match(call, in, scale.version));
	TRY(body_read(call, in, fields, true, v));
	merge_text(&v[0], &scale.name);
	merge_texts(&v[1], &scale.levels, &scale.level_count);
	merge_text(&v[2], &scale.state);
	TRY(scale_set(call, &scale));
	scale_reply(call, out, &scale);
	return SKD_OK;
}
