/* SPDX-License-Identifier: Apache-2.0
 * Pictures of strangers. */
#include "rules/picture.h"

#include "store/picture.h"

static enum skd_outcome rendered(struct skd_call *call, struct store_picture *picture)
{
	struct picture png;
	enum skd_outcome outcome = draw_png(call, call->house->painter, picture->svg, &png);
	if (outcome == SKD_FAULT) {
		call_forgive(call);
		return fail(call, SKD_BAD_INPUT, "the SVG cannot be drawn, or not in the time there is");
	}
	TRY(outcome);
	picture->png = (struct skd_text){(const char *)png.bytes, png.size};
	return SKD_OK;
}

enum skd_outcome picture_take(struct skd_call *call, enum skd_image kind, struct skd_text upload, const char **id)
{
	struct store_picture picture = {0};
	struct skd_text *clean = kind == SKD_IMAGE_SVG ? &picture.svg : &picture.png;
	TRY(draw_clean(call, call->house->painter, kind, upload, clean));
	if (kind == SKD_IMAGE_SVG)
		TRY(rendered(call, &picture));
	return store_picture_add(call, &picture, id);
}

enum skd_outcome picture_get(struct skd_call *call, const char *id, enum skd_image kind, struct picture *picture)
{
	struct store_picture found;
	struct text svg;
	TRY(store_picture_get(call, id, kind == SKD_IMAGE_SVG, &found));
	if (kind == SKD_IMAGE_SVG && !found.svg.bytes) {
		text_begin(&svg, call, found.png.size * 3 / 2 + 512);
		draw_around(&svg, found.png);
		found.svg = (struct skd_text){svg.bytes, svg.size};
	}
	struct skd_text given = kind == SKD_IMAGE_SVG ? found.svg : found.png;
	*picture = (struct picture){(const uint8_t *)given.bytes, given.size};
	return SKD_OK;
}
