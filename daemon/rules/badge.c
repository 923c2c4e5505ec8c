/* SPDX-License-Identifier: Apache-2.0
 * Which form, for whom, and how it comes to be. */
#include "rules/badge.h"

#include "base/json.h"
#include "base/text.h"
#include "rules/actor.h"
#include "rules/image.h"
#include "rules/issuer.h"
#include "rules/language.h"
#include "rules/person.h"
#include "rules/sealing.h"
#include "store/bulk.h"
#include "store/credential.h"
#include "store/endorsement.h"
#include "store/rubric.h"
#include "verify/verify.h"

#include <string.h>

/* ---- which ---- */

struct badge_kind badge_kind_next(const struct house *house, struct badge_kind kind)
{
	if (!kind.instance)
		kind.instance = house->badges;
	else if ((++kind.form)->name)
		return kind;
	else
		kind.instance = kind.instance->next;
	return (struct badge_kind){kind.instance, kind.instance ? kind.instance->plugin->is.badge.forms : NULL};
}

struct badge_kind badge_kind_named(const struct house *house, enum skd_about about, const char *name, size_t size)
{
	struct badge_kind kind = {0};
	while ((kind = badge_kind_next(house, kind)).form)
		if (kind.form->about == about && kind.form->paper != SKD_PAPER_LETTER && strlen(kind.form->name) == size &&
		    memcmp(kind.form->name, name, size) == 0)
			break;
	return kind;
}

struct badge_kind badge_kind_paper(const struct house *house, struct badge_kind kind, enum skd_paper paper)
{
	struct badge_kind other = {0};
	while ((other = badge_kind_next(house, other)).form)
		if (other.instance == kind.instance && other.form->paper == paper && strcmp(other.form->types, kind.form->types) == 0)
			return other;
	return kind;
}

/* In its form's own media type. */
static void badge_dress(struct skd_call *call, const struct skd_form *form, const void *bytes, size_t size,
			struct badge *badge)
{
	*badge = (struct badge){.bytes = bytes, .size = size, .type = talloc_strndup(call, form->types, strcspn(form->types, " "))};
}

/* ---- for whom ---- */

/* Visibility binds colleagues and the public; others see it as the table has it. */
static enum skd_outcome badge_seen(struct skd_call *call, const char *visibility, const char *credential_id)
{
	bool seen = false;
	bool is_public = visibility && strcmp(visibility, "public") == 0;
	bool is_shown = visibility && strcmp(visibility, "colleagues") == 0;
	bool known = call->actor && actor_scoped(call, "credentials", false);
	if (is_public || (known && is_shown && actor_has(call, ROLE_ANY)))
		return SKD_OK;
	if (known) {
		struct sight sight = sight_for(call, SIGHT_BADGES);
		TRY(store_credential_seen(call, &sight, credential_id, &seen));
	}
	return seen ? SKD_OK : fail(call, SKD_ABSENT, "there is no such badge");
}

/* ---- how ---- */

static const char *salt_new(struct skd_call *call)
{
	unsigned char salt[12];
	random_bytes(salt, sizeof salt);
	return base64url_encode(call, salt, sizeof salt);
}

enum skd_outcome badge_begin(struct skd_call *call, const char *credential_id)
{
	return store_badge_add(call, credential_id, salt_new(call), call->house->visibility);
}

/* With the addresses that it is published under, and said to be a test where it is one. */
static const struct skd_award *badge_place(struct skd_call *call, struct store_badge *badge)
{
	struct skd_award *award = &badge->award;
	if (badge->sandbox) {
		award->issuer_name = talloc_asprintf(call, "%s" VERIFY_TESTS, award->issuer_name);
		award->name = award->name ? talloc_asprintf(call, "TEST: %s", award->name) : NULL;
	}
	award->origin = call->house->public_url;
	if (award->achievement_id && !award->image_url)
		award->image_url = image_place(call, award->achievement_id, award->version);
	if (badge->issuer_picture_id)
		award->issuer_image_url = issuer_image_place(call, award->issuer_id, NULL, badge->issuer_picture_id);
	award->issuer_did = issuer_did(call, award->issuer_id, badge->issuer_key);
	return award;
}

