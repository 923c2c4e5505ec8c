/* SPDX-License-Identifier: Apache-2.0
 * Thresholds, parked runs and their approval. A lost right never waits. */
#include "rules/run.h"

#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/person.h"
#include "store/human.h"

#include <inttypes.h>
#include <string.h>

enum { MANY = 1000 };

/* Too many at once is more often a fault than the truth: a wrong base, a restored server, a right that the
 * service account lost. */
static int64_t run_most(const struct run_task *task, int64_t active)
{
	const struct directory *directory = task->directory;
	int64_t share = active * directory->absent_percent / 100, most = directory->absent_count;
	most = share > most ? share : most;
	return task->wish.allow > most ? task->wish.allow : most;
}

/* An empty answer alarms whatever is allowed. A deletion that takes longer than the time between two runs is
 * still one: who left just before counts too. */
static enum skd_outcome weigh_absent(struct skd_call *call, const struct run_task *task, const struct store_diff *diff,
				     const char **alarm)
{
	const struct run_counts *counts = &diff->counts;
	int64_t most = run_most(task, counts->active), recent = 0;
	if (!counts->absent)
		return SKD_OK;
	if (!task->wish.allow)
		TRY(store_run_recent(call, diff->source, task->directory->absent_window, &recent));
	if (counts->absent + recent <= most && counts->people > 0)
		return SKD_OK;
	*alarm = talloc_asprintf(call, "%" PRId64 " of %" PRId64 " people would leave", counts->absent, counts->active);
	if (recent && counts->absent <= most)
		*alarm = talloc_asprintf(call, "%s, and %" PRId64 " left just before", *alarm, recent);
	if (diff->renamed)
		*alarm = talloc_asprintf(call, "%s; %" PRId64 " of their usernames come back with other stable ids,"
					 " as from a server that was loaded anew", *alarm, diff->renamed);
	return SKD_OK;
}

/* A group may lose as large a share of its members as the directory of its people; many small ones together, no
 * more people than that. */
static enum skd_outcome weigh_groups(struct skd_call *call, const struct run_task *task, struct store_diff *diff,
				     const char **alarm)
{
	struct store_group_loss *groups, *worst = NULL;
	size_t count, beyond = 0;
	int64_t people;
	if (diff->parting <= run_most(task, 0))
		return SKD_OK;
	TRY(store_diff_emptied(call, run_most(task, 0), &groups, &count));
	for (size_t i = count; i-- > 0;)
		if (groups[i].lost > run_most(task, groups[i].had)) {
			worst = &groups[i];
			beyond++;
		}
	TRY(store_diff_fewer(call, diff, &people));
	diff->leaving = worst || people > run_most(task, diff->counts.active);
	if (!diff->leaving || *alarm)
		return SKD_OK;
	*alarm = worst ? talloc_asprintf(call, "%" PRId64 " of %" PRId64 " people would leave the group %s", worst->lost,
					 worst->had, worst->dn)
		       : talloc_asprintf(call, "%" PRId64 " of %" PRId64 " people would be in fewer groups", people,
					 diff->counts.active);
	if (beyond > 1)
		*alarm = talloc_asprintf(call, "%s, the worst of %zu groups", *alarm, beyond);
	return SKD_OK;
}

/* Why the run must not be applied without an admin; NULL: it may. */
static enum skd_outcome run_weigh(struct skd_call *call, const struct run_task *task, struct store_diff *diff,
				  const char **alarm)
{
	int64_t most = run_most(task, diff->counts.active), beyond;
	*alarm = NULL;
	TRY(weigh_absent(call, task, diff, alarm));
	diff->losing = diff->lost > most;
	if (!*alarm && diff->losing)
		*alarm = talloc_asprintf(call, "%" PRId64 " of %" PRId64 " people would lose their %s", diff->lost,
					 diff->counts.active, diff->lost_what);
	TRY(weigh_groups(call, task, diff, alarm));
	if (!*alarm || !task->wish.covers)
		return SKD_OK;
	TRY(store_diff_beyond(call, diff, task->wish.covers, &beyond));
	if (!beyond)
		*alarm = NULL;
	return SKD_OK;
}

