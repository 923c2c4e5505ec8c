/* SPDX-License-Identifier: Apache-2.0
 * What clients send, against field tables: every form, every refusal, and the name each complaint carries. */
#include "base/fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TEXT, SECRET, UUID, INT, BOOL, TIME, ENUM, URL, PERIOD, REF, TEXTS, JSON, COUNT };

static const struct field table[] = {
	[TEXT] = {"text", FIELD_TEXT, .most = 10},
	[SECRET] = {"secret", FIELD_SECRET},
	[UUID] = {"uuid", FIELD_UUID},
	[INT] = {"int", FIELD_INT, .least = -5, .most = 500},
	[BOOL] = {"bool", FIELD_BOOL},
	[TIME] = {"time", FIELD_TIME},
	[ENUM] = {"enum", FIELD_ENUM, .words = "draft|published|archived"},
	[URL] = {"url", FIELD_URL},
	[PERIOD] = {"period", FIELD_PERIOD},
	[REF] = {"ref", FIELD_REF},
	[TEXTS] = {"texts", FIELD_TEXTS, .most = 10},
	[JSON] = {"json", FIELD_JSON},
	[COUNT] = {NULL},
};

/* One thing sent and what came of it. */
struct sent {
	struct skd_call *call;
	struct value values[COUNT];
	enum skd_outcome outcome;
};

static int sent_begin(void **state)
{
	struct sent *sent = calloc(1, sizeof *sent);
	sent->call = call_new("test", 1000);
	*state = sent;
	return 0;
}

static int sent_end(void **state)
{
	struct sent *sent = *state;
	talloc_free(sent->call);
	free(sent);
	return 0;
}

static void forget(struct sent *sent)
{
	call_forgive(sent->call);
	memset(sent->values, 0, sizeof sent->values);
}

/* The query lies in memory of just its size. */
static const struct value *query(struct sent *sent, const char *text)
{
	char *exact = strdup(text);
	forget(sent);
	sent->outcome = fields_query(sent->call, table, exact, sent->values);
	free(exact);
	return sent->values;
}

static void parse(struct sent *sent, const char *text, size_t size, bool patch)
{
	json_t *object;
	char *exact = malloc(size ? size : 1);
	memcpy(exact, text, size);
	forget(sent);
	sent->outcome = fields_parse(sent->call, exact, size, &object);
	if (sent->outcome == SKD_OK)
		sent->outcome = fields_object(sent->call, table, "", object, patch, sent->values);
	free(exact);
}

static const struct value *body(struct sent *sent, const char *text)
{
	parse(sent, text, strlen(text), false);
	return sent->values;
}

static const struct value *patch(struct sent *sent, const char *text)
{
	parse(sent, text, strlen(text), true);
	return sent->values;
}

static void is_refused(struct sent *sent, const char *field, const char *message)
{
	assert_int_equal(sent->outcome, SKD_BAD_INPUT);
	assert_int_equal(sent->call->error_count, 1);
	assert_string_equal(sent->call->errors[0].field, field);
	assert_string_equal(sent->call->errors[0].message, message);
}

static void is_no_object(struct sent *sent, const char *bytes, size_t size, const char *sentence)
{
	parse(sent, bytes, size, false);
	assert_int_equal(sent->outcome, SKD_BAD_INPUT);
	if (sent->call->error_count)
		fail_msg("%s", sent->call->sentence);
	if (!strstr(sent->call->sentence, sentence))
		fail_msg("\"%s\" does not say \"%s\"", sent->call->sentence, sentence);
}

/* ---- the query ---- */

static void an_empty_query_gives_nothing(void **state)
{
	static const char *const empty[] = {"", "&", "&&&"};
	struct sent *sent = *state;
	for (size_t i = 0; i < 3; i++) {
		assert_false(query(sent, empty[i])[TEXT].given);
		assert_int_equal(sent->outcome, SKD_OK);
	}
	assert_int_equal(fields_query(sent->call, table, NULL, sent->values), SKD_OK);
	assert_int_equal(fields_query(sent->call, NULL, "", sent->values), SKD_OK);
}

