/* SPDX-License-Identifier: Apache-2.0
 * People and units. */
#include "store/person.h"

#define PERSON_COLUMNS                                                                                         \
	"p.id, p.external_id, p.source, p.username, p.name, p.mail, p.title, p.phone, p.employee_number,"      \
	" p.locale, u.id, u.name, m.id, m.name, p.disabled, p.absent_since, p.updated_at, p.version, p.country," \
	" nullif(p.human, p.id), CASE WHEN p.human <> p.id THEN (SELECT h.name FROM person h WHERE h.id = p.human) END," \
	" CASE WHEN p.human = p.id THEN (SELECT jsonb_agg(jsonb_build_object('id', e.id,"          \
	"  'source', e.source, 'username', e.username) ORDER BY e.source, e.id) FROM person e"                  \
	"  WHERE e.human = p.id AND e.id <> p.id) END"
#define PERSON_FROM                                                                                            \
	"FROM person p LEFT JOIN unit u ON u.id = p.unit_id LEFT JOIN person m ON m.id = p.manager_id"

static void person_read(const struct rows *rows, int i, struct store_person *person)
{
	*person = (struct store_person){
		.id = row_uuid(rows, i, 0), .external_id = row_text(rows, i, 1), .source = row_text(rows, i, 2),
		.username = row_text(rows, i, 3), .name = row_text(rows, i, 4), .mail = row_text(rows, i, 5),
		.title = row_text(rows, i, 6), .phone = row_text(rows, i, 7), .employee_number = row_text(rows, i, 8),
		.locale = row_text(rows, i, 9), .unit_id = row_uuid(rows, i, 10), .unit_name = row_text(rows, i, 11),
		.manager_id = row_uuid(rows, i, 12), .manager_name = row_text(rows, i, 13),
		.disabled = row_bool(rows, i, 14), .absent_since = row_time(rows, i, 15),
		.updated_at = row_time(rows, i, 16), .version = row_int(rows, i, 17), .country = row_text(rows, i, 18),
		.human_id = row_uuid(rows, i, 19), .human_name = row_text(rows, i, 20), .also = row_json(rows, i, 21)};
}

static const char PERSON_GET[] = "SELECT " PERSON_COLUMNS " " PERSON_FROM
				 " WHERE p.id = $1::uuid AND p.erased_at IS NULL AND person_seen($2::bool, $3::uuid, $4::bool, p.id)";

