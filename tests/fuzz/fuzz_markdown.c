/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as Markdown: tags nest, all of them are known, addresses are of the web, and what is text was there before. */
#include "../../plugins/markdown.h"
#include "fuzz.h"

#include <string.h>

enum { DEEP = 16 };

struct check {
	struct markdown_sink sink; /* the first member */
	const char *open[DEEP];
	size_t depth, written;
	bool in_address;
};

static const char *const pairs[][2] = {
	{"<p class=\"text\">", "</p>\n"}, {"<h3>", "</h3>\n"}, {"<h4>", "</h4>\n"}, {"<h5>", "</h5>\n"}, {"<h6>", "</h6>\n"},
	{"<ul>\n", "</ul>\n"}, {"<ol>\n", "</ol>\n"}, {"<li class=\"text\">", "</li>\n"}, {"<em>", "</em>"}, {"<strong>", "</strong>"},
	{"<code>", "</code>"}, {"<a rel=\"nofollow noopener noreferrer\" href=\"", "</a>"}};

static void check_tag(struct markdown_sink *sink, const char *html)
{
	struct check *check = (struct check *)sink;
	bool known = false;
	if (strcmp(html, "\">") == 0) {
		must(check->in_address, "an address ends where one began");
		check->in_address = false;
		return;
	}
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs && !known; i++) {
		known = strcmp(html, pairs[i][0]) == 0 || strcmp(html, pairs[i][1]) == 0;
		if (strcmp(html, pairs[i][0]) == 0) {
			must(check->depth < DEEP, "tags do not nest deep");
			check->open[check->depth++] = pairs[i][1];
			check->in_address = html[1] == 'a';
		} else if (known) {
			must(check->depth && strcmp(check->open[--check->depth], html) == 0, "tags nest");
		}
	}
	must(known, "every tag is one of these");
}

static void check_text(struct markdown_sink *sink, const char *bytes, size_t size)
{
	struct check *check = (struct check *)sink;
	bool web = size > 7 && (memcmp(bytes, "http://", 7) == 0 || memcmp(bytes, "https:/", 7) == 0);
	must(!check->in_address || web, "an address is of the web");
	check->written += size;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct check check = {.sink = {check_tag, check_text}};
	char *text = malloc(size + 1);
	memcpy(text, bytes, size);
	text[size] = '\0';
	markdown_put(&check.sink, text);
	must(check.depth == 0 && !check.in_address, "all tags are closed");
	must(check.written <= size, "nothing is said that was not written");
	free(text);
	return 0;
}
