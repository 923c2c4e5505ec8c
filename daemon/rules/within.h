/* SPDX-License-Identifier: Apache-2.0
 * What pathways stand on: achievements, skills, and each other. */
#ifndef RULES_WITHIN_H
#define RULES_WITHIN_H

#include "store/pathway.h"

/* BAD_INPUT, naming the field under `at`, for achievements, milestones and pathways of nodes that there are none of; with `published`,
 * that are not published now. References are ids in lower case. */
enum skd_outcome within_check(struct skd_call *call, const char *at, const struct graph *graph, bool published) WARN_UNUSED;
/* The same of the one achievement that is said of `field`; NULL is fine. */
enum skd_outcome within_achievement(struct skd_call *call, const char *field, const char *id, bool published) WARN_UNUSED;
/* BAD_INPUT, naming the circle, when the pathway would ask for itself: for what it awards, or by way of others as they are published,
 * that stand within or award a step. It is so until the transaction ends: nobody else publishes meanwhile. */
enum skd_outcome within_circle(struct skd_call *call, const struct store_pathway *pathway, const struct graph *graph) WARN_UNUSED;
/* DENIED unless the actor may issue all that it awards, on the way too. */
enum skd_outcome within_may_award(struct skd_call *call, const struct store_pathway *pathway, const struct graph *graph) WARN_UNUSED;

#endif
