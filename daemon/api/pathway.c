/* SPDX-License-Identifier: Apache-2.0
 * /pathways as JSON. */
#include "api/pathway.h"

#include "api/merge.h"
#include "api/nouns.h"

#include <string.h>

static void node_write(struct json *json, const struct graph_node *node, bool whole)
{
	put_object(json, NULL);
	put_string(json, "id", node->id);
	put_string(json, "kind", graph_kinds[node->kind]);
	put_string(json, "name", node->name);
	put_string(json, "description", node->description);
	if (node->ref)
		put_named(json, graph_kinds[node->kind], node->ref, node->kind == GRAPH_SKILL ? "label" : "name", node->label);
	if (node->kind == GRAPH_SKILL)
		put_int(json, "level", node->level);
	if (whole || node->optional)
		put_bool(json, "optional", node->optional);
	if (whole || node->weight != 1)
		put_int(json, "weight", node->weight);
	if (whole || node->after_count) {
		put_array(json, "after");
		for (size_t i = 0; i < node->after_count; i++)
			put_string(json, NULL, node->after[i]);
		put_array_end(json);
	}
	put_string(json, "within", node->within);
	if (node->need != GRAPH_ALL)
		put_int(json, "need", node->need);
	put_named(json, "milestone", node->milestone, "name", node->milestone_label);
	put_object_end(json);
}

void pathway_nodes_write(struct json *json, const struct graph *graph, bool whole)
{
	put_array(json, "nodes");
	for (size_t i = 0; i < graph->count; i++)
		node_write(json, &graph->nodes[i], whole);
	put_array_end(json);
}

void pathway_write(struct json *json, const char *key, const struct store_pathway *p, const struct graph *graph)
{
	put_object(json, key);
	put_string(json, "id", p->id);
	put_int(json, "version", p->number);
	put_string(json, "name", p->name);
	put_string(json, "description", p->description);
	put_named(json, "issuer", p->issuer_id, "name", p->issuer);
	put_bool(json, "enforced", p->enforced);
	put_named(json, "achievement", p->achievement_id, "name", p->achievement);
	put_string(json, "lost", p->lost);
	put_string(json, "state", p->state);
	put_time(json, "published_at", p->published_at);
	put_time(json, "keep_until", p->keep_until);
	put_int(json, "steps", p->steps);
	if (graph)
		pathway_nodes_write(json, graph, true);
	put_time(json, "updated_at", p->updated_at);
	put_object_end(json);
}

void pathway_tag(struct skd_call *call, struct reply *out, const struct store_pathway *p)
{
	if (p->number == p->latest)
		reply_version(call, out, p->version);
	else
		out->etag = talloc_asprintf(call, "version-%ld", p->number);
}

static enum skd_outcome pathway_reply(struct skd_call *call, struct reply *out, const struct store_pathway *p)
{
	struct graph graph;
	TRY(pathway_graph(call, p, &graph));
	pathway_write(&out->json, NULL, p, &graph);
	pathway_tag(call, out, p);
	return SKD_OK;
}

/* ---- reading ---- */

const struct field pathway_list_fields[] = {
	{"q", FIELD_TEXT, .most = 200}, {"state", FIELD_ENUM, .words = "draft|published|archived"}, {"issuer", FIELD_UUID},
	{"achievement", FIELD_UUID}, {NULL}};
const struct field pathway_get_fields[] = {{"version", FIELD_INT, .least = 1, .most = INT32_MAX}, {NULL}};

