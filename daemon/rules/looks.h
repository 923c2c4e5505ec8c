/* SPDX-License-Identifier: Apache-2.0
 * Who read another person's record, for that person to know: their person, credentials, claims and all else that is told of
 * them alone. Lists of many and reports are not looks at anybody, and neither are badges, which are made to be shown. Noted
 * in memory and written by the clock each second: a daemon that is killed loses what was not yet written. */
#ifndef RULES_LOOKS_H
#define RULES_LOOKS_H

#include "rules/house.h"
#include "store/looks.h"

struct looks *looks_open(void);
void looks_close(struct looks **looks);

/* That the actor was told something of that person: `what`, a word of the API's paths. NULL, themselves, and
 * a second time in a call: nothing. From any thread, and it waits for nothing. */
void looks_add(struct skd_call *call, const char *person_id, const char *what);
/* Writes what was noted since. What could not be written is written next time. */
enum skd_outcome looks_write(struct skd_call *call) WARN_UNUSED;
/* Drops what has been kept long enough, as far as the call's time goes. */
enum skd_outcome looks_tidy(struct skd_call *call) WARN_UNUSED;

/* For the person themselves, and for auditors; DENIED to others who see them. person_id NULL: the actor, DENIED when that is
 * no person. */
enum skd_outcome looks_list(struct skd_call *call, const char *person_id, struct list *list, struct store_look **looks,
			    size_t *count) WARN_UNUSED;

#endif
