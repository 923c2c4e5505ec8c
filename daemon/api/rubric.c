/* SPDX-License-Identifier: Apache-2.0
 * Rubrics out of JSON. */
#include "api/rubric.h"

/* Its size; 0 for what is not there. */
static enum skd_outcome array_size(struct skd_call *call, const char *at, const json_t *json, size_t *count)
{
	*count = json_array_size(json);
	if (json && !json_is_null(json) && !json_is_array(json))
		return fail_field(call, at, "must be an array of objects");
	return SKD_OK;
}

static enum skd_outcome item_read(struct skd_call *call, const struct field *fields, const char *at, size_t i, const json_t *array,
				  const char **where, struct value *values)
{
	json_t *item = json_array_get(array, i);
	*where = talloc_asprintf(call, "%s/%zu", at, i);
	return json_is_object(item) ? fields_object(call, fields, *where, item, false, values)
				    : fail_field(call, *where, "must be an object");
}

enum skd_outcome alignments_read(struct skd_call *call, const char *at, const json_t *json, struct skd_alignment **list,
				 size_t *count)
{
	static const struct field fields[] = {{"name", FIELD_TEXT, .required = true},
					      {"url", FIELD_URL, .required = true, .most = 2000},
					      {"framework", FIELD_TEXT},
					      {"code", FIELD_TEXT},
					      {"target_type", FIELD_TEXT, .most = 100},
					      {NULL}};
	TRY(array_size(call, at, json, count));
	*list = talloc_zero_array(call, struct skd_alignment, *count + 1);
	for (size_t i = 0; i < *count; i++) {
		struct value v[5] = {0};
		const char *where;
		TRY(item_read(call, fields, at, i, json, &where, v));
		(*list)[i] = (struct skd_alignment){v[0].text, v[1].text, v[2].text, v[3].text, v[4].text};
	}
	return SKD_OK;
}

static enum skd_outcome levels_read(struct skd_call *call, const char *at, const json_t *json, struct skd_result_description *d)
{
	static const struct field fields[] = {{"id", FIELD_UUID},
					      {"name", FIELD_TEXT, .required = true},
					      {"level", FIELD_TEXT, .most = 100},
					      {"points", FIELD_TEXT, .most = 100},
					      {"description", FIELD_TEXT, .most = 10000},
					      {"alignments", FIELD_JSON},
					      {NULL}};
	TRY(array_size(call, at, json, &d->level_count));
	d->levels = talloc_zero_array(call, struct skd_rubric_level, d->level_count + 1);
	for (size_t i = 0; i < d->level_count; i++) {
		struct skd_rubric_level *level = &d->levels[i];
		struct value v[6] = {0};
		const char *where;
		TRY(item_read(call, fields, at, i, json, &where, v));
		*level = (struct skd_rubric_level){
			.id = v[0].text, .name = v[1].text, .level = v[2].text, .points = v[3].text, .description = v[4].text};
		TRY(alignments_read(call, talloc_asprintf(call, "%s/alignments", where), v[5].json, &level->alignments,
				    &level->alignment_count));
	}
	return SKD_OK;
}

enum skd_outcome descriptions_read(struct skd_call *call, const char *at, const json_t *json,
				   struct skd_result_description **list, size_t *count)
{
	static const struct field fields[] = {{"id", FIELD_UUID},
					      {"name", FIELD_TEXT, .required = true},
					      {"result_type", FIELD_TEXT, .required = true, .most = 100},
					      {"allowed_values", FIELD_TEXTS},
					      {"required_value", FIELD_TEXT},
					      {"required_level", FIELD_TEXT},
					      {"levels", FIELD_JSON},
					      {"alignments", FIELD_JSON},
					      {"value_min", FIELD_TEXT, .most = 100},
					      {"value_max", FIELD_TEXT, .most = 100},
					      {NULL}};
	TRY(array_size(call, at, json, count));
	*list = talloc_zero_array(call, struct skd_result_description, *count + 1);
	for (size_t i = 0; i < *count; i++) {
		struct skd_result_description *d = &(*list)[i];
		struct value v[10] = {0};
		const char *where;
		TRY(item_read(call, fields, at, i, json, &where, v));
		*d = (struct skd_result_description){.id = v[0].text, .name = v[1].text, .type = v[2].text,
						     .values = v[3].texts, .value_count = v[3].count,
						     .required_value = v[4].text, .required_level = v[5].text,
						     .value_min = v[8].text, .value_max = v[9].text};
		TRY(levels_read(call, talloc_asprintf(call, "%s/levels", where), v[6].json, d));
		TRY(alignments_read(call, talloc_asprintf(call, "%s/alignments", where), v[7].json, &d->alignments,
				    &d->alignment_count));
	}
	return SKD_OK;
}

enum skd_outcome results_read(struct skd_call *call, const char *at, const json_t *json, struct skd_result **list, size_t *count)
{
	static const struct field fields[] = {{"result_description", FIELD_TEXT, .required = true},
					      {"value", FIELD_TEXT},
					      {"achieved_level", FIELD_TEXT},
					      {"status", FIELD_TEXT, .most = 100},
					      {NULL}};
	TRY(array_size(call, at, json, count));
	*list = talloc_zero_array(call, struct skd_result, *count + 1);
	for (size_t i = 0; i < *count; i++) {
		struct value v[4] = {0};
		const char *where;
		TRY(item_read(call, fields, at, i, json, &where, v));
		(*list)[i] = (struct skd_result){v[0].text, v[1].text, v[2].text, v[3].text};
	}
	return SKD_OK;
}
