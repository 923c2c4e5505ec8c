/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as what skillsd-draw is given: a PNG, an SVG or a page. What it takes it takes again as it has written it, what
 * it has written can be drawn, and a refusal says why. And as the words of a drawing: what they give is taken, too. */
#include "fuzz.h"
#include "draw/draw.h"
#include "painter/painter.h"
#include "png_mend.h"

#include <glib.h>
#include <string.h>

enum { SIDE = 32, PIXELS_MOST = 65536 };

/* The fonts of the machine are read once, and kept. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libfontconfig\nleak:libpango";
}

struct made {
	char *bytes;
	size_t size;
};

static FILE *made_open(struct made *made)
{
	FILE *out = open_memstream(&made->bytes, &made->size);
	must(out, "there is memory");
	return out;
}

/* ---- pictures ---- */

static bool clean(bool png, struct bytes picture, struct made *made)
{
	char why[WHY_SIZE] = "";
	FILE *out = made_open(made);
	bool good = (png ? png_clean : svg_clean)(picture, out, why);
	must(fclose(out) == 0, "there is memory");
	must(good == !*why && strlen(why) < WHY_SIZE, "a refusal says why, and nothing else does");
	return good;
}

static void drawn_check(struct bytes svg)
{
	struct made png;
	FILE *out = made_open(&png);
	must(svg_render(svg, SIDE, out), "what was taken can be drawn");
	fclose(out);
	free(png.bytes);
}

static bool picture_try(bool png, struct bytes picture)
{
	struct made once, twice;
	bool good = clean(png, picture, &once);
	if (good) {
		const struct bytes written = {once.bytes, once.size};
		must(clean(png, written, &twice), "what was written is taken");
		must(twice.size == once.size && memcmp(twice.bytes, once.bytes, once.size) == 0, "it is written once and for all");
		free(twice.bytes);
		if (!png)
			drawn_check(written);
	}
	free(once.bytes);
	return good;
}

/* Large ones take time, and show nothing new. */
static void png_try(char *bytes, size_t size)
{
	if (size >= 24 && (uint64_t)png_number((uint8_t *)bytes + 16) * png_number((uint8_t *)bytes + 20) > PIXELS_MOST)
		return;
	picture_try(true, (struct bytes){bytes, size});
	png_mend((uint8_t *)bytes, size);
	picture_try(true, (struct bytes){bytes, size});
}

/* ---- pages and words ---- */

/* What is no UTF-8 is shown as well as can be. */
static GLogWriterOutput unheard(GLogLevelFlags level, const GLogField *fields, gsize count, gpointer data)
{
	(void)level, (void)fields, (void)count, (void)data;
	return G_LOG_WRITER_HANDLED;
}

static void __attribute__((constructor)) warnings_hush(void)
{
	g_log_set_writer_func(unheard, NULL, NULL);
}

static void page_try(struct bytes page)
{
	struct made pdf;
	FILE *out = made_open(&pdf);
	bool good = page_print(page, page.size % 2, out);
	must(fclose(out) == 0, "there is memory");
	must(!good || (pdf.size > 4 && memcmp(pdf.bytes, "%PDF", 4) == 0), "a page that is taken is printed");
	free(pdf.bytes);
}

/* Lines: the id, type, name and level, and what is asked for. */
static void words_try(struct skd_call *call, char *bytes)
{
	const char *lines[4 + DRAW_WORDS], *words[DRAW_WORDS];
	char *rest = bytes;
	struct text svg;
	for (size_t i = 0; i < 4 + DRAW_WORDS; i++) {
		const char *line = strsep(&rest, "\n");
		lines[i] = line && utf8_valid(line, strlen(line)) ? line : "";
	}
	for (int i = 0; i < DRAW_WORDS; i++)
		words[i] = drawing_word_is_known((enum drawing_word)i, lines[4 + i]) ? lines[4 + i] : "";
	const struct drawing drawing = {lines[0], lines[1], lines[2], atol(lines[3]), words};
	text_begin(&svg, call, 1024);
	draw_svg(&svg, &drawing);
	must(picture_try(false, (struct bytes){text_end(&svg), svg.size}), "what is drawn may be uploaded");
}

/* What the program reads has a NUL behind it. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct skd_call *call = call_new("fuzz", 1000);
	char *copy = talloc_zero_array(call, char, size + 1);
	must(copy, "there is memory");
	if (size)
		memcpy(copy, bytes, size);
	if (*copy == '\x89') {
		png_try(copy, size);
	} else if (*copy == '<') {
		picture_try(false, (struct bytes){copy, size});
	} else if (size) {
		page_try((struct bytes){copy, size});
		words_try(call, copy);
	}
	talloc_free(call);
	return 0;
}
