/* SPDX-License-Identifier: Apache-2.0
 * The badge that is baked into a picture. Looks at no pixel, expands nothing, follows no address. */
#ifndef VERIFY_IMAGE_H
#define VERIFY_IMAGE_H

#include "base/call.h"

bool png_is(struct skd_text bytes);
bool svg_is(struct skd_text bytes);

/* What is baked in, bytes of the picture or of the call. BAD_INPUT, with a sentence, for all that is not one whole
 * picture with one badge in it. `ob3`: it says that it is of Open Badges 3.0. */
enum skd_outcome png_unbake(struct skd_call *call, struct skd_text png, struct skd_text *badge, bool *ob3) WARN_UNUSED;
enum skd_outcome svg_unbake(struct skd_call *call, struct skd_text svg, struct skd_text *badge, bool *ob3) WARN_UNUSED;

#endif
