/* SPDX-License-Identifier: Apache-2.0
 * The shapes. Not for other rooms. */
#ifndef DRAW_SHAPES_H
#define DRAW_SHAPES_H

/* What one may be taken for: a sign, something measured, learning, a licence to do, something attested, a prize,
 * belonging, a degree, leaving a school. */
enum shape {
	SHAPE_DISC, SHAPE_HEXAGON, SHAPE_PAGE, SHAPE_SHIELD, SHAPE_SEAL, SHAPE_STAR, SHAPE_DIAMOND, SHAPE_CAP, SHAPE_SCROLL,
};

enum shape shape_of(const char *type);
const char *shape_path(enum shape shape); /* as the d of a <path> */

#endif
