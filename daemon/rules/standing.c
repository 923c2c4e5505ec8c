/* SPDX-License-Identifier: Apache-2.0
 * Where people stand. */
#include "rules/standing.h"

#include "base/text.h"
#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/graph.h"
#include "rules/work.h"
#include "store/pathway.h"
#include "store/standing.h"

#include <string.h>

enum { ROUNDS = 64, FACTS_MOST = 200000 };

static bool is(const char *state, const char *word)
{
	return strcmp(state, word) == 0;
}

/* ---- one ---- */

static bool owes_milestone(const struct store_standing *old, const struct graph *graph, const struct progress *progress)
{
	for (size_t i = 0; i < graph->count; i++)
		if (graph->nodes[i].milestone && progress->nodes[i].state == PROGRESS_DONE && !strings_have(old->reached, old->reached_count, graph->nodes[i].id))
			return true;
	return false;
}

/* Whoever had everything before they began has completed it when they began. */
static void turn_state(const struct store_standing *old, const struct progress *progress, struct store_standing_turn *turn)
{
	struct store_standing *now = &turn->now;
	if (is(old->state, "active") && progress->complete) {
		now->state = turn->event = "completed";
		now->completed_at = progress->completed_at > old->created_at ? progress->completed_at : old->created_at;
	} else if (is(old->state, "completed") && !progress->complete) {
		now->state = "active";
		now->completed_at = TIME_NEVER;
		turn->event = "lost";
	} else if (now->number != old->number) {
		turn->event = "moved";
	}
}

/* Who completes it stays on the version by which they did. `change`: when what is so changes next. */
static struct store_standing_turn turn_of(const struct store_standing *old, const struct graph *graph, const struct progress *progress,
					  int64_t change)
{
	struct store_standing_turn turn = {.now = *old};
	struct store_standing *now = &turn.now;
	bool stays = is(old->state, "completed"), counts;
	now->number = stays ? old->number : old->stands;
	now->newest = stays ? old->number : old->newest;
	now->percent = progress->percent;
	now->done = (long)progress->done;
	now->needed = (long)progress->needed;
	turn_state(old, progress, &turn);
	now->due_at = !stays && old->until < change ? old->until : change;
	if (stays && !progress->complete && old->newest > old->number)
		now->due_at = clock_now(); /* is under way again, and may belong elsewhere */
	counts = is(now->state, "active") || is(now->state, "completed");
	turn.owed = (turn.event && !is(turn.event, "moved")) || (counts && owes_milestone(old, graph, progress));
	turn.changed = turn.event || now->percent != old->percent || now->done != old->done || now->needed != old->needed;
	return turn;
}

/* ---- those on one version ---- */

static const char *const *people_of(struct skd_call *call, const struct store_standing *standings, size_t count)
{
	const char **people = talloc_array(call, const char *, count + 1);
	for (size_t i = 0; i < count; i++)
		people[i] = standings[i].person_id;
	return people;
}

static enum skd_outcome some_compute(struct skd_call *call, const struct graph *graph, const struct store_standing *standings, size_t count,
				     struct store_standing_turn *turns)
{
	struct graph_fact *facts = talloc_zero_array(call, struct graph_fact, count * graph->count + 1);
	int64_t *changes = talloc_array(call, int64_t, count + 1);
	TRY(store_facts(call, standings->pathway_id, graph, count, people_of(call, standings, count), facts, changes));
	for (size_t i = 0; i < count; i++) {
		struct progress progress;
		progress_compute(call, graph, facts + i * graph->count, &progress);
		turns[i] = turn_of(&standings[i], graph, &progress, changes[i]);
		talloc_free(progress.nodes);
	}
	talloc_free(facts);
	return SKD_OK;
}

static enum skd_outcome graph_get(struct skd_call *call, const char *pathway_id, long number, struct graph *graph)
{
	TRY(store_pathway_graph(call, pathway_id, number, graph));
	return graph_link(call, "/nodes", graph);
}

static long number_of(const struct store_standing *s)
{
	return is(s->state, "completed") ? s->number : s->stands;
}

