/* SPDX-License-Identifier: Apache-2.0
 * Pictures that people upload: nothing of them is kept but what skillsd-draw has written anew. */
#ifndef RULES_PICTURE_H
#define RULES_PICTURE_H

#include "draw/draw.h"
#include "rules/house.h"

/* Takes one in, in the transaction that says whose it is. BAD_INPUT, with the reason, for what cannot be one, or is
 * larger, moves, or would run or load something. */
enum skd_outcome picture_take(struct skd_call *call, enum skd_image kind, struct skd_text upload, const char **id) WARN_UNUSED;

/* A PNG of it, or an SVG: one that came as PNG is put into one. */
enum skd_outcome picture_get(struct skd_call *call, const char *id, enum skd_image kind, struct picture *picture) WARN_UNUSED;

#endif
