/* SPDX-License-Identifier: Apache-2.0
 * Achievements and their versions. */
#include "rules/achievement.h"

#include "rules/actor.h"
#include "rules/assessment.h"
#include "rules/audit.h"
#include "rules/detail.h"
#include "rules/house.h"
#include "rules/issuer.h"
#include "rules/outbox.h"
#include "rules/person.h"
#include "rules/picture.h"
#include "rules/policy.h"
#include "rules/skill.h"
#include "rules/vocabulary.h"
#include "store/human.h"
#include "store/picture.h"

#include <string.h>

enum { SKILLS_MAX = 100, TAGS_MAX = 50, LINKS_MAX = 50 };

enum skd_outcome achievement_get(struct skd_call *call, const char *id, long number,
				 struct store_achievement *achievement)
{
	return store_achievement_get(call, id, number, actor_has(call, ROLE_CATALOGUE), achievement);
}

enum skd_outcome achievement_must_exist(struct skd_call *call, const char *field, const char *id)
{
	struct store_achievement achievement;
	return id ? absent_as_field(call, field, achievement_get(call, id, 0, &achievement)) : SKD_OK;
}

enum skd_outcome achievement_list(struct skd_call *call, const struct achievement_filter *asked, struct list *list,
				  struct store_achievement **achievements, size_t *count)
{
	struct store_achievement_filter filter = {
		.q = asked->q, .state = asked->state, .type = asked->type, .drafts = actor_has(call, ROLE_CATALOGUE),
		.tag = asked->tag, .issuer = asked->issuer, .review_before = asked->review_before, .owner_left = asked->owner_left};
	struct sight sight = sight_of(call);
	sight.everyone = sight.everyone || filter.drafts;
	TRY(person_pick(call, &sight, "owner", asked->owner, &filter.owner));
	TRY(issuer_must_exist(call, "issuer", filter.issuer));
	if (filter.type)
		TRY(vocabulary_check(call, "type", VOCABULARY_ACHIEVEMENT, filter.type));
	if (asked->skill)
		TRY(skill_resolve(call, "skill", asked->skill, &filter.skills, &filter.skill_count));
	return store_achievement_list(call, &filter, list, achievements, count);
}

/* ---- what may be said ---- */

static enum skd_outcome skill_read(struct skd_call *call, const struct skill_proved *wanted, size_t at,
				   struct store_achievement *achievement)
{
	const char *field = talloc_asprintf(call, "/skills/%zu/skill", at);
	struct store_skill_match skill;
	TRY(skill_pick(call, field, wanted->ref, &skill));
	for (size_t i = 0; i < at; i++)
		if (strcmp(achievement->skills[i].id, skill.id) == 0)
			return fail_field(call, field, "the skill %s is there twice", skill.label);
	field = talloc_asprintf(call, "/skills/%zu/level", at);
	TRY(skill_match_level_check(call, field, &skill, wanted->level));
	achievement->skills[at] = (struct store_achievement_skill){skill.id, skill.label, wanted->level};
	return SKD_OK;
}

static enum skd_outcome tags_check(struct skd_call *call, const struct store_achievement *a)
{
	if (a->tag_count > TAGS_MAX)
		return fail_field(call, "/tags", "must be at most %d", TAGS_MAX);
	for (size_t i = 0; i < a->tag_count; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(a->tags[i], a->tags[j]) == 0)
				return fail_field(call, talloc_asprintf(call, "/tags/%zu", i), "is there twice");
	return SKD_OK;
}

static enum skd_outcome links_check(struct skd_call *call, const char *field, const struct store_achievement *a,
				    struct store_achievement_link *links, size_t count)
{
	if (count > LINKS_MAX)
		return fail_field(call, field, "must be at most %d", LINKS_MAX);
	TRY(store_achievement_names(call, true, links, count));
	for (size_t i = 0; i < count; i++) {
		const char *at = talloc_asprintf(call, "%s/%zu", field, i);
		if (!links[i].name || (a->id && strcmp(links[i].id, a->id) == 0))
			return fail_field(call, at, links[i].name ? "must be another achievement" : "there is no such achievement");
		for (size_t k = 0; k < i; k++)
			if (strcmp(links[k].id, links[i].id) == 0)
				return fail_field(call, at, "is there twice");
	}
	return SKD_OK;
}

_Static_assert((int)DRAWING_WORDS == (int)DRAW_WORDS, "rows have what is drawn");

