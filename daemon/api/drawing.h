/* SPDX-License-Identifier: Apache-2.0
 * What is asked for of an achievement's picture, as JSON. */
#ifndef API_DRAWING_H
#define API_DRAWING_H

#include "api/entry.h"
#include "rules/achievement.h"

/* The member `image`: what was asked for of it, or as what one was uploaded in its place; nothing where neither was. */
void drawing_write(struct json *json, const struct store_achievement *a);
/* A merge patch of it, or the first words. Drawn it is no longer what was uploaded, or elsewhere. BAD_INPUT. */
enum skd_outcome drawing_read(struct skd_call *call, const struct value *value, bool patch,
			      struct store_achievement *a) WARN_UNUSED;

#endif
