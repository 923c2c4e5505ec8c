/* SPDX-License-Identifier: Apache-2.0
 * Pictures: an SVG is drawn each time, a PNG once for each version of an achievement. */
#include "rules/image.h"

#include "store/image.h"

const char *image_place(struct skd_call *call, const char *achievement_id, int64_t number)
{
	return talloc_asprintf(call, "%s/achievements/%s/image?version=%ld", call->house->public_url, achievement_id,
			       (long)number);
}

enum skd_outcome image_of(struct skd_call *call, const struct store_badge *badge, enum skd_image kind,
			  struct picture *picture)
{
	const struct skd_award *a = &badge->award;
	struct text svg;
	if (kind == SKD_IMAGE_PNG) {
		TRY(store_image_get(call, a->achievement_id, a->version, &picture->bytes, &picture->size));
		if (picture->bytes)
			return SKD_OK;
	}
	text_begin(&svg, call, 2048);
	draw_svg(&svg, &(struct drawing){a->achievement_id, a->type, a->name, (long)badge->level});
	*picture = (struct picture){(const uint8_t *)svg.bytes, svg.size};
	if (kind == SKD_IMAGE_SVG)
		return SKD_OK;
	TRY(draw_png(call, call->house->painter, &svg, picture));
	return store_image_put(call, a->achievement_id, a->version, picture->bytes, picture->size);
}

enum skd_outcome image_get(struct skd_call *call, const char *achievement_id, const char *number, enum skd_image kind,
			   struct picture *picture)
{
	struct store_badge facts;
	TRY(store_badge_achievement(call, achievement_id, number, &facts));
	return image_of(call, &facts, kind, picture);
}
