/* SPDX-License-Identifier: Apache-2.0
 * Which form, for whom, and how it comes to be. */
#include "rules/badge.h"

#include "base/json.h"
#include "rules/actor.h"
#include "rules/issuer.h"
#include "rules/person.h"
#include "rules/sealing.h"

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
		if (kind.form->about == about && strlen(kind.form->name) == size && memcmp(kind.form->name, name, size) == 0)
			break;
	return kind;
}

const char *badge_type(struct skd_call *call, const struct skd_form *form)
{
	return talloc_strndup(call, form->types, strcspn(form->types, " "));
}

/* ---- for whom ---- */

/* Visibility binds colleagues and the public; who sees the person's credentials sees all of them, and so do auditors. */
static enum skd_outcome badge_seen(struct skd_call *call, const char *visibility, const char *person_id)
{
	const char *seen = NULL;
	bool is_public = visibility && strcmp(visibility, "public") == 0;
	bool is_shown = visibility && strcmp(visibility, "colleagues") == 0;
	bool known = call->actor && actor_scoped(call, "credentials", false);
	if (is_public || (known && actor_has(call, is_shown ? ROLE_ANY : ROLE_AUDITOR)))
		return SKD_OK;
	if (known) {
		struct sight sight = sight_of(call);
		TRY(store_person_seen(call, &sight, person_id, &seen));
	}
	return seen ? SKD_OK : fail(call, SKD_ABSENT, "there is no such badge");
}

/* ---- how ---- */

enum skd_outcome badge_begin(struct skd_call *call, const char *credential_id)
{
	unsigned char salt[12];
	random_bytes(salt, sizeof salt);
	return store_badge_add(call, credential_id, base64url_encode(call, salt, sizeof salt), call->house->visibility);
}

/* With the addresses that it is published under. */
static const struct skd_award *badge_place(struct skd_call *call, struct store_badge *badge)
{
	badge->award.origin = call->house->public_url;
	badge->award.issuer_did = issuer_did(call, badge->award.issuer_id, badge->issuer_key);
	return &badge->award;
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

static enum skd_outcome badge_wrap(struct skd_call *call, struct badge_kind kind, const struct store_badge *badge,
				   struct text *made)
{
	const char *name = kind.form->inside;
	struct badge_kind within = badge_kind_named(call->house, SKD_ABOUT_CREDENTIAL, name, strlen(name));
	struct wrapped wrapped = {.out = {wrapped_write}};
	struct badge inside;
	TRY(badge_get(call, badge->award.id, within, &inside));
	text_begin(&wrapped.text, call, inside.size + 4096);
	TRY(kind.instance->plugin->is.badge.wrap(kind.instance->self, call, kind.form, &badge->award,
						 (struct skd_text){(const char *)inside.bytes, inside.size}, &wrapped.out));
	*made = wrapped.text;
	return SKD_OK;
}

static enum skd_outcome badge_draft(struct skd_call *call, struct badge_kind kind, const struct skd_award *award,
				    struct text *draft)
{
	struct json json;
	text_begin(draft, call, 4096);
	json_begin(&json, draft);
	return kind.instance->plugin->is.badge.draft(kind.instance->self, call, kind.form, award, (struct skd_json *)&json);
}

/* Drafts, seals and keeps a form. */
static enum skd_outcome badge_seal(struct skd_call *call, struct badge_kind kind, const struct store_badge *badge,
				   const struct sealing *sealing, struct text *made)
{
	TRY(badge_draft(call, kind, &badge->award, made));
	TRY(sealing_forms(call, sealing, 1, made));
	return store_form_put(call, badge->award.id, kind.form->name, badge->version, made->bytes, made->size, sealing->key_id);
}

/* Makes a form and keeps it. */
static enum skd_outcome badge_make(struct skd_call *call, struct badge_kind kind, const struct store_badge *badge,
				   struct text *made)
{
	struct sealing sealing;
	if (kind.form->inside) {
		TRY(badge_wrap(call, kind, badge, made));
		return store_form_put(call, badge->award.id, kind.form->name, badge->version, made->bytes, made->size, NULL);
	}
	TRY(sealing_begin(call, badge->award.issuer_id, badge->award.issuer_did, kind.form->seal, &sealing));
	return badge_seal(call, kind, badge, &sealing, made);
}

enum skd_outcome badge_issue(struct skd_call *call, const char *credential_id)
{
	struct store_badge badge;
	struct sealing sealing;
	struct text made;
	TRY(badge_begin(call, credential_id));
	TRY(store_badge_get(call, credential_id, &badge));
	badge_place(call, &badge);
	enum skd_outcome outcome = sealing_begin(call, badge.award.issuer_id, badge.award.issuer_did, SKD_SEAL_PROOF, &sealing);
	if (outcome == SKD_ABSENT)
		return call_forgive(call), SKD_OK;
	TRY(outcome);
	for (struct badge_kind kind = {0}; (kind = badge_kind_next(call->house, kind)).form;)
		if (kind.form->about == SKD_ABOUT_CREDENTIAL && kind.form->seal == SKD_SEAL_PROOF)
			TRY(badge_seal(call, kind, &badge, &sealing, &made));
	return SKD_OK;
}

/* Two who ask at once get the same bytes. */
static enum skd_outcome badge_make_once(struct skd_call *call, const char *credential_id, struct badge_kind kind,
					struct store_form *form)
{
	struct store_badge badge;
	struct text made;
	if (!form->visibility)
		TRY(badge_begin(call, credential_id));
	TRY(store_badge_hold(call, credential_id));
	TRY(store_form_get(call, credential_id, kind.form->name, form));
	if (form->bytes)
		return SKD_OK;
	TRY(store_badge_get(call, credential_id, &badge));
	badge_place(call, &badge);
	TRY(badge_make(call, kind, &badge, &made));
	form->bytes = (const uint8_t *)made.bytes;
	form->size = made.size;
	return SKD_OK;
}

enum skd_outcome badge_get(struct skd_call *call, const char *credential_id, struct badge_kind kind, struct badge *badge)
{
	struct store_form form;
	TRY(store_form_get(call, credential_id, kind.form->name, &form));
	TRY(badge_seen(call, form.visibility, form.person_id));
	if (!form.bytes)
		TRY(badge_make_once(call, credential_id, kind, &form));
	*badge = (struct badge){form.bytes, form.size};
	return SKD_OK;
}

static enum skd_outcome document_draft(struct skd_call *call, struct badge_kind kind, struct store_badge *facts,
				       struct badge *document)
{
	struct text draft;
	TRY(badge_draft(call, kind, badge_place(call, facts), &draft));
	*document = (struct badge){(const uint8_t *)draft.bytes, draft.size};
	return SKD_OK;
}

enum skd_outcome badge_achievement(struct skd_call *call, const char *id, const char *number, struct badge_kind kind,
				   struct badge *document)
{
	struct store_badge facts;
	TRY(store_badge_achievement(call, id, number, &facts));
	return document_draft(call, kind, &facts, document);
}

enum skd_outcome badge_issuer(struct skd_call *call, const char *id, struct badge_kind kind, struct badge *document)
{
	struct store_issuer issuer;
	TRY(store_issuer_get(call, id, &issuer));
	struct store_badge facts = {.award = {.issuer_id = issuer.id, .issuer_name = issuer.name, .issuer_url = issuer.url,
					      .issuer_mail = issuer.mail},
				    .issuer_key = issuer.key};
	return document_draft(call, kind, &facts, document);
}
