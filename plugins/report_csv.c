/* SPDX-License-Identifier: Apache-2.0
 * Reports as CSV: RFC 4180, a header row, CRLF. Text that a spreadsheet would run as a formula gets
 * an apostrophe in front. Knows cells, not what they mean. */
#include <skillsd/plugin.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 8192 };

/* Collects a row, so that the stream below gets few large writes. */
struct line {
	const struct skd_out *out;
	enum skd_outcome outcome;
	size_t size;
	char bytes[CHUNK];
};

static void line_flush(struct line *line)
{
	if (line->size && line->outcome == SKD_OK)
		line->outcome = line->out->write(line->out, line->bytes, line->size);
	line->size = 0;
}

static void line_add(struct line *line, char c)
{
	if (line->size == CHUNK)
		line_flush(line);
	line->bytes[line->size++] = c;
}

static void line_bytes(struct line *line, const char *bytes, size_t size)
{
	while (size) {
		if (line->size == CHUNK)
			line_flush(line);
		size_t step = size < CHUNK - line->size ? size : CHUNK - line->size;
		memcpy(line->bytes + line->size, bytes, step);
		line->size += step;
		bytes += step;
		size -= step;
	}
}

static bool is_formula(const struct skd_text *text)
{
	return text->size && memchr("=+-@\t\r\n", text->bytes[0], 7);
}

static bool is_plain(const struct skd_text *text)
{
	for (size_t i = 0; i < text->size; i++) {
		char c = text->bytes[i];
		if (c == ',' || c == '"' || c == '\r' || c == '\n')
			return false;
	}
	return !text->size || (text->bytes[0] != ' ' && text->bytes[text->size - 1] != ' ');
}

static void line_quoted(struct line *line, const struct skd_text *text)
{
	for (size_t i = 0; i < text->size; i++) {
		if (text->bytes[i] == '"')
			line_add(line, '"');
		line_add(line, text->bytes[i]);
	}
}

static void line_text(struct line *line, const struct skd_text *text)
{
	bool plain = is_plain(text);
	if (!plain)
		line_add(line, '"');
	if (is_formula(text))
		line_add(line, '\'');
	if (plain)
		line_bytes(line, text->bytes, text->size);
	else
		line_quoted(line, text);
	if (!plain)
		line_add(line, '"');
}

static void line_cell(struct line *line, const struct skd_cell *cell)
{
	char digits[24];
	switch (cell->type) {
	case SKD_CELL_NONE:
		break;
	case SKD_CELL_TEXT:
		line_text(line, &cell->text);
		break;
	case SKD_CELL_FLAG:
		for (const char *c = cell->number ? "true" : "false"; *c; c++)
			line_add(line, *c);
		break;
	case SKD_CELL_NUMBER:
		snprintf(digits, sizeof digits, "%" PRId64, cell->number);
		line_bytes(line, digits, strlen(digits));
		break;
	}
}

static enum skd_outcome line_end(struct line *line)
{
	line_add(line, '\r');
	line_add(line, '\n');
	line_flush(line);
	return line->outcome;
}

/* The buffer is left as it is. */
static void line_begin(struct line *line, const struct skd_out *out)
{
	line->out = out;
	line->outcome = SKD_OK;
	line->size = 0;
}

static enum skd_outcome csv_row(void *self, const struct skd_out *out, size_t columns, const struct skd_cell *cells)
{
	struct line line;
	(void)self;
	line_begin(&line, out);
	for (size_t i = 0; i < columns; i++) {
		if (i)
			line_add(&line, ',');
		line_cell(&line, &cells[i]);
	}
	return line_end(&line);
}

static enum skd_outcome csv_begin(void *self, const struct skd_out *out, size_t columns, const char *const *names)
{
	struct line line;
	(void)self;
	line_begin(&line, out);
	for (size_t i = 0; i < columns; i++) {
		if (i)
			line_add(&line, ',');
		line_text(&line, &(struct skd_text){names[i], strlen(names[i])});
	}
	return line_end(&line);
}

static enum skd_outcome csv_end(void *self, const struct skd_out *out)
{
	(void)self, (void)out;
	return SKD_OK;
}

static const struct skd_option csv_options[] = {{0}};

__attribute__((visibility("default"))) extern const struct skd_plugin skillsd_plugin;
const struct skd_plugin skillsd_plugin = {
	.abi = SKD_ABI,
	.kind = SKD_REPORT,
	.name = "report_csv",
	.options = csv_options,
	.is.report = {.format = "csv", .media_type = "text/csv; charset=utf-8", .begin = csv_begin, .row = csv_row,
		      .end = csv_end},
};
