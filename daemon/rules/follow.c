/* SPDX-License-Identifier: Apache-2.0
 * A feed's sink: what comes together is staged and settled as one change, in a call of its own. */
#include "rules/follow.h"

#include "base/log.h"
#include "rules/run.h"
#include "rules/stage.h"
#include "rules/sync.h"
#include "rules/work.h"

#include <string.h>

enum { CHANGE_MS = 30000, CLEAR_AFTER = 1000 };

struct follower {
	struct skd_sink sink; /* the first member: callbacks find the rest behind it */
	struct skd_call *feed_call;
	const struct directory *directory;
	const struct skd_feed *feed;
	const char *lease;
	int64_t epoch, active;
	unsigned staged; /* entries since the tables were cleared up */
	struct skd_call *call; /* of the change at hand; NULL: none */
	struct stage stage;
	struct text ids; /* of the entries in it, each with a NUL behind */
	struct text gone; /* ids that are not, or no longer, of this source, in the same way */
};

static struct follower *follower_of(const struct skd_sink *sink)
{
	return (struct follower *)(uintptr_t)sink;
}

static void change_end(struct follower *f)
{
	if (!f->call)
		return;
	work_end(f->call);
	TALLOC_FREE(f->call);
}

static enum skd_outcome change_fail(struct follower *f, enum skd_outcome outcome)
{
	fail(f->feed_call, outcome, "%s", f->call->sentence ? f->call->sentence : "a change could not be taken over");
	if (f->stage.call)
		stage_drop(&f->stage);
	change_end(f);
	return outcome;
}

static enum skd_outcome change_call(struct follower *f)
{
	f->call = call_new("sync", CHANGE_MS);
	f->call->house = f->feed_call->house;
	f->stage.call = NULL;
	return pool_borrow(f->call->house->jobs, f->call);
}

static enum skd_outcome change_begin(struct follower *f)
{
	enum skd_outcome outcome = change_call(f);
	text_begin(&f->ids, f->call, 256);
	bool clear = !f->staged || f->staged > CLEAR_AFTER;
	if (clear)
		f->staged = 0;
	if (outcome == SKD_OK)
		outcome = stage_open_feed(&f->stage, f->call, f->active, !clear);
	return outcome == SKD_OK ? SKD_OK : change_fail(f, outcome);
}

/* Whether somebody, or a unit or a group, is known by an id that is gone. */
static enum skd_outcome gone_look(struct follower *f)
{
	const char *at = f->gone.bytes, *end = at + f->gone.size;
	size_t count = 0;
	bool known = false;
	const char **ids = talloc_array(f->call, const char *, f->gone.size / 2 + 1);
	for (; at < end; at += strlen(at) + 1)
		ids[count++] = at;
	if (count)
		TRY(store_feed_knows(f->call, f->directory->instance->name, count, ids, &known));
	f->gone.size = 0;
	return known ? fail(f->call, SKD_STALE, "an entry is gone, or is none of these any more") : SKD_OK;
}

/* With nothing to take over. */
static enum skd_outcome gone_alone(struct follower *f)
{
	if (!f->gone.size)
		return SKD_OK;
	enum skd_outcome outcome = change_call(f);
	if (outcome == SKD_OK)
		outcome = gone_look(f);
	if (outcome != SKD_OK)
		return change_fail(f, outcome);
	change_end(f);
	return SKD_OK;
}

static enum skd_outcome change_settle(struct follower *f)
{
	struct run_done done;
	if (!f->call)
		return gone_alone(f);
	enum skd_outcome outcome = stage_end(&f->stage);
	struct run_task task = {.directory = f->directory, .staged = &f->stage.counts, .lease = f->lease,
				.epoch = f->epoch, .cookie = f->feed->cookie};
	f->stage.call = NULL;
	if (outcome == SKD_OK)
		outcome = gone_look(f);
	if (outcome == SKD_OK)
		outcome = run_settle(f->call, &task, &done);
	if (outcome != SKD_OK)
		return change_fail(f, outcome);
	f->active = done.active;
	outcome = stage_ready(f->call); /* what is there by now stays */
	if (outcome != SKD_OK)
		f->staged = 0;
	change_end(f);
	return SKD_OK;
}