enum skd_outcome store_person_get(struct skd_call *call, const struct sight *sight, const char *id,
				  struct store_person *person)
{
	struct rows *rows;
	TRY(db_query(call, PERSON_GET, ARGS(id, arg_bool(sight->everyone), sight->self, arg_bool(sight->issued)), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such person");
	person_read(rows, 0, person);
	return SKD_OK;
}

enum skd_outcome store_person_list(struct skd_call *call, const struct sight *sight,
				   const struct store_person_filter *f, struct list *list, struct store_person **people,
				   size_t *count)
{
	static const struct list_order orders[] = {{"name", "p.name", "text"},
						   {"username", "p.username", "text"},
						   {"updated_at", "p.updated_at", "timestamptz"},
						   {NULL, NULL, NULL}};
	static const char where[] =
		PERSON_FROM
		" WHERE p.erased_at IS NULL AND (p.human IS NULL OR p.human = p.id) AND ($1::bool OR p.id IN (SELECT people_seen($2::uuid, $3::bool)))"
		" AND ($4::text IS NULL OR p.name ILIKE $4 OR p.username ILIKE $4 OR p.mail ILIKE $4 OR p.employee_number ILIKE $4"
		"  OR (p.human = p.id AND EXISTS (SELECT FROM person e WHERE e.human = p.id"
		"   AND (e.name ILIKE $4 OR e.username ILIKE $4 OR e.mail ILIKE $4 OR e.employee_number ILIKE $4))))"
		" AND ($5::uuid IS NULL OR p.unit_id IN (SELECT units_within($5::uuid)))"
		" AND ($6::uuid IS NULL OR p.id IN (SELECT people_below($6::uuid)))"
		" AND ($7::text IS NULL OR $7 = CASE WHEN p.absent_since IS NOT NULL THEN 'absent'"
		"  WHEN p.disabled THEN 'disabled' ELSE 'active' END)"
		" AND ($8::text IS NULL OR p.id IN (SELECT coalesce(e.human, e.id) FROM person e WHERE lower(e.username) = lower($8)))"
		" AND ($9::text IS NULL OR p.name ILIKE $9)";
	struct rows *rows;
	TRY(list_query(call, list, orders, PERSON_COLUMNS, where, "p.id",
		       ARGS(arg_bool(sight->everyone), sight->self, arg_bool(sight->issued),
			    f->q ? arg_like(call, f->q) : NULL, f->unit, f->manager, f->status, f->username,
			    f->name ? arg_like(call, f->name) : NULL),
		       &rows, count));
	*people = talloc_zero_array(call, struct store_person, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		person_read(rows, i, &(*people)[i]);
	return SKD_OK;
}

static const char PERSON_BY_ID[] =
	"SELECT id, coalesce(human, id) FROM person WHERE id = $1::uuid AND erased_at IS NULL";
static const char PERSON_BY_NAME[] =
	"SELECT DISTINCT ON (coalesce(human, id)) id, coalesce(human, id) FROM person WHERE lower(username) = lower($1)"
	" AND absent_since IS NULL ORDER BY coalesce(human, id), id <> coalesce(human, id), source LIMIT 2";

enum skd_outcome store_person_find(struct skd_call *call, const char *ref, const char **entry_id, const char **human_id)
{
	struct rows *rows;
	TRY(db_query(call, uuid_valid(ref) ? PERSON_BY_ID : PERSON_BY_NAME, ARGS(ref), &rows));
	if (rows_count(rows) > 1)
		return fail(call, SKD_CLASH, "more than one person has the username %s: use the id", ref);
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such person");
	*entry_id = row_uuid(rows, 0, 0);
	*human_id = row_uuid(rows, 0, 1);
	return SKD_OK;
}

static const char PERSON_SEEN[] =
	"SELECT coalesce(p.human, p.id) FROM person p WHERE p.id = $1::uuid AND p.erased_at IS NULL"
	" AND person_seen($2::bool, $3::uuid, $4::bool, p.id)";

enum skd_outcome store_person_seen(struct skd_call *call, const struct sight *sight, const char *id, const char **human_id)
{
	struct rows *rows;
	TRY(db_query(call, PERSON_SEEN, ARGS(id, arg_bool(sight->everyone), sight->self, arg_bool(sight->issued)), &rows));
	*human_id = rows_count(rows) ? row_uuid(rows, 0, 0) : NULL;
	return SKD_OK;
}

/* ---- units ---- */

#define UNIT_PEOPLE "(SELECT count(*) FROM person p WHERE p.absent_since IS NULL AND p.unit_id = u.id" \
		    " AND (p.human IS NULL OR p.human = p.id))"
#define UNIT_COLUMNS "u.id, u.name, u.parent_id, " UNIT_PEOPLE

static void unit_read(const struct rows *rows, int i, struct store_unit *unit)
{
	*unit = (struct store_unit){row_uuid(rows, i, 0), row_text(rows, i, 1), row_uuid(rows, i, 2), row_int(rows, i, 3)};
}

static const char UNIT_GET[] = "SELECT " UNIT_COLUMNS " FROM unit u WHERE u.id = $1::uuid AND u.absent_since IS NULL AND u.used";

enum skd_outcome store_unit_get(struct skd_call *call, const char *id, struct store_unit *unit)
{
	struct rows *rows;
	TRY(db_query(call, UNIT_GET, ARGS(id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such unit");
	unit_read(rows, 0, unit);
	return SKD_OK;
}

enum skd_outcome store_unit_list(struct skd_call *call, struct list *list, struct store_unit **units,
				 size_t *count)
{
	static const struct list_order orders[] = {
		{"name", "u.name", "text"}, {"people", UNIT_PEOPLE, "bigint"}, {NULL, NULL, NULL}};
	static const char where[] = "FROM unit u WHERE u.absent_since IS NULL AND u.used";
	struct rows *rows;
	TRY(list_query(call, list, orders, UNIT_COLUMNS, where, "u.id", NO_ARGS, &rows, count));
	*units = talloc_zero_array(call, struct store_unit, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		unit_read(rows, i, &(*units)[i]);
	return SKD_OK;
}
