/* SPDX-License-Identifier: Apache-2.0
 * What an administrator should know of a directory, and of what the daemon stands on. Changes nothing. */
#ifndef RULES_EXAMINE_H
#define RULES_EXAMINE_H

#include "rules/census.h"
#include "rules/house.h"

struct finding {
	const char *section, *name, *text; /* for a terminal */
	enum skd_finding kind;
	const struct census_tally *tally; /* in how many of `of` people it is, with samples; or NULL */
	int64_t of;
};

struct findings {
	void *owner;
	struct finding *list;
	size_t count;
	bool wrong; /* there is something wrong among them */
};

void finding_add(struct findings *findings, enum skd_finding kind, const char *section, const char *name,
		 const char *format, ...) PRINTF(5, 6);

/* Asks the plugin, then reads the directory whole and counts. */
void examine_directory(struct skd_call *call, const struct directory *directory, struct findings *findings);
/* Whether the database is there with this program's schema, and whose key is missing. Borrows a session of the jobs and returns it. */
void examine_database(struct skd_call *call, struct findings *findings);

#endif
