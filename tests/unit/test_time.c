/* SPDX-License-Identifier: Apache-2.0
 * Times of base/text.h against instants known from elsewhere: date(1), RFC 3339, RFC 9557, a calendar. */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)

static int64_t parsed(const char *text)
{
	int64_t time = -1;
	if (!time_parse(text, &time))
		fail_msg("%s is not read", text);
	return time;
}

static const char *formatted(int64_t time)
{
	static char out[TIME_SIZE];
	size_t size = time_format(time, out);
	assert_int_equal(size, strlen(out));
	return out;
}

static void known_instants_are_read_and_written(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} known[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"1969-12-31T23:59:59Z", -1},
		{"2000-02-29T12:00:00Z", 951825600},
		{"2026-03-03T09:00:00Z", 1772528400},
		{"2038-01-19T03:14:08Z", INT64_C(2147483648)},
		{"1900-01-01T00:00:00Z", INT64_C(-2208988800)},
		{"1600-02-29T00:00:00Z", INT64_C(-11670998400)},
		{"0001-01-01T00:00:00Z", INT64_C(-62135596800)},
		{"9999-12-31T23:59:59Z", INT64_C(253402300799)},
	};
	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		assert_int_equal(parsed(known[i].text), known[i].seconds * SECOND);
		assert_string_equal(formatted(known[i].seconds * SECOND), known[i].text);
	}
}

static void fractions_are_kept_to_the_microsecond(void **state)
{
	(void)state;
	assert_string_equal(formatted(parsed("1985-04-12T23:20:50.52Z")), "1985-04-12T23:20:50.52Z");
	assert_string_equal(formatted(parsed("2026-01-01T00:00:00.000001Z")), "2026-01-01T00:00:00.000001Z");
	assert_string_equal(formatted(parsed("2026-01-01T00:00:00.0000019Z")), "2026-01-01T00:00:00.000001Z");
	assert_string_equal(formatted(parsed("2026-01-01T00:00:00.100000000000000000000000Z")), "2026-01-01T00:00:00.1Z");
	assert_string_equal(formatted(parsed("2026-01-01T00:00:00.000Z")), "2026-01-01T00:00:00Z");
	assert_string_equal(formatted(-1), "1969-12-31T23:59:59.999999Z");
}

static void offsets_are_taken_off(void **state)
{
	(void)state;
	assert_int_equal(parsed("1996-12-19T16:39:57-08:00"), parsed("1996-12-20T00:39:57Z"));
	assert_int_equal(parsed("2026-01-01T00:30:00+05:45"), parsed("2025-12-31T18:45:00Z"));
	assert_int_equal(parsed("2026-01-01T00:00:00+00:00"), parsed("2026-01-01T00:00:00Z"));
	assert_int_equal(parsed("2026-01-01T00:00:00-00:00"), parsed("2026-01-01T00:00:00Z"));
	assert_int_equal(parsed("2026-01-01 12:00:00z"), parsed("2026-01-01t12:00:00Z"));
}

static void leap_seconds_are_the_second_after(void **state)
{
	(void)state;
	assert_int_equal(parsed("1990-12-31T23:59:60Z"), parsed("1991-01-01T00:00:00Z"));
	assert_int_equal(parsed("1990-12-31T15:59:60-08:00"), parsed("1991-01-01T00:00:00Z"));
}

static void a_date_is_its_midnight(void **state)
{
	(void)state;
	assert_int_equal(parsed("2026-03-03"), parsed("2026-03-03T00:00:00Z"));
	assert_int_equal(parsed("2024-02-29"), parsed("2024-03-01") - 86400 * SECOND);
	assert_int_equal(parsed("2000-02-29"), parsed("2000-03-01") - 86400 * SECOND);
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "2026", "2026-1-1", "26-01-01", "2026-13-01", "2026-00-10", "2026-01-00", "2026-01-32", "2026-04-31",
		"2026-02-29", "1900-02-29", "2100-02-29", "0000-01-01", "2026-01-01T", "2026-01-01Z", "2026-01-01T09",
		"2026-01-01T09:00Z", "2026-01-01T24:00:00Z", "2026-01-01T09:60:00Z", "2026-01-01T09:00:61Z",
		"2026-01-01T09:00:00", "2026-01-01T09:00:00.Z", "2026-01-01T09:00:00,5Z", "2026-01-01T09:00:00+0100",
		"2026-01-01T09:00:00+24:00", "2026-01-01T09:00:00+01:60", "2026-01-01T09:00:00+1:00",
		"2026-01-01T09:00:00ZZ", "2026-01-01T09:00:00Z ", " 2026-01-01", "2026-01-01 ", "2026/01/01", "20260101",
		"-026-01-01", "+02026-01-01", "2026-W01-1", "2026-01-01T09:00:00 Z", "now", "1772528400",
	};
	int64_t time;
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (time_parse(bad[i], &time))
			fail_msg("\"%s\" is read as %s", bad[i], formatted(time));
}

