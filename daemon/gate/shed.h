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

#endif
