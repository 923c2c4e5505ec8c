/* SPDX-License-Identifier: Apache-2.0
 * Awards for pathways. Of whom it is is held first, then what they are on, then credentials. */
#include "rules/award.h"

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/credential.h"
#include "rules/detail.h"
#include "rules/outbox.h"
#include "rules/work.h"
#include "store/award.h"
#include "store/human.h"

#include <string.h>

enum { SOON_MS = 2000, LATER_MS = 600000 };

static bool is(const char *state, const char *word)
{
	return state && strcmp(state, word) == 0;
}

static enum skd_outcome event_add(struct skd_call *call, const struct store_owed *owed, const char *kind, const char *credential_id)
{
	const struct store_enrolment_event event = {.kind = kind, .account = audit_account(call), .account_id = call->actor->account_id,
						    .credential_id = credential_id};
	return store_enrolment_event_add(call, owed->enrolment.id, &event);
}

/* As evidence: by which pathway, and which step of it. */
static const char *evidence_of(struct skd_call *call, const struct store_enrolment *enrolment, const char *step)
{
	struct text text;
	struct json json;
	text_begin(&text, call, 256);
	json_begin(&json, &text);
	put_array(&json, NULL);
	put_object(&json, NULL);
	put_string(&json, "name", enrolment->pathway);
	put_string(&json, "narrative",
		   step ? talloc_asprintf(call, "Reached \"%s\" of the pathway, version %ld.", step, enrolment->number)
			: talloc_asprintf(call, "Completed the pathway, version %ld.", enrolment->number));
	put_object_end(&json);
	put_array_end(&json);
	return text_end(&text);
}

/* What is not issued any more waits, and holds up nothing: *credential_id is NULL. */
static enum skd_outcome issue(struct skd_call *call, struct store_owed *owed, const char *achievement_id, const char *step,
			      const char **credential_id)
{
	const struct store_enrolment *enrolment = &owed->enrolment;
	struct store_credential credential;
	const struct credential_order order = {.person = enrolment->entry_id, .achievement = achievement_id, .issued_at = TIME_UNSET,
					       .valid_from = TIME_UNSET, .expires_at = TIME_UNSET,
					       .evidence = evidence_of(call, enrolment, step)};
	enum skd_outcome outcome = credential_award(call, &order, 0, detail_of(call, "enrolment", enrolment->id, NULL), &credential);
	*credential_id = outcome == SKD_OK ? credential.id : NULL;
	if (outcome != SKD_CLASH)
		return outcome;
	log_line(SKD_WARNING, "award", "what follows of enrolment %s waits: %s", enrolment->id, call->sentence);
	call_forgive(call);
	owed->waits = true;
	return SKD_OK;
}

/* ---- milestones ---- */

static enum skd_outcome milestone_give(struct skd_call *call, struct store_owed *owed, const struct graph_node *node, const char **reached)
{
	const char *credential_id;
	TRY(issue(call, owed, node->milestone, node->name ? node->name : node->label ? node->label : node->id, &credential_id));
	if (!credential_id)
		return SKD_OK;
	reached[owed->reached_count++] = node->id;
	return event_add(call, owed, "milestone", credential_id);
}

static enum skd_outcome milestones_give(struct skd_call *call, struct store_owed *owed)
{
	struct standing standing;
	TRY(standing_get(call, &owed->enrolment, &standing));
	const char **reached = talloc_array(call, const char *, owed->reached_count + standing.graph.count + 1);
	for (size_t i = 0; i < owed->reached_count; i++)
		reached[i] = owed->reached[i];
	owed->reached = reached;
	for (size_t i = 0; i < standing.graph.count; i++) {
		const struct graph_node *node = &standing.graph.nodes[i];
		if (node->milestone && standing.progress.nodes[i].state == PROGRESS_DONE && !strings_have(owed->reached, owed->reached_count, node->id))
			TRY(milestone_give(call, owed, node, reached));
	}
	return SKD_OK;
}

/* ---- the whole ---- */

/* What a person did to it meanwhile stays. */
static enum skd_outcome turn(struct skd_call *call, const struct store_owed *owed, enum credential_turn to, const char *kind, bool *turned)
{
	static const char *const reasons[] = {
		[CREDENTIAL_REVOKE] = "A part of the pathway was lost.", [CREDENTIAL_SUSPEND] = "A part of the pathway was lost.",
		[CREDENTIAL_REINSTATE] = "The pathway is complete again."};
	enum skd_outcome outcome = credential_turn_by_rule(call, owed->credential_id, to, reasons[to]);
	*turned = outcome == SKD_OK;
	if (outcome == SKD_CLASH) {
		call_forgive(call);
		return SKD_OK;
	}
	TRY(outcome);
	return event_add(call, owed, kind, owed->credential_id);
}

