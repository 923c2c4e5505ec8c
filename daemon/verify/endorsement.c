/* SPDX-License-Identifier: Apache-2.0
 * What others say of a badge of Open Badges 3.0, its achievement and its issuer: each endorsement is a credential, and is
 * held to what the badge is held to. Those of who endorses are not looked at. */
#include "verify/check.h"

#include "base/text.h"
#include "sign/canon.h"

#include <string.h>

/* Where endorsements stand, and what they are about there. */
struct carrier {
	const char *place; /* JSON pointer */
	const json_t *object;
};

static void line_say(struct checking *c, enum verify_result result, const char *detail)
{
	c->answer->endorsements[c->answer->endorsement_count++] = (struct verify_line){true, result, detail};
}

/* An endorsement of a credential may be of the achievement, or the issuer, in it. */
static bool is_about(const struct checking *c, const struct carrier *carrier, const char *subject)
{
	const json_t *achievement = json_object_get(json_object_get(c->sealed.document, "credentialSubject"), "achievement");
	const char *ids[] = {canon_string(carrier->object, "id"), canon_string(achievement, "id"), c->answer->issuer};
	for (int i = 0; subject && i < (carrier->object == c->sealed.document ? 3 : 1); i++)
		if (ids[i] && strcmp(ids[i], subject) == 0)
			return true;
	return false;
}

/* The first check that has this result, but for who vouches for whom; NULL: none. */
static const char *first_of(struct checking *c, const struct verify_answer *answer, enum verify_result result)
{
	for (int i = 0; i < VERIFY_CHECKS; i++)
		if (answer->checks[i].made && answer->checks[i].result == result && (i != CHECK_ISSUER || result == VERIFY_FAILED))
			return talloc_asprintf(c->call, "%s: %s", verify_check_name((enum verify_check)i), answer->checks[i].detail);
	return NULL;
}

static void endorsement_tell(struct checking *c, const struct carrier *carrier, const char *place,
			     const struct verify_answer *answer)
{
	const char *by = talloc_asprintf(c->call, "that of %s at %s", text_whole(c->call, answer->issuer ? answer->issuer : "nobody"), place);
	const char *failed = first_of(c, answer, VERIFY_FAILED), *unknown = first_of(c, answer, VERIFY_UNKNOWN);
	if (failed)
		line_say(c, VERIFY_FAILED, talloc_asprintf(c->call, "%s does not hold: %s", by, failed));
	else if (!is_about(c, carrier, answer->subject))
		line_say(c, VERIFY_FAILED, talloc_asprintf(c->call, "%s is of something else: %s", by, text_whole(c->call, answer->subject)));
	else if (unknown)
		line_say(c, VERIFY_UNKNOWN, talloc_asprintf(c->call, "%s could not be found out to hold: %s", by, unknown));
	else
		line_say(c, answer->checks[CHECK_ISSUER].result,
			 talloc_asprintf(c->call, "%s holds: %s", by, answer->checks[CHECK_ISSUER].detail));
}

/* In the member `endorsement` a credential, in `endorsementJwt` a JWS. */
static void endorsement_look(struct checking *c, const struct carrier *carrier, const char *place, json_t *value)
{
	struct verify_answer answer;
	struct verify_ask ask = *c->ask;
	if (json_is_string(value)) {
		ask.badge = (struct skd_text){json_string_value(value), json_string_length(value)};
		verify_endorsement(c->call, &ask, &answer);
	} else {
		struct checking inner = {.call = c->call, .ask = c->ask, .answer = &answer, .sealed = {.document = value}};
		answer = (struct verify_answer){0};
		endorsement_check(&inner);
	}
	endorsement_tell(c, carrier, place, &answer);
}

static void carrier_check(struct checking *c, const struct carrier *carrier)
{
	static const char *const names[] = {"endorsement", "endorsementJwt"};
	size_t i;
	json_t *item;
	for (int name = 0; name < 2; name++)
		json_array_foreach (json_object_get(carrier->object, names[name]), i, item) {
			const char *place = talloc_asprintf(c->call, "%s/%s/%zu", carrier->place, names[name], i);
			if (c->answer->endorsement_count == VERIFY_ENDORSEMENTS)
				line_say(c, VERIFY_FAILED, talloc_asprintf(c->call, "there are more than %d endorsements", VERIFY_ENDORSEMENTS));
			if (c->answer->endorsement_count > VERIFY_ENDORSEMENTS)
				return;
			if (json_is_object(item) == (name == 0) && (json_is_object(item) || json_is_string(item)))
				endorsement_look(c, carrier, place, item);
			else
				line_say(c, VERIFY_FAILED, talloc_asprintf(c->call, "what stands at %s is no endorsement", place));
		}
}

void endorsements_check(struct checking *c)
{
	const json_t *document = c->sealed.document;
	const json_t *achievement = json_object_get(json_object_get(document, "credentialSubject"), "achievement");
	const struct carrier carriers[] = {
		{"", document}, {"/credentialSubject/achievement", achievement},
		{"/credentialSubject/achievement/creator", json_object_get(achievement, "creator")},
		{"/issuer", json_object_get(document, "issuer")}};
	for (size_t i = 0; i < sizeof carriers / sizeof *carriers; i++)
		carrier_check(c, &carriers[i]);
}
