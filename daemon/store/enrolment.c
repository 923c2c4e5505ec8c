/* SPDX-License-Identifier: Apache-2.0
 * Enrolments, their story, and proofs from outside. */
#include "store/enrolment.h"

#define ENROLMENT_COLUMNS                                                                                                \
	"e.id, h.id, h.name, e.entry_id, e.pathway_id, v.name, e.number, e.state, e.via, e.until::text, e.percent, e.done, e.needed," \
	" e.completed_at, e.credential_id, p.issuer_id, e.created_at, e.updated_at, e.version, e.rule_id, l.group_dn IS NOT NULL"
#define ENROLMENT_FROM                                                                                                   \
	"FROM enrolment e JOIN person h ON h.id = e.person_id JOIN pathway p ON p.id = e.pathway_id"                   \
	" JOIN pathway_version v ON v.pathway_id = e.pathway_id AND v.number = e.number LEFT JOIN pathway_rule l ON l.id = e.rule_id"

static void enrolment_read(const struct rows *rows, int i, struct store_enrolment *e)
{
	*e = (struct store_enrolment){
		.id = row_uuid(rows, i, 0), .person_id = row_uuid(rows, i, 1), .person = row_text(rows, i, 2), .entry_id = row_uuid(rows, i, 3),
		.pathway_id = row_uuid(rows, i, 4), .pathway = row_text(rows, i, 5), .number = (long)row_int(rows, i, 6), .state = row_text(rows, i, 7),
		.via = row_text(rows, i, 8), .until = row_text(rows, i, 9), .percent = (long)row_int(rows, i, 10), .done = (long)row_int(rows, i, 11),
		.needed = (long)row_int(rows, i, 12), .completed_at = row_time(rows, i, 13), .credential_id = row_uuid(rows, i, 14),
		.issuer_id = row_uuid(rows, i, 15), .created_at = row_time(rows, i, 16), .updated_at = row_time(rows, i, 17),
		.version = (long)row_int(rows, i, 18), .rule_id = row_uuid(rows, i, 19), .by_group = row_bool(rows, i, 20)};
}

static const char ENROLMENT_GET[] =
	"SELECT " ENROLMENT_COLUMNS " " ENROLMENT_FROM " WHERE e.id = $1::uuid AND person_seen($2::bool, $3::uuid, $4::bool, h.id)";

