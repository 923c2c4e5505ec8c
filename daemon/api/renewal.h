/* SPDX-License-Identifier: Apache-2.0
 * `renewal` of achievements as JSON. Knows its form; rules/policy knows what it means. */
#ifndef API_RENEWAL_H
#define API_RENEWAL_H

#include "api/entry.h"
#include "rules/achievement.h"
#include "rules/policy.h"

/* Onto a->renewal and a->renews; in a patch members are merged, and null takes one out. */
enum skd_outcome renewal_merge(struct skd_call *call, const struct value *value, bool patch, struct store_achievement *a) WARN_UNUSED;

#endif
