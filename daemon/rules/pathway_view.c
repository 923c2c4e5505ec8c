/* SPDX-License-Identifier: Apache-2.0
 * What somebody is told of the pathways they are on. */
#include "rules/pathway_view.h"

#include "base/text.h"
#include "rules/actor.h"
#include "rules/enrolment.h"
#include "rules/person.h"

#include <string.h>

static bool is(const char *state, const char *word)
{
	return strcmp(state, word) == 0;
}

/* ---- words ---- */

enum { NAMED = 3 };

const char *view_name(const struct graph_node *node)
{
	return node->name ? node->name : node->label ? node->label : node->id;
}

/* Whether all is done that comes before a node, and before the groups around it. */
static bool has_turn(const struct graph *graph, const struct progress *progress, size_t place)
{
	for (int at = (int)place; at >= 0; at = graph->nodes[at].group)
		for (size_t i = 0; i < graph->nodes[at].after_count; i++)
			if (progress->nodes[graph->nodes[at].before[i]].state != PROGRESS_DONE)
				return false;
	return true;
}

/* "A", "A or B", "A, B or C", "A, B, C or 4 more" of these places. */
static void names_add(struct text *text, const struct graph *graph, const size_t *places, size_t count)
{
	size_t named = count > NAMED ? NAMED : count, ends = count > NAMED ? NAMED + 1 : count;
	for (size_t i = 0; i < named; i++)
		text_addf(text, "%s%s", i == 0 ? "" : i + 1 == ends ? " or " : ", ", view_name(&graph->nodes[places[i]]));
	if (count > NAMED)
		text_addf(text, " or %zu more", count - NAMED);
}

/* Of the steps that can be done now those that are needed, with `turn` just those before which nothing is left. */
static size_t next_needed(const struct graph *graph, const struct progress *progress, bool turn, size_t *places)
{
	size_t count = 0;
	for (size_t i = 0; i < progress->next_count; i++) {
		size_t place = progress->next[i];
		if (progress->nodes[place].state == PROGRESS_OPEN && (!turn || has_turn(graph, progress, place)))
			places[count++] = place;
	}
	return count;
}

static void next_add(struct text *text, const struct graph *graph, const struct progress *progress)
{
	size_t *places = talloc_array(text->owner, size_t, graph->count + 1), count = next_needed(graph, progress, true, places);
	if (!count)
		count = next_needed(graph, progress, false, places);
	if (count) {
		text_adds(text, "; next: ");
		names_add(text, graph, places, count);
	} else if (progress->next_count && !progress->complete) {
		text_adds(text, "; what is left waits for ");
		names_add(text, graph, progress->next, progress->next_count);
	}
	talloc_free(places);
}

static const char *gone_words(const struct graph_node *node)
{
	return node->kind == GRAPH_PATHWAY ? "is not begun any more" : "is not issued any more";
}

const char *view_words(void *owner, const struct store_enrolment *enrolment, const struct graph *graph, const struct progress *progress)
{
	const char *state = enrolment->state;
	char at[TIME_SIZE];
	struct text text;
	text_begin(&text, owner, 100);
	if (is(state, "completed") && time_format(enrolment->completed_at, at))
		text_addf(&text, "Completed on %.10s: ", at);
	else if (!is(state, "active"))
		text_adds(&text, is(state, "invited") ? "Invited: " : is(state, "paused") ? "Paused: " : "Left: ");
	text_addf(&text, "%ld of %ld %s done", enrolment->done, enrolment->needed, enrolment->needed == 1 ? "step" : "steps");
	if (!is(state, "completed") && !is(state, "left")) {
		next_add(&text, graph, progress);
		if (progress->stuck != GRAPH_NONE)
			text_addf(&text, "; %s %s", view_name(&graph->nodes[progress->stuck]), gone_words(&graph->nodes[progress->stuck]));
	}
	return text_end(&text);
}

static void first_add(struct text *text, const struct graph_node *by)
{
	if (by->kind != GRAPH_GROUP)
		text_addf(text, "%s comes first", view_name(by));
	else if (by->need == GRAPH_ALL)
		text_addf(text, "All of %s comes first", view_name(by));
	else
		text_addf(text, "%ld of %s %s first", by->need, view_name(by), by->need == 1 ? "comes" : "come");
}

