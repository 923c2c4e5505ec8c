/* SPDX-License-Identifier: Apache-2.0
 * From raw targets to the daemon's own routes: what a decoder behind us could read otherwise goes nowhere. */
#include "api/match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

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

static struct matched matched;

/* The target lies in memory of just its size; what is matched must not point into the route table. */
static enum match match(void **state, const char *method, const char *target)
{
	char *exact = talloc_strdup(*state, target);
	return match_target(*state, method, exact, &matched);
}

static void is_route(void **state, const char *method, const char *target, const char *path)
{
	if (match(state, method, target) != MATCH_ROUTE)
		fail_msg("%s %s is no route", method, target);
	assert_string_equal(matched.route->path, path);
	assert_string_equal(matched.route->method, strcmp(method, "HEAD") == 0 ? "GET" : method);
}

static void is_malformed(void **state, const char *target)
{
	if (match(state, "GET", target) != MATCH_MALFORMED)
		fail_msg("%s is taken", target);
	assert_null(matched.route);
}

static void is_nowhere(void **state, const char *target)
{
	if (match(state, "GET", target) != MATCH_NOWHERE)
		fail_msg("%s is somewhere", target);
	assert_null(matched.route);
}

static void every_route_of_the_table_is_found(void **state)
{
	for (const struct route *route = routes; route->method; route++) {
		char *target = talloc_strdup(*state, ""), *end;
		const char *from = route->path;
		for (const char *brace = strchr(from, '{'); brace; brace = strchr(from, '{')) {
			target = talloc_asprintf_append(target, "%.*s%s", (int)(brace - from), from, "019aa6e1");
			from = strchr(brace, '}') + 1;
		}
		target = talloc_asprintf_append(target, "%s", from);
		end = talloc_asprintf(*state, "%s?a=b", target);
		is_route(state, route->method, target, route->path);
		is_route(state, route->method, end, route->path);
		assert_ptr_equal(matched.route, route);
	}
}

static void ids_are_decoded(void **state)
{
	is_route(state, "GET", "/api/v1/people/abc", "/api/v1/people/{id}");
	assert_string_equal(matched.ids[0], "abc");
	assert_null(matched.ids[1]);
	is_route(state, "GET", "/api/v1/people/a%20%C5%81%2B+b/holdings", "/api/v1/people/{id}/holdings");
	assert_string_equal(matched.ids[0], "a \xc5\x81++b");
	is_route(state, "GET", "/api/v1/people/%252f", "/api/v1/people/{id}");
	assert_string_equal(matched.ids[0], "%2f");
}

static void the_query_is_what_follows_the_first_question_mark(void **state)
{
	is_route(state, "GET", "/api/v1/people?q=a?b/../%2f", "/api/v1/people");
	assert_string_equal(matched.query, "q=a?b/../%2f");
	is_route(state, "GET", "/api/v1/people?", "/api/v1/people");
	assert_string_equal(matched.query, "");
	is_route(state, "GET", "/api/v1/people", "/api/v1/people");
	assert_null(matched.query);
}

