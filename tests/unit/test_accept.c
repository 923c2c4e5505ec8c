/* SPDX-License-Identifier: Apache-2.0
 * Which form a client gets: Accept by RFC 9110 section 12.5.1, what clients make of it, and format= before it. */
#include "api/accept.h"
#include "api/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define JSON "application/json"
#define NDJSON "application/x-ndjson"
#define CSV "text/csv; charset=utf-8"

/* The header lies in memory of just its size. */
static void weighs(const char *accept, const char *type, int weight)
{
	char *exact = strdup(accept);
	int found = accept_weight(exact, type);
	free(exact);
	if (found != weight)
		fail_msg("\"%s\" wants %s by %d instead of %d", accept, type, found, weight);
}

static void wants(const char *accept, const char *type)
{
	weighs(accept, type, ACCEPT_FULLY);
}

static void refuses(const char *accept, const char *type)
{
	weighs(accept, type, 0);
}

static void any_type_will_do_without_a_header(void **state)
{
	(void)state;
	assert_int_equal(accept_weight(NULL, JSON), ACCEPT_FULLY);
}

static void a_type_is_matched_whole_and_in_any_case(void **state)
{
	(void)state;
	wants("application/json", JSON);
	wants("APPLICATION/Json", JSON);
	wants("text/csv", CSV);
	wants("text/html , \t application/json", JSON);
	refuses("text/html", JSON);
	refuses("application/jso", JSON);
	refuses("application/json5", JSON);
	refuses("application/problem+json", JSON);
	refuses("xapplication/json", JSON);
	refuses("text/cs", CSV);
}

static void wildcards_match_what_they_name(void **state)
{
	(void)state;
	wants("*/*", JSON);
	wants("application/*", NDJSON);
	wants("TEXT/*", CSV);
	refuses("text/*", JSON);
	refuses("app/*", JSON);
	refuses("applications/*", JSON);
}

static void qualities_are_weights(void **state)
{
	(void)state;
	weighs("text/csv;q=0.5", CSV, 500000);
	weighs("text/csv;q=0.333", CSV, 333000);
	weighs("text/csv ; q=0.001", CSV, 1000);
	weighs("text/csv;Q=0.5", CSV, 500000);
	weighs("text/csv;charset=utf-8;q=0.5", CSV, 500000);
	weighs("text/csv;q=0.5;charset=utf-8", CSV, 500000);
	wants("text/csv;q=1", CSV);
	wants("text/csv;q=1.000", CSV);
}

static void nothing_is_not_acceptable(void **state)
{
	(void)state;
	refuses("application/json;q=0", JSON);
	refuses("application/json;q=0.0", JSON);
	refuses("application/json;q=0.", JSON);
	refuses("application/json;q=0.000", JSON);
	refuses("*/*;q=0", JSON);
	refuses("application/json;q=0, */*", JSON);
	refuses("*/*, application/json;q=0", JSON);
	wants("application/json, */*;q=0", JSON);
}

static void the_most_specific_range_wins(void **state)
{
	(void)state;
	/* the RFC's own example, for the types it has */
	static const char given[] = "text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, "
				    "text/plain;format=fixed;q=0.4, */*;q=0.5";
	weighs(given, "text/plain", 700000);
	weighs(given, "text/html", 300000);
	weighs(given, "image/jpeg", 500000);
	weighs("text/csv;q=0.1, text/csv;charset=utf-8;q=0.9", CSV, 900000);
	weighs("text/csv;charset=\"UTF-8\";q=0.2, text/csv, */*", CSV, 200000);
	weighs("*/*, text/*;q=0.2", CSV, 200000);
	weighs("text/csv;q=0.2, text/csv;q=0.7, text/csv;q=0.1", CSV, 700000);
}

static void parameters_we_do_not_know_count_last(void **state)
{
	(void)state;
	wants("application/json;version=2", JSON);
	wants("application/json;odata=\"a,b;q=0\"", JSON);
	wants("application/json;version=2;q=0, application/json", JSON);
	wants("application/json;version=2;q=0, */*", JSON);
	refuses("text/csv;header=absent", JSON);
	weighs("text/csv;charset=latin1, text/csv;q=0.3", CSV, 300000);
}

static void what_clients_really_send_is_understood(void **state)
{
	(void)state;
	static const char java[] = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2";
	static const char browser[] = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
				      "*/*;q=0.8,application/signed-exchange;v=b3;q=0.7";
	weighs(java, JSON, 200000);
	weighs(browser, JSON, 800000);
	weighs("application/json, text/plain, */*", CSV, ACCEPT_FULLY);
	weighs("*", JSON, ACCEPT_FULLY);
}

static void what_is_malformed_is_passed_over(void **state)
{
	static const char *const nothing[] = {"", " ", ",", " , ,\t", "json", "/", "/json", "application/", "a/b/c", "*/json",
					      "*x/y", "text csv", ";", ";q=0", "\"application/json\"", "(x)/y", "\xc3\xa4/x", "=,;"};
	(void)state;
	for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
		wants(nothing[i], JSON);
	wants("json, application/json;q=1", JSON);
	refuses("json, text/html", JSON);
	refuses(",,text/html,,", JSON);
	weighs(", ,application/json ;; q = 0.5 ;, ", JSON, 500000);
	wants("application/json;x=\"unclosed, text/html;q=0", JSON);
	wants("application/json;x=\"\\", JSON);
}