static bool is_news(const struct run_counts *c)
{
	return c->added || c->changed || c->moved || c->absent || c->returned;
}

/* Whether the source showed anything that is not as it was. */
static bool is_staged(const struct stage_counts *s)
{
	return s->people || s->units || s->groups || s->members || s->skips || s->unseen || s->doubtful;
}

/* What is parked has been counted, not done. */
static void run_count_only(struct store_diff *diff, int64_t absent)
{
	diff->counts = (struct run_counts){
		.people = diff->counts.people, .active = diff->counts.active, .absent = absent};
}

static enum skd_outcome run_park(struct skd_call *call, struct store_run *run, struct store_diff *diff,
				 const char *alarm, bool asked)
{
	const char *parked;
	int64_t roles;
	bool same;
	TRY(store_diff_parked(call, diff, &parked, &same));
	TRY(store_diff_apply_losses(call, diff));
	TRY(store_role_refresh(call, run->id, NULL, false, &roles));
	if (parked && same && !asked) {
		run->state = "done";
		run->error = talloc_asprintf(call, "%s: run %s still waits for approval", alarm, parked);
		run_count_only(diff, 0);
		return SKD_OK;
	}
	if (parked)
		TRY(store_run_decide(call, parked, "dropped", "sync",
				     talloc_asprintf(call, "superseded by run %s", run->id)));
	run->state = "needs_approval";
	run->error = alarm;
	run_count_only(diff, diff->counts.absent);
	TRY(store_diff_list_losses(call, diff));
	return audit_note(call, "directory.run.park", "ok", "directory_run", run->id, NULL);
}

static enum skd_outcome run_take_over(struct skd_call *call, struct store_run *run, struct store_diff *diff)
{
	const char *parked = NULL, *touched = NULL;
	struct human_news humans;
	int64_t roles = 0;
	bool same;
	if (!run->feed) /* what is parked is not followed */
		TRY(store_diff_parked(call, diff, &parked, &same));
	if (parked)
		TRY(store_run_decide(call, parked, "dropped", "sync",
				     talloc_asprintf(call, "superseded by run %s", run->id)));
	if (is_staged(diff->staged))
		TRY(store_diff_apply(call, diff));
	if (diff->counts.added > MANY)
		TRY(store_run_weigh(call));
	TRY(store_human_refresh(call, diff, &humans));
	if (diff->of_groups && !humans.moved) /* who is moved has roles by any group */
		TRY(store_role_touched(call, run->source, &touched));
	if (!diff->no_rights || humans.moved)
		TRY(store_role_refresh(call, run->id, touched, true, &roles));
	TRY(store_diff_skips(call, diff));
	TRY(db_wait(call));
	run->state = "done";
	run->news = is_news(&diff->counts) || diff->joined || diff->left || roles || humans.moved;
	return run->news ? audit_note(call, "directory.run.apply", "ok", "directory_run", run->id, NULL) : SKD_OK;
}

static enum skd_outcome run_unchanged(struct store_diff *diff)
{
	diff->counts.people = diff->counts.active = diff->staged->active;
	return SKD_OK;
}

/* What a feed cannot tell alone is left to a whole reading. */
static enum skd_outcome run_doubt(struct skd_call *call, const struct store_diff *diff, const char *alarm)
{
	bool elsewhere;
	if (alarm)
		return fail(call, SKD_STALE, "%s", alarm);
	if (diff->staged->left_out)
		return fail(call, SKD_STALE, "an entry cannot be taken");
	TRY(store_diff_elsewhere(call, diff, &elsewhere));
	return elsewhere ? fail(call, SKD_STALE, "an entry has another DN than before") : SKD_OK;
}

