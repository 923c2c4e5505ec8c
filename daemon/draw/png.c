/* SPDX-License-Identifier: Apache-2.0
 * Asks skillsd-draw: a process for each picture or page. */
#include "draw/draw.h"

#include "base/child.h"

#include <stdio.h>
#include <string.h>

enum { PATIENCE = 15000, MOST = 4 << 20, PAGE_MOST = 32 << 20 }; /* milliseconds; bytes of an answer */

enum skd_outcome draw_png(struct skd_call *call, const char *program, struct skd_text svg, struct picture *png)
{
	char side[12];
	struct text out;
	snprintf(side, sizeof side, "%d", DRAW_SIDE);
	text_begin(&out, call, 65536);
	TRY(child_run(call, (const char *const[]){program, "render", side, NULL}, svg, PATIENCE, MOST, &out));
	*png = (struct picture){(const uint8_t *)out.bytes, out.size};
	return out.size ? SKD_OK : fail(call, SKD_FAULT, "%s made no picture", program);
}

enum skd_outcome draw_clean(struct skd_call *call, const char *program, enum skd_image kind, struct skd_text from,
			    struct skd_text *clean)
{
	struct text out;
	text_begin(&out, call, from.size + 4096);
	TRY(child_run(call, (const char *const[]){program, "clean", kind == SKD_IMAGE_PNG ? "png" : "svg", NULL}, from, PATIENCE,
		      MOST, &out));
	if (!out.size)
		return fail(call, SKD_FAULT, "%s made no picture", program);
	*clean = (struct skd_text){out.bytes + 1, out.size - 1};
	return *out.bytes == '+' ? SKD_OK
				 : fail(call, SKD_BAD_INPUT, "%s", text_escaped(call, talloc_strndup(call, clean->bytes, clean->size)));
}

enum skd_outcome draw_page(struct skd_call *call, const char *program, enum skd_paper paper, struct skd_text page,
			   struct text *pdf)
{
	text_begin(pdf, call, 65536);
	return child_run(call, (const char *const[]){program, "print", paper == SKD_PAPER_LETTER ? "letter" : "a4", NULL}, page,
			 PATIENCE, PAGE_MOST, pdf);
}

void draw_around(struct text *svg, struct skd_text png)
{
	text_addf(svg,
		  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 400 400\">"
		  "<image width=\"400\" height=\"400\" href=\"data:image/png;base64,",
		  DRAW_SIDE, DRAW_SIDE);
	size_t begin = svg->size;
	text_add_base64url(svg, png.bytes, png.size);
	for (size_t i = begin; i < svg->size; i++)
		svg->bytes[i] = svg->bytes[i] == '-' ? '+' : svg->bytes[i] == '_' ? '/' : svg->bytes[i];
	for (size_t i = png.size % 3; i && i < 3; i++)
		text_add(svg, "=", 1);
	text_adds(svg, "\"/></svg>\n");
}
