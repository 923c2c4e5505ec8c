/* SPDX-License-Identifier: Apache-2.0
 * `assessment` of achievements as JSON. Knows its form; rules/assessment knows what it means. */
#ifndef API_ASSESSMENT_H
#define API_ASSESSMENT_H

#include "api/entry.h"
#include "rules/achievement.h"

/* Onto a->assessment, or as a->asks what that shall become; in a patch members are merged, and null takes one out. */
enum skd_outcome assessment_merge(struct skd_call *call, const struct value *value, bool patch,
				  struct store_achievement *a) WARN_UNUSED;
/* With `answers` also which choices are correct. */
enum skd_outcome assessment_put(struct skd_call *call, struct json *json, const struct store_achievement *a, bool answers) WARN_UNUSED;

/* A number of points with at most two decimals, in hundredths; without one NO_POINTS. */
enum skd_outcome points_read(struct skd_call *call, const char *at, const json_t *json, long *hundredths) WARN_UNUSED;
/* An array of places, each once and in whatever order, as JSON without spaces and rising: [0,2]. */
enum skd_outcome places_read(struct skd_call *call, const char *at, const json_t *array, const char **places) WARN_UNUSED;

#endif