enum skd_outcome store_enrolment_get(struct skd_call *call, const struct sight *sight, const char *id, struct store_enrolment *enrolment)
{
	struct rows *rows;
	TRY(db_query(call, ENROLMENT_GET, ARGS(id, arg_bool(sight->everyone), sight->self, arg_bool(sight->issued)), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such enrolment");
	enrolment_read(rows, 0, enrolment);
	return SKD_OK;
}

enum skd_outcome store_enrolment_list(struct skd_call *call, const struct sight *sight, const struct store_enrolment_filter *f,
				      struct list *list, struct store_enrolment **enrolments, size_t *count)
{
	static const struct list_order orders[] = {{"created_at", "e.created_at", "timestamptz"}, {"percent", "e.percent", "int"}, {NULL, NULL, NULL}};
	static const char where[] =
		ENROLMENT_FROM " WHERE ($1::bool OR e.person_id = ANY (ARRAY(SELECT people_seen($2::uuid, $3::bool))))"
		" AND ($4::uuid IS NULL OR e.pathway_id = $4::uuid) AND ($5::uuid IS NULL OR e.person_id = $5::uuid)"
		" AND ($6::text IS NULL OR e.state = $6) AND (NOT $7::bool OR e.state <> 'left') AND ($8::uuid IS NULL OR e.rule_id = $8::uuid) AND e.aside IS NULL";
	struct rows *rows;
	TRY(list_query(call, list, orders, ENROLMENT_COLUMNS, where, "e.id",
		       ARGS(arg_bool(sight->everyone), sight->self, arg_bool(sight->issued), f->pathway, f->person, f->state,
			    arg_bool(f->present), f->rule), &rows, count));
	*enrolments = talloc_zero_array(call, struct store_enrolment, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		enrolment_read(rows, i, &(*enrolments)[i]);
	return SKD_OK;
}

static const char ENROLMENT_RULE[] = "SELECT pathway_id FROM pathway_rule WHERE id = $1::uuid AND (group_dn IS NULL OR $2::bool)";

enum skd_outcome store_enrolment_rule(struct skd_call *call, bool groups, const char *id, const char **pathway_id)
{
	struct rows *rows;
	TRY(db_query(call, ENROLMENT_RULE, ARGS(id, arg_bool(groups)), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such rule");
	*pathway_id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

static const char ENROLMENT_LOCK[] =
	"WITH held AS MATERIALIZED (SELECT e.id, e.state FROM enrolment e WHERE e.person_id = (SELECT person_id FROM enrolment WHERE id = $1::uuid)"
	"  AND e.state <> 'left' ORDER BY e.id FOR NO KEY UPDATE)"
	" SELECT coalesce(h.state, 'left') FROM enrolment e LEFT JOIN held h ON h.id = e.id WHERE e.id = $1::uuid";

enum skd_outcome store_enrolment_lock(struct skd_call *call, const char *id, const char **state)
{
	struct rows *rows;
	TRY(db_query(call, ENROLMENT_LOCK, ARGS(id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such enrolment");
	*state = row_text(rows, 0, 0);
	return SKD_OK;
}

static const char ENROLMENT_HOLD[] = "SELECT 1 FROM enrolment WHERE person_id = $1::uuid AND state <> 'left' ORDER BY id FOR NO KEY UPDATE";
/* $1 person, $2 pathway: when they were on it last. */
#define BEFORE                                                                                                           \
	"FROM enrolment b WHERE b.person_id = $1::uuid AND b.pathway_id = $2::uuid"                                     \
	" ORDER BY b.aside IS NOT NULL, b.created_at DESC, b.id DESC LIMIT 1"
static const char BEFORE_HOLD[] = "SELECT 1 FROM enrolment e WHERE e.id = (SELECT b.id " BEFORE ") FOR NO KEY UPDATE";

enum skd_outcome store_enrolment_hold(struct skd_call *call, const char *person_id, const char *pathway_id)
{
	TRY(db_run(call, ENROLMENT_HOLD, ARGS(person_id), NULL));
	return db_run(call, BEFORE_HOLD, ARGS(person_id, pathway_id), NULL);
}

/* ---- writing ---- */

/* What completing it gave them before, it need not give again. */
static const char ENROLMENT_ADD[] =
	"INSERT INTO enrolment (person_id, pathway_id, entry_id, number, looked, state, via, until, credential_id, awarded, held_back, reached)"
	" SELECT $1::uuid, $2::uuid, $3::uuid, v.number, v.number, $4, $5, $6::date, o.credential_id, o.awarded, coalesce(o.held_back, false),"
	"  coalesce(o.reached, '{}') FROM (SELECT pathway_current($2::uuid) AS number) AS v"
	" LEFT JOIN LATERAL (SELECT b.credential_id, b.awarded, b.held_back, b.reached " BEFORE ") AS o ON true WHERE v.number IS NOT NULL RETURNING id";

enum skd_outcome store_enrolment_add(struct skd_call *call, const struct store_enrolment *e, const char **id)
{
	struct rows *rows;
	TRY(db_query(call, ENROLMENT_ADD, ARGS(e->person_id, e->pathway_id, e->entry_id, e->state, e->via, e->until), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such pathway that is published");
	*id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

static const char ENROLMENT_TURN[] =
	"UPDATE enrolment SET state = $2, completed_at = NULL, due_at = CASE WHEN $2 = 'left' THEN 'infinity' ELSE now() END,"
	"  version = version + 1, updated_at = now() WHERE id = $1::uuid";

enum skd_outcome store_enrolment_turn(struct skd_call *call, const char *id, const char *state)
{
	return db_run(call, ENROLMENT_TURN, ARGS(id, state), NULL);
}

/* ---- its story ---- */

static const char EVENT_ADD[] =
	"INSERT INTO enrolment_event (enrolment_id, number, kind, who, credential_id)"
	" SELECT e.id, e.number, $2, who_is($3, $4::uuid, NULL), $5::uuid FROM enrolment e WHERE e.id = $1::uuid";

enum skd_outcome store_enrolment_event_add(struct skd_call *call, const char *id, const struct store_enrolment_event *event)
{
	return db_run(call, EVENT_ADD, ARGS(id, event->kind, event->account, event->account_id, event->credential_id), NULL);
}

static const char EVENT_LIST[] =
	"SELECT v.number, v.kind, coalesce(w.account, 'erased'), v.at, v.credential_id FROM enrolment_event v JOIN who w ON w.id = v.who"
	" WHERE v.enrolment_id = $1::uuid ORDER BY v.id";

enum skd_outcome store_enrolment_events(struct skd_call *call, const char *id, struct store_enrolment_event **events, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, EVENT_LIST, ARGS(id), &rows));
	*count = (size_t)rows_count(rows);
	*events = talloc_zero_array(call, struct store_enrolment_event, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*events)[i] = (struct store_enrolment_event){
			.number = (long)row_int(rows, i, 0), .kind = row_text(rows, i, 1), .account = row_text(rows, i, 2), .at = row_time(rows, i, 3),
			.credential_id = row_uuid(rows, i, 4)};
	return SKD_OK;
}

/* ---- proofs from outside ---- */

#define PROOF_COLUMNS                                                                                                    \
	"o.id, e.id, h.id, h.name, e.pathway_id, v.name, p.issuer_id, o.node, n.name, o.text, o.url, o.state, o.note,"   \
	" CASE WHEN o.decided_by IS NOT NULL THEN coalesce(w.account, 'erased') END, o.created_at, o.decided_at"
#define PROOF_FROM                                                                                                       \
	"FROM outside_proof o JOIN enrolment e ON e.id = o.enrolment_id JOIN person h ON h.id = e.person_id"            \
	" JOIN pathway p ON p.id = e.pathway_id JOIN pathway_version v ON v.pathway_id = e.pathway_id AND v.number = e.number" \
	" LEFT JOIN pathway_node n ON n.pathway_id = e.pathway_id AND n.number = e.number AND n.node = o.node"          \
	" LEFT JOIN who w ON w.id = o.decided_by"

static void proof_read(const struct rows *rows, int i, struct store_outside_proof *o)
{
	*o = (struct store_outside_proof){
		.id = row_uuid(rows, i, 0), .enrolment_id = row_uuid(rows, i, 1), .person_id = row_uuid(rows, i, 2), .person = row_text(rows, i, 3),
		.pathway_id = row_uuid(rows, i, 4), .pathway = row_text(rows, i, 5), .issuer_id = row_uuid(rows, i, 6), .node = row_text(rows, i, 7),
		.node_name = row_text(rows, i, 8), .text = row_text(rows, i, 9), .url = row_text(rows, i, 10), .state = row_text(rows, i, 11),
		.note = row_text(rows, i, 12), .decided_by = row_text(rows, i, 13), .created_at = row_time(rows, i, 14),
		.decided_at = row_time(rows, i, 15)};
}

static const char PROOF_GET[] =
	"SELECT " PROOF_COLUMNS " " PROOF_FROM " WHERE o.id = $1::uuid AND person_seen($2::bool, $3::uuid, $4::bool, h.id)";

enum skd_outcome store_outside_proof_get(struct skd_call *call, const struct sight *sight, const char *id, struct store_outside_proof *proof)
{
	struct rows *rows;
	TRY(db_query(call, PROOF_GET, ARGS(id, arg_bool(sight->everyone), sight->self, arg_bool(sight->issued)), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such proof");
	proof_read(rows, 0, proof);
	return SKD_OK;
}

enum skd_outcome store_outside_proof_list(struct skd_call *call, const struct sight *sight, const char *enrolment_id, const char *state,
					  struct list *list, struct store_outside_proof **proofs, size_t *count)
{
	static const struct list_order orders[] = {{"created_at", "o.created_at", "timestamptz"}, {NULL, NULL, NULL}};
	static const char where[] =
		PROOF_FROM " WHERE ($1::bool OR e.person_id = ANY (ARRAY(SELECT people_seen($2::uuid, $3::bool))))"
		" AND ($4::uuid IS NULL OR e.id = $4::uuid) AND ($5::text IS NULL OR o.state = $5)";
	struct rows *rows;
	TRY(list_query(call, list, orders, PROOF_COLUMNS, where, "o.id",
		       ARGS(arg_bool(sight->everyone), sight->self, arg_bool(sight->issued), enrolment_id, state), &rows, count));
	*proofs = talloc_zero_array(call, struct store_outside_proof, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		proof_read(rows, i, &(*proofs)[i]);
	return SKD_OK;
}

static const char PROOF_ADD[] =
	"INSERT INTO outside_proof (enrolment_id, node, text, url) VALUES ($1::uuid, $2, $3, $4) RETURNING id";

enum skd_outcome store_outside_proof_add(struct skd_call *call, const struct store_outside_proof *o, const char **id)
{
	struct rows *rows;
	TRY(db_query(call, PROOF_ADD, ARGS(o->enrolment_id, o->node, o->text, o->url), &rows));
	*id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

static const char PROOF_TURN[] =
	"UPDATE outside_proof SET state = $2, note = $3, decided_at = now(), decided_by = who_is($4, $5::uuid, NULL)"
	" WHERE id = $1::uuid AND state = $6";

enum skd_outcome store_outside_proof_turn(struct skd_call *call, const struct store_outside_proof *o, const char *from, const char *account,
					  const char *account_id, bool *turned)
{
	int64_t touched;
	TRY(db_run(call, PROOF_TURN, ARGS(o->id, o->state, o->note, account, account_id, from), &touched));
	*turned = touched;
	return SKD_OK;
}

static const char PROOF_FOR[] = "SELECT manager_here($1::uuid)";

enum skd_outcome store_outside_proof_for(struct skd_call *call, const char *person_id, const char **manager_id)
{
	struct rows *rows;
	TRY(db_query(call, PROOF_FOR, ARGS(person_id), &rows));
	*manager_id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

static const char PROOF_NODE[] =
	"SELECT 1 FROM enrolment e JOIN pathway_node n ON n.pathway_id = e.pathway_id AND n.number = e.number AND n.node = $2 AND n.kind = 'proof'"
	" WHERE e.id = $1::uuid";

enum skd_outcome store_outside_proof_node(struct skd_call *call, const char *enrolment_id, const char *node, bool *there)
{
	struct rows *rows;
	TRY(db_query(call, PROOF_NODE, ARGS(enrolment_id, node), &rows));
	*there = rows_count(rows) > 0;
	return SKD_OK;
}
