/* SPDX-License-Identifier: Apache-2.0
 * Bytes and words of base/text.h: the buffer, UTF-8, what may stand in a log line, ids, base64url, tokens. */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static int owner_begin(void **state)
{
	*state = talloc_new(NULL);
	return 0;
}

static int owner_end(void **state)
{
	talloc_free(*state);
	return 0;
}

/* ---- the buffer ---- */

static void buffer_grows_and_keeps_what_it_holds(void **state)
{
	struct text text;
	text_begin(&text, *state, 1);
	for (int i = 0; i < 1000; i++)
		text_addf(&text, "%03d,", i);
	assert_int_equal(text.size, 4000);
	const char *end = text_end(&text);
	assert_int_equal(strlen(end), 4000);
	assert_memory_equal(end, "000,001,", 8);
	assert_string_equal(end + 3992, "998,999,");
}

static void nothing_can_be_added(void **state)
{
	struct text text;
	text_begin(&text, *state, 4);
	text_add(&text, NULL, 0);
	text_adds(&text, "");
	text_addf(&text, "%s", "");
	assert_string_equal(text_end(&text), "");
}

/* ---- UTF-8 ---- */

/* From memory of just that size, so that a sanitizer sees any read beyond it. */
static bool is_utf8(const char *bytes, size_t size)
{
	char *exact = malloc(size ? size : 1);
	memcpy(exact, bytes, size);
	bool valid = utf8_valid(exact, size);
	free(exact);
	return valid;
}

static void utf8_of_every_length_is_taken(void **state)
{
	static const char *const good[] = {
		"", "a", "\x01", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
		"\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "Z\xc3\xbcrich, \xe6\x9d\xb1\xe4\xba\xac \xf0\x9f\x8f\x85",
	};
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(is_utf8(good[i], strlen(good[i])));
}

static void what_is_no_utf8_is_refused(void **state)
{
	static const char *const bad[] = {
		"\x80", "\xbf", "a\x80", "\xc0\x80", "\xc0\xaf", "\xc1\xbf", /* alone, overlong */
		"\xe0\x80\x80", "\xe0\x9f\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", /* overlong */
		"\xed\xa0\x80", "\xed\xbf\xbf", "\xed\xa0\xbd\xed\xb8\x80", /* surrogates */
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff", /* beyond U+10FFFF */
		"\xc2", "\xe2\x82", "\xf0\x9f\x8f", "\xc2" "a", "\xe2\x82" "a", "\xf0\x9f\x8f" "a", /* cut off */
	};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(is_utf8(bad[i], strlen(bad[i])));
	assert_false(is_utf8("a\0b", 3));
	assert_false(is_utf8("\0", 1));
}

static void length_is_in_code_points(void **state)
{
	(void)state;
	assert_int_equal(utf8_length(""), 0);
	assert_int_equal(utf8_length("abc"), 3);
	assert_int_equal(utf8_length("\xc5\x81ukasz"), 6);
	assert_int_equal(utf8_length("\xf0\x9f\x8f\x85\xe6\x9d\xb1"), 2);
}

/* ---- log lines ---- */

static void escapes_to(void **state, const char *bytes, size_t size, const char *wanted)
{
	struct text text;
	text_begin(&text, *state, 4);
	text_add_escaped(&text, bytes, size);
	assert_string_equal(text_end(&text), wanted);
}

static void what_would_forge_a_line_is_escaped(void **state)
{
	escapes_to(state, "plain text, \xc5\x81", 14, "plain text, \xc5\x81");
	escapes_to(state, "a\nb\r\tc", 6, "a\\x0ab\\x0d\\x09c");
	escapes_to(state, "a\0b", 3, "a\\x00b");
	escapes_to(state, "\x1b[31m\x7f", 6, "\\x1b[31m\\x7f");
	escapes_to(state, "back\\x0a", 8, "back\\x5cx0a");
}

static void what_is_not_seen_is_escaped(void **state)
{
	escapes_to(state, "\xc2\x85\xc2\x9f", 4, "\\xc2\\x85\\xc2\\x9f");
	escapes_to(state, "\xe2\x80\xa8\xe2\x80\xa9", 6, "\\xe2\\x80\\xa8\\xe2\\x80\\xa9");
	escapes_to(state, "\xe2\x80\xae" "abc", 6, "\\xe2\\x80\\xaeabc");
	escapes_to(state, "\xe2\x80\x8e\xe2\x80\x8f", 6, "\\xe2\\x80\\x8e\\xe2\\x80\\x8f");
	escapes_to(state, "\xd8\x9c", 2, "\\xd8\\x9c");
	escapes_to(state, "\xe2\x81\xa6\xe2\x81\xa9", 6, "\\xe2\\x81\\xa6\\xe2\\x81\\xa9");
	escapes_to(state, "\xc2\xa0\xe2\x80\xa6", 5, "\xc2\xa0\xe2\x80\xa6");
}

