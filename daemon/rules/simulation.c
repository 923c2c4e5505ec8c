/* SPDX-License-Identifier: Apache-2.0
 * Simulations: everybody is computed twice, on the version on which they are and on the one that would be. */
#include "rules/simulation.h"

#include "base/text.h"
#include "rules/graph.h"
#include "rules/progress.h"
#include "rules/sight_table.h"
#include "rules/work.h"
#include "store/simulation.h"
#include "store/standing.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 10000, FACTS_MOST = 200000 };

const char *const simulation_kinds[] = {"lose", "keep", "gain", NULL};

struct work {
	const struct store_pathway *wanted;
	struct graph graph; /* as it would be */
	bool milestones;    /* there are some in it */
	struct simulation *simulation;
};

static bool is(const char *state, const char *word)
{
	return strcmp(state, word) == 0;
}

/* ---- one ---- */

static struct simulation_stand stand_of(long number, const char *state, const struct progress *progress)
{
	return (struct simulation_stand){.number = number, .state = is(state, "active") && progress->complete ? "completed" : state,
					 .percent = progress->percent, .done = (long)progress->done, .needed = (long)progress->needed};
}

/* What they were given for it once is not given again, but for one that had expired before they complete it. */
static const char *award_of(const struct work *work, const struct store_simulated *one, const struct progress *becomes)
{
	const char *achievement = work->wanted->achievement_id;
	int64_t completed_at = becomes->completed_at > one->created_at ? becomes->completed_at : one->created_at;
	if (!achievement)
		return NULL;
	if (!one->credential_achievement_id || strcmp(one->credential_achievement_id, achievement) != 0 || one->credential_ended_at <= completed_at)
		return "issued";
	return one->held_back ? "reinstated" : NULL;
}

/* Those they were not given before. Owned by what `becomes` is. */
static void milestones_find(const struct work *work, const struct store_simulated *one, const struct progress *becomes,
			    struct simulation_item *item)
{
	const struct graph *graph = &work->graph;
	if (!work->milestones || !(is(item->after.state, "active") || is(item->after.state, "completed")))
		return;
	item->milestones = talloc_array(becomes->nodes, const char *, graph->count + 1);
	for (size_t i = 0; i < graph->count; i++) {
		const struct graph_node *node = &graph->nodes[i];
		if (node->milestone && becomes->nodes[i].state == PROGRESS_DONE && !strings_have(one->reached, one->reached_count, node->id))
			item->milestones[item->milestone_count++] = node->id;
	}
}

/* Who has completed it stays on the version by which they did. */
static struct simulation_item item_of(const struct work *work, const struct store_simulated *one, const struct progress *was,
				      const struct progress *becomes)
{
	const char *state = is(one->state, "completed") && !was->complete ? "active" : one->state;
	struct simulation_item item = {.id = one->id, .person_id = one->person_id, .person = one->person, .until = TIME_NEVER,
				       .before = stand_of(one->number, state, was)};
	item.after = item.before;
	if (is(item.before.state, "completed"))
		return item;
	item.after = stand_of(work->simulation->number, state, becomes);
	item.until = one->until;
	if (work->wanted->keep_until != TIME_NEVER && (item.until == TIME_NEVER || item.until < work->wanted->keep_until))
		item.until = work->wanted->keep_until;
	if (is(item.after.state, "completed"))
		item.award = award_of(work, one, becomes);
	milestones_find(work, one, becomes, &item);
	return item;
}

static void item_keep(struct skd_call *call, struct simulation_side *side, const struct simulation_item *item, bool seen)
{
	struct simulation_item *kept = &side->items[side->item_count];
	side->count++;
	side->completed += is(item->after.state, "completed") && !is(item->before.state, "completed");
	side->later += item->until != TIME_NEVER;
	side->milestones += (int64_t)item->milestone_count;
	side->others += !seen;
	side->more = side->more || (seen && side->item_count == SIMULATION_NAMED);
	if (!seen || side->item_count == SIMULATION_NAMED)
		return;
	*kept = *item;
	kept->id = talloc_strdup(call, item->id);
	kept->person_id = talloc_strdup(call, item->person_id);
	kept->person = talloc_strdup(call, item->person);
	kept->before.state = talloc_strdup(call, item->before.state);
	kept->after.state = talloc_strdup(call, item->after.state);
	kept->milestones = talloc_memdup(call, item->milestones, item->milestone_count * sizeof *item->milestones);
	side->item_count++;
}

/* ---- those on one version ---- */

