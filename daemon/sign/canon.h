/* SPDX-License-Identifier: Apache-2.0
 * RFC 8785, the one way to write a JSON value; what is signed are these bytes. Knows no badge. */
#ifndef SIGN_CANON_H
#define SIGN_CANON_H

#include "base/call.h"
#include "base/text.h"

#include <jansson.h>

enum { CANON_DEPTH = 64 }; /* arrays and objects in one another */

/* Any JSON value as RFC 7493 has it, no duplicate keys; all numbers are reals, as they are for RFC 8785. It lives with
 * the call. BAD_INPUT: `what` ("the badge") is not JSON. How many bytes are too many is for the caller to say. */
enum skd_outcome canon_read(struct skd_call *call, const char *what, const char *bytes, size_t size,
			    json_t **json) WARN_UNUSED;

/* Appends the canonical bytes. BAD_INPUT when the value is nested deeper than CANON_DEPTH. */
enum skd_outcome canon_write(struct skd_call *call, const json_t *json, struct text *to) WARN_UNUSED;

/* Whether these bytes are what canon_write() would make of them. */
bool canon_is(const char *bytes, size_t size);

/* Gives a tree, of which the caller holds a reference, to the call. */
json_t *canon_keep(struct skd_call *call, json_t *json);

/* The member's text; NULL where it is absent, no string, or holds a NUL. */
const char *canon_string(const json_t *object, const char *name);

#define NUMBER_SIZE 32
/* A finite number as ECMAScript writes it (ECMA-262 6.1.6.1.20). Gives its length. */
size_t canon_number(double number, char out[NUMBER_SIZE]);

#endif