static void what_is_no_utf8_is_escaped_byte_by_byte(void **state)
{
	escapes_to(state, "a\xff\xc3", 3, "a\\xff\\xc3");
	escapes_to(state, "\xed\xa0\x80!", 4, "\\xed\\xa0\\x80!");
	escapes_to(state, "\xe2\x82", 2, "\\xe2\\x82");
}

/* ---- ids ---- */

static void uuids_are_read_in_any_case_and_written_in_small(void **state)
{
	char out[UUID_SIZE];
	const uint8_t bytes[16] = {0x01, 0x9a, 0xa6, 0xe1, 0x77, 0x08, 0x7b, 0x41, 0x9c, 0x02, 0x44, 0xd1, 0xe8, 0xa0, 0xb3, 0xc5};
	(void)state;
	uuid_format(bytes, out);
	assert_string_equal(out, "019aa6e1-7708-7b41-9c02-44d1e8a0b3c5");
	assert_true(uuid_parse("019AA6E1-7708-7B41-9C02-44D1E8a0b3c5", out));
	assert_string_equal(out, "019aa6e1-7708-7b41-9c02-44d1e8a0b3c5");
	assert_true(uuid_valid("00000000-0000-0000-0000-000000000000"));
}

static void what_is_no_uuid_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "0", "019aa6e1-7708-7b41-9c02-44d1e8a0b3c", "019aa6e1-7708-7b41-9c02-44d1e8a0b3c55",
		"019aa6e177087b419c0244d1e8a0b3c5", "{019aa6e1-7708-7b41-9c02-44d1e8a0b3c5}",
		"019aa6e1-7708-7b41-9c02-44d1e8a0b3cg", "019aa6e1-7708-7b41-9c0244-d1e8a0b3c5",
		"019aa6e1_7708_7b41_9c02_44d1e8a0b3c5", " 019aa6e1-7708-7b41-9c02-44d1e8a0b3c5",
		"019aa6e1-7708-7b41-9c02-44d1e8a0b3c5 ", "019aa6e1-7708-7b41-9c02-44d1e8a0b3\xc3\xa5",
	};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(uuid_valid(bad[i]));
}

static void new_uuids_are_version_7_and_in_the_order_of_time(void **state)
{
	char last[UUID_SIZE] = "", next[UUID_SIZE];
	const struct timespec a_while = {.tv_nsec = 2000000};
	(void)state;
	for (int i = 0; i < 20; i++) {
		uuid_new(next);
		assert_true(uuid_valid(next));
		assert_int_equal(next[14], '7');
		assert_non_null(strchr("89ab", next[19]));
		assert_true(strcmp(last, next) < 0);
		memcpy(last, next, sizeof last);
		nanosleep(&a_while, NULL);
	}
}

static void uuids_of_one_moment_differ(void **state)
{
	char a[UUID_SIZE], b[UUID_SIZE];
	(void)state;
	uuid_new(a);
	uuid_new(b);
	assert_string_not_equal(a + 15, b + 15);
}

/* ---- base64url ---- */

static void base64url_says_what_rfc_4648_says(void **state)
{
	static const char *const pairs[][2] = {{"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"},
					       {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"},
					       {"\xfb\xef\xff", "--__"}};
	char out[8];
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		size_t size = strlen(pairs[i][0]);
		assert_string_equal(base64url_encode(*state, pairs[i][0], size), pairs[i][1]);
		assert_int_equal(base64url_decode(pairs[i][1], out, sizeof out), size);
		assert_memory_equal(out, pairs[i][0], size);
	}
}

static void base64url_round_trips_at_every_size(void **state)
{
	uint8_t bytes[100], back[100];
	random_bytes(bytes, sizeof bytes);
	for (size_t size = 0; size <= sizeof bytes; size++) {
		const char *text = base64url_encode(*state, bytes, size);
		assert_int_equal(strlen(text), (size * 4 + 2) / 3);
		assert_int_equal(base64url_decode(text, back, size), size);
		assert_memory_equal(back, bytes, size);
		if (size)
			assert_int_equal(base64url_decode(text, back, size - 1), -1);
	}
}

