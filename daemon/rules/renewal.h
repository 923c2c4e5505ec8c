/* SPDX-License-Identifier: Apache-2.0
 * Credentials that come near their end: their holders are told. */
#ifndef RULES_RENEWAL_H
#define RULES_RENEWAL_H

#include "store/credential.h"

/* Says in the outbox whose credentials expire soon, once for each of the days before that [credentials] expiry_notice names;
 * where several have gone by since the last look only the last of them. As far as the call's time goes. */
enum skd_outcome renewal_remind(struct skd_call *call) WARN_UNUSED;
/* The same of one that stands again, unless it was said. */
enum skd_outcome renewal_remind_again(struct skd_call *call, const struct store_credential *credential, int64_t now) WARN_UNUSED;

#endif
