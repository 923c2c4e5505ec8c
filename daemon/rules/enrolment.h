/* SPDX-License-Identifier: Apache-2.0
 * Being on a pathway: who begins, who is invited, who may say so, and what states lead where. Where somebody begins the
 * pathway is held first, so that nobody publishes meanwhile; then of whom it is (store_human_hold()), then the enrolment. One that is read is right: computed anew where something has changed since. */
#ifndef RULES_ENROLMENT_H
#define RULES_ENROLMENT_H

#include "rules/standing.h"

/* pathway_id, entry (id, username, mail; NULL: who asks) and until, a date or NULL. Whoever enrols themselves is under way; whom a
 * manager of theirs or HR enrols is invited. ABSENT: no such pathway that is seen; BAD_INPUT of "/person"; DENIED; CLASH when they
 * are on it already, the pathway takes nobody now, or they have left. */
enum skd_outcome enrolment_add(struct skd_call *call, const char *pathway_id, const char *person, const char *until,
			       struct store_enrolment *enrolment) WARN_UNUSED;
/* In a transaction. ABSENT when there is none, or none that is seen: one's own, of those one leads, HR and admins everybody's. */
enum skd_outcome enrolment_get(struct skd_call *call, const char *id, struct store_enrolment *enrolment) WARN_UNUSED;
/* As they were computed last. BAD_INPUT for a person, a pathway or a rule that does not exist, or is not seen. */
enum skd_outcome enrolment_list(struct skd_call *call, const struct store_enrolment_filter *filter, struct list *list,
				struct store_enrolment **enrolments, size_t *count) WARN_UNUSED;
/* Of who does not see rules of groups, none of these says that it is by one. */
void enrolment_veil(const struct skd_call *call, struct store_enrolment *enrolments, size_t count);
enum skd_outcome enrolment_events(struct skd_call *call, const char *id, struct store_enrolment_event **events, size_t *count) WARN_UNUSED;

/* invited -> accept -> active; active -> pause -> paused -> resume -> active; invited, active, paused -> leave -> left. Of oneself;
 * who invited, or HR, may take an invitation back (leave). Ends with it as it is. DENIED; CLASH when its state does not lead there. */
enum enrolment_turn { ENROLMENT_ACCEPT, ENROLMENT_PAUSE, ENROLMENT_RESUME, ENROLMENT_LEAVE };
enum skd_outcome enrolment_turn(struct skd_call *call, const char *id, enum enrolment_turn turn,
				struct store_enrolment *enrolment) WARN_UNUSED;

/* A proof from outside for a step of one's own pathway: text, url or both. BAD_INPUT of "/node"; CLASH while another one waits, or
 * who is not under way. */
enum skd_outcome outside_proof_offer(struct skd_call *call, struct store_outside_proof *proof) WARN_UNUSED;
/* offered -> accept -> accepted -> revoke -> revoked; offered -> refuse -> refused: by a manager of theirs, HR, or who may issue what
 * the pathway's issuer issues; never one's own. offered -> withdraw -> withdrawn: one's own. CLASH when its state does not lead there. */
enum outside_proof_turn { OUTSIDE_PROOF_ACCEPT, OUTSIDE_PROOF_REFUSE, OUTSIDE_PROOF_REVOKE, OUTSIDE_PROOF_WITHDRAW };
enum skd_outcome outside_proof_turn(struct skd_call *call, const char *id, enum outside_proof_turn turn, const char *note,
				    struct store_outside_proof *proof) WARN_UNUSED;
enum skd_outcome outside_proof_get(struct skd_call *call, const char *id, struct store_outside_proof *proof) WARN_UNUSED;
enum skd_outcome outside_proof_list(struct skd_call *call, const char *enrolment_id, const char *state, struct list *list,
				    struct store_outside_proof **proofs, size_t *count) WARN_UNUSED;

#endif
