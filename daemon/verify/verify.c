/* SPDX-License-Identifier: Apache-2.0
 * What form a badge has, which version it is of, and what came of the checks. */
#include "verify/verify.h"

#include "base/text.h"
#include "sign/canon.h"
#include "verify/check.h"
#include "verify/image.h"

#include <string.h>

const char *verify_check_name(enum verify_check check)
{
	static const char *const names[] = {"format", "schema", "signature", "issuer", "dates", "status", "recipient"};
	return names[check];
}

const char *verify_result_name(enum verify_result result)
{
	static const char *const names[] = {"passed", "failed", "unknown"};
	return names[result];
}

static const char *verdict_name(enum verify_verdict verdict)
{
	static const char *const names[] = {"not_verified", "verified", "unknown"};
	return names[verdict];
}

enum picture { NONE, PNG, SVG };

static enum skd_outcome picture_open(struct skd_call *call, struct skd_text *badge, enum picture *picture, bool *ob3)
{
	*picture = NONE;
	if (badge->size > VERIFY_INPUT)
		return fail(call, SKD_BAD_INPUT, "it has more than %d bytes", VERIFY_INPUT);
	*picture = png_is(*badge) ? PNG : svg_is(*badge) ? SVG : NONE;
	if (*picture == PNG)
		return png_unbake(call, *badge, badge, ob3);
	return *picture == SVG ? svg_unbake(call, *badge, badge, ob3) : SKD_OK;
}

/* Whether it is of 3.0, as its own types say, and as the picture says that it is in. */
static enum skd_outcome version_read(struct skd_call *call, const json_t *document, enum picture picture, bool baked, bool *ob3)
{
	*ob3 = has_type(document, "VerifiableCredential");
	if (!*ob3 && !has_type(document, "Assertion"))
		return fail(call, SKD_BAD_INPUT, "it is no badge: its type is neither VerifiableCredential nor Assertion");
	if (picture != NONE && baked != *ob3)
		return fail(call, SKD_BAD_INPUT, "the picture says it has a badge of Open Badges %s, but has one of %s",
			    baked ? "3.0" : "2.0", *ob3 ? "3.0" : "2.0");
	return SKD_OK;
}

/* What somebody may take for a badge. */
static enum skd_outcome mistaken(struct skd_call *call, struct skd_text bytes)
{
	if (!bytes.size)
		return fail(call, SKD_BAD_INPUT, "it is empty");
	return fail(call, SKD_BAD_INPUT, "it is %s: a badge is a JSON object, a JWT, or a PNG or SVG with one baked in",
		    bytes.size >= 5 && memcmp(bytes.bytes, "%PDF-", 5) == 0 ? "a PDF, to print and to read" : "no badge");
}

static enum skd_outcome form_read(struct checking *c, bool *ob3, enum picture *picture)
{
	struct skd_text badge = c->ask->badge;
	bool baked = false;
	TRY(picture_open(c->call, &badge, picture, &baked));
	if (*picture == NONE && !sealed_like(badge))
		return mistaken(c->call, badge);
	TRY(sealed_read(c->call, "the badge", badge, &c->sealed));
	return version_read(c->call, c->sealed.document, *picture, baked, ob3);
}

static bool is_endorsement(const json_t *document)
{
	return has_type(document, "EndorsementCredential") && !has_type(document, "OpenBadgeCredential") &&
	       !has_type(document, "AchievementCredential");
}

static const char *form_name(const struct checking *c, bool ob3)
{
	const char *subject = canon_string(json_object_get(c->sealed.document, "credentialSubject"), "id");
	if (ob3 && is_endorsement(c->sealed.document))
		return talloc_asprintf(c->call, "an Open Badges 3.0 endorsement of %s, as %s",
				       subject ? text_whole(c->call, subject) : "nothing", c->sealed.jws ? "a JWT" : "JSON");
	if (ob3)
		return c->sealed.jws ? "an Open Badges 3.0 credential as a JWT" : "an Open Badges 3.0 credential as JSON";
	return c->sealed.jws ? "a signed Open Badges 2.0 assertion" : "a hosted Open Badges 2.0 assertion";
}

static void answer_end(struct verify_answer *answer)
{
	static const bool counts[VERIFY_CHECKS] = {[CHECK_SIGNATURE] = true, [CHECK_STATUS] = true, [CHECK_RECIPIENT] = true};
	bool failed = false, unknown = false;
	for (int i = 0; i < VERIFY_CHECKS; i++) {
		failed |= answer->checks[i].made && answer->checks[i].result == VERIFY_FAILED;
		unknown |= answer->checks[i].made && counts[i] && answer->checks[i].result == VERIFY_UNKNOWN;
	}
	for (size_t i = 0; i < answer->endorsement_count; i++)
		failed |= answer->endorsements[i].result == VERIFY_FAILED;
	unknown |= !answer->checks[CHECK_SIGNATURE].made;
	answer->verdict = failed ? VERDICT_NOT_VERIFIED : unknown ? VERDICT_UNKNOWN : VERDICT_VERIFIED;
}

