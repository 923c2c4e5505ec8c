/* SPDX-License-Identifier: Apache-2.0
 * Portfolios. */
#include "rules/portfolio.h"

#include "rules/actor.h"
#include "rules/person.h"

enum skd_outcome portfolio_get(struct skd_call *call, const char *person_id, struct store_portfolio *portfolio)
{
	struct sight sight = sight_for(call, SIGHT_PORTFOLIO);
	return store_portfolio_get(call, &sight, person_id, portfolio);
}

enum skd_outcome recommendation_list(struct skd_call *call, const char *person_id, struct store_person *person,
				     struct store_recommendation **recommendations, size_t *count)
{
	TRY(person_of(call, SIGHT_RECOMMENDATIONS, person_id, person));
	return store_recommendation_list(call, person->id, actor_is(call, person->id), recommendations, count);
}
