/* SPDX-License-Identifier: Apache-2.0
 * /verifications as JSON. */
#include "api/nouns.h"

#include "rules/verification.h"

#include <string.h>

/* JSON and SVG begin with their brackets, a JWT has dots; all else is a picture in base64. */
static enum skd_outcome badge_read(struct skd_call *call, const char *text, struct skd_text *badge)
{
	const char *begin = text + strspn(text, " \t\r\n");
	*badge = (struct skd_text){text, strlen(text)};
	if (*begin == '{' || *begin == '<' || strchr(begin, '.'))
		return SKD_OK;
	char *bytes = talloc_size(call, badge->size + 1);
	long size = base64_decode(begin, bytes, badge->size);
	if (size <= 0)
		return fail_field(call, "/badge", "must be JSON, a JWT, or a PNG or SVG in base64");
	*badge = (struct skd_text){bytes, (size_t)size};
	return SKD_OK;
}

enum skd_outcome api_verification_make(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {
		{"badge", FIELD_SECRET, .required = true}, {"recipient", FIELD_TEXT, .most = 320}, {NULL}};
	struct value v[2] = {0};
	struct verify_answer answer;
	struct skd_text badge;
	TRY(body_read(call, in, fields, false, v));
	TRY(badge_read(call, v[0].text, &badge));
	TRY(verification_make(call, badge, v[1].text, &answer));
	put_object(&out->json, NULL);
	verify_put(&out->json, &answer);
	put_object_end(&out->json);
	reply_fingerprint(call, out);
	return SKD_OK;
}
