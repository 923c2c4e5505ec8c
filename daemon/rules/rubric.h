/* SPDX-License-Identifier: Apache-2.0
 * What an achievement is aligned with, which results it may have and by what steps they are measured; and what of it
 * somebody got. Both are kept as JSON. */
#ifndef RULES_RUBRIC_H
#define RULES_RUBRIC_H

#include "store/rubric.h"

/* JSON of what an achievement says, checked; fields are named as those of /achievements. BAD_INPUT for a target type that
 * there is none of, for more than 50. */
enum skd_outcome rubric_alignments(struct skd_call *call, const struct skd_alignment *alignments, size_t count,
				   const char **json) WARN_UNUSED;
/* Descriptions and levels with no id get one. BAD_INPUT for types that there are none of, ids or names that are there twice,
 * required values and levels that are none of those listed, bounds that are no numbers, values beyond them; more than 50,
 * or 20 levels of one. */
enum skd_outcome rubric_results(struct skd_call *call, struct skd_result_description *results, size_t count,
				const char **json) WARN_UNUSED;

/* JSON of what somebody got, checked against what that version of the achievement describes; descriptions and levels are
 * named by id or by name. BAD_INPUT naming the field, also of what is below the value or level that it takes to pass, or says
 * neither and has a status other than Completed. */
enum skd_outcome rubric_awarded(struct skd_call *call, const char *achievement_id, int64_t version,
				const struct skd_result *results, size_t count, const char **json) WARN_UNUSED;
/* The same of results that are kept already. BAD_INPUT when they are not that version's. */
enum skd_outcome rubric_fits(struct skd_call *call, const char *achievement_id, int64_t version, const char *json) WARN_UNUSED;

#endif
