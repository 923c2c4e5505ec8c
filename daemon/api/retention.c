/* SPDX-License-Identifier: Apache-2.0
 * /retention, /erasures, and what is done to the data of one person, as JSON. */
#include "api/nouns.h"

#include "api/merge.h"
#include "rules/person.h"
#include "rules/record.h"
#include "rules/retention.h"

#include <string.h>

/* ---- clocks ---- */

static void clock_write(struct json *json, const struct store_clock *clock)
{
	put_object(json, NULL);
	put_named(json, "person", clock->person_id, "name", clock->name);
	put_string(json, "username", clock->username);
	put_string(json, "source", clock->source);
	put_string(json, "country", clock->country);
	put_time(json, "absent_since", clock->absent_since);
	put_string(json, "policy", clock->policy);
	if (clock->policy)
		put_string(json, "erase", clock->automatic ? "automatic" : "ask");
	put_time(json, "due_at", clock->due_at);
	put_bool(json, "due", clock->due);
	put_bool(json, "held", clock->held);
	put_string(json, "hold_reason", clock->hold_reason);
	put_time(json, "hold_until", clock->hold_until);
	put_object_end(json);
}

const struct field retention_list_fields[] = {{"due", FIELD_BOOL}, {"held", FIELD_BOOL}, {NULL}};

static const char *flag_of(const struct request *in, const char *name)
{
	const struct value *value = query_value(in, name);
	return !value->given ? NULL : value->number ? "t" : "f";
}

enum skd_outcome api_retention_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	const struct store_clock_filter filter = {flag_of(in, "due"), flag_of(in, "held")};
	struct store_clock *clocks;
	size_t count;
	TRY(retention_list(call, &filter, in->list, &clocks, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		clock_write(&out->json, &clocks[i]);
	reply_list_end(in, out);
	return SKD_OK;
}

/* ---- exports ---- */

static void section_write(struct json *json, const struct store_held *section)
{
	put_array(json, section->name);
	for (size_t i = 0; i < section->count; i++)
		put_raw(json, NULL, section->items[i], strlen(section->items[i]));
	put_array_end(json);
}

enum skd_outcome api_person_export(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_held *sections;
	size_t count;
	struct json *json = &out->json;
	TRY(retention_export(call, in->ids[0], &sections, &count));
	put_object(json, NULL);
	put_raw(json, sections[0].name, sections[0].items[0], strlen(sections[0].items[0]));
	for (size_t i = 1; i < count; i++)
		section_write(json, &sections[i]);
	put_array(json, "cut");
	for (size_t i = 1; i < count; i++)
		if (sections[i].cut)
			put_string(json, NULL, sections[i].name);
	put_array_end(json);
	put_object_end(json);
	reply_fingerprint(call, out);
	return SKD_OK;
}

/* Byte for byte as it was signed. */
enum skd_outcome api_person_record(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct text document;
	TRY(record_make(call, in->ids[0], &document));
	put_raw(&out->json, NULL, document.bytes, document.size);
	reply_fingerprint(call, out);
	return SKD_OK;
}

/* ---- holds ---- */

static void hold_reply(struct skd_call *call, struct reply *out, const struct store_hold *hold)
{
	struct json *json = &out->json;
	put_object(json, NULL);
	put_named(json, "person", hold->person_id, "name", hold->name);
	put_string(json, "reason", hold->reason);
	put_time(json, "until", hold->until);
	put_time(json, "set_at", hold->set_at);
	put_string(json, "account", hold->account);
	put_object_end(json);
	reply_version(call, out, hold->version);
}

enum skd_outcome api_hold_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_hold hold;
	TRY(hold_get(call, in->ids[0], &hold));
	hold_reply(call, out, &hold);
	return SKD_OK;
}

enum skd_outcome api_hold_add(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {
		{"reason", FIELD_TEXT, .required = true, .most = 2000}, {"until", FIELD_TIME}, {NULL}};
	struct value v[2] = {0};
	struct store_hold hold;
	TRY(body_read(call, in, fields, false, v));
	TRY(hold_add(call, in->ids[0], v[0].text, v[1].given ? v[1].number : TIME_NEVER, &hold));
	out->status = 201;
	out->location = talloc_asprintf(call, "/api/v1/people/%s/hold", in->ids[0]);
	hold_reply(call, out, &hold);
	return SKD_OK;
}

enum skd_outcome api_hold_lift(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_hold hold;
	out->status = 204;
	TRY(hold_get(call, in->ids[0], &hold));
	return hold_lift(call, in->ids[0], match_version(in, hold.version));
}

/* ---- erasures ---- */

static void erasure_write(struct json *json, const struct store_erasure *erasure)
{
	put_object(json, NULL);
	put_string(json, "id", erasure->id);
	put_string(json, "person_id", erasure->person_id);
	put_time(json, "erased_at", erasure->erased_at);
	put_string(json, "account", erasure->account);
	put_string(json, "policy", erasure->policy);
	put_bool(json, "early", erasure->early);
	put_string(json, "reason", erasure->reason);
	put_raw(json, "removed", erasure->removed, strlen(erasure->removed));
	put_string(json, "digest", erasure->digest);
	put_object_end(json);
}

enum skd_outcome api_person_erase(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {
		{"reason", FIELD_TEXT, .required = true, .most = 2000}, {"early", FIELD_BOOL}, {NULL}};
	struct value v[2] = {0};
	struct store_person person;
	struct store_erasure erasure;
	TRY(person_get(call, in->ids[0], &person));
	TRY(body_read(call, in, fields, false, v));
	const struct erasure_order order = {.person_id = in->ids[0], .reason = v[0].text, .early = v[1].number,
					    .version = match_version(in, person.version)};
	TRY(erasure_make(call, &order, &erasure));
	reply_created(call, out, "/api/v1/erasures", erasure.id);
	erasure_write(&out->json, &erasure);
	reply_fingerprint(call, out);
	return SKD_OK;
}

enum skd_outcome api_erasure_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_erasure erasure;
	TRY(erasure_get(call, in->ids[0], &erasure));
	erasure_write(&out->json, &erasure);
	reply_fingerprint(call, out);
	return SKD_OK;
}

enum skd_outcome api_erasure_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_erasure *erasures;
	size_t count;
	if (!in->list->sort)
		in->list->descending = true;
	TRY(erasure_list(call, in->list, &erasures, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		erasure_write(&out->json, &erasures[i]);
	reply_list_end(in, out);
	return SKD_OK;
}
