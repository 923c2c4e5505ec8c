/* SPDX-License-Identifier: Apache-2.0
 * Calendar: RFC 3339 and ISO 8601 periods. Leap seconds are read as the second after. */
#include "base/text.h"

#include <string.h>

#define SECOND 1000000LL

/* Days since 1970-01-01 in the proleptic Gregorian calendar, and back. */
static int64_t days_of(int64_t year, int month, int day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t of_era = year - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_of(int64_t days, int *year, int *month, int *day)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t of_era = days - era * 146097;
	int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
	int64_t shifted = (5 * of_year + 2) / 153;
	*day = (int)(of_year - (153 * shifted + 2) / 5 + 1);
	*month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
	*year = (int)(years + era * 400 + (*month <= 2));
}

/* The years 1 to 9999, which RFC 3339 can write. */
static bool is_of_calendar(int64_t time)
{
	return time >= days_of(1, 1, 1) * 86400 * SECOND && time < days_of(10000, 1, 1) * 86400 * SECOND;
}

static int month_days(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return days[month - 1] + (month == 2 && leap);
}

static char *digits_write(char *at, int value, int digits)
{
	for (int i = digits - 1; i >= 0; i--, value /= 10)
		at[i] = (char)('0' + value % 10);
	return at + digits;
}

/* The date, and the microseconds since it began. */
static int64_t date_split(int64_t time, int *year, int *month, int *day)
{
	int64_t days = time / (86400 * SECOND), rest = time % (86400 * SECOND);
	if (rest < 0) {
		days--;
		rest += 86400 * SECOND;
	}
	date_of(days, year, month, day);
	return rest;
}

size_t time_format(int64_t time, char out[TIME_SIZE])
{
	int year, month, day;
	int64_t rest = date_split(time, &year, &month, &day);
	int seconds = (int)(rest / SECOND), fraction = (int)(rest % SECOND);
	const int parts[] = {(year % 10000 + 10000) % 10000, month, day, seconds / 3600, seconds / 60 % 60, seconds % 60};
	char *at = out;
	for (int i = 0; i < 6; i++) {
		at = digits_write(at, parts[i], i ? 2 : 4);
		*at++ = "--T::Z"[i];
	}
	if (fraction) {
		at[-1] = '.';
		at = digits_write(at, fraction, 6);
		while (at[-1] == '0')
			at--;
		*at++ = 'Z';
	}
	*at = '\0';
	return (size_t)(at - out);
}

/* Reads exactly `digits` digits at *s. */
static bool digits_read(const char **s, int digits, int *value)
{
	*value = 0;
	for (int i = 0; i < digits; i++, (*s)++) {
		if (**s < '0' || **s > '9')
			return false;
		*value = *value * 10 + (**s - '0');
	}
	return true;
}

static bool date_read(const char **s, int64_t *days)
{
	int year, month, day;
	if (!digits_read(s, 4, &year) || *(*s)++ != '-' || !digits_read(s, 2, &month) || *(*s)++ != '-' ||
	    !digits_read(s, 2, &day))
		return false;
	if (year < 1 || month < 1 || month > 12 || day < 1 || day > month_days(year, month))
		return false;
	*days = days_of(year, month, day);
	return true;
}

static int64_t fraction_read(const char **s)
{
	int64_t fraction = 0, unit = SECOND / 10;
	for (; **s >= '0' && **s <= '9'; (*s)++, unit /= 10)
		fraction += (**s - '0') * unit;
	return fraction;
}

static bool zone_read(const char **s, int *minutes)
{
	*minutes = 0;
	if (**s == 'Z' || **s == 'z') {
		(*s)++;
		return true;
	}
	int sign = **s == '-' ? -1 : **s == '+' ? 1 : 0, hours, rest;
	if (!sign)
		return false;
	(*s)++;
	if (!digits_read(s, 2, &hours) || *(*s)++ != ':' || !digits_read(s, 2, &rest) || hours > 23 || rest > 59)
		return false;
	*minutes = sign * (hours * 60 + rest);
	return true;
}

bool time_parse(const char *s, int64_t *time)
{
	int64_t days;
	int hour, minute, second, zone;
	if (!date_read(&s, &days))
		return false;
	*time = days * 86400 * SECOND;
	if (!*s)
		return true;
	if (*s != 'T' && *s != 't' && *s != ' ')
		return false;
	s++;
	if (!digits_read(&s, 2, &hour) || *s++ != ':' || !digits_read(&s, 2, &minute) || *s++ != ':' ||
	    !digits_read(&s, 2, &second) || hour > 23 || minute > 59 || second > 60)
		return false;
	int64_t fraction = 0;
	if (*s == '.') {
		s++;
		if (*s < '0' || *s > '9')
			return false;
		fraction = fraction_read(&s);
	}
	if (!zone_read(&s, &zone) || *s)
		return false;
	*time += (hour * 3600 + minute * 60 + second - zone * 60) * SECOND + fraction;
	return is_of_calendar(*time);
}

struct period {
	int years, months, days;
};

static bool period_read(const char *s, struct period *period)
{
	*period = (struct period){0};
	const char *order = "YMWD";
	if (*s++ != 'P' || !*s)
		return false;
	while (*s) {
		int value = 0, digits = 0;
		for (; *s >= '0' && *s <= '9' && digits < 5; s++, digits++)
			value = value * 10 + (*s - '0');
		const char *unit = *s ? strchr(order, *s) : NULL;
		if (!digits || !unit)
			return false;
		order = unit + 1;
		if (*s == 'Y')
			period->years = value;
		else if (*s == 'M')
			period->months = value;
		else
			period->days += *s == 'W' ? value * 7 : value;
		s++;
	}
	return true;
}

bool time_add_period(int64_t time, const char *text, int64_t *sum)
{
	struct period period;
	if (!period_read(text, &period))
		return false;
	int year, month, day;
	int64_t rest = date_split(time, &year, &month, &day);
	int64_t months = (int64_t)year * 12 + month - 1 + (int64_t)period.years * 12 + period.months;
	year = (int)(months / 12);
	month = (int)(months % 12) + 1;
	if (year > 9999)
		return false;
	if (day > month_days(year, month))
		day = month_days(year, month);
	*sum = (days_of(year, month, day) + period.days) * 86400 * SECOND + rest;
	return is_of_calendar(*sum);
}
