/* SPDX-License-Identifier: Apache-2.0
 * The other way in: time. Threads that sync directories, tidy up, and seal the audit. */
#ifndef JOBS_JOBS_H
#define JOBS_JOBS_H

#include "rules/house.h"

struct jobs;

/* One thread for each directory, one for long work, one for links, one for tidying, two for the audit. Sets the targets of
 * house->sync_wanted and house->job_wanted. */
struct jobs *jobs_open(struct house *house);
/* Lets what runs come to an end; a read of a directory under way is given up. What the audit holds by
 * then is sealed, with a checkpoint. */
void jobs_close(struct jobs **jobs);

#endif