static enum skd_outcome drawing_check(struct skd_call *call, const char *const *words)
{
	static const char *const fields[] = {"shape", "colours/0", "colours/1", "initials", "icon"};
	static const char *const wants[] = {"must be disc, hexagon, page, shield, seal, star, diamond, cap or scroll",
					    "must be a colour such as #1f4e79", "must be a colour such as #9dc3e6", "",
					    "must be one of the icons that are built in, such as book or gear"};
	for (int i = 0; words && i < DRAW_WORDS; i++)
		if (*words[i] && !drawing_word_is_known(i, words[i]))
			return fail_field(call, talloc_asprintf(call, "/image/%s", fields[i]), "%s", wants[i]);
	if (words && *words[DRAW_INITIALS] && *words[DRAW_ICON])
		return fail_field(call, "/image", "has initials or an icon, not both");
	return SKD_OK;
}

static enum skd_outcome said_check(struct skd_call *call, const struct skill_proved *skills, size_t count,
				   struct store_achievement *achievement)
{
	int64_t length = 0;
	TRY(vocabulary_check(call, "/type", VOCABULARY_ACHIEVEMENT, achievement->type));
	if (achievement->validity && (!time_add_period(0, achievement->validity, &length) || length <= 0))
		return fail_field(call, "/validity", "must be longer than nothing");
	if (achievement->lapse && (!time_add_period(0, achievement->lapse, &length) || length <= 0))
		return fail_field(call, "/lapse", "must be longer than nothing");
	TRY(tags_check(call, achievement));
	TRY(links_check(call, "/related", achievement, achievement->related, achievement->related_count));
	TRY(links_check(call, "/recommended", achievement, achievement->recommended, achievement->recommended_count));
	TRY(drawing_check(call, achievement->drawing));
	if (!skills)
		return SKD_OK;
	if (count > SKILLS_MAX)
		return fail_field(call, "/skills", "must be at most %d", SKILLS_MAX);
	achievement->skills = talloc_zero_array(call, struct store_achievement_skill, count + 1);
	achievement->skill_count = count;
	for (size_t i = 0; i < count; i++)
		TRY(skill_read(call, &skills[i], i, achievement));
	return SKD_OK;
}

static enum skd_outcome content_check(struct skd_call *call, const struct skill_proved *skills, size_t count,
				      struct store_achievement *achievement)
{
	TRY(said_check(call, skills, count, achievement));
	if (achievement->asks)
		TRY(assessment_write(call, achievement->asks, &achievement->assessment));
	TRY(assessment_fits(call, achievement));
	return policy_fits(call, achievement);
}

static bool same_skills(const struct store_achievement *a, const struct store_achievement *b)
{
	size_t found = 0;
	for (size_t i = 0; i < a->skill_count; i++)
		for (size_t j = 0; j < b->skill_count; j++)
			found += strcmp(a->skills[i].id, b->skills[j].id) == 0 && a->skills[i].level == b->skills[j].level;
	return found == a->skill_count && found == b->skill_count;
}

static bool same_links(const struct store_achievement_link *a, size_t a_count, const struct store_achievement_link *b, size_t b_count)
{
	for (size_t i = 0; a_count == b_count && i < a_count; i++)
		if (strcmp(a[i].id, b[i].id) != 0)
			return false;
	return a_count == b_count;
}

static bool same_picture(const struct store_achievement *a, const struct store_achievement *b)
{
	bool same = string_same(a->picture_id, b->picture_id) && !a->drawing == !b->drawing;
	for (int i = 0; same && a->drawing && i < DRAWING_WORDS; i++)
		same = strcmp(a->drawing[i], b->drawing[i]) == 0;
	return same;
}

static bool same_content(const struct store_achievement *a, const struct store_achievement *b)
{
	return string_same(a->type, b->type) && string_same(a->name, b->name) && string_same(a->description, b->description) &&
	       string_same(a->criteria, b->criteria) && string_same(a->validity, b->validity) &&
	       string_same(a->image_url, b->image_url) && same_picture(a, b) && same_skills(a, b) &&
	       strings_same(a->tags, a->tag_count, b->tags, b->tag_count) && string_same(a->language, b->language) &&
	       string_same(a->translations, b->translations) && string_same(a->alignments, b->alignments) &&
	       string_same(a->results, b->results) && string_same(a->assessment, b->assessment) && string_same(a->renewal, b->renewal) && string_same(a->lapse, b->lapse) &&
	       string_same(a->on_leave, b->on_leave) && string_same(a->on_move, b->on_move) && string_same(a->credits, b->credits) &&
	       string_same(a->field_of_study, b->field_of_study) && string_same(a->specialization, b->specialization) &&
	       string_same(a->human_code, b->human_code) && same_links(a->related, a->related_count, b->related, b->related_count) &&
	       same_links(a->recommended, a->recommended_count, b->recommended, b->recommended_count);
}