static bool same_version(const struct store_standing *a, const struct store_standing *b)
{
	return number_of(a) == number_of(b) && strcmp(a->pathway_id, b->pathway_id) == 0;
}

/* All of one version, in pieces that are not too large. */
static enum skd_outcome version_compute(struct skd_call *call, const struct store_standing *standings, size_t count,
					struct store_standing_turn *turns)
{
	struct graph graph;
	TRY(graph_get(call, standings->pathway_id, number_of(standings), &graph));
	size_t most = FACTS_MOST / (graph.count + 1) + 1;
	for (size_t from = 0; from < count; from += most)
		TRY(some_compute(call, &graph, standings + from, count - from < most ? count - from : most, turns + from));
	return SKD_OK;
}

static bool is_news(const struct store_standing *old, const struct store_standing_turn *turn)
{
	return turn->changed || turn->owed || turn->now.due_at != old->due_at ||
	       (old->newest > old->number && !is(old->state, "completed"));
}

/* In the order of pathways and versions. */
static enum skd_outcome all_compute(struct skd_call *call, const struct store_standing *standings, size_t count)
{
	struct store_standing_turn *turns = talloc_zero_array(call, struct store_standing_turn, count + 1);
	size_t kept = 0;
	for (size_t from = 0, to; from < count; from = to) {
		for (to = from + 1; to < count && same_version(&standings[from], &standings[to]); to++)
			;
		TRY(version_compute(call, standings + from, to - from, turns + from));
	}
	for (size_t i = 0; i < count; i++) {
		call->queued = call->queued || turns[i].owed;
		if (is_news(&standings[i], &turns[i]))
			turns[kept++] = turns[i];
	}
	return store_standing_put(call, kept, turns, audit_account(call), call->actor->account_id);
}

/* What they are on is held before the news is: everybody who computes waits for the same first. */
static enum skd_outcome people_compute(struct skd_call *call, size_t count, const char *const *people)
{
	struct store_standing *standings;
	size_t found;
	TRY(store_standing_people(call, count, people, &standings, &found));
	TRY(store_news_drop(call, count, people));
	return all_compute(call, standings, found);
}

/* ---- whose ---- */

/* What one is on may count in what they are on, too: until nothing changes any more. */
enum skd_outcome standing_refresh(struct skd_call *call, size_t count, const char *const *people)
{
	const struct actor *actor = call->actor;
	const char *const *stale;
	size_t stale_count;
	for (int round = 0; round < ROUNDS; round++) {
		TRY(store_standing_stale(call, count, people, &stale, &stale_count));
		if (!stale_count)
			break;
		if (call->actor == actor)
			TRY(actor_be_rule(call));
		TRY(people_compute(call, stale_count, stale));
	}
	call->actor = actor;
	return SKD_OK;
}

enum skd_outcome standing_get(struct skd_call *call, const struct store_enrolment *enrolment, struct standing *standing)
{
	int64_t change;
	TRY(graph_get(call, enrolment->pathway_id, enrolment->number, &standing->graph));
	standing->facts = talloc_zero_array(call, struct graph_fact, standing->graph.count + 1);
	TRY(store_facts(call, enrolment->pathway_id, &standing->graph, 1, &enrolment->person_id, standing->facts, &change));
	TRY(store_facts_gone(call, enrolment->person_id, &standing->graph, standing->facts));
	progress_compute(call, &standing->graph, standing->facts, &standing->progress);
	return SKD_OK;
}

enum skd_outcome standing_pathway(struct skd_call *call, const char *pathway_id, long newest, long most, size_t *done)
{
	struct store_standing *standings;
	TRY(store_standing_pathway(call, pathway_id, newest, most, &standings, done));
	return all_compute(call, standings, *done);
}

enum skd_outcome standing_turn(struct skd_call *call, bool *more)
{
	const char *const *people;
	size_t count;
	*more = false;
	TRY(pool_borrow(call->house->jobs, call));
	TRY(tx_begin(call));
	TRY(store_news_find(call, &people, &count));
	if (!count)
		TRY(store_standing_due(call, &people, &count));
	if (!count)
		return SKD_OK;
	*more = true;
	TRY(actor_be_rule(call));
	TRY(people_compute(call, count, people));
	return work_commit(call);
}
