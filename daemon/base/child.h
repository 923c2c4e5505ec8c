/* SPDX-License-Identifier: Apache-2.0
 * Small programs of ours that are run for one answer: what goes in, what comes out, and for how long. No shell. */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include "base/call.h"
#include "base/text.h"

/* Runs words[0], a path, with the words and just this on its standard input, until it ends well having written at most
 * so many bytes, which are appended to `said`. FAULT, with a sentence that names the program, when it cannot be run, says
 * more, fails, or takes longer than that; it is killed then. */
enum skd_outcome child_run(struct skd_call *call, const char *const *words, struct skd_text input, long milliseconds,
			   size_t most, struct text *said) WARN_UNUSED;

#endif