static bool same_care(const struct store_achievement *a, const struct store_achievement *b)
{
	return string_same(a->owner_entry, b->owner_entry) && string_same(a->next_review, b->next_review);
}

/* To whom it is given to look after, `before` having been whose it was. */
static enum skd_outcome owner_pick(struct skd_call *call, const char *before, struct store_achievement *a)
{
	struct store_person person;
	const struct sight all = {.everyone = true};
	const char *human;
	if (!a->owner_entry || string_same(before, a->owner_entry))
		return SKD_OK;
	enum skd_outcome outcome = store_person_find(call, a->owner_entry, &a->owner_entry, &human);
	if (outcome == SKD_OK)
		outcome = store_person_get(call, &all, human, &person);
	if (outcome == SKD_ABSENT || outcome == SKD_CLASH) {
		const char *why = call->sentence;
		call_forgive(call);
		return fail_field(call, "/owner", "%s", why);
	}
	TRY(outcome);
	return person.absent_since == TIME_NEVER ? SKD_OK : fail_field(call, "/owner", "has left");
}

/* ---- steps of its story ---- */

static enum skd_outcome step_say(struct skd_call *call, const char *id, long number, const char *kind, const char *comment)
{
	const struct store_step step = {.number = number, .kind = kind, .account = audit_account(call), .comment = comment};
	const struct store_notice notice = {.kind = talloc_asprintf(call, "achievement.%s", kind), .noun = "achievement",
					    .object = id, .detail = talloc_asprintf(call, "{\"version\":%ld}", number)};
	TRY(outbox_add(call, &notice));
	return store_achievement_event_add(call, id, &step, call->actor ? call->actor->account_id : NULL);
}

static enum skd_outcome step(struct skd_call *call, const char *id, long number, const char *kind)
{
	return step_say(call, id, number, kind, NULL);
}

static enum skd_outcome step_publish(struct skd_call *call, const char *id, long number)
{
	TRY(store_achievement_supersede(call, id, number, audit_account(call), call->actor->account_id));
	return step(call, id, number, "published");
}

/* Reads back what was written and closes with the audit entry. */
static enum skd_outcome told(struct skd_call *call, const char *action, const char *id,
			     struct store_achievement *achievement)
{
	TRY(store_achievement_get(call, id, 0, true, achievement));
	return audit_done(call, action, "achievement", id,
			  detail_of(call, "name", achievement->name, "version", talloc_asprintf(call, "%ld", achievement->number),
				    "state", achievement->state, "owner", achievement->owner_id, "next_review",
				    achievement->next_review, NULL));
}

/* Whose it is to be, as the actor may say. */
static enum skd_outcome issuer_pick(struct skd_call *call, const char **id)
{
	struct store_issuer issuer;
	TRY(absent_as_field(call, "/issuer", issuer_get(call, *id, &issuer)));
	*id = issuer.id;
	return issuer_may_write(call, issuer.id, true);
}

static enum skd_outcome may_publish(struct skd_call *call)
{
	return call->house->two_people ? fail(call, SKD_CLASH, "it takes two people to publish: ask for a review of the draft")
				       : SKD_OK;
}

enum skd_outcome achievement_add(struct skd_call *call, const struct skill_proved *skills, size_t count,
				 struct store_achievement *achievement)
{
	if (strcmp(achievement->state, "archived") == 0)
		return fail_field(call, "/state", "must be draft or published to begin with");
	bool published = strcmp(achievement->state, "published") == 0;
	if (published)
		TRY(may_publish(call));
	TRY(content_check(call, skills, count, achievement));
	TRY(owner_pick(call, NULL, achievement));
	TRY(issuer_pick(call, &achievement->issuer_id));
	TRY(store_achievement_add(call, achievement->issuer_id, &achievement->id));
	achievement->number = 1;
	TRY(store_achievement_put(call, achievement));
	TRY(store_achievement_keep(call, achievement));
	TRY(step(call, achievement->id, 1, "created"));
	if (published)
		TRY(step_publish(call, achievement->id, 1));
	return told(call, "achievement.add", achievement->id, achievement);
}

/* The state that `asked` (NULL: nothing) makes of the old one. What is published is not edited: an edit
 * makes the next version, a draft unless it is to be published at once. What is archived stays so, and what is in review
 * stays as it was asked for. */
