/* SPDX-License-Identifier: Apache-2.0
 * Achievements: what may be said in one, and how it gets from draft to published to archived, by way of a review or, where
 * the configuration lets one person do it, without. What was published is never edited; a change of it is the next version. */
#ifndef RULES_ACHIEVEMENT_H
#define RULES_ACHIEVEMENT_H

#include "store/achievement.h"

/* number 0: the newest version the actor may see. ABSENT, also for drafts the actor may not see. */
enum skd_outcome achievement_get(struct skd_call *call, const char *id, long number,
				 struct store_achievement *achievement) WARN_UNUSED;
/* BAD_INPUT, said of `field`, for one that the actor may not see; NULL is fine. */
enum skd_outcome achievement_must_exist(struct skd_call *call, const char *field, const char *id) WARN_UNUSED;

struct achievement_filter {
	const char *q, *state, *type, *tag, *issuer;
	const char *skill; /* id, code or exact label */
	const char *owner; /* id or username */
	const char *review_before; /* a date: the next review is due sooner */
	const char *owner_left;    /* "true", "false" or NULL */
};
/* BAD_INPUT for a skill, issuer or person that does not exist, or a type that is none. */
enum skd_outcome achievement_list(struct skd_call *call, const struct achievement_filter *filter, struct list *list,
				  struct store_achievement **achievements, size_t *count) WARN_UNUSED;

/* A skill that it shall prove, and at which level. */
struct skill_proved {
	const char *ref; /* id, code or exact label */
	long level;
};
/* Both end with `achievement` as it now is; owner_entry is an id or a username; a new one is of issuer_id, or with NULL of the company. DENIED when that issuer's
 * are not the actor's to write. BAD_INPUT for a type Open Badges 3.0 does not know (and that
 * is no ext: type), a period of no length, a reference that does not mean one active skill, a skill
 * that is there twice, a level its scale does not have, an owner who is not here, what cannot be drawn. */
enum skd_outcome achievement_add(struct skd_call *call, const struct skill_proved *skills, size_t count,
				 struct store_achievement *achievement) WARN_UNUSED;
/* id, version (the one that was read) and everything as it shall be; skills NULL: as they are; state NULL: what
 * follows. Owner and next review are not the version's, and change in whatever state. A draft is edited. A change to what was published becomes the next version, a draft unless it is to
 * be published. CLASH when the state cannot follow the present one, when what is archived or in review would change, and
 * for what is to be published without a review where it takes two people. */
enum skd_outcome achievement_set(struct skd_call *call, const struct skill_proved *skills, size_t count,
				 struct store_achievement *achievement) WARN_UNUSED;
/* Gives it, as it was read, the picture: a change as any other. BAD_INPUT, with the reason, for what is not taken. */
enum skd_outcome achievement_picture_set(struct skd_call *call, enum skd_image kind, struct skd_text picture,
					 struct store_achievement *achievement) WARN_UNUSED;

/* Says in the outbox, once for each day that is set, whose next review is near ([catalogue] review_notice). */
enum skd_outcome achievement_remind(struct skd_call *call) WARN_UNUSED;

/* ---- the review ----
 * Each has id and version (the one that was read), and ends with it as it now is. CLASH unless the state leads there; DENIED
 * for who may not write it, and for who is nobody of a directory. `comment` is what is said with it, or NULL. */
/* A draft goes into review. */
enum skd_outcome achievement_submit(struct skd_call *call, const char *comment,
				    struct store_achievement *achievement) WARN_UNUSED;
/* What is in review is published. DENIED for the human who asked for it, by whichever of their entries. */
enum skd_outcome achievement_approve(struct skd_call *call, const char *comment,
				     struct store_achievement *achievement) WARN_UNUSED;
/* What is in review is a draft again; also for who asked. */
enum skd_outcome achievement_return(struct skd_call *call, const char *comment,
				    struct store_achievement *achievement) WARN_UNUSED;
/* Its story, oldest first. */
enum skd_outcome achievement_events(struct skd_call *call, const char *id, struct store_step **steps,
				    size_t *count) WARN_UNUSED;

#endif
