/* SPDX-License-Identifier: Apache-2.0
 * How far somebody is. Groups are weighed when all that is in them has been, and stand for one node in what they are in. */
#include "rules/progress.h"

#include "base/text.h"

#include <stdlib.h>

/* What one node comes to. */
struct tally {
	bool done;
	int64_t since;
	double share;        /* 0 to 100; 100 just when it is done */
	long weight;
	size_t steps, gone;  /* that are needed in it, and of these those that are done */
	int place;
};
struct work {
	const struct graph *graph;
	const struct graph_fact *facts;
	struct tally *tallies; /* of each node */
	struct tally *among;   /* those that are weighed against each other now */
	size_t *first;         /* what is in group g stands in `inside` from first[g + 1] to before first[g + 2]; GRAPH_NONE is the whole */
	int *inside;
};

/* What is in which group, in the order of the graph; what is in none is in the whole. */
static void inside_find(void *owner, struct work *work)
{
	const struct graph *graph = work->graph;
	work->first = talloc_zero_array(owner, size_t, graph->count + 3);
	work->inside = talloc_array(owner, int, graph->count + 1);
	for (size_t i = 0; i < graph->count; i++)
		work->first[graph->nodes[i].group + 3]++;
	for (size_t i = 2; i < graph->count + 3; i++)
		work->first[i] += work->first[i - 1];
	for (size_t i = 0; i < graph->count; i++)
		work->inside[work->first[graph->nodes[i].group + 2]++] = (int)i;
}

/* What is nearest to done first; of two the one that weighs more. */
static int by_share(const void *a, const void *b)
{
	const struct tally *left = a, *right = b;
	if (left->share != right->share)
		return left->share < right->share ? 1 : -1;
	if (left->weight != right->weight)
		return left->weight < right->weight ? 1 : -1;
	return left->place - right->place;
}

static int by_since(const void *a, const void *b)
{
	const struct tally *left = a, *right = b;
	if (left->done != right->done)
		return left->done ? -1 : 1;
	return left->since < right->since ? -1 : left->since > right->since;
}

/* Of `count` that count. Where none weighs anything each weighs the same, but for what has no steps. */
static void weigh(const struct tally *among, size_t count, struct tally *tally)
{
	double weight = 0, sum = 0, plain = 0, some = 0;
	tally->done = true;
	for (size_t i = 0; i < count; i++) {
		tally->done = tally->done && among[i].done;
		tally->steps += among[i].steps;
		tally->gone += among[i].gone;
		weight += (double)among[i].weight;
		sum += (double)among[i].weight * among[i].share;
		plain += among[i].steps ? among[i].share : 0;
		some += among[i].steps > 0;
	}
	tally->share = tally->done ? 100 : weight > 0 ? sum / weight : plain / some;
	if (!tally->done && tally->share > 99)
		tally->share = 99;
}

/* Of a group, or with GRAPH_NONE of the whole. */
static struct tally gather(struct work *work, int group)
{
	const struct graph_node *nodes = work->graph->nodes;
	long need = group < 0 ? GRAPH_ALL : nodes[group].need;
	struct tally tally = {.since = TIME_UNSET, .place = group, .weight = group < 0 ? 1 : nodes[group].weight};
	size_t count = 0;
	for (size_t i = work->first[group + 1]; i < work->first[group + 2]; i++)
		if (need != GRAPH_ALL || !nodes[work->inside[i]].optional)
			work->among[count++] = work->tallies[work->inside[i]];
	if (need != GRAPH_ALL) {
		qsort(work->among, count, sizeof *work->among, by_since);
		tally.since = work->among[need - 1].since;
		qsort(work->among, count, sizeof *work->among, by_share);
		count = (size_t)need;
	}
	for (size_t i = 0; need == GRAPH_ALL && i < count; i++)
		if (work->among[i].since > tally.since)
			tally.since = work->among[i].since;
	weigh(work->among, count, &tally);
	if (!tally.done)
		tally.since = TIME_NEVER;
	if (!tally.steps)
		tally.weight = 0;
	return tally;
}

static struct tally tally_step(const struct work *work, int place)
{
	const struct graph_node *node = &work->graph->nodes[place];
	const struct graph_fact *fact = &work->facts[place];
	long part = node->kind == GRAPH_PATHWAY ? fact->percent : 0;
	return (struct tally){.done = fact->met, .since = fact->met ? fact->since : TIME_NEVER,
			      .share = fact->met ? 100 : part > 99 ? 99 : (double)part, .weight = node->weight,
			      .steps = 1, .gone = fact->met, .place = place};
}

/* Of what comes first the first that is not done; that of the group, where its own are. */
static int waits_for(const struct work *work, const int *waits, int place)
{
	const struct graph_node *node = &work->graph->nodes[place];
	int found = GRAPH_NONE;
	for (size_t i = 0; i < node->after_count; i++)
		if (!work->tallies[node->before[i]].done && (found < 0 || node->before[i] < found))
			found = node->before[i];
	return found < 0 && node->group >= 0 ? waits[node->group] : found;
}

