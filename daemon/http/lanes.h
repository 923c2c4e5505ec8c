/* SPDX-License-Identifier: Apache-2.0
 * Worker threads behind a bounded queue. Knows neither what a task is nor what it waits for. */
#ifndef HTTP_LANES_H
#define HTTP_LANES_H

#include "base/call.h"
#include "base/lane.h"

/* `threads` at most, begun when needed and kept; at most `queue` tasks wait. */
struct lane *lane_threads_open(const char *name, unsigned threads, unsigned queue);
/* Refuses new tasks, lets queued and running ones finish, joins the threads, frees. */
void lane_threads_close(struct lane **lane);

#endif
