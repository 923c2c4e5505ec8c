/* SPDX-License-Identifier: Apache-2.0
 * What the gate gives up at its start, whoever starts it. */
#ifndef GATE_SHED_H
#define GATE_SHED_H

#include <stdbool.h>

/* As root, for good and for all that is started from here: every capability but those that PAM's modules need to look
 * somebody up, keep count, and become the user. False, said why: it could not. */
bool shed_rights(void);

/* Closes every file but the standard ones and `keep` (-1: no other): no module gets what our starter left open. */
void shed_files(int keep);

/* What our session weighs against others where the kernel weighs sessions (sched(7), autogroup): as little as a process
 * that is nice. Not where we are in the session of somebody else. Before rights are given up. */
void shed_weight(void);

/* For the calling process and all it starts: every processor but one, which is the same for all who call this, and its
 * turn there where others want theirs. Of all conversations, one is at work at a time. */
void shed_processors(void);

#endif
