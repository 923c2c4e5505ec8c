/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as a time, a period and a duration: within the calendar, and written as it is read. */
#include "base/conf.h"
#include "base/text.h"
#include "fuzz.h"

#include <string.h>

static void written_check(int64_t time)
{
	char out[TIME_SIZE];
	int64_t again;
	must(time_format(time, out) == strlen(out) && strlen(out) < TIME_SIZE, "a time has room");
	must(time_parse(out, &again) && again == time, "a time comes back as it is written");
}

static void period_check(int64_t time, const char *text)
{
	int64_t sum;
	if (!time_add_period(time, text, &sum))
		return;
	must(sum >= time, "a period goes on");
	written_check(sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	int64_t time;
	char *text = malloc(size + 1);
	memcpy(text, bytes, size);
	text[size] = '\0';
	char *space = strchr(text, '\n');
	if (space)
		*space = '\0';
	bool read = time_parse(text, &time);
	if (read)
		written_check(time);
	period_check(0, text);
	if (read && space)
		period_check(time, space + 1);
	long duration = duration_parse(text);
	must(duration >= -1 && duration <= 3653L * 86400 * 1000, "a duration is at most ten years");
	free(text);
	return 0;
}
