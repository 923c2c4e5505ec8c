/* SPDX-License-Identifier: Apache-2.0
 * Runs of the sync: staging, the set-based diff, what came of it. */
#ifndef STORE_RUN_H
#define STORE_RUN_H

#include "store/list.h"

/* ---- the lease ---- */
/* The session that a holder keeps open as long as it lives, as the server names it; NULLs: not known. */
struct lease_life {
	const char *backend, *start;
};
/* Of the call's own session. */
enum skd_outcome store_lease_life(struct skd_call *call, struct lease_life *life) WARN_UNUSED;
/* Takes or renews the lease for `ms`; false when another holder has it whose session is there, or may be. The
 * epoch changes with the holder. */
enum skd_outcome store_lease_take(struct skd_call *call, const char *name, const char *holder,
				  const struct lease_life *life, long ms, bool *mine, int64_t *epoch) WARN_UNUSED;
/* Locks the lease's row in this transaction; CLASH unless the epoch is still current. */
enum skd_outcome store_lease_hold(struct skd_call *call, const char *name, int64_t epoch) WARN_UNUSED;
/* Keeps all leases of a holder for `ms` more, those too that nobody has taken since they ended. `other`: one was
 * held by another session, or in a database that is no longer this one. */
enum skd_outcome store_lease_renew(struct skd_call *call, const char *holder, const struct lease_life *life, long ms,
				   bool *other) WARN_UNUSED;
/* Waits until whoever writes under the lease has committed, and keeps others from it until the end of
 * this transaction. */
enum skd_outcome store_lease_wait(struct skd_call *call, const char *name) WARN_UNUSED;
enum skd_outcome store_lease_drop(struct skd_call *call, const char *name, const char *holder) WARN_UNUSED;

/* ---- staging: temporary tables of the session ----
 * Only what is new or other than last time comes here. */
enum stage_column {
	STAGE_KIND, /* p person, u unit, g group, m member of the group with this id, s skipped */
	STAGE_ID, STAGE_KEY, STAGE_USERNAME, STAGE_NAME, STAGE_MAIL, STAGE_TITLE, STAGE_PHONE,
	STAGE_EMPLOYEE_NUMBER, STAGE_LOCALE, STAGE_COUNTRY, STAGE_PARENT_KEY, /* manager, parent unit, member */
	STAGE_UNIT_KEY, STAGE_UNIT_NAME, STAGE_DISABLED, STAGE_NOTE, /* a group's DN, why something is skipped */
	STAGE_DIGEST, /* of all before; absent: to be read anew next time, too */
	STAGE_NEW_ID, /* the id here, should it be new */
	STAGE_COLUMNS
};
struct stage_counts {
	int64_t known, doubtful;                   /* entries that were there with a digest, and without */
	int64_t active;                            /* people among them */
	int64_t people, units, groups, members, skips; /* staged */
	int64_t left_out;                          /* entries that cannot be taken at all */
	bool id_twins, key_twins;                  /* two staged may have the same id; two people the same key */
	int64_t unit_names;                        /* units known by nothing but their names were seen */
	int64_t unseen;                            /* known, and not seen again as it was */
};
/* The digests of all that the source showed last, 16 bytes each, one after another, in order, and how many. */
enum skd_outcome store_stage_known(struct skd_call *call, const char *source, const uint8_t **digests,
				   struct stage_counts *counts) WARN_UNUSED;
/* Makes the tables where this session lacks them, empties them, and begins the COPY of STAGE_COLUMNS. `again`: not
 * where store_stage_empty() left them so. */
enum skd_outcome store_stage_begin(struct skd_call *call, bool feed, bool again) WARN_UNUSED;
/* After a change of a feed, for the next one: quick for a few rows, of which store_stage_begin() clears up now and then. */
enum skd_outcome store_stage_empty(struct skd_call *call) WARN_UNUSED;
/* Begins the COPY of the digests that were not seen again. */
enum skd_outcome store_stage_unseen_begin(struct skd_call *call) WARN_UNUSED;