static void encoded_slashes_dots_and_nuls_are_malformed(void **state)
{
	static const char *const bad[] = {
		"/api/v1/people/a%2fb", "/api/v1/people/a%2Fb", "/api%2fv1/people", "/api/v1/people/%2e%2e/x",
		"/api/v1/people/%2E", "/api/v1/people/a%2e", "/api/v1/people/%00", "/api/v1/people/a%00b",
		"/api/v1/people/a%5cb", "/api/v1/people/a%5Cb", "/api/v1/people/a\\b",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		is_malformed(state, bad[i]);
}

static void dot_segments_are_malformed(void **state)
{
	static const char *const bad[] = {
		"/.", "/..", "/./api/v1/people", "/api/../api/v1/people", "/api/v1/people/..", "/api/v1/people/.",
		"/api/v1/people/../units", "/api/v1/people/..?q=1",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		is_malformed(state, bad[i]);
	is_route(state, "GET", "/api/v1/people/a.b", "/api/v1/people/{id}");
	is_route(state, "GET", "/api/v1/people/...", "/api/v1/people/{id}"); /* RFC 3986 3.3: only . and .. */
	is_route(state, "GET", "/api/v1/people/.b", "/api/v1/people/{id}");
}

static void what_is_no_path_is_malformed(void **state)
{
	static const char *const bad[] = {
		"", "?", "?q=1", "*", "api/v1/people", "http://h/api/v1/people", "/api/v1/people/a b", "/api/v1/people/\t",
		"/api/v1/people/\x7f", "/api/v1/people/\x01",
		"/api/v1/people/%ff", "/api/v1/people/\xff", "/api/v1/people/%c0%af", "/api/v1/people/%ed%a0%80",
		"/api/v1/people/%", "/api/v1/people/%4", "/api/v1/people/%zz", "/%c3",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		is_malformed(state, bad[i]);
}

static void what_is_no_route_is_nowhere(void **state)
{
	static const char *const none[] = {
		"/", "/api", "/api/v1", "/api/v1/", "/api/v1/peopl", "/api/v1/peoples", "/api/v1/people/",
		"/api/v1//people", "//api/v1/people", "/api/v1/people//holdings", "/api/v1/people/a/b", "/API/v1/people",
		"/api/v1/people/a/holdings/", "/api/v1/people/a/holdings/b", "/api/v1/p%65ople", "/api/v1/people;x=1",
		"/healthz/", "/healthzz", "/%C5%81",
	};
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		is_nowhere(state, none[i]);
}

static void head_goes_where_get_goes(void **state)
{
	is_route(state, "HEAD", "/healthz", "/healthz");
	is_route(state, "HEAD", "/api/v1/people/x", "/api/v1/people/{id}");
	assert_int_equal(match(state, "HEAD", "/api/v1/credentials/x/revoke"), MATCH_METHOD);
}

static void a_word_of_the_table_is_no_id(void **state)
{
	is_route(state, "POST", "/api/v1/endorsements/received", "/api/v1/endorsements/received");
	assert_int_equal(match(state, "GET", "/api/v1/endorsements/received"), MATCH_METHOD);
	assert_string_equal(matched.allow, "POST, OPTIONS");
	is_route(state, "GET", "/api/v1/endorsements/receive", "/api/v1/endorsements/{id}");
}

static void another_method_is_told_which_there_are(void **state)
{
	static const char *const other[] = {"PUT", "get", "", "OPTIONS", "TRACE", "GETT"};
	for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
		assert_int_equal(match(state, other[i], "/api/v1/frameworks/x"), MATCH_METHOD);
		assert_null(matched.route);
		assert_string_equal(matched.allow, "GET, HEAD, PATCH, OPTIONS");
	}
	assert_int_equal(match(state, "PUT", "/api/v1/credentials/x/revoke?y"), MATCH_METHOD);
	assert_string_equal(matched.allow, "POST, OPTIONS");
	assert_int_equal(match(state, "PUT", "/api/v1/sessions/x"), MATCH_METHOD);
	assert_non_null(strstr(matched.allow, "GET, HEAD"));
	assert_non_null(strstr(matched.allow, "POST"));
	assert_non_null(strstr(matched.allow, "DELETE"));
	assert_true(strlen(matched.allow) < sizeof matched.allow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_route_of_the_table_is_found),
		cmocka_unit_test(ids_are_decoded),
		cmocka_unit_test(the_query_is_what_follows_the_first_question_mark),
		cmocka_unit_test(encoded_slashes_dots_and_nuls_are_malformed),
		cmocka_unit_test(dot_segments_are_malformed),
		cmocka_unit_test(what_is_no_path_is_malformed),
		cmocka_unit_test(what_is_no_route_is_nowhere),
		cmocka_unit_test(head_goes_where_get_goes),
		cmocka_unit_test(a_word_of_the_table_is_no_id),
		cmocka_unit_test(another_method_is_told_which_there_are),
	};
	return cmocka_run_group_tests(tests, owner_begin, owner_end);
}
