/* SPDX-License-Identifier: Apache-2.0
 * Where published achievements lead, and how it went when somebody looked. */
#ifndef STORE_LINK_H
#define STORE_LINK_H

#include "store/list.h"

struct store_link {
	const char *id; /* NULL: it is not known yet */
	const char *url, *state, *detail; /* unchecked, alive, failing, dead */
	const char *place; /* of one achievement's: criteria, image, alignment, skill, framework; several are separated by ", " */
	int64_t failures, checked_at, dead_since;
	const char *const *achievements, *const *names; /* of a link: who leads there */
	size_t count;
};

/* Those of what is published of an achievement now, by address. */
enum skd_outcome store_link_of_achievement(struct skd_call *call, const char *id, struct store_link **links, size_t *count) WARN_UNUSED;
enum skd_outcome store_link_list(struct skd_call *call, const char *state, struct list *list, struct store_link **links,
				 size_t *count) WARN_UNUSED;

/* Takes over what leads where now. */
enum skd_outcome store_link_gather(struct skd_call *call) WARN_UNUSED;
/* The link that has been due longest; its id is NULL when none is. */
enum skd_outcome store_link_due(struct skd_call *call, struct store_link *link) WARN_UNUSED;
/* How a look went; the next one is due in `ms`. It is dead after `most` failures one after another. `died`: it was not before.
 * Nothing, where nobody leads there any more. */
enum skd_outcome store_link_alive(struct skd_call *call, const char *id, const char *detail, long ms) WARN_UNUSED;
enum skd_outcome store_link_unchecked(struct skd_call *call, const char *id, const char *detail, long ms) WARN_UNUSED;
enum skd_outcome store_link_failed(struct skd_call *call, const char *id, const char *detail, long ms, long most, bool *died) WARN_UNUSED;
/* Who leads there. */
enum skd_outcome store_link_users(struct skd_call *call, const char *id, const char *const **achievements, size_t *count) WARN_UNUSED;

#endif
