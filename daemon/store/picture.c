/* SPDX-License-Identifier: Apache-2.0
 * Pictures. */
#include "store/picture.h"

static const char PICTURE_ADD[] = "INSERT INTO picture (svg, png) VALUES ($1::bytea, $2::bytea) RETURNING id";
static const char PICTURE_GET[] =
	"SELECT CASE WHEN $2::bool THEN svg END, CASE WHEN NOT $2::bool OR svg IS NULL THEN png END FROM picture WHERE id = $1::uuid";
static const char PICTURE_DROP[] =
	"DELETE FROM picture p WHERE p.id = $1::uuid AND NOT EXISTS (SELECT FROM achievement_version WHERE picture_id = p.id)"
	" AND NOT EXISTS (SELECT FROM issuer WHERE picture_id = p.id)";

enum skd_outcome store_picture_add(struct skd_call *call, const struct store_picture *picture, const char **id)
{
	struct skd_text svg = picture->svg, png = picture->png;
	struct rows *rows;
	TRY(db_query(call, PICTURE_ADD,
		     ARGS(svg.bytes ? arg_bytea(call, svg.bytes, svg.size) : NULL, arg_bytea(call, png.bytes, png.size)), &rows));
	*id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

enum skd_outcome store_picture_get(struct skd_call *call, const char *id, bool svg, struct store_picture *picture)
{
	struct rows *rows;
	TRY(db_query(call, PICTURE_GET, ARGS(id, arg_bool(svg)), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_FAULT, "the picture %s is not there", id);
	*picture = (struct store_picture){
		.svg = {row_text(rows, 0, 0), row_size(rows, 0, 0)}, .png = {row_text(rows, 0, 1), row_size(rows, 0, 1)}};
	return SKD_OK;
}

enum skd_outcome store_picture_drop(struct skd_call *call, const char *id)
{
	return id ? db_run(call, PICTURE_DROP, ARGS(id), NULL) : SKD_OK;
}
