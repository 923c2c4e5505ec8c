/* SPDX-License-Identifier: Apache-2.0
 * Pathways and their versions. */
#include "rules/pathway.h"

#include "rules/achievement.h"
#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/detail.h"
#include "rules/graph.h"
#include "rules/issuer.h"
#include "rules/outbox.h"
#include "rules/publication.h"
#include "rules/skill.h"
#include "rules/within.h"

#include <string.h>

enum skd_outcome pathway_get(struct skd_call *call, const char *id, long number, struct store_pathway *pathway)
{
	return store_pathway_get(call, id, number, actor_has(call, ROLE_CATALOGUE), pathway);
}

enum skd_outcome pathway_graph(struct skd_call *call, const struct store_pathway *pathway, struct graph *graph)
{
	return store_pathway_graph(call, pathway->id, pathway->number, graph);
}

enum skd_outcome pathway_list(struct skd_call *call, struct store_pathway_filter *filter, struct list *list,
			      struct store_pathway **pathways, size_t *count)
{
	filter->drafts = actor_has(call, ROLE_CATALOGUE);
	TRY(issuer_must_exist(call, "issuer", filter->issuer));
	TRY(achievement_must_exist(call, "achievement", filter->achievement));
	return store_pathway_list(call, filter, list, pathways, count);
}

enum skd_outcome pathway_versions(struct skd_call *call, const char *id, struct store_pathway **versions, size_t *count)
{
	TRY(store_pathway_versions(call, id, actor_has(call, ROLE_CATALOGUE), versions, count));
	return *count ? SKD_OK : fail(call, SKD_ABSENT, "there is no such pathway");
}

enum skd_outcome pathway_events(struct skd_call *call, const char *id, struct store_pathway_step **steps, size_t *count)
{
	struct store_pathway pathway;
	TRY(pathway_get(call, id, 0, &pathway));
	return store_pathway_events(call, id, steps, count);
}

/* ---- what may be said ---- */

static const char *node_field(struct skd_call *call, const struct pathway_nodes *nodes, size_t place, const char *member)
{
	return talloc_asprintf(call, "%s/nodes/%zu/%s", nodes->at, place, member);
}

/* Each has just what its kind says. */
static enum skd_outcome node_form(struct skd_call *call, const struct pathway_nodes *nodes, size_t place)
{
	const struct graph_node *node = &nodes->graph.nodes[place];
	const struct pathway_ref *ref = &nodes->refs[place];
	static const char *const members[] = {"achievement", "skill", "pathway", "level"};
	const char *const said[] = {ref->achievement, ref->skill, ref->pathway, node->level ? "" : NULL};
	const bool wanted[] = {node->kind == GRAPH_ACHIEVEMENT, node->kind == GRAPH_SKILL, node->kind == GRAPH_PATHWAY, node->kind == GRAPH_SKILL};
	for (int i = 0; i < 4; i++)
		if (!said[i] != !wanted[i])
			return fail_field(call, node_field(call, nodes, place, members[i]), wanted[i] ? "is required of this kind" : "is not of this kind");
	if (node->need != GRAPH_ALL && node->kind != GRAPH_GROUP)
		return fail_field(call, node_field(call, nodes, place, "need"), "is not of this kind");
	if (!node->name && node->kind == GRAPH_PROOF)
		return fail_field(call, node_field(call, nodes, place, "name"), "is required of this kind");
	return SKD_OK;
}

static enum skd_outcome id_read(struct skd_call *call, const char *field, const char *what, const char *text, const char **id)
{
	char *uuid = talloc_size(call, UUID_SIZE);
	*id = uuid;
	return uuid_parse(text, uuid) ? SKD_OK : fail_field(call, field, "there is no such %s", what);
}

