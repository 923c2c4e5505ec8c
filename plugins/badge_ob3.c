/* SPDX-License-Identifier: Apache-2.0
 * Open Badges 3.0 (1EdTech, May 2024): an OpenBadgeCredential of the Verifiable Credentials Data Model 2.0. Members stand
 * in the order of RFC 8785. Knows no key and no signature. */
#include "bake.h"

#include <stdio.h>
#include <string.h>

enum { PLACE = 512 };

struct draft {
	const struct skd_host *host;
	const struct skd_award *award;
	struct skd_json *json;
};

static void draft_object(const struct draft *d, const char *key)
{
	d->host->put_object(d->json, key);
}

static void draft_object_end(const struct draft *d)
{
	d->host->put_object_end(d->json);
}

static void draft_string(const struct draft *d, const char *key, const char *value)
{
	if (value)
		d->host->put_string(d->json, key, value);
}

/* "type": with one word in an array. */
static void draft_type(const struct draft *d, const char *type)
{
	d->host->put_array(d->json, "type");
	draft_string(d, NULL, type);
	d->host->put_array_end(d->json);
}

static char *copy_some(char *to, const char *end, const char *from)
{
	size_t size = strnlen(from, (size_t)(end - to) - 1);
	return mempcpy(to, from, size);
}

/* An address of ours: its parts one after another behind the origin. */
static void draft_place(const struct draft *d, const char *key, const char *a, const char *b, const char *c)
{
	char place[PLACE], *end = place + sizeof place;
	*copy_some(copy_some(copy_some(copy_some(place, end, d->award->origin), end, a), end, b), end, c) = '\0';
	draft_string(d, key, place);
}

static void draft_context(const struct draft *d)
{
	d->host->put_array(d->json, "@context");
	draft_string(d, NULL, "https://www.w3.org/ns/credentials/v2");
	draft_string(d, NULL, "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json");
	draft_string(d, NULL, "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json");
	d->host->put_array_end(d->json);
}

/* `what` is achievement or endorsement. */
static void draft_schema(const struct draft *d, const char *what)
{
	char place[PLACE];
	d->host->put_array(d->json, "credentialSchema");
	draft_object(d, NULL);
	snprintf(place, sizeof place, "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_%scredential_schema.json", what);
	draft_string(d, "id", place);
	draft_string(d, "type", "1EdTechJsonSchemaValidator2019");
	draft_object_end(d);
	d->host->put_array_end(d->json);
}

/* Bitstring Status List 1.0. */
static void draft_status(const struct draft *d)
{
	const struct skd_award *a = d->award;
	char fragment[32];
	if (!a->status_list)
		return;
	snprintf(fragment, sizeof fragment, "#%s", a->status_index);
	draft_object(d, "credentialStatus");
	draft_place(d, "id", "/status/", a->status_list, fragment);
	draft_place(d, "statusListCredential", "/status/", a->status_list, "");
	draft_string(d, "statusListIndex", a->status_index);
	draft_string(d, "statusPurpose", "revocation");
	draft_string(d, "type", "BitstringStatusListEntry");
	draft_object_end(d);
}

static void draft_image(const struct draft *d, const char *address)
{
	if (!address)
		return;
	draft_object(d, "image");
	draft_string(d, "id", address);
	draft_string(d, "type", "Image");
	draft_object_end(d);
}

static void draft_alignments(const struct draft *d, const struct skd_alignment *list, size_t count)
{
	if (!count)
		return;
	d->host->put_array(d->json, "alignment");
	for (size_t i = 0; i < count; i++) {
		const struct skd_alignment *at = &list[i];
		draft_object(d, NULL);
		draft_string(d, "targetCode", at->code);
		draft_string(d, "targetFramework", at->framework);
		draft_string(d, "targetName", at->name);
		draft_string(d, "targetType", at->type);
		draft_string(d, "targetUrl", at->url);
		draft_type(d, "Alignment");
		draft_object_end(d);
	}
	d->host->put_array_end(d->json);
}

/* As they were signed, in two arrays. */
static void draft_endorsements(const struct draft *d)
{
	static const char *const keys[] = {"endorsement", "endorsementJwt"};
	const struct skd_award *a = d->award;
	for (int jws = 0; jws < 2; jws++) {
		bool begun = false;
		for (size_t i = 0; i < a->endorsement_count; i++) {
			const struct skd_endorsement *at = &a->endorsements[i];
			if (!at->jws != !jws)
				continue;
			if (!begun)
				d->host->put_array(d->json, keys[jws]);
			begun = true;
			if (jws)
				draft_string(d, NULL, at->jws);
			else
				d->host->put_json(d->json, NULL, at->json);
		}
		if (begun)
			d->host->put_array_end(d->json);
	}
}

