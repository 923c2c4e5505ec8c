/* SPDX-License-Identifier: Apache-2.0
 * The talent directory as JSON. */
#include "api/nouns.h"

#include "api/merge.h"
#include "rules/talent.h"

#include <string.h>

static void said_write(struct json *json, const struct store_talent *talent)
{
	put_string(json, "note", talent->note);
	put_array(json, "interests");
	for (size_t i = 0; i < talent->interest_count; i++)
		put_string(json, NULL, talent->interests[i]);
	put_array_end(json);
	put_time(json, "updated_at", talent->updated_at);
}

static void mine_reply(struct skd_call *call, struct reply *out, const struct store_talent *talent)
{
	put_object(&out->json, NULL);
	put_bool(&out->json, "listed", talent->listed);
	said_write(&out->json, talent);
	put_object_end(&out->json);
	reply_version(call, out, talent->version);
}

enum skd_outcome api_talent_mine(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_talent talent;
	(void)in;
	TRY(talent_mine(call, &talent));
	mine_reply(call, out, &talent);
	return SKD_OK;
}

enum skd_outcome api_talent_set(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {
		{"listed", FIELD_BOOL, .required = true}, {"note", FIELD_TEXT, .most = 2000}, {"interests", FIELD_TEXTS, .most = 100}, {NULL}};
	struct value v[3] = {0};
	struct store_talent old;
	TRY(body_read(call, in, fields, false, v));
	TRY(talent_mine(call, &old));
	struct store_talent talent = {.listed = v[0].number, .note = v[1].text, .interests = v[2].texts, .interest_count = v[2].count,
				      .version = match_version(in, old.version)};
	TRY(talent_set(call, &talent));
	mine_reply(call, out, &talent);
	return SKD_OK;
}

static void talent_write(struct json *json, const struct store_talent *talent)
{
	put_object(json, NULL);
	put_named(json, "person", talent->person_id, "name", talent->person);
	put_string(json, "title", talent->title);
	put_named(json, "unit", talent->unit_id, "name", talent->unit);
	put_raw(json, "skills", talent->skills, strlen(talent->skills));
	said_write(json, talent);
	put_object_end(json);
}

const struct field talent_list_fields[] = {{"skill", FIELD_TEXT}, {"min_level", FIELD_INT, .least = 1, .most = 20},
					   {"unit", FIELD_UUID}, {"q", FIELD_TEXT, .most = 200}, {NULL}};

enum skd_outcome api_talent_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	const struct talent_filter filter = {query_text(in, "skill"), (long)query_value(in, "min_level")->number,
					     query_text(in, "unit"), query_text(in, "q")};
	struct store_talent *talents;
	size_t count;
	TRY(talent_list(call, &filter, in->list, &talents, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		talent_write(&out->json, &talents[i]);
	reply_list_end(in, out);
	return SKD_OK;
}
