/* SPDX-License-Identifier: Apache-2.0
 * Enrolments as rows, and proofs from outside. Which of them are seen is in the SQL, by the person. */
#ifndef STORE_ENROLMENT_H
#define STORE_ENROLMENT_H

#include "store/person.h"

/* Nodes of an enrolment e whose milestone was awarded to its human: by it, or by one that it stands for. */
#define ENROLMENT_REACHED                                                                                                \
	"e.reached || coalesce((SELECT array_agg(r) FROM enrolment o, unnest(o.reached) AS r WHERE o.aside_for = e.id), '{}')"

struct store_enrolment {
	const char *id, *person_id, *person, *entry_id, *pathway_id, *pathway;
	long number;       /* of the version that they are on */
	const char *state; /* invited, active, paused, completed, left */
	const char *via;   /* self, invited, rule */
	const char *rule_id; /* by which they are on it; or NULL */
	bool by_group;       /* it goes by a group of the directory */
	const char *until; /* a date, or NULL */
	long percent, done, needed;
	int64_t completed_at; /* TIME_NEVER: it is not */
	const char *credential_id;
	const char *issuer_id; /* of the pathway */
	int64_t created_at, updated_at;
	long version;
};
struct store_enrolment_filter {
	const char *pathway, *person, *rule; /* ids */
	const char *state; /* NULL: any */
	bool present;      /* but for those that were left */
};
/* ABSENT when there is none, or none that is seen. */
enum skd_outcome store_enrolment_get(struct skd_call *call, const struct sight *sight, const char *id,
				     struct store_enrolment *enrolment) WARN_UNUSED;
enum skd_outcome store_enrolment_list(struct skd_call *call, const struct sight *sight, const struct store_enrolment_filter *filter,
				      struct list *list, struct store_enrolment **enrolments, size_t *count) WARN_UNUSED;
/* Whose rule it is, also once it has ended; with `groups` those of groups, too. ABSENT. */
enum skd_outcome store_enrolment_rule(struct skd_call *call, bool groups, const char *id, const char **pathway_id) WARN_UNUSED;
/* Locks all that its person is on until the transaction ends; its state as it is then. */
enum skd_outcome store_enrolment_lock(struct skd_call *call, const char *id, const char **state) WARN_UNUSED;
/* Locks all that somebody is on, as everybody does who computes, and then what they were on last of a pathway: before they are added
 * to it, since what follows of that may be under way. */
enum skd_outcome store_enrolment_hold(struct skd_call *call, const char *person_id, const char *pathway_id) WARN_UNUSED;

/* On the version on which one begins now: person_id, entry_id, pathway_id, state, via, until. ABSENT when there is none; CLASH
 * when they are on it. */
enum skd_outcome store_enrolment_add(struct skd_call *call, const struct store_enrolment *enrolment, const char **id) WARN_UNUSED;
/* It is `state` from now on, and is to be computed. */
enum skd_outcome store_enrolment_turn(struct skd_call *call, const char *id, const char *state) WARN_UNUSED;

struct store_enrolment_event {
	const char *kind, *account;
	const char *account_id; /* to be written */
	const char *credential_id;
	long number;
	int64_t at;
};
/* On the version that it is on. */
enum skd_outcome store_enrolment_event_add(struct skd_call *call, const char *id, const struct store_enrolment_event *event) WARN_UNUSED;
enum skd_outcome store_enrolment_events(struct skd_call *call, const char *id, struct store_enrolment_event **events, size_t *count) WARN_UNUSED;

/* ---- proofs from outside ---- */

struct store_outside_proof {
	const char *id, *enrolment_id, *person_id, *person, *pathway_id, *pathway, *issuer_id, *node, *node_name;
	const char *text, *url, *state, *note, *decided_by;
	int64_t created_at, decided_at;
};
enum skd_outcome store_outside_proof_get(struct skd_call *call, const struct sight *sight, const char *id,
					 struct store_outside_proof *proof) WARN_UNUSED;
enum skd_outcome store_outside_proof_list(struct skd_call *call, const struct sight *sight, const char *enrolment_id, const char *state,
					  struct list *list, struct store_outside_proof **proofs, size_t *count) WARN_UNUSED;
/* enrolment_id, node, text, url. CLASH when one waits for an answer. */
enum skd_outcome store_outside_proof_add(struct skd_call *call, const struct store_outside_proof *proof, const char **id) WARN_UNUSED;
/* To its state and note; not *turned unless it was `from`. */
enum skd_outcome store_outside_proof_turn(struct skd_call *call, const struct store_outside_proof *proof, const char *from,
					  const char *account, const char *account_id, bool *turned) WARN_UNUSED;
/* Who is here and leads them; NULL: nobody. */
enum skd_outcome store_outside_proof_for(struct skd_call *call, const char *person_id, const char **manager_id) WARN_UNUSED;
/* Whether the version that an enrolment is on has such a node, that is a proof from outside. */
enum skd_outcome store_outside_proof_node(struct skd_call *call, const char *enrolment_id, const char *node, bool *there) WARN_UNUSED;

#endif
