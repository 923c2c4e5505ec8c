/* SPDX-License-Identifier: Apache-2.0
 * Audit entries, the change feed, and remembered answers. */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "store/list.h"

struct store_audit {
	const char *id, *account, *account_id, *action, *outcome, *noun, *object, *request_id, *address, *detail;
	int64_t at;
};
enum skd_outcome store_audit_add(struct skd_call *call, const struct store_audit *entry) WARN_UNUSED;
struct store_audit_filter {
	const char *action, *object, *account, *outcome, *noun;
	int64_t since, until; /* 0 and TIME_NEVER: open */
};
enum skd_outcome store_audit_list(struct skd_call *call, const struct store_audit_filter *filter, struct list *list,
				  struct store_audit **entries, size_t *count) WARN_UNUSED;
enum skd_outcome store_change_add(struct skd_call *call, const char *noun, const char *key) WARN_UNUSED;

struct store_answer {
	const uint8_t *request; /* keyed hash */
	size_t request_size;
	int status; /* 0: the first is not done */
	const char *location, *etag;
	const uint8_t *sealed;
	size_t sealed_size;
};
/* Makes the key this transaction's own and says so, or finds what is there; waits for another
 * transaction that has it. */
enum skd_outcome store_answer_claim(struct skd_call *call, const char *account_id, const char *key,
				    const uint8_t *request, bool *mine, struct store_answer *answer) WARN_UNUSED;
enum skd_outcome store_answer_put(struct skd_call *call, const char *account_id, const char *key,
				  const struct store_answer *answer) WARN_UNUSED;

#endif
