/* SPDX-License-Identifier: Apache-2.0
 * /skills as JSON. */
#include "api/nouns.h"

#include "api/merge.h"
#include "rules/skill.h"

static void skill_write(struct json *json, const struct store_skill *skill)
{
	put_object(json, NULL);
	put_string(json, "id", skill->id);
	put_string(json, "framework", skill->framework);
	put_string(json, "code", skill->code);
	put_string(json, "uri", skill->uri);
	put_string(json, "label", skill->label);
	put_string(json, "description", skill->description);
	put_array(json, "synonyms");
	for (size_t i = 0; i < skill->synonym_count; i++)
		put_string(json, NULL, skill->synonyms[i]);
	put_array_end(json);
	put_string(json, "parent_id", skill->parent_id);
	put_named(json, "scale", skill->scale_id, "name", skill->scale);
	put_string(json, "status", skill->status);
	put_object_end(json);
}

static void skill_reply(struct skd_call *call, struct reply *out, const struct store_skill *skill)
{
	skill_write(&out->json, skill);
	reply_version(call, out, skill->version);
}

const struct field skill_list_fields[] = {
	{"framework", FIELD_TEXT}, {"q", FIELD_TEXT, .most = 200}, {"parent", FIELD_UUID},
	{"status", FIELD_ENUM, .words = "active|archived"}, {NULL}};

enum skd_outcome api_skill_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_skill_filter filter = {query_text(in, "framework"), query_text(in, "q"), query_text(in, "parent"),
					    query_text(in, "status")};
	struct store_skill *skills;
	size_t count;
	TRY(skill_list(call, &filter, in->list, &skills, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		skill_write(&out->json, &skills[i]);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_skill_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_skill skill;
	TRY(skill_get(call, in->ids[0], &skill));
	skill_reply(call, out, &skill);
	return SKD_OK;
}

enum skd_outcome api_skill_add(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {
		{"framework", FIELD_REF, .required = true}, {"code", FIELD_TEXT, .required = true},
		{"uri", FIELD_URL, .most = 2000}, {"label", FIELD_TEXT, .required = true},
		{"description", FIELD_TEXT, .most = 10000}, {"synonyms", FIELD_TEXTS}, {"parent_id", FIELD_TEXT},
		{"scale", FIELD_REF}, {NULL}};
	struct value v[8] = {0};
	TRY(body_read(call, in, fields, false, v));
	struct store_skill skill = {.code = v[1].text, .uri = v[2].text, .label = v[3].text, .description = v[4].text,
				    .synonyms = v[5].texts, .synonym_count = v[5].count, .parent_id = v[6].text};
	TRY(skill_add(call, v[0].text, v[7].text, &skill));
	reply_created(call, out, "/api/v1/skills", skill.id);
	skill_reply(call, out, &skill);
	return SKD_OK;
}

enum skd_outcome api_skill_set(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {
		{"uri", FIELD_URL, .most = 2000}, {"label", FIELD_TEXT, .required = true},
		{"description", FIELD_TEXT, .most = 10000}, {"synonyms", FIELD_TEXTS}, {"parent_id", FIELD_TEXT},
		{"status", FIELD_ENUM, .required = true, .words = "active|archived"}, {NULL}};
	struct value v[6] = {0};
	struct store_skill skill;
	TRY(skill_get(call, in->ids[0], &skill));
	TRY(merge_match(call, in, skill.version));
	TRY(body_read(call, in, fields, true, v));
	merge_text(&v[0], &skill.uri);
	merge_text(&v[1], &skill.label);
	merge_text(&v[2], &skill.description);
	merge_texts(&v[3], &skill.synonyms, &skill.synonym_count);
	merge_text(&v[4], &skill.parent_id);
	merge_text(&v[5], &skill.status);
	TRY(skill_set(call, &skill));
	skill_reply(call, out, &skill);
	return SKD_OK;
}