/* In the transaction: what was staged becomes what is so. */
static enum skd_outcome run_apply(struct skd_call *call, const struct run_task *task, struct store_run *run,
				  struct store_diff *diff)
{
	const char *alarm;
	if (task->lease)
		TRY(store_lease_hold(call, task->lease, task->epoch));
	if (run->feed)
		TRY(store_run_begin_feed(call, run->source, task->epoch, &run->id));
	diff->run_id = run->id;
	TRY(store_human_begin(call, diff));
	TRY(is_staged(diff->staged) ? store_diff_compare(call, diff) : run_unchanged(diff));
	TRY(run_weigh(call, task, diff, &alarm));
	if (run->feed)
		TRY(run_doubt(call, diff, alarm));
	TRY(alarm ? run_park(call, run, diff, alarm, task->wish.asked) : run_take_over(call, run, diff));
	if (alarm) {
		TRY(store_diff_skips(call, diff));
		TRY(db_wait(call));
	}
	run->parked = alarm;
	if (task->cookie && !alarm)
		TRY(store_feed_put(call, run->source, task->cookie));
	run->counts = diff->counts;
	if (run->feed && !run->news && !run->counts.skipped)
		return store_run_drop(call, run->id);
	return store_run_end(call, run);
}

enum skd_outcome run_settle(struct skd_call *call, const struct run_task *task, struct run_done *done)
{
	const char *source = task->directory->instance->name;
	bool feed = !task->run_id;
	struct store_run run = {.id = task->run_id, .source = source, .complete = !feed, .feed = feed};
	struct store_diff diff = {.source = source, .staged = task->staged, .feed = feed};
	struct access_news news = {0};
	TRY(tx_begin(call));
	TRY(run_apply(call, task, &run, &diff));
	if (!diff.no_rights)
		TRY(access_look(call, source, &news));
	if (!feed)
		TRY(store_run_forget(call, source));
	TRY(tx_commit(call));
	*done = (struct run_done){run.counts.people, run.parked};
	access_tell(source, &news);
	return SKD_OK;
}

enum skd_outcome run_try(struct skd_call *call, const struct directory *directory, const struct stage *stage,
			 struct run_trial *trial)
{
	const char *source = directory->instance->name;
	struct run_task task = {.directory = directory, .staged = &stage->counts};
	struct store_diff diff = {.source = source, .staged = &stage->counts, .dry = true};
	TRY(tx_begin(call));
	TRY(store_dry_begin(call));
	TRY(stage_stands(stage, call, source));
	TRY(store_run_begin(call, source, 0, &task.run_id, &task.wish));
	TRY(access_put(call, task.run_id));
	task.wish.asked = true;
	*trial = (struct run_trial){.run = {.id = task.run_id, .source = source, .complete = true}};
	TRY(run_apply(call, &task, &trial->run, &diff));
	TRY(access_look(call, source, &trial->news));
	TRY(store_dry_lines(call, task.run_id, &trial->lines, &trial->line_count));
	tx_rollback(call);
	return SKD_OK;
}

enum skd_outcome run_failed(struct skd_call *call, const struct directory *directory, const char *run_id,
			    const char *error)
{
	struct store_run run = {.id = run_id, .source = directory->instance->name, .state = "failed", .error = error};
	TRY(tx_begin(call));
	TRY(store_run_end(call, &run));
	TRY(store_run_forget(call, run.source));
	return tx_commit(call);
}

/* ---- what an admin sees and does ---- */

static const struct directory *directory_named(const struct house *house, const char *source)
{
	for (size_t i = 0; i < house->directory_count; i++)
		if (!source || strcmp(house->directories[i].instance->name, source) == 0)
			return &house->directories[i];
	return NULL;
}

