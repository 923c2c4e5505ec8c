/* SPDX-License-Identifier: Apache-2.0
 * Open Badges 3.0: a credential with a proof in it, or as the payload of a JWT. */
#include "verify/check.h"

#include "base/text.h"
#include "sign/canon.h"
#include "sign/proof.h"
#include "verify/schema.h"

#include <string.h>

static void claim_fault(struct text *faults, unsigned *count, const char *name, const char *what)
{
	if ((*count)++)
		text_adds(faults, "; ");
	text_addf(faults, "/%s: is not %s", name, what);
}

static bool same_text(const json_t *value, const char *text)
{
	return value ? text && json_is_string(value) && strcmp(json_string_value(value), text) == 0 : !text;
}

/* Seconds of the claim, and the date that it repeats. */
static bool same_time(const json_t *claim, const char *text)
{
	int64_t time;
	if (!claim || !text)
		return !claim && !text;
	double second = json_number_value(claim) * 1e6;
	return json_is_number(claim) && time_parse(text, &time) && second > (double)time - 1e6 && second < (double)time + 1e6;
}

/* OB 3.0, 8.2.4.1: the claims say what the credential says. */
static unsigned claims_check(struct checking *c, struct text *faults, unsigned count)
{
	const json_t *document = c->sealed.document;
	const char *typ = c->sealed.jws->header.typ;
	if (!same_text(json_object_get(document, "iss"), id_of(json_object_get(document, "issuer"))))
		claim_fault(faults, &count, "iss", "the issuer's id");
	if (!same_text(json_object_get(document, "jti"), canon_string(document, "id")))
		claim_fault(faults, &count, "jti", "the credential's id");
	if (!same_text(json_object_get(document, "sub"), id_of(json_object_get(document, "credentialSubject"))))
		claim_fault(faults, &count, "sub", "the credentialSubject's id");
	if (!same_time(json_object_get(document, "nbf"), canon_string(document, "validFrom")))
		claim_fault(faults, &count, "nbf", "validFrom");
	if (!same_time(json_object_get(document, "exp"), canon_string(document, "validUntil")))
		claim_fault(faults, &count, "exp", "validUntil");
	if (json_object_get(document, "vc"))
		claim_fault(faults, &count, "vc", "a claim of version 2 of the data model");
	if (typ && strcmp(typ, "JWT") != 0)
		claim_fault(faults, &count, "typ of the header", "JWT");
	return count;
}

static void shape_check(struct checking *c, const char *shape)
{
	struct text faults;
	text_begin(&faults, c->call, 256);
	unsigned count = schema_check(c->sealed.document, shape, &faults);
	if (c->sealed.jws)
		count = claims_check(c, &faults, count);
	if (count)
		check_say(c, CHECK_SCHEMA, VERIFY_FAILED, "%s", text_end(&faults));
	else
		check_say(c, CHECK_SCHEMA, VERIFY_PASSED, "it has all members that Open Badges 3.0 asks for, formed as they should be");
}

static void recipient_check(struct checking *c)
{
	const json_t *subject = json_object_get(c->sealed.document, "credentialSubject");
	bool mails = false;
	size_t i;
	json_t *item;
	json_array_foreach (json_object_get(subject, "identifier"), i, item) {
		const char *type = canon_string(item, "identityType"), *identity = canon_string(item, "identityHash");
		if (!type || !identity || strcmp(type, "emailAddress") != 0)
			continue;
		mails = true;
		if (identity_is(c, identity, json_is_true(json_object_get(item, "hashed")), canon_string(item, "salt"))) {
			check_say(c, CHECK_RECIPIENT, VERIFY_PASSED, "it was awarded to who has this mail address");
			return;
		}
	}
	check_say(c, CHECK_RECIPIENT, mails ? VERIFY_FAILED : VERIFY_UNKNOWN,
		  mails ? "it was awarded to another mail address" : "it does not say to which mail address it was awarded");
}

/* Of a set of proofs one is looked at, the first that is known; with a JWT none. Beginning with "; ", or empty. */
static const char *unchecked_proofs(struct checking *c)
{
	enum { MOST = 10 };
	const json_t *proofs = json_object_get(c->sealed.document, "proof"), *known = NULL, *proof;
	struct text names;
	text_begin(&names, c->call, 64);
	if (!c->sealed.jws && proof_find(c->call, c->sealed.document, PROOF_JCS, &known) != SKD_OK)
		call_forgive(c->call);
	for (size_t i = 0; (proof = json_is_array(proofs) ? json_array_get(proofs, i) : i ? NULL : proofs); i++) {
		const char *suite = canon_string(proof, "cryptosuite"), *type = canon_string(proof, "type");
		if (proof == known)
			continue;
		if (i > MOST)
			return talloc_asprintf(c->call, "%s and more", text_end(&names));
		text_addf(&names, "%s%s", names.size ? ", " : "; not checked: a proof of ",
			  text_shown(c->call, suite ? suite : type ? type : "no known type"));
	}
	return text_end(&names);
}

/* What any credential says, and whether it holds. */
static void credential_check(struct checking *c, const char *shape)
{
	const json_t *document = c->sealed.document, *issuer = json_object_get(document, "issuer");
	struct signatory signatory;
	c->answer->id = canon_string(document, "id");
	c->answer->name = canon_string(document, "name");
	c->answer->issuer = id_of(issuer);
	c->answer->issuer_name = canon_string(issuer, "name");
	shape_check(c, shape);
	enum skd_outcome outcome = sealed_verify(c->call, &c->ask->library, &c->sealed, c->ask->now, &signatory);
	if (outcome == SKD_OK)
		check_signatory(c, c->answer->issuer, c->answer->issuer_name, &signatory);
	check_tell(c, CHECK_SIGNATURE, outcome, "it is as it was signed with the key %s%s",
		   outcome == SKD_OK ? text_whole(c->call, signatory.method) : "", outcome == SKD_OK ? unchecked_proofs(c) : "");
	check_dates(c, check_time(document, "validFrom"), check_time(document, "validUntil"));
	status_check(c, c->answer->issuer);
}

void endorsement_check(struct checking *c)
{
	const json_t *subject = json_object_get(c->sealed.document, "credentialSubject");
	credential_check(c, "EndorsementCredential");
	c->answer->subject = canon_string(subject, "id");
	c->answer->comment = canon_string(subject, "endorsementComment");
	c->answer->valid_from = canon_string(c->sealed.document, "validFrom");
	c->answer->valid_until = canon_string(c->sealed.document, "validUntil");
}

void ob3_check(struct checking *c)
{
	const json_t *subject = json_object_get(c->sealed.document, "credentialSubject");
	credential_check(c, "AchievementCredential");
	c->answer->achievement = canon_string(json_object_get(subject, "achievement"), "name");
	endorsements_check(c);
	if (c->ask->recipient)
		recipient_check(c);
}
