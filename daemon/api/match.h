/* SPDX-License-Identifier: Apache-2.0
 * From a raw request target to a route. Works on the target as sent, before any decoding. */
#ifndef API_MATCH_H
#define API_MATCH_H

#include "api/entry.h"

enum match { MATCH_ROUTE, MATCH_NOWHERE, MATCH_METHOD, MATCH_MALFORMED };

struct matched {
	const struct route *route;
	const char *ids[2]; /* decoded, in `owner` */
	const char *query;  /* behind the ?, or NULL */
	char allow[64];     /* with MATCH_METHOD: "GET, HEAD, OPTIONS" */
};

/* A path that the table has in words is not looked for among those with an id, which stand behind it. MALFORMED: the path holds %00, an encoded slash or dot, a dot segment, or is no UTF-8. */
enum match match_target(void *owner, const char *method, const char *target, struct matched *matched);

#endif