/* Of one skill it is asked once. */
static enum skd_outcome skill_read(struct skd_call *call, struct pathway_nodes *nodes, size_t place)
{
	struct graph_node *all = nodes->graph.nodes;
	struct store_skill_match skill;
	for (size_t i = 0; i < place; i++)
		if (nodes->refs[i].skill && strcmp(nodes->refs[i].skill, nodes->refs[place].skill) == 0 && all[i].level == all[place].level) {
			all[place].ref = all[i].ref;
			return SKD_OK;
		}
	TRY(skill_pick(call, node_field(call, nodes, place, "skill"), nodes->refs[place].skill, &skill));
	all[place].ref = skill.id;
	return skill_match_level_check(call, node_field(call, nodes, place, "level"), &skill, all[place].level);
}

static enum skd_outcome node_read(struct skd_call *call, const struct store_pathway *pathway, struct pathway_nodes *nodes, size_t place)
{
	struct graph_node *node = &nodes->graph.nodes[place];
	const struct pathway_ref *ref = &nodes->refs[place];
	TRY(node_form(call, nodes, place));
	if (node->milestone)
		TRY(id_read(call, node_field(call, nodes, place, "milestone"), "achievement", node->milestone, &node->milestone));
	if (ref->achievement)
		TRY(id_read(call, node_field(call, nodes, place, "achievement"), "achievement", ref->achievement, &node->ref));
	if (ref->achievement && string_same(node->milestone, node->ref))
		return fail_field(call, node_field(call, nodes, place, "milestone"), "must be another achievement than the step itself");
	if (ref->skill)
		TRY(skill_read(call, nodes, place));
	if (!ref->pathway)
		return SKD_OK;
	TRY(id_read(call, node_field(call, nodes, place, "pathway"), "pathway", ref->pathway, &node->ref));
	if (pathway->id && strcmp(node->ref, pathway->id) == 0)
		return fail_field(call, node_field(call, nodes, place, "pathway"), "must be another pathway");
	return SKD_OK;
}

/* A draft may have none yet. */
static enum skd_outcome nodes_read(struct skd_call *call, const struct store_pathway *pathway, struct pathway_nodes *nodes)
{
	if (!nodes->graph.count)
		return SKD_OK;
	for (size_t i = 0; i < nodes->graph.count; i++)
		TRY(node_read(call, pathway, nodes, i));
	TRY(graph_link(call, talloc_asprintf(call, "%s/nodes", nodes->at), &nodes->graph));
	return within_check(call, nodes->at, &nodes->graph, false);
}

static enum skd_outcome achievement_read(struct skd_call *call, const char *at, struct store_pathway *pathway)
{
	const char *field = talloc_asprintf(call, "%s/achievement", at);
	if (!pathway->achievement_id)
		return SKD_OK;
	TRY(id_read(call, field, "achievement", pathway->achievement_id, &pathway->achievement_id));
	return within_achievement(call, field, pathway->achievement_id, false);
}

/* ---- steps of its story ---- */

static struct store_pathway_step step_of(struct skd_call *call, long number, const char *kind)
{
	return (struct store_pathway_step){.number = number, .kind = kind, .account = audit_account(call)};
}

static enum skd_outcome step(struct skd_call *call, const char *id, long number, const char *kind)
{
	const struct store_pathway_step now = step_of(call, number, kind);
	const struct store_notice notice = {.kind = talloc_asprintf(call, "pathway.%s", kind), .noun = "pathway", .object = id,
					    .detail = talloc_asprintf(call, "{\"version\":%ld}", number)};
	TRY(outbox_add(call, &notice));
	return store_pathway_event_add(call, id, &now, call->actor ? call->actor->account_id : NULL);
}

/* Skills may have been archived since they were written, and their scales changed. */
static enum skd_outcome skills_check(struct skd_call *call, const struct graph *graph)
{
	struct pathway_nodes nodes = {.at = "", .graph = *graph, .refs = talloc_zero_array(call, struct pathway_ref, graph->count + 1)};
	for (size_t i = 0; i < graph->count; i++)
		if (graph->nodes[i].kind == GRAPH_SKILL) {
			nodes.refs[i].skill = graph->nodes[i].ref;
			TRY(skill_read(call, &nodes, i));
		}
	return SKD_OK;
}

