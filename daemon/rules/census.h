/* SPDX-License-Identifier: Apache-2.0
 * A sink that counts: what one reading of a directory holds, and who is in its groups. Asks no database. */
#ifndef RULES_CENSUS_H
#define RULES_CENSUS_H

#include "base/call.h"
#include "base/text.h"

enum { CENSUS_FIELDS = 12, CENSUS_SAMPLES = 3 };

/* Something seen `count` times, and a few of those that differ; for a terminal. */
struct census_tally {
	const char *name;
	int64_t count;
	const char *samples[CENSUS_SAMPLES];
};

struct span {
	size_t at, size; /* in `words`; size 0: none */
};
struct census_person {
	struct span key, username, manager;
};
struct census_group {
	struct span key, name;
	size_t first, count; /* its members */
};
struct census_member {
	struct span ref;
	bool by_name;
};

struct census {
	struct skd_sink sink; /* the first member: callbacks find the rest behind it */
	struct skd_call *call;
	struct text words;
	struct census_person *people;
	struct census_group *groups;
	struct census_member *members;
	size_t person_count, group_count, member_count, unit_count;
	struct census_tally fields[CENSUS_FIELDS]; /* of people */
	struct census_tally *skips;                /* by reason */
	size_t skip_count;
	size_t *by_key, *by_username, *groups_by_key; /* sorted, once all was read */
};

/* Everything belongs to the call. */
void census_begin(struct census *census, struct skd_call *call);
/* All was read: what follows may be asked. */
void census_end(struct census *census);

/* People whose manager is named and is not there. */
int64_t census_lost_managers(const struct census *census);

/* The groups with this key, or for a NULL key with this name: how many there are, and the last of them. */
size_t census_find_group(const struct census *census, const char *key, const char *name, size_t *index);

/* How many people are in a group itself, and in it or in groups within it, however deep; and how many members are
 * neither people nor groups. */
struct census_membership {
	int64_t direct, all, unknown;
};
void census_count_members(struct census *census, size_t group, struct census_membership *members);

#endif