static void every_type_is_read_from_a_query(void **state)
{
	struct sent *sent = *state;
	const struct value *v =
		query(sent, "text=a+b%20c&secret=%26%3d&uuid=019AA6E1-7708-7B41-9C02-44D1E8A0B3C5&int=-5&bool=true"
			    "&time=1970-01-01T00:00:01Z&enum=published&url=https://x.example/%C5%81&period=P2Y&ref=SW-1");
	assert_int_equal(sent->outcome, SKD_OK);
	assert_string_equal(v[TEXT].text, "a b c");
	assert_string_equal(v[SECRET].text, "&=");
	assert_string_equal(v[UUID].text, "019aa6e1-7708-7b41-9c02-44d1e8a0b3c5");
	assert_int_equal(v[INT].number, -5);
	assert_int_equal(v[BOOL].number, 1);
	assert_int_equal(v[TIME].number, 1000000);
	assert_string_equal(v[ENUM].text, "published");
	assert_string_equal(v[URL].text, "https://x.example/\xc5\x81");
	assert_string_equal(v[PERIOD].text, "P2Y");
	assert_string_equal(v[REF].text, "SW-1");
	assert_false(v[TEXTS].given);
	assert_int_equal(query(sent, "bool=false")[BOOL].number, 0);
	assert_true(sent->values[BOOL].given);
}

static void texts_may_repeat_and_nothing_else(void **state)
{
	struct sent *sent = *state;
	const struct value *v = query(sent, "texts=a&texts=b&text=c&texts=a");
	assert_int_equal(sent->outcome, SKD_OK);
	assert_int_equal(v[TEXTS].count, 3);
	assert_string_equal(v[TEXTS].texts[0], "a");
	assert_string_equal(v[TEXTS].texts[1], "b");
	assert_string_equal(v[TEXTS].texts[2], "a");
	query(sent, "text=a&int=1&text=a");
	is_refused(sent, "text", "is given more than once");
	query(sent, "bool=true&bool=true");
	is_refused(sent, "bool", "is given more than once");
}

static void unknown_parameters_are_named(void **state)
{
	struct sent *sent = *state;
	query(sent, "txet=a");
	is_refused(sent, "txet", "is not a parameter here");
	query(sent, "text=a&=b");
	is_refused(sent, "", "is not a parameter here");
	query(sent, "t%65xt%20=a");
	is_refused(sent, "text ", "is not a parameter here");
	query(sent, "Text=a");
	is_refused(sent, "Text", "is not a parameter here");
	forget(sent);
	sent->outcome = fields_query(sent->call, NULL, "any", sent->values);
	is_refused(sent, "any", "is not a parameter here");
}

static void bad_percent_encoding_is_refused(void **state)
{
	static const char *const bad[] = {"text=%", "text=%4", "text=%zz", "text=%4g", "text=a%", "text=%00", "text=a%00b",
					  "text=%ff", "text=%c0%80", "text=%ed%a0%80", "text=%C5"};
	struct sent *sent = *state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		query(sent, bad[i]);
		is_refused(sent, "text", "is not percent-encoded UTF-8");
	}
	query(sent, "te%xt=a");
	is_refused(sent, "?", "the query is not percent-encoded UTF-8");
	query(sent, "te\xff=a");
	is_refused(sent, "?", "the query is not percent-encoded UTF-8");
}

static void every_type_refuses_what_it_is_not(void **state)
{
	static const struct {
		const char *query, *field, *message;
	} bad[] = {
		{"text=", "text", "must not be empty"},
		{"text", "text", "must not be empty"},
		{"text=a%07", "text", "must not hold control characters"},
		{"text=%7f", "text", "must not hold control characters"},
		{"text=a%c2%9b31m", "text", "must not hold control characters"},
		{"text=01234567890", "text", "must have at most 10 characters"},
		{"uuid=1", "uuid", "must be a UUID"},
		{"uuid=", "uuid", "must be a UUID"},
		{"int=", "int", "must be a whole number"},
		{"int=1.0", "int", "must be a whole number"},
		{"int=0x10", "int", "must be a whole number"},
		{"int=1e2", "int", "must be a whole number"},
		{"int=+1", "int", "must be a whole number"},
		{"int=%2b1", "int", "must be a whole number"},
		{"int=%201", "int", "must be a whole number"},
		{"int=1%20", "int", "must be a whole number"},
		{"int=-", "int", "must be a whole number"},
		{"int=99999999999999999999999", "int", "must be a whole number"},
		{"int=-6", "int", "must be from -5 to 500"},
		{"int=501", "int", "must be from -5 to 500"},
		{"bool=yes", "bool", "must be true or false"},
		{"bool=TRUE", "bool", "must be true or false"},
		{"bool=", "bool", "must be true or false"},
		{"time=yesterday", "time", "must be a time such as 2026-01-31T09:00:00Z, or a date"},
		{"enum=", "enum", "must be one of draft|published|archived"},
		{"enum=draf", "enum", "must be one of draft|published|archived"},
		{"enum=draft%7Cpublished", "enum", "must be one of draft|published|archived"},
		{"enum=Draft", "enum", "must be one of draft|published|archived"},
		{"url=ftp://x", "url", "must be an http or https address"},
		{"url=javascript:alert(1)", "url", "must be an http or https address"},
		{"url=https://", "url", "must be an http or https address"},
		{"url=https:///x", "url", "must be an http or https address"},
		{"url=https://x/%20", "url", "must be an http or https address"},
		{"url=https://x/%22", "url", "must be an http or https address"},
		{"url=https://x/%0a", "url", "must be an http or https address"},
		{"period=2y", "period", "must be a period such as P2Y"},
		{"ref=", "ref", "must not be empty"},
		{"texts=a&texts=", "texts", "must not be empty"},
	};
	struct sent *sent = *state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		query(sent, bad[i].query);
		if (sent->outcome == SKD_OK)
			fail_msg("%s is taken", bad[i].query);
		is_refused(sent, bad[i].field, bad[i].message);
	}
}

