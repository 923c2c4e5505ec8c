/* SPDX-License-Identifier: Apache-2.0
 * What an achievement may say of how its credentials are renewed. */
#ifndef RULES_POLICY_H
#define RULES_POLICY_H

#include "store/achievement.h"
#include "store/renewal.h"

/* a->renews, where there is one, checked and written as a->renewal; what is not said becomes what is meant. Fields are named
 * below /renewal. BAD_INPUT for members that another way of renewing has, a course that is none, prompts that the assessment
 * does not have, a minimum that its rubric cannot give, and without a validity. */
enum skd_outcome policy_fits(struct skd_call *call, struct store_achievement *a) WARN_UNUSED;

#endif
