/* SPDX-License-Identifier: Apache-2.0
 * Frameworks. */
#include "rules/framework.h"

#include "rules/audit.h"
#include "rules/detail.h"

enum skd_outcome framework_get(struct skd_call *call, const char *id, struct store_framework *framework)
{
	return store_framework_get(call, id, framework);
}

enum skd_outcome framework_list(struct skd_call *call, const char *state, struct list *list,
				struct store_framework **frameworks, size_t *count)
{
	return store_framework_list(call, state, list, frameworks, count);
}

enum skd_outcome framework_pick(struct skd_call *call, const char *field, const char *ref,
				struct store_framework *framework)
{
	enum skd_outcome outcome = store_framework_find(call, ref, framework);
	if (outcome != SKD_ABSENT)
		return outcome;
	call_forgive(call);
	return fail_field(call, field, "there is no such framework");
}

enum skd_outcome framework_add(struct skd_call *call, struct store_framework *framework)
{
	const char *id;
	enum skd_outcome outcome = store_framework_add(call, framework, &id);
	if (outcome == SKD_CLASH) {
		call_forgive(call);
		return fail(call, SKD_CLASH, "there is a framework with the code %s already", framework->code);
	}
	TRY(outcome);
	TRY(audit_done(call, "framework.add", "framework", id,
		       detail_of(call, "code", framework->code, "name", framework->name, NULL)));
	return store_framework_get(call, id, framework);
}

enum skd_outcome framework_set(struct skd_call *call, struct store_framework *framework)
{
	TRY(store_framework_set(call, framework));
	TRY(store_framework_get(call, framework->id, framework));
	return audit_done(call, "framework.set", "framework", framework->id,
			  detail_of(call, "code", framework->code, "name", framework->name, "state", framework->state,
				    NULL));
}
