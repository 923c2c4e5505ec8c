/* SPDX-License-Identifier: Apache-2.0
 * Pictures of achievements, from a few words: a shape for the family of its type, a ring with a bead for each level, a
 * colour by its id, the initials of its name. The same words give the same bytes. Knows no achievement but by them. */
#ifndef DRAW_DRAW_H
#define DRAW_DRAW_H

#include "base/call.h"
#include "base/text.h"

struct drawing {
	const char *id;   /* gives the colour */
	const char *type; /* of Open Badges 3.0; any other is drawn as a plain badge */
	const char *name; /* UTF-8 */
	long level;       /* 0: no ring */
};

enum { DRAW_SIDE = 400, DRAW_BEADS = 20 };

/* Appends an SVG document: well-formed XML whatever the name is, no script, no style, nothing from elsewhere. */
void draw_svg(struct text *svg, const struct drawing *drawing);

struct picture {
	const uint8_t *bytes;
	size_t size;
};
/* One that draw_svg() made, as PNG of DRAW_SIDE pixels each way, by the program skillsd-draw at that path. Never for what
 * others made. FAULT. */
enum skd_outcome draw_png(struct skd_call *call, const char *program, const struct text *svg,
			  struct picture *png) WARN_UNUSED;

#endif
