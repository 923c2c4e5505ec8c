/* SPDX-License-Identifier: Apache-2.0
 * The audit's chain: how a link follows from the one before, and whether all of them do. */
#ifndef RULES_CHAIN_H
#define RULES_CHAIN_H

#include "rules/house.h"
#include "sign/digest.h"
#include "store/chain.h"

/* The hash of a link, over the label "skillsd audit link 1", the hash before it (zeros for the first), the sequence in
 * 8 bytes, big-endian, and the entry's fields, as hasher_fields() does it. `before` and `out` may be the same. */
void chain_link(struct hasher *hasher, const uint8_t before[DIGEST_SIZE], int64_t sequence,
		const struct skd_text fields[CHAIN_FIELDS], uint8_t out[DIGEST_SIZE]);

/* What was found, told as it is found. */
struct chain_report {
	void (*say)(const char *sentence); /* a finding, or of a checkpoint that proves nothing, on one line */
	int64_t findings;
	int64_t links, checkpoints; /* looked at, in the database and in the file */
	int64_t covered, is_signed; /* the last sequence with a checkpoint that agrees, and with one that is signed, too */
	char covered_at[TIME_SIZE];
};
/* Holds all entries against the chain, and the chain against the checkpoints of the database and of a file that was
 * kept elsewhere (NULL: none), as they are at one moment. Needs flat memory, but for some 100 bytes a line of the file. Borrows
 * a session of the jobs; the caller ends it with work_end(). Findings are no failure; ABSENT: the file cannot be read. */
enum skd_outcome chain_check(struct skd_call *call, const char *file, struct chain_report *report) WARN_UNUSED;

#endif
