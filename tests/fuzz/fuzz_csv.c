/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as an upload of CSV: refused, or records that are all as wide as the first; and written with every field
 * quoted they are read as the same ones. */
#include "base/csv.h"
#include "base/text.h"
#include "fuzz.h"

#include <string.h>

/* Writes what was read; *records counts. */
static enum skd_outcome read_all(struct skd_call *call, const char *bytes, size_t size, struct text *written, size_t *records)
{
	struct csv csv;
	const char *fields[CSV_COLUMNS];
	size_t count, line = 0;
	TRY(csv_begin(call, bytes, size, &csv));
	for (*records = 0;; ++*records) {
		TRY(csv_next(call, &csv, call, fields, &count));
		must(csv.at <= csv.end, "nothing beyond the end is read");
		if (!count)
			return SKD_OK;
		must(count == csv.width && count <= CSV_COLUMNS, "each record has as many fields as the first");
		must(csv.begun > line && csv.begun <= csv.line, "lines are counted up");
		line = csv.begun;
		for (size_t i = 0; i < count; i++) {
			must(utf8_valid(fields[i], strlen(fields[i])), "a field is UTF-8");
			text_adds(written, i ? ",\"" : "\"");
			for (const char *c = fields[i]; *c; c++)
				text_add(written, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
			text_adds(written, "\"");
		}
		text_adds(written, "\r\n");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct skd_call *call = call_new("fuzz", 60000);
	struct text once, twice;
	size_t records, again;
	char *exact = malloc(size ? size : 1);
	memcpy(exact, bytes, size);
	text_begin(&once, call, size + 64);
	text_begin(&twice, call, size + 64);
	if (read_all(call, exact, size, &once, &records) == SKD_OK) {
		must(read_all(call, once.bytes, once.size, &twice, &again) == SKD_OK, "what is written can be read");
		must(records == again && once.size == twice.size && memcmp(once.bytes, twice.bytes, once.size) == 0, "and is the same");
	} else {
		must(call->outcome == SKD_BAD_INPUT && call->sentence, "what is refused is told why");
	}
	free(exact);
	talloc_free(call);
	return 0;
}
