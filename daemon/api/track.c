/* SPDX-License-Identifier: Apache-2.0
 * Pathways out of documents, and into them: our own, and tracks of Exercism (its config.json: concepts, exercises that teach
 * them, exercises that practise them). */
#include "api/nouns.h"

#include "api/merge.h"
#include "api/pathway.h"
#include "base/text.h"

#include <string.h>

static const char own_format[] = "skillsd_pathway";

enum skd_outcome api_pathway_export(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_pathway p;
	struct graph graph;
	TRY(pathway_get(call, in->ids[0], (long)query_value(in, "version")->number, &p));
	TRY(pathway_graph(call, &p, &graph));
	put_object(&out->json, NULL);
	put_string(&out->json, "format", own_format);
	put_int(&out->json, "format_version", 1);
	put_string(&out->json, "name", p.name);
	put_string(&out->json, "description", p.description);
	put_bool(&out->json, "enforced", p.enforced);
	put_named(&out->json, "achievement", p.achievement_id, "name", p.achievement);
	put_string(&out->json, "lost", p.lost);
	pathway_nodes_write(&out->json, &graph, false);
	put_object_end(&out->json);
	pathway_tag(call, out, &p);
	return SKD_OK;
}

/* What came of a document. */
struct imported {
	const char *format;
	struct store_pathway pathway;
	struct pathway_nodes nodes;
	size_t concepts, exercises, edges;
	const char **dangling; /* node and what is missing, in turns */
	size_t dangling_count;
};

/* ---- our own ---- */

static enum skd_outcome own_read(struct skd_call *call, json_t *document, struct imported *to)
{
	static const struct field fields[] = {
		{"format", FIELD_TEXT, .required = true}, {"name", FIELD_TEXT, .required = true},
		{"description", FIELD_TEXT, .most = 10000}, {"enforced", FIELD_BOOL}, {"achievement", FIELD_REF},
		{"lost", FIELD_ENUM, .words = "keep|suspend|revoke"}, {"nodes", FIELD_JSON},
		{"format_version", FIELD_INT, .required = true, .least = 1, .most = 1}, {NULL}};
	struct value v[8] = {0};
	TRY(fields_object(call, fields, "/document", document, false, v));
	merge_text(&v[1], &to->pathway.name);
	merge_text(&v[2], &to->pathway.description);
	merge_bool(&v[3], &to->pathway.enforced);
	merge_text(&v[4], &to->pathway.achievement_id);
	merge_text(&v[5], &to->pathway.lost);
	TRY(pathway_nodes_read(call, "/document", v[6].json, &to->nodes));
	for (size_t i = 0; i < to->nodes.graph.count; i++)
		to->edges += to->nodes.graph.nodes[i].after_count;
	return SKD_OK;
}

/* ---- a track ---- */

/* A concept, or an exercise. */
struct item {
	const char *slug, *id; /* id: of the node */
	const char *const *teaches, *const *needs; /* slugs of concepts */
	size_t teach_count, need_count;
};

/* What the table names, and whatever else a track has left aside. The values live with the body. */
static enum skd_outcome members_read(struct skd_call *call, const struct field *table, const char *at, json_t *from, struct value *values)
{
	if (!json_is_object(from))
		return fail_field(call, at, "must be an object");
	json_t *picked = json_object();
	for (size_t i = 0; table[i].name; i++) {
		json_t *value = json_object_get(from, table[i].name);
		if (value)
			json_object_set(picked, table[i].name, value);
	}
	enum skd_outcome outcome = fields_object(call, table, at, picked, false, values);
	json_decref(picked);
	return outcome;
}