void run_facts_put(struct json *json, const struct store_run *run)
{
	put_string(json, "source", run->source);
	put_string(json, "state", run->state);
	put_bool(json, "complete", run->complete);
	put_int(json, "people", run->counts.people);
	put_int(json, "added", run->counts.added);
	put_int(json, "changed", run->counts.changed);
	put_int(json, "moved", run->counts.moved);
	put_int(json, "absent", run->counts.absent);
	put_int(json, "returned", run->counts.returned);
	put_int(json, "skipped", run->counts.skipped);
	put_string(json, "error", run->error);
}

void run_line_put(struct json *json, const struct store_run_line *line)
{
	put_object(json, NULL);
	put_string(json, "kind", line->kind);
	if (line->person_name) { // in a dry run, of somebody new, there is no id
		put_object(json, "person");
		put_string(json, "id", line->person_id);
		put_string(json, "name", line->person_name);
		put_object_end(json);
	}
	put_string(json, "what", line->what);
	if (line->detail)
		put_raw(json, "detail", line->detail, strlen(line->detail));
	put_object_end(json);
}

enum skd_outcome run_get(struct skd_call *call, const char *id, struct store_run *run)
{
	return store_run_get(call, id, run);
}

enum skd_outcome run_list(struct skd_call *call, const char *source, const char *state, struct list *list,
			  struct store_run **runs, size_t *count)
{
	if (source && !directory_named(call->house, source))
		return fail_field(call, "source", "there is no such directory");
	return store_run_list(call, source, state, list, runs, count);
}

enum skd_outcome run_lines(struct skd_call *call, const char *id, int most, struct store_run_line **lines,
			   size_t *count)
{
	return store_run_lines(call, id, most, lines, count);
}

enum skd_outcome run_said(struct skd_call *call, const char *person_id, struct store_run_said **said, size_t *count)
{
	struct store_person person;
	TRY(person_get(call, person_id, &person));
	return store_run_said(call, person_id, said, count);
}

enum skd_outcome run_ask(struct skd_call *call, const char *source, int64_t allow, struct store_run *run)
{
	const struct run_wish wish = {.asked = true, .allow = allow};
	const struct directory *directory = directory_named(call->house, source);
	const char *id;
	if (!directory)
		return fail_field(call, "/source", "there is no such directory");
	TRY(store_run_ask(call, directory->instance->name, call->actor->account_id, &wish, &id));
	call->wanted = directory;
	TRY(audit_note(call, "directory.run.ask", "ok", "directory_run", id,
		       allow ? talloc_asprintf(call, "{\"allow\":%" PRId64 "}", allow) : NULL));
	return store_run_get(call, id, run);
}

/* Who leaves by it leaves at once; what else is on the list comes with a run that may do just that. */
enum skd_outcome run_approve(struct skd_call *call, const char *id, struct store_run *run)
{
	const struct run_wish wish = {.asked = true, .covers = id};
	const char *next;
	int64_t count, roles;
	TRY(store_run_get(call, id, run));
	TRY(store_lease_wait(call, talloc_asprintf(call, "sync %s", run->source)));
	TRY(store_human_lock(call));
	TRY(store_run_decide(call, id, "approved", audit_account(call), NULL));
	TRY(store_run_mark_absent(call, run, &count));
	TRY(store_human_follow(call, id));
	TRY(store_role_refresh(call, id, NULL, false, &roles));
	TRY(store_run_ask(call, run->source, call->actor->account_id, &wish, &next));
	call->wanted = directory_named(call->house, run->source);
	TRY(audit_note(call, "directory.run.approve", "ok", "directory_run", id,
		       talloc_asprintf(call, "{\"absent\":%" PRId64 "}", count)));
	return store_run_get(call, id, run);
}

enum skd_outcome run_drop(struct skd_call *call, const char *id, struct store_run *run)
{
	TRY(store_run_get(call, id, run));
	TRY(store_run_decide(call, id, "dropped", audit_account(call), NULL));
	TRY(audit_note(call, "directory.run.drop", "ok", "directory_run", id, NULL));
	return store_run_get(call, id, run);
}
