/* SPDX-License-Identifier: Apache-2.0
 * CSV, a record at a time. */
#include "base/csv.h"

#include "base/text.h"

#include <string.h>

enum skd_outcome csv_begin(struct skd_call *call, const char *bytes, size_t size, struct csv *csv)
{
	bool marked = size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0;
	*csv = (struct csv){.at = bytes + (marked ? 3 : 0), .end = bytes + size, .line = 1};
	return utf8_valid(bytes, size) ? SKD_OK : fail(call, SKD_BAD_INPUT, "the table is not UTF-8, or has a NUL in it");
}

static enum skd_outcome wrong(struct skd_call *call, const struct csv *csv, const char *what)
{
	return fail(call, SKD_BAD_INPUT, "the record on line %zu %s", csv->begun, what);
}

/* How many bytes end a line here; 0: none does. */
static size_t line_end(const struct csv *csv)
{
	size_t left = (size_t)(csv->end - csv->at);
	if (left && *csv->at == '\n')
		return 1;
	return left > 1 && csv->at[0] == '\r' && csv->at[1] == '\n' ? 2 : 0;
}

static enum skd_outcome field_plain(struct skd_call *call, struct csv *csv, void *owner, const char **field)
{
	const char *begin = csv->at;
	while (csv->at < csv->end && *csv->at != ',' && *csv->at != '"' && *csv->at != '\r' && *csv->at != '\n')
		csv->at++;
	if (csv->at < csv->end && *csv->at != ',' && !line_end(csv))
		return wrong(call, csv, *csv->at == '"' ? "has a quote inside a field that does not begin with one"
							 : "has a carriage return without a line feed");
	*field = talloc_strndup(owner, begin, (size_t)(csv->at - begin));
	return SKD_OK;
}

static enum skd_outcome field_quoted(struct skd_call *call, struct csv *csv, void *owner, const char **field)
{
	struct text text;
	text_begin(&text, owner, 64);
	for (csv->at++;; csv->at += 2) {
		const char *quote = memchr(csv->at, '"', (size_t)(csv->end - csv->at));
		if (!quote)
			return wrong(call, csv, "has a quote that nothing closes");
		for (; csv->at < quote; csv->at++) {
			csv->line += *csv->at == '\n';
			while (*csv->at == '\n' && text.size && text.bytes[text.size - 1] == '\r')
				text.size--;
			text_add(&text, csv->at, 1);
		}
		if (quote + 1 == csv->end || quote[1] != '"')
			break;
		text_add(&text, "\"", 1);
	}
	csv->at++;
	if (csv->at < csv->end && *csv->at != ',' && !line_end(csv))
		return wrong(call, csv, "has something behind a closing quote");
	*field = text_end(&text);
	return SKD_OK;
}

static enum skd_outcome record_read(struct skd_call *call, struct csv *csv, void *owner, const char *fields[CSV_COLUMNS],
				    size_t *count)
{
	for (;; csv->at++) {
		if (*count == CSV_COLUMNS)
			return wrong(call, csv, "has too many fields");
		TRY(csv->at < csv->end && *csv->at == '"' ? field_quoted(call, csv, owner, &fields[*count])
							   : field_plain(call, csv, owner, &fields[*count]));
		++*count;
		if (csv->at == csv->end || *csv->at != ',')
			break;
	}
	csv->line += csv->at < csv->end;
	csv->at += line_end(csv);
	return SKD_OK;
}

enum skd_outcome csv_next(struct skd_call *call, struct csv *csv, void *owner, const char *fields[CSV_COLUMNS], size_t *count)
{
	*count = 0;
	for (size_t skip; (skip = line_end(csv)); csv->at += skip)
		csv->line++;
	csv->begun = csv->line;
	if (csv->at == csv->end)
		return SKD_OK;
	TRY(record_read(call, csv, owner, fields, count));
	csv->width = csv->width ? csv->width : *count;
	return *count == csv->width ? SKD_OK : fail(call, SKD_BAD_INPUT, "the record on line %zu has %zu fields, and not %zu as the first",
						    csv->begun, *count, csv->width);
}
