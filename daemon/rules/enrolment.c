/* SPDX-License-Identifier: Apache-2.0
 * Enrolments, and proofs from outside. */
#include "rules/enrolment.h"

#include "base/fields.h"
#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/detail.h"
#include "rules/issuer.h"
#include "rules/looks.h"
#include "rules/outbox.h"
#include "rules/pathway.h"
#include "rules/person.h"
#include "store/human.h"

#include <string.h>

static bool is(const char *state, const char *word)
{
	return strcmp(state, word) == 0;
}

/* ---- reading ---- */

void enrolment_veil(const struct skd_call *call, struct store_enrolment *enrolments, size_t count)
{
	bool groups = sight_near(call).everyone;
	for (size_t i = 0; i < count; i++)
		if (enrolments[i].by_group && !groups)
			enrolments[i].rule_id = NULL;
}

static enum skd_outcome rule_pick(struct skd_call *call, const char *id)
{
	struct store_pathway pathway;
	const char *pathway_id;
	if (!id)
		return SKD_OK;
	TRY(absent_as_field(call, "rule", store_enrolment_rule(call, sight_near(call).everyone, id, &pathway_id)));
	return absent_as_field(call, "rule", pathway_get(call, pathway_id, 0, &pathway));
}

enum skd_outcome enrolment_get(struct skd_call *call, const char *id, struct store_enrolment *enrolment)
{
	struct sight sight = sight_for(call, SIGHT_PATHWAYS);
	TRY(store_enrolment_get(call, &sight, id, enrolment));
	looks_add(call, enrolment->person_id, "pathways");
	TRY(standing_refresh(call, 1, &enrolment->person_id));
	TRY(store_enrolment_get(call, &sight, id, enrolment));
	enrolment_veil(call, enrolment, 1);
	return SKD_OK;
}

enum skd_outcome enrolment_list(struct skd_call *call, const struct store_enrolment_filter *asked, struct list *list,
				struct store_enrolment **enrolments, size_t *count)
{
	struct sight sight = sight_for(call, SIGHT_PATHWAYS);
	struct store_enrolment_filter filter = *asked;
	struct store_pathway pathway;
	TRY(person_pick(call, &sight, "person", asked->person, &filter.person));
	if (asked->pathway)
		TRY(absent_as_field(call, "pathway", pathway_get(call, asked->pathway, 0, &pathway)));
	TRY(rule_pick(call, asked->rule));
	looks_add(call, filter.person, "pathways");
	TRY(store_enrolment_list(call, &sight, &filter, list, enrolments, count));
	enrolment_veil(call, *enrolments, *count);
	return SKD_OK;
}

enum skd_outcome enrolment_events(struct skd_call *call, const char *id, struct store_enrolment_event **events, size_t *count)
{
	struct sight sight = sight_for(call, SIGHT_PATHWAYS);
	struct store_enrolment enrolment;
	TRY(store_enrolment_get(call, &sight, id, &enrolment));
	looks_add(call, enrolment.person_id, "pathways");
	return store_enrolment_events(call, id, events, count);
}

/* ---- who ---- */

/* By their place above them, whatever else they are. */
static enum skd_outcome leads(struct skd_call *call, const char *person_id, bool *leads)
{
	const struct sight below = {.self = call->actor->person_id};
	const char *seen = NULL;
	if (below.self)
		TRY(store_person_seen(call, &below, person_id, &seen));
	*leads = seen && !actor_is(call, person_id);
	return SKD_OK;
}

static enum skd_outcome must_lead(struct skd_call *call, const char *person_id, const char *otherwise)
{
	bool above;
	if (actor_has(call, ROLE_HR))
		return SKD_OK;
	TRY(leads(call, person_id, &above));
	return above ? SKD_OK : fail(call, SKD_DENIED, "%s", otherwise);
}

/* The entry that is meant, and its human, who is here and stays who they are until the transaction ends. */
static enum skd_outcome whom(struct skd_call *call, const char *person, struct store_enrolment *e)
{
	const struct sight all = {.everyone = true};
	struct sight sight = sight_of(call);
	struct store_person entry;
	const char *seen;
	if (!person && !call->actor->person_id)
		return fail(call, SKD_DENIED, "pathways are for people of the directory, and this account is none");
	TRY(person_pick(call, &sight, "/person", person, &seen));
	e->entry_id = call->actor->entry_id;
	if (person)
		TRY(store_person_find(call, person, &e->entry_id, &seen));
	TRY(store_human_hold(call, e->entry_id, &e->person_id));
	TRY(store_person_get(call, &all, e->entry_id, &entry));
	if (entry.absent_since != TIME_NEVER)
		return fail(call, SKD_CLASH, "the person has left");
	return actor_is(call, e->person_id) ? SKD_OK : must_lead(call, e->person_id, "others are invited by who leads them, and by hr");
}