static void draft_strings(const struct draft *d, const char *key, const char *const *list, size_t count)
{
	if (!count)
		return;
	d->host->put_array(d->json, key);
	for (size_t i = 0; i < count; i++)
		draft_string(d, NULL, list[i]);
	d->host->put_array_end(d->json);
}

static void draft_urn(const struct draft *d, const char *key, const char *id)
{
	char urn[64];
	if (!id)
		return;
	snprintf(urn, sizeof urn, "urn:uuid:%s", id);
	draft_string(d, key, urn);
}

static void draft_related(const struct draft *d)
{
	if (!d->award->related_count)
		return;
	d->host->put_array(d->json, "related");
	for (size_t i = 0; i < d->award->related_count; i++) {
		draft_object(d, NULL);
		draft_place(d, "id", "/achievements/", d->award->related[i], "");
		draft_type(d, "Related");
		draft_object_end(d);
	}
	d->host->put_array_end(d->json);
}

static void draft_levels(const struct draft *d, const struct skd_rubric_level *list, size_t count)
{
	if (!count)
		return;
	d->host->put_array(d->json, "rubricCriterionLevel");
	for (size_t i = 0; i < count; i++) {
		const struct skd_rubric_level *at = &list[i];
		draft_object(d, NULL);
		draft_alignments(d, at->alignments, at->alignment_count);
		draft_string(d, "description", at->description);
		draft_urn(d, "id", at->id);
		draft_string(d, "level", at->level);
		draft_string(d, "name", at->name);
		draft_string(d, "points", at->points);
		draft_type(d, "RubricCriterionLevel");
		draft_object_end(d);
	}
	d->host->put_array_end(d->json);
}

static void draft_descriptions(const struct draft *d)
{
	if (!d->award->description_count)
		return;
	d->host->put_array(d->json, "resultDescription");
	for (size_t i = 0; i < d->award->description_count; i++) {
		const struct skd_result_description *at = &d->award->descriptions[i];
		draft_object(d, NULL);
		draft_alignments(d, at->alignments, at->alignment_count);
		draft_strings(d, "allowedValue", at->values, at->value_count);
		draft_urn(d, "id", at->id);
		draft_string(d, "name", at->name);
		draft_urn(d, "requiredLevel", at->required_level);
		draft_string(d, "requiredValue", at->required_value);
		draft_string(d, "resultType", at->type);
		draft_levels(d, at->levels, at->level_count);
		draft_type(d, "ResultDescription");
		draft_string(d, "valueMax", at->value_max);
		draft_string(d, "valueMin", at->value_min);
		draft_object_end(d);
	}
	d->host->put_array_end(d->json);
}

static void draft_results(const struct draft *d)
{
	if (!d->award->result_count)
		return;
	d->host->put_array(d->json, "result");
	for (size_t i = 0; i < d->award->result_count; i++) {
		const struct skd_result *at = &d->award->results[i];
		draft_object(d, NULL);
		draft_urn(d, "achievedLevel", at->achieved_level);
		draft_urn(d, "resultDescription", at->description);
		draft_string(d, "status", at->status);
		draft_type(d, "Result");
		draft_string(d, "value", at->value);
		draft_object_end(d);
	}
	d->host->put_array_end(d->json);
}

static void draft_issuer(const struct draft *d, const char *key)
{
	draft_object(d, key);
	if (!key)
		draft_context(d);
	draft_string(d, "description", d->award->issuer_description);
	draft_string(d, "email", d->award->issuer_mail);
	if (!key)
		draft_endorsements(d);
	draft_string(d, "id", d->award->issuer_did);
	draft_image(d, d->award->issuer_image_url);
	draft_string(d, "name", d->award->issuer_name);
	draft_type(d, "Profile");
	draft_string(d, "url", d->award->issuer_url);
	draft_object_end(d);
}

