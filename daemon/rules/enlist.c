/* SPDX-License-Identifier: Apache-2.0
 * Who is put on pathways by rules. */
#include "rules/enlist.h"

#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/outbox.h"
#include "rules/standing.h"
#include "rules/work.h"
#include "store/enlist.h"

#include <string.h>

static const struct what {
	const char *event, *notice, *action; /* notice NULL: nothing changes for them */
} whats[] = {{"enrolled", "enrolment.enrolled", "enrolment.enrol"}, {"followed", NULL, "enrolment.follow"},
	     {"ended", "enrolment.ended", "enrolment.end"}};
enum { WHATS = sizeof whats / sizeof *whats };

static const struct what *what_of(const char *event)
{
	const struct what *what = whats;
	while (what < whats + WHATS - 1 && strcmp(what->event, event) != 0)
		what++;
	return what;
}

static enum skd_outcome told(struct skd_call *call, const struct store_enlisted *turn)
{
	const struct what *what = what_of(turn->event);
	const struct store_notice notice = {.kind = what->notice, .noun = "enrolment", .object = turn->id, .person_id = turn->person_id};
	if (what->notice)
		TRY(outbox_add(call, &notice));
	return audit_done(call, what->action, "enrolment", turn->id, NULL);
}

static enum skd_outcome all_told(struct skd_call *call, const struct store_enlisted *turns, size_t count)
{
	if (!count)
		return SKD_OK;
	TRY(store_enlist_events(call, count, turns, audit_account(call), call->actor->account_id));
	for (size_t i = 0; i < count; i++)
		TRY(told(call, &turns[i]));
	return SKD_OK;
}

/* Who has completed it by now has: that is found out first. */
static enum skd_outcome people_enlist(struct skd_call *call, const char *const *people, size_t count)
{
	struct store_enlisted *turns;
	size_t turned;
	TRY(actor_be_rule(call));
	TRY(standing_refresh(call, count, people));
	TRY(store_enlist_part(call, count, people, &turns, &turned));
	TRY(all_told(call, turns, turned));
	TRY(store_enlist_add(call, count, people, &turns, &turned));
	return all_told(call, turns, turned);
}

enum skd_outcome enlist_turn(struct skd_call *call, bool *more)
{
	const char *const *people;
	size_t count;
	bool spread;
	*more = false;
	TRY(pool_borrow(call->house->jobs, call));
	TRY(tx_begin(call));
	TRY(store_enlist_spread(call, &spread));
	TRY(store_enlist_take(call, &people, &count, more));
	if (count)
		TRY(people_enlist(call, people, count));
	return work_commit(call);
}