static enum skd_outcome some_simulate(struct skd_call *call, struct work *work, const struct graph *before,
				      const struct store_simulated *some, size_t count)
{
	const char *pathway_id = work->wanted->id, **people = talloc_array(call, const char *, count + 1);
	struct graph_fact *was = talloc_zero_array(people, struct graph_fact, count * before->count + 1),
			  *becomes = talloc_zero_array(people, struct graph_fact, count * work->graph.count + 1);
	int64_t *changes = talloc_array(people, int64_t, count + 1);
	for (size_t i = 0; i < count; i++)
		people[i] = some[i].person_id;
	TRY(store_facts(call, pathway_id, before, count, people, was, changes));
	TRY(store_facts(call, pathway_id, &work->graph, count, people, becomes, changes));
	for (size_t i = 0; i < count; i++) {
		struct progress old, new;
		progress_compute(call, before, was + i * before->count, &old);
		progress_compute(call, &work->graph, becomes + i * work->graph.count, &new);
		struct simulation_item item = item_of(work, &some[i], &old, &new);
		long more = item.after.percent - item.before.percent;
		item_keep(call, &work->simulation->sides[more < 0 ? SIMULATION_LOSE : more > 0 ? SIMULATION_GAIN : SIMULATION_KEEP], &item, some[i].seen);
		talloc_free(old.nodes);
		talloc_free(new.nodes);
	}
	talloc_free(people);
	return SKD_OK;
}

/* All of one version, in pieces that are not too large. */
static enum skd_outcome version_simulate(struct skd_call *call, struct work *work, const struct store_simulated *some, size_t count)
{
	struct graph before;
	TRY(store_pathway_graph(call, work->wanted->id, some->number, &before));
	TRY(graph_link(call, "/nodes", &before));
	size_t larger = before.count > work->graph.count ? before.count : work->graph.count, most = FACTS_MOST / (larger + 1) + 1;
	for (size_t from = 0; from < count; from += most)
		TRY(some_simulate(call, work, &before, some + from, count - from < most ? count - from : most));
	return SKD_OK;
}

static int by_number(const void *a, const void *b)
{
	const struct store_simulated *left = a, *right = b;
	if (left->number != right->number)
		return left->number < right->number ? -1 : 1;
	return strcmp(left->id, right->id);
}

static enum skd_outcome page_simulate(struct skd_call *call, struct work *work, struct store_simulated *page, size_t count)
{
	qsort(page, count, sizeof *page, by_number);
	for (size_t from = 0, to; from < count; from = to) {
		for (to = from + 1; to < count && page[to].number == page[from].number; to++)
			;
		TRY(version_simulate(call, work, page + from, to - from));
	}
	work->simulation->people += (int64_t)count;
	return SKD_OK;
}

static enum skd_outcome all_simulate(struct skd_call *call, struct work *work)
{
	struct sight sight = sight_for(call, SIGHT_PATHWAYS);
	const char *after = NULL;
	size_t count = PAGE;
	int64_t all;
	TRY(store_simulated_count(call, work->wanted->id, SIMULATION_MOST + 1, &all));
	if (all > SIMULATION_MOST)
		return fail(call, SKD_CLASH, "more than %d are on this pathway: too many to be simulated", SIMULATION_MOST);
	while (count == PAGE) {
		struct store_simulated *page;
		TRY(store_simulated(call, &sight, work->wanted->id, after, PAGE, work->milestones, &page, &count));
		after = count ? talloc_strdup(call, page[count - 1].id) : NULL;
		TRY(page_simulate(call, work, page, count));
		talloc_free(page);
	}
	return SKD_OK;
}

enum skd_outcome pathway_simulate(struct skd_call *call, struct pathway_nodes *nodes, struct store_pathway *wanted,
				  struct simulation *simulation)
{
	struct work work = {.wanted = wanted, .simulation = simulation};
	*simulation = (struct simulation){0};
	TRY(pathway_draft(call, nodes, wanted, &work.graph));
	simulation->number = wanted->number;
	for (size_t i = 0; i < work.graph.count; i++)
		work.milestones = work.milestones || work.graph.nodes[i].milestone;
	for (int kind = 0; kind < SIMULATION_KINDS; kind++)
		simulation->sides[kind].items = talloc_zero_array(call, struct simulation_item, SIMULATION_NAMED + 1);
	work_pause(call);
	TRY(work_report(call));
	TRY(all_simulate(call, &work));
	work_end(call);
	return work_resume(call);
}
