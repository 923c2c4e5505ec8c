/* SPDX-License-Identifier: Apache-2.0
 * Pages (include/skillsd/plugin.h) as PDF: what is said stands in the middle, one below the other, as large as all of it has
 * room; the code and what belongs to it at the foot. The one door to pango and libqrencode. */
#include "painter/painter.h"

#include <cairo-pdf.h>
#include <pango/pangocairo.h>
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

enum { MARGIN = 56, FOOT = 110, PICTURE = 150, GAP = 8, TEXT_LINES = 8, QUIET = 4 }; /* points, lines, modules */

/* How the words of a record look. */
static const struct style {
	const char *word, *font;
	double red;
	bool foot, cut, whole; /* what is cut has TEXT_LINES at most; what is whole stands in one line, however small */
} styles[] = {
	{"line", "DejaVu Sans, Sans 11"}, {"name", "DejaVu Sans, Sans Bold 26"}, {"award", "DejaVu Sans, Sans Bold 20"},
	{"head", "DejaVu Sans, Sans 14"}, {"text", "DejaVu Sans, Sans 10", .cut = true},
	{"alarm", "DejaVu Sans, Sans Bold 16", .red = 0.7}, {"foot", "DejaVu Sans, Sans 9", .foot = true},
	{"link", "DejaVu Sans, Sans 9", .foot = true, .whole = true}};

static const struct {
	const char *word;
	cairo_pdf_metadata_t as;
} facts[] = {{"title", CAIRO_PDF_METADATA_TITLE}, {"author", CAIRO_PDF_METADATA_AUTHOR}, {"subject", CAIRO_PDF_METADATA_SUBJECT},
	     {"keywords", CAIRO_PDF_METADATA_KEYWORDS}, {"date", CAIRO_PDF_METADATA_CREATE_DATE}};

struct record {
	char word[16];
	struct bytes value;
};

struct sheet {
	cairo_t *cairo;
	double width, height, scale;
	double body, foot; /* how far the one has come from the top, the other within the foot */
	bool draws; /* or just measures */
};

/* ---- records ---- */

/* False at the end, and where something else stands than a record. */
static bool record_next(struct bytes *page, struct record *record)
{
	size_t head = strcspn(page->at, "\n"), size = 0, left = page->size > head + 1 ? page->size - head - 1 : 0;
	int used = 0;
	if (!left || sscanf(page->at, "%15s %zu%n", record->word, &size, &used) != 2 || (size_t)used != head || size >= left ||
	    page->at[head] != '\n' || page->at[head + 1 + size] != '\n')
		return false;
	record->value = (struct bytes){page->at + head + 1, size};
	page->at += head + size + 2;
	page->size -= head + size + 2;
	return true;
}

/* Whether what begins there is no character, for good (Unicode, 23.7): its size, or 0. */
static size_t no_character(struct bytes value, size_t i)
{
	const unsigned char *c = (const unsigned char *)value.at + i;
	size_t left = value.size - i;
	if (left > 2 && c[0] == 0xEF && ((c[1] == 0xBF && c[2] >= 0xBE) || (c[1] == 0xB7 && c[2] >= 0x90 && c[2] <= 0xAF)))
		return 3;
	return left > 3 && c[0] >= 0xF0 && (c[1] & 0x0F) == 0x0F && c[2] == 0xBF && c[3] >= 0xBE ? 4 : 0;
}

/* What nobody can see becomes a sign that something was there. */
static char *words_of(struct bytes value)
{
	char *words = malloc(value.size * 3 + 1), *to = words;
	for (size_t i = 0; words && i < value.size; i++) {
		unsigned char c = (unsigned char)value.at[i];
		size_t none = no_character(value, i);
		if (none || (c < ' ' && c != '\n') || c == 0x7f)
			to = stpcpy(to, c == '\t' ? " " : "\xEF\xBF\xBD");
		else
			*to++ = (char)c;
		i += none ? none - 1 : 0;
	}
	if (words)
		*to = '\0';
	return words;
}

/* ---- what stands on it ---- */

static void font_set(PangoLayout *layout, const struct style *style, double scale, int room)
{
	PangoFontDescription *font = pango_font_description_from_string(style->font);
	int size = (int)(pango_font_description_get_size(font) * scale), width;
	pango_font_description_set_size(font, size);
	pango_layout_set_font_description(layout, font);
	pango_layout_get_size(layout, &width, NULL);
	if (style->whole && width > room) {
		pango_font_description_set_size(font, (int)((double)size * room / width) - 1);
		pango_layout_set_font_description(layout, font);
	}
	pango_font_description_free(font);
}

static void words_put(struct sheet *sheet, const struct style *style, const char *words)
{
	PangoLayout *layout = pango_cairo_create_layout(sheet->cairo);
	double *at = style->foot ? &sheet->foot : &sheet->body, left = style->foot ? MARGIN + FOOT + GAP : MARGIN;
	int height, room = (int)((sheet->width - left - MARGIN) * PANGO_SCALE);
	pango_layout_set_text(layout, words, -1);
	font_set(layout, style, style->foot ? 1 : sheet->scale, room);
	pango_layout_set_width(layout, style->whole ? -1 : room); /* rounding must not break what is whole */
	pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
	pango_layout_set_alignment(layout, style->foot ? PANGO_ALIGN_LEFT : PANGO_ALIGN_CENTER);
	if (style->cut) {
		pango_layout_set_height(layout, -TEXT_LINES);
		pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
	}
	pango_layout_get_pixel_size(layout, NULL, &height);
	if (sheet->draws) {
		cairo_set_source_rgb(sheet->cairo, style->red, 0, 0);
		cairo_move_to(sheet->cairo, left, *at);
		pango_cairo_show_layout(sheet->cairo, layout);
	}
	*at += height + GAP * (style->foot ? 0.5 : sheet->scale);
	g_object_unref(layout);
}

