/* SPDX-License-Identifier: Apache-2.0
 * Corrections. */
#include "store/correction.h"

#include <string.h>

#define CORRECTION_COLUMNS                                                                                            \
	"c.id, h.id, h.name, c.entry_id, c.about, c.object, c.text, c.state, c.answer, coalesce(w.human, w.id),"      \
	" (SELECT o.name FROM person o WHERE o.id = coalesce(w.human, w.id)),"                                        \
	" CASE WHEN w.id IS NULL THEN a.authenticator || ':' || a.name END, c.created_at, c.closed_at, c.version"
#define CORRECTION_FROM                                                                                               \
	"FROM correction c JOIN person p ON p.id = c.entry_id JOIN person h ON h.id = coalesce(p.human, p.id)"        \
	" LEFT JOIN account a ON a.id = c.answered_by LEFT JOIN person w ON w.id = a.person_id"

static void correction_read(const struct rows *rows, int i, struct store_correction *c)
{
	*c = (struct store_correction){
		.id = row_uuid(rows, i, 0), .person_id = row_uuid(rows, i, 1), .person = row_text(rows, i, 2),
		.entry_id = row_uuid(rows, i, 3), .about = row_text(rows, i, 4), .object = row_uuid(rows, i, 5),
		.text = row_text(rows, i, 6), .state = row_text(rows, i, 7), .answer = row_text(rows, i, 8),
		.answered_id = row_uuid(rows, i, 9), .answered = row_text(rows, i, 10), .account = row_text(rows, i, 11),
		.created_at = row_time(rows, i, 12), .closed_at = row_time(rows, i, 13), .version = row_int(rows, i, 14)};
}

static const char CORRECTION_GET[] =
	"SELECT " CORRECTION_COLUMNS " " CORRECTION_FROM " WHERE c.id = $1::uuid AND ($2::bool OR h.id = $3::uuid)";

enum skd_outcome store_correction_get(struct skd_call *call, bool everyone, const char *self, const char *id,
				      struct store_correction *correction)
{
	struct rows *rows;
	TRY(db_query(call, CORRECTION_GET, ARGS(id, arg_bool(everyone), self), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such correction");
	correction_read(rows, 0, correction);
	return SKD_OK;
}

enum skd_outcome store_correction_list(struct skd_call *call, bool everyone, const char *self,
				       const struct store_correction_filter *f, struct list *list,
				       struct store_correction **corrections, size_t *count)
{
	static const struct list_order orders[] = {{"created_at", "c.created_at", "timestamptz"}, {NULL, NULL, NULL}};
	static const char where[] =
		CORRECTION_FROM " WHERE ($1::bool OR h.id = $2::uuid) AND ($3::text IS NULL OR c.state = $3)"
				" AND ($4::text IS NULL OR c.about = $4) AND ($5::uuid IS NULL OR h.id = $5::uuid)";
	struct rows *rows;
	TRY(list_query(call, list, orders, CORRECTION_COLUMNS, where, "c.id",
		       ARGS(arg_bool(everyone), self, f->state, f->about, f->person), &rows, count));
	*corrections = talloc_zero_array(call, struct store_correction, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		correction_read(rows, i, &(*corrections)[i]);
	return SKD_OK;
}

#define OF_THE_HUMAN "IN (SELECT p.id FROM person p WHERE coalesce(p.human, p.id) = $2::uuid)"
static const char CREDENTIAL_THEIRS[] = "SELECT 1 FROM credential WHERE id = $1::uuid AND person_id " OF_THE_HUMAN;
static const char CLAIM_THEIRS[] = "SELECT 1 FROM claim WHERE id = $1::uuid AND person_id " OF_THE_HUMAN;

enum skd_outcome store_correction_object(struct skd_call *call, const char *about, const char *object, const char *human_id,
					 bool *theirs)
{
	struct rows *rows;
	TRY(db_query(call, strcmp(about, "claim") == 0 ? CLAIM_THEIRS : CREDENTIAL_THEIRS, ARGS(object, human_id), &rows));
	*theirs = rows_count(rows) > 0;
	return SKD_OK;
}

static const char CORRECTION_ADD[] =
	"INSERT INTO correction (entry_id, about, object, text) VALUES ($1::uuid, $2, $3::uuid, $4) RETURNING id";

enum skd_outcome store_correction_add(struct skd_call *call, const struct store_correction *c, const char **id)
{
	struct rows *rows;
	TRY(db_query(call, CORRECTION_ADD, ARGS(c->entry_id, c->about, c->object, c->text), &rows));
	*id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

static const char CORRECTION_LOCK[] = "SELECT 1 FROM correction WHERE id = $1::uuid FOR NO KEY UPDATE";

enum skd_outcome store_correction_lock(struct skd_call *call, const char *id)
{
	return db_run(call, CORRECTION_LOCK, ARGS(id), NULL);
}

static const char CORRECTION_CLOSE[] =
	"UPDATE correction SET state = $2, answer = $3, answered_by = $4::uuid, closed_at = clock_timestamp(), version = version + 1"
	" WHERE id = $1::uuid";

enum skd_outcome store_correction_close(struct skd_call *call, const char *id, const char *state, const char *answer,
					const char *account_id)
{
	return db_run(call, CORRECTION_CLOSE, ARGS(id, state, answer, account_id), NULL);
}