/* What is written as its version is published from now on. */
static enum skd_outcome publish(struct skd_call *call, const struct store_pathway *pathway, struct graph *graph)
{
	const struct store_pathway_step superseded = step_of(call, pathway->number, "superseded");
	TRY(within_may_award(call, pathway, graph));
	TRY(graph_link(call, "/nodes", graph));
	TRY(within_achievement(call, "/achievement", pathway->achievement_id, true));
	TRY(within_check(call, "", graph, true));
	TRY(skills_check(call, graph));
	TRY(within_circle(call, pathway, graph));
	TRY(publication_settle(call, pathway->id));
	TRY(store_pathway_supersede(call, pathway->id, &superseded, call->actor->account_id));
	TRY(store_pathway_publish(call, pathway));
	TRY(publication_begin(call, pathway));
	return step(call, pathway->id, pathway->number, "published");
}

/* Reads back what was written and closes with the audit entry. */
static enum skd_outcome told(struct skd_call *call, const char *action, const char *id, struct store_pathway *pathway)
{
	char until[TIME_SIZE];
	TRY(store_pathway_get(call, id, 0, true, pathway));
	if (pathway->keep_until != TIME_NEVER)
		time_format(pathway->keep_until, until);
	return audit_done(call, action, "pathway", id,
			  detail_of(call, "name", pathway->name, "version", arg_int(call, pathway->number), "state", pathway->state,
				    "steps", arg_int(call, pathway->steps), "lost", pathway->lost, "achievement", pathway->achievement_id, "keep_until",
				    pathway->keep_until == TIME_NEVER ? NULL : until, NULL));
}

enum skd_outcome pathway_add(struct skd_call *call, struct pathway_nodes *nodes, struct store_pathway *pathway)
{
	struct store_issuer issuer;
	bool published = strcmp(pathway->state, "published") == 0;
	TRY(absent_as_field(call, "/issuer", issuer_get(call, pathway->issuer_id, &issuer)));
	TRY(issuer_may_write(call, issuer.id, true));
	TRY(achievement_read(call, nodes->at, pathway));
	TRY(nodes_read(call, pathway, nodes));
	TRY(store_pathway_add(call, issuer.id, &pathway->id));
	pathway->number = 1;
	pathway->keep_until = TIME_NEVER;
	TRY(store_pathway_put(call, pathway, &nodes->graph));
	TRY(step(call, pathway->id, 1, "created"));
	if (published)
		TRY(publish(call, pathway, &nodes->graph));
	return told(call, "pathway.add", pathway->id, pathway);
}

/* ---- changes ---- */

/* The state that `asked` (NULL: nothing) makes of the old one. */
static enum skd_outcome state_next(struct skd_call *call, const struct store_pathway *old, bool edited, const char *asked,
				   const char **state)
{
	bool draft = strcmp(old->state, "draft") == 0, published = strcmp(old->state, "published") == 0;
	*state = asked ? asked : published && edited ? "draft" : old->state;
	if (!draft && !published && edited)
		return fail(call, SKD_CLASH, "what is archived is not changed");
	if (published && edited && asked && strcmp(asked, "archived") == 0)
		return fail(call, SKD_CLASH, "what is published is archived as it is: leave the changes out");
	if (!asked || strcmp(asked, old->state) == 0 || draft || (published && strcmp(asked, "archived") == 0))
		return SKD_OK;
	return fail(call, SKD_CLASH, "a pathway that is %s cannot become %s", old->state, asked);
}

static bool same_content(struct skd_call *call, const struct store_pathway *a, const struct graph *old, const struct store_pathway *b,
			 const struct graph *wanted)
{
	return string_same(a->name, b->name) && string_same(a->description, b->description) && a->enforced == b->enforced &&
	       string_same(a->achievement_id, b->achievement_id) && string_same(a->lost, b->lost) &&
	       (old == wanted || string_same(store_pathway_nodes(call, old), store_pathway_nodes(call, wanted)));
}

