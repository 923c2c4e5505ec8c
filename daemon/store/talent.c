/* SPDX-License-Identifier: Apache-2.0
 * The talent directory. */
#include "store/talent.h"

#include "store/credential.h"

static void said_read(const struct rows *rows, int i, int column, struct store_talent *t)
{
	t->listed = row_bool(rows, i, column);
	t->note = row_text(rows, i, column + 1);
	t->interests = row_texts(rows, i, column + 2, &t->interest_count);
	t->version = row_int(rows, i, column + 3);
	t->updated_at = row_time(rows, i, column + 4);
}

#define SAID "t.listed, t.note, t.interests, t.version, t.updated_at"

static const char TALENT_GET[] = "SELECT " SAID " FROM talent_said t WHERE t.human_id = $1::uuid";

enum skd_outcome store_talent_get(struct skd_call *call, const char *human_id, struct store_talent *talent)
{
	struct rows *rows;
	*talent = (struct store_talent){.updated_at = TIME_NEVER, .version = 1};
	TRY(db_query(call, TALENT_GET, ARGS(human_id), &rows));
	if (rows_count(rows))
		said_read(rows, 0, 0, talent);
	return SKD_OK;
}

static const char TALENT_LOCK[] =
	"SELECT t.person_id FROM talent t JOIN person p ON p.id = t.person_id WHERE coalesce(p.human, p.id) = $1::uuid"
	" ORDER BY t.person_id FOR UPDATE OF t";
static const char TALENT_DROP[] = "DELETE FROM talent WHERE person_id = ANY ($1::uuid[])";
static const char TALENT_ADD[] =
	"INSERT INTO talent (person_id, listed, note, interests, version) VALUES ($1::uuid, $2::bool, $3, $4::text[], $5::int)"
	" ON CONFLICT DO NOTHING";

/* Those that were there are gone first; who says something for the first time at once with another clashes on the key. */
enum skd_outcome store_talent_put(struct skd_call *call, const char *human_id, const struct store_talent *t)
{
	struct store_talent old;
	struct rows *rows;
	int64_t touched = 0;
	TRY(db_query(call, TALENT_LOCK, ARGS(human_id), &rows));
	size_t count = (size_t)rows_count(rows);
	const char **ids = talloc_array(call, const char *, count + 1);
	for (size_t i = 0; i < count; i++)
		ids[i] = row_uuid(rows, (int)i, 0);
	TRY(store_talent_get(call, human_id, &old));
	if (old.version == t->version) {
		TRY(db_run(call, TALENT_DROP, ARGS(arg_array(call, count, ids)), NULL));
		TRY(db_run(call, TALENT_ADD,
			   ARGS(human_id, arg_bool(t->listed), t->note, arg_array(call, t->interest_count, t->interests),
				arg_int(call, old.version + 1)),
			   &touched));
	}
	return touched ? SKD_OK : fail(call, SKD_STALE, "this was changed since you read it: read it again");
}

/* What a person shows that they have: by valid credentials whose badges colleagues see. */
#define SHOWN                                                                                                         \
	"FROM proof f JOIN badge b ON b.credential_id = f.credential_id WHERE f.person_id = t.human_id"              \
	" AND f.known_to = 'infinity' AND f.valid_from <= now() AND f.valid_to > now() AND " BADGE_VISIBILITY " <> 'private'"

enum skd_outcome store_talent_list(struct skd_call *call, const struct store_talent_filter *f, struct list *list,
				   struct store_talent **talents, size_t *count)
{
	static const struct list_order orders[] = {{"name", "p.name", "text"}, {"updated_at", "t.updated_at", "timestamptz"}, {NULL, NULL, NULL}};
	static const char columns[] =
		"p.id, p.name, p.title, u.id, u.name, (SELECT coalesce(jsonb_agg(jsonb_build_object('skill', jsonb_build_object('id', s.id,"
		"  'label', s.label), 'level', s.level) ORDER BY s.label, s.id), '[]') FROM (SELECT k.id, k.label, max(h.level) AS level"
		"  FROM (SELECT f.skill_id, f.level " SHOWN ") AS h JOIN skill k ON k.id = h.skill_id GROUP BY k.id) AS s), " SAID;
	static const char where[] =
		"FROM talent_said t JOIN person p ON p.id = t.human_id LEFT JOIN unit u ON u.id = p.unit_id"
		" WHERE t.listed AND p.absent_since IS NULL AND NOT p.disabled AND p.erased_at IS NULL"
		" AND (($1::uuid[] IS NULL AND $2::int = 0) OR EXISTS (SELECT " SHOWN
		"  AND ($1::uuid[] IS NULL OR f.skill_id = ANY ($1::uuid[])) AND f.level >= $2::int))"
		" AND ($3::uuid IS NULL OR p.unit_id IN (SELECT units_within($3::uuid)))"
		" AND ($4::text IS NULL OR p.name ILIKE $4 OR t.note ILIKE $4 OR EXISTS (SELECT FROM unnest(t.interests) w WHERE w ILIKE $4))";
	struct rows *rows;
	TRY(list_query(call, list, orders, columns, where, "p.id",
		       ARGS(f->skills ? arg_array(call, f->skill_count, f->skills) : NULL, arg_int(call, f->min_level), f->unit,
			    f->q ? arg_like(call, f->q) : NULL),
		       &rows, count));
	*talents = talloc_zero_array(call, struct store_talent, *count + 1);
	for (int i = 0; i < (int)*count; i++) {
		(*talents)[i] = (struct store_talent){
			.person_id = row_uuid(rows, i, 0), .person = row_text(rows, i, 1), .title = row_text(rows, i, 2),
			.unit_id = row_uuid(rows, i, 3), .unit = row_text(rows, i, 4), .skills = row_json(rows, i, 5)};
		said_read(rows, i, 6, &(*talents)[i]);
	}
	return SKD_OK;
}
