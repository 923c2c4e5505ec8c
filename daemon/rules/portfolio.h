/* SPDX-License-Identifier: Apache-2.0
 * Portfolios, and what somebody might earn next: told to themselves, to those above them, to hr and admins; ABSENT to others. */
#ifndef RULES_PORTFOLIO_H
#define RULES_PORTFOLIO_H

#include "store/portfolio.h"

enum skd_outcome portfolio_get(struct skd_call *call, const char *person_id, struct store_portfolio *portfolio) WARN_UNUSED;
enum skd_outcome recommendation_list(struct skd_call *call, const char *person_id, struct store_person *person,
				     struct store_recommendation **recommendations, size_t *count) WARN_UNUSED;

#endif