/* ---- the diff, inside one transaction ---- */
struct run_counts {
	int64_t people;  /* in the picture */
	int64_t active;  /* here before, of this source */
	int64_t added, changed, moved, absent, returned, skipped;
};
struct store_diff {
	const char *source, *run_id;
	const struct stage_counts *staged;
	bool feed; /* a few changes: nothing is gone, and what was skipped before is not told again */
	const char *lost_what; /* the attribute, or the link, that most people would have no longer, or NULL */
	int64_t lost;          /* how many */
	bool losing;           /* more than may: set by who weighs it */
	int64_t lost_places; /* people and groups in groups, no longer so */
	int64_t parting;     /* people who stay, each once for every group that they would be in no longer */
	bool leaving;        /* more than may: set by who weighs it */
	int64_t renamed; /* of who would leave, those whose username comes back with another stable id */
	bool ruled, unsettled; /* a rule links entries of the source; nobody has looked at all of them under it yet */
	bool dry;              /* on copies of what a run writes, and no more */
	bool of_groups; /* compared: a feed's change in which no person is news */
	int64_t joined, left; /* applied: so many times somebody joined or left a group; known after db_wait() */
	bool no_rights; /* compared: nobody's place in groups, and nobody's right, can be another one now */
	struct run_counts counts;
};
/* How many of this source have left within the last `window_ms` and nobody has approved it. */
enum skd_outcome store_run_recent(struct skd_call *call, const char *source, long window_ms, int64_t *count) WARN_UNUSED;

/* From staging to a resolved picture of what is news: duplicates and loops skipped with a line; counts
 * what applying it would do. Changes nothing outside temporary tables. */
enum skd_outcome store_diff_compare(struct skd_call *call, struct store_diff *diff) WARN_UNUSED;
/* The groups that more than so many people would be in no longer, the worst first; groups within count as well. */
struct store_group_loss {
	const char *dn;
	int64_t lost, had;
};
enum skd_outcome store_diff_emptied(struct skd_call *call, int64_t more_than, struct store_group_loss **groups,
				    size_t *count) WARN_UNUSED;
/* How many people would lose a group and get into no other. */
enum skd_outcome store_diff_fewer(struct skd_call *call, const struct store_diff *diff, int64_t *people) WARN_UNUSED;
/* Whether a known id stands under another DN than before. */
enum skd_outcome store_diff_elsewhere(struct skd_call *call, const struct store_diff *diff, bool *elsewhere) WARN_UNUSED;
/* Applies the picture: units, people, groups, members. Writes lines and changes. */
enum skd_outcome store_diff_apply(struct skd_call *call, struct store_diff *diff) WARN_UNUSED;
/* Applies what must never wait: a place in a group that is lost gives no right; accounts that were disabled. */
enum skd_outcome store_diff_apply_losses(struct skd_call *call, struct store_diff *diff) WARN_UNUSED;
/* Writes who would leave, and who would lose what or which group, as lines of the run, without applying them. */
enum skd_outcome store_diff_list_losses(struct skd_call *call, const struct store_diff *diff) WARN_UNUSED;
/* How many of them are not on the list of an approved run. */
enum skd_outcome store_diff_beyond(struct skd_call *call, const struct store_diff *diff, const char *approved,
				   int64_t *count) WARN_UNUSED;
/* Whether the parked run of this source lists just these; its id, or NULL when none is parked. */
enum skd_outcome store_diff_parked(struct skd_call *call, const struct store_diff *diff, const char **id,
				   bool *same) WARN_UNUSED;