static void limits_count_characters_and_not_bytes(void **state)
{
	struct sent *sent = *state;
	query(sent, "text=%C5%81%C5%81%C5%81%C5%81%C5%81%C5%81%C5%81%C5%81%C5%81%C5%81");
	assert_int_equal(sent->outcome, SKD_OK);
	query(sent, "text=%C5%81%C5%81%C5%81%C5%81%C5%81%C5%81%C5%81%C5%81%C5%81%C5%81%C5%81");
	is_refused(sent, "text", "must have at most 10 characters");
	char *big = malloc(600);
	memcpy(big, "ref=", 4);
	memset(big + 4, 'a', 501);
	big[504] = '\0';
	query(sent, big);
	assert_int_equal(sent->outcome, SKD_OK);
	memcpy(big + 504, "a", 2);
	query(sent, big);
	is_refused(sent, "ref", "must have at most 500 characters");
	free(big);
}

static void complaints_have_an_end(void **state)
{
	struct sent *sent = *state;
	char *many = calloc(1, 10000), *at = many;
	for (int i = 0; i < 1000; i++)
		at += sprintf(at, "x%d=1&", i);
	query(sent, many);
	assert_int_equal(sent->outcome, SKD_BAD_INPUT);
	assert_int_equal(sent->call->error_count, 20);
	assert_string_equal(sent->call->sentence, "x0: is not a parameter here");
	free(many);
}

/* ---- bodies ---- */

static void every_type_is_read_from_a_body(void **state)
{
	struct sent *sent = *state;
	const struct value *v =
		body(sent, "{\"text\":\"a\\tb\\n\",\"secret\":\"\",\"uuid\":\"019AA6E1-7708-7B41-9C02-44D1E8A0B3C5\",\"int\":500,"
			   "\"bool\":false,\"time\":\"1970-01-02\",\"enum\":\"archived\",\"url\":\"http://x\",\"period\":\"P6M\","
			   "\"ref\":{\"id\":\"SW-1\",\"label\":\"ignored\"},\"texts\":[\"a\",\"b\"],\"json\":[1,{\"a\":null}]}");
	assert_int_equal(sent->outcome, SKD_OK);
	assert_string_equal(v[TEXT].text, "a\tb\n");
	assert_string_equal(v[SECRET].text, "");
	assert_string_equal(v[UUID].text, "019aa6e1-7708-7b41-9c02-44d1e8a0b3c5");
	assert_int_equal(v[INT].number, 500);
	assert_true(v[BOOL].given);
	assert_int_equal(v[BOOL].number, 0);
	assert_int_equal(v[TIME].number, INT64_C(86400000000));
	assert_string_equal(v[REF].text, "SW-1");
	assert_int_equal(v[TEXTS].count, 2);
	assert_string_equal(v[TEXTS].texts[1], "b");
	assert_int_equal(json_array_size(v[JSON].json), 2);
	assert_string_equal(body(sent, " {\"ref\":\"SW-1\"} ")[REF].text, "SW-1");
	assert_int_equal(body(sent, "{\"texts\":[]}")[TEXTS].count, 0);
	assert_true(sent->values[TEXTS].given);
}

