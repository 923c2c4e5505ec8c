/* SPDX-License-Identifier: Apache-2.0
 * What versions of achievements say beyond their texts, and what credentials say of it, out of the JSON that it is kept as. */
#ifndef STORE_RUBRIC_H
#define STORE_RUBRIC_H

#include "store/db.h"

struct store_rubric {
	size_t alignment_count, description_count;
	struct skd_alignment *alignments; /* but for those of skills */
	struct skd_result_description *descriptions;
};
/* Empty where there is no such version. */
enum skd_outcome store_rubric_get(struct skd_call *call, const char *achievement_id, int64_t number,
				  struct store_rubric *rubric) WARN_UNUSED;
/* Of JSON as a credential keeps it. */
enum skd_outcome store_rubric_results(struct skd_call *call, const char *json, struct skd_result **results,
				      size_t *count) WARN_UNUSED;

#endif