static void base64_is_read_as_it_is_written_elsewhere(void **state)
{
	static const char *const good[] = {"+/+/", "-_-_", "+/+/\n", " +/\r\n+/ ", "-/+_"};
	static const char *const bad[] = {"+/+", "+/+/.", "+/+/=x", "=+/+/", "+"};
	char out[8];
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_int_equal(base64_decode(good[i], out, sizeof out), 3);
		assert_memory_equal(out, "\xfb\xff\xbf", 3);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(base64_decode(bad[i], out, sizeof out), -1);
	assert_int_equal(base64_decode("Zg==", out, sizeof out), 1);
	assert_int_equal(base64_decode("Zm8=", out, sizeof out), 2);
	assert_int_equal(base64_decode("Zm8", out, sizeof out), 2);
	assert_int_equal(base64_decode("Zm9v", out, 2), -1);
	assert_int_equal(base64_decode("", out, sizeof out), 0);
}

static void base64url_refuses_rubbish(void **state)
{
	static const char *const bad[] = {
		"Z", "Zm9vZ", "Zg==", "Zm8=", "Zm9v\n", " Zm9v", "Zm+v", "Zm/v", "Zm\xc3\xa9", "Z.", /* not of the alphabet */
		"Zh", "Zm9", "_x", /* bits left over: two spellings of one value */
	};
	char out[16];
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(base64url_decode(bad[i], out, sizeof out), -1);
}

/* ---- tokens ---- */

static void tokens_are_sound_and_never_the_same(void **state)
{
	char a[TOKEN_SIZE], b[TOKEN_SIZE];
	(void)state;
	token_new("skd_s_", a);
	token_new("skd_s_", b);
	assert_int_equal(strlen(a), 6 + 43 + 6);
	assert_int_equal(strspn(a + 6, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"), 49);
	assert_memory_equal(a, "skd_s_", 6);
	assert_true(token_valid(a));
	assert_true(token_valid(b));
	assert_string_not_equal(a, b);
}

static void altered_tokens_are_refused(void **state)
{
	char token[TOKEN_SIZE], other[TOKEN_SIZE];
	(void)state;
	token_new("skd_t_", token);
	for (size_t i = 0; token[i]; i++) {
		memcpy(other, token, sizeof other);
		other[i] = other[i] == 'x' ? 'y' : 'x';
		assert_false(token_valid(other));
	}
	memcpy(other, token, sizeof other);
	other[10] = token[11], other[11] = token[10];
	assert_true(token[10] == token[11] || !token_valid(other));
}

static void truncated_and_longer_tokens_are_refused(void **state)
{
	char token[TOKEN_SIZE], other[TOKEN_SIZE * 4];
	(void)state;
	token_new("skd_t_", token);
	for (size_t size = 0; size < strlen(token); size++) {
		memcpy(other, token, size);
		other[size] = '\0';
		assert_false(token_valid(other));
	}
	strcpy(other, token);
	strcat(other, "0");
	assert_false(token_valid(other));
	memset(other, '0', sizeof other - 1);
	other[sizeof other - 1] = '\0';
	assert_false(token_valid(other));
}

/* ---- words ---- */

static void case_of_ascii_alone_does_not_matter(void **state)
{
	(void)state;
	assert_true(string_equal_nocase("", ""));
	assert_true(string_equal_nocase("Bearer", "bEARER"));
	assert_false(string_equal_nocase("Bearer", "Bearer "));
	assert_false(string_equal_nocase("Bearers", "Bearer"));
	assert_false(string_equal_nocase("@", "`"));
	assert_false(string_equal_nocase("[", "{"));
	assert_false(string_equal_nocase("\xc3\x84", "\xc3\xa4"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffer_grows_and_keeps_what_it_holds),
		cmocka_unit_test(nothing_can_be_added),
		cmocka_unit_test(utf8_of_every_length_is_taken),
		cmocka_unit_test(what_is_no_utf8_is_refused),
		cmocka_unit_test(length_is_in_code_points),
		cmocka_unit_test(what_would_forge_a_line_is_escaped),
		cmocka_unit_test(what_is_not_seen_is_escaped),
		cmocka_unit_test(what_is_no_utf8_is_escaped_byte_by_byte),
		cmocka_unit_test(uuids_are_read_in_any_case_and_written_in_small),
		cmocka_unit_test(what_is_no_uuid_is_refused),
		cmocka_unit_test(new_uuids_are_version_7_and_in_the_order_of_time),
		cmocka_unit_test(uuids_of_one_moment_differ),
		cmocka_unit_test(base64url_says_what_rfc_4648_says),
		cmocka_unit_test(base64url_round_trips_at_every_size),
		cmocka_unit_test(base64_is_read_as_it_is_written_elsewhere), cmocka_unit_test(base64url_refuses_rubbish),
		cmocka_unit_test(tokens_are_sound_and_never_the_same),
		cmocka_unit_test(altered_tokens_are_refused),
		cmocka_unit_test(truncated_and_longer_tokens_are_refused),
		cmocka_unit_test(case_of_ascii_alone_does_not_matter),
	};
	return cmocka_run_group_tests(tests, owner_begin, owner_end);
}
