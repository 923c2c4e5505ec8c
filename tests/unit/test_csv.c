/* SPDX-License-Identifier: Apache-2.0
 * CSV: what RFC 4180 lets through, and what is refused on which line. */
#include "base/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* cmocka wants the ones before */
#include <cmocka.h>

/* Fields joined by | and records by ; or the sentence. */
static void assert_read(const char *bytes, size_t size, const char *expected)
{
	struct skd_call *call = call_new("test", 1000);
	const char *fields[CSV_COLUMNS];
	char *seen = talloc_strdup(call, "");
	struct csv csv;
	size_t count;
	enum skd_outcome outcome = csv_begin(call, bytes, size, &csv);
	while (outcome == SKD_OK && (outcome = csv_next(call, &csv, call, fields, &count)) == SKD_OK && count) {
		for (size_t i = 0; i < count; i++)
			seen = talloc_asprintf_append(seen, "%s%s", i ? "|" : "", fields[i]);
		seen = talloc_asprintf_append(seen, ";");
	}
	assert_string_equal(outcome == SKD_OK ? seen : call->sentence, expected);
	talloc_free(call);
}

static void assert_string_read(const char *text, const char *expected)
{
	assert_read(text, strlen(text), expected);
}

static void records_are_read(void **state)
{
	(void)state;
	assert_string_read("", "");
	assert_string_read("a,b\n1,2\n", "a|b;1|2;");
	assert_string_read("a,b\r\n1,2", "a|b;1|2;");
	assert_string_read("a,b\n,\n", "a|b;|;");
	assert_string_read("a\n\n\r\n1\n\n", "a;1;");
	assert_string_read("a\n\"\"\n", "a;;");
	assert_string_read("\xef\xbb\xbf" "a\n1\n", "a;1;");
	assert_string_read("a,b\n\"x \"\"y\"\", z\",\"1\r\n2\n3\"\n", "a|b;x \"y\", z|1\n2\n3;");
	assert_string_read("\xf0\x9f\x98\x80,\xd7\x90\n", "\xf0\x9f\x98\x80|\xd7\x90;");
	assert_string_read(" a , b \n", " a | b ;");
}

static void what_is_wrong_is_said_with_its_line(void **state)
{
	(void)state;
	assert_string_read("a,b\n1\n", "the record on line 2 has 1 fields, and not 2 as the first");
	assert_string_read("a\n\"x\ny\"\n1,2\n", "the record on line 4 has 2 fields, and not 1 as the first");
	assert_string_read("a\n1\n\"x\n", "the record on line 3 has a quote that nothing closes");
	assert_string_read("a\nx\"y\n", "the record on line 2 has a quote inside a field that does not begin with one");
	assert_string_read("a\n\"x\"y\n", "the record on line 2 has something behind a closing quote");
	assert_string_read("a\rb\n", "the record on line 1 has a carriage return without a line feed");
	assert_string_read("a\n\"x\"\r", "the record on line 2 has something behind a closing quote");
	assert_read("a\0b\n", 4, "the table is not UTF-8, or has a NUL in it");
	assert_string_read("a\n\xff\n", "the table is not UTF-8, or has a NUL in it");
	assert_string_read(",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\n", "the record on line 1 has too many fields");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(records_are_read), cmocka_unit_test(what_is_wrong_is_said_with_its_line)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
