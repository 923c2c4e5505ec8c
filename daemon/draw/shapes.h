/* SPDX-License-Identifier: Apache-2.0
 * The shapes and icons. Not for other rooms. */
#ifndef DRAW_SHAPES_H
#define DRAW_SHAPES_H

/* What one may be taken for: a sign, something measured, learning, a licence to do, something attested, a prize,
 * belonging, a degree, leaving a school. */
enum shape {
	SHAPE_DISC, SHAPE_HEXAGON, SHAPE_PAGE, SHAPE_SHIELD, SHAPE_SEAL, SHAPE_STAR, SHAPE_DIAMOND, SHAPE_CAP, SHAPE_SCROLL,
	SHAPES,
};

enum shape shape_of(const char *type);
enum shape shape_named(const char *name); /* SHAPES: there is none */
/* As the d of a <path>; of an icon NULL: there is none. */
const char *shape_path(enum shape shape);
const char *icon_path(const char *name);

#endif
