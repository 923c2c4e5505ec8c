/* SPDX-License-Identifier: Apache-2.0
 * The skills database report as rows in an order. One SQL text, put together from constant parts by
 * what is asked; values only as parameters. Names that repeat come as dictionaries. */
#ifndef STORE_REPORT_H
#define STORE_REPORT_H

#include "store/person.h"

struct report_words;

enum report_group { REPORT_HOLDINGS, REPORT_BY_PERSON, REPORT_BY_SKILL, REPORT_BY_UNIT };

struct report_query {
	struct sight sight;
	const char *const *skills; /* ids, any of; count 0 and any_skill: all */
	size_t skill_count;
	bool any_skill;
	long min_level;
	bool claimed; /* claims instead of what is verified */
	const char *unit, *manager, *person;
	int64_t expires_before; /* TIME_NEVER: open */
	int64_t as_of, known_at; /* 0: now */
	enum report_group group;
	const char *sort; /* a word of the route's table; NULL: name, skill or unit by the group */
	bool descending, best_only; /* best_only: one row a holding, the credential that carries it */
	const char *after_key, *after_person, *after_skill; /* go on behind this holding; NULL: from the start */
	int first; /* rows wanted at first */
};

/* One credential behind a holding, or a claim. Strings live until the next row but one. */
struct report_row {
	const char *person_id, *username, *name, *title, *unit_id, *manager_id;
	const char *skill_id;
	int64_t level;
	int64_t expires_at; /* of this credential */
	const char *credential_id, *issuer_id, *achievement_id; /* NULL of a claim */
	int64_t achievement_version;
	int64_t issued_at;
	int64_t rank; /* 1: the one that carries the holding */
	const char *sort_key;
};

/* All that is read from now on in this new transaction, rows and names, is of one moment. */
enum skd_outcome store_report_snapshot(struct skd_call *call) WARN_UNUSED;
/* Needs a transaction on an ordinary session. */
enum skd_outcome store_report_open(struct skd_call *call, const struct report_query *query) WARN_UNUSED;
/* The next rows; *count 0 at the end. Belongs to the cursor, until the next call. */
enum skd_outcome store_report_next(struct skd_call *call, struct report_row **rows, int *count) WARN_UNUSED;
/* How many holdings there are in all; grouped by person, how many people. */
enum skd_outcome store_report_total(struct skd_call *call, const struct report_query *query, int64_t *total) WARN_UNUSED;

/* What q->person holds now (claimed: what they say, to others only if shared), in no order, and the catalogue's
 * version, of the same moment. */
enum skd_outcome store_holding_rows(struct skd_call *call, const struct report_query *q, struct report_row **rows,
				    int *count, int64_t *version) WARN_UNUSED;

struct report_skill_row {
	const char *skill_id;
	int64_t level, people, expiring;
};
struct report_unit_row {
	const char *unit_id, *unit_name;
	int64_t people, holders, skills;
};
/* One skill after the other in the order asked for, each by level; the caller folds them. */
enum skd_outcome store_report_by_skill(struct skd_call *call, const struct report_query *query,
				       struct report_skill_row **rows, size_t *count) WARN_UNUSED;
enum skd_outcome store_report_by_unit(struct skd_call *call, const struct report_query *query,
				      struct report_unit_row **rows, size_t *count) WARN_UNUSED;

/* ---- dictionaries ---- */
struct report_word {
	const char *name, *code;
	int64_t place; /* of a skill among the labels; the same of equal ones */
};
/* Units, and managers if they are wanted, beside what is in `more`, by id; the call's. */
enum skd_outcome store_report_words(struct skd_call *call, const struct report_words *more, bool managers,
				    const struct report_words **words) WARN_UNUSED;
enum skd_outcome store_catalogue_version(struct skd_call *call, int64_t *version) WARN_UNUSED;
/* Skills, issuers and achievement versions only, with places; lives with `owner`. `version`: the catalogue's. */
enum skd_outcome store_catalogue_words(struct skd_call *call, void *owner, struct report_words **words,
				       int64_t *version) WARN_UNUSED;
/* NULL id gives empty words. For an achievement the version counts too. */
struct report_word report_word(const struct report_words *words, const char *id, int64_t version);

#endif
