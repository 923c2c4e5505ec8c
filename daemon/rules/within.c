/* SPDX-License-Identifier: Apache-2.0
 * What pathways stand on. */
#include "rules/within.h"

#include "rules/actor.h"
#include "rules/issuer.h"

#include <string.h>

/* Ids out of nodes, and whose they are. */
struct found {
	const char **ids;
	size_t *places;
	size_t count;
};

static void found_add(struct found *found, const char *id, size_t place)
{
	if (!id)
		return;
	found->ids[found->count] = id;
	found->places[found->count++] = place;
}

static struct found found_begin(struct skd_call *call, size_t most)
{
	return (struct found){.ids = talloc_array(call, const char *, most + 1), .places = talloc_array(call, size_t, most + 1)};
}

static struct found of_kind(struct skd_call *call, const struct graph *graph, enum graph_kind kind)
{
	struct found found = found_begin(call, graph->count);
	for (size_t i = 0; i < graph->count; i++)
		found_add(&found, graph->nodes[i].kind == kind ? graph->nodes[i].ref : NULL, i);
	return found;
}

static struct found milestones(struct skd_call *call, const struct graph *graph)
{
	struct found found = found_begin(call, graph->count + 1);
	for (size_t i = 0; i < graph->count; i++)
		found_add(&found, graph->nodes[i].milestone, i);
	return found;
}

static enum skd_outcome there_is_none(struct skd_call *call, const char *field, const char *what, bool published)
{
	return fail_field(call, field, "there is no such %s%s", what, published ? " that is published" : "");
}

static enum skd_outcome achievements_check(struct skd_call *call, const char *at, const struct found *found, const char *member,
					   bool published)
{
	size_t place;
	TRY(store_pathway_achievements(call, published, found->count, found->ids, &place));
	if (place == found->count)
		return SKD_OK;
	return there_is_none(call, talloc_asprintf(call, "%s/nodes/%zu/%s", at, found->places[place], member), "achievement", published);
}

enum skd_outcome within_check(struct skd_call *call, const char *at, const struct graph *graph, bool published)
{
	struct found steps = of_kind(call, graph, GRAPH_ACHIEVEMENT), inner = of_kind(call, graph, GRAPH_PATHWAY), on_the_way = milestones(call, graph);
	size_t place;
	TRY(achievements_check(call, at, &steps, "achievement", published));
	TRY(achievements_check(call, at, &on_the_way, "milestone", published));
	TRY(store_pathway_inner(call, published, inner.count, inner.ids, &place));
	if (place == inner.count)
		return SKD_OK;
	return there_is_none(call, talloc_asprintf(call, "%s/nodes/%zu/pathway", at, inner.places[place]), "pathway", published);
}

enum skd_outcome within_achievement(struct skd_call *call, const char *field, const char *id, bool published)
{
	size_t place = 1;
	if (id)
		TRY(store_pathway_achievements(call, published, 1, &id, &place));
	return place ? SKD_OK : there_is_none(call, field, "achievement", published);
}

/* ---- circles ---- */

/* Whoever was come by, and by way of whom. */
struct walk {
	const char **ids;
	size_t *from;
	size_t count;
};

static void walk_to(struct walk *walk, const char *id, size_t from)
{
	for (size_t i = 0; i < walk->count; i++)
		if (strcmp(walk->ids[i], id) == 0)
			return;
	walk->ids[walk->count] = id;
	walk->from[walk->count++] = from;
}

