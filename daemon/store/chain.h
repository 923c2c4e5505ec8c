/* SPDX-License-Identifier: Apache-2.0
 * The audit's chain: what waits to be linked, the links, the checkpoints. What a hash covers is said here, how it is
 * made is not known. */
#ifndef STORE_CHAIN_H
#define STORE_CHAIN_H

#include "store/db.h"

/* What a link's hash covers of an entry, as PostgreSQL sends it in binary: seq, id, tx, at, who, the digest of who,
 * account_id, action, outcome, noun, object, request_id, detail. */
enum { CHAIN_FIELDS = 13 };

/* ---- sealing ---- */
struct chain_entry {
	int64_t seq;
	struct skd_text fields[CHAIN_FIELDS];
};
struct chain_end {
	int64_t sequence; /* of the last link; 0: there is none */
	uint8_t hash[DIGEST_SIZE];
	int64_t checkpoint; /* the sequence of the last one; 0: there is none */
	int64_t now;
};
enum skd_outcome store_chain_any(struct skd_call *call, bool *any) WARN_UNUSED; /* waits */
/* How many entries wait, and for how many seconds the oldest does. */
enum skd_outcome store_chain_waits(struct skd_call *call, int64_t *count, int64_t *seconds) WARN_UNUSED;
/* Takes at most `most` from those that wait, in the order of seq; one that has a link already is dropped. The transaction need not be on disk when it has been
 * committed: after a crash they wait again. */
enum skd_outcome store_chain_take(struct skd_call *call, int most, struct chain_entry **entries, size_t *count) WARN_UNUSED;
enum skd_outcome store_chain_end(struct skd_call *call, struct chain_end *end) WARN_UNUSED;
/* Adds links behind `sequence`, each of an entry's seq and a hash. */
enum skd_outcome store_chain_add(struct skd_call *call, int64_t sequence, size_t count, const char *const *entries,
				 const char *const *hashes) WARN_UNUSED;

/* ---- checkpoints ---- */
enum skd_outcome store_checkpoint_add(struct skd_call *call, int64_t sequence, const char *line) WARN_UNUSED;
/* The newest beyond a sequence; *line NULL: none. */
enum skd_outcome store_checkpoint_newest(struct skd_call *call, int64_t beyond, int64_t *sequence, const char **line) WARN_UNUSED;

/* ---- checking, in one transaction that sees one moment ---- */
struct chain_row {
	int64_t sequence;
	struct skd_text hash;
	const char *id; /* of the entry; NULL: it is not there */
	struct skd_text fields[CHAIN_FIELDS];
	struct skd_text digest, who[4]; /* of who did it, and what it is the digest of: salt, account, account_id, address */
	bool stripped;                  /* the words are gone, and no erasure says that it took them */
	const char *line;               /* of the checkpoint; NULL: there is none */
};
struct chain_left {
	const char *id; /* of an entry without a link */
	int64_t at;
	bool waits;
};
/* The entries that have waited for more than ten seconds, for store_chain_left(); "{}": none. */
enum skd_outcome store_chain_late(struct skd_call *call, const char **late) WARN_UNUSED;
/* Begins the transaction. */
enum skd_outcome store_chain_begin(struct skd_call *call) WARN_UNUSED;
/* The links in order, a few hundred at a time until the count is 0, which frees those before. */
enum skd_outcome store_chain_open(struct skd_call *call) WARN_UNUSED;
enum skd_outcome store_chain_next(struct skd_call *call, struct chain_row **rows, size_t *count) WARN_UNUSED;
/* After them the entries without a link: those that wait only where they are late. */
enum skd_outcome store_chain_left_open(struct skd_call *call, const char *late) WARN_UNUSED;
enum skd_outcome store_chain_left_next(struct skd_call *call, struct chain_left **left, size_t *count) WARN_UNUSED;

#endif
