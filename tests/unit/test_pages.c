/* SPDX-License-Identifier: Apache-2.0
 * rules/pages.h: what is kept, for whom, and how much of it. */
#include "rules/pages.h"

#include "base/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { LARGE = 100000 };
static char bytes[300000];

static void keep(struct pages *pages, const char *key, struct page_ticket ticket, size_t size)
{
	const struct page page = {.id = "x", .type = "text/plain", .etag = "\"1\"", .cache = "no-cache", .bytes = bytes, .size = size};
	pages_keep(pages, key, ticket, &page);
}

static bool is_kept(struct pages *pages, const char *key)
{
	struct page *page = pages_get(pages, key, false);
	bool kept = page;
	if (page)
		page_let_go(&page);
	return kept;
}

static void one_is_given_again_until_something_changes(void **state)
{
	struct pages *pages = pages_open();
	(void)state;
	struct page_ticket ticket = pages_begin(pages);
	assert_false(is_kept(pages, "a"));
	keep(pages, "a", ticket, 10);
	struct page *page = pages_get(pages, "a", true);
	assert_non_null(page);
	assert_string_equal(page->etag, "\"1\"");
	assert_null(page->policy);
	assert_false(is_kept(pages, "b"));
	pages_changed(pages);
	assert_false(is_kept(pages, "a"));
	assert_int_equal(page->size, 10); /* who holds it has it */
	page_let_go(&page);
	keep(pages, "a", ticket, 10); /* read before the change */
	assert_false(is_kept(pages, "a"));
	keep(pages, "a", pages_begin(pages), 10);
	assert_true(is_kept(pages, "a"));
	pages_close(&pages);
	assert_null(pages);
}

static void what_is_old_is_made_by_one_and_what_is_too_old_by_all(void **state)
{
	struct pages *pages = pages_open();
	(void)state;
	struct page_ticket ticket = pages_begin(pages);
	ticket.at -= 600000;
	keep(pages, "a", ticket, 10);
	assert_null(pages_get(pages, "a", false));
	assert_true(is_kept(pages, "a"));
	assert_null(pages_get(pages, "a", true)); /* who is to make it is not given the old one */
	ticket.at -= 300000;
	keep(pages, "b", ticket, 10);
	for (int i = 0; i < 3; i++)
		assert_null(pages_get(pages, "b", false));
	keep(pages, "a", pages_begin(pages), 20); /* the newer one counts */
	struct page *page = pages_get(pages, "a", true);
	assert_int_equal(page->size, 20);
	page_let_go(&page);
	pages_tidy(pages);
	assert_true(is_kept(pages, "a"));
	pages_close(&pages);
}

static void they_are_bounded(void **state)
{
	struct pages *pages = pages_open();
	char key[3000], first[] = "0";
	int kept = 0;
	(void)state;
	keep(pages, "large", pages_begin(pages), sizeof bytes);
	assert_false(is_kept(pages, "large"));
	memset(key, 'k', sizeof key);
	key[sizeof key - 1] = 0;
	keep(pages, key, pages_begin(pages), 1);
	assert_false(is_kept(pages, key));
	for (int i = 0; i < 100; i++) {
		struct page_ticket ticket = pages_begin(pages);
		ticket.at += 3600000000; /* however slowly this runs, none is over */
		snprintf(key, sizeof key, "%d", i);
		keep(pages, key, ticket, LARGE);
	}
	assert_false(is_kept(pages, first));
	assert_true(is_kept(pages, key));
	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof key, "%d", i);
		kept += is_kept(pages, key);
	}
	assert_in_range(kept, 30, 42);
	pages_close(&pages);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_is_given_again_until_something_changes),
		cmocka_unit_test(what_is_old_is_made_by_one_and_what_is_too_old_by_all),
		cmocka_unit_test(they_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
