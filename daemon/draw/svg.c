/* SPDX-License-Identifier: Apache-2.0
 * Draws: numbers are whole, so that every machine writes the same. */
#include "draw/draw.h"

#include "draw/shapes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MARKS = 2 }; /* on a letter, at most */

/* ---- letters ---- */

/* One code point of what is known to be UTF-8, or 0 at the end. */
static uint32_t code_read(const char **at)
{
	const unsigned char *s = (const unsigned char *)*at;
	unsigned more = *s >= 0xF0 ? 3 : *s >= 0xE0 ? 2 : *s >= 0xC0 ? 1 : 0;
	uint32_t code = more ? *s & (0x3Fu >> more) : *s;
	for (unsigned i = 1; i <= more && s[i]; i++)
		code = code << 6 | (s[i] & 0x3F);
	*at += *s ? more + 1 : 0;
	return code;
}

static bool is_mark(uint32_t code)
{
	return (code >= 0x300 && code < 0x370) || (code >= 0x591 && code < 0x5C8) || (code >= 0x64B && code < 0x660) ||
	       (code >= 0x1AB0 && code < 0x1B00) || (code >= 0x20D0 && code < 0x2100) || (code >= 0xFE20 && code < 0xFE30);
}

/* What a name may be shortened to: no spaces, punctuation, direction marks, selectors, or what is no character. */
static bool is_letter(uint32_t code)
{
	if (code < 0x80)
		return (code >= '0' && code <= '9') || ((code | 0x20) >= 'a' && (code | 0x20) <= 'z');
	if (code < 0xC0 || (code >= 0x2000 && code < 0x2070) || (code >= 0x3000 && code < 0x3030))
		return false;
	return !is_mark(code) && (code & 0xFFFE) != 0xFFFE && code != 0x61C && code != 0x180E && code != 0xFEFF &&
	       (code < 0xE000 || code >= 0xF900) && (code < 0xFE00 || code >= 0xFE10) &&
	       (code < 0xFDD0 || code >= 0xFDF0) && code < 0xE0000;
}

static void letter_add(struct text *out, const char *at, const char *end)
{
	char first = *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at;
	text_add(out, &first, 1);
	text_add(out, at + 1, (size_t)(end - at - 1));
}

/* Where the letter at `at` ends, with the marks on it. */
static const char *letter_end(const char *at)
{
	const char *next = at;
	code_read(&at);
	for (int i = 0; i < MARKS; i++) {
		next = at;
		if (!is_mark(code_read(&next)))
			break;
		at = next;
	}
	return at;
}

/* The first letters of the first word and of the last. */
static void initials_add(struct text *out, const char *name)
{
	const char *first = NULL, *last = NULL;
	bool within = false;
	for (const char *at = name, *next = name;; at = next) {
		uint32_t code = code_read(&next);
		if (!code)
			break;
		if (is_letter(code) && !within) {
			last = first ? at : NULL;
			first = first ? first : at;
		}
		within = is_letter(code) || is_mark(code) || (within && code == '\'');
	}
	if (first)
		letter_add(out, first, letter_end(first));
	if (last)
		letter_add(out, last, letter_end(last));
}

/* As text of XML 1.0, in which not every character may stand. */
static void xml_add(struct text *out, const char *string)
{
	const char *next = string;
	for (const char *at = string; *at; at = next) {
		uint32_t code = code_read(&next);
		if (code == '<')
			text_adds(out, "&lt;");
		else if (code == '>')
			text_adds(out, "&gt;");
		else if (code == '&')
			text_adds(out, "&amp;");
		else if ((code < ' ' && code != '\t' && code != '\n') || code == 0x7F || code == 0xFFFE || code == 0xFFFF)
			text_adds(out, "\xEF\xBF\xBD");
		else
			text_add(out, at, (size_t)(next - at));
	}
}

/* ---- shapes ---- */

static const struct {
	const char *fill, *edge;
} palette[] = {{"#1f4e79", "#9dc3e6"}, {"#7b2d43", "#e6a8b8"}, {"#1e6b52", "#9fd8c3"}, {"#5b3a8c", "#c5b0e6"},
	       {"#8a4b08", "#f0c48a"}, {"#14646e", "#96d5dd"}, {"#6b5b00", "#e0d27a"}, {"#7a1f1f", "#eda4a4"},
	       {"#2f5d1b", "#b4da9f"}, {"#3a3f7a", "#b1b5ea"}, {"#733a6d", "#dfaad9"}, {"#37474f", "#b5c6cf"}};