enum skd_outcome api_pathway_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_pathway_filter filter = {.q = query_text(in, "q"), .state = query_text(in, "state"),
					      .issuer = query_text(in, "issuer"), .achievement = query_text(in, "achievement")};
	struct store_pathway *pathways;
	size_t count;
	TRY(pathway_list(call, &filter, in->list, &pathways, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		pathway_write(&out->json, NULL, &pathways[i], NULL);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_pathway_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_pathway pathway;
	TRY(pathway_get(call, in->ids[0], (long)query_value(in, "version")->number, &pathway));
	return pathway_reply(call, out, &pathway);
}

enum skd_outcome api_pathway_versions(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_pathway *versions;
	size_t from, count;
	TRY(pathway_versions(call, in->ids[0], &versions, &count));
	TRY(list_slice(call, in->list, &from, &count));
	reply_list_begin(in, out);
	for (size_t i = from; i < from + count; i++)
		pathway_write(&out->json, NULL, &versions[list_item(in->list, i)], NULL);
	reply_list_end(in, out);
	return SKD_OK;
}

static void step_write(struct json *json, const struct store_pathway_step *step)
{
	put_object(json, NULL);
	put_string(json, "kind", step->kind);
	put_int(json, "version", step->number);
	put_time(json, "at", step->at);
	put_string(json, "account", step->account);
	put_object_end(json);
}

enum skd_outcome api_pathway_events(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_pathway_step *steps;
	size_t from, count;
	TRY(pathway_events(call, in->ids[0], &steps, &count));
	TRY(list_slice(call, in->list, &from, &count));
	reply_list_begin(in, out);
	for (size_t i = from; i < from + count; i++)
		step_write(&out->json, &steps[list_item(in->list, i)]);
	reply_list_end(in, out);
	return SKD_OK;
}

/* ---- writing ---- */

enum { ID, KIND, NODE_NAME, NODE_DESCRIPTION, STEP, SKILL, LEVEL, INNER, OPTIONAL, WEIGHT, AFTER, WITHIN, NEED, MILESTONE, NODE_FIELDS };
static const struct field node_fields[NODE_FIELDS + 1] = {
	[ID] = {"id", FIELD_TEXT, .required = true, .most = 100},
	[KIND] = {"kind", FIELD_ENUM, .required = true, .words = "achievement|skill|pathway|proof|group"},
	[NODE_NAME] = {"name", FIELD_TEXT},
	[NODE_DESCRIPTION] = {"description", FIELD_TEXT, .most = 10000},
	[STEP] = {"achievement", FIELD_REF},
	[SKILL] = {"skill", FIELD_REF},
	[LEVEL] = {"level", FIELD_INT, .least = 1, .most = 20},
	[INNER] = {"pathway", FIELD_REF},
	[OPTIONAL] = {"optional", FIELD_BOOL},
	[WEIGHT] = {"weight", FIELD_INT, .least = 0, .most = 1000},
	[AFTER] = {"after", FIELD_TEXTS, .most = 100},
	[WITHIN] = {"within", FIELD_TEXT, .most = 100},
	[NEED] = {"need", FIELD_INT, .least = 1, .most = GRAPH_NODES_MAX},
	[MILESTONE] = {"milestone", FIELD_REF},
};

static enum skd_outcome node_read(struct skd_call *call, const char *at, json_t *item, struct graph_node *node, struct pathway_ref *ref)
{
	struct value v[NODE_FIELDS] = {0};
	int kind = 0;
	if (!json_is_object(item))
		return fail_field(call, at, "must be an object with id and kind");
	TRY(fields_object(call, node_fields, at, item, false, v));
	while (strcmp(graph_kinds[kind], v[KIND].text) != 0)
		kind++;
	*node = (struct graph_node){
		.id = v[ID].text, .kind = (enum graph_kind)kind, .name = v[NODE_NAME].text, .description = v[NODE_DESCRIPTION].text,
		.level = (long)v[LEVEL].number, .optional = v[OPTIONAL].number, .weight = v[WEIGHT].given ? (long)v[WEIGHT].number : 1,
		.after = v[AFTER].texts, .after_count = v[AFTER].count, .within = v[WITHIN].text,
		.need = v[NEED].given ? (long)v[NEED].number : GRAPH_ALL, .milestone = v[MILESTONE].text};
	*ref = (struct pathway_ref){v[STEP].text, v[INNER].text, v[SKILL].text};
	return SKD_OK;
}

enum skd_outcome pathway_nodes_read(struct skd_call *call, const char *at, json_t *array, struct pathway_nodes *nodes)
{
	const char *field = talloc_asprintf(call, "%s/nodes", at);
	size_t count = json_array_size(array), i;
	json_t *item;
	*nodes = (struct pathway_nodes){.graph = {.count = count}, .at = at};
	if (array && !json_is_null(array) && !json_is_array(array))
		return fail_field(call, field, "must be an array of nodes");
	if (count > GRAPH_NODES_MAX)
		return fail_field(call, field, "must be at most %d", GRAPH_NODES_MAX);
	nodes->graph.nodes = talloc_zero_array(call, struct graph_node, count + 1);
	nodes->refs = talloc_zero_array(call, struct pathway_ref, count + 1);
	json_array_foreach (array, i, item)
		TRY(node_read(call, talloc_asprintf(call, "%s/%zu", field, i), item, &nodes->graph.nodes[i], &nodes->refs[i]));
	return SKD_OK;
}

enum { NAME, DESCRIPTION, ENFORCED, ACHIEVEMENT, LOST, STATE, NODES, LAST, VERSION, FIELDS };

enum skd_outcome pathway_body(struct skd_call *call, const struct request *in, enum pathway_form form, struct store_pathway *p,
			      struct pathway_nodes **nodes)
{
	bool patch = form != PATHWAY_NEW;
	const struct field fields[FIELDS + 1] = {
		[NAME] = {"name", FIELD_TEXT, .required = true},
		[DESCRIPTION] = {"description", FIELD_TEXT, .most = 10000},
		[ENFORCED] = {"enforced", FIELD_BOOL},
		[ACHIEVEMENT] = {"achievement", FIELD_REF},
		[LOST] = {"lost", FIELD_ENUM, .words = "keep|suspend|revoke"},
		[STATE] = {"state", FIELD_ENUM, .words = form == PATHWAY_CHANGED ? "draft|published|archived" : "draft|published"},
		[NODES] = {"nodes", FIELD_JSON},
		[LAST] = patch ? (struct field){"keep_until", FIELD_TIME} : (struct field){"issuer", FIELD_REF},
		[VERSION] = form == PATHWAY_SIMULATED ? (struct field){"version", FIELD_INT, .least = 1, .most = INT32_MAX} : (struct field){NULL},
	};
	struct value v[FIELDS] = {0};
	TRY(body_read(call, in, fields, patch, v));
	for (int i = ENFORCED; i < FIELDS; i++)
		if (v[i].null && i != ACHIEVEMENT && i != NODES && i != LAST)
			return fail_field(call, talloc_asprintf(call, "/%s", fields[i].name), "must not be null");
	merge_text(&v[NAME], &p->name);
	merge_text(&v[DESCRIPTION], &p->description);
	merge_bool(&v[ENFORCED], &p->enforced);
	merge_text(&v[ACHIEVEMENT], &p->achievement_id);
	merge_text(&v[LOST], &p->lost);
	if (patch)
		p->state = NULL; /* the rules say what follows */
	merge_text(&v[STATE], &p->state);
	if (patch)
		p->keep_until = v[LAST].given && !v[LAST].null ? v[LAST].number : TIME_NEVER;
	else
		merge_text(&v[LAST], &p->issuer_id);
	if (patch && !v[NODES].given)
		return SKD_OK;
	*nodes = talloc_zero(call, struct pathway_nodes);
	return pathway_nodes_read(call, "", v[NODES].json, *nodes);
}

enum skd_outcome api_pathway_add(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_pathway pathway = {.enforced = true, .lost = "keep", .state = "draft"};
	struct pathway_nodes *nodes = NULL;
	TRY(pathway_body(call, in, PATHWAY_NEW, &pathway, &nodes));
	TRY(pathway_add(call, nodes, &pathway));
	reply_created(call, out, "/api/v1/pathways", pathway.id);
	return pathway_reply(call, out, &pathway);
}

enum skd_outcome api_pathway_set(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_pathway pathway;
	struct pathway_nodes *nodes = NULL;
	TRY(pathway_get(call, in->ids[0], 0, &pathway));
	TRY(merge_match(call, in, pathway.version));
	TRY(pathway_body(call, in, PATHWAY_CHANGED, &pathway, &nodes));
	TRY(pathway_set(call, nodes, &pathway));
	return pathway_reply(call, out, &pathway);
}
