/* SPDX-License-Identifier: Apache-2.0
 * RFC 8785: its own examples (3.2.3, 3.2.4, Appendix B), the order of names, what is no canonical JSON. */
#include "sign/canon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static int call_begin(void **state)
{
	*state = call_new("test", 1000);
	return 0;
}

static int call_end(void **state)
{
	talloc_free(*state);
	return 0;
}

static const char *canonical(struct skd_call *call, const char *bytes)
{
	json_t *json;
	struct text text;
	text_begin(&text, call, 16);
	if (canon_read(call, "it", bytes, strlen(bytes), &json) != SKD_OK || canon_write(call, json, &text) != SKD_OK)
		return call->sentence;
	return text_end(&text);
}

/* Appendix B, and powers of two below which numbers lie closer than above. */
static const struct {
	uint64_t bits;
	const char *text;
} numbers[] = {
	{0x0000000000000000, "0"},
	{0x8000000000000000, "0"},
	{0x0000000000000001, "5e-324"},
	{0x8000000000000001, "-5e-324"},
	{0x7fefffffffffffff, "1.7976931348623157e+308"},
	{0xffefffffffffffff, "-1.7976931348623157e+308"},
	{0x4340000000000000, "9007199254740992"},
	{0xc340000000000000, "-9007199254740992"},
	{0x4430000000000000, "295147905179352830000"},
	{0x44b52d02c7e14af5, "9.999999999999997e+22"},
	{0x44b52d02c7e14af6, "1e+23"},
	{0x44b52d02c7e14af7, "1.0000000000000001e+23"},
	{0x444b1ae4d6e2ef4e, "999999999999999700000"},
	{0x444b1ae4d6e2ef4f, "999999999999999900000"},
	{0x444b1ae4d6e2ef50, "1e+21"},
	{0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
	{0x3eb0c6f7a0b5ed8d, "0.000001"},
	{0x41b3de4355555553, "333333333.3333332"},
	{0x41b3de4355555554, "333333333.33333325"},
	{0x41b3de4355555555, "333333333.3333333"},
	{0x41b3de4355555556, "333333333.3333334"},
	{0x41b3de4355555557, "333333333.33333343"},
	{0xbecbf647612f3696, "-0.0000033333333333333333"},
	{0x43143ff3c1cb0959, "1424953923781206.2"},
	{0x3d30000000000000, "5.684341886080802e-14"},
	{0x0010000000000000, "2.2250738585072014e-308"},
	{0x3ff0000000000000, "1"},
};

static void numbers_are_written_as_ecmascript_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		double number;
		char text[NUMBER_SIZE];
		memcpy(&number, &numbers[i].bits, sizeof number);
		size_t size = canon_number(number, text);
		assert_string_equal(text, numbers[i].text);
		assert_int_equal(size, strlen(text));
	}
}

static void one_number_has_one_spelling(void **state)
{
	assert_string_equal(canonical(*state, "[1.0,1e0,10e-1,1,-0,-0.0,0e9,1E30,4.50,2e-3]"),
			    "[1,1,1,1,0,0,0,1e+30,4.5,0.002]");
	assert_string_equal(canonical(*state, "[9007199254740993,-9007199254740993,100000000000000000000,1e21]"),
			    "[9007199254740992,-9007199254740992,100000000000000000000,1e+21]");
	assert_string_equal(canonical(*state, "[1e-7,123456789012345678901234567890,0.1,1.1e-6,12.5]"),
			    "[1e-7,1.2345678901234568e+29,0.1,0.0000011,12.5]");
}

static void names_are_in_the_order_of_their_utf_16(void **state)
{
	assert_string_equal(canonical(*state, "{\"\xef\xac\xb3\":6,\"\xf0\x9f\x98\x82\":5,\"\xe2\x82\xac\":4,\"\xc3\xb6\":3,"
					      "\"1\":1,\"\\r\":0,\"aa\":2,\"a\":2,\"\":-1,\"\xee\x80\x80\":6}"),
			    "{\"\":-1,\"\\r\":0,\"1\":1,\"a\":2,\"aa\":2,\"\xc3\xb6\":3,\"\xe2\x82\xac\":4,"
			    "\"\xf0\x9f\x98\x82\":5,\"\xee\x80\x80\":6,\"\xef\xac\xb3\":6}");
}

static void strings_are_escaped_no_more_than_they_must(void **state)
{
	assert_string_equal(canonical(*state, "\"\\u0000\\u0008\\u0009\\u000a\\u000b\\u000c\\u000d\\u001F\\u0022\\u005C\\/\\u007f"
					      "\\u20ac\\ud83d\\ude02A\\u030a\""),
			    "\"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\\\"\\\\/\x7f\xe2\x82\xac\xf0\x9f\x98\x82"
			    "A\xcc\x8a\"");
}

