/* SPDX-License-Identifier: Apache-2.0
 * Many connections, one thread: each batch moves on by a short slice in its turn. */
#ifndef SIGNER_SERVE_H
#define SIGNER_SERVE_H

#include <stdbool.h>
#include <sys/types.h>

#include "signer/keys.h"

/* SIGTERM, SIGINT and SIGHUP wait from now on until serve_run() takes them. */
void serve_hold(void);

/* Answers whoever connects to `listener` and runs as `welcome`, root, or ourselves, until SIGTERM or SIGINT; what has
 * been asked by then is still answered, for a few seconds. SIGHUP: keys_again(). False, said why: it could not begin. */
bool serve_run(int listener, struct keys *keys, uid_t welcome);

#endif