/* An offset must not lead out of the years that can be written. */
static void times_outside_the_calendar_are_refused(void **state)
{
	int64_t time;
	(void)state;
	assert_false(time_parse("9999-12-31T23:59:59-00:01", &time));
	assert_false(time_parse("9999-12-31T23:59:60Z", &time));
	assert_false(time_parse("0001-01-01T00:00:00+00:01", &time));
	assert_true(time_parse("9999-12-31T23:59:59+00:01", &time));
	assert_true(time_parse("0001-01-01T00:00:00-00:01", &time));
}

/* ---- periods ---- */

static void adds_to(const char *from, const char *period, const char *wanted)
{
	int64_t sum = -1;
	if (!time_add_period(parsed(from), period, &sum))
		fail_msg("%s + %s leads nowhere", from, period);
	assert_int_equal(sum, parsed(wanted));
}

static void periods_are_added_by_the_calendar(void **state)
{
	(void)state;
	adds_to("2026-03-03T09:00:00.25Z", "P2Y", "2028-03-03T09:00:00.25Z");
	adds_to("2026-03-03", "P6M", "2026-09-03");
	adds_to("2026-11-15", "P3M", "2027-02-15");
	adds_to("2026-03-03", "P1Y6M", "2027-09-03");
	adds_to("2026-12-31", "P1D", "2027-01-01");
	adds_to("2024-02-28", "P30D", "2024-03-29");
	adds_to("2026-03-03", "P2W", "2026-03-17");
	adds_to("2026-03-03", "P1W1D", "2026-03-11");
	adds_to("2026-03-03", "P1Y2M3W4D", "2027-05-28");
	adds_to("2026-03-03", "P0D", "2026-03-03");
	adds_to("2026-03-03", "P18M", "2027-09-03");
	adds_to("1969-06-30T23:59:59Z", "P1Y", "1970-06-30T23:59:59Z");
	adds_to("1960-02-29T01:00:00Z", "P4Y", "1964-02-29T01:00:00Z");
}

static void a_day_past_the_months_end_is_its_last(void **state)
{
	(void)state;
	adds_to("2026-01-31T09:00:00Z", "P1M", "2026-02-28T09:00:00Z");
	adds_to("2024-01-31", "P1M", "2024-02-29");
	adds_to("2026-03-31", "P1M", "2026-04-30");
	adds_to("2026-01-30", "P13M", "2027-02-28");
	adds_to("2024-02-29", "P2Y", "2026-02-28");
	adds_to("2024-02-29", "P4Y", "2028-02-29");
	adds_to("1896-02-29", "P4Y", "1900-02-28");
	adds_to("2024-02-29", "P1Y1D", "2025-03-01");
}

static void what_is_no_period_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "P", "2Y", "P2", "PY", "P2y", "p2Y", "P-2Y", "P+2Y", "P2.5Y", "P2Y2Y", "P6M1Y", "P1D1W", "P 2Y", "P2Y ",
		"PT1H", "P1DT1H", "P1H", "P123456Y", "P2YM", "\xd0\xa0" "2Y", "P1Y1",
	};
	int64_t sum;
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (time_add_period(0, bad[i], &sum))
			fail_msg("\"%s\" is read as a period", bad[i]);
}

static void periods_that_leave_the_calendar_are_refused(void **state)
{
	int64_t sum;
	(void)state;
	assert_true(time_add_period(parsed("9998-12-31"), "P1Y", &sum));
	assert_false(time_add_period(parsed("9999-01-01"), "P1Y", &sum));
	assert_false(time_add_period(parsed("9999-12-31"), "P1D", &sum));
	assert_false(time_add_period(parsed("2026-01-01"), "P99999Y", &sum));
	assert_false(time_add_period(parsed("2026-01-01"), "P99999Y99999M99999W99999D", &sum));
	assert_false(time_add_period(parsed("9990-01-01"), "P99999D", &sum));
	assert_false(time_add_period(TIME_NEVER, "P1D", &sum));
}

/* Each day of 400 years is written and read back, and no two are alike. */
static void every_day_of_a_cycle_round_trips(void **state)
{
	const int64_t day = 86400 * SECOND, first = parsed("1800-01-01");
	int64_t time = first;
	(void)state;
	for (; time < first + 146097 * day; time += day)
		if (parsed(formatted(time)) != time)
			fail_msg("%s does not come back", formatted(time));
	assert_string_equal(formatted(time), "2200-01-01T00:00:00Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_instants_are_read_and_written),
		cmocka_unit_test(fractions_are_kept_to_the_microsecond),
		cmocka_unit_test(offsets_are_taken_off),
		cmocka_unit_test(leap_seconds_are_the_second_after),
		cmocka_unit_test(a_date_is_its_midnight),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(times_outside_the_calendar_are_refused),
		cmocka_unit_test(periods_are_added_by_the_calendar),
		cmocka_unit_test(a_day_past_the_months_end_is_its_last),
		cmocka_unit_test(what_is_no_period_is_refused),
		cmocka_unit_test(periods_that_leave_the_calendar_are_refused),
		cmocka_unit_test(every_day_of_a_cycle_round_trips),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
