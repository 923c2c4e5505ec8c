/* SPDX-License-Identifier: Apache-2.0
 * Pathways, their versions, nodes and events. */
#include "store/pathway.h"

#include "base/json.h"

#include <string.h>

/* Whatever was published, also if it is archived now. */
#define OUT ".published_at IS NOT NULL"

#define PATHWAY_COLUMNS                                                                                                      \
	"p.id, v.number, p.latest, v.name, v.description, i.id, i.name, v.achievement_id, achievement_name(v.achievement_id)," \
	" v.lost, v.state, v.enforced, v.published_at, v.keep_until, (SELECT count(*) FROM pathway_node n"                     \
	"  WHERE n.pathway_id = v.pathway_id AND n.number = v.number AND n.kind <> 'group'), p.version, p.updated_at"
#define PATHWAY_FROM "FROM pathway p JOIN pathway_version v ON v.pathway_id = p.id JOIN issuer i ON i.id = p.issuer_id"

/* ---- reading ---- */

static void pathway_read(const struct rows *rows, int i, struct store_pathway *p)
{
	*p = (struct store_pathway){
		.id = row_uuid(rows, i, 0), .number = (long)row_int(rows, i, 1), .latest = (long)row_int(rows, i, 2),
		.name = row_text(rows, i, 3), .description = row_text(rows, i, 4), .issuer_id = row_uuid(rows, i, 5),
		.issuer = row_text(rows, i, 6), .achievement_id = row_uuid(rows, i, 7), .achievement = row_text(rows, i, 8),
		.lost = row_text(rows, i, 9), .state = row_text(rows, i, 10), .enforced = row_bool(rows, i, 11),
		.published_at = row_time(rows, i, 12), .keep_until = row_time(rows, i, 13), .steps = (long)row_int(rows, i, 14),
		.version = (long)row_int(rows, i, 15), .updated_at = row_time(rows, i, 16)};
}

static void pathways_read(struct skd_call *call, const struct rows *rows, struct store_pathway **pathways, size_t count)
{
	*pathways = talloc_zero_array(call, struct store_pathway, count + 1);
	for (size_t i = 0; i < count; i++)
		pathway_read(rows, (int)i, &(*pathways)[i]);
}

static const char PATHWAY_GET[] =
	"SELECT " PATHWAY_COLUMNS " " PATHWAY_FROM " WHERE p.id = $1::uuid AND ($2::int = 0 OR v.number = $2::int)"
	" AND ($3::bool OR v" OUT ") ORDER BY v.number DESC LIMIT 1";

enum skd_outcome store_pathway_get(struct skd_call *call, const char *id, long number, bool drafts, struct store_pathway *pathway)
{
	struct rows *rows;
	TRY(db_query(call, PATHWAY_GET, ARGS(id, arg_int(call, number), arg_bool(drafts)), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, number ? "there is no such version of a pathway" : "there is no such pathway");
	pathway_read(rows, 0, pathway);
	return SKD_OK;
}

enum skd_outcome store_pathway_list(struct skd_call *call, const struct store_pathway_filter *f, struct list *list,
				    struct store_pathway **pathways, size_t *count)
{
	static const struct list_order orders[] = {{"name", "v.name", "text"}, {"updated_at", "p.updated_at", "timestamptz"}, {NULL, NULL, NULL}};
	static const char where[] =
		PATHWAY_FROM " WHERE v.number = (SELECT max(m.number) FROM pathway_version m WHERE m.pathway_id = p.id"
		"  AND ($1::bool OR m" OUT ")) AND ($2::text IS NULL OR v.name ILIKE $2) AND ($3::text IS NULL OR v.state = $3)"
		" AND ($4::uuid IS NULL OR p.issuer_id = $4::uuid) AND ($5::uuid IS NULL OR v.achievement_id = $5::uuid"
		"  OR EXISTS (SELECT FROM pathway_node n WHERE n.pathway_id = v.pathway_id AND n.number = v.number"
		"   AND $5::uuid IN (n.achievement_id, n.milestone)))";
	struct rows *rows;
	TRY(list_query(call, list, orders, PATHWAY_COLUMNS, where, "p.id",
		       ARGS(arg_bool(f->drafts), f->q ? arg_like(call, f->q) : NULL, f->state, f->issuer, f->achievement), &rows, count));
	pathways_read(call, rows, pathways, *count);
	return SKD_OK;
}

static const char VERSIONS[] =
	"SELECT " PATHWAY_COLUMNS " " PATHWAY_FROM " WHERE p.id = $1::uuid AND ($2::bool OR v" OUT ") ORDER BY v.number";

enum skd_outcome store_pathway_versions(struct skd_call *call, const char *id, bool drafts, struct store_pathway **versions,
					size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, VERSIONS, ARGS(id, arg_bool(drafts)), &rows));
	*count = (size_t)rows_count(rows);
	pathways_read(call, rows, versions, *count);
	return SKD_OK;
}

/* ---- nodes ---- */

static enum graph_kind kind_of(const char *word)
{
	int kind = GRAPH_ACHIEVEMENT;
	while (kind < GRAPH_GROUP && strcmp(graph_kinds[kind], word) != 0)
		kind++;
	return (enum graph_kind)kind;
}

