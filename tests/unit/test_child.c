/* SPDX-License-Identifier: Apache-2.0
 * base/child.h: programs that answer, and such as do not. */
#include "base/child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct skd_text nothing = {0};

static enum skd_outcome run(struct text *said, long milliseconds, size_t most, struct skd_text input, const char *const *words)
{
	struct skd_call *call = call_new("test", 60000);
	text_begin(said, NULL, 16);
	enum skd_outcome outcome = child_run(call, words, input, milliseconds, most, said);
	assert_true(outcome == SKD_OK || strstr(call->sentence, words[0]));
	talloc_free(call);
	return outcome;
}

static void what_goes_in_comes_out(void **state)
{
	static char most[3000000]; /* more than any pipe takes at once */
	struct text said;
	(void)state;
	memset(most, 'x', sizeof most);
	assert_int_equal(run(&said, 20000, sizeof most, (struct skd_text){most, sizeof most}, (const char *const[]){"/bin/cat", NULL}),
			 SKD_OK);
	assert_int_equal(said.size, sizeof most);
	assert_memory_equal(said.bytes, most, sizeof most);
	talloc_free(said.bytes);
	assert_int_equal(run(&said, 20000, 100, nothing, (const char *const[]){"/bin/cat", NULL}), SKD_OK);
	assert_int_equal(said.size, 0);
	talloc_free(said.bytes);
}

static void who_cannot_be_run_or_fails_has_no_answer(void **state)
{
	static const char *const words[][3] = {{"/nowhere/at-all"}, {"/bin/false"}, {"/bin/cat", "/nowhere/at-all"}};
	struct text said;
	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		assert_int_equal(run(&said, 20000, 100, (struct skd_text){"x", 1}, words[i]), SKD_FAULT);
		talloc_free(said.bytes);
	}
}

static void who_says_too_much_or_nothing_at_all_is_killed(void **state)
{
	struct text said;
	(void)state;
	assert_int_equal(run(&said, 20000, 100, nothing, (const char *const[]){"/usr/bin/yes", NULL}), SKD_FAULT);
	talloc_free(said.bytes);
	int64_t begun = clock_monotonic();
	assert_int_equal(run(&said, 100, 100, nothing, (const char *const[]){"/bin/sleep", "600", NULL}), SKD_FAULT);
	assert_true(clock_monotonic() - begun < 300 * 1000000LL);
	talloc_free(said.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out),
		cmocka_unit_test(who_cannot_be_run_or_fails_has_no_answer),
		cmocka_unit_test(who_says_too_much_or_nothing_at_all_is_killed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
