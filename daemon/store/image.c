/* SPDX-License-Identifier: Apache-2.0
 * Pictures of achievements. */
#include "store/image.h"

static const char IMAGE_GET[] = "SELECT png FROM achievement_image WHERE achievement_id = $1::uuid AND number = $2::int";
static const char IMAGE_PUT[] =
	"INSERT INTO achievement_image (achievement_id, number, png) VALUES ($1::uuid, $2::int, $3::bytea)"
	" ON CONFLICT DO NOTHING";

enum skd_outcome store_image_get(struct skd_call *call, const char *achievement_id, int64_t number, const uint8_t **png,
				 size_t *size)
{
	struct rows *rows;
	TRY(db_query(call, IMAGE_GET, ARGS(achievement_id, arg_int(call, number)), &rows));
	*png = rows_count(rows) ? (const uint8_t *)row_text(rows, 0, 0) : NULL;
	*size = *png ? row_size(rows, 0, 0) : 0;
	return SKD_OK;
}

enum skd_outcome store_image_put(struct skd_call *call, const char *achievement_id, int64_t number, const uint8_t *png,
				 size_t size)
{
	return db_run(call, IMAGE_PUT, ARGS(achievement_id, arg_int(call, number), arg_bytea(call, png, size)), NULL);
}