/* ---- what happened ---- */

static enum skd_outcome told(struct skd_call *call, const struct store_enrolment *e, const char *event, const char *action)
{
	const struct store_enrolment_event now = {.kind = event, .account = audit_account(call), .account_id = call->actor->account_id};
	const struct store_notice notice = {.kind = talloc_asprintf(call, "enrolment.%s", event), .noun = "enrolment", .object = e->id,
					    .person_id = e->person_id};
	TRY(store_enrolment_event_add(call, e->id, &now));
	TRY(outbox_add(call, &notice));
	return audit_done(call, action, "enrolment", e->id, NULL);
}

enum skd_outcome enrolment_add(struct skd_call *call, const char *pathway_id, const char *person, const char *until,
			       struct store_enrolment *enrolment)
{
	struct store_enrolment made = {.pathway_id = pathway_id, .until = until};
	struct store_pathway pathway;
	TRY(pathway_get(call, pathway_id, 0, &pathway));
	TRY(store_pathway_hold(call, pathway_id));
	TRY(whom(call, person, &made));
	bool own = actor_is(call, made.person_id);
	made.state = own ? "active" : "invited";
	made.via = own ? "self" : "invited";
	TRY(store_enrolment_hold(call, made.person_id, pathway_id));
	enum skd_outcome outcome = store_enrolment_add(call, &made, &made.id);
	if (outcome == SKD_CLASH || outcome == SKD_ABSENT) {
		call_forgive(call);
		return fail(call, SKD_CLASH, outcome == SKD_ABSENT ? "the pathway takes nobody now"
					     : own	     ? "you are on this pathway already: where you are invited, accept the invitation"
							     : "the person is on this pathway already");
	}
	TRY(outcome);
	TRY(told(call, &made, own ? "begun" : "invited", own ? "enrolment.add" : "enrolment.invite"));
	return enrolment_get(call, made.id, enrolment);
}

/* ---- states ---- */

/* As it is, until the transaction ends: first its human is held, then what they are on. */
static enum skd_outcome enrolment_hold(struct skd_call *call, const char *id, struct store_enrolment *e)
{
	struct sight sight = sight_for(call, SIGHT_PATHWAYS);
	const char *human;
	TRY(store_enrolment_get(call, &sight, id, e));
	TRY(store_human_hold(call, e->entry_id, &human));
	TRY(standing_refresh(call, 1, &human));
	return store_enrolment_lock(call, id, &e->state);
}

static const struct step {
	const char *from, *to; /* from: words separated by | */
	const char *event, *action, *verb;
} steps[] = {
	[ENROLMENT_ACCEPT] = {"invited", "active", "accepted", "enrolment.accept", "accepted"},
	[ENROLMENT_PAUSE] = {"active", "paused", "paused", "enrolment.pause", "paused"},
	[ENROLMENT_RESUME] = {"paused", "active", "resumed", "enrolment.resume", "resumed"},
	[ENROLMENT_LEAVE] = {"invited|active|paused", "left", "left", "enrolment.leave", "left"}};

/* An invitation is taken back by who may make one. */
static enum skd_outcome may_turn(struct skd_call *call, const struct store_enrolment *e, enum enrolment_turn turn)
{
	if (actor_is(call, e->person_id))
		return SKD_OK;
	if (turn == ENROLMENT_LEAVE && is(e->state, "invited"))
		return must_lead(call, e->person_id, "invitations are taken back by who leads the person, and by hr");
	return fail(call, SKD_DENIED, "this is somebody else's pathway");
}

enum skd_outcome enrolment_turn(struct skd_call *call, const char *id, enum enrolment_turn turn, struct store_enrolment *e)
{
	const struct step *step = &steps[turn];
	TRY(enrolment_hold(call, id, e));
	TRY(may_turn(call, e, turn));
	if (!fields_word(step->from, e->state))
		return fail(call, SKD_CLASH, "the enrolment is %s and cannot be %s", e->state, step->verb);
	TRY(store_enrolment_turn(call, id, step->to));
	TRY(told(call, e, step->event, step->action));
	return enrolment_get(call, id, e);
}

/* ---- proofs from outside ---- */

/* What waits for an answer says whose it is to give. */
static enum skd_outcome proof_told(struct skd_call *call, const char *id, const char *what, const char *action,
				   struct store_outside_proof *proof)
{
	const char *to = NULL;
	TRY(outside_proof_get(call, id, proof));
	if (is(proof->state, "offered"))
		TRY(store_outside_proof_for(call, proof->person_id, &to));
	const struct store_notice notice = {.kind = talloc_asprintf(call, "proof.%s", what), .noun = "proof", .object = id,
					    .person_id = proof->person_id, .detail = to ? detail_of(call, "to", to, NULL) : NULL};
	TRY(outbox_add(call, &notice));
	return audit_done(call, action, "proof", id, NULL);
}

