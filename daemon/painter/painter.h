/* SPDX-License-Identifier: Apache-2.0
 * What skillsd-draw does, a file each. Not for other rooms. */
#ifndef PAINTER_PAINTER_H
#define PAINTER_PAINTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct bytes {
	const char *at;
	size_t size;
};

enum {
	WHY_SIZE = 300,       /* of a sentence */
	PICTURE_MOST = 1 << 20, /* bytes of one that is written anew */
	SIDE_LEAST = 16, SIDE_MOST = 2048, /* pixels of one that comes as PNG */
};

/* For all: no core, little time and memory, no rights to be had. */
void confine(void);
/* For reading what strangers send: no more than reading what is open and answering. */
void confine_alone(void);

/* Write a picture anew, of nothing but what may be in one: a PNG as a square of pixels, an SVG as elements and attributes
 * of a list. False, with the reason, for what is refused. */
bool png_clean(struct bytes png, FILE *out, char why[WHY_SIZE]);
bool svg_clean(struct bytes svg, FILE *out, char why[WHY_SIZE]);

/* ---- what may be in an SVG ---- */
bool svg_element_is_known(const char *name);
enum svg_value { SVG_TAKEN, SVG_LEFT_OUT, SVG_ELSEWHERE };
/* Whether `value` may stand for an attribute: SVG_ELSEWHERE when it refers to something that is not in the picture. `place`:
 * which attribute it is, below SVG_ATTRIBUTES_MOST. */
enum { SVG_ATTRIBUTES_MOST = 96 };
enum svg_value svg_attribute_check(const char *name, const char *value, int *place);

/* An SVG that svg_clean() or the daemon has written, as a square PNG. */
bool svg_render(struct bytes svg, int side, FILE *out);
/* A page (include/skillsd/plugin.h) as a PDF. */
bool page_print(struct bytes page, bool letter, FILE *out);

#endif
