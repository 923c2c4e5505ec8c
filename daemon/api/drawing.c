/* SPDX-License-Identifier: Apache-2.0
 * `image` of achievements as JSON. */
#include "api/drawing.h"

#include "api/merge.h"
#include "rules/image.h"

void drawing_write(struct json *json, const struct store_achievement *a)
{
	const char *const *words = a->drawing;
	if (!a->picture_id && !words)
		return;
	put_object(json, "image");
	put_string(json, "uploaded", !a->picture_id ? NULL : a->picture_svg ? "svg" : "png");
	put_string(json, "shape", words ? words[DRAW_SHAPE] : NULL);
	if (words && *words[DRAW_FILL]) {
		put_array(json, "colours");
		put_string(json, NULL, words[DRAW_FILL]);
		if (*words[DRAW_EDGE])
			put_string(json, NULL, words[DRAW_EDGE]);
		put_array_end(json);
	}
	put_string(json, "initials", words ? words[DRAW_INITIALS] : NULL);
	put_string(json, "icon", words ? words[DRAW_ICON] : NULL);
	put_object_end(json);
}

/* A merge patch of what was asked for before; of initials and icon the one that was said last. */
static enum skd_outcome drawing_merge(struct skd_call *call, json_t *object, bool patch, const char **words)
{
	enum { SHAPE, COLOURS, INITIALS, ICON, COUNT };
	static const struct field fields[] = {{"shape", FIELD_TEXT, .most = 20}, {"colours", FIELD_TEXTS},
					      {"initials", FIELD_TEXT, .most = 8}, {"icon", FIELD_TEXT, .most = 20}, {NULL}};
	struct value v[COUNT] = {0};
	TRY(fields_object(call, fields, "/image", object, patch, v));
	if (v[COLOURS].count > 2)
		return fail_field(call, "/image/colours", "must be one or two");
	for (size_t i = 0; v[COLOURS].given && i < 2; i++)
		words[DRAW_FILL + i] = i < v[COLOURS].count ? v[COLOURS].texts[i] : NULL;
	if (v[INITIALS].given != v[ICON].given)
		words[DRAW_INITIALS] = words[DRAW_ICON] = NULL;
	merge_text(&v[SHAPE], &words[DRAW_SHAPE]);
	merge_text(&v[INITIALS], &words[DRAW_INITIALS]);
	merge_text(&v[ICON], &words[DRAW_ICON]);
	return SKD_OK;
}

enum skd_outcome drawing_read(struct skd_call *call, const struct value *value, bool patch,
			      struct store_achievement *a)
{
	const char **words = talloc_array(call, const char *, DRAW_WORDS);
	if (!value->given)
		return SKD_OK;
	if (!value->null && !json_is_object(value->json))
		return fail_field(call, "/image", "must be an object with shape, colours, initials or icon");
	for (int i = 0; i < DRAW_WORDS; i++)
		words[i] = a->drawing ? a->drawing[i] : NULL;
	if (!value->null)
		TRY(drawing_merge(call, value->json, patch, words));
	for (int i = 0; i < DRAW_WORDS; i++)
		words[i] = words[i] ? words[i] : "";
	a->picture_id = a->image_url = NULL;
	a->drawing = value->null ? NULL : words;
	return SKD_OK;
}
