/* SPDX-License-Identifier: Apache-2.0
 * HTML on its way out: tags as they are written here, and what others wrote as text, whatever it is. */
#ifndef PLUGINS_HTML_H
#define PLUGINS_HTML_H

#include <skillsd/plugin.h>

struct page {
	const struct skd_award *award; /* that it is about */
	const struct skd_out *out;
	enum skd_outcome outcome; /* the first that was not SKD_OK: nothing is written after it */
};

/* As it stands there. */
void html_put(struct page *page, const char *html);
/* Text; good for attributes in quotes too. NULL is "". */
void html_text(struct page *page, const char *text);
void html_text_n(struct page *page, const char *text, size_t size);
/* `html` with the text in the place of its one %. */
void html_with(struct page *page, const char *html, const char *text);
/* The same of a time's date, and of a period of ISO 8601 ("P1Y6M") in words; nothing for SKD_NEVER and NULL. */
void html_date(struct page *page, const char *html, int64_t when);
void html_period(struct page *page, const char *html, const char *period);
/* As a value in a query (RFC 3986). */
void html_encoded(struct page *page, const char *text);
/* The text (NULL: the address itself), leading there where a browser may well follow it. */
void html_link(struct page *page, const char *url, const char *text);
void html_meta(struct page *page, const char *property, const char *content);

#endif
