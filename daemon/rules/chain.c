/* SPDX-License-Identifier: Apache-2.0
 * Checking the audit's chain, link by link. Believes no function of the database. */
#include "rules/chain.h"

#include "sign/checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void chain_link(struct hasher *hasher, const uint8_t before[DIGEST_SIZE], int64_t sequence,
		const struct skd_text fields[CHAIN_FIELDS], uint8_t out[DIGEST_SIZE])
{
	char number[8];
	struct skd_text all[2 + CHAIN_FIELDS] = {{(const char *)before, DIGEST_SIZE}, {number, sizeof number}};
	for (int i = 0; i < 8; i++)
		number[i] = (char)(sequence >> (56 - 8 * i));
	memcpy(all + 2, fields, CHAIN_FIELDS * sizeof *fields);
	hasher_fields(hasher, "skillsd audit link 1", 2 + CHAIN_FIELDS, all, out);
}

/* A checkpoint, and where it was found. */
struct kept {
	struct checkpoint said;
	bool is_signed;    /* by a key that is trusted */
	const char *doubt; /* why it proves nothing where it does not agree; or NULL */
	int line;          /* of the file; 0: in the database */
};

struct walk {
	struct skd_call *call;
	struct chain_report *report;
	struct hasher *hasher;
	const char *file, *own; /* the public half of our key, or NULL */
	struct kept *kept;      /* of the file, by sequence */
	size_t kept_count, kept_at;
	bool signed_before;     /* a checkpoint of the database was signed */
	int64_t sequence;       /* of the link before */
	uint8_t hash[DIGEST_SIZE];
	bool broken;            /* the link before is not there */
};

static void found(struct walk *w, const char *format, ...) PRINTF(2, 3);
static void found(struct walk *w, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *sentence = talloc_vasprintf(w->call, format, args);
	va_end(args);
	w->report->findings++;
	w->report->say(sentence);
	talloc_free(sentence);
}

/* ---- checkpoints ---- */

static const char *place(const struct walk *w, const struct kept *k, char out[512])
{
	if (k->line)
		snprintf(out, 512, "the checkpoint of %s in %s:%d", k->said.at, w->file, k->line);
	else
		snprintf(out, 512, "the checkpoint of %s in the database", k->said.at);
	return out;
}

/* What anybody may have written proves nothing against the chain. */
static void doubted(struct walk *w, const struct kept *k, const char *says)
{
	char where[512];
	char *sentence = talloc_asprintf(w->call, "not believed: %s is of sequence %" PRId64 "%s, and %s", place(w, k, where),
					 k->said.sequence, says, k->doubt);
	w->report->say(sentence);
	talloc_free(sentence);
}

static bool has_keys(const struct walk *w)
{
	return w->own || w->call->house->audit_trusted_count;
}

static bool is_trusted(const struct walk *w, const char *key)
{
	const struct house *house = w->call->house;
	bool trusted = w->own && strcmp(w->own, key) == 0;
	for (size_t i = 0; i < house->audit_trusted_count; i++)
		trusted = trusted || strcmp(house->audit_trusted[i], key) == 0;
	return trusted;
}

/* False: it counts for nothing, which has been told. Whoever gets some words into a log has them in the file; into the
 * database only those who can change the chain, too. */
static bool is_genuine(struct walk *w, const char *line, struct kept *k)
{
	char where[512];
	bool bare = strcmp(k->said.key, "-") == 0, trusted = is_trusted(w, k->said.key);
	k->is_signed = trusted && checkpoint_is_signed(line);
	k->doubt = NULL;
	if (k->line && !trusted)
		k->doubt = bare ? "is not signed" : "is signed by no key that is trusted here";
	if (k->is_signed || k->doubt || bare || (!trusted && !has_keys(w)))
		return true;
	if (trusted)
		found(w, "sequence %" PRId64 ": the signature of %s is forged", k->said.sequence, place(w, k, where));
	else
		found(w, "sequence %" PRId64 ": %s is signed by the key %s, which is not trusted here", k->said.sequence,
		      place(w, k, where), k->said.key);
	return false;
}

