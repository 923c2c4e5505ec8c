/* SPDX-License-Identifier: Apache-2.0
 * Who wants to be found, as rows. */
#ifndef STORE_TALENT_H
#define STORE_TALENT_H

#include "store/list.h"

struct store_talent {
	const char *person_id, *person, *title, *unit_id, *unit; /* in lists */
	const char *skills; /* in lists: JSON array of {"skill": {"id", "label"}, "level"} */
	bool listed;
	const char *note;
	const char *const *interests;
	size_t interest_count;
	int64_t updated_at; /* TIME_NEVER: nothing was ever said */
	long version;       /* 1 then */
};
/* Of a human. */
enum skd_outcome store_talent_get(struct skd_call *call, const char *human_id, struct store_talent *talent) WARN_UNUSED;
/* In place of that of that version, by whatever entry of the human it was said; STALE when there is none. */
enum skd_outcome store_talent_put(struct skd_call *call, const char *human_id, const struct store_talent *talent) WARN_UNUSED;

struct store_talent_filter {
	const char *const *skills; /* who has one of these; NULL: any */
	size_t skill_count;
	long min_level; /* 0: any */
	const char *unit;
	const char *q; /* in the name, the note or an interest */
};
/* Who is listed and here, with what their credentials prove that they do not keep private. */
enum skd_outcome store_talent_list(struct skd_call *call, const struct store_talent_filter *filter, struct list *list,
				   struct store_talent **talents, size_t *count) WARN_UNUSED;

#endif
