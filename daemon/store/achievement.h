/* SPDX-License-Identifier: Apache-2.0
 * Achievements as rows: one for the achievement, one for each version of it with its skills, one for
 * each step of its story. */
#ifndef STORE_ACHIEVEMENT_H
#define STORE_ACHIEVEMENT_H

#include "store/list.h"

struct store_assessment; /* store/assessment.h */
struct store_policy; /* store/renewal.h */

enum { DRAWING_WORDS = 5 };
struct store_achievement_skill {
	const char *id, *label;
	long level;
};
/* One of its story. */
struct store_step {
	long number; /* of the version */
	const char *kind; /* created, edited, submitted, returned, approved, published, superseded, archived, assigned */
	const char *account, *comment;
	int64_t at;
};
struct store_achievement_link {
	const char *id, *name;
};
struct store_achievement {
	const char *id;
	long number, latest; /* of the version that was read, of the newest one */
	const char *type, *name, *description, *criteria, *issuer_id, *issuer, *validity, *image_url;
	const char *picture_id; /* that was uploaded; NULL: it is drawn */
	bool picture_svg;       /* it came as SVG */
	const char *const *drawing; /* DRAWING_WORDS that were asked for of it, or NULL */
	const char *state; /* draft, in_review, published, archived */
	struct store_achievement_skill *skills; /* by label */
	size_t skill_count;
	long version; /* of the row, for ETag */
	int64_t updated_at;
	const char *const *tags;
	size_t tag_count;
	const char *language, *translations, *alignments, *results; /* all but the first are JSON */
	const char *credits, *field_of_study, *specialization, *human_code;
	const char *assessment; /* JSON with the correct choices of its quizzes; NULL: nothing can be handed in */
	const char *on_leave, *on_move; /* what becomes of a credential whose holder does: keep, suspend, revoke */
	struct store_assessment *asks; /* what that shall become; NULL: it stays */
	const char *lapse; /* so long after its last use a credential lapses: a period; NULL: it does not */
	const char *renewal; /* JSON; NULL: it is earned anew */
	struct store_policy *renews; /* what that is, or shall become, of one that is written */
	struct store_achievement_link *related, *recommended; /* those that are seen */
	size_t related_count, recommended_count;
	/* Not the version's: who looks after the achievement, and when it is looked at next (a date). */
	const char *owner_id, *owner_entry, *owner, *next_review;
	int64_t owner_left; /* TIME_NEVER: is here */
	struct store_step asked; /* for the review that it is in; account NULL: it is in none */
};

/* SQL: whether an achievement_version `v` was published, also if it is archived now. */
#define ACHIEVEMENT_OUT                                                                                            \
	"(v.state = 'published' OR (v.state = 'archived' AND EXISTS (SELECT FROM achievement_event o"              \
	" WHERE o.achievement_id = v.achievement_id AND o.number = v.number AND o.kind = 'published')))"

/* number 0: the newest version that is seen. drafts: whether what was never published is seen. ABSENT. */
enum skd_outcome store_achievement_get(struct skd_call *call, const char *id, long number, bool drafts,
				       struct store_achievement *achievement) WARN_UNUSED;
struct store_achievement_filter {
	const char *q; /* in the name */
	const char *state, *type, *tag, *issuer, *owner;
	const char *review_before; /* a date */
	const char *owner_left;    /* as SQL has it: true, false, or NULL */
	const char *const *skills; /* proves one of these; NULL: any */
	size_t skill_count;
	bool drafts;
};
/* The names of achievements as of now, NULL for one that is not there or not seen. */
enum skd_outcome store_achievement_names(struct skd_call *call, bool drafts, struct store_achievement_link *links,
					 size_t count) WARN_UNUSED;
/* Each in its newest version that is seen. */
enum skd_outcome store_achievement_list(struct skd_call *call, const struct store_achievement_filter *filter,
					struct list *list, struct store_achievement **achievements,
					size_t *count) WARN_UNUSED;

/* A row of the issuer's, without a version yet; number 1 is due. */
enum skd_outcome store_achievement_add(struct skd_call *call, const char *issuer_id, const char **id) WARN_UNUSED;
/* Says which version is the newest; STALE unless the row still has `version`. Holds the row until the
 * transaction ends. */
enum skd_outcome store_achievement_touch(struct skd_call *call, const char *id, long version, long latest) WARN_UNUSED;
/* a->owner_entry and a->next_review. */
enum skd_outcome store_achievement_keep(struct skd_call *call, const struct store_achievement *a) WARN_UNUSED;
/* Whose next review is at most so many milliseconds away, and was not said to be: id, owner_id (NULL when the owner has left
 * or is disabled) and next_review of them. From then on it was; not of what is archived. */
enum skd_outcome store_achievement_due(struct skd_call *call, long notice_ms, struct store_achievement **due,
				       size_t *count) WARN_UNUSED;
/* Writes version a->number with its skills: a new one, or over a draft, never over what was published. */
enum skd_outcome store_achievement_put(struct skd_call *call, const struct store_achievement *a) WARN_UNUSED;
enum skd_outcome store_achievement_state_set(struct skd_call *call, const char *id, long number,
					     const char *state) WARN_UNUSED;
/* What was published last; nothing where nothing was. */
enum skd_outcome store_achievement_archive(struct skd_call *call, const char *id) WARN_UNUSED;
/* `at` is now. */
enum skd_outcome store_achievement_event_add(struct skd_call *call, const char *id, const struct store_step *step,
					     const char *account_id) WARN_UNUSED;
/* The event of the version that was the published one before that number; nothing where there was none. */
enum skd_outcome store_achievement_supersede(struct skd_call *call, const char *id, long number, const char *account,
					     const char *account_id) WARN_UNUSED;
/* Oldest first, of all versions. */
enum skd_outcome store_achievement_events(struct skd_call *call, const char *id, struct store_step **steps,
					  size_t *count) WARN_UNUSED;
/* The entry of whoever asked last for a review of that version; NULL: nobody, or nobody of a directory. */
enum skd_outcome store_achievement_asker(struct skd_call *call, const char *id, long number,
					 const char **entry_id) WARN_UNUSED;

#endif
