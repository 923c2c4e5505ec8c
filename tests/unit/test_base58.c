/* SPDX-License-Identifier: Apache-2.0
 * base58btc: the examples of draft-msporny-base58, numbers of every size, and what is none. */
#include "sign/base58.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *bytes;
	size_t size;
	const char *text;
} examples[] = {
	{"Hello World!", 12, "z2NEpo7TZRRrLZSi2U"},
	{"The quick brown fox jumps over the lazy dog.", 44, "zUSm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z"},
	{"\0\0\x28\x7f\xb4\xcd", 6, "z11233QC4"},
	{"", 0, "z"},
	{"\0", 1, "z1"},
	{"\0\0\0\0\0", 5, "z11111"},
	{"\x39", 1, "zz"},
	{"\x3a", 1, "z21"},
};

static void the_drafts_examples_are_met(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		char text[BASE58_TEXT];
		uint8_t bytes[BASE58_BYTES];
		assert_int_equal(base58_encode(examples[i].bytes, examples[i].size, text), strlen(examples[i].text));
		assert_string_equal(text, examples[i].text);
		assert_int_equal(base58_decode(text, bytes, sizeof bytes), examples[i].size);
		assert_memory_equal(bytes, examples[i].bytes, examples[i].size);
	}
}

static void bytes_of_every_size_come_back(void **state)
{
	(void)state;
	for (int fill = 0; fill < 256; fill += 51)
		for (size_t size = 0; size <= BASE58_BYTES; size++)
			for (size_t zeros = 0; zeros <= size; zeros += 7) {
				char text[BASE58_TEXT];
				uint8_t bytes[BASE58_BYTES], again[BASE58_BYTES];
				memset(bytes, fill, sizeof bytes);
				memset(bytes, 0, zeros);
				size_t length = base58_encode(bytes, size, text);
				assert_int_equal(strlen(text), length);
				assert_int_equal(base58_decode(text, again, size), size);
				assert_memory_equal(again, bytes, size);
				if (size)
					assert_int_equal(base58_decode(text, again, size - 1), -1);
			}
}

static void what_is_no_base58_is_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {"", "2NEpo7", "Z2", "f00", "z0", "zO", "zI", "zl", "z2 ", "z 2", "z+", "z-", "z\xc3\xb6", "z2NEpo7TZRRrLZSi2U\n"};
	uint8_t bytes[BASE58_BYTES];
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(base58_decode(wrong[i], bytes, sizeof bytes), -1);
}

static void long_texts_are_refused(void **state)
{
	(void)state;
	static char text[100000];
	uint8_t bytes[BASE58_BYTES];
	for (const char *fill = "1z"; *fill; fill++)
		for (size_t size = BASE58_BYTES + 2; size < sizeof text; size *= 3) {
			memset(text, *fill, size);
			text[0] = 'z';
			text[size] = '\0';
			if (*fill == '1' || size > BASE58_TEXT)
				assert_int_equal(base58_decode(text, bytes, sizeof bytes), -1);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_drafts_examples_are_met),
		cmocka_unit_test(bytes_of_every_size_come_back),
		cmocka_unit_test(what_is_no_base58_is_refused),
		cmocka_unit_test(long_texts_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