/* From the outside in; its own name stands at both ends. */
static enum skd_outcome circle_fail(struct skd_call *call, const struct store_pathway *pathway, const struct walk *walk, size_t last,
				    const char *field)
{
	enum { SHOWN = 20 };
	const char **ids = talloc_array(call, const char *, walk->count + 1);
	size_t first = walk->count, shown = 0;
	struct text text;
	for (size_t i = walk->from[last]; first == walk->count || ids[first] != walk->ids[i]; i = walk->from[i])
		ids[--first] = walk->ids[i];
	text_begin(&text, call, 256);
	text_addf(&text, "%s > ", text_shown(call, pathway->name));
	for (; first < walk->count && shown < SHOWN; first++, shown++) {
		struct store_pathway inner;
		TRY(store_pathway_get(call, ids[first], 0, true, &inner));
		text_addf(&text, "%s > ", text_shown(call, inner.name));
	}
	if (first < walk->count)
		text_addf(&text, "(%zu more) > ", walk->count - first);
	text_adds(&text, text_shown(call, pathway->name));
	return fail_field(call, field, "is a cycle, each asked for by the one before: %s", text_end(&text));
}

/* The pathways that it asks for: those that stand in it, and those that award what it takes as a step. */
static enum skd_outcome asked_for(struct skd_call *call, const struct store_pathway *pathway, const struct graph *graph, struct found *asked)
{
	struct found inner = of_kind(call, graph, GRAPH_PATHWAY), steps = of_kind(call, graph, GRAPH_ACHIEVEMENT);
	struct store_pathway_award *awards;
	size_t count;
	for (size_t i = 0; i < steps.count; i++)
		if (string_same(steps.ids[i], pathway->achievement_id))
			return fail_field(call, talloc_asprintf(call, "/nodes/%zu/achievement", steps.places[i]),
					  "is a cycle: it is what the pathway itself awards");
	TRY(store_pathway_awarding(call, pathway->id, steps.count, steps.ids, &awards, &count));
	*asked = found_begin(call, inner.count + count);
	for (size_t i = 0; i < inner.count; i++)
		found_add(asked, inner.ids[i], inner.places[i]);
	for (size_t i = 0; i < count; i++)
		found_add(asked, awards[i].pathway_id, steps.places[awards[i].place]);
	return SKD_OK;
}

enum skd_outcome within_circle(struct skd_call *call, const struct store_pathway *pathway, const struct graph *graph)
{
	struct found asked = {0};
	struct store_pathway_edge *edges;
	size_t edge_count;
	TRY(store_pathway_turn(call));
	TRY(asked_for(call, pathway, graph, &asked));
	TRY(store_pathway_within(call, pathway, asked.count, asked.ids, &edges, &edge_count));
	struct walk walk = {.ids = talloc_array(call, const char *, asked.count + edge_count + 1),
			    .from = talloc_array(call, size_t, asked.count + edge_count + 1)};
	for (size_t i = 0; i < asked.count; i++)
		walk_to(&walk, asked.ids[i], walk.count);
	for (size_t at = 0; at < walk.count; at++) {
		size_t first = at, i;
		for (i = 0; i < edge_count; i++)
			if (strcmp(edges[i].from, walk.ids[at]) == 0)
				walk_to(&walk, edges[i].to, at);
		if (strcmp(walk.ids[at], pathway->id) != 0)
			continue;
		while (walk.from[first] != first)
			first = walk.from[first];
		for (i = 0; strcmp(asked.ids[i], walk.ids[first]) != 0; i++)
			;
		return circle_fail(call, pathway, &walk, at,
				   talloc_asprintf(call, "/nodes/%zu/%s", asked.places[i], graph_kinds[graph->nodes[asked.places[i]].kind]));
	}
	return SKD_OK;
}

/* ---- awards ---- */

enum skd_outcome within_may_award(struct skd_call *call, const struct store_pathway *pathway, const struct graph *graph)
{
	struct found awarded = milestones(call, graph);
	const char *const *issuers;
	size_t count;
	found_add(&awarded, pathway->achievement_id, 0);
	if (!awarded.count)
		return SKD_OK;
	if (!actor_has(call, ROLE_ISSUER))
		return fail(call, SKD_DENIED, "who publishes a pathway that awards achievements must be one who may issue them");
	TRY(store_pathway_issuers(call, awarded.count, awarded.ids, &issuers, &count));
	for (size_t i = 0; i < count; i++)
		TRY(issuer_may_issue(call, issuers[i], true));
	return SKD_OK;
}
