/* SPDX-License-Identifier: Apache-2.0
 * What waits for who left, as rows. */
#ifndef STORE_HANDOVER_H
#define STORE_HANDOVER_H

#include "store/db.h"

struct store_handover {
	const char *proof_id, *person_id; /* a proof that waits, of whom */
	const char *to;                   /* the human who is here and nearest above them; NULL: nobody */
};
/* Of some whose manager has left, once. `more`: there may be others. */
enum skd_outcome store_handover_take(struct skd_call *call, struct store_handover **waiting, size_t *count, bool *more) WARN_UNUSED;

#endif