static void ring_add(struct text *svg, long level, const char *fill)
{
	long beads = level < DRAW_BEADS ? level : DRAW_BEADS;
	if (level < 1)
		return;
	text_addf(svg, "<circle cx=\"200\" cy=\"200\" r=\"182\" fill=\"none\" stroke=\"%s\" stroke-width=\"6\"/>", fill);
	for (long i = 0; i < beads; i++) {
		double turn = 2 * M_PI * (double)i / (double)beads;
		text_addf(svg, "<circle cx=\"%ld\" cy=\"%ld\" r=\"13\" fill=\"%s\"/>", lround(200 + 182 * sin(turn)),
			  lround(200 - 182 * cos(turn)), fill);
	}
}

/* ---- what was asked for ---- */

struct colours {
	const char *fill;
	char edge[8], ink[8];
};

static const char *word_of(const struct drawing *drawing, enum drawing_word word)
{
	const char *value = drawing->words ? drawing->words[word] : "";
	return *value ? value : NULL;
}

static bool is_colour(const char *value)
{
	return *value == '#' && strlen(value) == 7 && strspn(value + 1, "0123456789abcdefABCDEF") == 6;
}

bool drawing_word_is_known(enum drawing_word word, const char *value)
{
	return word == DRAW_SHAPE  ? shape_named(value) != SHAPES
	       : word == DRAW_ICON ? icon_path(value) != NULL
				   : word == DRAW_INITIALS || is_colour(value);
}

/* Of a colour that nobody named: two thirds of the way to white, and what can be read on it. */
static void shades_of(struct colours *colours)
{
	unsigned rgb = (unsigned)strtoul(colours->fill + 1, NULL, 16), r = rgb >> 16, g = rgb >> 8 & 255, b = rgb & 255;
	snprintf(colours->edge, sizeof colours->edge, "#%06x", ((r + 510) / 3 << 16 | (g + 510) / 3 << 8 | (b + 510) / 3) & 0xffffff);
	snprintf(colours->ink, sizeof colours->ink, "%s", 299 * r + 587 * g + 114 * b > 150000 ? "#1a1a1a" : "#ffffff");
}

static struct colours colours_of(const struct drawing *drawing)
{
	size_t pick = text_hash(drawing->id, strlen(drawing->id)) % (sizeof palette / sizeof *palette);
	const char *fill = word_of(drawing, DRAW_FILL), *edge = word_of(drawing, DRAW_EDGE);
	struct colours colours = {.fill = fill ? fill : palette[pick].fill};
	shades_of(&colours);
	if (edge || !fill)
		snprintf(colours.edge, sizeof colours.edge, "%s", edge ? edge : palette[pick].edge);
	return colours;
}

static void icon_add(struct text *svg, const char *name, const char *ink)
{
	text_addf(svg, "<path d=\"%s\" fill=\"%s\" fill-rule=\"evenodd\"/>", icon_path(name), ink);
}

/* Smaller where there are many. */
static void letters_add(struct text *svg, const struct drawing *drawing, const char *ink)
{
	const char *said = word_of(drawing, DRAW_INITIALS);
	struct text letters;
	text_begin(&letters, svg->owner, 64);
	if (said)
		text_adds(&letters, said);
	else
		initials_add(&letters, drawing->name);
	size_t many = said ? utf8_length(said) : 2;
	int size = many > 4 ? 44 : many > 2 ? 64 : 96;
	text_addf(svg, "<text x=\"200\" y=\"%d\" font-family=\"DejaVu Sans, sans-serif\" font-size=\"%d\" font-weight=\"bold\" "
		       "text-anchor=\"middle\" fill=\"%s\">", 200 + size * 34 / 96, size, ink);
	xml_add(svg, text_end(&letters));
	text_adds(svg, "</text>");
}

void draw_svg(struct text *svg, const struct drawing *drawing)
{
	struct colours colours = colours_of(drawing);
	const char *shape = word_of(drawing, DRAW_SHAPE), *icon = word_of(drawing, DRAW_ICON);
	text_addf(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 400 400\" role=\"img\"><title>",
		  DRAW_SIDE, DRAW_SIDE);
	xml_add(svg, drawing->name);
	text_adds(svg, "</title>");
	ring_add(svg, drawing->level, colours.fill);
	text_addf(svg, "<path d=\"%s\" fill=\"%s\" stroke=\"%s\" stroke-width=\"10\" stroke-linejoin=\"round\"/>",
		  shape_path(shape ? shape_named(shape) : shape_of(drawing->type)), colours.fill, colours.edge);
	if (icon)
		icon_add(svg, icon, colours.ink);
	else
		letters_add(svg, drawing, colours.ink);
	text_adds(svg, "</svg>\n");
}
