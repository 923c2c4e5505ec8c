/* SPDX-License-Identifier: Apache-2.0
 * The JSON writer: what it escapes, what it leaves out, where it puts commas; jansson reads it back. */
#include "base/json.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct page {
	struct text text;
	struct json json;
};

static int page_begin(void **state)
{
	struct page *page = talloc_zero(NULL, struct page);
	text_begin(&page->text, page, 1);
	json_begin(&page->json, &page->text);
	*state = page;
	return 0;
}

static int page_end(void **state)
{
	talloc_free(*state);
	return 0;
}

static void says(struct page *page, const char *wanted)
{
	assert_string_equal(text_end(&page->text), wanted);
}

static void commas_stand_between_members_only(void **state)
{
	struct page *page = *state;
	struct json *json = &page->json;
	put_object(json, NULL);
	put_array(json, "a");
	put_array_end(json);
	put_array(json, "b");
	put_int(json, NULL, 1);
	put_object(json, NULL);
	put_object_end(json);
	put_object(json, NULL);
	put_bool(json, "c", true);
	put_bool(json, "d", false);
	put_object_end(json);
	put_array(json, NULL);
	put_array(json, NULL);
	put_array_end(json);
	put_int(json, NULL, 2);
	put_array_end(json);
	put_array_end(json);
	put_int(json, "e", 3);
	put_object_end(json);
	says(page, "{\"a\":[],\"b\":[1,{},{\"c\":true,\"d\":false},[[],2]],\"e\":3}");
}

static void absent_is_left_out(void **state)
{
	struct page *page = *state;
	struct json *json = &page->json;
	put_object(json, NULL);
	put_string(json, "a", NULL);
	put_string(json, "b", "");
	put_string_n(json, "c", NULL, 0);
	put_string_n(json, "d", "xyz", 0);
	put_time(json, "e", TIME_NEVER);
	put_named(json, "f", NULL, "name", "nobody");
	put_named(json, "g", "", "name", "nobody");
	put_named(json, "h", "1", "name", NULL);
	put_named(json, "i", "2", "label", "two");
	put_object_end(json);
	says(page, "{\"h\":{\"id\":\"1\"},\"i\":{\"id\":\"2\",\"label\":\"two\"}}");
}

static void nothing_is_left_out_of_an_array(void **state)
{
	struct page *page = *state;
	struct json *json = &page->json;
	put_array(json, NULL);
	put_string(json, NULL, "");
	put_string(json, NULL, NULL);
	put_string(json, NULL, "a");
	put_array_end(json);
	says(page, "[\"\",\"\",\"a\"]");
}

static void numbers_and_times_are_written_whole(void **state)
{
	struct page *page = *state;
	struct json *json = &page->json;
	put_array(json, NULL);
	put_int(json, NULL, INT64_MIN);
	put_int(json, NULL, INT64_MAX);
	put_int(json, NULL, 0);
	put_time(json, NULL, 0);
	put_time(json, NULL, 1500000);
	put_raw(json, NULL, "{\"x\":1}", 7);
	put_array_end(json);
	says(page, "[-9223372036854775808,9223372036854775807,0,\"1970-01-01T00:00:00Z\",\"1970-01-01T00:00:01.5Z\","
		   "{\"x\":1}]");
}

static void what_json_forbids_in_strings_is_escaped(void **state)
{
	struct page *page = *state;
	put_string(&page->json, NULL, "a\"b\\c/d\n\t\r\b\f\v\x01\x1f\x7f\xc5\x81\xe2\x80\xa8");
	says(page, "\"a\\\"b\\\\c/d\\n\\t\\r\\b\\f\\u000b\\u0001\\u001f\x7f\xc5\x81\xe2\x80\xa8\"");
}

static void every_byte_comes_back(void **state)
{
	struct page *page = *state;
	char bytes[129], *at = bytes;
	for (int c = 0; c < 128; c++)
		*at++ = (char)c;
	put_string_n(&page->json, NULL, bytes, 128);
	json_error_t error;
	json_t *read = json_loadb(page->text.bytes, page->text.size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
	assert_non_null(read);
	assert_int_equal(json_string_length(read), 128);
	assert_memory_equal(json_string_value(read), bytes, 128);
	json_decref(read);
}

static void every_byte_comes_back_from_wherever_it_stood(void **state)
{
	struct page *page = *state;
	char bytes[20];
	for (int c = 0; c < 128; c++)
		for (size_t place = 0; place < sizeof bytes; place++) {
			memset(bytes, 'x', sizeof bytes);
			bytes[place] = (char)c;
			page->text.size = 0;
			json_begin(&page->json, &page->text);
			put_string_n(&page->json, NULL, bytes, sizeof bytes);
			json_t *read = json_loadb(page->text.bytes, page->text.size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
			assert_non_null(read);
			assert_int_equal(json_string_length(read), sizeof bytes);
			assert_memory_equal(json_string_value(read), bytes, sizeof bytes);
			json_decref(read);
		}
}

static void long_strings_fit(void **state)
{
	struct page *page = *state;
	static char big[100001];
	memset(big, 1, sizeof big - 1);
	put_array(&page->json, NULL);
	put_string(&page->json, NULL, big);
	put_string(&page->json, NULL, "end");
	put_array_end(&page->json);
	const char *written = text_end(&page->text);
	assert_int_equal(strlen(written), 1 + 100000 * 6 + 2 + 1 + 5 + 1);
	assert_string_equal(written + strlen(written) - 7, ",\"end\"]");
}

static void several_documents_may_follow_each_other(void **state)
{
	struct page *page = *state;
	for (int i = 0; i < 2; i++) {
		json_begin(&page->json, &page->text);
		put_object(&page->json, NULL);
		put_int(&page->json, "i", i);
		put_object_end(&page->json);
		text_add(&page->text, "\n", 1);
	}
	says(page, "{\"i\":0}\n{\"i\":1}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(commas_stand_between_members_only, page_begin, page_end),
		cmocka_unit_test_setup_teardown(absent_is_left_out, page_begin, page_end),
		cmocka_unit_test_setup_teardown(nothing_is_left_out_of_an_array, page_begin, page_end),
		cmocka_unit_test_setup_teardown(numbers_and_times_are_written_whole, page_begin, page_end),
		cmocka_unit_test_setup_teardown(what_json_forbids_in_strings_is_escaped, page_begin, page_end),
		cmocka_unit_test_setup_teardown(every_byte_comes_back, page_begin, page_end),
		cmocka_unit_test_setup_teardown(every_byte_comes_back_from_wherever_it_stood, page_begin, page_end),
		cmocka_unit_test_setup_teardown(long_strings_fit, page_begin, page_end),
		cmocka_unit_test_setup_teardown(several_documents_may_follow_each_other, page_begin, page_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