/* Addresses lead there; they have nothing in them that would end the attribute. */
static void link_put(struct sheet *sheet, const struct style *style, const char *words)
{
	char attributes[1100];
	bool plain = strlen(words) < 1000 && !words[strcspn(words, "'\\\n")];
	snprintf(attributes, sizeof attributes, "uri='%s'", plain ? words : "");
	if (sheet->draws && plain)
		cairo_tag_begin(sheet->cairo, CAIRO_TAG_LINK, attributes);
	words_put(sheet, style, words);
	if (sheet->draws && plain)
		cairo_tag_end(sheet->cairo, CAIRO_TAG_LINK);
}

static cairo_status_t png_read(void *from, unsigned char *to, unsigned size)
{
	struct bytes *png = from;
	if (size > png->size)
		return CAIRO_STATUS_READ_ERROR;
	memcpy(to, png->at, size);
	*png = (struct bytes){png->at + size, png->size - size};
	return CAIRO_STATUS_SUCCESS;
}

static bool picture_put(struct sheet *sheet, struct bytes png)
{
	double side = PICTURE * sheet->scale;
	cairo_surface_t *picture = sheet->draws ? cairo_image_surface_create_from_png_stream(png_read, &png) : NULL;
	bool good = !picture || cairo_surface_status(picture) == CAIRO_STATUS_SUCCESS;
	if (picture && good) {
		cairo_save(sheet->cairo);
		cairo_translate(sheet->cairo, (sheet->width - side) / 2, sheet->body);
		cairo_scale(sheet->cairo, side / cairo_image_surface_get_width(picture), side / cairo_image_surface_get_height(picture));
		cairo_set_source_surface(sheet->cairo, picture, 0, 0);
		cairo_paint(sheet->cairo);
		cairo_restore(sheet->cairo);
	}
	if (picture)
		cairo_surface_destroy(picture);
	sheet->body += side + 2 * GAP * sheet->scale;
	return good;
}

static bool code_put(struct sheet *sheet, const char *words)
{
	QRcode *code = sheet->draws ? QRcode_encodeString8bit(words, 0, QR_ECLEVEL_M) : NULL;
	if (!code)
		return !sheet->draws;
	double side = (double)FOOT / (code->width + 2 * QUIET), left = MARGIN + QUIET * side, top = sheet->height - MARGIN - FOOT + QUIET * side;
	cairo_set_source_rgb(sheet->cairo, 0, 0, 0);
	for (int i = 0; i < code->width * code->width; i++)
		if (code->data[i] & 1)
			cairo_rectangle(sheet->cairo, left + i % code->width * side, top + i / code->width * side, side, side);
	cairo_fill(sheet->cairo);
	QRcode_free(code);
	return true;
}

/* ---- the page ---- */

static bool fact_put(struct sheet *sheet, const char *word, const char *words)
{
	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
		if (strcmp(facts[i].word, word) == 0) {
			if (sheet->draws)
				cairo_pdf_surface_set_metadata(cairo_get_target(sheet->cairo), facts[i].as, words);
			return true;
		}
	return false;
}

static bool word_put(struct sheet *sheet, const char *word, const char *words)
{
	const struct style *style = styles, *end = styles + sizeof styles / sizeof *styles;
	if (strcmp(word, "code") == 0)
		return code_put(sheet, words);
	if (fact_put(sheet, word, words))
		return true;
	while (style < end && strcmp(style->word, word) != 0)
		style++;
	if (style == end)
		return false;
	if (strcmp(word, "link") == 0)
		link_put(sheet, style, words);
	else
		words_put(sheet, style, words);
	return true;
}

static bool records_put(struct sheet *sheet, struct bytes page)
{
	struct record record;
	bool good = true;
	sheet->body = MARGIN;
	sheet->foot = sheet->height - MARGIN - FOOT + GAP;
	while (good && record_next(&page, &record)) {
		char *words = strcmp(record.word, "picture") == 0 ? NULL : words_of(record.value);
		good = words ? word_put(sheet, record.word, words) : picture_put(sheet, record.value);
		free(words);
	}
	return good && !page.size;
}

static cairo_status_t pdf_write(void *to, const unsigned char *bytes, unsigned size)
{
	return fwrite(bytes, 1, size, to) == size ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

bool page_print(struct bytes page, bool letter, FILE *out)
{
	struct sheet sheet = {.width = letter ? 612 : 595.276, .height = letter ? 792 : 841.89, .scale = 1};
	double room = sheet.height - 2 * MARGIN - FOOT;
	cairo_surface_t *pdf = cairo_pdf_surface_create_for_stream(pdf_write, out, sheet.width, sheet.height);
	sheet.cairo = cairo_create(pdf);
	bool good = records_put(&sheet, page);
	while (good && sheet.body > MARGIN + room && sheet.scale > 0.25) {
		sheet.scale *= 0.9;
		good = records_put(&sheet, page);
	}
	sheet.draws = true;
	good = good && records_put(&sheet, page) && cairo_status(sheet.cairo) == CAIRO_STATUS_SUCCESS;
	cairo_destroy(sheet.cairo);
	cairo_surface_finish(pdf);
	good = good && cairo_surface_status(pdf) == CAIRO_STATUS_SUCCESS;
	cairo_surface_destroy(pdf);
	return good;
}
