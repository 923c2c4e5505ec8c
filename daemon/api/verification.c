/* SPDX-License-Identifier: Apache-2.0
 * /verifications as JSON. */
#include "api/nouns.h"

#include "rules/verification.h"

#include <string.h>

/* base64 (RFC 4648), in either alphabet, with line breaks. -1: it is none. */
static long base64_read(struct skd_call *call, const char *text, char **out)
{
	size_t size = strlen(text), count = 0;
	char *words = talloc_size(call, size + 1);
	*out = talloc_size(call, size + 1);
	for (; *text && *text != '='; text++)
		if (!strchr(" \t\r\n", *text))
			words[count++] = *text == '+' ? '-' : *text == '/' ? '_' : *text;
	words[count] = '\0';
	return text[strspn(text, "= \t\r\n")] ? -1 : base64url_decode(words, *out, size);
}

/* JSON and SVG begin with their brackets, a JWT has dots; all else is a picture in base64. */
static enum skd_outcome badge_read(struct skd_call *call, const char *text, struct skd_text *badge)
{
	const char *begin = text + strspn(text, " \t\r\n");
	char *bytes;
	*badge = (struct skd_text){text, strlen(text)};
	if (*begin == '{' || *begin == '<' || strchr(begin, '.'))
		return SKD_OK;
	long size = *begin ? base64_read(call, begin, &bytes) : -1;
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
	verification_make(call, badge, v[1].text, &answer);
	put_object(&out->json, NULL);
	verify_put(&out->json, &answer);
	put_object_end(&out->json);
	reply_fingerprint(call, out);
	return SKD_OK;
}
