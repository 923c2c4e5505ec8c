/* SPDX-License-Identifier: Apache-2.0
 * /achievements as JSON. */
#include "api/nouns.h"

#include "api/assessment.h"
#include "api/body.h"
#include "api/drawing.h"
#include "api/merge.h"
#include "api/renewal.h"
#include "api/rubric.h"
#include "rules/achievement.h"
#include "rules/assessment.h"
#include "rules/image.h"
#include "rules/language.h"
#include "rules/rubric.h"

#include <string.h>

/* Who asked for it, when, and what they said. */
static void review_write(struct json *json, const struct store_step *asked)
{
	if (!asked->account)
		return;
	put_object(json, "review");
	put_time(json, "at", asked->at);
	put_string(json, "account", asked->account);
	put_string(json, "comment", asked->comment);
	put_object_end(json);
}

static void owner_write(struct json *json, const struct store_achievement *a)
{
	if (!a->owner_id)
		return;
	put_object(json, "owner");
	put_string(json, "id", a->owner_id);
	put_string(json, "name", a->owner);
	put_time(json, "absent_since", a->owner_left);
	put_object_end(json);
}

static void put_texts(struct json *json, const char *key, const char *const *texts, size_t count)
{
	put_array(json, key);
	for (size_t i = 0; i < count; i++)
		put_string(json, NULL, texts[i]);
	put_array_end(json);
}

static void links_write(struct json *json, const char *key, const struct store_achievement_link *links, size_t count)
{
	put_array(json, key);
	for (size_t i = 0; i < count; i++)
		put_named(json, NULL, links[i].id, "name", links[i].name);
	put_array_end(json);
}

/* What Open Badges 3.0 has of an achievement besides. */
static void more_write(struct json *json, const struct store_achievement *a)
{
	put_texts(json, "tags", a->tags, a->tag_count);
	put_string(json, "language", a->language);
	if (strcmp(a->translations, "{}") != 0)
		put_raw(json, "translations", a->translations, strlen(a->translations));
	put_raw(json, "alignments", a->alignments, strlen(a->alignments));
	put_raw(json, "result_descriptions", a->results, strlen(a->results));
	links_write(json, "related", a->related, a->related_count);
	links_write(json, "recommended", a->recommended, a->recommended_count);
	if (a->credits)
		put_raw(json, "credits", a->credits, strlen(a->credits));
	put_string(json, "field_of_study", a->field_of_study);
	put_string(json, "specialization", a->specialization);
	put_string(json, "human_code", a->human_code);
	put_string(json, "on_leave", a->on_leave);
	put_string(json, "on_move", a->on_move);
	if (a->renewal)
		put_raw(json, "renewal", a->renewal, strlen(a->renewal));
}

static enum skd_outcome achievement_write(struct skd_call *call, struct json *json, const struct store_achievement *a, bool answers)
{
	put_object(json, NULL);
	put_string(json, "id", a->id);
	put_int(json, "version", a->number);
	put_string(json, "type", a->type);
	put_string(json, "name", a->name);
	put_string(json, "description", a->description);
	put_string(json, "criteria", a->criteria);
	put_named(json, "issuer", a->issuer_id, "name", a->issuer);
	put_array(json, "skills");
	for (size_t i = 0; i < a->skill_count; i++) {
		put_object(json, NULL);
		put_named(json, "skill", a->skills[i].id, "label", a->skills[i].label);
		put_int(json, "level", a->skills[i].level);
		put_object_end(json);
	}
	put_array_end(json);
	more_write(json, a);
	put_string(json, "validity", a->validity);
	put_string(json, "lapse", a->lapse);
	put_string(json, "state", a->state);
	put_string(json, "image_url", a->image_url ? a->image_url : image_place(call, a->id, a->number));
	review_write(json, &a->asked);
	owner_write(json, a);
	put_string(json, "next_review", a->next_review);
	drawing_write(json, a);
	put_time(json, "updated_at", a->updated_at);
	TRY(assessment_put(call, json, a, answers));
	put_object_end(json);
	return SKD_OK;
}

/* An older version gets an ETag of its own, which If-Match of a PATCH never meets. */
static enum skd_outcome achievement_reply(struct skd_call *call, struct reply *out, const struct store_achievement *a)
{
	bool answers;
	TRY(assessment_answers_shown(call, a, &answers));
	TRY(achievement_write(call, &out->json, a, answers));
	if (a->number == a->latest)
		reply_version(call, out, a->version);
	else
		out->etag = talloc_asprintf(call, "version-%ld", a->number);
	return SKD_OK;
}

