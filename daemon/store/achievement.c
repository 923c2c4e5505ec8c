/* SPDX-License-Identifier: Apache-2.0
 * Achievements, their versions and events. */
#include "store/achievement.h"

#define ACHIEVEMENT_COLUMNS                                                                               \
	"ach.id, v.number, ach.latest, v.type, v.name, v.description, v.criteria, i.id, i.name, v.validity," \
	" v.image_url, v.state, ach.version, ach.updated_at, r.account, r.recorded_at, r.comment,"              \
	" v.tags, o.id, ach.owner_id, o.name, o.absent_since, ach.next_review::text,"                    \
	" v.language, v.translations, v.alignments, v.results, trim_scale(v.credits)::text, v.field_of_study, v.specialization,"  \
	" v.human_code, v.related::text[], v.recommended::text[], v.picture_id, pic.svg IS NOT NULL, v.drawing, v.assessment,"                     \
	" v.on_leave, v.on_move, v.renewal, v.lapse"
#define ACHIEVEMENT_FROM                                                                                \
	"FROM achievement ach JOIN achievement_version v ON v.achievement_id = ach.id"                  \
	" JOIN issuer i ON i.id = ach.issuer_id LEFT JOIN person e ON e.id = ach.owner_id"               \
	" LEFT JOIN person o ON o.id = coalesce(e.human, e.id) LEFT JOIN picture pic ON pic.id = v.picture_id"         \
	" LEFT JOIN LATERAL (SELECT coalesce(w.account, 'erased') AS account, e.recorded_at, n.comment" \
	"  FROM achievement_event e JOIN who w ON w.id = e.who LEFT JOIN achievement_note n ON n.event_id = e.id" \
	"  WHERE v.state = 'in_review' AND e.achievement_id = v.achievement_id AND e.number = v.number" \
	"  AND e.kind = 'submitted' ORDER BY e.id DESC LIMIT 1) r ON true"

static void links_read(const struct rows *rows, int i, int column, struct store_achievement_link **links, size_t *count)
{
	const char *const *ids = row_texts(rows, i, column, count);
	*links = talloc_zero_array(rows, struct store_achievement_link, *count + 1);
	for (size_t k = 0; k < *count; k++)
		(*links)[k].id = ids[k];
}

static void achievement_read(const struct rows *rows, int i, struct store_achievement *a)
{
	size_t words;
	const char *const *drawing = row_texts(rows, i, 35, &words);
	*a = (struct store_achievement){
		.id = row_uuid(rows, i, 0), .number = row_int(rows, i, 1), .latest = row_int(rows, i, 2),
		.type = row_text(rows, i, 3), .name = row_text(rows, i, 4), .description = row_text(rows, i, 5),
		.criteria = row_text(rows, i, 6), .issuer_id = row_uuid(rows, i, 7), .issuer = row_text(rows, i, 8),
		.validity = row_text(rows, i, 9), .image_url = row_text(rows, i, 10), .state = row_text(rows, i, 11),
		.version = row_int(rows, i, 12), .updated_at = row_time(rows, i, 13),
		.asked = {.account = row_text(rows, i, 14), .at = row_time(rows, i, 15), .comment = row_text(rows, i, 16)},
		.owner_id = row_uuid(rows, i, 18), .owner_entry = row_uuid(rows, i, 19), .owner = row_text(rows, i, 20),
		.owner_left = row_time(rows, i, 21), .next_review = row_text(rows, i, 22),
		.language = row_text(rows, i, 23), .translations = row_json(rows, i, 24), .alignments = row_json(rows, i, 25),
		.results = row_json(rows, i, 26), .credits = row_text(rows, i, 27), .field_of_study = row_text(rows, i, 28),
		.specialization = row_text(rows, i, 29), .human_code = row_text(rows, i, 30),
		.picture_id = row_uuid(rows, i, 33), .picture_svg = row_bool(rows, i, 34), .drawing = words ? drawing : NULL,
		.assessment = row_json(rows, i, 36), .on_leave = row_text(rows, i, 37), .on_move = row_text(rows, i, 38),
		.renewal = row_json(rows, i, 39), .lapse = row_text(rows, i, 40)};
	links_read(rows, i, 31, &a->related, &a->related_count);
	links_read(rows, i, 32, &a->recommended, &a->recommended_count);
	a->tags = row_texts(rows, i, 17, &a->tag_count);
}

