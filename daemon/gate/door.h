/* SPDX-License-Identifier: Apache-2.0
 * Sockets: where connections come from, and whose are welcome. Reads none of their bytes. */
#ifndef GATE_DOOR_H
#define GATE_DOOR_H

#include <stdbool.h>
#include <sys/types.h>

/* A listening socket at `path`, for its owner only: `owner` if we are root, otherwise ourselves. Replaces
 * a socket that nobody listens on any more, and nothing else. Says why and returns -1 when it cannot. */
int door_open(const char *path, uid_t owner);

/* The connected socket that systemd handed over, as file descriptor 3 with LISTEN_FDS=1 or as standard
 * input; moved away from there. Returns -1 when there is none. */
int door_inherit(void);

/* Makes standard input and output /dev/null, so that no PAM module reads or writes what is not its own. */
void door_mute(void);

/* Whether the process at the other end runs as root, as ourselves or as `welcome`. Says so when not. */
bool door_admits(int connection, uid_t welcome);

#endif
