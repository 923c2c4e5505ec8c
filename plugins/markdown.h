/* SPDX-License-Identifier: Apache-2.0
 * Markdown as HTML, as far as criteria need it: paragraphs, headings, lists of one level, emphasis, code, links to the web. There
 * is no raw HTML: whatever is not one of these, or is not closed within 1000 bytes, is text. */
#ifndef PLUGINS_MARKDOWN_H
#define PLUGINS_MARKDOWN_H

#include <stdbool.h>
#include <stddef.h>

/* Where it goes: tags as they are, and what the text says, which the sink escapes. */
struct markdown_sink {
	void (*tag)(struct markdown_sink *sink, const char *html);
	void (*text)(struct markdown_sink *sink, const char *bytes, size_t size); /* also within an attribute's quotes */
};

void markdown_put(struct markdown_sink *sink, const char *text);

#endif