const char *view_why(void *owner, const struct graph *graph, const struct progress *progress, size_t place)
{
	const struct progress_node *node = &progress->nodes[place];
	const struct graph_node *gone = node->stuck == GRAPH_NONE ? NULL : &graph->nodes[node->stuck];
	struct text text;
	if (node->stuck == (int)place)
		return talloc_asprintf(owner, "%s %s", view_name(gone), gone_words(gone));
	text_begin(&text, owner, 100);
	first_add(&text, &graph->nodes[node->blocked_by]);
	if (gone)
		text_addf(&text, ", and %s%s%s", node->stuck == node->blocked_by ? "" : view_name(gone), node->stuck == node->blocked_by ? "" : " ",
			  gone_words(gone));
	return text_end(&text);
}

/* ---- pace ---- */

int64_t view_finish(int64_t began, int64_t now, size_t did, size_t left)
{
	static const int64_t day = 86400000000, most = 3650 * day;
	if (!did || !left || now - began < day)
		return TIME_NEVER;
	double takes = (double)(now - began) / (double)did * (double)left;
	return takes < (double)most ? now + (int64_t)takes : TIME_NEVER;
}

static size_t did_since(const struct standing *standing, int64_t began)
{
	size_t did = 0;
	for (size_t i = 0; i < standing->graph.count; i++)
		did += standing->graph.nodes[i].kind != GRAPH_GROUP && standing->facts[i].met && standing->facts[i].since >= began;
	return did < standing->progress.done ? did : standing->progress.done;
}

/* ---- reading ---- */

/* What is shown of it is of one moment: what changed while it was read is in none of it, or in all. */
static enum skd_outcome view_get(struct skd_call *call, const struct store_enrolment *kept, struct pathway_view *view)
{
	struct store_enrolment *e = &view->enrolment;
	struct progress *progress = &view->standing.progress;
	*e = *kept;
	TRY(standing_get(call, e, &view->standing));
	if (!is(e->state, "left")) {
		e->percent = progress->percent;
		e->done = (long)progress->done;
		e->needed = (long)progress->needed;
	}
	view->places = graph_layers(call, &view->standing.graph);
	view->words = view_words(call, e, &view->standing.graph, progress);
	view->finish = TIME_NEVER;
	if (is(e->state, "active") && progress->stuck == GRAPH_NONE)
		view->finish = view_finish(e->created_at, clock_now(), did_since(&view->standing, e->created_at), progress->needed - progress->done);
	return SKD_OK;
}

static enum skd_outcome whose(struct skd_call *call, const char **person_id)
{
	struct sight sight = sight_for(call, SIGHT_PATHWAYS);
	struct store_person person;
	if (!*person_id && !call->actor->person_id)
		return fail(call, SKD_DENIED, "this account is no person of the directory");
	if (!*person_id)
		*person_id = call->actor->person_id;
	if (actor_is(call, *person_id))
		return SKD_OK;
	TRY(store_person_get(call, &sight, *person_id, &person));
	*person_id = person.human_id ? person.human_id : person.id;
	return SKD_OK;
}

enum skd_outcome pathway_view_list(struct skd_call *call, const char *person_id, const char *state, bool apart, struct list *list,
				   struct pathway_view **views, size_t *count)
{
	static const struct sight all = {.everyone = true};
	struct store_enrolment *enrolments;
	TRY(whose(call, &person_id));
	const struct store_enrolment_filter filter = {.person = person_id, .state = state, .present = !state};
	if (apart)
		TRY(tx_begin(call));
	TRY(standing_refresh(call, 1, &person_id));
	TRY(store_enrolment_list(call, &all, &filter, list, &enrolments, count));
	enrolment_veil(call, enrolments, *count);
	*views = talloc_zero_array(call, struct pathway_view, *count + 1);
	for (size_t i = 0; i < *count; i++)
		TRY(view_get(call, &enrolments[i], &(*views)[i]));
	return apart ? tx_commit(call) : SKD_OK;
}
