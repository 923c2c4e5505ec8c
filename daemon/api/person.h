/* SPDX-License-Identifier: Apache-2.0
 * What all may be shown of people. */
#ifndef API_PERSON_H
#define API_PERSON_H

#include "base/json.h"
#include "rules/person.h"

/* An object: who they are, and no more. `key` NULL within an array. */
void colleague_write(struct json *json, const char *key, const struct store_person *person);

#endif