const struct field achievement_list_fields[] = {
	{"q", FIELD_TEXT, .most = 200}, {"skill", FIELD_TEXT}, {"type", FIELD_TEXT, .most = 100},
	{"state", FIELD_ENUM, .words = "draft|in_review|published|archived"}, {"tag", FIELD_TEXT, .most = 100},
	{"issuer", FIELD_UUID}, {"owner", FIELD_REF}, {"owner_left", FIELD_BOOL}, {"review_before", FIELD_DATE}, {NULL}};
const struct field achievement_get_fields[] = {{"version", FIELD_INT, .least = 1, .most = INT32_MAX}, {NULL}};

enum skd_outcome api_achievement_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct achievement_filter filter = {.q = query_text(in, "q"), .state = query_text(in, "state"),
					    .type = query_text(in, "type"), .skill = query_text(in, "skill"),
					    .tag = query_text(in, "tag"), .issuer = query_text(in, "issuer"),
					    .owner = query_text(in, "owner"), .review_before = query_text(in, "review_before")};
	const struct value *left = query_value(in, "owner_left");
	filter.owner_left = !left->given ? NULL : left->number ? "true" : "false";
	struct store_achievement *achievements;
	size_t count;
	TRY(achievement_list(call, &filter, in->list, &achievements, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		TRY(achievement_write(call, &out->json, &achievements[i], false));
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_achievement_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_achievement achievement;
	TRY(achievement_get(call, in->ids[0], (long)query_value(in, "version")->number, &achievement));
	return achievement_reply(call, out, &achievement);
}

/* ---- writing ---- */

static enum skd_outcome skills_read(struct skd_call *call, const struct value *value, struct skill_proved **skills,
				    size_t *count)
{
	static const struct field fields[] = {
		{"skill", FIELD_REF, .required = true}, {"level", FIELD_INT, .required = true, .least = 1, .most = 20}, {NULL}};
	size_t i;
	json_t *item;
	if (!value->given)
		return SKD_OK;
	if (!value->null && !json_is_array(value->json))
		return fail_field(call, "/skills", "must be an array of skills with a level");
	*count = value->null ? 0 : json_array_size(value->json);
	*skills = talloc_zero_array(call, struct skill_proved, *count + 1);
	json_array_foreach (value->json, i, item) {
		const char *at = talloc_asprintf(call, "/skills/%zu", i);
		struct value v[2] = {0};
		if (!json_is_object(item))
			return fail_field(call, at, "must be an object with skill and level");
		TRY(fields_object(call, fields, at, item, false, v));
		(*skills)[i] = (struct skill_proved){v[0].text, (long)v[1].number};
	}
	return SKD_OK;
}

enum { TYPE, NAME, DESCRIPTION, CRITERIA, SKILLS, VALIDITY, IMAGE, PICTURE, STATE, TAGS, OWNER, NEXT_REVIEW, LANGUAGE, TRANSLATIONS, ALIGNMENTS,
       RESULTS, RELATED, RECOMMENDED, CREDITS, FIELD_OF_STUDY, SPECIALIZATION, HUMAN_CODE, ASSESSMENT, RENEWAL, LAPSE, ON_LEAVE, ON_MOVE, ISSUER, FIELDS };
static const struct field achievement_fields[FIELDS + 1] = {
	[TYPE] = {"type", FIELD_TEXT, .most = 100},
	[NAME] = {"name", FIELD_TEXT, .required = true},
	[DESCRIPTION] = {"description", FIELD_TEXT, .most = 10000},
	[CRITERIA] = {"criteria", FIELD_TEXT, .most = 10000},
	[SKILLS] = {"skills", FIELD_JSON},
	[VALIDITY] = {"validity", FIELD_PERIOD, .most = 40},
	[IMAGE] = {"image_url", FIELD_URL, .most = 2000},
	[PICTURE] = {"image", FIELD_JSON},
	[STATE] = {"state", FIELD_ENUM, .words = "draft|published|archived"},
	[TAGS] = {"tags", FIELD_TEXTS, .most = 100},
	[OWNER] = {"owner", FIELD_REF},
	[NEXT_REVIEW] = {"next_review", FIELD_DATE},
	[LANGUAGE] = {"language", FIELD_TEXT, .most = 11},
	[TRANSLATIONS] = {"translations", FIELD_JSON},
	[ALIGNMENTS] = {"alignments", FIELD_JSON},
	[RESULTS] = {"result_descriptions", FIELD_JSON},
	[RELATED] = {"related", FIELD_JSON},
	[RECOMMENDED] = {"recommended", FIELD_JSON},
	[CREDITS] = {"credits", FIELD_JSON},
	[FIELD_OF_STUDY] = {"field_of_study", FIELD_TEXT},
	[SPECIALIZATION] = {"specialization", FIELD_TEXT},
	[HUMAN_CODE] = {"human_code", FIELD_TEXT, .most = 100},
	[ASSESSMENT] = {"assessment", FIELD_JSON},
	[RENEWAL] = {"renewal", FIELD_JSON},
	[LAPSE] = {"lapse", FIELD_PERIOD, .most = 40},
	[ON_LEAVE] = {"on_leave", FIELD_ENUM, .words = "keep|suspend|revoke"},
	[ON_MOVE] = {"on_move", FIELD_ENUM, .words = "keep|suspend|revoke"},
	[ISSUER] = {"issuer", FIELD_REF}, /* the last: it is said once */
};

/* Of ids, or objects with one. */
static enum skd_outcome links_merge(struct skd_call *call, const char *field, const struct value *value,
				    struct store_achievement_link **links, size_t *count)
{
	size_t i;
	json_t *item;
	if (!value->given)
		return SKD_OK;
	if (!value->null && !json_is_array(value->json))
		return fail_field(call, field, "must be an array of achievements");
	*count = value->null ? 0 : json_array_size(value->json);
	*links = talloc_zero_array(call, struct store_achievement_link, *count + 1);
	json_array_foreach (value->json, i, item) {
		const char *text = json_string_value(json_is_object(item) ? json_object_get(item, "id") : item);
		char *id = talloc_size(call, UUID_SIZE);
		if (!text || !uuid_parse(text, id))
			return fail_field(call, talloc_asprintf(call, "%s/%zu", field, i), "must be an achievement's id");
		(*links)[i].id = id;
	}
	return SKD_OK;
}

/* Hundredths, written as short as can be. */
static enum skd_outcome credits_merge(struct skd_call *call, const struct value *value, const char **credits)
{
	double number = json_number_value(value->json);
	if (!value->given)
		return SKD_OK;
	*credits = NULL;
	if (value->null)
		return SKD_OK;
	if (!json_is_number(value->json) || !(number >= 0 && number <= 100000))
		return fail_field(call, "/credits", "must be a number from 0 to 100000");
	long hundredths = (long)(number * 100 + 0.5);
	double rest = number - (double)hundredths / 100;
	if (rest > 1e-9 || rest < -1e-9)
		return fail_field(call, "/credits", "must have at most two decimals");
	*credits = hundredths % 100 == 0  ? talloc_asprintf(call, "%ld", hundredths / 100)
		   : hundredths % 10 == 0 ? talloc_asprintf(call, "%ld.%ld", hundredths / 100, hundredths % 100 / 10)
					  : talloc_asprintf(call, "%ld.%02ld", hundredths / 100, hundredths % 100);
	return SKD_OK;
}

/* A merge patch (RFC 7396) of {tag: {member: text}}. */
static enum skd_outcome translations_patch(struct skd_call *call, json_t *to, json_t *patch)
{
	const char *key;
	json_t *item;
	json_object_foreach (patch, key, item) {
		const char *tag = language_tag(call, key);
		if (!tag)
			return fail_field(call, "/translations", "%s is no language tag such as de or de-CH", text_shown(call, key));
		if (json_is_null(item)) {
			json_object_del(to, tag);
			continue;
		}
		if (!json_is_object(item))
			return fail_field(call, talloc_asprintf(call, "/translations/%s", tag), "must be an object");
		if (!json_object_get(to, tag))
			json_object_set_new(to, tag, json_object());
		json_object_update(json_object_get(to, tag), item);
	}
	return SKD_OK;
}

/* Checks each and writes it anew; a text that is null is there no more. */
static enum skd_outcome translation_write(struct skd_call *call, struct json *json, const char *tag, json_t *item)
{
	static const struct field fields[] = {
		{"name", FIELD_TEXT}, {"description", FIELD_TEXT, .most = 10000}, {"criteria", FIELD_TEXT, .most = 10000}, {NULL}};
	const char *at = talloc_asprintf(call, "/translations/%s", tag);
	struct value v[3] = {0};
	TRY(fields_object(call, fields, at, item, true, v));
	if (!v[0].text && !v[1].text && !v[2].text)
		return fail_field(call, at, "needs a name, a description or criteria");
	put_object(json, tag);
	for (int i = 0; i < 3; i++)
		put_string(json, fields[i].name, v[i].text);
	put_object_end(json);
	return SKD_OK;
}

static enum skd_outcome translations_write(struct skd_call *call, json_t *all, struct store_achievement *a)
{
	struct text text;
	struct json json;
	const char *tag;
	json_t *item;
	TRY(language_others(call, a->language, json_object_size(all), a->language && json_object_get(all, a->language)));
	text_begin(&text, call, 64);
	json_begin(&json, &text);
	put_object(&json, NULL);
	json_object_foreach (all, tag, item)
		TRY(translation_write(call, &json, tag, item));
	put_object_end(&json);
	a->translations = text_end(&text);
	return SKD_OK;
}

static enum skd_outcome languages_merge(struct skd_call *call, const struct value *language, const struct value *translations,
					struct store_achievement *a)
{
	const char *kept = a->translations && !translations->null ? a->translations : "{}";
	json_t *all;
	if (language->given)
		a->language = language->null ? NULL : language_tag(call, language->text);
	if (language->given && !language->null && !a->language)
		return fail_field(call, "/language", "must be a language tag such as de or de-CH");
	TRY(fields_parse(call, kept, strlen(kept), &all));
	if (translations->json && !translations->null) {
		if (!json_is_object(translations->json))
			return fail_field(call, "/translations", "must be an object of languages");
		TRY(translations_patch(call, all, translations->json));
	}
	return translations_write(call, all, a);
}

/* What is nested: first all that has a wrong form is named, then what means nothing. */
static enum skd_outcome nested_merge(struct skd_call *call, const struct value *v, bool patch, struct store_achievement *a)
{
	struct skd_alignment *alignments;
	struct skd_result_description *results;
	size_t alignment_count, result_count;
	TRY(links_merge(call, "/related", &v[RELATED], &a->related, &a->related_count));
	TRY(links_merge(call, "/recommended", &v[RECOMMENDED], &a->recommended, &a->recommended_count));
	TRY(credits_merge(call, &v[CREDITS], &a->credits));
	TRY(alignments_read(call, "/alignments", v[ALIGNMENTS].json, &alignments, &alignment_count));
	TRY(descriptions_read(call, "/result_descriptions", v[RESULTS].json, &results, &result_count));
	TRY(languages_merge(call, &v[LANGUAGE], &v[TRANSLATIONS], a));
	if (v[ALIGNMENTS].given)
		TRY(rubric_alignments(call, alignments, alignment_count, &a->alignments));
	if (v[RESULTS].given)
		TRY(rubric_results(call, results, result_count, &a->results));
	TRY(assessment_merge(call, &v[ASSESSMENT], patch, a));
	return renewal_merge(call, &v[RENEWAL], patch, a);
}

static void policy_merge(const struct value *value, const char **to)
{
	if (value->given)
		*to = value->null ? "keep" : value->text;
}

static enum skd_outcome body_merge(struct skd_call *call, const struct request *in, bool patch,
				   struct store_achievement *a, struct skill_proved **skills, size_t *count)
{
	struct value v[FIELDS] = {0};
	struct field table[FIELDS + 1];
	memcpy(table, achievement_fields, sizeof table);
	if (patch)
		table[ISSUER].name = NULL;
	TRY(body_read(call, in, table, patch, v));
	if (v[TYPE].null || v[STATE].null)
		return fail_field(call, v[TYPE].null ? "/type" : "/state", "must not be null");
	merge_text(&v[TYPE], &a->type);
	merge_text(&v[NAME], &a->name);
	merge_text(&v[DESCRIPTION], &a->description);
	merge_text(&v[CRITERIA], &a->criteria);
	merge_text(&v[VALIDITY], &a->validity);
	merge_text(&v[LAPSE], &a->lapse);
	TRY(drawing_read(call, &v[PICTURE], patch, a));
	merge_text(&v[IMAGE], &a->image_url);
	if (!v[STATE].given && patch)
		a->state = NULL; /* the rules say what follows */
	merge_text(&v[STATE], &a->state);
	merge_text(&v[ISSUER], &a->issuer_id);
	merge_texts(&v[TAGS], &a->tags, &a->tag_count);
	merge_text(&v[OWNER], &a->owner_entry);
	merge_text(&v[NEXT_REVIEW], &a->next_review);
	merge_text(&v[FIELD_OF_STUDY], &a->field_of_study);
	merge_text(&v[SPECIALIZATION], &a->specialization);
	merge_text(&v[HUMAN_CODE], &a->human_code);
	policy_merge(&v[ON_LEAVE], &a->on_leave);
	policy_merge(&v[ON_MOVE], &a->on_move);
	TRY(skills_read(call, &v[SKILLS], skills, count));
	return nested_merge(call, v, patch, a);
}

enum skd_outcome api_achievement_add(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_achievement achievement = {.type = "Badge", .state = "draft", .language = call->house->language,
						.on_leave = "keep", .on_move = "keep"};
	struct skill_proved *skills = NULL;
	size_t count = 0;
	TRY(body_merge(call, in, false, &achievement, &skills, &count));
	TRY(achievement_add(call, skills, count, &achievement));
	reply_created(call, out, "/api/v1/achievements", achievement.id);
	return achievement_reply(call, out, &achievement);
}

enum skd_outcome api_achievement_set(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_achievement achievement;
	struct skill_proved *skills = NULL;
	size_t count = 0;
	TRY(achievement_get(call, in->ids[0], 0, &achievement));
	TRY(merge_match(call, in, achievement.version));
	TRY(body_merge(call, in, true, &achievement, &skills, &count));
	TRY(achievement_set(call, skills, count, &achievement));
	return achievement_reply(call, out, &achievement);
}

/* ---- the review ---- */

static enum skd_outcome review(struct skd_call *call, const struct request *in, struct reply *out, bool must_say,
			       enum skd_outcome (*step)(struct skd_call *call, const char *comment, struct store_achievement *a))
{
	const struct field fields[] = {{"comment", FIELD_TEXT, .required = must_say, .most = 2000}, {NULL}};
	struct value v[1] = {0};
	struct store_achievement achievement;
	TRY(achievement_get(call, in->ids[0], 0, &achievement));
	TRY(merge_match(call, in, achievement.version));
	if (in->body || must_say)
		TRY(body_read(call, in, fields, false, v));
	TRY(step(call, v[0].text, &achievement));
	return achievement_reply(call, out, &achievement);
}

enum skd_outcome api_achievement_submit(struct skd_call *call, const struct request *in, struct reply *out)
{
	return review(call, in, out, false, achievement_submit);
}

enum skd_outcome api_achievement_approve(struct skd_call *call, const struct request *in, struct reply *out)
{
	return review(call, in, out, false, achievement_approve);
}

enum skd_outcome api_achievement_return(struct skd_call *call, const struct request *in, struct reply *out)
{
	return review(call, in, out, true, achievement_return);
}

static void step_write(struct json *json, const struct store_step *step)
{
	put_object(json, NULL);
	put_string(json, "kind", step->kind);
	put_int(json, "version", step->number);
	put_time(json, "at", step->at);
	put_string(json, "account", step->account);
	put_string(json, "comment", step->comment);
	put_object_end(json);
}

enum skd_outcome api_achievement_events(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_step *steps;
	size_t from, count;
	TRY(achievement_events(call, in->ids[0], &steps, &count));
	TRY(list_slice(call, in->list, &from, &count));
	reply_list_begin(in, out);
	for (size_t i = from; i < from + count; i++)
		step_write(&out->json, &steps[list_item(in->list, i)]);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_achievement_picture(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_achievement achievement;
	struct skd_text picture;
	enum skd_image kind;
	TRY(achievement_get(call, in->ids[0], 0, &achievement));
	TRY(merge_match(call, in, achievement.version));
	TRY(body_picture(call, in, out, &kind, &picture));
	TRY(achievement_picture_set(call, kind, picture, &achievement));
	return achievement_reply(call, out, &achievement);
}
