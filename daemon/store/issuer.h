/* SPDX-License-Identifier: Apache-2.0
 * Issuers as rows: the company, and who issues on its behalf. */
#ifndef STORE_ISSUER_H
#define STORE_ISSUER_H

#include "store/list.h"

struct store_issuer {
	const char *id, *key; /* key "company": the one of the configuration */
	const char *name, *url, *mail, *description;
	const char *image_url, *picture_id; /* elsewhere; or uploaded, which comes first */
	const char *const *groups; /* DNs */
	size_t group_count;
	const char *state; /* active, archived */
	bool sandbox; /* from the beginning to the end: people issue to themselves, for a test */
	long version;
};
/* By id, or the company with NULL. ABSENT. */
enum skd_outcome store_issuer_get(struct skd_call *call, const char *id, struct store_issuer *issuer) WARN_UNUSED;
enum skd_outcome store_issuer_list(struct skd_call *call, const char *state, struct list *list,
				   struct store_issuer **issuers, size_t *count) WARN_UNUSED;
/* The company, as the configuration has it: name, url, mail, description and image_url. */
enum skd_outcome store_issuer_put(struct skd_call *call, const struct store_issuer *company) WARN_UNUSED;
enum skd_outcome store_issuer_add(struct skd_call *call, const struct store_issuer *issuer, const char **id) WARN_UNUSED;
/* STALE unless the row still has issuer->version. */
enum skd_outcome store_issuer_set(struct skd_call *call, const struct store_issuer *issuer) WARN_UNUSED;

/* Those that have groups. */
enum skd_outcome store_issuer_grouped(struct skd_call *call, struct store_issuer **issuers, size_t *count) WARN_UNUSED;
/* What its groups are called in the directories, in the place of what they were; keys[i] is of sources[i]. */
enum skd_outcome store_issuer_groups(struct skd_call *call, const char *id, size_t count, const char *const *sources,
				     const char *const *keys) WARN_UNUSED;
/* Whether somebody who may sign in is in one of its groups, or in one inside it; or it is the company. */
enum skd_outcome store_issuer_member(struct skd_call *call, const char *person_id, const char *id, bool *member) WARN_UNUSED;

#endif
