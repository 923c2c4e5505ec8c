/* SPDX-License-Identifier: Apache-2.0
 * HTML, escaped. Knows no page. */
#include "html.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void html_bytes(struct page *page, const char *bytes, size_t size)
{
	if (page->outcome == SKD_OK && size)
		page->outcome = page->out->write(page->out, bytes, size);
}

void html_put(struct page *page, const char *html)
{
	html_bytes(page, html, strlen(html));
}

static const char *escape_of(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return (unsigned char)c < ' ' && c != '\t' && c != '\n' && c != '\r' ? "\xEF\xBF\xBD" : NULL;
	}
}

void html_text_n(struct page *page, const char *text, size_t size)
{
	size_t begin = 0;
	for (size_t at = 0; at < size; at++) {
		const char *escape = escape_of(text[at]);
		if (!escape)
			continue;
		html_bytes(page, text + begin, at - begin);
		html_put(page, escape);
		begin = at + 1;
	}
	html_bytes(page, text + begin, size - begin);
}

void html_text(struct page *page, const char *text)
{
	html_text_n(page, text ? text : "", text ? strlen(text) : 0);
}

void html_with(struct page *page, const char *html, const char *text)
{
	size_t before = strcspn(html, "%");
	html_bytes(page, html, before);
	html_text(page, text);
	html_put(page, html + before + 1);
}

void html_date(struct page *page, const char *html, int64_t when)
{
	time_t seconds = (time_t)(when / 1000000 - (when % 1000000 < 0));
	struct tm day;
	char text[40];
	if (when != SKD_NEVER && gmtime_r(&seconds, &day) && strftime(text, sizeof text, "%F", &day))
		html_with(page, html, text);
}

void html_link(struct page *page, const char *url, const char *text)
{
	bool web = url && (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0);
	if (web)
		html_with(page, "<a rel=\"nofollow noopener noreferrer\" href=\"%\">", url);
	html_text(page, text && *text ? text : url);
	if (web)
		html_put(page, "</a>");
}

void html_period(struct page *page, const char *html, const char *period)
{
	static const char *const units[] = {"Yyear", "Mmonth", "Wweek", "Dday"};
	char words[120] = "", *rest;
	size_t size = 0;
	for (const char *at = period ? period + 1 : ""; *at; at = rest + 1) {
		long count = strtol(at, &rest, 10);
		for (size_t i = 0; i < sizeof units / sizeof *units && size < sizeof words; i++)
			if (count && *rest == *units[i])
				size += (size_t)snprintf(words + size, sizeof words - size, "%s%ld %s%s", size ? ", " : "", count,
							 units[i] + 1, count == 1 ? "" : "s");
		if (!*rest)
			break;
	}
	if (period)
		html_with(page, html, words);
}

void html_encoded(struct page *page, const char *text)
{
	for (; *text; text++) {
		char escape[4];
		snprintf(escape, sizeof escape, *text == ':' || *text == '/' ? "%%%02X" : "%c", (unsigned char)*text);
		html_text(page, escape);
	}
}

void html_meta(struct page *page, const char *property, const char *content)
{
	if (!content || !*content)
		return;
	html_with(page, "<meta property=\"%\"", property);
	html_with(page, " content=\"%\">\n", content);
}
