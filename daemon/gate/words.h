/* SPDX-License-Identifier: Apache-2.0
 * What modules write to standard error: room for a little of it, and its way into the log. Reads nothing else. */
#ifndef GATE_WORDS_H
#define GATE_WORDS_H

#include <sys/types.h>

/* A file for one conversation with room for 4 KiB: what is written beyond fails. -1: there can be none. */
int words_open(void);

/* From now on modules' words go there. Returns what words_end() takes, for ours to go to the log again. */
int words_begin(int words);
void words_end(int log);

/* Puts what the conversation's modules wrote into the log, at most 20 lines of it, each as a quoted value. */
void words_say(int words, pid_t conversation);

#endif