/* Until when who is under way stays is said of what is published, and not of what was. */
static enum skd_outcome keep_check(struct skd_call *call, const struct store_pathway *wanted, bool publishes)
{
	if (wanted->keep_until == TIME_NEVER)
		return SKD_OK;
	if (!publishes)
		return fail_field(call, "/keep_until", "is said with what publishes a version");
	return wanted->keep_until > clock_now() ? SKD_OK : fail_field(call, "/keep_until", "must be later than now");
}

static const char *action_of(const struct store_pathway *old, const struct store_pathway *wanted)
{
	if (wanted->number > old->number)
		return "pathway.supersede";
	if (strcmp(old->state, wanted->state) == 0)
		return "pathway.set";
	return strcmp(wanted->state, "archived") == 0 ? "pathway.archive" : "pathway.publish";
}

static enum skd_outcome change(struct skd_call *call, const struct store_pathway *old, bool edited, const struct store_pathway *wanted,
			       struct graph *graph)
{
	bool next = wanted->number > old->number, turned = next || strcmp(old->state, wanted->state) != 0;
	if (edited) {
		TRY(store_pathway_put(call, wanted, graph));
		TRY(step(call, old->id, wanted->number, next ? "created" : "edited"));
	}
	if (!turned || strcmp(wanted->state, "draft") == 0)
		return SKD_OK;
	if (strcmp(wanted->state, "published") == 0)
		return publish(call, wanted, graph);
	TRY(store_pathway_archive(call, old->id, wanted->number));
	return step(call, old->id, wanted->number, "archived");
}

enum skd_outcome pathway_set(struct skd_call *call, struct pathway_nodes *nodes, struct store_pathway *wanted)
{
	struct store_pathway old;
	struct graph before, *graph = nodes ? &nodes->graph : &before;
	TRY(pathway_get(call, wanted->id, 0, &old));
	TRY(issuer_may_write(call, old.issuer_id, false));
	if (old.version != wanted->version)
		return fail(call, SKD_STALE, "the pathway was changed since you read it: read it again");
	if (!string_same(old.achievement_id, wanted->achievement_id))
		TRY(achievement_read(call, "", wanted));
	TRY(store_pathway_graph(call, old.id, old.number, &before));
	if (nodes)
		TRY(nodes_read(call, &old, nodes));
	bool edited = !same_content(call, &old, &before, wanted, graph), draft = strcmp(old.state, "draft") == 0;
	TRY(state_next(call, &old, edited, wanted->state, &wanted->state));
	bool turned = strcmp(old.state, wanted->state) != 0;
	TRY(keep_check(call, wanted, strcmp(wanted->state, "published") == 0 && (edited || turned)));
	if (!edited && !turned) {
		*wanted = old;
		return SKD_OK;
	}
	wanted->number = !draft && edited ? old.latest + 1 : old.latest;
	TRY(store_pathway_touch(call, wanted->id, wanted->version, wanted->number));
	TRY(change(call, &old, edited, wanted, graph));
	return told(call, action_of(&old, wanted), wanted->id, wanted);
}

enum skd_outcome pathway_draft(struct skd_call *call, struct pathway_nodes *nodes, struct store_pathway *wanted, struct graph *graph)
{
	struct store_pathway old;
	TRY(pathway_get(call, wanted->id, wanted->number, &old));
	TRY(issuer_may_write(call, old.issuer_id, false));
	TRY(keep_check(call, wanted, true));
	if (!string_same(old.achievement_id, wanted->achievement_id))
		TRY(achievement_read(call, "", wanted));
	if (nodes)
		TRY(nodes_read(call, &old, nodes));
	if (!nodes)
		TRY(store_pathway_graph(call, old.id, old.number, graph));
	else
		*graph = nodes->graph;
	graph->enforced = wanted->enforced;
	wanted->number = strcmp(old.state, "draft") == 0 ? old.number : old.latest + 1;
	return graph_link(call, "/nodes", graph);
}

enum skd_outcome pathway_coded(struct skd_call *call, const char *issuer_id, size_t count, const char *const *codes, const char **ids)
{
	struct store_issuer issuer;
	TRY(absent_as_field(call, "/issuer", issuer_get(call, issuer_id, &issuer)));
	return store_pathway_coded(call, issuer.id, count, codes, ids);
}
