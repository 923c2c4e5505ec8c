/* SPDX-License-Identifier: Apache-2.0
 * Notices as rows. */
#ifndef STORE_OUTBOX_H
#define STORE_OUTBOX_H

#include "store/list.h"

struct store_notice {
	const char *id, *kind, *noun, *object, *person_id, *key, *detail;
	int64_t made_at, due_at; /* of a new one due_at 0, or over: now; TIME_NEVER: it waits for a word */
};
/* Only sent on its way, as db_send() does. One with a key that is there already changes nothing. */
enum skd_outcome store_outbox_add(struct skd_call *call, const struct store_notice *notice) WARN_UNUSED;

/* The same of many, with neither keys nor details; whom each is about and when it is due is given. */
enum skd_outcome store_outbox_add_many(struct skd_call *call, size_t count, const struct store_notice *notices) WARN_UNUSED;

/* The notice of that kind which is not due yet, if there is one, is of `to` and due at due_at, or taken out. As
 * store_outbox_add(). */
enum skd_outcome store_outbox_move(struct skd_call *call, const char *kind, const char *object, const char *to,
				   int64_t due_at) WARN_UNUSED;
enum skd_outcome store_outbox_drop(struct skd_call *call, const char *kind, const char *object) WARN_UNUSED;

struct store_notice_filter {
	const char *kind, *noun, *object, *person;
	bool blind; /* without the person of submissions whose assessors are not to know them, nor found by them */
};
enum skd_outcome store_outbox_list(struct skd_call *call, const struct store_notice_filter *filter, struct list *list,
				   struct store_notice **notices, size_t *count) WARN_UNUSED;
/* Drops rows that have been due for so long, at most `most` of them; how many. */
enum skd_outcome store_outbox_sweep(struct skd_call *call, long keep_ms, int64_t most, int64_t *swept) WARN_UNUSED;

#endif
