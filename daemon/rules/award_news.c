/* SPDX-License-Identifier: Apache-2.0
 * What follows from awards. Whose it is is held first, by all their entries; then the award, then what it renews or proves. */
#include "rules/award_news.h"

#include "base/log.h"
#include "rules/actor.h"
#include "rules/renewal.h"
#include "rules/use.h"
#include "rules/work.h"
#include "store/human.h"

enum { PAUSE_MS = 10000 };

/* What it renews begins anew, and is not used by it besides. */
static enum skd_outcome news_tell(struct skd_call *call, const struct store_award_news *news)
{
	const char *state;
	int64_t now;
	enum skd_outcome outcome = store_human_hold_all(call, news->entry_id);
	if (outcome == SKD_ABSENT) {
		call_forgive(call);
		return SKD_OK;
	}
	TRY(outcome);
	TRY(store_credential_lock(call, news->id, &state, &now));
	TRY(renewal_by_award(call, news));
	return use_by_award(call, news);
}

static enum skd_outcome news_follow(struct skd_call *call, const struct store_award_news *news)
{
	TRY(actor_be_rule(call));
	TRY(news_tell(call, news));
	TRY(store_award_news_drop(call, news->id));
	return work_commit(call);
}

/* What was begun is undone, and tried again when others had their turn. */
static enum skd_outcome news_put_off(struct skd_call *call, const struct store_award_news *news)
{
	log_line(SKD_WARNING, "award", "what follows from %s waits: %s", news->id, call->sentence);
	tx_rollback(call);
	call_forgive(call);
	TRY(tx_begin(call));
	TRY(store_award_news_put_off(call, news->id, PAUSE_MS));
	return tx_commit(call);
}

enum skd_outcome award_news_turn(struct skd_call *call, bool *more)
{
	struct store_award_news news;
	*more = false;
	TRY(pool_borrow(call->house->jobs, call));
	TRY(tx_begin(call));
	TRY(store_award_news_take(call, &news));
	if (!news.id)
		return SKD_OK;
	*more = true;
	return news_follow(call, &news) == SKD_OK ? SKD_OK : news_put_off(call, &news);
}
