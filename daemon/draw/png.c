/* SPDX-License-Identifier: Apache-2.0
 * Asks skillsd-draw for a PNG: a process for each. */
#include "draw/draw.h"

#include "base/child.h"

#include <stdio.h>

enum skd_outcome draw_png(struct skd_call *call, const char *program, const struct text *svg, struct picture *png)
{
	enum { MOST = 4 * 1024 * 1024, PATIENCE = 15000 };
	char side[12];
	struct text out;
	snprintf(side, sizeof side, "%d", DRAW_SIDE);
	text_begin(&out, call, 65536);
	TRY(child_run(call, (const char *const[]){program, side, NULL}, (struct skd_text){svg->bytes, svg->size}, PATIENCE, MOST,
		      &out));
	*png = (struct picture){(const uint8_t *)out.bytes, out.size};
	return out.size ? SKD_OK : fail(call, SKD_FAULT, "%s made no picture", program);
}
