/* SPDX-License-Identifier: Apache-2.0
 * A set of digests. They are as good as random, so that their own first bytes say where they lie. */
#include "rules/known.h"

#include "base/text.h"

#include <string.h>

static const uint8_t nothing[KNOWN_SIZE];

/* Where the digest is, or where it would be. */
static size_t known_place(const struct known *known, const uint8_t *digest)
{
	uint64_t start;
	memcpy(&start, digest, sizeof start);
	size_t at = start & known->mask;
	while (memcmp(known->slots + at * KNOWN_SIZE, nothing, KNOWN_SIZE) &&
	       memcmp(known->slots + at * KNOWN_SIZE, digest, KNOWN_SIZE))
		at = (at + 1) & known->mask;
	return at;
}

void known_open(struct known *known, void *owner, const uint8_t *digests, size_t count)
{
	size_t room = 16;
	while (room < count * 2)
		room *= 2;
	*known = (struct known){.mask = room - 1};
	known->slots = talloc_zero_array(owner, uint8_t, room * KNOWN_SIZE);
	known->seen = talloc_zero_array(owner, bool, room);
	for (size_t i = 0; i < count; i++, digests += KNOWN_SIZE)
		memcpy(known->slots + known_place(known, digests) * KNOWN_SIZE, digests, KNOWN_SIZE);
}

bool known_see(struct known *known, const uint8_t digest[KNOWN_SIZE])
{
	size_t at = known_place(known, digest);
	bool there = memcmp(known->slots + at * KNOWN_SIZE, nothing, KNOWN_SIZE) && !known->seen[at];
	if (there)
		known->seen[at] = true;
	return there;
}

const uint8_t *known_unseen(const struct known *known, size_t *at)
{
	for (; *at <= known->mask; ++*at) {
		const uint8_t *slot = known->slots + *at * KNOWN_SIZE;
		if (!known->seen[*at] && memcmp(slot, nothing, KNOWN_SIZE)) {
			++*at;
			return slot;
		}
	}
	return NULL;
}
