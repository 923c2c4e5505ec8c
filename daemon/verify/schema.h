/* SPDX-License-Identifier: Apache-2.0
 * What members an Open Badges 3.0 credential must and may have, as 1EdTech's JSON Schemas of an AchievementCredential and
 * an EndorsementCredential (draft 2019-09) say, and that it has no nulls and no empty arrays. */
#ifndef VERIFY_SCHEMA_H
#define VERIFY_SCHEMA_H

#include "base/text.h"

#include <jansson.h>

/* `shape` is "AchievementCredential" or "EndorsementCredential". Appends each fault, "POINTER: SENTENCE", the first few of them, "; " between two. Gives how many there are. */
unsigned schema_check(const json_t *credential, const char *shape, struct text *faults);

#endif