/* Into what is wanted, where there is something of it. */
static enum skd_outcome badge_translate(struct skd_call *call, const char *wanted, struct store_badge *badge)
{
	const char *const *languages;
	size_t count;
	if (!wanted || !badge->translated)
		return SKD_OK;
	language_wanted(call, wanted, &languages, &count);
	return store_badge_translate(call, languages, count, &badge->award);
}

/* ---- around another ---- */

static bool form_kept(const struct skd_form *form, const struct store_badge *badge)
{
	return strings_have(badge->kept, badge->kept_count, form->name);
}

/* What is sealed is it or what is inside; of achievements and issuers nothing is. */
static bool form_had(struct skd_call *call, const struct skd_form *form, const struct store_badge *badge)
{
	while (form && form->inside)
		form = badge_kind_named(call->house, form->about, form->inside, strlen(form->inside)).form;
	return form && (form->about != SKD_ABOUT_CREDENTIAL || form->seal == SKD_SEAL_NONE || form_kept(form, badge) ||
			sealing_can(form->seal, badge->algorithms, badge->algorithm_count));
}

static void badge_forms(struct skd_call *call, enum skd_about about, struct store_badge *badge)
{
	const char **names = NULL;
	size_t count = 0;
	for (struct badge_kind kind = {0}; (kind = badge_kind_next(call->house, kind)).form;)
		if (kind.form->about == about && kind.form->paper != SKD_PAPER_LETTER && form_had(call, kind.form, badge)) {
			names = talloc_realloc(call, names, const char *, (unsigned)count + 1);
			names[count++] = kind.form->name;
		}
	badge->award.forms = names;
	badge->award.form_count = count;
}

struct wrapped {
	struct skd_out out; /* the first member: write() finds the rest behind it */
	struct text text;
};

static enum skd_outcome wrapped_write(const struct skd_out *out, const char *bytes, size_t size)
{
	struct wrapped *wrapped = (struct wrapped *)(uintptr_t)out;
	text_add(&wrapped->text, bytes, size);
	return SKD_OK;
}

/* Around the form inside, if there is one. */
static enum skd_outcome badge_wrap(struct skd_call *call, struct badge_kind kind, struct store_badge *badge,
				   struct text *made)
{
	const char *name = kind.form->inside;
	struct wrapped wrapped = {.out = {wrapped_write}};
	struct badge inside = {0};
	if (name)
		TRY(badge_get(call, badge->award.id, badge_kind_named(call->house, SKD_ABOUT_CREDENTIAL, name, strlen(name)),
			      &inside));
	if (kind.form->image) {
		struct picture picture;
		TRY(image_of(call, badge, kind.form->image, &picture));
		badge->award.image = (struct skd_text){(const char *)picture.bytes, picture.size};
	}
	badge_forms(call, kind.form->about, badge);
	text_begin(&wrapped.text, call, inside.size + badge->award.image.size + 4096);
	TRY(kind.instance->plugin->is.badge.wrap(kind.instance->self, call, kind.form, &badge->award,
						 (struct skd_text){(const char *)inside.bytes, inside.size}, &wrapped.out));
	*made = wrapped.text;
	if (kind.form->paper)
		return draw_page(call, call->house->painter, kind.form->paper, (struct skd_text){made->bytes, made->size}, made);
	return SKD_OK;
}

enum skd_outcome badge_draft(struct skd_call *call, struct badge_kind kind, const struct skd_award *award,
			     struct text *draft)
{
	struct json json;
	text_begin(draft, call, 4096);
	json_begin(&json, draft);
	return kind.instance->plugin->is.badge.draft(kind.instance->self, call, kind.form, award, (struct skd_json *)&json);
}

/* Sealed when it was issued, or wrapped around that: no event but its holder's choice of evidence changes what it says. */
static bool form_lasts(struct skd_call *call, const struct skd_form *form)
{
	const char *inside = form->inside;
	if (inside)
		form = badge_kind_named(call->house, SKD_ABOUT_CREDENTIAL, inside, strlen(inside)).form;
	return form && form->seal == SKD_SEAL_PROOF;
}

static int64_t form_version(struct skd_call *call, const struct skd_form *form, const struct store_badge *badge)
{
	return form_lasts(call, form) ? badge->content_version : badge->version;
}