static void space_goes_and_order_in_arrays_stays(void **state)
{
	assert_string_equal(canonical(*state, " { \"b\" : [ 3 , { } , [ ] , null , true , false , 1 ] ,\n\"a\" :\t{ } } "),
			    "{\"a\":{},\"b\":[3,{},[],null,true,false,1]}");
}

static void what_no_two_readers_read_alike_is_refused(void **state)
{
	static const char *const wrong[] = {"",	       "{",	 "{\"a\":1,\"a\":2}",	   "{\"a\":1,\"\\u0061\":2}",
					    "[1,]",    "1 2",	 "\"\\ud83d\"",		   "\"\\ude02\\ud83d\"",
					    "\"\xff\"", "1e400", "\"\xed\xa0\xbd\"",	   "NaN",
					    "01",      "+1",	 "{\"a\\u0000b\":1}",	   "'a'",
					    "\xef\xbb\xbf{}", "[1]x", "\"a\nb\"", "// a\n1"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		json_t *json;
		assert_int_equal(canon_read(*state, "it", wrong[i], strlen(wrong[i]), &json), SKD_BAD_INPUT);
		assert_non_null(((struct skd_call *)*state)->sentence);
		assert_false(canon_is(wrong[i], strlen(wrong[i])));
		call_forgive(*state);
	}
}

static const char *nested(void *owner, int depth)
{
	char *bytes = talloc_zero_size(owner, (size_t)depth * 2 + 1);
	memset(bytes, '[', (size_t)depth);
	memset(bytes + depth, ']', (size_t)depth);
	return bytes;
}

static void depth_is_bounded(void **state)
{
	const char *just = nested(*state, CANON_DEPTH);
	assert_string_equal(canonical(*state, just), just);
	assert_string_equal(canonical(*state, nested(*state, CANON_DEPTH + 1)), "it is nested deeper than 64");
	call_forgive(*state);
	assert_non_null(strstr(canonical(*state, nested(*state, 100000)), "it is not JSON"));
}

static void canonical_bytes_are_known(void **state)
{
	static const char good[] = "{\"a\":[1,\"\xc3\xb6\\n\",0.5],\"b\":{\"c\":null}}";
	static const char *const other[] = {"{\"b\":1,\"a\":2}", "{\"a\": 1}", "[1.0]", "[\"\\u00f6\"]", "[\"\\/\"]",
					    "[\"\\u000a\"]",	 "[-0]",       "[1]\n", "[1e3]"};
	(void)state;
	assert_true(canon_is(good, strlen(good)));
	for (size_t i = 0; i < sizeof other / sizeof *other; i++)
		assert_false(canon_is(other[i], strlen(other[i])));
}

/* Sorting must not be what a hostile document makes slow. */
static void many_names_are_sorted(void **state)
{
	struct text text;
	json_t *json, *again;
	text_begin(&text, *state, 16);
	text_adds(&text, "{");
	for (int i = 0; i < 20000; i++)
		text_addf(&text, "%s\"%d\":%d", i ? "," : "", 20000 - i, i);
	text_adds(&text, "}");
	assert_int_equal(canon_read(*state, "it", text.bytes, text.size, &json), SKD_OK);
	text_begin(&text, *state, 16);
	assert_int_equal(canon_write(*state, json, &text), SKD_OK);
	assert_true(canon_is(text.bytes, text.size));
	assert_int_equal(canon_read(*state, "it", text.bytes, text.size, &again), SKD_OK);
	assert_true(json_equal(json, again));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_written_as_ecmascript_does),
		cmocka_unit_test_setup_teardown(one_number_has_one_spelling, call_begin, call_end),
		cmocka_unit_test_setup_teardown(names_are_in_the_order_of_their_utf_16, call_begin, call_end),
		cmocka_unit_test_setup_teardown(strings_are_escaped_no_more_than_they_must, call_begin, call_end),
		cmocka_unit_test_setup_teardown(space_goes_and_order_in_arrays_stays, call_begin, call_end),
		cmocka_unit_test_setup_teardown(what_no_two_readers_read_alike_is_refused, call_begin, call_end),
		cmocka_unit_test_setup_teardown(depth_is_bounded, call_begin, call_end),
		cmocka_unit_test(canonical_bytes_are_known),
		cmocka_unit_test_setup_teardown(many_names_are_sorted, call_begin, call_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
