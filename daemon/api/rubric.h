/* SPDX-License-Identifier: Apache-2.0
 * Alignments, descriptions of results, and results, out of the JSON of a body. Knows forms; rules/rubric knows what they mean. */
#ifndef API_RUBRIC_H
#define API_RUBRIC_H

#include "api/entry.h"

/* All take NULL and null for nothing. Fields are named below `at`. */
enum skd_outcome alignments_read(struct skd_call *call, const char *at, const json_t *json, struct skd_alignment **list,
				 size_t *count) WARN_UNUSED;
enum skd_outcome descriptions_read(struct skd_call *call, const char *at, const json_t *json,
				   struct skd_result_description **list, size_t *count) WARN_UNUSED;
enum skd_outcome results_read(struct skd_call *call, const char *at, const json_t *json, struct skd_result **list,
			      size_t *count) WARN_UNUSED;

#endif
