/* SPDX-License-Identifier: Apache-2.0
 * How far assessors agree on what was handed in for an achievement: Cohen's kappa (rules/verdict.h), of verdicts and of each
 * criterion, of all of them and of each assessor against all others. */
#ifndef RULES_AGREEMENT_H
#define RULES_AGREEMENT_H

#include "base/call.h"

struct agreement_figure {
	const char *id, *name; /* of the criterion, or of the assessor */
	size_t pairs;
	bool known; /* otherwise there is no kappa */
	double kappa;
};
struct agreement {
	struct agreement_figure of; /* verdicts; id and name are NULL of all assessors together */
	struct agreement_figure *criteria; /* those of the present version, in its order */
	size_t count;
};
/* `all` of them, then of single assessors: for hr, admin, the owner of the achievement and who may issue it each by name, for
 * an assessor their own. DENIED for others. */
enum skd_outcome agreement_get(struct skd_call *call, const char *achievement_id, struct agreement *all, struct agreement **assessors,
			       size_t *count) WARN_UNUSED;

#endif
