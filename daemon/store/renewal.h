/* SPDX-License-Identifier: Apache-2.0
 * What comes near its end, and what is done about it. */
#ifndef STORE_RENEWAL_H
#define STORE_RENEWAL_H

#include "store/assessment.h"
#include "store/list.h"

/* Credentials whose end came nearer than `days` days since the last look, and is not nearer than `next` (0: has not come),
 * which the next notice is for; the notice for the holder of each that stands, has none that lasts longer in its place, and
 * was valid for longer than that. At most `most` are looked at; how many were. None while another daemon looks. In a
 * transaction. */
enum skd_outcome store_expiry_say(struct skd_call *call, long days, long next, int64_t most, int64_t *looked) WARN_UNUSED;

/* What a version says of renewing. */
struct store_policy {
	const char *by;          /* evidence, rubric, course */
	long minimum, assessors; /* hundredths of points, or NO_POINTS; 0: as many as at first */
	const char *const *prompts; /* ids; none: all */
	size_t prompt_count;
	const char *course;       /* id of an achievement */
	const char *from, *grace; /* periods; NULL: none is said */
};
/* The place of the first of its prompts that an assessment (JSON) does not have; prompt_count: it has all. */
enum skd_outcome store_policy_prompts(struct skd_call *call, const char *assessment, const struct store_policy *policy,
				      size_t *unknown) WARN_UNUSED;
/* What goes for renewing a credential, by the newest version of its achievement that is no draft. */
struct store_renewal {
	const char *achievement_id;
	int64_t number;         /* of that version */
	const char *by;         /* NULL: it is not renewed */
	const char *course;     /* name of the achievement */
	const char *person_id, *entry_id, *state; /* of the credential, as it is stored */
	int64_t expires_at, issued_at;
	int64_t opens_at, closes_at; /* TIME_NEVER with an expires_at that is */
	int64_t achievement_version; /* of the credential */
	const char *evidence, *results; /* of the credential, JSON */
};
/* ABSENT. */
enum skd_outcome store_renewal_get(struct skd_call *call, const char *credential_id, struct store_renewal *renewal) WARN_UNUSED;

/* The credentials of its holder that an award renews: of each achievement the one that lasts longest. */
enum skd_outcome store_course_renews(struct skd_call *call, const char *id, const char *const **ids, size_t *count) WARN_UNUSED;

#endif
