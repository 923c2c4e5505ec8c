/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as a PNG, as they are and with CRCs that fit: what is taken out lies within the picture, and a refusal says
 * why. */
#include "fuzz.h"
#include "base/text.h"
#include "png_mend.h"
#include "verify/image.h"

#include <string.h>

static void png_try(const uint8_t *bytes, size_t size)
{
	struct skd_call *call = call_new("fuzz", 1000);
	struct skd_text png = {(const char *)bytes, size}, badge = {0};
	bool ob3 = false;
	if (!png_is(png)) {
		talloc_free(call);
		return;
	}
	if (png_unbake(call, png, &badge, &ob3) == SKD_OK)
		must(badge.bytes > png.bytes && badge.bytes + badge.size < png.bytes + size, "the badge lies in the picture");
	else
		must(call->outcome == SKD_BAD_INPUT && call->sentence && utf8_valid(call->sentence, strlen(call->sentence)),
		     "a refusal says why");
	talloc_free(call);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size + 1);
	png_try(bytes, size);
	must(copy, "there is memory");
	if (size)
		memcpy(copy, bytes, size);
	png_mend(copy, size);
	png_try(copy, size);
	free(copy);
	return 0;
}
