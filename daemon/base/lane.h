/* SPDX-License-Identifier: Apache-2.0
 * A lane runs tasks: bounded, never blocking who submits. Who implements it is not known here:
 * http/lanes.h has worker threads, store/pipe.h one pipelined database session. */
#ifndef BASE_LANE_H
#define BASE_LANE_H

#include <stdbool.h>

/* Embedded in whatever is to be run; `run` is called once, on a thread of the lane's. */
struct task {
	void (*run)(struct task *task);
	struct task *next;
};

struct lane {
	const char *name;
	/* False at once when the lane is full or closing: the caller answers BUSY. */
	bool (*submit)(struct lane *lane, struct task *task);
	/* How many tasks wait and how many are at work, for /metrics. */
	void (*load)(struct lane *lane, unsigned *waiting, unsigned *working);
};

#endif
