/* SPDX-License-Identifier: Apache-2.0
 * How a call begins and how it fails. Knows no HTTP and no SQL. */
#include "base/call.h"

#include "base/text.h"

#include <stdlib.h>
#include <time.h>

static int64_t clock_read(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_monotonic(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

int64_t clock_now(void)
{
	return clock_read(CLOCK_REALTIME);
}

struct skd_call *call_new(const char *what, long milliseconds)
{
	struct skd_call *call = talloc_pooled_object(NULL, struct skd_call, 32, 6144);
	if (!call)
		abort();
	*call = (struct skd_call){.what = what, .started = clock_monotonic()};
	call->deadline = call->started + (int64_t)milliseconds * 1000;
	return call;
}

enum skd_outcome fail(struct skd_call *call, enum skd_outcome outcome, const char *format, ...)
{
	if (call->outcome != SKD_OK)
		return call->outcome;
	va_list args;
	va_start(args, format);
	call->sentence = talloc_vasprintf(call, format, args);
	va_end(args);
	call->outcome = outcome;
	return outcome;
}

enum skd_outcome fail_field(struct skd_call *call, const char *field, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const char *message = talloc_vasprintf(call, format, args);
	va_end(args);
	call->errors = talloc_realloc(call, call->errors, struct field_error, call->error_count + 1);
	call->errors[call->error_count++] = (struct field_error){talloc_strdup(call, field), message};
	return fail(call, SKD_BAD_INPUT, "%s: %s", field, message);
}

void call_forgive(struct skd_call *call)
{
	call->outcome = SKD_OK;
	call->sentence = NULL;
	call->errors = NULL;
	call->error_count = 0;
	call->retry_after = 0;
	call->no_news = false;
}

enum skd_outcome absent_as_field(struct skd_call *call, const char *field, enum skd_outcome outcome)
{
	if (outcome != SKD_ABSENT)
		return outcome;
	const char *why = call->sentence;
	call_forgive(call);
	return fail_field(call, field, "%s", why);
}

const char *call_id(struct skd_call *call)
{
	if (!*call->id)
		uuid_new(call->id);
	return call->id;
}

long call_time_left(const struct skd_call *call)
{
	int64_t left = __atomic_load_n(&call->deadline, __ATOMIC_RELAXED) - clock_monotonic();
	return left > 0 ? (long)(left / 1000) : 0;
}