/* Once they are signed, they all are. */
static void unsigned_check(struct walk *w, const struct kept *k)
{
	char where[512];
	if (w->signed_before && !k->is_signed)
		found(w, "sequence %" PRId64 ": %s is not signed, though an earlier one is", k->said.sequence, place(w, k, where));
	w->signed_before = w->signed_before || k->is_signed;
}

static void kept_compare(struct walk *w, const struct kept *k)
{
	char where[512];
	w->report->checkpoints++;
	bool agrees = memcmp(k->said.hash, w->hash, DIGEST_SIZE) == 0;
	if (!agrees && k->doubt) {
		doubted(w, k, " of another chain");
		return;
	}
	if (!agrees) {
		found(w, "sequence %" PRId64 ": %s is of another chain: what is up to here was rewritten", w->sequence,
		      place(w, k, where));
		return;
	}
	w->report->covered = w->sequence;
	memcpy(w->report->covered_at, k->said.at, TIME_SIZE);
	if (k->is_signed)
		w->report->is_signed = w->sequence;
}

/* After the link that the checkpoints are of. */
static void checkpoints_check(struct walk *w, const char *line)
{
	struct kept here = {0};
	if (line && (!checkpoint_read(line, &here.said) || here.said.sequence != w->sequence)) {
		found(w, "sequence %" PRId64 ": its checkpoint in the database is none", w->sequence);
	} else if (line && is_genuine(w, line, &here)) {
		unsigned_check(w, &here);
		kept_compare(w, &here);
	}
	for (; w->kept_at < w->kept_count && w->kept[w->kept_at].said.sequence <= w->sequence; w->kept_at++)
		if (w->kept[w->kept_at].said.sequence == w->sequence)
			kept_compare(w, &w->kept[w->kept_at]);
}

static int by_sequence(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;
	if (x->said.sequence != y->said.sequence)
		return x->said.sequence < y->said.sequence ? -1 : 1;
	return x->line - y->line;
}

static void file_take(struct walk *w, FILE *file)
{
	char piece[4096]; /* no line of a checkpoint is longer, whatever a log puts before it */
	struct kept k = {.line = 1};
	for (; fgets(piece, sizeof piece, file); k.line += strchr(piece, '\n') != NULL) {
		if (!checkpoint_read(piece, &k.said) || !is_genuine(w, piece, &k))
			continue;
		if (w->kept_count == talloc_array_length(w->kept))
			w->kept = talloc_realloc(w->call, w->kept, struct kept, 2 * w->kept_count);
		w->kept[w->kept_count++] = k;
	}
}

static enum skd_outcome file_read(struct walk *w)
{
	FILE *file = fopen(w->file, "re");
	if (!file)
		return fail(w->call, SKD_ABSENT, "%s: %s", w->file, strerror(errno));
	file_take(w, file);
	bool good = !ferror(file);
	fclose(file);
	if (!good)
		return fail(w->call, SKD_ABSENT, "%s cannot be read", w->file);
	if (!w->kept_count) {
		found(w, "%s: there is no checkpoint in it that counts", w->file);
		return SKD_OK;
	}
	qsort(w->kept, w->kept_count, sizeof *w->kept, by_sequence);
	return SKD_OK;
}

/* ---- links ---- */

static bool is_digest(const struct skd_text *text, const uint8_t digest[DIGEST_SIZE])
{
	return text->bytes && text->size == DIGEST_SIZE && memcmp(text->bytes, digest, DIGEST_SIZE) == 0;
}

static void who_check(struct walk *w, const struct chain_row *row)
{
	uint8_t digest[DIGEST_SIZE];
	bool worded = row->who[0].bytes || row->who[1].bytes || row->who[3].bytes;
	if (worded)
		hasher_fields(w->hasher, "skillsd audit who 1", 4, row->who, digest);
	if (worded && !is_digest(&row->digest, digest))
		found(w, "sequence %" PRId64 ": entry %s: who did it was changed", row->sequence, row->id);
	else if (row->stripped)
		found(w, "sequence %" PRId64 ": entry %s: who did it was taken out, and by no erasure", row->sequence, row->id);
}