static void what_is_no_json_object_is_refused(void **state)
{
	static const char *const bad[] = {"", " ", "{", "{]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "{'a':1}", "{} {}", "{}x",
					  "{\"text\":\"\xff\"}", "{\"text\":\"\xed\xa0\x80\"}", "{\"text\":\"a\nb\"}",
					  "{\"\\u0000\":1}", "{\"text\":\"\\ud800\"}", "{\"int\":01}", "{\"int\":NaN}",
					  "{\"int\":99999999999999999999}", "{\"int\":1e999}", "\xef\xbb\xbf{}"};
	struct sent *sent = *state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		is_no_object(sent, bad[i], strlen(bad[i]), "the body is not JSON");
	is_no_object(sent, "{}\0", 3, "the body is not JSON");
	is_no_object(sent, "[]", 2, "the body must be a JSON object");
	is_no_object(sent, "7", 1, "the body must be a JSON object");
	is_no_object(sent, "null", 4, "the body must be a JSON object");
	is_no_object(sent, "[{\"text\":\"a\"}]", 14, "the body must be a JSON object");
}

/* A password stands in such bodies: the sentence goes to a client and into logs. */
static void a_broken_body_is_not_quoted(void **state)
{
	static const char *const bad[] = {"{\"secret\":\"hunter2", "{\"secret\":\"hunter2\" x", "{\"secret\":hunter2}",
					  "{\"secret\":\"hunter2\",\"secret\":\"hunter2\"}", "{\"secret\":\"hunter2\\q\"}",
					  "{\"hunter2\":1,\"hunter2\":2}"};
	struct sent *sent = *state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		is_no_object(sent, bad[i], strlen(bad[i]), "the body is not JSON");
		if (strstr(sent->call->sentence, "hunter2"))
			fail_msg("%s", sent->call->sentence);
	}
}

static void duplicate_keys_are_refused(void **state)
{
	static const char twice[] = "{\"text\":\"a\",\"text\":\"a\"}", within[] = "{\"json\":{\"a\":1,\"b\":2,\"\\u0061\":3}}";
	is_no_object(*state, twice, strlen(twice), "duplicate");
	is_no_object(*state, within, strlen(within), "duplicate");
}

static void depth_and_size_have_an_end(void **state)
{
	struct sent *sent = *state;
	char *deep = calloc(1, 100000), *at = deep;
	at += sprintf(at, "{\"secret\":\"\\\"[[[[[[[[[[[[[[[[[[[[,,,,\",\"json\":");
	memset(at, '[', 16);
	memset(at + 16, ']', 16);
	strcpy(at + 32, "}");
	body(sent, deep);
	assert_int_equal(sent->outcome, SKD_OK);
	memset(at, '[', 17);
	memset(at + 17, ']', 17);
	strcpy(at + 34, "}");
	is_no_object(sent, deep, strlen(deep), "nested deeper than 16");
	memset(at, '[', 90000); /* what is said before it is parsed */
	is_no_object(sent, deep, strlen(deep), "nested deeper than 16");
	at += sprintf(at, "[0");
	for (int i = 0; i < 19996; i++)
		at += sprintf(at, ",0");
	strcpy(at, "]}");
	body(sent, deep);
	assert_int_equal(sent->outcome, SKD_OK);
	strcpy(at, ",0");
	is_no_object(sent, deep, strlen(deep), "more than 20000 elements");
	free(deep);
}

static void unknown_fields_are_named_by_pointer(void **state)
{
	struct sent *sent = *state;
	body(sent, "{\"text\":\"a\",\"nmae\":1}");
	is_refused(sent, "/nmae", "is not a field here");
	body(sent, "{\"a/b~c~1\":1}");
	is_refused(sent, "/a~1b~0c~01", "is not a field here");
	body(sent, "{\"\":1}");
	is_refused(sent, "/", "is not a field here");
	body(sent, "{\"x\":1,\"y\":2}");
	assert_int_equal(sent->call->error_count, 2);
}

static void pointers_begin_where_the_object_is(void **state)
{
	struct sent *sent = *state;
	json_t *object;
	static const char text[] = "{\"int\":\"1\"}";
	assert_int_equal(fields_parse(sent->call, text, strlen(text), &object), SKD_OK);
	sent->outcome = fields_object(sent->call, table, "/skills/0", object, false, sent->values);
	is_refused(sent, "/skills/0/int", "must be a whole number");
}