/* `key` NULL: it stands for itself. */
static void draft_achievement(const struct draft *d, const char *key)
{
	const struct skd_award *a = d->award;
	char version[40];
	draft_object(d, key);
	if (!key)
		draft_context(d);
	draft_string(d, "achievementType", a->type);
	draft_alignments(d, a->alignments, a->alignment_count);
	if (!key)
		draft_issuer(d, "creator");
	if (a->credits.bytes)
		d->host->put_json(d->json, "creditsAvailable", a->credits);
	draft_object(d, "criteria");
	if (a->criteria && *a->criteria)
		draft_string(d, "narrative", a->criteria);
	else
		draft_place(d, "id", "/achievements/", a->achievement_id, "");
	draft_object_end(d);
	draft_string(d, "description", a->description ? a->description : a->name);
	if (!key)
		draft_endorsements(d);
	draft_string(d, "fieldOfStudy", a->field_of_study);
	draft_string(d, "humanCode", a->human_code);
	snprintf(version, sizeof version, "?version=%lld", (long long)a->version);
	draft_place(d, "id", "/achievements/", a->achievement_id, version);
	draft_image(d, a->image_url);
	draft_string(d, "inLanguage", a->language);
	draft_string(d, "name", a->name);
	draft_related(d);
	draft_descriptions(d);
	draft_string(d, "specialization", a->specialization);
	draft_strings(d, "tag", a->tags, a->tag_count);
	draft_type(d, "Achievement");
	draft_string(d, "version", version + strlen("?version="));
	draft_object_end(d);
}

static void draft_identity(const struct draft *d)
{
	if (!d->award->identity)
		return;
	d->host->put_array(d->json, "identifier");
	draft_object(d, NULL);
	d->host->put_flag(d->json, "hashed", true);
	draft_string(d, "identityHash", d->award->identity);
	draft_string(d, "identityType", "emailAddress");
	draft_string(d, "salt", d->award->salt);
	draft_string(d, "type", "IdentityObject");
	draft_object_end(d);
	d->host->put_array_end(d->json);
}

static void draft_subject(const struct draft *d)
{
	draft_object(d, "credentialSubject");
	draft_achievement(d, "achievement");
	draft_string(d, "id", d->award->subject);
	draft_identity(d);
	draft_results(d);
	draft_type(d, "AchievementSubject");
	draft_object_end(d);
}

static void draft_evidence(const struct draft *d)
{
	if (!d->award->evidence_count)
		return;
	d->host->put_array(d->json, "evidence");
	for (size_t i = 0; i < d->award->evidence_count; i++) {
		const struct skd_evidence *at = &d->award->evidence[i];
		draft_object(d, NULL);
		draft_string(d, "id", at->url);
		draft_string(d, "name", at->name);
		draft_string(d, "narrative", at->narrative);
		draft_type(d, "Evidence");
		draft_object_end(d);
	}
	d->host->put_array_end(d->json);
}

static int64_t seconds_of(int64_t time)
{
	return time / 1000000 - (time % 1000000 < 0);
}

/* As a JWT the credential says some things once more, as claims (OB 3.0, 8.2.4.1). */
static void draft_credential(const struct draft *at, bool claims)
{
	const struct draft d = *at;
	const struct skd_award *award = d.award;
	struct skd_json *json = d.json;
	draft_object(&d, NULL);
	draft_context(&d);
	d.host->put_time(json, "awardedDate", award->awarded);
	draft_schema(&d, "achievement");
	draft_status(&d);
	draft_subject(&d);
	draft_evidence(&d);
	if (claims && award->valid_until != SKD_NEVER)
		d.host->put_number(json, "exp", seconds_of(award->valid_until));
	if (claims)
		d.host->put_number(json, "iat", seconds_of(award->sealed));
	draft_place(&d, "id", "/badges/", award->id, "");
	if (claims)
		draft_string(&d, "iss", award->issuer_did);
	draft_issuer(&d, "issuer");
	if (claims)
		draft_place(&d, "jti", "/badges/", award->id, "");
	draft_string(&d, "name", award->name);
	if (claims)
		d.host->put_number(json, "nbf", seconds_of(award->valid_from));
	if (claims)
		draft_string(&d, "sub", award->subject);
	d.host->put_array(json, "type");
	draft_string(&d, NULL, "VerifiableCredential");
	draft_string(&d, NULL, "OpenBadgeCredential");
	d.host->put_array_end(json);
	d.host->put_time(json, "validFrom", award->valid_from);
	d.host->put_time(json, "validUntil", award->valid_until);
	draft_object_end(&d);
}

