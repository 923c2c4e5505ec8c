/* SPDX-License-Identifier: Apache-2.0
 * Kept pages: a table by key, and a line in which the oldest stands first. Whoever answers with one holds it. */
#include "rules/pages.h"

#include "base/call.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { PLACES = 1024, BYTES_MAX = 4 << 20, PAGE_MAX = 256 << 10, KEY_MAX = 2048 };
/* Microseconds after what is shown was read. The second is what the promise of a second leaves, with time to answer in. */
enum { NEW = 400000, OLD = 800000 };

struct kept {
	struct page page; /* the first member: whoever has the page has this */
	atomic_uint holds;
	int64_t at;
	bool awaited; /* somebody makes the next one */
	uint64_t hash;
	const char *key;
	size_t cost;
	struct kept *below;  /* in its place of the table */
	struct kept *behind; /* in the line */
};

struct pages {
	pthread_mutex_t lock;
	struct kept *places[PLACES];
	struct kept *first, **last;
	size_t cost;
	uint64_t changes;
};

struct pages *pages_open(void)
{
	struct pages *pages = talloc_zero(NULL, struct pages);
	pthread_mutex_init(&pages->lock, NULL);
	pages->last = &pages->first;
	return pages;
}

void page_let_go(struct page **page)
{
	struct kept *kept = (struct kept *)*page;
	*page = NULL;
	if (atomic_fetch_sub(&kept->holds, 1) == 1)
		talloc_free(kept);
}

static void drop_first(struct pages *pages)
{
	struct kept *kept = pages->first, **at = &pages->places[kept->hash % PLACES];
	while (*at != kept)
		at = &(*at)->below;
	*at = kept->below;
	pages->first = kept->behind;
	if (!pages->first)
		pages->last = &pages->first;
	pages->cost -= kept->cost;
	page_let_go(&(struct page *){&kept->page});
}

static void drop_older(struct pages *pages, int64_t than)
{
	while (pages->first && pages->first->at < than)
		drop_first(pages);
}

void pages_close(struct pages **pages)
{
	drop_older(*pages, INT64_MAX);
	pthread_mutex_destroy(&(*pages)->lock);
	TALLOC_FREE(*pages);
}

/* The newest of a key lies on top. */
static struct kept *kept_find(struct pages *pages, const char *key)
{
	uint64_t hash = text_hash(key, strlen(key));
	struct kept *kept = pages->places[hash % PLACES];
	while (kept && (kept->hash != hash || strcmp(kept->key, key) != 0))
		kept = kept->below;
	return kept;
}

struct page *pages_get(struct pages *pages, const char *key, bool made)
{
	pthread_mutex_lock(&pages->lock);
	struct kept *kept = kept_find(pages, key);
	int64_t age = kept ? clock_monotonic() - kept->at : OLD;
	bool good = age < NEW || (age < OLD && !made && kept->awaited);
	if (kept && !good)
		kept->awaited = true;
	if (good)
		atomic_fetch_add(&kept->holds, 1);
	pthread_mutex_unlock(&pages->lock);
	return good ? &kept->page : NULL;
}

struct page_ticket pages_begin(struct pages *pages)
{
	pthread_mutex_lock(&pages->lock);
	struct page_ticket ticket = {clock_monotonic(), pages->changes};
	pthread_mutex_unlock(&pages->lock);
	return ticket;
}

static struct kept *kept_new(const char *key, struct page_ticket ticket, const struct page *page)
{
	struct kept *kept = talloc_zero(NULL, struct kept);
	char *bytes = talloc_memdup(kept, page->bytes, page->size);
	kept->page = *page;
	kept->page.type = talloc_strdup(kept, page->type);
	kept->page.etag = talloc_strdup(kept, page->etag);
	kept->page.cache = talloc_strdup(kept, page->cache);
	kept->page.policy = page->policy ? talloc_strdup(kept, page->policy) : NULL;
	kept->page.bytes = bytes;
	kept->key = talloc_strdup(kept, key);
	kept->hash = text_hash(key, strlen(key));
	kept->at = ticket.at;
	kept->cost = talloc_total_size(kept);
	atomic_init(&kept->holds, 1);
	return kept;
}

static void kept_add(struct pages *pages, struct kept *kept)
{
	struct kept **place = &pages->places[kept->hash % PLACES];
	kept->below = *place;
	*place = kept;
	*pages->last = kept;
	pages->last = &kept->behind;
	pages->cost += kept->cost;
}

void pages_keep(struct pages *pages, const char *key, struct page_ticket ticket, const struct page *page)
{
	if (page->size > PAGE_MAX || strlen(key) > KEY_MAX)
		return;
	struct kept *kept = kept_new(key, ticket, page);
	pthread_mutex_lock(&pages->lock);
	bool good = ticket.changes == pages->changes;
	if (good)
		kept_add(pages, kept);
	drop_older(pages, clock_monotonic() - OLD);
	while (pages->cost > BYTES_MAX)
		drop_first(pages);
	pthread_mutex_unlock(&pages->lock);
	if (!good)
		talloc_free(kept);
}

void pages_changed(struct pages *pages)
{
	pthread_mutex_lock(&pages->lock);
	pages->changes++;
	drop_older(pages, INT64_MAX);
	pthread_mutex_unlock(&pages->lock);
}

void pages_tidy(struct pages *pages)
{
	pthread_mutex_lock(&pages->lock);
	drop_older(pages, clock_monotonic() - OLD);
	pthread_mutex_unlock(&pages->lock);
}
