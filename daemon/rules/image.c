/* SPDX-License-Identifier: Apache-2.0
 * Pictures: uploaded ones are there; an SVG is drawn each time, a PNG once for each version of an achievement. */
#include "rules/image.h"

#include "rules/actor.h"
#include "rules/picture.h"
#include "store/image.h"

const char *image_place(struct skd_call *call, const char *achievement_id, int64_t number)
{
	return talloc_asprintf(call, "%s/achievements/%s/image?version=%ld", call->house->public_url, achievement_id,
			       (long)number);
}

static enum skd_outcome drawn(struct skd_call *call, const struct store_badge *badge, enum skd_image kind,
			      struct picture *picture)
{
	const struct skd_award *a = &badge->award;
	struct text svg;
	text_begin(&svg, call, 2048);
	draw_svg(&svg, &(struct drawing){a->achievement_id, a->type, a->name, (long)badge->level, badge->drawing});
	*picture = (struct picture){(const uint8_t *)svg.bytes, svg.size};
	return kind == SKD_IMAGE_SVG ? SKD_OK
				     : draw_png(call, call->house->painter, (struct skd_text){svg.bytes, svg.size}, picture);
}

enum skd_outcome image_of(struct skd_call *call, const struct store_badge *badge, enum skd_image kind,
			  struct picture *picture)
{
	const struct skd_award *a = &badge->award;
	if (badge->picture_id)
		return picture_get(call, badge->picture_id, kind, picture);
	if (kind == SKD_IMAGE_SVG)
		return drawn(call, badge, kind, picture);
	TRY(store_image_get(call, a->achievement_id, a->version, &picture->bytes, &picture->size));
	if (picture->bytes)
		return SKD_OK;
	TRY(drawn(call, badge, kind, picture));
	if (!badge->published)
		return SKD_OK;
	return store_image_put(call, a->achievement_id, a->version, picture->bytes, picture->size);
}

enum skd_outcome image_get(struct skd_call *call, const char *achievement_id, const char *number, enum skd_image kind,
			   struct picture *picture)
{
	struct store_badge facts;
	bool drafts = call->actor && actor_scoped(call, "achievements", false) && actor_has(call, ROLE_CATALOGUE);
	TRY(store_badge_achievement(call, achievement_id, number, drafts, &facts));
	return image_of(call, &facts, kind, picture);
}
