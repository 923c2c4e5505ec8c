/* SPDX-License-Identifier: Apache-2.0
 * The handlers that the table of routes names, by file, and the parameters they take. Each answers
 * as http/openapi says of its route. */
#ifndef API_NOUNS_H
#define API_NOUNS_H

#include "api/entry.h"

struct skd_call;

/* ops.c */
enum skd_outcome api_healthz(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_readyz(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_metrics(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_openapi(struct skd_call *call, const struct request *in, struct reply *out);

/* verification.c */
enum skd_outcome api_verification_make(struct skd_call *call, const struct request *in, struct reply *out);

/* badge.c */
enum skd_outcome api_badge_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_status_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_achievement_page(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_achievement_image(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_endorsement_page(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_issuer_image(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_issuer_page(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_did_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_revocations_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_jwks_get(struct skd_call *call, const struct request *in, struct reply *out);

/* oembed.c */
enum skd_outcome api_oembed_get(struct skd_call *call, const struct request *in, struct reply *out);

/* session.c */
enum skd_outcome api_session_open(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_session_answer(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_session_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_session_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_session_drop(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_token_make(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_token_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_token_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_token_drop(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_me(struct skd_call *call, const struct request *in, struct reply *out);

/* person.c */
extern const struct field person_list_fields[];
enum skd_outcome api_person_list(struct skd_call *call, const struct request *in, struct reply *out);
extern const struct field colleague_list_fields[];
enum skd_outcome api_colleague_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_person_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_person_history(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_unit_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_unit_get(struct skd_call *call, const struct request *in, struct reply *out);

/* looks.c */
enum skd_outcome api_looks_of_me(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_looks_of_person(struct skd_call *call, const struct request *in, struct reply *out);

/* talent.c */
extern const struct field talent_list_fields[];
enum skd_outcome api_talent_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_talent_mine(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_talent_set(struct skd_call *call, const struct request *in, struct reply *out);

/* correction.c */
extern const struct field correction_list_fields[];
enum skd_outcome api_correction_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_correction_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_correction_add(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_correction_answer(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_correction_withdraw(struct skd_call *call, const struct request *in, struct reply *out);

/* sight_table.c */
enum skd_outcome api_sight_list(struct skd_call *call, const struct request *in, struct reply *out);

/* run.c */
extern const struct field run_list_fields[];
enum skd_outcome api_run_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_run_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_run_ask(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_run_approve(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_run_drop(struct skd_call *call, const struct request *in, struct reply *out);

/* framework.c */
extern const struct field framework_list_fields[];
enum skd_outcome api_framework_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_framework_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_framework_add(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_framework_set(struct skd_call *call, const struct request *in, struct reply *out);

/* scale.c */
extern const struct field scale_list_fields[];
enum skd_outcome api_scale_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_scale_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_scale_add(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_scale_set(struct skd_call *call, const struct request *in, struct reply *out);

/* skill.c */
extern const struct field skill_list_fields[];
enum skd_outcome api_skill_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_skill_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_skill_add(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_skill_set(struct skd_call *call, const struct request *in, struct reply *out);

/* achievement.c */
extern const struct field achievement_list_fields[], achievement_get_fields[];
enum skd_outcome api_achievement_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_achievement_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_achievement_add(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_achievement_set(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_achievement_submit(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_achievement_approve(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_achievement_return(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_achievement_events(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_achievement_picture(struct skd_call *call, const struct request *in, struct reply *out);

/* claim.c */
extern const struct field claim_list_fields[];
enum skd_outcome api_claim_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_claim_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_claim_add(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_claim_set(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_claim_drop(struct skd_call *call, const struct request *in, struct reply *out);

/* claim_endorsement.c */
enum skd_outcome api_claim_endorsement_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_claim_endorsement_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_claim_endorsement_add(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_claim_endorsement_set(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_claim_endorsement_drop(struct skd_call *call, const struct request *in, struct reply *out);

/* retention.c */
extern const struct field retention_list_fields[];
enum skd_outcome api_retention_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_person_export(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_person_record(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_person_erase(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_hold_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_hold_add(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_hold_lift(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_erasure_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_erasure_get(struct skd_call *call, const struct request *in, struct reply *out);

/* audit.c, access.c */
extern const struct field audit_list_fields[];
enum skd_outcome api_audit_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_access_list(struct skd_call *call, const struct request *in, struct reply *out);

/* outbox.c */
extern const struct field outbox_list_fields[];
enum skd_outcome api_outbox_list(struct skd_call *call, const struct request *in, struct reply *out);

/* issuer.c */
extern const struct field issuer_list_fields[];
enum skd_outcome api_issuer_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_issuer_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_issuer_add(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_issuer_set(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_issuer_picture(struct skd_call *call, const struct request *in, struct reply *out);
extern const struct field key_list_fields[];
enum skd_outcome api_key_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_key_get(struct skd_call *call, const struct request *in, struct reply *out);

/* endorsement.c */
extern const struct field endorsement_list_fields[];
enum skd_outcome api_endorsement_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_endorsement_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_endorsement_add(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_endorsement_receive(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_endorsement_withdraw(struct skd_call *call, const struct request *in, struct reply *out);

/* link.c */
extern const struct field link_list_fields[];
enum skd_outcome api_link_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_link_of_achievement(struct skd_call *call, const struct request *in, struct reply *out);

/* submission.c */
extern const struct field submission_list_fields[];
enum skd_outcome api_submission_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_submission_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_submission_begin(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_submission_set(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_submission_drop(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_submission_submit(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_submission_withdraw(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_submission_reopen(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_submission_rounds(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_submission_events(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_claim_submission(struct skd_call *call, const struct request *in, struct reply *out);

/* file.c */
extern const struct field file_add_fields[];
enum skd_outcome api_file_add(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_file_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_file_drop(struct skd_call *call, const struct request *in, struct reply *out);

/* review.c */
extern const struct field review_list_fields[];
enum skd_outcome api_review_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_review_told(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_review_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_review_set(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_review_claim(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_review_release(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_review_decide(struct skd_call *call, const struct request *in, struct reply *out);

/* agreement.c */
enum skd_outcome api_agreement_get(struct skd_call *call, const struct request *in, struct reply *out);

/* collection.c */
extern const struct field collection_list_fields[];
enum skd_outcome api_collection_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_collection_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_collection_add(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_collection_set(struct skd_call *call, const struct request *in, struct reply *out);

/* position.c */
extern const struct field position_list_fields[];
enum skd_outcome api_position_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_position_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_position_add(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_position_set(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_assignment_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_assignment_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_assignment_add(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_assignment_drop(struct skd_call *call, const struct request *in, struct reply *out);

/* pathway.c, track.c */
extern const struct field pathway_list_fields[], pathway_get_fields[];
enum skd_outcome api_pathway_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_pathway_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_pathway_add(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_pathway_set(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_pathway_versions(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_pathway_events(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_pathway_export(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_pathway_import(struct skd_call *call, const struct request *in, struct reply *out);
/* simulation.c */
enum skd_outcome api_pathway_simulate(struct skd_call *call, const struct request *in, struct reply *out);

/* enrolment.c */
extern const struct field enrolment_list_fields[], proof_list_fields[];
enum skd_outcome api_enrolment_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_enrolment_add(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_enrolment_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_enrolment_events(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_enrolment_accept(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_enrolment_pause(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_enrolment_resume(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_enrolment_leave(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_proof_add(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_proof_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_proof_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_proof_accept(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_proof_refuse(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_proof_withdraw(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_proof_revoke(struct skd_call *call, const struct request *in, struct reply *out);

/* pathway_view.c */
extern const struct field pathway_view_fields[];
enum skd_outcome api_pathways_of_me(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_pathways_of_person(struct skd_call *call, const struct request *in, struct reply *out);

/* pathway_rule.c */
enum skd_outcome api_pathway_rule_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_pathway_rule_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_pathway_rule_add(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_pathway_rule_end(struct skd_call *call, const struct request *in, struct reply *out);

/* goal.c */
extern const struct field goal_list_fields[];
enum skd_outcome api_goal_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_goal_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_goal_add(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_goal_set(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_goal_drop(struct skd_call *call, const struct request *in, struct reply *out);

/* gap.c */
extern const struct field gap_fields[];
enum skd_outcome api_gap_person(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_gap_unit(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_opening_list(struct skd_call *call, const struct request *in, struct reply *out);

/* portfolio.c */
enum skd_outcome api_portfolio_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_recommendation_list(struct skd_call *call, const struct request *in, struct reply *out);

/* credential.c */
extern const struct field credential_list_fields[], person_credential_fields[], credential_get_fields[],
	person_badge_fields[];
enum skd_outcome api_credential_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_credential_of_person(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_credential_opened(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_credential_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_credential_set(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_credential_events(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_credential_issue(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_credential_try(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_credential_replace(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_credential_revoke(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_credential_suspend(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_credential_reinstate(struct skd_call *call, const struct request *in, struct reply *out);

/* renewal.c */
enum skd_outcome api_renewal_begin(struct skd_call *call, const struct request *in, struct reply *out);

/* use.c */
enum skd_outcome api_use_add(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_use_list(struct skd_call *call, const struct request *in, struct reply *out);

/* count.c */
enum skd_outcome api_credential_counts(struct skd_call *call, const struct request *in, struct reply *out);

/* job.c, batch.c */
extern const struct field job_list_fields[], batch_list_fields[], batch_row_fields[], batch_parameters[];
enum skd_outcome api_job_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_job_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_job_cancel(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_batch_list(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_batch_add(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_batch_get(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_batch_rows(struct skd_call *call, const struct request *in, struct reply *out);

/* report.c */
extern const struct field report_fields[], holding_fields[];
enum skd_outcome api_report_skills(struct skd_call *call, const struct request *in, struct reply *out);
enum skd_outcome api_holding_list(struct skd_call *call, const struct request *in, struct reply *out);

#endif
