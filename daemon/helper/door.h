/* SPDX-License-Identifier: Apache-2.0
 * Sockets: where connections come from, and whose are welcome. Reads none of their bytes. */
#ifndef HELPER_DOOR_H
#define HELPER_DOOR_H

#include <stdbool.h>
#include <sys/types.h>

/* A listening socket at `path` for `owner` alone; where we are neither root nor `owner` everybody may connect, and
 * door_admits() decides. Replaces a socket that nobody listens on any more, and nothing else. Says why and returns -1
 * when it cannot. */
int door_open(const char *path, uid_t owner);

/* The socket that systemd handed over, listening or connected, as file descriptor 3 with LISTEN_FDS=1 or as
 * standard input; moved away from there. Returns -1 when there is none. */
int door_inherit(bool listening);

/* Makes standard input and output /dev/null, so that nothing is read or written that is not ours. */
void door_mute(void);

/* Whether the process at the other end runs as root, as ourselves or as `welcome`. Says so when not. */
bool door_admits(int connection, uid_t welcome);

/* The user of --peer: a name or a user id. Says so when there is none. */
bool door_user(const char *text, uid_t *uid);

#endif