static enum progress_state state_of(const struct work *work, const struct progress *progress, int place, bool waits)
{
	const struct graph_node *node = &work->graph->nodes[place], *group = node->group < 0 ? NULL : &work->graph->nodes[node->group];
	if (work->tallies[place].done)
		return PROGRESS_DONE;
	if (node->optional && (!group || group->need == GRAPH_ALL))
		return PROGRESS_SPARE;
	if (group && (progress->nodes[node->group].state == PROGRESS_DONE || progress->nodes[node->group].state == PROGRESS_SPARE))
		return PROGRESS_SPARE;
	return work->facts[place].gone || (waits && work->graph->enforced) ? PROGRESS_BLOCKED : PROGRESS_OPEN;
}

/* Groups first: the order has them behind what is in them. */
static void states_find(const struct work *work, int *waits, struct progress *progress)
{
	for (size_t i = work->graph->count; i-- > 0;) {
		int place = work->graph->order[i];
		waits[place] = waits_for(work, waits, place);
		enum progress_state state = state_of(work, progress, place, waits[place] >= 0);
		bool blocked = work->graph->enforced && state != PROGRESS_DONE;
		progress->nodes[place] = (struct progress_node){
			.state = state, .blocked_by = blocked ? waits[place] : GRAPH_NONE, .stuck = GRAPH_NONE,
			.percent = (long)(work->tallies[place].share + 1e-9)};
	}
}

/* Needed ones first, and of these those before which nothing is left. */
static void next_find(void *owner, const struct work *work, const int *waits, struct progress *progress)
{
	const struct graph *graph = work->graph;
	progress->next = talloc_array(owner, size_t, graph->count + 1);
	for (int rank = 0; rank < 4; rank++)
		for (size_t i = 0; i < graph->count; i++) {
			enum progress_state state = progress->nodes[i].state;
			bool waiting = waits[i] >= 0, can = state != PROGRESS_DONE && !work->facts[i].gone && !(waiting && graph->enforced);
			if (can && graph->nodes[i].kind != GRAPH_GROUP && rank == 2 * (state == PROGRESS_SPARE) + waiting)
				progress->next[progress->next_count++] = i;
		}
}

/* ---- what can be done no more ---- */

/* Of what comes before it, or before the groups around it. */
static int stuck_before(const struct work *work, const struct progress *progress, int place)
{
	const struct graph_node *nodes = work->graph->nodes;
	for (int at = place; work->graph->enforced && at >= 0; at = nodes[at].group)
		for (size_t i = 0; i < nodes[at].after_count; i++)
			if (progress->nodes[nodes[at].before[i]].stuck >= 0)
				return progress->nodes[nodes[at].before[i]].stuck;
	return GRAPH_NONE;
}

/* Of what is in a group, or with GRAPH_NONE in the whole, unless there is enough without it. */
static int stuck_within(const struct work *work, const struct progress *progress, int group)
{
	const struct graph_node *nodes = work->graph->nodes;
	long need = group < 0 ? GRAPH_ALL : nodes[group].need, can = 0;
	int found = GRAPH_NONE;
	for (size_t i = work->first[group + 1]; i < work->first[group + 2]; i++) {
		int stuck = progress->nodes[work->inside[i]].stuck;
		if (need == GRAPH_ALL && nodes[work->inside[i]].optional)
			continue;
		can += stuck < 0;
		if (found < 0)
			found = stuck;
	}
	return need == GRAPH_ALL || can < need ? found : GRAPH_NONE;
}

static void stuck_find(const struct work *work, struct progress *progress)
{
	const struct graph *graph = work->graph;
	bool gone = false;
	progress->stuck = GRAPH_NONE;
	for (size_t i = 0; i < graph->count; i++)
		gone = gone || work->facts[i].gone;
	for (size_t i = 0; gone && i < graph->count; i++) {
		int place = graph->order[i], *stuck = &progress->nodes[place].stuck;
		if (progress->nodes[place].state == PROGRESS_DONE)
			continue;
		*stuck = work->facts[place].gone ? place : stuck_before(work, progress, place);
		if (*stuck < 0 && graph->nodes[place].kind == GRAPH_GROUP)
			*stuck = stuck_within(work, progress, place);
	}
	if (gone)
		progress->stuck = stuck_within(work, progress, GRAPH_NONE);
}

void progress_compute(struct skd_call *call, const struct graph *graph, const struct graph_fact *facts, struct progress *progress)
{
	*progress = (struct progress){.nodes = talloc_zero_array(call, struct progress_node, graph->count + 1)};
	void *owner = progress->nodes;
	int *waits = talloc_array(owner, int, graph->count + 1);
	struct work work = {.graph = graph, .facts = facts, .tallies = talloc_zero_array(owner, struct tally, graph->count + 1),
			    .among = talloc_array(owner, struct tally, graph->count + 1)};
	inside_find(owner, &work);
	for (size_t i = 0; i < graph->count; i++) {
		int place = graph->order[i];
		work.tallies[place] = graph->nodes[place].kind == GRAPH_GROUP ? gather(&work, place) : tally_step(&work, place);
	}
	struct tally whole = gather(&work, GRAPH_NONE);
	states_find(&work, waits, progress);
	next_find(owner, &work, waits, progress);
	stuck_find(&work, progress);
	progress->percent = (long)(whole.share + 1e-9);
	progress->complete = whole.done;
	progress->completed_at = whole.since;
	progress->done = whole.gone;
	progress->needed = whole.steps;
}
