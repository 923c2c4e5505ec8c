/* SPDX-License-Identifier: Apache-2.0
 * Reminders before credentials end. */
#include "rules/renewal.h"

#include "rules/house.h"
#include "rules/outbox.h"
#include "store/renewal.h"

#define DAY_US 86400000000LL

static enum skd_outcome remind(struct skd_call *call, size_t i, int64_t most, int64_t *looked)
{
	const long *days = call->house->expiry_notice;
	TRY(tx_begin(call));
	TRY(store_expiry_say(call, days[i], i ? days[i - 1] : 0, most, looked));
	return tx_commit(call);
}

enum skd_outcome renewal_remind(struct skd_call *call)
{
	enum { BATCH = 5000, LEAST_MS = 10000 };
	TRY(pool_borrow(call->house->jobs, call));
	for (size_t i = 0; i < call->house->expiry_notice_count; i++) {
		int64_t looked = BATCH;
		while (looked == BATCH && call_time_left(call) > LEAST_MS)
			TRY(remind(call, i, BATCH, &looked));
	}
	return SKD_OK;
}

enum skd_outcome renewal_remind_again(struct skd_call *call, const struct store_credential *c, int64_t now)
{
	const struct house *house = call->house;
	char expires[TIME_SIZE];
	size_t i = 0;
	if (c->expires_at == TIME_NEVER)
		return SKD_OK;
	while (i < house->expiry_notice_count && c->expires_at > now + house->expiry_notice[i] * DAY_US)
		i++;
	if (i == house->expiry_notice_count || c->expires_at <= c->valid_from + house->expiry_notice[i] * DAY_US)
		return SKD_OK;
	time_format(c->expires_at, expires);
	const struct store_notice notice = {
		.kind = "credential.expires_soon", .noun = "credential", .object = c->id, .person_id = c->person_id,
		.key = talloc_asprintf(call, "credential.expires_soon %s %s %ld", c->id, expires, house->expiry_notice[i]),
		.detail = talloc_asprintf(call, "{\"days\":%ld}", house->expiry_notice[i])};
	return outbox_add(call, &notice);
}
