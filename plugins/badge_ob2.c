/* SPDX-License-Identifier: Apache-2.0
 * Open Badges 2.0 (IMS, 2018): assertions, hosted and signed, badge classes, issuers, their keys and what they revoked.
 * Knows no key but by its public half. */
#include "bake.h"

#include <stdio.h>
#include <string.h>

enum { PLACE = 512 };

struct draft {
	const struct skd_host *host;
	const struct skd_award *award;
	struct skd_json *json;
};

static void draft_string(const struct draft *d, const char *key, const char *value)
{
	d->host->put_string(d->json, key, value);
}

/* An address of ours, in a form of ours. */
static void draft_place(const struct draft *d, const char *key, const char *noun, const char *id, const char *query)
{
	char place[PLACE];
	snprintf(place, sizeof place, "%s/%s/%s%s", d->award->origin, noun, id, query);
	draft_string(d, key, place);
}

static void draft_begin(const struct draft *d, const char *type)
{
	d->host->put_object(d->json, NULL);
	draft_string(d, "@context", "https://w3id.org/openbadges/v2");
	draft_string(d, "type", type);
}

/* ---- of a credential ---- */

/* Whoever had no mail address is known by what their other badges call them. */
static void draft_recipient(const struct draft *d)
{
	const struct skd_award *a = d->award;
	d->host->put_object(d->json, "recipient");
	draft_string(d, "type", a->identity ? "email" : "url");
	d->host->put_flag(d->json, "hashed", a->identity);
	draft_string(d, "salt", a->identity ? a->salt : NULL);
	draft_string(d, "identity", a->identity ? a->identity : a->subject);
	d->host->put_object_end(d->json);
}

static void draft_evidence(const struct draft *d)
{
	if (!d->award->evidence_count)
		return;
	d->host->put_array(d->json, "evidence");
	for (size_t i = 0; i < d->award->evidence_count; i++) {
		const struct skd_evidence *at = &d->award->evidence[i];
		d->host->put_object(d->json, NULL);
		draft_string(d, "type", "Evidence");
		draft_string(d, "id", at->url);
		draft_string(d, "name", at->name);
		draft_string(d, "narrative", at->narrative);
		d->host->put_object_end(d->json);
	}
	d->host->put_array_end(d->json);
}

static void draft_verification(const struct draft *d, bool is_signed)
{
	char key[80];
	d->host->put_object(d->json, "verification");
	draft_string(d, "type", is_signed ? "signed" : "hosted");
	if (is_signed) {
		snprintf(key, sizeof key, "?format=ob2-key&key=%s", d->award->keys->id);
		draft_place(d, "creator", "issuers", d->award->issuer_id, key);
	}
	d->host->put_object_end(d->json);
}

/* A signed one is nowhere but where it is. */
static void draft_id(const struct draft *d, bool is_signed)
{
	char id[64];
	snprintf(id, sizeof id, "urn:uuid:%s", d->award->id);
	if (is_signed)
		draft_string(d, "id", id);
	else
		draft_place(d, "id", "badges", d->award->id, "?format=ob2");
}

static void draft_class_place(const struct draft *d, const char *key)
{
	char query[64];
	snprintf(query, sizeof query, "?version=%lld&format=ob2", (long long)d->award->version);
	draft_place(d, key, "achievements", d->award->achievement_id, query);
}

static void draft_assertion(const struct draft *d, bool is_signed)
{
	draft_begin(d, "Assertion");
	draft_id(d, is_signed);
	draft_recipient(d);
	draft_class_place(d, "badge");
	draft_place(d, "image", "badges", d->award->id, "?format=ob2-png");
	d->host->put_time(d->json, "issuedOn", d->award->awarded);
	d->host->put_time(d->json, "expires", d->award->valid_until);
	draft_evidence(d);
	draft_verification(d, is_signed);
	d->host->put_object_end(d->json);
}

