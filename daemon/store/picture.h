/* SPDX-License-Identifier: Apache-2.0
 * Uploaded pictures as rows. */
#ifndef STORE_PICTURE_H
#define STORE_PICTURE_H

#include "store/db.h"

/* `svg` NULL bytes: it came as a PNG. */
struct store_picture {
	struct skd_text svg, png;
};
enum skd_outcome store_picture_add(struct skd_call *call, const struct store_picture *picture, const char **id) WARN_UNUSED;
/* Of the two what is asked for, `svg` also where there is none. FAULT when it is not there. */
enum skd_outcome store_picture_get(struct skd_call *call, const char *id, bool svg, struct store_picture *picture) WARN_UNUSED;
/* Unless an achievement or an issuer still has it; NULL: nothing. */
enum skd_outcome store_picture_drop(struct skd_call *call, const char *id) WARN_UNUSED;

#endif