static void entry_check(struct walk *w, const struct chain_row *row)
{
	uint8_t hash[DIGEST_SIZE];
	chain_link(w->hasher, w->hash, row->sequence, row->fields, hash);
	if (!w->broken && !is_digest(&row->hash, hash))
		found(w, "sequence %" PRId64 ": entry %s does not follow: it, or what is before it, was changed, or moved",
		      row->sequence, row->id);
	who_check(w, row);
}

static void link_check(struct walk *w, const struct chain_row *row)
{
	int64_t expected = w->sequence + 1;
	w->broken = w->broken || row->sequence != expected;
	if (row->sequence == expected + 1)
		found(w, "sequence %" PRId64 ": the link is missing", expected);
	else if (row->sequence != expected)
		found(w, "sequence %" PRId64 " to %" PRId64 ": the links are missing", expected, row->sequence - 1);
	if (row->id)
		entry_check(w, row);
	else
		found(w, "sequence %" PRId64 ": its entry is missing", row->sequence);
	w->sequence = row->sequence;
	w->broken = row->hash.size != DIGEST_SIZE;
	if (w->broken)
		found(w, "sequence %" PRId64 ": its hash is none", row->sequence);
	else
		memcpy(w->hash, row->hash.bytes, DIGEST_SIZE);
	checkpoints_check(w, row->line);
	w->report->links++;
}

static enum skd_outcome links_check(struct walk *w)
{
	struct chain_row *rows;
	size_t count;
	TRY(store_chain_open(w->call));
	do {
		TRY(store_chain_next(w->call, &rows, &count));
		for (size_t i = 0; i < count; i++)
			link_check(w, &rows[i]);
	} while (count);
	return SKD_OK;
}

static void beyond_end(struct walk *w, const struct kept *k)
{
	char where[512];
	found(w, "the chain ends at sequence %" PRId64 ", and %s is of sequence %" PRId64, w->sequence, place(w, k, where),
	      k->said.sequence);
}

static enum skd_outcome end_check(struct walk *w)
{
	struct kept newest = {0};
	const struct kept *last = NULL;
	const char *line;
	if (has_keys(w) && w->report->links && !w->signed_before)
		found(w, "the chain has no signed checkpoint in the database, though there is a key");
	TRY(store_checkpoint_newest(w->call, w->sequence, &newest.said.sequence, &line));
	if (line && checkpoint_read(line, &newest.said))
		beyond_end(w, &newest);
	for (; w->kept_at < w->kept_count; w->kept_at++)
		if (w->kept[w->kept_at].doubt)
			doubted(w, &w->kept[w->kept_at], ", where the chain ends before");
		else
			last = &w->kept[w->kept_at];
	if (last)
		beyond_end(w, last);
	return SKD_OK;
}

/* ---- entries without a link ---- */

static enum skd_outcome left_check(struct walk *w, const char *late)
{
	struct chain_left *left;
	size_t count;
	char at[TIME_SIZE];
	TRY(store_chain_left_open(w->call, late));
	do {
		TRY(store_chain_left_next(w->call, &left, &count));
		for (size_t i = 0; i < count; i++) {
			time_format(left[i].at, at);
			found(w, left[i].waits ? "entry %s of %s is not linked yet: is no daemon running?"
					       : "entry %s of %s has no link, and waits for none", left[i].id, at);
		}
	} while (count);
	return SKD_OK;
}

/* What was written long ago may have been committed just now. */
static enum skd_outcome late_find(struct skd_call *call, const char **late)
{
	enum { PAUSE = 3 };
	TRY(store_chain_late(call, late));
	if (strcmp(*late, "{}") != 0)
		sleep(PAUSE);
	return SKD_OK;
}

enum skd_outcome chain_check(struct skd_call *call, const char *file, struct chain_report *report)
{
	const struct house *house = call->house;
	struct walk w = {.call = call, .report = report, .hasher = hasher_new(call), .file = file,
			 .kept = talloc_array(call, struct kept, 64),
			 .own = house->audit_key ? house->audit_key->public : NULL};
	const char *late;
	if (file)
		TRY(file_read(&w));
	TRY(pool_borrow(house->jobs, call));
	TRY(late_find(call, &late));
	TRY(store_chain_begin(call));
	TRY(links_check(&w));
	TRY(end_check(&w));
	return left_check(&w, late);
}
