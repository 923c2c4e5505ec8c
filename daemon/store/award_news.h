/* SPDX-License-Identifier: Apache-2.0
 * Awards that have not been followed yet: they may renew other credentials of the same human, or prove that they are used. */
#ifndef STORE_AWARD_NEWS_H
#define STORE_AWARD_NEWS_H

#include "store/db.h"

/* `id` NULL: there is none, or another daemon has it. */
struct store_award_news {
	const char *id, *entry_id, *name; /* of the credential; name of its achievement */
	int64_t issued_at, at;             /* at: when it had been issued, and was valid */
};
/* One that has begun, held until the transaction ends. */
enum skd_outcome store_award_news_take(struct skd_call *call, struct store_award_news *news) WARN_UNUSED;
enum skd_outcome store_award_news_put_off(struct skd_call *call, const char *id, long milliseconds) WARN_UNUSED;
enum skd_outcome store_award_news_drop(struct skd_call *call, const char *id) WARN_UNUSED;

#endif
