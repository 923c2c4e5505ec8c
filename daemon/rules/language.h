/* SPDX-License-Identifier: Apache-2.0
 * Language tags (BCP 47, RFC 5646), as far as Open Badges 3.0 has them: a language, a script and a region. */
#ifndef RULES_LANGUAGE_H
#define RULES_LANGUAGE_H

#include "base/call.h"

/* In the usual case ("zh-Hant-TW"), in the call's memory; NULL for what is no such tag. */
const char *language_tag(struct skd_call *call, const char *text);

/* May something in `language` (NULL: in none) be in `count` others as well, its own being `among` them? BAD_INPUT names
 * /translations or /language. */
enum skd_outcome language_others(struct skd_call *call, const char *language, size_t count, bool among) WARN_UNUSED;

/* What an Accept-Language header asks for (RFC 9110 12.5.4), or one tag, most wanted first, each followed by what it is
 * with less said (RFC 4647 3.4: de-CH, then de). At most 20, the rest is left out; a star and what is refused too. */
void language_wanted(struct skd_call *call, const char *header, const char *const **tags, size_t *count);

#endif