static void draft_endorsement(const struct draft *d)
{
	const struct skd_award *a = d->award;
	draft_object(d, NULL);
	draft_context(d);
	d->host->put_time(d->json, "awardedDate", a->awarded);
	draft_schema(d, "endorsement");
	draft_status(d);
	draft_object(d, "credentialSubject");
	draft_string(d, "endorsementComment", a->comment);
	draft_string(d, "id", a->subject);
	draft_type(d, "EndorsementSubject");
	draft_object_end(d);
	draft_place(d, "id", "/endorsements/", a->id, "");
	draft_issuer(d, "issuer");
	draft_string(d, "name", a->name);
	d->host->put_array(d->json, "type");
	draft_string(d, NULL, "VerifiableCredential");
	draft_string(d, NULL, "EndorsementCredential");
	d->host->put_array_end(d->json);
	d->host->put_time(d->json, "validFrom", a->valid_from);
	d->host->put_time(d->json, "validUntil", a->valid_until);
	draft_object_end(d);
}

/* Comprehensive Learner Record Standard 2.0, ClrCredential. */
static void draft_record(const struct draft *d)
{
	const struct skd_award *a = d->award;
	draft_object(d, NULL);
	d->host->put_array(d->json, "@context");
	draft_string(d, NULL, "https://www.w3.org/ns/credentials/v2");
	draft_string(d, NULL, "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json");
	draft_string(d, NULL, "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json");
	d->host->put_array_end(d->json);
	draft_object(d, "credentialSubject");
	draft_string(d, "id", a->subject);
	draft_identity(d);
	draft_type(d, "ClrSubject");
	d->host->put_array(d->json, "verifiableCredential");
	for (size_t i = 0; i < a->record_count; i++)
		d->host->put_json(d->json, NULL, a->records[i]);
	d->host->put_array_end(d->json);
	draft_object_end(d);
	draft_urn(d, "id", a->id);
	draft_issuer(d, "issuer");
	draft_string(d, "name", a->name);
	d->host->put_array(d->json, "type");
	draft_string(d, NULL, "VerifiableCredential");
	draft_string(d, NULL, "ClrCredential");
	d->host->put_array_end(d->json);
	d->host->put_time(d->json, "validFrom", a->valid_from);
	draft_object_end(d);
}

static enum skd_outcome draft(void *self, struct skd_call *call, const struct skd_form *form,
			      const struct skd_award *award, struct skd_json *json)
{
	const struct draft d = {self, award, json};
	(void)call;
	if (form->about == SKD_ABOUT_ISSUER)
		draft_issuer(&d, NULL);
	else if (form->about == SKD_ABOUT_ACHIEVEMENT)
		draft_achievement(&d, NULL);
	else if (form->about == SKD_ABOUT_ENDORSEMENT)
		draft_endorsement(&d);
	else if (form->about == SKD_ABOUT_RECORD)
		draft_record(&d);
	else
		draft_credential(&d, form->seal == SKD_SEAL_JWS);
	return SKD_OK;
}

static enum skd_outcome wrap(void *self, struct skd_call *call, const struct skd_form *form, const struct skd_award *award,
			     struct skd_text inside, const struct skd_out *out)
{
	const struct bake bake = {self, call, award->image, inside, out};
	return form->image == SKD_IMAGE_PNG ? bake_png(&bake, "openbadgecredential")
					    : bake_svg(&bake, "https://purl.imsglobal.org/ob/v3p0", "credential", NULL);
}

static const struct skd_option options[] = {{0}};
static const struct skd_form forms[] = {
	{SKD_ABOUT_CREDENTIAL, "ob3", "application/vc application/vc+ld+json application/ld+json application/json", SKD_SEAL_PROOF},
	{SKD_ABOUT_CREDENTIAL, "jwt", "application/vc+jwt", SKD_SEAL_JWS},
	{SKD_ABOUT_CREDENTIAL, "png", "image/png", .inside = "ob3", .image = SKD_IMAGE_PNG},
	{SKD_ABOUT_CREDENTIAL, "svg", "image/svg+xml", .inside = "ob3", .image = SKD_IMAGE_SVG},
	{SKD_ABOUT_ACHIEVEMENT, "ob3", "application/ld+json application/json", SKD_SEAL_NONE},
	{SKD_ABOUT_ISSUER, "ob3", "application/ld+json application/json", SKD_SEAL_NONE},
	{SKD_ABOUT_ENDORSEMENT, "ob3", "application/vc application/vc+ld+json application/ld+json application/json", SKD_SEAL_PROOF},
	{SKD_ABOUT_RECORD, "clr", "application/vc application/vc+ld+json", SKD_SEAL_PROOF},
	{0}};

__attribute__((visibility("default"))) const struct skd_plugin skillsd_plugin = {
	.abi = SKD_ABI, .kind = SKD_BADGE, .name = "badge_ob3", .options = options,
	.is.badge = {.forms = forms, .draft = draft, .wrap = wrap}};
