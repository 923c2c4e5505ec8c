/* SPDX-License-Identifier: Apache-2.0
 * Accept: how much a client wants a media type. */
#ifndef API_ACCEPT_H
#define API_ACCEPT_H

enum { ACCEPT_FULLY = 1000000 };

/* From 0 (not acceptable) to ACCEPT_FULLY: the quality of the range closest to `type` (RFC 9110 section
 * 12.5.1), the higher of two equally close. Lenient where clients are: "*" is any type, a quality that is
 * no number is 1, and a parameter other than q and charset=utf-8 counts when no other range says anything.
 * ACCEPT_FULLY without a header (NULL), and for one without a single range in it. */
int accept_weight(const char *accept, const char *type);

#endif
