/* SPDX-License-Identifier: Apache-2.0
 * All that shows what somebody can do and wants to, read at once; and what they might earn next. Sections are JSON arrays. */
#ifndef STORE_PORTFOLIO_H
#define STORE_PORTFOLIO_H

#include "store/person.h"

struct store_portfolio {
	const char *person_id, *person; /* the human */
	const char *positions, *skills, *claims, *credentials, *pathways, *submissions, *goals, *endorsements;
};
/* With one statement; of each section at most 500, the newest. To others but themselves claims and goals that are shared, and submissions that are or were approved. ABSENT
 * when there is no such person, or none who is seen. */
enum skd_outcome store_portfolio_get(struct skd_call *call, const struct sight *sight, const char *person_id,
				     struct store_portfolio *portfolio) WARN_UNUSED;

enum { RECOMMENDATIONS_MOST = 50 };
struct store_recommendation {
	const char *achievement_id, *achievement;
	const char *reasons; /* [{kind, ...}], the weightiest first */
};
/* What can be earned and they do not hold, for which there is a reason; best first. `own`: goals also where they are not shared. */
enum skd_outcome store_recommendation_list(struct skd_call *call, const char *person_id, bool own,
					   struct store_recommendation **recommendations, size_t *count) WARN_UNUSED;

#endif
