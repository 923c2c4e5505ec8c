/* SPDX-License-Identifier: Apache-2.0
 * Scales. */
#include "rules/scale.h"

#include "rules/audit.h"
#include "rules/detail.h"

#include <string.h>

enum { LEVELS_MAX = 20 };

enum skd_outcome scale_get(struct skd_call *call, const char *id, struct store_scale *scale)
{
	return store_scale_get(call, id, scale);
}

enum skd_outcome scale_list(struct skd_call *call, const char *state, struct list *list, struct store_scale **scales,
			    size_t *count)
{
	return store_scale_list(call, state, list, scales, count);
}

enum skd_outcome scale_pick(struct skd_call *call, const char *field, const char *ref, struct store_scale *scale)
{
	enum skd_outcome outcome = store_scale_find(call, ref, scale);
	if (outcome != SKD_ABSENT)
		return outcome;
	call_forgive(call);
	return fail_field(call, field, "there is no such scale");
}

static enum skd_outcome levels_check(struct skd_call *call, const struct store_scale *scale)
{
	if (scale->level_count < 1 || scale->level_count > LEVELS_MAX)
		return fail_field(call, "/levels", "must be 1 to %d names", LEVELS_MAX);
	for (size_t i = 0; i < scale->level_count; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(scale->levels[i], scale->levels[j]) == 0)
				return fail_field(call, talloc_asprintf(call, "/levels/%zu", i), "is there twice");
	return SKD_OK;
}

static enum skd_outcome name_taken(struct skd_call *call, enum skd_outcome outcome, const struct store_scale *scale)
{
	if (outcome != SKD_CLASH)
		return outcome;
	call_forgive(call);
	return fail(call, SKD_CLASH, "there is a scale with the name %s already", scale->name);
}

enum skd_outcome scale_add(struct skd_call *call, struct store_scale *scale)
{
	const char *id;
	TRY(levels_check(call, scale));
	TRY(name_taken(call, store_scale_add(call, scale, &id), scale));
	TRY(audit_done(call, "scale.add", "scale", id, detail_of(call, "name", scale->name, NULL)));
	return store_scale_get(call, id, scale);
}

enum skd_outcome scale_set(struct skd_call *call, struct store_scale *scale)
{
	struct store_scale old;
	TRY(levels_check(call, scale));
	TRY(store_scale_get(call, scale->id, &old));
	if (scale->level_count < old.level_count)
		return fail(call, SKD_CLASH, "a scale keeps its levels: they can be renamed and added to, not taken away");
	if (strcmp(old.name, "default") == 0 && strcmp(scale->name, old.name) != 0)
		return fail(call, SKD_CLASH, "the scale named default keeps its name: skills without a scale are put on it");
	TRY(name_taken(call, store_scale_set(call, scale), scale));
	TRY(store_scale_get(call, scale->id, scale));
	return audit_done(call, "scale.set", "scale", scale->id,
			  detail_of(call, "name", scale->name, "state", scale->state, NULL));
}
