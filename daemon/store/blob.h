/* SPDX-License-Identifier: Apache-2.0
 * Bytes on disk, each under the SHA-256 of them: FOLDER/ab/abcd…, for its owner alone to read, and never written again. What
 * is there is whole: it gets its name when it is safe on disk. Knows nothing of who names it. */
#ifndef STORE_BLOB_H
#define STORE_BLOB_H

#include "base/call.h"
#include "base/text.h"

enum { BLOB_HASH = 32, BLOB_DRAWERS = 256 };

/* Once it returns, no crash can lose it; what is there already stays. FAULT, with the system's word. */
enum skd_outcome blob_keep(struct skd_call *call, const char *folder, const uint8_t hash[BLOB_HASH], const void *bytes,
			   size_t size) WARN_UNUSED;
/* All of it. FAULT when it is not there, or not of that size. */
enum skd_outcome blob_read(struct skd_call *call, const char *folder, const uint8_t hash[BLOB_HASH], size_t size,
			   struct text *bytes) WARN_UNUSED;
/* Nothing where it is not there. */
enum skd_outcome blob_drop(struct skd_call *call, const char *folder, const uint8_t hash[BLOB_HASH]) WARN_UNUSED;
/* Hashes that begin with that byte, as hexadecimal digits: at most `most` of them, in no order. */
enum skd_outcome blob_list(struct skd_call *call, const char *folder, unsigned drawer, size_t most, const char ***hashes,
			   size_t *count) WARN_UNUSED;
const char *blob_name(void *owner, const uint8_t hash[BLOB_HASH]); /* hexadecimal digits */

#endif
