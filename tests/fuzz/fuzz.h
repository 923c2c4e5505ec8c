/* SPDX-License-Identifier: Apache-2.0
 * What a fuzz target is: libFuzzer calls it with bytes of its own making, replay.c with files. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* What must be true whatever the bytes are. */
static inline void must(bool truth, const char *what)
{
	if (truth)
		return;
	fprintf(stderr, "not so: %s\n", what);
	abort();
}

#endif
