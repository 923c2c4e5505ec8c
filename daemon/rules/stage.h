/* SPDX-License-Identifier: Apache-2.0
 * The sink a source reads into: what comes is checked and goes to staging, or is left out with a line. */
#ifndef RULES_STAGE_H
#define RULES_STAGE_H

#include "store/run.h"

struct stage {
	struct skd_sink sink; /* the first member: callbacks find the rest behind it */
	struct skd_call *call;
};

void stage_sink(struct stage *stage, struct skd_call *call);

#endif
