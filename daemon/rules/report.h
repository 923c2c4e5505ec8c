/* SPDX-License-Identifier: Apache-2.0
 * The skills database report: who here can do what, and how do we know. */
#ifndef RULES_REPORT_H
#define RULES_REPORT_H

#include "store/report.h"

/* One holding with all that carries it; rows[0] carries it best and lapses last. */
struct report_holding {
	const struct report_row *rows;
	size_t count;
	bool verified;
};

struct report_order {
	struct report_query query;
	const char *const *skill_refs; /* ids, codes or labels; each may mean several skills */
	size_t skill_ref_count;
	const char *cursor; /* NULL: from the start */
	long limit;         /* holdings (or people), 0: all */
	bool count;
	bool managers; /* their names are wanted */
	/* what came of it */
	const char *next;
	int64_t total;
	const struct report_words *words;
};

/* Resolves and checks what is asked: BAD_INPUT names skills, units and people that do not exist or
 * are not seen. Begins a transaction in the call's session. */
enum skd_outcome report_begin(struct skd_call *call, struct report_order *order) WARN_UNUSED;

/* Hands each holding to `take` in order, until the limit or the end; any outcome but SKD_OK from it
 * ends the report. With REPORT_BY_PERSON the holdings of one person come in one go: `holdings` of them. */
struct report_taker {
	void *self;
	enum skd_outcome (*take)(void *self, const struct report_holding *holdings, size_t count);
};
enum skd_outcome report_run(struct skd_call *call, struct report_order *order,
			    const struct report_taker *taker) WARN_UNUSED;

struct report_skill {
	const char *skill_id;
	int64_t people, expiring;
	const struct report_skill_row *levels;
	size_t level_count;
};
enum skd_outcome report_by_skill(struct skd_call *call, struct report_order *order, struct report_skill **skills,
				 size_t *count) WARN_UNUSED;
enum skd_outcome report_by_unit(struct skd_call *call, struct report_order *order, struct report_unit_row **units,
				size_t *count) WARN_UNUSED;

/* What query->person holds, or (claimed) says; ABSENT when the actor does not see them. A short read. */
enum skd_outcome holding_list(struct skd_call *call, struct report_query *query, struct report_holding **holdings,
			      size_t *count, const struct report_words **words) WARN_UNUSED;

#endif