static void node_read(const struct rows *rows, int i, struct graph_node *node)
{
	*node = (struct graph_node){
		.id = row_text(rows, i, 1), .kind = kind_of(row_text(rows, i, 2)), .name = row_text(rows, i, 3),
		.description = row_text(rows, i, 4), .ref = row_uuid(rows, i, 5), .label = row_text(rows, i, 6),
		.level = (long)row_int(rows, i, 7), .optional = row_bool(rows, i, 8), .weight = (long)row_int(rows, i, 9),
		.within = row_text(rows, i, 11), .need = row_null(rows, i, 12) ? GRAPH_ALL : (long)row_int(rows, i, 12),
		.milestone = row_uuid(rows, i, 13), .milestone_label = row_text(rows, i, 14)};
	node->after = row_texts(rows, i, 10, &node->after_count);
}

static const char GRAPH[] =
	"SELECT v.enforced, n.node, n.kind, n.name, n.description, coalesce(n.achievement_id, n.skill_id, n.inner_id),"
	" CASE n.kind WHEN 'achievement' THEN achievement_name(n.achievement_id) WHEN 'pathway' THEN pathway_name(n.inner_id)"
	"  ELSE s.label END, n.level, n.optional, n.weight, n.after, n.within, n.need, n.milestone,"
	" CASE WHEN n.milestone IS NOT NULL THEN achievement_name(n.milestone) END"
	" FROM pathway_version v LEFT JOIN pathway_node n USING (pathway_id, number) LEFT JOIN skill s ON s.id = n.skill_id"
	" WHERE v.pathway_id = $1::uuid AND v.number = $2::int ORDER BY n.place";

