/* SPDX-License-Identifier: Apache-2.0
 * Submissions: what people hand in for an achievement, in rounds, until it is decided. Draft, submitted, in review, then
 * returned, approved or declined; or withdrawn. They are their owner's alone until they are shared, or came to something. */
#ifndef RULES_SUBMISSION_H
#define RULES_SUBMISSION_H

#include "store/submission.h"

enum skd_outcome submission_get(struct skd_call *call, const char *id, struct store_submission *submission) WARN_UNUSED;
/* BAD_INPUT for a person or achievement that does not exist, or is not seen. `filter->person` is an id or a username. */
enum skd_outcome submission_list(struct skd_call *call, const struct store_submission_filter *filter, struct list *list,
				 struct store_submission **submissions, size_t *count) WARN_UNUSED;

/* A draft of the actor's; or the one they have open for it already, and `fresh` is false. DENIED for who is no person;
 * BAD_INPUT for an achievement that does not exist, or a claim that is not theirs; CLASH for one that is not published, or asks
 * for nothing. */
enum skd_outcome submission_begin(struct skd_call *call, const char *achievement_id, const char *claim_id, bool *fresh,
				  struct store_submission *submission) WARN_UNUSED;
/* The same for a claim: without an achievement the one that proves its skill at its level; CLASH where there is none,
 * BAD_INPUT where there are several, or the one that is named proves something else. */
enum skd_outcome submission_of_claim(struct skd_call *call, const char *claim_id, const char *achievement_id, bool *fresh,
				     struct store_submission *submission) WARN_UNUSED;

/* All of these: id and version (the one that was read); end with it as it now is. DENIED for another's, CLASH where the
 * state does not lead there, STALE. */
/* `shared` as it shall be, and changes of answers, for a draft only. */
enum skd_outcome submission_set(struct skd_call *call, const struct store_prompt_answer *changes, size_t count,
				struct store_submission *submission) WARN_UNUSED;
/* A draft is handed in: BAD_INPUT naming what is not answered. A quiz is scored at once; where one is not passed the
 * submission is returned at once, and nobody judges it. */
enum skd_outcome submission_submit(struct skd_call *call, struct store_submission *submission) WARN_UNUSED;
/* For whoever changes a draft of the actor's otherwise: found and locked. version 0: any. */
enum skd_outcome submission_edit(struct skd_call *call, const char *id, long version, struct store_submission *submission) WARN_UNUSED;
enum skd_outcome submission_withdraw(struct skd_call *call, struct store_submission *submission) WARN_UNUSED;
/* What was returned or withdrawn is a draft again, of the next round. */
enum skd_outcome submission_reopen(struct skd_call *call, struct store_submission *submission) WARN_UNUSED;
/* A draft that was never handed in is gone, and nothing is left of it but that it was. */
enum skd_outcome submission_drop(struct skd_call *call, const char *id, long version) WARN_UNUSED;

/* First the first. DENIED for who sees it, and neither is it theirs nor shared. */
enum skd_outcome submission_rounds(struct skd_call *call, const char *id, struct store_round **rounds, size_t *count) WARN_UNUSED;
enum skd_outcome submission_events(struct skd_call *call, const char *id, struct store_submission_event **events,
				   size_t *count) WARN_UNUSED;

/* ---- for renewals, in their transactions ---- */
/* Of the actor, who is held, with achievement, number, claim and renews; as submission_begin(), and CLASH where the open one
 * does not renew the same. */
enum skd_outcome submission_add(struct skd_call *call, struct store_submission *made, bool *fresh,
				struct store_submission *submission) WARN_UNUSED;

/* ---- for leavers, in their transactions ---- */
/* Nobody need judge what waits for a decision: it is withdrawn, in the name of the actor, and can be opened again. Nothing where it does
 * not wait. */
enum skd_outcome submission_end(struct skd_call *call, const char *id) WARN_UNUSED;

/* ---- for reviews, in their transactions ---- */
/* What was submitted is in review; nothing where it is already. CLASH otherwise. */
enum skd_outcome submission_begin_review(struct skd_call *call, const char *id) WARN_UNUSED;
enum submission_verdict { SUBMISSION_APPROVE, SUBMISSION_RETURN, SUBMISSION_DECLINE };
/* Locks it and closes its round, in the name of the actor, with `feedback` or NULL. Approved, the credential is issued: with what was answered as
 * evidence, and `results`, JSON as a credential keeps it ([{"result_description", "achieved_level"}]). CLASH unless it waits
 * for a decision, and for approving who has left; BAD_INPUT for results that are below what the achievement requires. */
enum skd_outcome submission_decide(struct skd_call *call, const char *id, enum submission_verdict verdict, const char *results,
				   const char *feedback) WARN_UNUSED;

#endif
