/* SPDX-License-Identifier: Apache-2.0
 * Files that were handed in, as rows; their bytes are store/blob's. */
#ifndef STORE_FILE_H
#define STORE_FILE_H

#include "store/person.h"

struct store_file {
	const char *id, *submission_id, *prompt, *name, *type;
	int64_t size;
	const uint8_t *hash; /* SHA-256 */
	int64_t created_at;
	const char *looked_at; /* by store_file_get(): whose it is, where the reader does not judge it */
};
/* In the order in which they came. */
enum skd_outcome store_file_list(struct skd_call *call, const char *submission_id, struct store_file **files, size_t *count) WARN_UNUSED;
/* Of its owner; of those who see the submission; and of who judges, or judged, a round that it was handed in with. ABSENT. */
enum skd_outcome store_file_get(struct skd_call *call, const struct sight *sight, const char *submission_id, const char *id,
				struct store_file *file) WARN_UNUSED;
/* All but id and created_at. Whoever tidies leaves the bytes alone from store_hash_hold() on until the transaction ends. */
enum skd_outcome store_file_add(struct skd_call *call, const struct store_file *file, const char **id) WARN_UNUSED;
/* Unless a round that was handed in names it. */
enum skd_outcome store_file_drop(struct skd_call *call, const char *id) WARN_UNUSED;

/* Others may name the same bytes meanwhile; `alone`: nobody may. */
enum skd_outcome store_hash_hold(struct skd_call *call, const uint8_t *hash, bool alone) WARN_UNUSED;
enum skd_outcome store_hash_named(struct skd_call *call, const uint8_t *hash, bool *named) WARN_UNUSED;
/* Hashes in hexadecimal digits: those that may have come loose, and those of the list that nobody names. */
enum skd_outcome store_hash_loose(struct skd_call *call, long most, const char *const **hashes, size_t *count) WARN_UNUSED;
enum skd_outcome store_hash_nameless(struct skd_call *call, const char *const *among, size_t among_count,
				     const char *const **hashes, size_t *count) WARN_UNUSED;
/* It has been looked at. */
enum skd_outcome store_hash_settled(struct skd_call *call, const uint8_t *hash) WARN_UNUSED;

#endif
