/* SPDX-License-Identifier: Apache-2.0
 * The pictures that are drawn of achievements, and where they are. */
#ifndef RULES_IMAGE_H
#define RULES_IMAGE_H

#include "draw/draw.h"
#include "rules/house.h"
#include "store/badge.h"

/* Where the picture of a version is published. */
const char *image_place(struct skd_call *call, const char *achievement_id, int64_t number);

/* Of a badge or an achievement. A PNG is kept: in a transaction that may write. */
enum skd_outcome image_of(struct skd_call *call, const struct store_badge *badge, enum skd_image kind,
			  struct picture *picture) WARN_UNUSED;
/* The same of what is published of an achievement; `number` NULL: its newest version. ABSENT. */
enum skd_outcome image_get(struct skd_call *call, const char *achievement_id, const char *number, enum skd_image kind,
			   struct picture *picture) WARN_UNUSED;

#endif
