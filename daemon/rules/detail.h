/* SPDX-License-Identifier: Apache-2.0
 * The detail of audit entries and events: a small JSON object of words. */
#ifndef RULES_DETAIL_H
#define RULES_DETAIL_H

#include "base/call.h"

/* Keys and values in turns, ended by a NULL key; a NULL value leaves its key out. */
const char *detail_of(struct skd_call *call, ...) __attribute__((sentinel));

#endif
