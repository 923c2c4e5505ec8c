/* SPDX-License-Identifier: Apache-2.0
 * Tries of one name that are under way in this process: never more than may still fail, so that a burst
 * fails no more often than tries one after the other. What came of them is not known here. */
#ifndef RULES_TRIES_H
#define RULES_TRIES_H

#include "rules/house.h"

#include <stdint.h>

/* To be taken before looking up how often the key has failed. */
unsigned tries_mark(struct tries *tries, const uint8_t *key);
/* Goes in, where fewer than `room` tries of the key are under way. Otherwise waits until one ends or `deadline`
 * (monotonic) and is false, as it is when one has ended since the mark: look again. A key may meet another by chance. */
bool tries_enter(struct tries *tries, const uint8_t *key, unsigned room, unsigned mark, int64_t deadline);
/* What came of it is written. */
void tries_leave(struct tries *tries, const uint8_t *key);

#endif