static void a_quality_that_is_no_number_is_one(void **state)
{
	static const char *const bad[] = {"", "high", "-1", "-0", "1e3", "0x0", ".", "0.5.5", "nan", "\"0\"", "+0", "2",
					  "10", "99999999999999999999", "1.5"};
	char accept[80];
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(accept, sizeof accept, "application/json;q=%s", bad[i]);
		wants(accept, JSON);
	}
	wants("application/json;q", JSON);
	weighs("application/json;q=0.0001", JSON, 100);
	weighs("application/json;q=0.99999999999999999999", JSON, 999999);
}

/* All short headers over the characters that mean something. */
static void whatever_comes_weighs_something(void **state)
{
	static const char letters[] = "a/*,;=q0\"\\ .";
	enum { LENGTH = 6, COUNT = sizeof letters - 1 };
	(void)state;
	for (unsigned long n = 0, end = 2985984 /* 12^6 */; n < end; n++) {
		char accept[LENGTH + 1] = "";
		unsigned long rest = n;
		for (int i = 0; i < LENGTH; i++, rest /= COUNT)
			accept[i] = letters[rest % COUNT];
		int weight = accept_weight(accept, "a/a");
		if (weight < 0 || weight > ACCEPT_FULLY)
			fail_msg("\"%s\" weighs %d", accept, weight);
	}
}

/* ---- forms ---- */

static const struct skd_plugin csv = {.is.report = {.format = "csv", .media_type = CSV}};
static const struct skd_plugin sheet = {.is.report = {.format = "xlsx", .media_type = "application/x-sheet"}};
static const struct route one = {"GET", "/api/v1/x/{id}"}, list = {"GET", "/api/v1/x", .columns = "id"},
			  many = {"GET", "/api/v1/y", .form = FORM_MANY};

static const char *form(const struct route *route, const char *accept)
{
	struct instance last = {.plugin = &sheet}, first = {.plugin = &csv, .next = &last};
	struct house house = {.formats = &first};
	return stream_accepted(&house, route, accept);
}

static void equals_go_by_the_order_of_what_is_offered(void **state)
{
	(void)state;
	assert_string_equal(form(&list, NULL), "json");
	assert_string_equal(form(&list, "*/*"), "json");
	assert_string_equal(form(&list, "text/csv, application/x-ndjson, application/json"), "json");
	assert_string_equal(form(&list, "text/csv, application/x-ndjson"), "ndjson");
	assert_string_equal(form(&list, "text/csv, application/*;q=0.9"), "csv");
	assert_string_equal(form(&list, "application/x-sheet, text/csv"), "csv");
	assert_string_equal(form(&list, "text/csv;q=0.5, application/json;q=0.4"), "csv");
	assert_string_equal(form(&many, "text/csv;q=0.5, application/x-ndjson;q=0.6"), "ndjson");
	assert_string_equal(form(&list, "application/json;q=0, */*"), "ndjson");
	assert_string_equal(form(&list, "application/x-sheet"), "xlsx");
}

static void what_a_route_has_not_is_not_accepted(void **state)
{
	(void)state;
	assert_string_equal(form(&one, "text/csv"), "");
	assert_string_equal(form(&one, "text/csv, */*;q=0.1"), "json");
	assert_string_equal(form(&list, "text/html"), "");
	assert_string_equal(form(&list, "*/*;q=0"), "");
}

static void format_beats_accept(void **state)
{
	(void)state;
	assert_true(stream_wanted(&list, NULL, "csv"));
	assert_true(stream_wanted(&list, "q=x", "ndjson"));
	assert_true(stream_wanted(&list, "q=x&format=csv", "json"));
	assert_true(stream_wanted(&list, "format=ndjson", ""));
	assert_false(stream_wanted(&list, "format=json", "csv"));
	assert_false(stream_wanted(&list, "xformat=csv&", "json"));
	assert_false(stream_wanted(&list, NULL, "json"));
	assert_false(stream_wanted(&list, NULL, ""));
	assert_false(stream_wanted(&one, "format=csv", ""));
}

static void every_list_of_the_table_comes_in_other_forms(void **state)
{
	(void)state;
	for (const struct route *route = routes; route->method; route++)
		if ((route->form & FORM_LIST) && !route->columns && !(route->form & FORM_MANY))
			fail_msg("%s comes as JSON only", route->path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_type_will_do_without_a_header),
		cmocka_unit_test(a_type_is_matched_whole_and_in_any_case),
		cmocka_unit_test(wildcards_match_what_they_name),
		cmocka_unit_test(qualities_are_weights),
		cmocka_unit_test(nothing_is_not_acceptable),
		cmocka_unit_test(the_most_specific_range_wins),
		cmocka_unit_test(parameters_we_do_not_know_count_last),
		cmocka_unit_test(what_clients_really_send_is_understood),
		cmocka_unit_test(what_is_malformed_is_passed_over),
		cmocka_unit_test(a_quality_that_is_no_number_is_one),
		cmocka_unit_test(whatever_comes_weighs_something),
		cmocka_unit_test(equals_go_by_the_order_of_what_is_offered),
		cmocka_unit_test(what_a_route_has_not_is_not_accepted),
		cmocka_unit_test(format_beats_accept),
		cmocka_unit_test(every_list_of_the_table_comes_in_other_forms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
