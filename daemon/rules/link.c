/* SPDX-License-Identifier: Apache-2.0
 * Looking at links. */
#include "rules/link.h"

#include "fetch/fetch.h"
#include "rules/achievement.h"
#include "rules/lease.h"
#include "rules/outbox.h"
#include "rules/work.h"
#include "store/run.h"

#include <string.h>

static const char LEASE[] = "links";
enum { IDLE_MS = 10000, GATHER_MS = 3600000 };

const char *link_idle(const struct house *house)
{
	return house->door ? NULL : "links are not looked at: nothing is fetched here";
}

enum skd_outcome link_of_achievement(struct skd_call *call, const char *id, struct store_link **links, size_t *count)
{
	struct store_achievement achievement;
	TRY(achievement_get(call, id, 0, &achievement));
	return store_link_of_achievement(call, id, links, count);
}

enum skd_outcome link_list(struct skd_call *call, const char *state, struct list *list, struct store_link **links, size_t *count)
{
	return store_link_list(call, state, list, links, count);
}

/* ---- one after another ---- */

static long least(long a, long b)
{
	return a < b ? a : b;
}

/* The link that is due; the session goes back before anybody outside is asked. */
static enum skd_outcome due_find(struct skd_call *call, struct link_round *round, int64_t epoch, struct store_link *link)
{
	long every = least(call->house->link_every, GATHER_MS);
	bool stale = !round->gathered || clock_monotonic() - round->gathered >= every * 1000;
	TRY(tx_begin(call));
	TRY(store_lease_hold(call, LEASE, epoch));
	if (stale)
		TRY(store_link_gather(call));
	TRY(store_link_due(call, link));
	TRY(tx_commit(call));
	pool_return(call);
	if (stale)
		round->gathered = clock_monotonic();
	return SKD_OK;
}

/* Whoever asks for a sign-in, or to come back later, is there. */
static bool is_failure(enum skd_outcome outcome, long status)
{
	return outcome == SKD_BUSY || (outcome == SKD_OK && (status == 404 || status == 410 || status >= 500));
}

static enum skd_outcome died_tell(struct skd_call *call, const struct store_link *link)
{
	const char *const *achievements;
	size_t count;
	char now[TIME_SIZE];
	time_format(clock_now(), now);
	TRY(store_link_users(call, link->id, &achievements, &count));
	for (size_t i = 0; i < count; i++) {
		const struct store_notice notice = {
			.kind = "achievement.link_dead", .noun = "achievement", .object = achievements[i],
			.key = talloc_asprintf(call, "link_dead:%s:%s:%s", link->id, achievements[i], now),
			.detail = talloc_asprintf(call, "{\"link\":\"%s\"}", link->id)};
		TRY(outbox_add(call, &notice));
	}
	return SKD_OK;
}

static enum skd_outcome look_tell(struct skd_call *call, int64_t epoch, const struct store_link *link, enum skd_outcome looked,
				  long status, const char *said)
{
	const struct house *house = call->house;
	const char *detail = looked == SKD_OK ? talloc_asprintf(call, "it answers %ld", status) : said;
	bool died = false;
	TRY(pool_borrow(house->jobs, call));
	TRY(tx_begin(call));
	TRY(store_lease_hold(call, LEASE, epoch));
	if (is_failure(looked, status))
		TRY(store_link_failed(call, link->id, detail, house->link_retry, house->link_failures, &died));
	else if (looked == SKD_OK)
		TRY(store_link_alive(call, link->id, detail, house->link_every));
	else
		TRY(store_link_unchecked(call, link->id, detail, house->link_every));
	if (died)
		TRY(died_tell(call, link));
	return tx_commit(call);
}

/* A look that the daemon's end has cut short says nothing of the link. */
static enum skd_outcome link_look(struct skd_call *call, int64_t epoch, const struct store_link *link)
{
	long status = 0;
	enum skd_outcome looked = fetch_look(call, call->house->door, link->url, &status);
	const char *said = looked == SKD_OK ? "" : talloc_strdup(call, call->sentence);
	if (call_time_left(call) == 0)
		return looked;
	call_forgive(call);
	return look_tell(call, epoch, link, looked, status, said);
}

enum skd_outcome link_once(struct skd_call *call, struct link_round *round)
{
	struct store_link link = {0};
	int64_t epoch;
	bool mine;
	round->pause = least(call->house->link_every, IDLE_MS);
	TRY(lease_take(call, LEASE, &mine, &epoch));
	if (!mine)
		return SKD_OK;
	TRY(due_find(call, round, epoch, &link));
	if (!link.id || link_idle(call->house))
		return SKD_OK;
	round->pause = call->house->link_pace;
	return link_look(call, epoch, &link);
}
