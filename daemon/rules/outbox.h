/* SPDX-License-Identifier: Apache-2.0
 * What somebody may want to be told: a row in the transaction of what happened. Who is told, and how, is not decided
 * here. */
#ifndef RULES_OUTBOX_H
#define RULES_OUTBOX_H

#include "store/outbox.h"

/* All there are, separated by |. */
extern const char outbox_kinds[], outbox_nouns[];

/* kind "NOUN.what_happened" and noun, both of those above (FAULT otherwise), object (an id) and what else is known: the
 * person whom it is about, due_at (0, or over: now), detail (a JSON object of ids and figures, never names), key. Of notices
 * with one key the first is kept and the others do nothing, for as long as the first is kept: past its due_at by [outbox]
 * keep. Costs no way to the database of its own where audit_done() follows. */
enum skd_outcome outbox_add(struct skd_call *call, const struct store_notice *notice) WARN_UNUSED;

/* Whose a submission is that is judged blind stands in none for auditors and assessors. BAD_INPUT for a person who does not exist. */
enum skd_outcome outbox_list(struct skd_call *call, const struct store_notice_filter *filter, struct list *list,
			     struct store_notice **notices, size_t *count) WARN_UNUSED;
/* Drops what has been kept long enough, as far as the call's time goes. */
enum skd_outcome outbox_tidy(struct skd_call *call) WARN_UNUSED;

#endif
