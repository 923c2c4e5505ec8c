/* SPDX-License-Identifier: Apache-2.0
 * /people and /units as JSON. */
#include "api/nouns.h"

#include "api/person.h"

#include <string.h>

static void person_write(struct json *json, const struct store_person *p)
{
	bool absent = p->absent_since != TIME_NEVER;
	put_object(json, NULL);
	put_string(json, "id", p->id);
	put_string(json, "external_id", p->external_id);
	put_string(json, "source", p->source);
	put_string(json, "username", p->username);
	put_string(json, "name", p->name);
	put_string(json, "mail", p->mail);
	put_string(json, "title", p->title);
	put_string(json, "phone", p->phone);
	put_string(json, "employee_number", p->employee_number);
	put_string(json, "locale", p->locale);
	put_string(json, "country", p->country);
	put_named(json, "unit", p->unit_id, "name", p->unit_name);
	put_named(json, "manager", p->manager_id, "name", p->manager_name);
	put_named(json, "same_as", p->human_id, "name", p->human_name);
	if (p->also)
		put_raw(json, "also", p->also, strlen(p->also));
	put_string(json, "status", absent ? "absent" : p->disabled ? "disabled" : "active");
	put_time(json, "absent_since", p->absent_since);
	put_time(json, "updated_at", p->updated_at);
	put_object_end(json);
}

enum skd_outcome api_person_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_person person;
	TRY(person_get(call, in->ids[0], &person));
	person_write(&out->json, &person);
	reply_version(call, out, person.version);
	return SKD_OK;
}

const struct field person_list_fields[] = {
	{"q", FIELD_TEXT, .most = 200}, {"unit", FIELD_UUID}, {"manager", FIELD_UUID},
	{"status", FIELD_ENUM, .words = "active|disabled|absent"}, {"username", FIELD_TEXT, .most = 256},
	{NULL}};

enum skd_outcome api_person_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_person_filter filter = {
		.q = query_text(in, "q"), .unit = query_text(in, "unit"), .manager = query_text(in, "manager"),
		.status = query_text(in, "status"), .username = query_text(in, "username")};
	struct store_person *people;
	size_t count;
	TRY(person_list(call, &filter, in->list, &people, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		person_write(&out->json, &people[i]);
	reply_list_end(in, out);
	return SKD_OK;
}

void colleague_write(struct json *json, const char *key, const struct store_person *person)
{
	put_object(json, key);
	put_string(json, "id", person->id);
	put_string(json, "name", person->name);
	put_string(json, "title", person->title);
	put_named(json, "unit", person->unit_id, "name", person->unit_name);
	put_object_end(json);
}

const struct field colleague_list_fields[] = {{"q", FIELD_TEXT, .most = 200}, {"unit", FIELD_UUID}, {NULL}};

enum skd_outcome api_colleague_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_person *people;
	size_t count;
	TRY(person_colleagues(call, query_text(in, "q"), query_text(in, "unit"), in->list, &people, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		colleague_write(&out->json, NULL, &people[i]);
	reply_list_end(in, out);
	return SKD_OK;
}

static void unit_write(struct json *json, const struct store_unit *unit)
{
	put_object(json, NULL);
	put_string(json, "id", unit->id);
	put_string(json, "name", unit->name);
	put_string(json, "parent_id", unit->parent_id);
	put_int(json, "people", unit->people);
	put_object_end(json);
}

enum skd_outcome api_unit_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_unit unit;
	TRY(unit_get(call, in->ids[0], &unit));
	unit_write(&out->json, &unit);
	reply_fingerprint(call, out);
	return SKD_OK;
}

enum skd_outcome api_unit_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_unit *units;
	size_t count;
	TRY(unit_list(call, in->list, &units, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		unit_write(&out->json, &units[i]);
	reply_list_end(in, out);
	return SKD_OK;
}
