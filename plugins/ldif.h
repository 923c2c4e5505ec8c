/* SPDX-License-Identifier: Apache-2.0
 * LDIF files (RFC 2849) of entries: ldif_file.c holds the file and proves that all of it was read and
 * nobody changed it meanwhile, ldif.c makes entries of its bytes. Strict: a file that is not whole and
 * sound fails, with a sentence that begins with the file's name, and the line where there is one.
 * Knows no attribute and no person. */
#ifndef PLUGINS_LDIF_H
#define PLUGINS_LDIF_H

#include "ldap.h"

#include <sys/stat.h>

struct ldif_file {
	const struct skd_host *host;
	struct skd_call *call;
	const char *path;
	int fd;             /* -1: not open */
	struct stat before; /* as it was when opened */
	int64_t seen;       /* bytes read since the beginning */
	char *chunk;
	size_t at, filled;
	bool ended;
	size_t line; /* how many lines were begun */
	size_t from; /* the line that a failure is about */
};

/* Opens a regular file in a folder, neither of which everybody may write. */
enum skd_outcome ldif_file_open(const struct skd_host *host, struct skd_call *call, const char *path,
				struct ldif_file *file);
void ldif_file_close(struct ldif_file *file);

/* To the beginning. */
enum skd_outcome ldif_file_rewind(struct ldif_file *file);

/* Makes chunk[at] the next byte, or sets `ended`, once all bytes that the file had at first were read. */
enum skd_outcome ldif_file_fill(struct ldif_file *file);

/* SKD_BUSY: the file was changed or replaced since it was opened. */
enum skd_outcome ldif_file_same(const struct ldif_file *file);

/* SKD_FAULT with the file, its line, and a sentence, which holds nothing of the file but what is plain ASCII. */
enum skd_outcome ldif_fail(const struct ldif_file *file, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- entries ------------------------------------------------------------------------------- */
struct ldif_value {
	unsigned description, description_size, value, value_size; /* where they are in the reader's bytes */
};

/* One entry at a time; their memory is used again. */
struct ldif {
	struct ldif_file file;
	size_t first_line; /* of the entry */
	bool begun;        /* something other than comments was seen */
	char *bytes;       /* the entry's lines, unfolded and decoded */
	size_t size, room;
	struct ldif_value *values; /* the first one is its DN */
	size_t count, values_room;
};

/* Before the first entry, and to read all of them again. */
enum skd_outcome ldif_begin(struct ldif *ldif);

/* The next entry, whose memory lives until the one after it; *more says whether there was one. */
enum skd_outcome ldif_next(struct ldif *ldif, bool *more);

/* A cursor over the entry at hand. */
struct ldif_entry {
	struct dir_entry entry; /* what readers of entries see */
	const struct ldif *ldif;
	size_t at;
	struct skd_text text;
};

void ldif_entry_begin(const struct ldif *ldif, struct ldif_entry *entry);

#endif