static enum skd_outcome item_read(struct skd_call *call, const char *at, const char *kind, json_t *from, struct item *item,
				  struct graph_node *node)
{
	static const struct field fields[] = {
		{"slug", FIELD_TEXT, .required = true, .most = 90}, {"name", FIELD_TEXT, .required = true}, {"status", FIELD_TEXT},
		{"concepts", FIELD_TEXTS, .most = 90}, {"prerequisites", FIELD_TEXTS, .most = 90}, {NULL}};
	struct value v[5] = {0};
	TRY(members_read(call, fields, at, from, v));
	*item = (struct item){.slug = v[0].text, .id = talloc_asprintf(call, "%s:%s", kind, v[0].text), .teaches = v[3].texts,
			      .teach_count = v[3].count, .needs = v[4].texts, .need_count = v[4].count};
	*node = (struct graph_node){.id = item->id, .name = v[1].text, .kind = GRAPH_PROOF, .weight = 1, .need = GRAPH_ALL,
				    .optional = v[2].text && strcmp(v[2].text, "deprecated") == 0};
	return SKD_OK;
}

static const struct item *concept_find(const struct item *items, size_t count, const char *slug)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(items[i].slug, slug) == 0)
			return &items[i];
	return NULL;
}

/* Adds an array's items behind those that are there; slugs of one kind are there once. */
static enum skd_outcome items_read(struct skd_call *call, const char *at, const char *kind, json_t *array, struct item **items,
				   size_t first, struct imported *to)
{
	struct graph *graph = &to->nodes.graph;
	size_t i;
	json_t *one;
	if (array && !json_is_array(array))
		return fail_field(call, at, "must be an array");
	if (graph->count + json_array_size(array) > GRAPH_NODES_MAX)
		return fail_field(call, at, "must be at most %d with all others", GRAPH_NODES_MAX);
	graph->nodes = talloc_realloc(call, graph->nodes, struct graph_node, graph->count + json_array_size(array) + 1);
	*items = talloc_realloc(call, *items, struct item, graph->count + json_array_size(array) + 1);
	json_array_foreach (array, i, one) {
		struct item *item = &(*items)[graph->count];
		const char *where = talloc_asprintf(call, "%s/%zu", at, i);
		TRY(item_read(call, where, kind, one, item, &graph->nodes[graph->count]));
		if (concept_find(*items + first, graph->count - first, item->slug))
			return fail_field(call, talloc_asprintf(call, "%s/slug", where), "%s is there twice", text_shown(call, item->slug));
		graph->count++;
	}
	return SKD_OK;
}

static void after_add(struct skd_call *call, struct graph_node *node, const char *id)
{
	if (strings_have(node->after, node->after_count, id))
		return;
	node->after = talloc_realloc(call, (const char **)node->after, const char *, node->after_count + 1);
	((const char **)node->after)[node->after_count++] = id;
}

static void dangling_add(struct skd_call *call, struct imported *to, const char *id, const char *missing)
{
	to->dangling = talloc_realloc(call, to->dangling, const char *, 2 * to->dangling_count + 2);
	to->dangling[2 * to->dangling_count] = id;
	to->dangling[2 * to->dangling_count++ + 1] = missing;
}

/* An exercise comes after what it needs, a concept after who teaches it. */
static void edges_add(struct skd_call *call, const struct item *items, struct imported *to)
{
	struct graph_node *nodes = to->nodes.graph.nodes;
	for (size_t i = to->concepts; i < to->nodes.graph.count; i++) {
		for (size_t k = 0; k < items[i].need_count; k++) {
			const struct item *found = concept_find(items, to->concepts, items[i].needs[k]);
			to->edges++;
			if (found)
				after_add(call, &nodes[i], found->id);
			else
				dangling_add(call, to, items[i].id, items[i].needs[k]);
		}
		for (size_t k = 0; k < items[i].teach_count; k++) {
			const struct item *found = concept_find(items, to->concepts, items[i].teaches[k]);
			if (found)
				after_add(call, &nodes[found - items], items[i].id);
		}
	}
}

/* What is an achievement here, is that. */
static enum skd_outcome achievements_find(struct skd_call *call, const struct item *items, struct imported *to)
{
	size_t count = to->nodes.graph.count;
	const char **slugs = talloc_array(call, const char *, count + 1), **ids = talloc_array(call, const char *, count + 1);
	to->nodes.refs = talloc_zero_array(call, struct pathway_ref, count + 1);
	for (size_t i = 0; i < count; i++)
		slugs[i] = items[i].slug;
	TRY(pathway_coded(call, to->pathway.issuer_id, count, slugs, ids));
	for (size_t i = 0; i < count; i++)
		if (ids[i]) {
			to->nodes.graph.nodes[i].kind = GRAPH_ACHIEVEMENT;
			to->nodes.refs[i].achievement = ids[i];
		}
	return SKD_OK;
}

