/* SPDX-License-Identifier: Apache-2.0
 * Pictures of achievements, from a few words: a shape for the family of its type, a ring with a bead for each level, a
 * colour by its id, the initials of its name, or what was asked for in their places. The same words give the same bytes.
 * And pictures of others, which skillsd-draw alone looks into. Knows no achievement but by its words. */
#ifndef DRAW_DRAW_H
#define DRAW_DRAW_H

#include "base/call.h"
#include "base/text.h"

/* What may be asked for, each "" where it is not. */
enum drawing_word {
	DRAW_SHAPE,    /* disc, hexagon, page, shield, seal, star, diamond, cap or scroll */
	DRAW_FILL,     /* #rrggbb, and so is */
	DRAW_EDGE,
	DRAW_INITIALS, /* or */
	DRAW_ICON,
	DRAW_WORDS,
};

struct drawing {
	const char *id;   /* gives the colour */
	const char *type; /* of Open Badges 3.0; any other is drawn as a plain badge */
	const char *name; /* UTF-8 */
	long level;       /* 0: no ring */
	const char *const *words; /* NULL: nothing is asked for */
};

/* Whether there is such a shape, colour or icon. */
bool drawing_word_is_known(enum drawing_word word, const char *value);

enum { DRAW_SIDE = 400, DRAW_BEADS = 20 };

/* Appends an SVG document: well-formed XML whatever the name is, no script, no style, nothing from elsewhere. */
void draw_svg(struct text *svg, const struct drawing *drawing);

struct picture {
	const uint8_t *bytes;
	size_t size;
};
/* An SVG of ours, as PNG of DRAW_SIDE pixels each way, by the program skillsd-draw at that path. FAULT. */
enum skd_outcome draw_png(struct skd_call *call, const char *program, struct skd_text svg, struct picture *png) WARN_UNUSED;
/* What a stranger calls a PNG or an SVG, written anew by it: pixels in a square, or shapes, text, gradients and clips.
 * BAD_INPUT, with the reason, for all else. */
enum skd_outcome draw_clean(struct skd_call *call, const char *program, enum skd_image kind, struct skd_text from,
			    struct skd_text *clean) WARN_UNUSED;
/* A page of a plugin (enum skd_paper) as PDF. FAULT. */
enum skd_outcome draw_page(struct skd_call *call, const char *program, enum skd_paper paper, struct skd_text page,
			   struct text *pdf) WARN_UNUSED;
/* Appends an SVG that shows the PNG. */
void draw_around(struct text *svg, struct skd_text png);

#endif