/* Drafts, seals and keeps a form. */
static enum skd_outcome badge_seal(struct skd_call *call, struct badge_kind kind, struct store_badge *badge,
				   const struct sealing *sealing, struct text *made)
{
	struct skd_award *award = &badge->award;
	if (sealing->seal == SKD_SEAL_RS256) {
		struct skd_public_key *key = talloc(call, struct skd_public_key);
		*key = (struct skd_public_key){sealing->key_id, key_pem(call, sealing->key)};
		award->keys = key;
		award->key_count = 1;
	}
	award->sealed = sealing->at;
	TRY(badge_draft(call, kind, award, made));
	TRY(sealing_forms(call, sealing, 1, made));
	return store_form_put(call, award->id, kind.form->name, form_version(call, kind.form, badge), made->bytes, made->size,
			      sealing->key_id, sealing->at, NULL);
}

/* Makes a form, and keeps what is to be kept. */
static enum skd_outcome badge_make(struct skd_call *call, struct badge_kind kind, struct store_badge *badge,
				   struct text *made)
{
	struct sealing sealing;
	if (kind.form->inside || !kind.instance->plugin->is.badge.draft) {
		TRY(badge_wrap(call, kind, badge, made));
		return kind.form->fresh ? SKD_OK
					: store_form_put(call, badge->award.id, kind.form->name,
							 form_version(call, kind.form, badge), made->bytes, made->size, NULL, 0,
							 kind.form->paper ? &badge->award : NULL);
	}
	TRY(sealing_begin(call, badge->award.issuer_id, badge->award.issuer_did, kind.form->seal, &sealing));
	return badge_seal(call, kind, badge, &sealing, made);
}

enum skd_outcome badge_issue(struct skd_call *call, const char *credential_id, struct store_credential *credential)
{
	struct store_badge badge;
	struct store_key *keys;
	size_t count;
	struct sealing sealing;
	struct text made;
	TRY(store_badge_issue(call, credential_id, credential, &badge, &keys, &count));
	badge_place(call, &badge);
	enum skd_outcome outcome = sealing_with(call, keys, count, badge.award.issuer_did, SKD_SEAL_PROOF, &sealing);
	if (outcome == SKD_ABSENT)
		return call_forgive(call), SKD_OK;
	TRY(outcome);
	for (struct badge_kind kind = {0}; (kind = badge_kind_next(call->house, kind)).form;)
		if (kind.form->about == SKD_ABOUT_CREDENTIAL && kind.form->seal == SKD_SEAL_PROOF)
			TRY(badge_seal(call, kind, &badge, &sealing, &made));
	return SKD_OK;
}

/* ---- many ---- */

/* Of one issuer; what is the achievement's is asked for once. */
struct badge_lot {
	struct badge_lot *next;
	size_t count;
	const struct store_bulk **bulk;
	const char **ids;
	struct store_badge *badges;
	struct sealing sealing; /* with no key: there are none yet */
};

static enum skd_outcome lot_achievements(struct skd_call *call, struct badge_lot *lot)
{
	for (size_t i = 0; i < lot->count; i++) {
		const struct store_award *award = &lot->bulk[i]->award;
		size_t like = 0;
		while (like < i && (lot->bulk[like]->award.version != award->version ||
				    strcmp(lot->bulk[like]->award.achievement_id, award->achievement_id) != 0))
			like++;
		if (like < i)
			lot->badges[i] = lot->badges[like];
		else
			TRY(store_badge_achievement(call, award->achievement_id,
						    talloc_asprintf(call, "%lld", (long long)award->version), false, &lot->badges[i]));
	}
	return SKD_OK;
}