/* Writes a line for each thing skipped, and counts them; known after db_wait(). */
enum skd_outcome store_diff_skips(struct skd_call *call, struct store_diff *diff) WARN_UNUSED;
/* Tells the planner of many new people, who would be taken for few until the database looks itself. */
enum skd_outcome store_run_weigh(struct skd_call *call) WARN_UNUSED;
/* ---- runs ---- */
struct store_run {
	const char *id, *source, *state, *error, *decided_by;
	bool complete, feed;
	bool news, parked; /* while it is settled: it changed anything; it, or one like it, waits */
	struct run_counts counts;
	int64_t started_at, finished_at, decided_at;
};
struct store_run_line {
	const char *kind, *person_id, *person_name, *what, *detail;
};
/* What was asked of a run. */
struct run_wish {
	bool asked;
	int64_t allow;      /* people who may leave, or lose a value or a group; 0: as configured */
	const char *covers; /* the run whose list was approved, or NULL */
};
/* A run somebody asked for, taken by whoever has the lease. */
enum skd_outcome store_run_ask(struct skd_call *call, const char *source, const char *account_id,
			       const struct run_wish *wish, const char **id) WARN_UNUSED;
enum skd_outcome store_run_asked(struct skd_call *call, const char *source, bool *asked) WARN_UNUSED;
/* The oldest asked for and not yet taken, made the epoch's own; otherwise a new one. It covers what a run that failed
 * just before was to cover, unless it covers a list of its own. */
enum skd_outcome store_run_begin(struct skd_call *call, const char *source, int64_t epoch, const char **id,
				 struct run_wish *wish) WARN_UNUSED;
/* A run for what a feed told, in the transaction that takes it over; dropped again where that was no news. */
enum skd_outcome store_run_begin_feed(struct skd_call *call, const char *source, int64_t epoch, const char **id) WARN_UNUSED;
enum skd_outcome store_run_drop(struct skd_call *call, const char *id) WARN_UNUSED;
enum skd_outcome store_feed_put(struct skd_call *call, const char *source, const char *cookie) WARN_UNUSED;
enum skd_outcome store_feed_get(struct skd_call *call, const char *source, const char **cookie) WARN_UNUSED;
/* Whether the source shows a person, unit or group with one of these ids. */
enum skd_outcome store_feed_knows(struct skd_call *call, const char *source, size_t count, const char *const *ids,
				  bool *known) WARN_UNUSED;
enum skd_outcome store_run_end(struct skd_call *call, const struct store_run *run) WARN_UNUSED;
/* Deletes runs of some minutes ago that nobody asked for and that found nothing new. */
enum skd_outcome store_run_forget(struct skd_call *call, const char *source) WARN_UNUSED;
/* Runs that earlier epochs left unfinished have failed; runs over a year old are deleted. */
enum skd_outcome store_run_sweep(struct skd_call *call, const char *source, int64_t epoch) WARN_UNUSED;
enum skd_outcome store_run_get(struct skd_call *call, const char *id, struct store_run *run) WARN_UNUSED;
enum skd_outcome store_run_list(struct skd_call *call, const char *source, const char *state, struct list *list,
				struct store_run **runs, size_t *count) WARN_UNUSED;
/* The first `most` lines. */
enum skd_outcome store_run_lines(struct skd_call *call, const char *id, int most, struct store_run_line **lines,
				 size_t *count) WARN_UNUSED;
/* What directories said of one person, oldest first; of parked runs what they did at once, and what was approved. */
struct store_run_said {
	int64_t at;
	const char *kind, *run_id, *what, *detail;
};
enum skd_outcome store_run_said(struct skd_call *call, const char *person_id, struct store_run_said **said,
				size_t *count) WARN_UNUSED;
/* Marks the people a parked run lists as absent, as far as they are still here. */
enum skd_outcome store_run_mark_absent(struct skd_call *call, const struct store_run *run, int64_t *count) WARN_UNUSED;
/* needs_approval to approved or dropped. CLASH when it is in another state. */
enum skd_outcome store_run_decide(struct skd_call *call, const char *id, const char *state, const char *by,
				  const char *error) WARN_UNUSED;

#endif