/* One that they have is not given again, but for one that has expired before they were complete again, or of what is awarded now. */
static bool is_given(const struct store_owed *owed)
{
	return owed->credential_id && strcmp(owed->credential_achievement_id, owed->achievement_id) == 0 &&
	       !(is(owed->credential_state, "expired") && owed->credential_expires_at <= owed->enrolment.completed_at);
}

static enum skd_outcome whole_give(struct skd_call *call, struct store_owed *owed)
{
	const char *credential_id;
	bool turned;
	if (!owed->achievement_id)
		return SKD_OK;
	if (!is_given(owed)) {
		TRY(issue(call, owed, owed->achievement_id, NULL, &credential_id));
		if (!credential_id)
			return SKD_OK;
		owed->credential_id = credential_id;
		TRY(event_add(call, owed, "awarded", credential_id));
	} else if (owed->held_back) {
		TRY(turn(call, owed, CREDENTIAL_REINSTATE, "reinstated", &turned));
	}
	owed->awarded = owed->enrolment.number;
	owed->held_back = false;
	return SKD_OK;
}

static enum skd_outcome whole_take(struct skd_call *call, struct store_owed *owed)
{
	bool turned;
	if (is(owed->lost, "suspend") && !owed->held_back)
		return turn(call, owed, CREDENTIAL_SUSPEND, "suspended", &owed->held_back);
	if (!is(owed->lost, "revoke"))
		return SKD_OK;
	TRY(turn(call, owed, CREDENTIAL_REVOKE, "revoked", &turned));
	if (turned) {
		owed->credential_id = NULL;
		owed->awarded = 0;
	}
	return SKD_OK;
}

static enum skd_outcome tell(struct skd_call *call, struct store_owed *owed, bool complete)
{
	if (owed->told == complete)
		return SKD_OK;
	const struct store_notice notice = {.kind = complete ? "enrolment.completed" : "enrolment.lost", .noun = "enrolment",
					    .object = owed->enrolment.id, .person_id = owed->enrolment.person_id};
	owed->told = complete;
	TRY(outbox_add(call, &notice));
	return audit_done(call, complete ? "enrolment.complete" : "enrolment.lose", "enrolment", owed->enrolment.id,
			  detail_of(call, "credential", owed->credential_id, NULL));
}

/* ---- one after the other ---- */

static enum skd_outcome follow(struct skd_call *call, struct store_owed *owed)
{
	bool complete = is(owed->enrolment.state, "completed");
	if (complete || is(owed->enrolment.state, "active"))
		TRY(milestones_give(call, owed));
	if (complete)
		TRY(whole_give(call, owed));
	else if (owed->credential_id)
		TRY(whole_take(call, owed));
	return tell(call, owed, complete);
}

/* What they have begun anew has what the last one gave, and what is owed. */
static enum skd_outcome settle(struct skd_call *call, const char *id, const char *entry_id)
{
	struct store_owed owed;
	const char *human;
	bool passed = false;
	TRY(store_human_hold(call, entry_id, &human));
	TRY(standing_refresh(call, 1, &human));
	TRY(store_owed_lock(call, id, &owed));
	if (is(owed.enrolment.state, "left"))
		TRY(store_owed_pass_on(call, &owed, &passed));
	if (!passed)
		TRY(follow(call, &owed));
	TRY(store_owed_settle(call, &owed));
	return work_commit(call);
}

/* What was begun is undone, and tried again: soon where somebody else was in the way, otherwise later. */
static enum skd_outcome put_off(struct skd_call *call, const char *id, int64_t since, enum skd_outcome outcome)
{
	if (outcome != SKD_ABSENT)
		log_line(SKD_WARNING, "award", "what follows of enrolment %s waits: %s", id, call->sentence);
	tx_rollback(call);
	call_forgive(call);
	TRY(tx_begin(call));
	TRY(store_owed_put_off(call, id, since, outcome == SKD_BUSY ? SOON_MS : LATER_MS));
	return tx_commit(call);
}

enum skd_outcome award_turn(struct skd_call *call, bool *more)
{
	const char *id, *entry_id;
	int64_t since;
	*more = false;
	TRY(pool_borrow(call->house->jobs, call));
	TRY(tx_begin(call));
	TRY(store_owed_find(call, &id, &entry_id, &since));
	if (!id)
		return SKD_OK;
	*more = true;
	TRY(actor_be_rule(call));
	enum skd_outcome outcome = settle(call, id, entry_id);
	return outcome == SKD_OK ? SKD_OK : put_off(call, id, since, outcome);
}
