/* SPDX-License-Identifier: Apache-2.0
 * Sealing: entries become links, and now and then a line says so. */
#include "rules/seal.h"

#include "base/log.h"
#include "rules/chain.h"
#include "rules/lease.h"
#include "rules/work.h"
#include "sign/checkpoint.h"
#include "store/run.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const char LEASE[] = "seal";

/* A transaction of the lease's holder. */
static enum skd_outcome seal_begin(struct skd_call *call, const struct sealer *sealer)
{
	TRY(tx_begin(call));
	return store_lease_hold(call, LEASE, sealer->epoch);
}

static enum skd_outcome links_add(struct skd_call *call, const struct chain_entry *entries, size_t count)
{
	struct chain_end end;
	struct hasher *hasher = hasher_new(call);
	const char **seqs = talloc_array(call, const char *, count), **hashes = talloc_array(call, const char *, count);
	TRY(store_chain_end(call, &end));
	for (size_t i = 0; i < count; i++) {
		chain_link(hasher, end.hash, end.sequence + 1 + (int64_t)i, entries[i].fields, end.hash);
		seqs[i] = arg_int(call, entries[i].seq);
		hashes[i] = arg_bytea(call, end.hash, DIGEST_SIZE);
	}
	return store_chain_add(call, end.sequence, count, seqs, hashes);
}

enum { BATCH = 1000 };

static enum skd_outcome seal_batch(struct skd_call *call, struct sealer *sealer)
{
	struct chain_entry *entries;
	size_t count;
	bool any;
	TRY(store_chain_any(call, &any));
	if (!any)
		return SKD_OK;
	TRY(seal_begin(call, sealer));
	TRY(store_chain_take(call, BATCH, &entries, &count));
	if (count)
		TRY(links_add(call, entries, count));
	TRY(tx_commit(call));
	sealer->more = count == BATCH;
	return SKD_OK;
}

/* Entries that wait to be linked do not wait long for a signature. */
static enum skd_outcome line_write(struct skd_call *call, const struct chain_end *end, const char *at, const char **line)
{
	enum { PATIENCE_US = 2000000 };
	const struct house *house = call->house;
	int64_t deadline = call->deadline, soon = clock_monotonic() + PATIENCE_US;
	call->deadline = soon < deadline ? soon : deadline;
	enum skd_outcome outcome = checkpoint_write(call, house->signer, house->audit_key, end->sequence, end->hash, at, line);
	call->deadline = deadline;
	return outcome;
}

static enum skd_outcome seal_checkpoint(struct skd_call *call, struct sealer *sealer)
{
	enum { AGAIN_US = 5000000 };
	struct chain_end end;
	char at[TIME_SIZE];
	const char *line;
	int64_t next = clock_monotonic() + call->house->checkpoint_interval * 1000, again = clock_monotonic() + AGAIN_US;
	TRY(seal_begin(call, sealer));
	TRY(store_chain_end(call, &end));
	sealer->due = next < again ? next : again;
	if (end.sequence <= end.checkpoint) {
		sealer->due = next;
		tx_rollback(call);
		return SKD_OK;
	}
	time_format(end.now, at);
	TRY(line_write(call, &end, at, &line));
	TRY(store_checkpoint_add(call, end.sequence, line));
	TRY(tx_commit(call));
	sealer->due = next;
	log_line(SKD_INFO, "audit", "%s", line);
	return SKD_OK;
}

static enum skd_outcome seal_work(struct skd_call *call, struct sealer *sealer, bool last)
{
	bool mine = true;
	sealer->more = false;
	if (!sealer->epoch) {
		TRY(lease_take(call, LEASE, &mine, &sealer->epoch));
		pool_return(call);
	}
	if (!mine)
		return SKD_OK;
	TRY(pool_borrow(call->house->seals, call));
	TRY(seal_batch(call, sealer));
	if (sealer->more)
		return SKD_OK;
	if (last || clock_monotonic() >= sealer->due)
		TRY(seal_checkpoint(call, sealer));
	return last ? store_lease_drop(call, LEASE, call->house->holder) : SKD_OK;
}

enum skd_outcome seal_once(struct skd_call *call, struct sealer *sealer, bool last)
{
	if (last && !sealer->epoch)
		return SKD_OK;
	enum skd_outcome outcome = seal_work(call, sealer, last);
	if (outcome != SKD_OK)
		sealer->epoch = 0;
	return outcome;
}

/* ---- off the machine ---- */

/* A pipe that nobody reads is not waited for. */
static enum skd_outcome file_append(struct skd_call *call, const char *path, const char *line)
{
	const char *whole = talloc_asprintf(call, "%s\n", line);
	ssize_t size = (ssize_t)strlen(whole);
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
	ssize_t written = fd < 0 ? -1 : write(fd, whole, (size_t)size);
	bool good = written == size && (fsync(fd) == 0 || errno == EINVAL);
	int problem = written >= 0 && written < size ? ENOSPC : errno;
	if (fd >= 0)
		close(fd);
	return good ? SKD_OK : fail(call, SKD_BUSY, "a checkpoint of the audit could not be appended to %s: %s", path, strerror(problem));
}

enum skd_outcome seal_carry(struct skd_call *call, int64_t *carried)
{
	int64_t sequence;
	const char *line;
	if (!call->house->checkpoint_file)
		return SKD_OK;
	TRY(pool_borrow(call->house->seals, call));
	TRY(store_checkpoint_newest(call, 0, &sequence, &line));
	pool_return(call);
	if (!line || sequence == *carried)
		return SKD_OK;
	TRY(file_append(call, call->house->checkpoint_file, line));
	*carried = sequence;
	return SKD_OK;
}