static const char ACHIEVEMENT_SKILLS[] =
	"SELECT w.at, k.id, k.label, s.level FROM unnest($1::uuid[], $2::int[]) WITH ORDINALITY w (id, number, at)"
	" JOIN achievement_skill s ON s.achievement_id = w.id AND s.number = w.number JOIN skill k ON k.id = s.skill_id"
	" ORDER BY w.at, k.label, k.id";

/* The skills of all of them in one query. */
static enum skd_outcome skills_read(struct skd_call *call, struct store_achievement *achievements, size_t count)
{
	const char **ids = talloc_array(call, const char *, count + 1);
	const char **numbers = talloc_array(call, const char *, count + 1);
	struct rows *rows;
	for (size_t i = 0; i < count; i++) {
		ids[i] = achievements[i].id;
		numbers[i] = arg_int(call, achievements[i].number);
	}
	TRY(db_query(call, ACHIEVEMENT_SKILLS, ARGS(arg_array(call, count, ids), arg_array(call, count, numbers)),
		     &rows));
	int total = rows_count(rows);
	struct store_achievement_skill *skills = talloc_zero_array(call, struct store_achievement_skill, total + 1);
	for (int i = 0; i < total; i++) {
		struct store_achievement *a = &achievements[row_int(rows, i, 0) - 1];
		skills[i] = (struct store_achievement_skill){row_uuid(rows, i, 1), row_text(rows, i, 2),
							     row_int(rows, i, 3)};
		a->skills = a->skill_count ? a->skills : &skills[i];
		a->skill_count++;
	}
	return SKD_OK;
}

static const char ACHIEVEMENT_NAMES[] =
	"SELECT w.at, v.name FROM unnest($1::uuid[]) WITH ORDINALITY w (id, at) CROSS JOIN LATERAL (SELECT v.name"
	" FROM achievement_version v WHERE v.achievement_id = w.id AND ($2::bool OR " ACHIEVEMENT_OUT ")"
	" ORDER BY v.number DESC LIMIT 1) AS v";

enum skd_outcome store_achievement_names(struct skd_call *call, bool drafts, struct store_achievement_link *links, size_t count)
{
	const char **ids = talloc_array(call, const char *, count + 1);
	struct rows *rows;
	if (!count)
		return SKD_OK;
	for (size_t i = 0; i < count; i++)
		ids[i] = links[i].id;
	TRY(db_query(call, ACHIEVEMENT_NAMES, ARGS(arg_array(call, count, ids), arg_bool(drafts)), &rows));
	for (int i = 0; i < rows_count(rows); i++)
		links[row_int(rows, i, 0) - 1].name = row_text(rows, i, 1);
	return SKD_OK;
}

/* Out of all of them, in order; what is not seen is not told of. */
static const struct store_achievement_link *links_keep(const struct store_achievement_link *named,
						       struct store_achievement_link *links, size_t *count)
{
	size_t kept = 0;
	for (size_t i = 0; i < *count; i++, named++)
		if (named->name)
			links[kept++] = *named;
	*count = kept;
	return named;
}

/* The names in one query. */
static enum skd_outcome links_name(struct skd_call *call, bool drafts, struct store_achievement *list, size_t count)
{
	size_t total = 0, at = 0;
	for (size_t i = 0; i < count; i++)
		total += list[i].related_count + list[i].recommended_count;
	struct store_achievement_link *all = talloc_zero_array(call, struct store_achievement_link, total + 1);
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < list[i].related_count; k++)
			all[at++] = list[i].related[k];
		for (size_t k = 0; k < list[i].recommended_count; k++)
			all[at++] = list[i].recommended[k];
	}
	TRY(store_achievement_names(call, drafts, all, total));
	const struct store_achievement_link *next = all;
	for (size_t i = 0; i < count; i++) {
		next = links_keep(next, list[i].related, &list[i].related_count);
		next = links_keep(next, list[i].recommended, &list[i].recommended_count);
	}
	return SKD_OK;
}

static const char ACHIEVEMENT_GET[] =
	"SELECT " ACHIEVEMENT_COLUMNS " " ACHIEVEMENT_FROM
	" WHERE ach.id = $1::uuid AND ($2::int IS NULL OR v.number = $2::int)"
	" AND ($3::bool OR " ACHIEVEMENT_OUT ") ORDER BY v.number DESC LIMIT 1";