static enum skd_outcome track_read(struct skd_call *call, json_t *document, struct imported *to)
{
	static const struct field fields[] = {{"language", FIELD_TEXT, .required = true}, {"blurb", FIELD_TEXT, .most = 10000},
					      {"concepts", FIELD_JSON, .required = true}, {"exercises", FIELD_JSON, .required = true}, {NULL}};
	struct value v[4] = {0};
	struct item *items = NULL;
	TRY(members_read(call, fields, "/document", document, v));
	if (!json_is_object(v[3].json))
		return fail_field(call, "/document/exercises", "must be an object");
	to->pathway.name = v[0].text;
	to->pathway.description = v[1].text;
	to->nodes.at = "/document";
	TRY(items_read(call, "/document/concepts", "concept", v[2].json, &items, 0, to));
	to->concepts = to->nodes.graph.count;
	TRY(items_read(call, "/document/exercises/concept", "exercise", json_object_get(v[3].json, "concept"), &items, to->concepts, to));
	TRY(items_read(call, "/document/exercises/practice", "exercise", json_object_get(v[3].json, "practice"), &items, to->concepts, to));
	to->exercises = to->nodes.graph.count - to->concepts;
	edges_add(call, items, to);
	return achievements_find(call, items, to);
}

/* ---- both ---- */

static enum skd_outcome document_read(struct skd_call *call, json_t *document, struct imported *to)
{
	const char *format = json_string_value(json_object_get(document, "format"));
	to->format = format && strcmp(format, own_format) == 0 ? own_format : "exercism";
	if (to->format == own_format)
		return own_read(call, document, to);
	if (format || !json_object_get(document, "concepts") || !json_object_get(document, "exercises"))
		return fail_field(call, "/document", "must be a pathway that was exported, or an Exercism track");
	return track_read(call, document, to);
}

static enum skd_outcome imported_reply(struct skd_call *call, struct reply *out, const struct imported *from)
{
	struct graph graph;
	TRY(pathway_graph(call, &from->pathway, &graph));
	put_object(&out->json, NULL);
	pathway_write(&out->json, "pathway", &from->pathway, &graph);
	put_string(&out->json, "format", from->format);
	if (from->format != own_format) {
		put_int(&out->json, "concepts", (int64_t)from->concepts);
		put_int(&out->json, "exercises", (int64_t)from->exercises);
	}
	put_int(&out->json, "edges", (int64_t)from->edges);
	put_array(&out->json, "dangling");
	for (size_t i = 0; i < from->dangling_count; i++) {
		put_object(&out->json, NULL);
		put_string(&out->json, "node", from->dangling[2 * i]);
		put_string(&out->json, "missing", from->dangling[2 * i + 1]);
		put_object_end(&out->json);
	}
	put_array_end(&out->json);
	put_object_end(&out->json);
	pathway_tag(call, out, &from->pathway);
	return SKD_OK;
}

enum skd_outcome api_pathway_import(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {{"document", FIELD_JSON, .required = true}, {"issuer", FIELD_REF}, {NULL}};
	struct imported to = {.pathway = {.enforced = true, .lost = "keep", .state = "draft"}};
	struct value v[2] = {0};
	TRY(body_read(call, in, fields, false, v));
	if (!json_is_object(v[0].json))
		return fail_field(call, "/document", "must be an object");
	to.pathway.issuer_id = v[1].text;
	TRY(pathway_coded(call, to.pathway.issuer_id, 0, NULL, NULL));
	TRY(document_read(call, v[0].json, &to));
	TRY(pathway_add(call, &to.nodes, &to.pathway));
	reply_created(call, out, "/api/v1/pathways", to.pathway.id);
	return imported_reply(call, out, &to);
}
