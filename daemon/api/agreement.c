/* SPDX-License-Identifier: Apache-2.0
 * /achievements/{id}/agreement as JSON. */
#include "api/nouns.h"

#include "rules/agreement.h"

#include <string.h>

/* With four decimals. */
static void figure_write(struct skd_call *call, struct json *json, const struct agreement_figure *figure)
{
	long parts = (long)(figure->kappa * 10000 + (figure->kappa < 0 ? -0.5 : 0.5)), size = parts < 0 ? -parts : parts;
	const char *text = talloc_asprintf(call, "%s%ld.%04ld", parts < 0 ? "-" : "", size / 10000, size % 10000);
	put_int(json, "pairs", (int64_t)figure->pairs);
	if (figure->known)
		put_raw(json, "kappa", text, strlen(text));
}

static void members_write(struct skd_call *call, struct json *json, const struct agreement *agreement)
{
	figure_write(call, json, &agreement->of);
	put_array(json, "criteria");
	for (size_t i = 0; i < agreement->count; i++) {
		put_object(json, NULL);
		put_string(json, "id", agreement->criteria[i].id);
		put_string(json, "name", agreement->criteria[i].name);
		figure_write(call, json, &agreement->criteria[i]);
		put_object_end(json);
	}
	put_array_end(json);
}

enum skd_outcome api_agreement_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct json *json = &out->json;
	struct agreement all, *assessors;
	size_t count;
	TRY(agreement_get(call, in->ids[0], &all, &assessors, &count));
	put_object(json, NULL);
	members_write(call, json, &all);
	put_array(json, "assessors");
	for (size_t i = 0; i < count; i++) {
		put_object(json, NULL);
		put_named(json, "assessor", assessors[i].of.id, "name", assessors[i].of.name);
		members_write(call, json, &assessors[i]);
		put_object_end(json);
	}
	put_array_end(json);
	put_object_end(json);
	reply_fingerprint(call, out);
	return SKD_OK;
}