enum skd_outcome store_achievement_get(struct skd_call *call, const char *id, long number, bool drafts,
				       struct store_achievement *achievement)
{
	struct rows *rows;
	TRY(db_query(call, ACHIEVEMENT_GET, ARGS(id, number ? arg_int(call, number) : NULL, arg_bool(drafts)), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such achievement%s", number ? ", or no such version of it" : "");
	achievement_read(rows, 0, achievement);
	TRY(links_name(call, drafts, achievement, 1));
	return skills_read(call, achievement, 1);
}

enum skd_outcome store_achievement_list(struct skd_call *call, const struct store_achievement_filter *f,
					struct list *list, struct store_achievement **achievements, size_t *count)
{
	static const struct list_order orders[] = {
		{"name", "v.name", "text"}, {"updated_at", "ach.updated_at", "timestamptz"}, {NULL, NULL, NULL}};
	static const char where[] =
		ACHIEVEMENT_FROM
		" WHERE v.number = (SELECT max(v.number) FROM achievement_version v WHERE v.achievement_id = ach.id"
		"  AND ($1::bool OR " ACHIEVEMENT_OUT "))"
		" AND ($2::text IS NULL OR v.name ILIKE $2) AND ($3::text IS NULL OR v.state = $3)"
		" AND ($4::text IS NULL OR v.type = $4)"
		" AND ($5::uuid[] IS NULL OR EXISTS (SELECT FROM achievement_skill s WHERE s.achievement_id = ach.id"
		"  AND s.number = v.number AND s.skill_id = ANY ($5::uuid[])))"
		" AND ($6::text IS NULL OR $6 = ANY (v.tags)) AND ($7::uuid IS NULL OR i.id = $7::uuid)"
		" AND ($8::uuid IS NULL OR o.id = $8::uuid) AND ($9::date IS NULL OR ach.next_review < $9::date)"
		" AND ($10::bool IS NULL OR $10::bool = coalesce(o.absent_since IS NOT NULL, false))";
	struct rows *rows;
	TRY(list_query(call, list, orders, ACHIEVEMENT_COLUMNS, where, "ach.id",
		       ARGS(arg_bool(f->drafts), f->q ? arg_like(call, f->q) : NULL, f->state, f->type,
			    f->skills ? arg_array(call, f->skill_count, f->skills) : NULL, f->tag, f->issuer, f->owner,
			    f->review_before, f->owner_left),
		       &rows, count));
	*achievements = talloc_zero_array(call, struct store_achievement, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		achievement_read(rows, i, &(*achievements)[i]);
	TRY(links_name(call, f->drafts, *achievements, *count));
	return skills_read(call, *achievements, *count);
}

/* ---- writing ---- */

static const char ACHIEVEMENT_ADD[] = "INSERT INTO achievement (issuer_id) VALUES ($1::uuid) RETURNING id";

enum skd_outcome store_achievement_add(struct skd_call *call, const char *issuer_id, const char **id)
{
	struct rows *rows;
	TRY(db_query(call, ACHIEVEMENT_ADD, ARGS(issuer_id), &rows));
	*id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

static const char ACHIEVEMENT_TOUCH[] =
	"UPDATE achievement SET latest = $3::int, version = version + 1, updated_at = now()"
	" WHERE id = $1::uuid AND version = $2::bigint";

enum skd_outcome store_achievement_touch(struct skd_call *call, const char *id, long version, long latest)
{
	int64_t touched;
	TRY(db_run(call, ACHIEVEMENT_TOUCH, ARGS(id, arg_int(call, version), arg_int(call, latest)), &touched));
	return touched ? SKD_OK : fail(call, SKD_STALE, "the achievement was changed since you read it: read it again");
}

static const char ACHIEVEMENT_KEEP[] =
	"UPDATE achievement SET owner_id = $2::uuid, next_review = $3::date WHERE id = $1::uuid";

enum skd_outcome store_achievement_keep(struct skd_call *call, const struct store_achievement *a)
{
	return db_run(call, ACHIEVEMENT_KEEP, ARGS(a->id, a->owner_entry, a->next_review), NULL);
}

static const char ACHIEVEMENT_DUE[] =
	"UPDATE achievement a SET reminded = a.next_review WHERE a.id IN (SELECT d.id FROM achievement d"
	"  JOIN achievement_version v ON v.achievement_id = d.id AND v.number = d.latest AND v.state <> 'archived'"
	"  WHERE d.reminded IS DISTINCT FROM d.next_review"
	"  AND d.next_review <= ((now() + $1::bigint * interval '1 ms') AT TIME ZONE 'UTC')::date"
	"  LIMIT 500 FOR UPDATE OF d SKIP LOCKED)"
	" RETURNING a.id, (SELECT h.id FROM person p JOIN person h ON h.id = coalesce(p.human, p.id) AND h.absent_since IS NULL"
	"  AND NOT h.disabled WHERE p.id = a.owner_id), a.next_review::text";

enum skd_outcome store_achievement_due(struct skd_call *call, long notice_ms, struct store_achievement **due, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, ACHIEVEMENT_DUE, ARGS(arg_int(call, notice_ms)), &rows));
	*count = (size_t)rows_count(rows);
	*due = talloc_zero_array(call, struct store_achievement, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*due)[i] = (struct store_achievement){
			.id = row_uuid(rows, i, 0), .owner_id = row_uuid(rows, i, 1), .next_review = row_text(rows, i, 2)};
	return SKD_OK;
}

static const char VERSION_PUT[] =
	"INSERT INTO achievement_version (achievement_id, number, type, name, description, criteria, validity, image_url,"
	" state, tags, language, translations, alignments, results, related, recommended, credits, field_of_study, specialization,"
	" human_code, picture_id, drawing, assessment, on_leave, on_move, renewal, lapse) VALUES ($1::uuid, $2::int, $3, $4, $5, $6, $7, $8, $9, $10::text[], $11, $12::json, $13::json, $14::json,"
	" $15::uuid[], $16::uuid[], $17::numeric, $18, $19, $20, $21::uuid, $22::text[], $23::json, $24, $25, $26::json, $27)"
	" ON CONFLICT (achievement_id, number) DO UPDATE SET type = excluded.type, name = excluded.name,"
	" description = excluded.description, criteria = excluded.criteria, validity = excluded.validity,"
	" image_url = excluded.image_url, state = excluded.state, tags = excluded.tags,"
	" language = excluded.language, translations = excluded.translations, alignments = excluded.alignments,"
	" results = excluded.results, related = excluded.related, recommended = excluded.recommended, credits = excluded.credits,"
	" field_of_study = excluded.field_of_study, specialization = excluded.specialization, human_code = excluded.human_code,"
	" picture_id = excluded.picture_id, drawing = excluded.drawing, assessment = excluded.assessment,"
	" on_leave = excluded.on_leave, on_move = excluded.on_move, renewal = excluded.renewal, lapse = excluded.lapse"
	" WHERE achievement_version.state = 'draft'";
static const char SKILLS_DROP[] = "DELETE FROM achievement_skill WHERE achievement_id = $1::uuid AND number = $2::int";
static const char SKILLS_ADD[] =
	"INSERT INTO achievement_skill (achievement_id, number, skill_id, level)"
	" SELECT $1::uuid, $2::int, s.id, s.level FROM unnest($3::uuid[], $4::int[]) s (id, level)";

static const char *links_arg(struct skd_call *call, const struct store_achievement_link *links, size_t count)
{
	const char **ids = talloc_array(call, const char *, count + 1);
	for (size_t i = 0; i < count; i++)
		ids[i] = links[i].id;
	return arg_array(call, count, ids);
}

enum skd_outcome store_achievement_put(struct skd_call *call, const struct store_achievement *a)
{
	const char **skills = talloc_array(call, const char *, a->skill_count + 1);
	const char **levels = talloc_array(call, const char *, a->skill_count + 1);
	const char *number = arg_int(call, a->number);
	int64_t touched;
	for (size_t i = 0; i < a->skill_count; i++) {
		skills[i] = a->skills[i].id;
		levels[i] = arg_int(call, a->skills[i].level);
	}
	TRY(db_run(call, SKILLS_DROP, ARGS(a->id, number), NULL)); /* while it is a draft */
	TRY(db_run(call, VERSION_PUT,
		   ARGS(a->id, number, a->type, a->name, a->description, a->criteria, a->validity, a->image_url, a->state,
			arg_array(call, a->tag_count, a->tags), a->language, a->translations ? a->translations : "{}",
			a->alignments ? a->alignments : "[]", a->results ? a->results : "[]",
			links_arg(call, a->related, a->related_count), links_arg(call, a->recommended, a->recommended_count),
			a->credits, a->field_of_study, a->specialization, a->human_code, a->picture_id,
			a->drawing ? arg_array(call, DRAWING_WORDS, a->drawing) : NULL, a->assessment, a->on_leave, a->on_move,
			a->renewal, a->lapse),
		   &touched));
	if (!touched)
		return fail(call, SKD_FAULT, "version %ld of achievement %s is no draft any more", a->number, a->id);
	return db_run(call, SKILLS_ADD,
		      ARGS(a->id, number, arg_array(call, a->skill_count, skills), arg_array(call, a->skill_count, levels)),
		      NULL);
}

static const char STATE_SET[] =
	"UPDATE achievement_version SET state = $3 WHERE achievement_id = $1::uuid AND number = $2::int";

enum skd_outcome store_achievement_state_set(struct skd_call *call, const char *id, long number, const char *state)
{
	return db_run(call, STATE_SET, ARGS(id, arg_int(call, number), state), NULL);
}

static const char ARCHIVE[] =
	"UPDATE achievement_version SET state = 'archived' WHERE achievement_id = $1::uuid"
	" AND number = (SELECT max(m.number) FROM achievement_version m WHERE m.achievement_id = $1::uuid AND m.state = 'published')";

enum skd_outcome store_achievement_archive(struct skd_call *call, const char *id)
{
	return db_run(call, ARCHIVE, ARGS(id), NULL);
}

/* ---- its story ---- */

static const char EVENT_ADD[] =
	"WITH e AS (INSERT INTO achievement_event (achievement_id, number, kind, who)"
	"  VALUES ($1::uuid, $2::int, $3, who_is($4, $5::uuid, NULL)) RETURNING id)"
	" INSERT INTO achievement_note (event_id, comment) SELECT id, $6 FROM e WHERE $6::text IS NOT NULL";

enum skd_outcome store_achievement_event_add(struct skd_call *call, const char *id, const struct store_step *step,
					     const char *account_id)
{
	return db_run(call, EVENT_ADD,
		      ARGS(id, arg_int(call, step->number), step->kind, step->account, account_id, step->comment), NULL);
}

static const char SUPERSEDED_ADD[] =
	"INSERT INTO achievement_event (achievement_id, number, kind, who)"
	" SELECT v.achievement_id, v.number, 'superseded', who_is($3, $4::uuid, NULL) FROM achievement_version v"
	" WHERE v.achievement_id = $1::uuid AND v.number < $2::int AND v.state = 'published' ORDER BY v.number DESC LIMIT 1";

enum skd_outcome store_achievement_supersede(struct skd_call *call, const char *id, long number, const char *account,
					     const char *account_id)
{
	return db_run(call, SUPERSEDED_ADD, ARGS(id, arg_int(call, number), account, account_id), NULL);
}

static const char EVENT_LIST[] =
	"SELECT e.number, e.kind, coalesce(w.account, 'erased'), n.comment, e.recorded_at FROM achievement_event e"
	" JOIN who w ON w.id = e.who LEFT JOIN achievement_note n ON n.event_id = e.id"
	" WHERE e.achievement_id = $1::uuid ORDER BY e.id";

enum skd_outcome store_achievement_events(struct skd_call *call, const char *id, struct store_step **steps, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, EVENT_LIST, ARGS(id), &rows));
	*count = (size_t)rows_count(rows);
	*steps = talloc_zero_array(call, struct store_step, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*steps)[i] = (struct store_step){row_int(rows, i, 0), row_text(rows, i, 1), row_text(rows, i, 2),
						  row_text(rows, i, 3), row_time(rows, i, 4)};
	return SKD_OK;
}

static const char ASKER[] =
	"SELECT c.person_id FROM achievement_event e JOIN who w ON w.id = e.who LEFT JOIN account c ON c.id = w.account_id"
	" WHERE e.achievement_id = $1::uuid AND e.number = $2::int AND e.kind = 'submitted' ORDER BY e.id DESC LIMIT 1";

enum skd_outcome store_achievement_asker(struct skd_call *call, const char *id, long number, const char **entry_id)
{
	struct rows *rows;
	TRY(db_query(call, ASKER, ARGS(id, arg_int(call, number)), &rows));
	*entry_id = rows_count(rows) ? row_uuid(rows, 0, 0) : NULL;
	return SKD_OK;
}
