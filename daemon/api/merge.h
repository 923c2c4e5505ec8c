/* SPDX-License-Identifier: Apache-2.0
 * Values of a body onto a resource, for POST and merge patches (RFC 7396) alike: what was not given
 * stays as it is, null removes. */
#ifndef API_MERGE_H
#define API_MERGE_H

#include "api/entry.h"

void merge_text(const struct value *value, const char **to);
void merge_texts(const struct value *value, const char *const **to, size_t *count);
void merge_int(const struct value *value, long *to);
void merge_bool(const struct value *value, bool *to);

/* `version`, the one that is there now, if If-Match names it; otherwise 0, which is nobody's version. */
long match_version(const struct request *in, long version);
/* STALE unless it does. */
enum skd_outcome merge_match(struct skd_call *call, const struct request *in, long version) WARN_UNUSED;

#endif
