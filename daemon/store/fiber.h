/* SPDX-License-Identifier: Apache-2.0
 * Functions that can be left in the middle and gone on with, on one thread. Knows no database. */
#ifndef STORE_FIBER_H
#define STORE_FIBER_H

#include <stdbool.h>

struct stack; /* where one fiber runs */

struct stack *stack_new(void (*body)(void *argument), void *argument);
void stack_free(struct stack *stack);
/* Runs the body from its beginning, or from where it left; returns when it leaves or ends. */
void stack_enter(struct stack *stack);
void stack_leave(struct stack *stack); /* from inside the body */
bool stack_ended(const struct stack *stack);
/* The body of an ended stack can be run again. */
void stack_rewind(struct stack *stack);

#endif