static bool is_in_change(const struct follower *f, struct skd_text id)
{
	const char *at = f->ids.bytes, *end = at + f->ids.size;
	for (; at < end; at += strlen(at) + 1)
		if (strlen(at) == id.size && memcmp(at, id.bytes, id.size) == 0)
			return true;
	return false;
}

/* Makes ready for an entry: one that comes twice is of two changes. */
static enum skd_outcome change_take(struct follower *f, struct skd_text id)
{
	if (f->call && is_in_change(f, id))
		TRY(change_settle(f));
	if (!f->call)
		TRY(change_begin(f));
	f->staged++;
	text_add(&f->ids, id.bytes, id.size);
	text_add(&f->ids, "", 1);
	return SKD_OK;
}

static enum skd_outcome change_note(struct follower *f, enum skd_outcome outcome)
{
	return outcome == SKD_OK ? SKD_OK : change_fail(f, outcome);
}

static enum skd_outcome follow_person(const struct skd_sink *sink, const struct skd_person *person)
{
	struct follower *f = follower_of(sink);
	TRY(change_take(f, person->id));
	return change_note(f, f->stage.sink.person(&f->stage.sink, person));
}

static enum skd_outcome follow_group(const struct skd_sink *sink, const struct skd_group *group)
{
	struct follower *f = follower_of(sink);
	TRY(change_take(f, group->id));
	return change_note(f, f->stage.sink.group(&f->stage.sink, group));
}

static enum skd_outcome follow_member(const struct skd_sink *sink, const struct skd_member *member)
{
	struct follower *f = follower_of(sink);
	if (!f->call)
		return fail(f->feed_call, SKD_STALE, "a member came before its group");
	return change_note(f, f->stage.sink.member(&f->stage.sink, member));
}

static enum skd_outcome follow_unit(const struct skd_sink *sink, const struct skd_unit *unit)
{
	(void)unit;
	return fail(follower_of(sink)->feed_call, SKD_STALE, "a unit has changed");
}

/* What cannot be taken is noted by the next whole reading. */
static enum skd_outcome follow_skip(const struct skd_sink *sink, struct skd_text what, const char *why)
{
	(void)what;
	return fail(follower_of(sink)->feed_call, SKD_STALE, "an entry cannot be taken: %s", why);
}

/* An id that is no text is nobody's. */
static enum skd_outcome follow_gone(const struct skd_sink *sink, struct skd_text id)
{
	struct follower *f = follower_of(sink);
	if (id.size && utf8_valid(id.bytes, id.size)) {
		text_add(&f->gone, id.bytes, id.size);
		text_add(&f->gone, "", 1);
	}
	return SKD_OK;
}

static enum skd_outcome follow_settle(const struct skd_sink *sink)
{
	return change_settle(follower_of(sink));
}

enum skd_outcome follow_open(struct skd_call *call, const struct directory *directory, bool again,
			     struct skd_feed **feed)
{
	const struct instance *instance = directory->instance;
	const char *cookie = NULL;
	if (!instance->plugin->is.source.feed_open)
		return fail(call, SKD_ABSENT, "there is no feed");
	if (again) {
		TRY(pool_borrow(call->house->jobs, call));
		TRY(store_feed_get(call, instance->name, &cookie));
		pool_return(call);
		if (!cookie)
			return fail(call, SKD_ABSENT, "nobody knows where the feed stood");
	}
	TRY(instance->plugin->is.source.feed_open(instance->self, call, cookie, feed));
	call_forgive(call); /* it may have tried more than once */
	return SKD_OK;
}

enum skd_outcome follow_run(struct skd_call *call, const struct directory *directory, struct skd_feed *feed,
			    int64_t epoch, int64_t active)
{
	const struct instance *instance = directory->instance;
	struct follower f = {
		.sink = {follow_person, follow_unit, follow_group, follow_member, follow_skip, follow_settle,
			 follow_gone},
		.feed_call = call, .directory = directory, .feed = feed, .lease = sync_lease(call, directory),
		.epoch = epoch, .active = active};
	text_begin(&f.gone, call, 256);
	enum skd_outcome outcome = instance->plugin->is.source.feed_follow(instance->self, call, feed, &f.sink);
	change_end(&f);
	return outcome;
}

void follow_close(const struct directory *directory, struct skd_feed **feed)
{
	const struct instance *instance = directory->instance;
	if (*feed)
		instance->plugin->is.source.feed_close(instance->self, *feed);
	*feed = NULL;
}
