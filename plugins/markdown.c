/* SPDX-License-Identifier: Apache-2.0
 * Markdown, line by line. All tags that come out of it stand here. */
#include "markdown.h"

#include <string.h>

enum { DEPTH_MAX = 4, HEADINGS = 6, SPAN_MAX = 1000 };

/* ---- within a block ---- */

static void inline_put(struct markdown_sink *sink, const char *at, size_t size, int depth);

/* Where `mark` stands again, past at least one byte that is no space at either end; NULL: nowhere near, so that many that
 * are never closed cost little. */
static const char *closing(const char *at, size_t size, const char *mark)
{
	size_t length = strlen(mark);
	size = size < SPAN_MAX ? size : SPAN_MAX;
	if (size <= 2 * length || at[length] == ' ' || at[length] == '\n')
		return NULL;
	const char *found = at + length;
	while ((found = memmem(found + 1, (size_t)(at + size - found - 1), mark, length)))
		if (found[-1] != ' ' && found[-1] != '\n')
			return found;
	return NULL;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

static const struct mark {
	const char *mark, *open, *close;
	bool verbatim, outside; /* no marks within; not within a word */
} marks[] = {{"`", "<code>", "</code>", true, false},
	     {"**", "<strong>", "</strong>", false, false},
	     {"*", "<em>", "</em>", false, false},
	     {"_", "<em>", "</em>", false, true}};

/* How many bytes of it are between marks, these included; 0: none. */
static size_t mark_put(struct markdown_sink *sink, const char *begin, const char *at, size_t size, int depth)
{
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		const struct mark *m = &marks[i];
		size_t length = strlen(m->mark);
		if (size < length || memcmp(at, m->mark, length) != 0 || (m->outside && at > begin && is_word(at[-1])))
			continue;
		const char *end = closing(at, size, m->mark);
		if (!end || (m->outside && end + 1 < at + size && is_word(end[1])))
			continue;
		sink->tag(sink, m->open);
		if (m->verbatim)
			sink->text(sink, at + length, (size_t)(end - at) - length);
		else
			inline_put(sink, at + length, (size_t)(end - at) - length, depth + 1);
		sink->tag(sink, m->close);
		return (size_t)(end - at) + length;
	}
	return 0;
}

static bool is_web(const char *url, size_t size)
{
	bool web = (size > 8 && memcmp(url, "https://", 8) == 0) || (size > 7 && memcmp(url, "http://", 7) == 0);
	for (size_t i = 0; web && i < size; i++)
		web = (unsigned char)url[i] > ' ' && url[i] != '<' && url[i] != '>';
	return web;
}

/* [text](address); only to the web. */
static size_t link_put(struct markdown_sink *sink, const char *at, size_t size)
{
	const char *middle = memmem(at, size, "](", 2);
	const char *url = middle ? middle + 2 : NULL, *end = url ? memchr(url, ')', (size_t)(at + size - url)) : NULL;
	if (*at != '[' || !end || middle == at + 1 || !is_web(url, (size_t)(end - url)))
		return 0;
	sink->tag(sink, "<a rel=\"nofollow noopener noreferrer\" href=\"");
	sink->text(sink, url, (size_t)(end - url));
	sink->tag(sink, "\">");
	inline_put(sink, at + 1, (size_t)(middle - at) - 1, DEPTH_MAX); /* a link is in no link */
	sink->tag(sink, "</a>");
	return (size_t)(end - at) + 1;
}

static bool is_escape(const char *at, size_t size)
{
	return size > 1 && *at == '\\' && strchr("\\`*_{}[]()#+-.!<>|", at[1]);
}

static void inline_put(struct markdown_sink *sink, const char *at, size_t size, int depth)
{
	const char *begin = at, *plain = at, *end = at + size;
	while (at < end) {
		bool escape = is_escape(at, (size_t)(end - at));
		size_t taken = 0;
		if (escape || (depth < DEPTH_MAX && strchr("`*_[", *at) && *at)) {
			sink->text(sink, plain, (size_t)(at - plain));
			plain = at;
			taken = escape ? 0 : link_put(sink, at, (size_t)(end - at));
			taken = escape || taken ? taken : mark_put(sink, begin, at, (size_t)(end - at), depth);
		}
		plain += escape ? 1 : taken;
		at += escape ? 2 : taken ? taken : 1;
	}
	sink->text(sink, plain, (size_t)(end - plain));
}

