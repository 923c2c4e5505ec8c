/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as an SVG: what is taken out is no more than went in, and a refusal says why. And as a badge of any form, with
 * no documents at hand: each check that is made has its sentence. */
#include "fuzz.h"
#include "base/text.h"
#include "verify/image.h"
#include "verify/verify.h"

#include <string.h>

static void svg_try(struct skd_call *call, struct skd_text svg)
{
	struct skd_text badge = {0};
	bool ob3 = false;
	if (!svg_is(svg))
		return;
	if (svg_unbake(call, svg, &badge, &ob3) == SKD_OK)
		must(badge.size < svg.size, "nothing was expanded");
	else
		must(call->outcome == SKD_BAD_INPUT && call->sentence && utf8_valid(call->sentence, strlen(call->sentence)),
		     "a refusal says why");
	call_forgive(call);
}

static enum skd_outcome nothing_find(void *self, struct skd_call *call, const char *address, struct verify_document *document)
{
	(void)self;
	(void)document;
	return fail(call, SKD_ABSENT, "there is no %s", text_shown(call, address));
}

static void badge_try(struct skd_call *call, struct skd_text badge)
{
	const struct verify_ask ask = {.badge = badge, .recipient = "a@b.example", .now = 1800000000000000,
				       .library = {nothing_find, NULL}};
	struct verify_answer answer;
	verify_badge(call, &ask, &answer);
	must(answer.checks[CHECK_FORMAT].made, "each badge has a format, or none");
	for (int i = 0; i < VERIFY_CHECKS; i++)
		must(!answer.checks[i].made || utf8_valid(answer.checks[i].detail, strlen(answer.checks[i].detail)),
		     "each check says why");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct skd_call *call = call_new("fuzz", 1000);
	const struct skd_text text = {(const char *)bytes, size};
	svg_try(call, text);
	badge_try(call, text);
	talloc_free(call);
	return 0;
}