/* All that is left of one that is good no longer. */
static void draft_gone(const struct draft *d)
{
	d->host->put_object(d->json, NULL);
	draft_string(d, "@context", "https://w3id.org/openbadges/v2");
	draft_id(d, false);
	d->host->put_flag(d->json, "revoked", true);
	draft_string(d, "revocationReason", d->award->reason ? d->award->reason : d->award->state);
	d->host->put_object_end(d->json);
}

/* ---- of an achievement ---- */

static void draft_alignments(const struct draft *d)
{
	if (!d->award->alignment_count)
		return;
	d->host->put_array(d->json, "alignment");
	for (size_t i = 0; i < d->award->alignment_count; i++) {
		const struct skd_alignment *at = &d->award->alignments[i];
		d->host->put_object(d->json, NULL);
		draft_string(d, "type", "AlignmentObject");
		draft_string(d, "targetName", at->name);
		draft_string(d, "targetUrl", at->url);
		draft_string(d, "targetFramework", at->framework);
		draft_string(d, "targetCode", at->code);
		d->host->put_object_end(d->json);
	}
	d->host->put_array_end(d->json);
}

static void draft_tags(const struct draft *d)
{
	if (!d->award->tag_count)
		return;
	d->host->put_array(d->json, "tags");
	for (size_t i = 0; i < d->award->tag_count; i++)
		draft_string(d, NULL, d->award->tags[i]);
	d->host->put_array_end(d->json);
}

static void draft_class(const struct draft *d)
{
	const struct skd_award *a = d->award;
	char version[32];
	draft_begin(d, "BadgeClass");
	draft_class_place(d, "id");
	draft_string(d, "name", a->name);
	draft_string(d, "description", a->description && *a->description ? a->description : a->name);
	draft_string(d, "image", a->image_url);
	d->host->put_object(d->json, "criteria");
	if (a->criteria && *a->criteria)
		draft_string(d, "narrative", a->criteria);
	else
		draft_place(d, "id", "achievements", a->achievement_id, "");
	d->host->put_object_end(d->json);
	draft_place(d, "issuer", "issuers", a->issuer_id, "?format=ob2");
	draft_alignments(d);
	draft_tags(d);
	snprintf(version, sizeof version, "%lld", (long long)a->version);
	draft_string(d, "version", version);
	d->host->put_object_end(d->json);
}

/* ---- of an issuer ---- */

static void draft_key_places(const struct draft *d)
{
	if (!d->award->key_count)
		return;
	d->host->put_array(d->json, "publicKey");
	for (size_t i = 0; i < d->award->key_count; i++) {
		char query[80];
		snprintf(query, sizeof query, "?format=ob2-key&key=%s", d->award->keys[i].id);
		draft_place(d, NULL, "issuers", d->award->issuer_id, query);
	}
	d->host->put_array_end(d->json);
	draft_place(d, "revocationList", "issuers", d->award->issuer_id, "?format=ob2-revoked");
}

static void draft_issuer(const struct draft *d)
{
	const struct skd_award *a = d->award;
	const char *host = strstr(a->origin, "://");
	draft_begin(d, "Issuer");
	draft_place(d, "id", "issuers", a->issuer_id, "?format=ob2");
	draft_string(d, "name", a->issuer_name);
	draft_string(d, "url", a->issuer_url ? a->issuer_url : a->origin);
	draft_string(d, "email", a->issuer_mail);
	draft_string(d, "description", a->issuer_description);
	draft_string(d, "image", a->issuer_image_url);
	draft_key_places(d);
	d->host->put_object(d->json, "verification");
	draft_string(d, "type", "hosted");
	draft_string(d, "allowedOrigins", host ? host + 3 : a->origin);
	draft_place(d, "startsWith", "badges", "", "");
	d->host->put_object_end(d->json);
	d->host->put_object_end(d->json);
}

static enum skd_outcome draft_key(const struct draft *d, struct skd_call *call)
{
	char query[80];
	if (!d->award->key_count)
		return d->host->fail(call, SKD_ABSENT, "the issuer has no such key");
	snprintf(query, sizeof query, "?format=ob2-key&key=%s", d->award->keys->id);
	draft_begin(d, "CryptographicKey");
	draft_place(d, "id", "issuers", d->award->issuer_id, query);
	draft_place(d, "owner", "issuers", d->award->issuer_id, "?format=ob2");
	draft_string(d, "publicKeyPem", d->award->keys->pem);
	d->host->put_object_end(d->json);
	return SKD_OK;
}