/* As what was written of them just now. */
static enum skd_outcome lot_awards(struct skd_call *call, struct badge_lot *lot)
{
	struct skd_result *results;
	bool evidence = false;
	for (size_t i = 0; i < lot->count; i++) {
		const struct store_bulk *bulk = lot->bulk[i];
		struct skd_award *award = &lot->badges[i].award;
		award->id = bulk->id;
		award->awarded = bulk->award.issued_at;
		award->valid_from = bulk->award.valid_from;
		award->valid_until = bulk->award.expires_at;
		award->state = bulk->state;
		TRY(store_rubric_results(call, bulk->award.results, &results, &award->result_count));
		award->results = results;
		evidence = evidence || strcmp(bulk->award.evidence, "[]") != 0;
		lot->badges[i].person_id = bulk->award.person_id;
		lot->badges[i].visibility = call->house->visibility;
		lot->badges[i].version = 1;
	}
	return evidence ? store_bulk_evidence(call, lot->count, lot->ids, lot->badges) : SKD_OK;
}

static enum skd_outcome lot_begin(struct skd_call *call, struct badge_lot *lot)
{
	const char **salts = talloc_array(call, const char *, lot->count), *issuer_id = lot->bulk[0]->issuer_id;
	for (size_t i = 0; i < lot->count; i++)
		salts[i] = salt_new(call);
	TRY(lot_achievements(call, lot));
	TRY(lot_awards(call, lot));
	const char *did = issuer_did(call, issuer_id, lot->badges[0].issuer_key);
	enum skd_outcome outcome = sealing_begin(call, issuer_id, did, SKD_SEAL_PROOF, &lot->sealing);
	if (outcome == SKD_ABSENT)
		call_forgive(call);
	else
		TRY(outcome);
	TRY(store_bulk_places(call, issuer_id, "revocation", lot->count, lot->ids));
	TRY(store_bulk_badges(call, lot->count, salts, call->house->visibility, lot->badges));
	TRY(store_bulk_places(call, issuer_id, "suspension", lot->count, lot->ids));
	for (size_t i = 0; i < lot->count; i++)
		badge_place(call, &lot->badges[i]);
	return SKD_OK;
}

static struct badge_lot *lot_new(struct skd_call *call, size_t room)
{
	struct badge_lot *lot = talloc_zero(call, struct badge_lot);
	lot->bulk = talloc_array(lot, const struct store_bulk *, room);
	lot->ids = talloc_array(lot, const char *, room);
	lot->badges = talloc_array(lot, struct store_badge, room);
	return lot;
}

static struct badge_lot *lot_of(struct skd_call *call, struct badge_lot **lots, const char *issuer_id, size_t room)
{
	while (*lots && strcmp((*lots)->bulk[0]->issuer_id, issuer_id) != 0)
		lots = &(*lots)->next;
	if (!*lots)
		*lots = lot_new(call, room);
	return *lots;
}

enum skd_outcome badge_begin_many(struct skd_call *call, size_t count, const struct store_bulk *bulk, struct badge_lot **lots)
{
	*lots = NULL;
	for (size_t i = 0; i < count; i++) {
		struct badge_lot *lot = lot_of(call, lots, bulk[i].issuer_id, count - i);
		lot->ids[lot->count] = bulk[i].id;
		lot->bulk[lot->count++] = &bulk[i];
	}
	for (struct badge_lot *lot = *lots; lot; lot = lot->next)
		TRY(lot_begin(call, lot));
	return SKD_OK;
}

static enum skd_outcome lot_seal(struct skd_call *call, const struct badge_lot *lot, struct badge_kind kind)
{
	struct text *forms = talloc_array(call, struct text, lot->count);
	for (size_t i = 0; i < lot->count; i++)
		TRY(badge_draft(call, kind, &lot->badges[i].award, &forms[i]));
	TRY(sealing_forms(call, &lot->sealing, lot->count, forms));
	return store_bulk_forms(call, lot->count, lot->ids, kind.form->name, lot->sealing.key_id, lot->sealing.at, forms);
}

enum skd_outcome badge_seal_many(struct skd_call *call, const struct badge_lot *lots)
{
	for (const struct badge_lot *lot = lots; lot; lot = lot->next)
		for (struct badge_kind kind = {0}; (kind = badge_kind_next(call->house, kind)).form;)
			if (lot->sealing.key_id && kind.form->about == SKD_ABOUT_CREDENTIAL && kind.form->seal == SKD_SEAL_PROOF)
				TRY(lot_seal(call, lot, kind));
	return SKD_OK;
}

