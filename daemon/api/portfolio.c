/* SPDX-License-Identifier: Apache-2.0
 * Portfolios and recommendations as JSON, which the database has made already. */
#include "api/nouns.h"

#include "rules/portfolio.h"

#include <string.h>

static void section_write(struct json *json, const char *name, const char *made)
{
	put_raw(json, name, made, strlen(made));
}

enum skd_outcome api_portfolio_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_portfolio p;
	TRY(portfolio_get(call, in->ids[0], &p));
	put_object(&out->json, NULL);
	put_named(&out->json, "person", p.person_id, "name", p.person);
	section_write(&out->json, "positions", p.positions);
	section_write(&out->json, "skills", p.skills);
	section_write(&out->json, "claims", p.claims);
	section_write(&out->json, "credentials", p.credentials);
	section_write(&out->json, "pathways", p.pathways);
	section_write(&out->json, "submissions", p.submissions);
	section_write(&out->json, "goals", p.goals);
	section_write(&out->json, "endorsements", p.endorsements);
	put_object_end(&out->json);
	reply_fingerprint(call, out);
	return SKD_OK;
}

enum skd_outcome api_recommendation_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_person person;
	struct store_recommendation *recommendations;
	size_t count;
	TRY(recommendation_list(call, in->ids[0], &person, &recommendations, &count));
	put_object(&out->json, NULL);
	put_named(&out->json, "person", person.id, "name", person.name);
	put_array(&out->json, "recommendations");
	for (size_t i = 0; i < count; i++) {
		put_object(&out->json, NULL);
		put_named(&out->json, "achievement", recommendations[i].achievement_id, "name", recommendations[i].achievement);
		section_write(&out->json, "reasons", recommendations[i].reasons);
		put_object_end(&out->json);
	}
	put_array_end(&out->json);
	put_object_end(&out->json);
	reply_fingerprint(call, out);
	return SKD_OK;
}