static void members_of_another_type_are_refused(void **state)
{
	static const struct {
		const char *body, *field, *message;
	} bad[] = {
		{"{\"text\":1}", "/text", "must be a string"},
		{"{\"text\":[\"a\"]}", "/text", "must be a string"},
		{"{\"text\":null}", "/text", "must not be null"},
		{"{\"text\":\"\"}", "/text", "must not be empty"},
		{"{\"text\":\"\\u0001\"}", "/text", "must not hold control characters"},
		{"{\"text\":\"a\\u0000b\"}", "/text", "must not hold control characters"},
		{"{\"text\":\"\\\\u0000\",\"ref\":{\"id\":\"\\u0000\"}}", "/ref/id", "must not hold control characters"},
		{"{\"json\":[1,{\"a/b\":[\"\",\"x\\u0000\"]}]}", "/json/1/a~1b/1", "must not hold control characters"},
		{"{\"secret\":true}", "/secret", "must be a string"},
		{"{\"int\":\"1\"}", "/int", "must be a whole number"},
		{"{\"int\":1.0}", "/int", "must be a whole number"},
		{"{\"int\":true}", "/int", "must be a whole number"},
		{"{\"int\":501}", "/int", "must be from -5 to 500"},
		{"{\"int\":-9223372036854775808}", "/int", "must be from -5 to 500"},
		{"{\"bool\":\"true\"}", "/bool", "must be true or false"},
		{"{\"bool\":1}", "/bool", "must be true or false"},
		{"{\"time\":0}", "/time", "must be a string"},
		{"{\"enum\":\"x\"}", "/enum", "must be one of draft|published|archived"},
		{"{\"enum\":\"draft|published\"}", "/enum", "must be one of draft|published|archived"},
		{"{\"ref\":1}", "/ref", "must be a string or an object with an id"},
		{"{\"ref\":{}}", "/ref", "must be a string or an object with an id"},
		{"{\"ref\":{\"id\":1}}", "/ref", "must be a string or an object with an id"},
		{"{\"ref\":{\"id\":\"\"}}", "/ref", "must not be empty"},
		{"{\"texts\":\"a\"}", "/texts", "must be an array of strings"},
		{"{\"texts\":[\"a\",2]}", "/texts/1", "must be a string"},
		{"{\"texts\":[\"a\",\"b\",\"\"]}", "/texts/2", "must not be empty"},
		{"{\"texts\":[null]}", "/texts/0", "must be a string"},
		{"{\"json\":null}", "/json", "must not be null"},
	};
	struct sent *sent = *state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		body(sent, bad[i].body);
		if (sent->outcome == SKD_OK)
			fail_msg("%s is taken", bad[i].body);
		is_refused(sent, bad[i].field, bad[i].message);
	}
}

/* ---- required, null, patches ---- */

static const struct field two[] = {{"name", FIELD_TEXT, true}, {"note", FIELD_TEXT}, {NULL}};

static void two_read(struct sent *sent, const char *text, bool patch)
{
	json_t *object;
	forget(sent);
	assert_int_equal(fields_parse(sent->call, text, strlen(text), &object), SKD_OK);
	sent->outcome = fields_object(sent->call, two, "", object, patch, sent->values);
}

static void required_fields_are_missed(void **state)
{
	struct sent *sent = *state;
	two_read(sent, "{\"note\":\"a\"}", false);
	is_refused(sent, "/name", "is required");
	two_read(sent, "{\"name\":null}", false);
	is_refused(sent, "/name", "must not be null");
}

static void a_patch_requires_nothing_and_null_removes(void **state)
{
	struct sent *sent = *state;
	two_read(sent, "{}", true);
	assert_int_equal(sent->outcome, SKD_OK);
	two_read(sent, "{\"note\":null}", true);
	assert_int_equal(sent->outcome, SKD_OK);
	assert_true(sent->values[1].given);
	assert_true(sent->values[1].null);
	assert_null(sent->values[1].text);
	assert_false(sent->values[0].given);
	two_read(sent, "{\"name\":null}", true);
	is_refused(sent, "/name", "must not be null");
	assert_true(patch(sent, "{\"json\":null}")[JSON].null);
	assert_int_equal(sent->outcome, SKD_OK);
	patch(sent, "{\"texts\":[null]}");
	is_refused(sent, "/texts/0", "must be a string");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, sent_begin, sent_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_empty_query_gives_nothing),
		TEST(every_type_is_read_from_a_query),
		TEST(texts_may_repeat_and_nothing_else),
		TEST(unknown_parameters_are_named),
		TEST(bad_percent_encoding_is_refused),
		TEST(every_type_refuses_what_it_is_not),
		TEST(limits_count_characters_and_not_bytes),
		TEST(complaints_have_an_end),
		TEST(every_type_is_read_from_a_body),
		TEST(what_is_no_json_object_is_refused),
		TEST(a_broken_body_is_not_quoted),
		TEST(duplicate_keys_are_refused),
		TEST(depth_and_size_have_an_end),
		TEST(unknown_fields_are_named_by_pointer),
		TEST(pointers_begin_where_the_object_is),
		TEST(members_of_another_type_are_refused),
		TEST(required_fields_are_missed),
		TEST(a_patch_requires_nothing_and_null_removes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
