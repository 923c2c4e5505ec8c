/* SPDX-License-Identifier: Apache-2.0
 * Skills as rows: items of a framework, measured on a scale. */
#ifndef STORE_SKILL_H
#define STORE_SKILL_H

#include "store/list.h"

struct store_skill {
	const char *id, *framework_id, *framework; /* framework: its code */
	const char *code, *uri, *label, *description;
	const char *const *synonyms;
	size_t synonym_count;
	const char *parent_id, *scale_id, *scale; /* scale: its name */
	const char *status; /* active, archived */
	long version;
};
struct store_skill_filter {
	const char *framework; /* id */
	const char *q;	       /* in label, code or a synonym */
	const char *parent;    /* right below it */
	const char *status;
};
enum skd_outcome store_skill_get(struct skd_call *call, const char *id, struct store_skill *skill) WARN_UNUSED;
enum skd_outcome store_skill_list(struct skd_call *call, const struct store_skill_filter *filter, struct list *list,
				  struct store_skill **skills, size_t *count) WARN_UNUSED;
/* CLASH when the framework has a skill with that code. */
enum skd_outcome store_skill_add(struct skd_call *call, const struct store_skill *skill, const char **id) WARN_UNUSED;
/* Writes everything but framework, code and scale over the row of that id and version; STALE when there is none. */
enum skd_outcome store_skill_set(struct skd_call *call, const struct store_skill *skill) WARN_UNUSED;

/* By id or by code, among the skills of that framework; ABSENT. */
enum skd_outcome store_skill_within(struct skd_call *call, const char *framework_id, const char *ref,
				    const char **id) WARN_UNUSED;
/* Whether `id` is `top` or stands somewhere below it. Until the transaction ends no one else can ask
 * this of the framework's skills, so that two changes cannot close a loop together. */
enum skd_outcome store_skill_below(struct skd_call *call, const char *framework_id, const char *top, const char *id,
				   bool *below) WARN_UNUSED;

/* What a reference means: the skill with that id, those with that code or that very label. */
struct store_skill_match {
	const char *id, *label, *scale;
	long levels; /* of the scale */
	bool active;
};
enum skd_outcome store_skill_match(struct skd_call *call, const char *ref, struct store_skill_match **matches,
				   size_t *count) WARN_UNUSED;

#endif
