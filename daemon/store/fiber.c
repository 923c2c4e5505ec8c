/* SPDX-License-Identifier: Apache-2.0
 * Fibers: begun by ucontext(3), left and gone on with by _setjmp(3), which asks the kernel for nothing.
 * A guard page below each stack; told to the sanitizers. */
#undef _FORTIFY_SOURCE /* its longjmp takes another stack for a broken one */
#include "store/fiber.h"

#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
enum { STACK_SIZE = 512 * 1024 };
#elif defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
enum { STACK_SIZE = 512 * 1024 };
#else
enum { STACK_SIZE = 64 * 1024 };
#endif
enum { GUARD = 4096 };

struct stack {
	jmp_buf inside, outside;
	ucontext_t start;
	char *memory;
	void (*body)(void *argument);
	void *argument;
	bool begun, ended;
	void *fake; /* the sanitizer's stack of this side while the other runs */
	const void *outside_bottom;
	size_t outside_size;
	void *tsan_inside, *tsan_outside;
};

static void switch_begin(struct stack *stack, bool inwards)
{
	(void)stack, (void)inwards;
#if defined(__SANITIZE_ADDRESS__)
	if (inwards)
		__sanitizer_start_switch_fiber(&stack->fake, stack->memory + GUARD, STACK_SIZE);
	else
		__sanitizer_start_switch_fiber(&stack->fake, stack->outside_bottom, stack->outside_size);
#elif defined(__SANITIZE_THREAD__)
	__tsan_switch_to_fiber(inwards ? stack->tsan_inside : stack->tsan_outside, 0);
#endif
}

static void switch_end(struct stack *stack, void *fake, bool inside)
{
	(void)stack, (void)fake, (void)inside;
#if defined(__SANITIZE_ADDRESS__)
	if (inside)
		__sanitizer_finish_switch_fiber(fake, &stack->outside_bottom, &stack->outside_size);
	else
		__sanitizer_finish_switch_fiber(fake, NULL, NULL);
#endif
}

static void stack_main(unsigned high, unsigned low)
{
	struct stack *stack = (struct stack *)((uintptr_t)high << 32 | low);
	switch_end(stack, NULL, true);
	for (;;) {
		stack->body(stack->argument);
		stack->ended = true;
		stack_leave(stack);
	}
}

static void stack_prepare(struct stack *stack)
{
	uintptr_t self = (uintptr_t)stack;
	getcontext(&stack->start);
	stack->start.uc_stack.ss_sp = stack->memory + GUARD;
	stack->start.uc_stack.ss_size = STACK_SIZE;
	stack->start.uc_link = NULL;
	makecontext(&stack->start, (void (*)(void))stack_main, 2, (unsigned)(self >> 32), (unsigned)self);
}

void stack_rewind(struct stack *stack)
{
	stack->ended = false;
}

struct stack *stack_new(void (*body)(void *argument), void *argument)
{
	struct stack *stack = calloc(1, sizeof *stack);
	if (!stack)
		abort();
	stack->memory = mmap(NULL, GUARD + STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK,
			     -1, 0);
	if (stack->memory == MAP_FAILED)
		abort();
	mprotect(stack->memory, GUARD, PROT_NONE);
	stack->body = body;
	stack->argument = argument;
#if defined(__SANITIZE_THREAD__)
	stack->tsan_inside = __tsan_create_fiber(0);
#endif
	stack_prepare(stack);
	return stack;
}

void stack_free(struct stack *stack)
{
#if defined(__SANITIZE_THREAD__)
	__tsan_destroy_fiber(stack->tsan_inside);
#endif
	munmap(stack->memory, GUARD + STACK_SIZE);
	free(stack);
}

void stack_enter(struct stack *stack)
{
#if defined(__SANITIZE_THREAD__)
	stack->tsan_outside = __tsan_get_current_fiber();
#endif
	switch_begin(stack, true);
	void *volatile fake = stack->fake;
	if (_setjmp(stack->outside) == 0) {
		if (stack->begun)
			_longjmp(stack->inside, 1);
		stack->begun = true;
		setcontext(&stack->start);
	}
	switch_end(stack, fake, false);
}

void stack_leave(struct stack *stack)
{
	switch_begin(stack, false);
	void *volatile fake = stack->fake;
	if (_setjmp(stack->inside) == 0)
		_longjmp(stack->outside, 1);
	switch_end(stack, fake, true);
}

bool stack_ended(const struct stack *stack)
{
	return stack->ended;
}
