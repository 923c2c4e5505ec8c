/* SPDX-License-Identifier: Apache-2.0
 * Issuing many at once: what comes of it is what credential_issue() of each would have made. */
#ifndef RULES_BULK_H
#define RULES_BULK_H

#include "rules/credential.h"

struct bulk_order {
	struct credential_order order;
	const char *id; /* of the credential to be */
	const char *field, *fault; /* set where it cannot be: a pointer into the order, or NULL; and why */
};
/* Those without a fault; with `look` it is just found out which have one. In a transaction. Fails as a whole where that
 * is no order's fault: BUSY when skillsd-sign does not answer. */
enum skd_outcome bulk_issue(struct skd_call *call, size_t count, struct bulk_order *orders, bool look) WARN_UNUSED;

/* Whether an outcome is the fault of what was asked for, and not of the times; if so it is forgiven and said. */
bool bulk_fault(struct skd_call *call, enum skd_outcome outcome, const char **field, const char **fault);

#endif