void verify_endorsement(struct skd_call *call, const struct verify_ask *ask, struct verify_answer *answer)
{
	struct checking c = {.call = call, .ask = ask, .answer = answer};
	*answer = (struct verify_answer){0};
	enum skd_outcome outcome = sealed_read(call, "the endorsement", ask->badge, &c.sealed);
	if (outcome == SKD_OK && !has_type(c.sealed.document, "EndorsementCredential"))
		outcome = fail(call, SKD_BAD_INPUT, "it is no EndorsementCredential");
	answer->jws = c.sealed.jws;
	check_tell(&c, CHECK_FORMAT, outcome, "an Open Badges 3.0 endorsement as %s", answer->jws ? "a JWT" : "JSON");
	if (outcome == SKD_OK)
		endorsement_check(&c);
	answer_end(answer);
}

/* Nobody was awarded an endorsement. */
static void alone_check(struct checking *c)
{
	endorsement_check(c);
	if (c->ask->recipient)
		check_say(c, CHECK_RECIPIENT, VERIFY_UNKNOWN, "it is an endorsement, which is awarded to nobody");
}

void verify_badge(struct skd_call *call, const struct verify_ask *ask, struct verify_answer *answer)
{
	static const char *const pictures[] = {"", ", baked into a PNG", ", baked into an SVG"};
	struct checking c = {.call = call, .ask = ask, .answer = answer};
	enum picture picture;
	bool ob3 = false;
	*answer = (struct verify_answer){0};
	enum skd_outcome outcome = form_read(&c, &ob3, &picture);
	check_tell(&c, CHECK_FORMAT, outcome, "%s%s",
		   outcome == SKD_OK ? form_name(&c, ob3) : "", pictures[picture]);
	if (outcome == SKD_OK && ob3 && is_endorsement(c.sealed.document))
		alone_check(&c);
	else if (outcome == SKD_OK && ob3)
		ob3_check(&c);
	else if (outcome == SKD_OK)
		ob2_check(&c);
	answer_end(answer);
}

static void line_put(struct json *json, const char *check, const struct verify_line *line)
{
	if (!line->made)
		return;
	put_object(json, NULL);
	put_string(json, "check", check);
	put_string(json, "outcome", verify_result_name(line->result));
	put_string(json, "detail", line->detail);
	put_object_end(json);
}

void verify_put(struct json *json, const struct verify_answer *answer)
{
	put_bool(json, "verified", answer->verdict == VERDICT_VERIFIED);
	put_string(json, "verdict", verdict_name(answer->verdict));
	put_array(json, "checks");
	for (int i = 0; i < VERIFY_CHECKS; i++)
		line_put(json, verify_check_name((enum verify_check)i), &answer->checks[i]);
	for (size_t i = 0; i < answer->endorsement_count; i++)
		line_put(json, "endorsement", &answer->endorsements[i]);
	put_array_end(json);
	put_string(json, "id", answer->id);
	put_string(json, "name", answer->name);
	put_string(json, "issuer", answer->issuer);
	put_string(json, "issuer_name", answer->issuer_name);
	put_string(json, "achievement", answer->achievement);
	put_string(json, "subject", answer->subject);
	put_string(json, "comment", answer->comment);
}

/* ---- did:web ---- */

/* One part of a did:web: letters, digits, and the port's %3A where it may be. */
static bool part_put(struct text *to, const char *part, size_t size, bool host)
{
	for (size_t i = 0; i < size; i++) {
		const char at = part[i];
		if (host && at == '%' && i + 2 < size && part[i + 1] == '3' && (part[i + 2] | 0x20) == 'a') {
			text_adds(to, ":");
			i += 2;
		} else if ((at >= 'a' && at <= 'z') || (at >= 'A' && at <= 'Z') || (at >= '0' && at <= '9') || at == '-' ||
			   at == '.' || (!host && at == '_'))
			text_add(to, &at, 1);
		else
			return false;
	}
	return size && strncmp(part, "..", size) != 0;
}

const char *verify_did_place(struct skd_call *call, const char *did)
{
	struct text place;
	const char *at = did + strlen("did:web:");
	if (strncmp(did, "did:web:", strlen("did:web:")) != 0)
		return NULL;
	text_begin(&place, call, 128);
	text_adds(&place, "https://");
	for (bool host = true; host || at[-1] == ':'; host = false) {
		size_t size = strcspn(at, ":");
		if (!host)
			text_adds(&place, "/");
		if (!part_put(&place, at, size, host))
			return NULL;
		at += size + 1;
	}
	text_adds(&place, strchr(did + strlen("did:web:"), ':') ? "/did.json" : "/.well-known/did.json");
	return text_end(&place);
}