/* ---- blocks ---- */

enum kind { BLANK, WORDS, HEADING, BULLET, NUMBER };

struct line {
	enum kind kind;
	int level; /* of a heading */
	const char *words; /* what it says, without the mark */
	size_t size;
};

static struct line line_read(const char *at, size_t size)
{
	size_t indent = 0, mark = 0;
	while (indent < size && (at[indent] == ' ' || at[indent] == '\t'))
		indent++;
	const char *words = at + indent;
	size -= indent;
	while (size && (words[size - 1] == ' ' || words[size - 1] == '\r'))
		size--;
	if (!size)
		return (struct line){BLANK, 0, words, 0};
	while (mark < size && words[mark] == '#')
		mark++;
	if (mark && mark <= HEADINGS && mark < size && words[mark] == ' ')
		return (struct line){HEADING, (int)mark, words + mark + 1, size - mark - 1};
	if (size > 2 && strchr("-*+", *words) && words[1] == ' ')
		return (struct line){BULLET, 0, words + 2, size - 2};
	for (mark = 0; mark < size && mark < 4 && words[mark] >= '0' && words[mark] <= '9';)
		mark++;
	if (mark && mark + 2 < size && (words[mark] == '.' || words[mark] == ')') && words[mark + 1] == ' ')
		return (struct line){NUMBER, 0, words + mark + 2, size - mark - 2};
	return (struct line){WORDS, 0, words, size};
}

static const char *const heads[HEADINGS][2] = {{"<h3>", "</h3>\n"}, {"<h3>", "</h3>\n"}, {"<h4>", "</h4>\n"},
					       {"<h5>", "</h5>\n"}, {"<h6>", "</h6>\n"}, {"<h6>", "</h6>\n"}};

/* The block's own tags around words that go on for some lines; emphasis does not reach over a line's end. */
static void begin_put(struct markdown_sink *sink, enum kind before, enum kind now)
{
	if (now == WORDS)
		sink->tag(sink, "<p class=\"text\">");
	else if (before != now)
		sink->tag(sink, now == BULLET ? "<ul>\n" : "<ol>\n");
	if (now != WORDS)
		sink->tag(sink, "<li class=\"text\">");
}

static void end_put(struct markdown_sink *sink, enum kind open, enum kind next)
{
	if (open == WORDS)
		sink->tag(sink, "</p>\n");
	if (open == BULLET || open == NUMBER)
		sink->tag(sink, "</li>\n");
	if ((open == BULLET || open == NUMBER) && next != open)
		sink->tag(sink, open == BULLET ? "</ul>\n" : "</ol>\n");
}

static void heading_put(struct markdown_sink *sink, const struct line *line)
{
	sink->tag(sink, heads[line->level - 1][0]);
	inline_put(sink, line->words, line->size, 0);
	sink->tag(sink, heads[line->level - 1][1]);
}

void markdown_put(struct markdown_sink *sink, const char *text)
{
	enum kind open = BLANK;
	while (*text) {
		size_t size = strcspn(text, "\n");
		struct line line = line_read(text, size);
		bool goes_on = line.kind == WORDS && open != BLANK;
		text += size + (text[size] == '\n');
		if (goes_on) {
			sink->text(sink, "\n", 1);
		} else {
			end_put(sink, open, line.kind);
			if (line.kind == HEADING)
				heading_put(sink, &line);
			else if (line.kind != BLANK)
				begin_put(sink, open, line.kind);
			open = line.kind == HEADING ? BLANK : line.kind;
		}
		if (line.kind != HEADING)
			inline_put(sink, line.words, line.size, 0);
	}
	end_put(sink, open, BLANK);
}
