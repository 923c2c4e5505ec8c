/* SPDX-License-Identifier: Apache-2.0
 * Pictures of achievements that took long to draw, as rows: one for a version of an achievement. */
#ifndef STORE_IMAGE_H
#define STORE_IMAGE_H

#include "store/db.h"

/* `png` NULL: there is none yet. */
enum skd_outcome store_image_get(struct skd_call *call, const char *achievement_id, int64_t number, const uint8_t **png,
				 size_t *size) WARN_UNUSED;
/* What another daemon has put there in the meantime stays. */
enum skd_outcome store_image_put(struct skd_call *call, const char *achievement_id, int64_t number, const uint8_t *png,
				 size_t size) WARN_UNUSED;

#endif