/* No reasons: unlike a badge the list is anyone's to read. */
static void draft_revoked(const struct draft *d)
{
	char id[64];
	draft_begin(d, "RevocationList");
	draft_place(d, "id", "issuers", d->award->issuer_id, "?format=ob2-revoked");
	draft_place(d, "issuer", "issuers", d->award->issuer_id, "?format=ob2");
	d->host->put_array(d->json, "revokedAssertions");
	for (size_t i = 0; i < d->award->revoked_count; i++) {
		snprintf(id, sizeof id, "urn:uuid:%s", d->award->revoked[i]);
		draft_string(d, NULL, id);
	}
	d->host->put_array_end(d->json);
	d->host->put_object_end(d->json);
}

/* ---- the promise ---- */

enum { ASSERTION, SIGNED, BAKED_PNG, BAKED_SVG, CLASS, ISSUER, KEY, REVOKED, FORMS };
static const struct skd_form forms[FORMS + 1] = {
	[ASSERTION] = {SKD_ABOUT_CREDENTIAL, "ob2", "application/ld+json application/json", .gone = true},
	[SIGNED] = {SKD_ABOUT_CREDENTIAL, "ob2-jws", "application/jose", SKD_SEAL_RS256, .gone = true},
	[BAKED_PNG] = {SKD_ABOUT_CREDENTIAL, "ob2-png", "image/png", .inside = "ob2", .gone = true, .image = SKD_IMAGE_PNG},
	[BAKED_SVG] = {SKD_ABOUT_CREDENTIAL, "ob2-svg", "image/svg+xml", .inside = "ob2", .gone = true, .image = SKD_IMAGE_SVG},
	[CLASS] = {SKD_ABOUT_ACHIEVEMENT, "ob2", "application/ld+json application/json"},
	[ISSUER] = {SKD_ABOUT_ISSUER, "ob2", "application/ld+json application/json", SKD_SEAL_RS256},
	[KEY] = {SKD_ABOUT_ISSUER, "ob2-key", "application/ld+json application/json", SKD_SEAL_RS256},
	[REVOKED] = {SKD_ABOUT_ISSUER, "ob2-revoked", "application/ld+json application/json", SKD_SEAL_RS256},
};

static enum skd_outcome draft(void *self, struct skd_call *call, const struct skd_form *form,
			      const struct skd_award *award, struct skd_json *json)
{
	const struct draft d = {self, award, json};
	if (form == &forms[CLASS])
		draft_class(&d);
	else if (form == &forms[ISSUER])
		draft_issuer(&d);
	else if (form == &forms[REVOKED])
		draft_revoked(&d);
	else if (form == &forms[KEY])
		return draft_key(&d, call);
	else if (award->gone)
		draft_gone(&d);
	else
		draft_assertion(&d, form == &forms[SIGNED]);
	return SKD_OK;
}

static enum skd_outcome wrap(void *self, struct skd_call *call, const struct skd_form *form, const struct skd_award *award,
			     struct skd_text inside, const struct skd_out *out)
{
	const struct bake bake = {self, call, award->image, inside, out};
	char place[PLACE];
	snprintf(place, sizeof place, "%s/badges/%s?format=ob2", award->origin, award->id);
	return form == &forms[BAKED_PNG] ? bake_png(&bake, "openbadges")
					 : bake_svg(&bake, "http://openbadges.org", "assertion", place);
}

static const struct skd_option options[] = {{0}};

__attribute__((visibility("default"))) const struct skd_plugin skillsd_plugin = {
	.abi = SKD_ABI, .kind = SKD_BADGE, .name = "badge_ob2", .options = options,
	.is.badge = {.forms = forms, .draft = draft, .wrap = wrap}};
