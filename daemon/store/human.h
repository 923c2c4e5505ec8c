/* SPDX-License-Identifier: Apache-2.0
 * Which entries of directories are one human. An entry is a row of person. An entry of one directory is linked to
 * one of another (same_as) as long as the rule's value is the same in both, and in no third of the two, also not in
 * one who left; a link begins only while both are here. Of linked entries one is shown (human): somebody who is here
 * before somebody who left, then the main directory's, then by source and id. It holds what was issued to any of
 * them; what was issued to which is never forgotten. */
#ifndef STORE_HUMAN_H
#define STORE_HUMAN_H

#include "store/run.h"

/* Entries of `source` are the same as those of `main` with the same `by`: employee_number, mail or username. */
struct store_same_rule {
	const char *source, *main, *by;
};

/* What came of it. */
struct human_news {
	int64_t linked, unlinked;
	int64_t moved; /* entries that another one stands for than before */
};

/* Replaces what the configuration says, in a transaction. Links by a rule that is no more end; those of a new one
 * begin with a run. `run_id`: of a dry run, or NULL. */
enum skd_outcome store_same_rules_put(struct skd_call *call, size_t count, const struct store_same_rule *rules,
				      const char *run_id, struct human_news *news) WARN_UNUSED;

/* Before a transaction writes entries of the source: whoever links waits for it, and it for them, where a rule
 * concerns the source. Sets diff->ruled and diff->unsettled. */
enum skd_outcome store_human_begin(struct skd_call *call, struct store_diff *diff) WARN_UNUSED;
/* After the picture was applied: ends and begins links, and moves what they move. */
enum skd_outcome store_human_refresh(struct skd_call *call, const struct store_diff *diff, struct human_news *news) WARN_UNUSED;
/* After an approved run marked its people absent. */
enum skd_outcome store_human_follow(struct skd_call *call, const char *run_id) WARN_UNUSED;

/* Locks an entry until the end of the transaction, so that it stays this human's; ABSENT for one that is not there. */
enum skd_outcome store_human_hold(struct skd_call *call, const char *entry_id, const char **human_id) WARN_UNUSED;

/* The same of all entries of whose it is. */
enum skd_outcome store_human_hold_all(struct skd_call *call, const char *entry_id) WARN_UNUSED;

/* Keeps links as they are until the end of the transaction, whoever's they are. */
enum skd_outcome store_human_lock(struct skd_call *call) WARN_UNUSED;
/* Ends all links of an entry, for ever: what it is known by is forgotten. */
enum skd_outcome store_human_part(struct skd_call *call, const char *entry_id) WARN_UNUSED;

#endif
