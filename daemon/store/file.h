/* SPDX-License-Identifier: Apache-2.0
 * Files that were handed in, as rows; their bytes are store/blob's. */
#ifndef STORE_FILE_H
#define STORE_FILE_H

#include "store/db.h"

struct store_file {
	const char *id, *submission_id, *prompt, *name, *type;
	int64_t size;
	const uint8_t *hash; /* SHA-256 */
	int64_t created_at;
};
/* In the order in which they came. */
enum skd_outcome store_file_list(struct skd_call *call, const char *submission_id, struct store_file **files, size_t *count) WARN_UNUSED;

#endif
