/* SPDX-License-Identifier: Apache-2.0
 * Many credentials, with a few questions to the database and one to skillsd-sign. */
#include "rules/bulk.h"

#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/badge.h"
#include "rules/rubric.h"
#include "store/bulk.h"

#include <string.h>

bool bulk_fault(struct skd_call *call, enum skd_outcome outcome, const char **field, const char **fault)
{
	if (outcome != SKD_BAD_INPUT && outcome != SKD_DENIED && outcome != SKD_ABSENT && outcome != SKD_CLASH && outcome != SKD_GONE)
		return false;
	*field = call->error_count ? call->errors[0].field : NULL;
	*fault = call->error_count ? call->errors[0].message : call->sentence;
	call_forgive(call);
	return true;
}

/* ---- to whom ---- */

static enum skd_outcome orders_people(struct skd_call *call, size_t count, struct bulk_order *orders, struct store_bulk *bulk)
{
	struct store_meant *meant = talloc_array(call, struct store_meant, count);
	const char **refs = talloc_array(call, const char *, count);
	for (size_t i = 0; i < count; i++)
		refs[i] = orders[i].order.person ? orders[i].order.person : "";
	TRY(store_people_meant(call, count, refs, meant));
	TRY(store_people_hold(call, count, meant));
	for (size_t i = 0; i < count; i++) {
		bulk[i].award.entry_id = meant[i].entry_id;
		bulk[i].award.person_id = meant[i].human_id;
		if (meant[i].human_id && orders[i].order.person)
			continue;
		orders[i].field = "/person";
		orders[i].fault = !orders[i].order.person ? "was erased"
				  : meant[i].many ? "more than one person is called so: use the id"
				  : meant[i].entry_id ? "has left" : "there is no such person";
	}
	return SKD_OK;
}

/* ---- what ---- */

/* What goes for an achievement, or why nothing does. */
struct bulk_terms {
	struct bulk_terms *next;
	const char *achievement, *field, *fault;
	struct store_award_terms terms;
};

static enum skd_outcome terms_of(struct skd_call *call, const char *achievement, struct bulk_terms **known, struct bulk_terms **terms)
{
	for (*terms = *known; *terms; *terms = (*terms)->next)
		if (strcmp((*terms)->achievement, achievement) == 0)
			return SKD_OK;
	*terms = talloc_zero(call, struct bulk_terms);
	(*terms)->next = *known;
	(*terms)->achievement = achievement;
	*known = *terms;
	enum skd_outcome outcome = credential_terms(call, achievement, "/achievement", &(*terms)->terms);
	return outcome == SKD_OK || bulk_fault(call, outcome, &(*terms)->field, &(*terms)->fault) ? SKD_OK : outcome;
}

static enum skd_outcome order_look(struct skd_call *call, struct bulk_order *order, struct bulk_terms **known, struct store_bulk *bulk)
{
	struct bulk_terms *terms;
	TRY(terms_of(call, order->order.achievement, known, &terms));
	order->field = terms->field;
	order->fault = terms->fault;
	if (order->fault)
		return SKD_OK;
	bulk->id = order->id;
	bulk->issuer_id = terms->terms.issuer_id;
	bulk->award.achievement_id = order->order.achievement;
	bulk->award.version = terms->terms.version;
	bulk->award.evidence = order->order.evidence;
	bulk->award.since = TIME_NEVER;
	enum skd_outcome outcome = credential_to(call, &terms->terms, bulk->award.person_id);
	if (outcome == SKD_OK)
		outcome = rubric_awarded(call, order->order.achievement, terms->terms.version, order->order.results,
					 order->order.result_count, &bulk->award.results);
	if (outcome == SKD_OK)
		outcome = credential_times(call, &order->order, &terms->terms, &bulk->award);
	bulk->state = bulk->award.expires_at <= terms->terms.now  ? "expired"
		      : bulk->award.valid_from > terms->terms.now ? "scheduled" : "active";
	return outcome == SKD_OK || bulk_fault(call, outcome, &order->field, &order->fault) ? SKD_OK : outcome;
}

static enum skd_outcome bulk_told(struct skd_call *call, size_t count, const struct store_bulk *bulk)
{
	struct store_notice *notices = talloc_array(call, struct store_notice, count);
	for (size_t i = 0; i < count; i++)
		notices[i] = credential_issued(bulk[i].id, &bulk[i].award);
	return store_outbox_add_many(call, count, notices);
}

enum skd_outcome bulk_issue(struct skd_call *call, size_t count, struct bulk_order *orders, bool look)
{
	struct store_bulk *bulk = talloc_zero_array(call, struct store_bulk, count + 1);
	const char **ids = talloc_array(call, const char *, count + 1), *account = audit_account(call);
	struct bulk_terms *known = NULL;
	struct badge_lot *lots;
	size_t good = 0;
	TRY(orders_people(call, count, orders, bulk));
	for (size_t i = 0; i < count; i++) {
		if (!orders[i].fault)
			TRY(order_look(call, &orders[i], &known, &bulk[i]));
		if (orders[i].fault)
			continue;
		ids[good] = orders[i].id;
		bulk[good++] = bulk[i];
	}
	if (look || !good)
		return SKD_OK;
	TRY(store_bulk_add(call, good, bulk, call->actor->account_id));
	TRY(badge_begin_many(call, good, bulk, &lots));
	TRY(store_bulk_issue(call, good, ids, call->actor->account_id, account));
	TRY(bulk_told(call, good, bulk));
	TRY(store_bulk_audit(call, "credential.issue", "credential", good, ids, account, call->actor->account_id, call->address,
			     call_id(call)));
	db_push(call);
	return badge_seal_many(call, lots);
}
