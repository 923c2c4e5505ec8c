/* SPDX-License-Identifier: Apache-2.0
 * What was answered to anyone, kept for a moment: bounded, in memory, and not past a change that this daemon makes. Other
 * daemons' changes show when the moment is over, in less than a second. */
#ifndef RULES_PAGES_H
#define RULES_PAGES_H

#include "base/text.h"

/* Of a kept one everything but the type of a header is its own. */
struct page {
	char id[UUID_SIZE]; /* of the credential that it shows, or "" */
	int look;           /* as what it is counted (rules/counts.h); 0: it is not */
	const char *type, *etag, *cache, *policy; /* policy may be NULL */
	const char *bytes;
	size_t size;
};
/* When it was begun to make one. */
struct page_ticket {
	int64_t at;
	uint64_t changes;
};

struct pages *pages_open(void);
void pages_close(struct pages **pages);

/* The page for a key, to be let go of; NULL: the caller has to make it. Once it is no longer new one caller is told so, and
 * the others get it as it is until they would be told something too old. `made` asks only for what is new: somebody else may
 * have made it while the caller waited to. */
struct page *pages_get(struct pages *pages, const char *key, bool made);
void page_let_go(struct page **page);
/* Before anything is read. */
struct page_ticket pages_begin(struct pages *pages);
/* Keeps a copy, unless something has changed since, or it is large. */
void pages_keep(struct pages *pages, const char *key, struct page_ticket ticket, const struct page *page);
/* What anyone may see has changed: all are forgotten, those too that are being made. */
void pages_changed(struct pages *pages);
/* Frees what is over. */
void pages_tidy(struct pages *pages);

#endif