static enum skd_outcome state_next(struct skd_call *call, const struct store_achievement *old, bool edited,
				   const char *asked, const char **state)
{
	static const char *const steps[][2] = {{"draft", "published"}, {"draft", "archived"}, {"published", "archived"}};
	bool archived = strcmp(old->state, "archived") == 0, published = strcmp(old->state, "published") == 0;
	bool in_review = strcmp(old->state, "in_review") == 0;
	*state = asked ? asked : published && edited ? "draft" : old->state;
	if (archived && edited)
		return fail(call, SKD_CLASH, "what is archived is not changed");
	if (in_review && (edited || (asked && strcmp(asked, "in_review") != 0)))
		return fail(call, SKD_CLASH, "what is in review is approved or returned, and changed once it is a draft again");
	if (published && edited && asked && strcmp(asked, "archived") == 0)
		return fail(call, SKD_CLASH, "what is published is archived as it is: leave the changes out");
	if (asked && strcmp(asked, "published") == 0 && (edited || !published))
		TRY(may_publish(call));
	if (!asked || strcmp(old->state, asked) == 0)
		return SKD_OK;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (strcmp(steps[i][0], old->state) == 0 && strcmp(steps[i][1], asked) == 0)
			return SKD_OK;
	return fail(call, SKD_CLASH, "an achievement that is %s cannot become %s", old->state, asked);
}

static enum skd_outcome draft_set(struct skd_call *call, const struct store_achievement *old, bool edited,
				  const struct store_achievement *wanted)
{
	TRY(store_achievement_put(call, wanted));
	if (!string_same(old->picture_id, wanted->picture_id))
		TRY(store_picture_drop(call, old->picture_id));
	if (edited)
		TRY(step(call, old->id, old->number, "edited"));
	if (strcmp(wanted->state, "published") == 0)
		return step_publish(call, old->id, old->number);
	if (strcmp(wanted->state, "draft") == 0)
		return SKD_OK;
	TRY(store_achievement_archive(call, old->id)); /* with a draft goes what it was to supersede */
	return step(call, old->id, old->number, wanted->state);
}

static enum skd_outcome version_add(struct skd_call *call, const struct store_achievement *old,
				    const struct store_achievement *wanted)
{
	TRY(store_achievement_put(call, wanted));
	TRY(step(call, old->id, wanted->number, "created"));
	return strcmp(wanted->state, "published") == 0 ? step_publish(call, old->id, wanted->number) : SKD_OK;
}

static enum skd_outcome state_set(struct skd_call *call, const struct store_achievement *old,
				  const struct store_achievement *wanted)
{
	TRY(store_achievement_state_set(call, old->id, old->number, wanted->state));
	return step(call, old->id, old->number, wanted->state);
}

static const char *action_of(const struct store_achievement *old, const struct store_achievement *wanted)
{
	if (wanted->number > old->number)
		return "achievement.supersede";
	if (strcmp(old->state, wanted->state) == 0)
		return "achievement.set";
	return strcmp(wanted->state, "archived") == 0 ? "achievement.archive" : "achievement.publish";
}

enum skd_outcome achievement_set(struct skd_call *call, const struct skill_proved *skills, size_t count,
				 struct store_achievement *wanted)
{
	struct store_achievement old;
	TRY(achievement_get(call, wanted->id, 0, &old));
	if (old.version != wanted->version)
		return fail(call, SKD_STALE, "this was changed since you read it: read it again");
	TRY(issuer_may_write(call, old.issuer_id, false));
	TRY(content_check(call, skills, count, wanted));
	TRY(owner_pick(call, old.owner_entry, wanted));
	bool draft = strcmp(old.state, "draft") == 0, edited = !same_content(&old, wanted), cared = same_care(&old, wanted);
	TRY(state_next(call, &old, edited, wanted->state, &wanted->state));
	bool turned = strcmp(old.state, wanted->state) != 0;
	if (!edited && !turned && cared) {
		*wanted = old;
		return SKD_OK;
	}
	wanted->number = !draft && edited ? old.latest + 1 : old.latest;
	TRY(store_achievement_touch(call, wanted->id, wanted->version, wanted->number));
	if (!cared) {
		TRY(store_achievement_keep(call, wanted));
		TRY(step(call, old.id, wanted->number, "assigned"));
	}
	if (draft && (edited || turned))
		TRY(draft_set(call, &old, edited, wanted));
	else if (edited)
		TRY(version_add(call, &old, wanted));
	else if (turned)
		TRY(state_set(call, &old, wanted));
	return told(call, action_of(&old, wanted), wanted->id, wanted);
}

