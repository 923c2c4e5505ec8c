/* SPDX-License-Identifier: Apache-2.0
 * Forks one child for each connection and watches it to its end. Reads nothing from connections. */
#ifndef GATE_WATCH_H
#define GATE_WATCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "gate/talk.h"

struct watch_orders {
	struct talk_service service;
	int64_t deadline; /* milliseconds that a conversation may last */
	size_t max;       /* conversations at once; further connections wait in the socket's backlog */
	uid_t welcome;    /* whose connections are answered, besides root's and our own */
};

/* SIGTERM and SIGINT wait from now on until watch_run() takes them. */
void watch_hold(void);

/* Answers whoever connects to `listener`, until SIGTERM or SIGINT. With `listener` -1: answers the
 * one `connection` and returns. Children past their deadline are killed with all they started, and
 * their peers told GATE_UNAVAILABLE; so are the peers of children that crash, and of those that run
 * when the end comes. False: it could not begin. */
bool watch_run(int listener, int connection, const struct watch_orders *orders);

#endif
