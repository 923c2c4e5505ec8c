/* SPDX-License-Identifier: Apache-2.0
 * What comes near its end, and what is done about it. */
#ifndef STORE_RENEWAL_H
#define STORE_RENEWAL_H

#include "store/list.h"

/* Credentials whose end came nearer than `days` days since the last look, and is not nearer than `next` (0: has not come),
 * which the next notice is for; the notice for the holder of each that stands, has none that lasts longer in its place, and
 * was valid for longer than that. At most `most` are looked at; how many were. None while another daemon looks. In a
 * transaction. */
enum skd_outcome store_expiry_say(struct skd_call *call, long days, long next, int64_t most, int64_t *looked) WARN_UNUSED;

#endif