enum skd_outcome store_pathway_graph(struct skd_call *call, const char *id, long number, struct graph *graph)
{
	struct rows *rows;
	TRY(db_query(call, GRAPH, ARGS(id, arg_int(call, number)), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such version of a pathway");
	*graph = (struct graph){.enforced = row_bool(rows, 0, 0)};
	graph->count = row_null(rows, 0, 1) ? 0 : (size_t)rows_count(rows);
	graph->nodes = talloc_zero_array(call, struct graph_node, graph->count + 1);
	for (size_t i = 0; i < graph->count; i++)
		node_read(rows, (int)i, &graph->nodes[i]);
	return SKD_OK;
}

static void node_write(struct json *json, const struct graph_node *node, size_t place)
{
	put_object(json, NULL);
	put_int(json, "place", (int64_t)place);
	put_string(json, "node", node->id);
	put_string(json, "kind", graph_kinds[node->kind]);
	put_string(json, "name", node->name);
	put_string(json, "description", node->description);
	put_string(json, "ref", node->ref);
	if (node->kind == GRAPH_SKILL)
		put_int(json, "level", node->level);
	put_bool(json, "optional", node->optional);
	put_int(json, "weight", node->weight);
	put_array(json, "after");
	for (size_t i = 0; i < node->after_count; i++)
		put_string(json, NULL, node->after[i]);
	put_array_end(json);
	put_string(json, "within", node->within);
	if (node->need != GRAPH_ALL)
		put_int(json, "need", node->need);
	put_string(json, "milestone", node->milestone);
	put_object_end(json);
}

const char *store_pathway_nodes(struct skd_call *call, const struct graph *graph)
{
	struct text text;
	struct json json;
	text_begin(&text, call, 256 * (graph->count + 1));
	json_begin(&json, &text);
	put_array(&json, NULL);
	for (size_t i = 0; i < graph->count; i++)
		node_write(&json, &graph->nodes[i], i);
	put_array_end(&json);
	return text_end(&text);
}

/* ---- writing ---- */

static const char PATHWAY_ADD[] = "INSERT INTO pathway (issuer_id) VALUES ($1::uuid) RETURNING id";

enum skd_outcome store_pathway_add(struct skd_call *call, const char *issuer_id, const char **id)
{
	struct rows *rows;
	TRY(db_query(call, PATHWAY_ADD, ARGS(issuer_id), &rows));
	*id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

static const char PATHWAY_TOUCH[] =
	"UPDATE pathway SET latest = $3::int, version = version + 1, updated_at = now() WHERE id = $1::uuid AND version = $2::bigint";

enum skd_outcome store_pathway_touch(struct skd_call *call, const char *id, long version, long latest)
{
	int64_t touched;
	TRY(db_run(call, PATHWAY_TOUCH, ARGS(id, arg_int(call, version), arg_int(call, latest)), &touched));
	return touched ? SKD_OK : fail(call, SKD_STALE, "the pathway was changed since you read it: read it again");
}

static const char PATHWAY_HOLD[] = "SELECT 1 FROM pathway WHERE id = $1::uuid FOR SHARE";

enum skd_outcome store_pathway_hold(struct skd_call *call, const char *id)
{
	return db_run(call, PATHWAY_HOLD, ARGS(id), NULL);
}

static const char VERSION_PUT[] =
	"INSERT INTO pathway_version (pathway_id, number, name, description, enforced, achievement_id, lost, state)"
	" VALUES ($1::uuid, $2::int, $3, $4, $5::bool, $6::uuid, $7, 'draft')"
	" ON CONFLICT (pathway_id, number) DO UPDATE SET name = excluded.name, description = excluded.description,"
	" enforced = excluded.enforced, achievement_id = excluded.achievement_id, lost = excluded.lost"
	" WHERE pathway_version.state = 'draft'";
static const char NODES_DROP[] = "DELETE FROM pathway_node WHERE pathway_id = $1::uuid AND number = $2::int";
static const char NODES_ADD[] =
	"INSERT INTO pathway_node (pathway_id, number, place, node, kind, name, description, achievement_id, skill_id, inner_id, level,"
	" optional, weight, after, within, need, milestone) SELECT $1::uuid, $2::int, n.place, n.node, n.kind, n.name, n.description,"
	" CASE n.kind WHEN 'achievement' THEN n.ref END, CASE n.kind WHEN 'skill' THEN n.ref END, CASE n.kind WHEN 'pathway' THEN n.ref END,"
	" n.level, n.optional, n.weight, n.after, n.within, n.need, n.milestone FROM json_to_recordset($3::json) AS n (place int,"
	" node text, kind text, name text, description text, ref uuid, level int, optional bool, weight int, after text[], within text,"
	" need int, milestone uuid)";

enum skd_outcome store_pathway_put(struct skd_call *call, const struct store_pathway *p, const struct graph *nodes)
{
	const char *number = arg_int(call, p->number);
	int64_t touched;
	TRY(db_run(call, VERSION_PUT,
		   ARGS(p->id, number, p->name, p->description, arg_bool(p->enforced), p->achievement_id, p->lost), &touched));
	if (!touched)
		return fail(call, SKD_FAULT, "version %ld of pathway %s is no draft any more", p->number, p->id);
	if (!nodes)
		return SKD_OK;
	TRY(db_run(call, NODES_DROP, ARGS(p->id, number), NULL));
	return db_run(call, NODES_ADD, ARGS(p->id, number, store_pathway_nodes(call, nodes)), NULL);
}

static const char PUBLISH[] =
	"UPDATE pathway_version SET state = 'published', published_at = now(), keep_until = nullif($3::timestamptz, 'infinity')"
	" WHERE pathway_id = $1::uuid AND number = $2::int";

enum skd_outcome store_pathway_publish(struct skd_call *call, const struct store_pathway *p)
{
	return db_run(call, PUBLISH, ARGS(p->id, arg_int(call, p->number), arg_time(call, p->keep_until)), NULL);
}

static const char ARCHIVE[] =
	"UPDATE pathway_version SET state = 'archived' WHERE pathway_id = $1::uuid AND (number = $2::int"
	" OR number = (SELECT max(m.number) FROM pathway_version m WHERE m.pathway_id = $1::uuid AND m" OUT "))";

enum skd_outcome store_pathway_archive(struct skd_call *call, const char *id, long number)
{
	return db_run(call, ARCHIVE, ARGS(id, arg_int(call, number)), NULL);
}

/* ---- its story ---- */

static const char EVENT_ADD[] =
	"INSERT INTO pathway_event (pathway_id, number, kind, who) VALUES ($1::uuid, $2::int, $3, who_is($4, $5::uuid, NULL))";

enum skd_outcome store_pathway_event_add(struct skd_call *call, const char *id, const struct store_pathway_step *step,
					 const char *account_id)
{
	return db_run(call, EVENT_ADD, ARGS(id, arg_int(call, step->number), step->kind, step->account, account_id), NULL);
}

static const char SUPERSEDED_ADD[] =
	"INSERT INTO pathway_event (pathway_id, number, kind, who) SELECT v.pathway_id, v.number, 'superseded', who_is($3, $4::uuid, NULL)"
	" FROM pathway_version v WHERE v.pathway_id = $1::uuid AND v.number < $2::int AND v.state = 'published'"
	" ORDER BY v.number DESC LIMIT 1";

enum skd_outcome store_pathway_supersede(struct skd_call *call, const char *id, const struct store_pathway_step *step,
					 const char *account_id)
{
	return db_run(call, SUPERSEDED_ADD, ARGS(id, arg_int(call, step->number), step->account, account_id), NULL);
}

static const char EVENT_LIST[] =
	"SELECT e.number, e.kind, coalesce(w.account, 'erased'), e.at FROM pathway_event e JOIN who w ON w.id = e.who"
	" WHERE e.pathway_id = $1::uuid ORDER BY e.id";

enum skd_outcome store_pathway_events(struct skd_call *call, const char *id, struct store_pathway_step **steps, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, EVENT_LIST, ARGS(id), &rows));
	*count = (size_t)rows_count(rows);
	*steps = talloc_zero_array(call, struct store_pathway_step, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*steps)[i] = (struct store_pathway_step){(long)row_int(rows, i, 0), row_text(rows, i, 1), row_text(rows, i, 2), row_time(rows, i, 3)};
	return SKD_OK;
}