enum skd_outcome outside_proof_offer(struct skd_call *call, struct store_outside_proof *proof)
{
	struct store_enrolment e;
	bool there;
	const char *id;
	TRY(enrolment_hold(call, proof->enrolment_id, &e));
	if (!actor_is(call, e.person_id))
		return fail(call, SKD_DENIED, "this is somebody else's pathway");
	if (!proof->text && !proof->url)
		return fail(call, SKD_BAD_INPUT, "say text, url or both");
	if (!is(e.state, "active"))
		return fail(call, SKD_CLASH, "the enrolment is %s", e.state);
	TRY(store_outside_proof_node(call, e.id, proof->node, &there));
	if (!there)
		return fail_field(call, "/node", "is no step of the pathway that is proved from outside");
	enum skd_outcome outcome = store_outside_proof_add(call, proof, &id);
	if (outcome == SKD_CLASH) {
		call_forgive(call);
		return fail(call, SKD_CLASH, "another proof for this step waits for an answer");
	}
	TRY(outcome);
	return proof_told(call, id, "offered", "proof.offer", proof);
}

static enum skd_outcome may_decide(struct skd_call *call, const struct store_outside_proof *proof)
{
	bool above;
	if (actor_is(call, proof->person_id))
		return fail(call, SKD_DENIED, "nobody decides on their own proof");
	if (actor_has(call, ROLE_HR))
		return SKD_OK;
	TRY(leads(call, proof->person_id, &above));
	if (above)
		return SKD_OK;
	return actor_has(call, ROLE_ISSUER) ? issuer_may_issue(call, proof->issuer_id, false)
					    : fail(call, SKD_DENIED, "this is for hr, for issuers, and for who leads the person");
}

static const struct proof_step {
	const char *from, *to, *action, *otherwise;
} proof_steps[] = {
	[OUTSIDE_PROOF_ACCEPT] = {"offered", "accepted", "proof.accept", "the proof was decided on already"},
	[OUTSIDE_PROOF_REFUSE] = {"offered", "refused", "proof.refuse", "the proof was decided on already"},
	[OUTSIDE_PROOF_REVOKE] = {"accepted", "revoked", "proof.revoke", "only a proof that was accepted can be revoked"},
	[OUTSIDE_PROOF_WITHDRAW] = {"offered", "withdrawn", "proof.withdraw", "the proof was decided on already"}};

static enum skd_outcome may_withdraw(struct skd_call *call, const struct store_outside_proof *proof)
{
	return actor_is(call, proof->person_id) ? SKD_OK : fail(call, SKD_DENIED, "this is somebody else's proof");
}

enum skd_outcome outside_proof_turn(struct skd_call *call, const char *id, enum outside_proof_turn turn, const char *note,
				    struct store_outside_proof *proof)
{
	const struct proof_step *step = &proof_steps[turn];
	bool turned;
	TRY(outside_proof_get(call, id, proof));
	TRY(turn == OUTSIDE_PROOF_WITHDRAW ? may_withdraw(call, proof) : may_decide(call, proof));
	const struct store_outside_proof now = {.id = id, .state = step->to, .note = note};
	TRY(store_outside_proof_turn(call, &now, step->from, audit_account(call), call->actor->account_id, &turned));
	if (!turned)
		return fail(call, SKD_CLASH, "%s", step->otherwise);
	return proof_told(call, id, step->to, step->action, proof);
}

enum skd_outcome outside_proof_get(struct skd_call *call, const char *id, struct store_outside_proof *proof)
{
	struct sight sight = sight_for(call, SIGHT_PATHWAYS);
	TRY(store_outside_proof_get(call, &sight, id, proof));
	looks_add(call, proof->person_id, "pathways");
	return SKD_OK;
}

enum skd_outcome outside_proof_list(struct skd_call *call, const char *enrolment_id, const char *state, struct list *list,
				    struct store_outside_proof **proofs, size_t *count)
{
	struct sight sight = sight_for(call, SIGHT_PATHWAYS);
	struct store_enrolment enrolment;
	if (enrolment_id)
		TRY(absent_as_field(call, "enrolment", store_enrolment_get(call, &sight, enrolment_id, &enrolment)));
	if (enrolment_id)
		looks_add(call, enrolment.person_id, "pathways");
	return store_outside_proof_list(call, &sight, enrolment_id, state, list, proofs, count);
}