/* Two who ask at once get the same bytes, of what is kept. */
static enum skd_outcome badge_make_once(struct skd_call *call, const char *credential_id, struct badge_kind kind,
					struct badge *badge)
{
	struct store_form form;
	struct store_badge facts;
	struct text made;
	if (!kind.form->fresh) {
		TRY(store_badge_hold(call, credential_id));
		TRY(store_form_get(call, credential_id, kind.form->name, form_lasts(call, kind.form), &form));
		badge_dress(call, kind.form, form.bytes, form.size, badge);
		if (form.bytes)
			return SKD_OK;
	}
	TRY(store_badge_get(call, credential_id, &facts));
	if (kind.form->fresh)
		TRY(badge_translate(call, kind.language, &facts));
	badge_place(call, &facts);
	bool gone = kind.form->gone && facts.award.gone;
	if (gone) {
		kind.form = kind.instance->plugin->is.badge.forms;
		TRY(badge_draft(call, kind, &facts.award, &made));
	} else {
		TRY(badge_make(call, kind, &facts, &made));
	}
	badge_dress(call, kind.form, made.bytes, made.size, badge);
	badge->gone = gone;
	return SKD_OK;
}

enum skd_outcome badge_get(struct skd_call *call, const char *credential_id, struct badge_kind kind, struct badge *badge)
{
	struct store_form form;
	TRY(store_form_get(call, credential_id, kind.form->name, form_lasts(call, kind.form), &form));
	TRY(badge_seen(call, form.visibility, credential_id));
	if (!form.visibility)
		TRY(badge_begin(call, credential_id));
	if (form.bytes)
		badge_dress(call, kind.form, form.bytes, form.size, badge);
	else
		TRY(badge_make_once(call, credential_id, kind, badge));
	badge->person_id = form.person_id;
	return SKD_OK;
}

enum skd_outcome badge_facts(struct skd_call *call, const char *credential_id, struct store_badge *facts)
{
	TRY(store_badge_get(call, credential_id, facts));
	TRY(badge_seen(call, facts->visibility, credential_id));
	badge_place(call, facts);
	return SKD_OK;
}

static enum skd_outcome document_make(struct skd_call *call, struct badge_kind kind, struct store_badge *facts,
				       struct badge *document)
{
	struct text made;
	badge_place(call, facts);
	TRY(kind.instance->plugin->is.badge.draft ? badge_draft(call, kind, &facts->award, &made) : badge_wrap(call, kind, facts, &made));
	badge_dress(call, kind.form, made.bytes, made.size, document);
	return SKD_OK;
}

enum skd_outcome badge_achievement(struct skd_call *call, const char *id, const char *number, struct badge_kind kind,
				   struct badge *document)
{
	struct store_badge facts;
	TRY(store_badge_achievement(call, id, number, false, &facts));
	TRY(badge_translate(call, kind.language, &facts));
	TRY(store_endorsement_published(call, id, facts.award.version, NULL, VERIFY_ENDORSEMENTS, &facts.award.endorsements,
					&facts.award.endorsement_count));
	return document_make(call, kind, &facts, document);
}

enum skd_outcome badge_issuer(struct skd_call *call, const char *id, const char *key_id, const char *about,
			      struct badge_kind kind, struct badge *document)
{
	struct store_issuer issuer;
	TRY(store_issuer_get(call, id, &issuer));
	struct store_badge facts = {.award = {.issuer_id = issuer.id, .issuer_name = issuer.name, .issuer_url = issuer.url,
					      .issuer_mail = issuer.mail, .issuer_description = issuer.description,
					      .issuer_image_url = issuer_image_place(call, issuer.id, issuer.image_url, issuer.picture_id)},
				    .issuer_key = issuer.key, .sandbox = issuer.sandbox};
	struct skd_award *award = &facts.award;
	if (kind.form->seal == SKD_SEAL_RS256) {
		TRY(sealing_keys(call, id, key_id, &award->keys, &award->key_count));
		TRY(store_badge_revoked(call, id, about, &award->revoked, &award->revoked_count));
	}
	TRY(store_endorsement_published(call, NULL, 0, id, VERIFY_ENDORSEMENTS, &award->endorsements, &award->endorsement_count));
	return document_make(call, kind, &facts, document);
}