enum skd_outcome achievement_remind(struct skd_call *call)
{
	struct store_achievement *due;
	size_t count;
	TRY(pool_borrow(call->house->jobs, call));
	TRY(tx_begin(call));
	TRY(store_achievement_due(call, call->house->review_notice, &due, &count));
	for (size_t i = 0; i < count; i++) {
		const struct store_notice notice = {
			.kind = "achievement.review_due", .noun = "achievement", .object = due[i].id, .person_id = due[i].owner_id,
			.key = talloc_asprintf(call, "achievement.review_due %s %s", due[i].id, due[i].next_review),
			.detail = detail_of(call, "next_review", due[i].next_review, NULL)};
		TRY(outbox_add(call, &notice));
	}
	return tx_commit(call);
}

/* ---- the review ---- */

/* As it was when the client read it, and in the state that the step takes it from. */
static enum skd_outcome review_begin(struct skd_call *call, const char *from, struct store_achievement *a)
{
	struct store_achievement now;
	TRY(achievement_get(call, a->id, 0, &now));
	TRY(issuer_may_write(call, now.issuer_id, false));
	if (!call->actor->person_id)
		return fail(call, SKD_DENIED, "a review takes people of a directory, who can be told apart");
	if (strcmp(now.state, from) != 0)
		return fail(call, SKD_CLASH, "an achievement that is %s is not %s", now.state,
			    strcmp(from, "draft") == 0 ? "a draft, of which alone a review is asked for" : "in review");
	TRY(store_achievement_touch(call, a->id, a->version, now.latest));
	a->number = now.number;
	return SKD_OK;
}

static enum skd_outcome review_step(struct skd_call *call, struct store_achievement *a, const char *state, const char *kind,
				    const char *comment)
{
	TRY(store_achievement_state_set(call, a->id, a->number, state));
	return step_say(call, a->id, a->number, kind, comment);
}

enum skd_outcome achievement_submit(struct skd_call *call, const char *comment, struct store_achievement *achievement)
{
	TRY(review_begin(call, "draft", achievement));
	TRY(review_step(call, achievement, "in_review", "submitted", comment));
	return told(call, "achievement.submit", achievement->id, achievement);
}

/* Both entries stay the humans' that they are until it is approved. */
static enum skd_outcome two_people(struct skd_call *call, const struct store_achievement *a)
{
	const char *asker, *self = call->actor->entry_id ? call->actor->entry_id : call->actor->person_id, *human, *other;
	TRY(store_achievement_asker(call, a->id, a->number, &asker));
	if (asker && strcmp(asker, self) != 0) {
		bool first = strcmp(asker, self) < 0;
		enum skd_outcome outcome = store_human_hold(call, first ? asker : self, &human);
		if (outcome == SKD_OK)
			outcome = store_human_hold(call, first ? self : asker, &other);
		if (outcome == SKD_OK && strcmp(human, other) != 0)
			return SKD_OK;
		if (outcome == SKD_ABSENT) {
			call_forgive(call);
			return fail(call, SKD_CLASH, "whoever asked for the review was erased: return it, and have it asked for anew");
		}
		TRY(outcome);
	}
	return fail(call, SKD_DENIED, "whoever asks for a review leaves it to somebody else");
}

enum skd_outcome achievement_approve(struct skd_call *call, const char *comment, struct store_achievement *achievement)
{
	TRY(review_begin(call, "in_review", achievement));
	TRY(two_people(call, achievement));
	TRY(review_step(call, achievement, "published", "approved", comment));
	TRY(step_publish(call, achievement->id, achievement->number));
	return told(call, "achievement.approve", achievement->id, achievement);
}

enum skd_outcome achievement_return(struct skd_call *call, const char *comment, struct store_achievement *achievement)
{
	TRY(review_begin(call, "in_review", achievement));
	TRY(review_step(call, achievement, "draft", "returned", comment));
	return told(call, "achievement.return", achievement->id, achievement);
}

enum skd_outcome achievement_events(struct skd_call *call, const char *id, struct store_step **steps, size_t *count)
{
	struct store_achievement achievement;
	TRY(achievement_get(call, id, 0, &achievement));
	return store_achievement_events(call, id, steps, count);
}

enum skd_outcome achievement_picture_set(struct skd_call *call, enum skd_image kind, struct skd_text picture,
					 struct store_achievement *achievement)
{
	TRY(issuer_may_write(call, achievement->issuer_id, false));
	TRY(picture_take(call, kind, picture, &achievement->picture_id));
	achievement->image_url = achievement->state = NULL;
	achievement->drawing = NULL;
	return achievement_set(call, NULL, 0, achievement);
}
