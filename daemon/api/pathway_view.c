/* SPDX-License-Identifier: Apache-2.0
 * The pathways of one person as JSON. */
#include "api/nouns.h"

#include "rules/looks.h"
#include "rules/pathway_view.h"

static const char *const state_words[] = {
	[PROGRESS_DONE] = "done", [PROGRESS_OPEN] = "open", [PROGRESS_BLOCKED] = "blocked", [PROGRESS_SPARE] = "spare"};

/* Opens an object with what a node is and what it stands for. */
static void node_begin(struct json *json, const struct graph_node *node)
{
	put_object(json, NULL);
	put_string(json, "id", node->id);
	put_string(json, "kind", graph_kinds[node->kind]);
	put_string(json, "name", view_name(node));
	if (node->ref)
		put_named(json, graph_kinds[node->kind], node->ref, node->kind == GRAPH_SKILL ? "label" : "name", node->label);
	if (node->kind == GRAPH_SKILL)
		put_int(json, "level", node->level);
	put_named(json, "milestone", node->milestone, "name", node->milestone_label);
}

static void next_write(struct json *json, const struct graph *graph, const struct progress *progress)
{
	put_array(json, "next");
	for (size_t i = 0; i < progress->next_count; i++) {
		size_t place = progress->next[i];
		node_begin(json, &graph->nodes[place]);
		put_bool(json, "needed", progress->nodes[place].state != PROGRESS_SPARE);
		put_object_end(json);
	}
	put_array_end(json);
}

static void blocked_write(struct skd_call *call, struct json *json, const struct graph *graph, const struct progress *progress)
{
	put_array(json, "blocked");
	for (size_t i = 0; i < graph->count; i++) {
		if (progress->nodes[i].state != PROGRESS_BLOCKED || graph->nodes[i].kind == GRAPH_GROUP)
			continue;
		const struct progress_node *stands = &progress->nodes[i];
		node_begin(json, &graph->nodes[i]);
		if (stands->stuck != (int)i)
			put_named(json, "by", graph->nodes[stands->blocked_by].id, "name", view_name(&graph->nodes[stands->blocked_by]));
		put_string(json, "why", view_why(call, graph, progress, i));
		put_object_end(json);
	}
	put_array_end(json);
}

/* ---- the graph ---- */

static void graph_node_write(struct json *json, const struct pathway_view *view, size_t i)
{
	const struct graph_node *node = &view->standing.graph.nodes[i];
	const struct progress_node *stands = &view->standing.progress.nodes[i];
	const struct graph_place *place = &view->places[i];
	bool is_group = node->kind == GRAPH_GROUP;
	node_begin(json, node);
	put_string(json, "state", state_words[stands->state]);
	put_int(json, "percent", stands->percent);
	if (!is_group && view->standing.facts[i].met)
		put_time(json, "since", view->standing.facts[i].since);
	put_bool(json, "optional", node->optional);
	put_int(json, "weight", node->weight);
	put_string(json, "within", node->within);
	if (node->need != GRAPH_ALL)
		put_int(json, "need", node->need);
	put_int(json, "layer", place->layer);
	put_int(json, "row", place->row);
	if (is_group) {
		put_int(json, "layers", place->layers);
		put_int(json, "rows", place->rows);
	}
	put_object_end(json);
}

static void graph_write(struct json *json, const struct pathway_view *view)
{
	const struct graph *graph = &view->standing.graph;
	put_object(json, "graph");
	put_bool(json, "enforced", graph->enforced);
	put_array(json, "nodes");
	for (size_t i = 0; i < graph->count; i++)
		graph_node_write(json, view, i);
	put_array_end(json);
	put_array(json, "edges");
	for (size_t i = 0; i < graph->count; i++)
		for (size_t k = 0; k < graph->nodes[i].after_count; k++) {
			put_object(json, NULL);
			put_string(json, "from", graph->nodes[i].after[k]);
			put_string(json, "to", graph->nodes[i].id);
			put_object_end(json);
		}
	put_array_end(json);
	put_object_end(json);
}

/* ---- all of it ---- */

static void finish_write(struct json *json, int64_t finish)
{
	char at[TIME_SIZE];
	if (finish != TIME_NEVER && time_format(finish, at))
		put_string_n(json, "estimated_finish", at, sizeof "2026-01-01" - 1);
}

static void view_write(struct skd_call *call, struct json *json, const struct pathway_view *view)
{
	const struct store_enrolment *e = &view->enrolment;
	put_object(json, NULL);
	put_string(json, "id", e->id);
	put_object(json, "pathway");
	put_string(json, "id", e->pathway_id);
	put_int(json, "version", e->number);
	put_string(json, "name", e->pathway);
	put_object_end(json);
	put_string(json, "state", e->state);
	put_string(json, "via", e->via);
	put_string(json, "rule_id", e->rule_id);
	put_string(json, "until", e->until);
	put_int(json, "percent", e->percent);
	put_int(json, "done", e->done);
	put_int(json, "needed", e->needed);
	put_string(json, "words", view->words);
	finish_write(json, view->finish);
	put_time(json, "completed_at", e->completed_at);
	put_string(json, "credential_id", e->credential_id);
	put_time(json, "created_at", e->created_at);
	next_write(json, &view->standing.graph, &view->standing.progress);
	blocked_write(call, json, &view->standing.graph, &view->standing.progress);
	graph_write(json, view);
	put_object_end(json);
}

const struct field pathway_view_fields[] = {{"state", FIELD_ENUM, .words = "invited|active|paused|completed|left"}, {NULL}};

static enum skd_outcome views_reply(struct skd_call *call, const struct request *in, const char *person_id, struct reply *out)
{
	struct pathway_view *views;
	size_t count;
	if (!in->list->sort)
		in->list->descending = true;
	TRY(pathway_view_list(call, person_id, query_text(in, "state"), in->may_stream, in->list, &views, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		view_write(call, &out->json, &views[i]);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_pathways_of_person(struct skd_call *call, const struct request *in, struct reply *out)
{
	TRY(views_reply(call, in, in->ids[0], out));
	if (!in->may_stream) /* there all reading is noted */
		looks_add(call, in->ids[0], "pathways");
	return SKD_OK;
}

enum skd_outcome api_pathways_of_me(struct skd_call *call, const struct request *in, struct reply *out)
{
	return views_reply(call, in, NULL, out);
}
