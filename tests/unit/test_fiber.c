/* SPDX-License-Identifier: Apache-2.0
 * Fibers: left in the middle, gone on with, run again, many at once, deep, and on another thread. */
#include "store/fiber.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct walk {
	struct stack *stack;
	int steps, at;
	double kept;
};

/* Leaves once for each step; locals live through it. */
static void walk_body(void *argument)
{
	struct walk *walk = argument;
	double sum = 0.5;
	for (int i = 0; i < walk->steps; i++) {
		walk->at = i + 1;
		sum *= 2;
		stack_leave(walk->stack);
	}
	walk->kept = sum;
}

static void walk_open(struct walk *walk, int steps)
{
	*walk = (struct walk){.steps = steps};
	walk->stack = stack_new(walk_body, walk);
}

static void a_body_runs_to_where_it_leaves(void **state)
{
	struct walk walk;
	(void)state;
	walk_open(&walk, 3);
	assert_int_equal(walk.at, 0);
	for (int i = 1; i <= 3; i++) {
		stack_enter(walk.stack);
		assert_int_equal(walk.at, i);
		assert_false(stack_ended(walk.stack));
	}
	stack_enter(walk.stack);
	assert_true(stack_ended(walk.stack));
	assert_true(walk.kept == 4);
	stack_free(walk.stack);
}

static void a_body_may_end_without_leaving(void **state)
{
	struct walk walk;
	(void)state;
	walk_open(&walk, 0);
	stack_enter(walk.stack);
	assert_true(stack_ended(walk.stack));
	assert_true(walk.kept == 0.5);
	stack_free(walk.stack);
}

static void an_ended_stack_runs_again(void **state)
{
	struct walk walk;
	(void)state;
	walk_open(&walk, 1);
	for (int i = 0; i < 1000; i++) {
		walk.kept = 0;
		stack_enter(walk.stack);
		assert_false(stack_ended(walk.stack));
		stack_enter(walk.stack);
		assert_true(stack_ended(walk.stack));
		assert_true(walk.kept == 1);
		stack_rewind(walk.stack);
		assert_false(stack_ended(walk.stack));
	}
	stack_free(walk.stack);
}

static void a_stack_that_never_ran_or_never_ended_can_be_freed(void **state)
{
	struct walk walk;
	(void)state;
	walk_open(&walk, 3);
	stack_free(walk.stack);
	walk_open(&walk, 3);
	stack_enter(walk.stack);
	stack_free(walk.stack);
}

static void many_fibers_take_turns(void **state)
{
	enum { MANY = 200 };
	static struct walk walks[MANY];
	(void)state;
	for (int i = 0; i < MANY; i++)
		walk_open(&walks[i], i % 7);
	for (int round = 0; round < 7; round++)
		for (int i = 0; i < MANY; i++)
			if (!stack_ended(walks[i].stack))
				stack_enter(walks[i].stack);
	for (int i = 0; i < MANY; i++) {
		assert_true(stack_ended(walks[i].stack));
		assert_int_equal(walks[i].at, i % 7);
		assert_true(walks[i].kept == (double)(1 << i % 7) / 2);
		stack_free(walks[i].stack);
	}
}

/* ---- a fiber within a fiber ---- */

struct nest {
	struct stack *stack;
	struct walk inner;
};

static void nest_body(void *argument)
{
	struct nest *nest = argument;
	walk_open(&nest->inner, 1);
	stack_enter(nest->inner.stack);
	stack_leave(nest->stack);
	stack_enter(nest->inner.stack);
}

static void a_fiber_may_enter_another(void **state)
{
	struct nest nest = {0};
	(void)state;
	nest.stack = stack_new(nest_body, &nest);
	stack_enter(nest.stack);
	assert_int_equal(nest.inner.at, 1);
	assert_false(stack_ended(nest.inner.stack));
	stack_enter(nest.stack);
	assert_true(stack_ended(nest.stack));
	assert_true(stack_ended(nest.inner.stack));
	stack_free(nest.inner.stack);
	stack_free(nest.stack);
}

/* ---- room ---- */

static void __attribute__((noinline)) room_use(size_t size, unsigned char *sum)
{
	volatile unsigned char block[1024];
	for (size_t i = 0; i < sizeof block; i++)
		block[i] = (unsigned char)i;
	if (size > sizeof block)
		room_use(size - sizeof block, sum);
	*sum = (unsigned char)(*sum + block[size % sizeof block]); /* behind the call, so that no loop is made of it */
}

static size_t wanted_room;

static void room_body(void *argument)
{
	room_use(wanted_room, argument);
}

static void a_body_has_room_for_ordinary_work(void **state)
{
	unsigned char sum = 0;
	(void)state;
	wanted_room = 40 * 1024;
	struct stack *stack = stack_new(room_body, &sum);
	stack_enter(stack);
	assert_true(stack_ended(stack));
	stack_free(stack);
}

/* Where a body uses more than there is it dies by the guard, in place of writing over its neighbour. */
static void too_deep_a_body_dies_at_the_guard(void **state)
{
	int status;
	(void)state;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		unsigned char sum = 0;
		signal(SIGSEGV, SIG_DFL); /* the sanitizer's handler would speak of it */
		signal(SIGBUS, SIG_DFL);
		wanted_room = 4096 * 1024;
		stack_enter(stack_new(room_body, &sum));
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
}

/* ---- threads ---- */

static void *thread_body(void *argument)
{
	struct walk walk;
	for (int i = 0; i < 200; i++) {
		walk_open(&walk, 5);
		while (!stack_ended(walk.stack))
			stack_enter(walk.stack);
		if (walk.kept != 16)
			*(bool *)argument = true;
		stack_free(walk.stack);
	}
	return NULL;
}

static void threads_have_fibers_of_their_own(void **state)
{
	pthread_t threads[4];
	bool wrong[4] = {0};
	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, thread_body, &wrong[i]), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_false(wrong[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_runs_to_where_it_leaves),
		cmocka_unit_test(a_body_may_end_without_leaving),
		cmocka_unit_test(an_ended_stack_runs_again),
		cmocka_unit_test(a_stack_that_never_ran_or_never_ended_can_be_freed),
		cmocka_unit_test(many_fibers_take_turns),
		cmocka_unit_test(a_fiber_may_enter_another),
		cmocka_unit_test(a_body_has_room_for_ordinary_work),
		cmocka_unit_test(too_deep_a_body_dies_at_the_guard),
		cmocka_unit_test(threads_have_fibers_of_their_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
