/* SPDX-License-Identifier: Apache-2.0
 * Awarding, correcting and taking back: who may issue what to whom, and what states lead where. */
#ifndef RULES_CREDENTIAL_H
#define RULES_CREDENTIAL_H

#include "store/credential.h"
#include "store/outbox.h"

/* What an issuer asks for. Times may be TIME_UNSET. */
struct credential_order {
	const char *person;      /* id, username, mail address, id of the directory; NULL: who asks */
	const char *achievement; /* id */
	int64_t issued_at, valid_from, expires_at;
	const char *evidence; /* JSON array, checked */
	const struct skd_result *results; /* descriptions and levels by id or name */
	size_t result_count;
};
/* BAD_INPUT too for results that the achievement does not describe so. */
enum skd_outcome credential_issue(struct skd_call *call, const struct credential_order *order,
				  struct store_credential *credential) WARN_UNUSED;
/* Issuing because a rule or an assessment says so: who asks needs neither a role nor a group of the issuer's, may be the
 * house itself (actor_be_rule()), and stands as who issued it. The order's person is an id; `version` of the achievement, 0:
 * its newest published one; `detail`, a JSON object or NULL, is the audit's. In a transaction. CLASH unless the achievement
 * is published and its issuer issues; BAD_INPUT as credential_issue(). */
enum skd_outcome credential_award(struct skd_call *call, const struct credential_order *order, int64_t version,
				  const char *detail, struct store_credential *credential) WARN_UNUSED;
/* The parts of that, for many: what goes for an achievement, asked once (BAD_INPUT of the field `at`, DENIED, CLASH); and the
 * times of one order. */
enum skd_outcome credential_terms(struct skd_call *call, const char *achievement, const char *at,
				  struct store_award_terms *terms) WARN_UNUSED;
/* For a test people issue to themselves alone: DENIED. */
enum skd_outcome credential_to(struct skd_call *call, const struct store_award_terms *terms, const char *person_id) WARN_UNUSED;
enum skd_outcome credential_times(struct skd_call *call, const struct credential_order *order,
				  const struct store_award_terms *terms, struct store_award *award) WARN_UNUSED;
/* That it was issued: for its holder, and when it begins; until then it goes with what becomes of the credential. */
struct store_notice credential_issued(const char *id, const struct store_award *award);
/* Whose credentials are seen: also auditors see everyone's. */
struct sight credential_sight(const struct skd_call *call);
enum skd_outcome credential_get(struct skd_call *call, const char *id, struct store_credential *credential) WARN_UNUSED;
/* As store_credential_get() has it. */
enum skd_outcome credential_get_then(struct skd_call *call, const char *id, const struct store_moment *then,
				     struct store_credential *credential) WARN_UNUSED;
enum skd_outcome credential_list(struct skd_call *call, const struct store_credential_filter *filter,
				 struct list *list, struct store_credential **credentials, size_t *count) WARN_UNUSED;
enum skd_outcome credential_events(struct skd_call *call, const char *id, struct store_event **events,
				   size_t *count) WARN_UNUSED;

/* id, version (the one that was read), visibility, response and shown_evidence as they shall be; ends with it as it now is.
 * DENIED but for its holder. */
enum skd_outcome credential_show(struct skd_call *call, struct store_credential *credential) WARN_UNUSED;
/* What a colleague has opened, and who that is: ABSENT for who is not here. */
enum skd_outcome credential_opened(struct skd_call *call, const char *person_id, const char *state, struct list *list,
				   struct store_person *person, struct store_credential **credentials,
				   size_t *count) WARN_UNUSED;

/* What shall be otherwise in the credential that takes another one's place; 0, TIME_UNSET and NULL: as it is. */
struct credential_correction {
	const char *reason;
	const char *id; /* of the new one; NULL: any */
	int64_t version; /* of the achievement */
	int64_t valid_from, expires_at; /* expires_at TIME_NEVER: it does not */
	const char *evidence; /* JSON array, checked */
	const struct skd_result *results; /* NULL: as they are, which must fit the version */
	size_t result_count;
	bool quiet; /* nobody is told */
};
/* The old one is superseded and proves nothing from now on, and the new one nothing before. It was issued when the old one
 * was, and what the holder said of that holds for it. CLASH unless the old one is active, scheduled or expired. */
enum skd_outcome credential_replace(struct skd_call *call, const char *id, const struct credential_correction *correction,
				    struct store_credential *credential) WARN_UNUSED;
/* What awarded it says by award->replaces is superseded by it since award->since, which is when that was locked, and its holder
 * is told by a notice of that kind (NULL: none). Without award->id it gets one. In a transaction, whoever asks. */
enum skd_outcome credential_take_place(struct skd_call *call, struct store_award *award, const char *told, const char *action,
				       struct store_credential *credential) WARN_UNUSED;
/* Whether what goes for an achievement lets anyone earn it now: CLASH. */
enum skd_outcome credential_earnable(struct skd_call *call, const struct store_award_terms *terms) WARN_UNUSED;
/* The same without doing it. */
enum skd_outcome credential_may_replace(struct skd_call *call, const char *id,
					const struct credential_correction *correction) WARN_UNUSED;

enum credential_turn { CREDENTIAL_REVOKE, CREDENTIAL_SUSPEND, CREDENTIAL_REINSTATE };
/* CLASH when the credential's state does not lead there: what is revoked stays revoked. `quiet`: nobody is told. */
enum skd_outcome credential_turn(struct skd_call *call, const char *id, enum credential_turn turn, const char *reason,
				 bool quiet, struct store_credential *credential) WARN_UNUSED;
/* The same, whoever the actor is: because a rule says so. */
enum skd_outcome credential_turn_by_rule(struct skd_call *call, const char *id, enum credential_turn turn,
					 const char *reason) WARN_UNUSED;
/* The same without doing it. */
enum skd_outcome credential_may_turn(struct skd_call *call, const char *id, enum credential_turn turn) WARN_UNUSED;

#endif
