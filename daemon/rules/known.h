/* SPDX-License-Identifier: Apache-2.0
 * What a directory showed last time, as digests: 16 bytes and a mark for each entry. Tells what is
 * the same, and afterwards what was not seen again. And of what is new, whether two may have one name. */
#ifndef RULES_KNOWN_H
#define RULES_KNOWN_H

#include "base/text.h"

enum { KNOWN_SIZE = 16 };

struct known {
	const uint8_t *digests;
	bool *seen;
	size_t count;
};

/* `digests` one after another, in order; they stay the caller's, the marks are `owner`'s. */
void known_open(struct known *known, void *owner, const uint8_t *digests, size_t count);
/* Whether it is there and was not seen before; marks it as seen. */
bool known_see(struct known *known, const uint8_t digest[KNOWN_SIZE]);
/* The next one nobody has seen, from `*at` on; NULL at the end. Begin with 0. */
const uint8_t *known_unseen(const struct known *known, size_t *at);

/* Names as hashes, 8 bytes each, in `names`. */
void names_add(struct text *names, const char *name, size_t size);
/* Whether two of them may be the same: never false where two are. Sorts them. */
bool names_twice(struct text *names);

#endif
