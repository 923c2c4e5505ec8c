/* SPDX-License-Identifier: Apache-2.0
 * The audit's sealer, one daemon at a time: links what was committed into the chain, and says at intervals how far it
 * goes. When it is called is not known here. */
#ifndef RULES_SEAL_H
#define RULES_SEAL_H

#include "rules/house.h"

struct sealer {
	int64_t epoch; /* of the lease; 0: another daemon has it, or it is to be asked for anew */
	int64_t due;   /* monotonic microseconds: the next checkpoint */
	bool more;     /* there may be more to link at once */
};
/* Links up to a thousand entries that wait, and writes a checkpoint when one is due and all are linked. `last`: one is
 * due in any case, and the lease goes to whoever wants it. After a failure, CLASH too, the lease is asked for anew.
 * Borrows a session; the caller ends it with work_end(). */
enum skd_outcome seal_once(struct skd_call *call, struct sealer *sealer, bool last) WARN_UNUSED;

/* Appends the newest checkpoint, whoever wrote it, to the file that the configuration names, unless it is the one whose
 * sequence is *carried, which is then its own. May take as long as the file takes. BUSY when the file, or the
 * database, is not to be had. */
enum skd_outcome seal_carry(struct skd_call *call, int64_t *carried) WARN_UNUSED;

#endif
