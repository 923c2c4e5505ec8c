/* SPDX-License-Identifier: Apache-2.0
 * Whether the links of published achievements still lead somewhere: looked at through the door to the outside, by one daemon
 * at a time, at a pace. Where the door is shut nothing is looked at. */
#ifndef RULES_LINK_H
#define RULES_LINK_H

#include "rules/house.h"
#include "store/link.h"

/* ABSENT: no such achievement, or none that the actor may see. */
enum skd_outcome link_of_achievement(struct skd_call *call, const char *id, struct store_link **links, size_t *count) WARN_UNUSED;
enum skd_outcome link_list(struct skd_call *call, const char *state, struct list *list, struct store_link **links,
			   size_t *count) WARN_UNUSED;
/* Why nothing is looked at here; NULL: it is. */
const char *link_idle(const struct house *house);

/* Of the daemon that looks. */
struct link_round {
	int64_t gathered; /* monotonic: when it was last taken over what leads where; 0: never */
	long pause;       /* milliseconds until the next turn */
};
/* Looks at one link, if one is due and it is for this daemon. One that fails often enough, each time after a while, is dead, and
 * whoever looks after the achievements is told through the outbox. */
enum skd_outcome link_once(struct skd_call *call, struct link_round *round) WARN_UNUSED;

#endif
