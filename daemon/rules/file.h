/* SPDX-License-Identifier: Apache-2.0
 * Files that are handed in: what they may be, whose they are, and that nobody's bytes stay for longer than somebody names them.
 * The bytes are on disk before the transaction that names them is over. */
#ifndef RULES_FILE_H
#define RULES_FILE_H

#include "rules/house.h"
#include "store/file.h"
#include "store/submission.h"

/* All that are known by their bytes, separated by |. */
extern const char file_types[];
/* What bytes are; NULL: none of these. */
const char *file_sniff(struct skd_text bytes);

/* Into a draft of the actor's, as an answer to a prompt that takes files; ends with the submission as it now is. CLASH where
 * none are taken, or it is no draft. BAD_INPUT for what is too much, of a type that is not taken, or has a name that is none. */
enum skd_outcome file_add(struct skd_call *call, struct skd_text bytes, struct store_file *file,
			  struct store_submission *submission) WARN_UNUSED;
/* Out of the draft, of the version that was read. What a round was handed in with stays with that. ABSENT, STALE, CLASH. */
enum skd_outcome file_drop(struct skd_call *call, const char *id, struct store_submission *submission) WARN_UNUSED;
/* For those who see the submission, and who judge it. ABSENT. */
enum skd_outcome file_get(struct skd_call *call, const char *submission_id, const char *id, struct store_file *file,
			  struct text *bytes) WARN_UNUSED;

/* Takes away the bytes that nobody names: those that have come loose since, and a drawer of the others. */
enum skd_outcome file_tidy(struct skd_call *call) WARN_UNUSED;
/* The same with all drawers: what a daemon that ended in the middle has left behind. */
enum skd_outcome file_tidy_all(struct skd_call *call) WARN_UNUSED;

#endif
