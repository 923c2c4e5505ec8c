/* SPDX-License-Identifier: Apache-2.0
 * Baking: a badge goes into a picture of it, where a picture has room for words. For badge plugins; knows no badge. */
#ifndef BAKE_H
#define BAKE_H

#include <skillsd/plugin.h>

struct bake {
	const struct skd_host *host;
	struct skd_call *call;
	struct skd_text image;  /* whole, as the host lends it */
	struct skd_text inside; /* JSON or a JWS */
	const struct skd_out *out;
};

/* The picture with `inside` as the one uncompressed iTXt chunk of that keyword, right behind IHDR; whatever was baked into
 * it before is left out. FAULT when it is no PNG. */
enum skd_outcome bake_png(const struct bake *bake, const char *keyword);

/* The picture with <openbadges:ELEMENT>, which has `inside` as CDATA, right behind its <svg>; `verify` is an attribute of
 * it, or NULL. What was baked into it before is left out. FAULT when it is no SVG. */
enum skd_outcome bake_svg(const struct bake *bake, const char *space, const char *element, const char *verify);

#endif
