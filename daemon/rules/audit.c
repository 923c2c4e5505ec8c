/* SPDX-License-Identifier: Apache-2.0
 * Audit entries and remembered answers. */
#include "rules/audit.h"

#include "base/log.h"
#include "rules/actor.h"
#include "rules/house.h"
#include "sign/digest.h"

#include <string.h>

const char *audit_account(struct skd_call *call)
{
	if (!call->actor)
		return call->what;
	return talloc_asprintf(call, "%s:%s", call->actor->authenticator, call->actor->account);
}

enum skd_outcome audit_note(struct skd_call *call, const char *action, const char *outcome, const char *noun,
			    const char *object, const char *detail)
{
	struct store_audit entry = {
		.account = audit_account(call),
		.account_id = call->actor ? call->actor->account_id : NULL,
		.action = action,
		.outcome = outcome,
		.noun = noun,
		.object = object,
		.request_id = call_id(call),
		.address = call->address,
		.detail = detail,
	};
	return store_audit_add(call, &entry);
}

enum skd_outcome audit_shut_out(struct skd_call *call, const char *account)
{
	const struct store_audit entry = {.account = account ? account : "unknown",
					  .action = "session.open",
					  .outcome = "denied",
					  .noun = "session",
					  .request_id = call_id(call),
					  .address = call->address};
	return store_audit_add(call, &entry);
}

enum skd_outcome audit_done(struct skd_call *call, const char *action, const char *noun, const char *object,
			    const char *detail)
{
	TRY(audit_note(call, action, "ok", noun, object, detail));
	call->shown = call->shown || strcmp(action, "credential.issue") != 0; /* of which nothing was shown before */
	return store_change_add(call, noun, object);
}

enum skd_outcome audit_list(struct skd_call *call, const struct store_audit_filter *filter, struct list *list,
			    struct store_audit **entries, size_t *count)
{
	return store_audit_list(call, filter, list, entries, count);
}

/* ---- written after the call, by the write lane ---- */

struct later {
	struct task task;
	struct skd_call *call; /* a copy of what matters of the first */
	const char *action, *object;
	bool touch;
};

static void later_run(struct task *task)
{
	struct later *later = (struct later *)task;
	struct skd_call *call = later->call;
	enum skd_outcome outcome = pool_borrow(call->house->writers, call);
	if (outcome == SKD_OK)
		outcome = later->touch ? actor_touch(call)
				       : audit_note(call, later->action, "denied", NULL, later->object, NULL);
	if (outcome != SKD_OK)
		log_failure(call);
	pool_return(call);
	talloc_free(call);
}

static void later_submit(struct skd_call *from, const char *action, const char *object, bool touch)
{
	struct skd_call *call = call_new(from->what, 10000);
	struct later *later = talloc_zero(call, struct later);
	memcpy(call->id, call_id(from), sizeof call->id);
	call->house = from->house;
	call->address = from->address ? talloc_strdup(call, from->address) : NULL;
	if (from->actor) {
		struct actor *actor = talloc_zero(call, struct actor);
		actor->account_id = talloc_strdup(actor, from->actor->account_id);
		actor->account = talloc_strdup(actor, from->actor->account);
		actor->authenticator = talloc_strdup(actor, from->actor->authenticator);
		actor->session_id = talloc_strdup(actor, from->actor->session_id);
		actor->token_id = talloc_strdup(actor, from->actor->token_id);
		call->actor = actor;
	}
	*later = (struct later){{later_run, NULL}, call, action, talloc_strdup(call, object), touch};
	if (call->house->write_lane->submit(call->house->write_lane, &later->task))
		return;
	if (!touch)
		log_line(SKD_WARNING, "audit", "refused %s by %s could not be written: the lane is full", action,
			 audit_account(call));
	talloc_free(call);
}

void audit_refused(struct skd_call *call, const char *action, const char *object)
{
	later_submit(call, action, object && uuid_valid(object) ? object : NULL, false);
}

void audit_touched(struct skd_call *call)
{
	later_submit(call, NULL, NULL, true);
}

/* ---- remembered answers ---- */

enum skd_outcome answer_recall(struct skd_call *call, const char *key, const char *method, const char *target,
			       const char *body, size_t size, bool *first, struct answer *answer)
{
	uint8_t request[DIGEST_SIZE];
	struct store_answer stored = {0};
	const struct digest_part parts[] = {{method, strlen(method)}, {target, strlen(target)}, {body, size}};
	digest_keyed(call->house->token_key, "request", 3, parts, request);
	TRY(store_answer_claim(call, call->actor->account_id, key, request, first, &stored));
	if (*first)
		return SKD_OK;
	if (stored.request_size != DIGEST_SIZE || memcmp(stored.request, request, DIGEST_SIZE) != 0) {
		call->problem = "key-reused";
		return fail(call, SKD_CLASH, "this Idempotency-Key was used with another request");
	}
	*answer = (struct answer){.status = stored.status, .location = stored.location, .etag = stored.etag};
	return seal_open(call, call->house->token_key, "answer", stored.sealed, stored.sealed_size, &answer->body,
			 &answer->size);
}

enum skd_outcome answer_remember(struct skd_call *call, const char *key, const struct answer *answer)
{
	struct store_answer stored = {.status = answer->status, .location = answer->location, .etag = answer->etag};
	uint8_t *sealed;
	TRY(seal_make(call, call->house->token_key, "answer", answer->body, answer->size, &sealed, &stored.sealed_size));
	stored.sealed = sealed;
	return store_answer_put(call, call->actor->account_id, key, &stored);
}
