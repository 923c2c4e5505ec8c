/* SPDX-License-Identifier: Apache-2.0
 * The pictures of achievements, drawn or uploaded, and where they are. */
#ifndef RULES_IMAGE_H
#define RULES_IMAGE_H

#include "draw/draw.h"
#include "rules/house.h"
#include "store/badge.h"

/* Where the picture of a version is published. */
const char *image_place(struct skd_call *call, const char *achievement_id, int64_t number);

/* Of a badge or an achievement that was published. A PNG that is drawn is kept: in a transaction that may write. */
enum skd_outcome image_of(struct skd_call *call, const struct store_badge *badge, enum skd_image kind,
			  struct picture *picture) WARN_UNUSED;
/* The same of what is published of an achievement, or a draft that the actor may see; `number` NULL: its newest version.
 * ABSENT. */
enum skd_outcome image_get(struct skd_call *call, const char *achievement_id, const char *number, enum skd_image kind,
			   struct picture *picture) WARN_UNUSED;

#endif
