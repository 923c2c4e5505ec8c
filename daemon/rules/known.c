/* SPDX-License-Identifier: Apache-2.0
 * A set of digests, in order. */
#include "rules/known.h"

#include <stdlib.h>
#include <string.h>

static int digest_compare(const void *a, const void *b)
{
	return memcmp(a, b, KNOWN_SIZE);
}

void known_open(struct known *known, void *owner, const uint8_t *digests, size_t count)
{
	*known = (struct known){digests, talloc_zero_array(owner, bool, count), count};
}

bool known_see(struct known *known, const uint8_t digest[KNOWN_SIZE])
{
	const uint8_t *found =
		known->count ? bsearch(digest, known->digests, known->count, KNOWN_SIZE, digest_compare) : NULL;
	if (!found)
		return false;
	bool *seen = &known->seen[(size_t)(found - known->digests) / KNOWN_SIZE];
	bool before = *seen;
	*seen = true;
	return !before;
}

const uint8_t *known_unseen(const struct known *known, size_t *at)
{
	while (*at < known->count)
		if (!known->seen[(*at)++])
			return known->digests + (*at - 1) * KNOWN_SIZE;
	return NULL;
}

void names_add(struct text *names, const char *name, size_t size)
{
	uint64_t hash = text_hash(name, size);
	text_add(names, (const char *)&hash, sizeof hash);
}

static int hash_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(uint64_t));
}

bool names_twice(struct text *names)
{
	const size_t width = sizeof(uint64_t);
	qsort(names->bytes, names->size / width, width, hash_compare);
	for (size_t at = width; at < names->size; at += width)
		if (hash_compare(names->bytes + at - width, names->bytes + at) == 0)
			return true;
	return false;
}
