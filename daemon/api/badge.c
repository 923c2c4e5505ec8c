/* SPDX-License-Identifier: Apache-2.0
 * What anyone may ask for: badges in their forms, and the documents by which they are checked. */
#include "api/nouns.h"

#include "api/accept.h"
#include "api/public.h"
#include "http/reply.h"
#include "rules/badge.h"
#include "rules/counts.h"
#include "rules/endorsement.h"
#include "rules/image.h"
#include "rules/issuer.h"
#include "rules/status.h"

#include <inttypes.h>
#include <string.h>

const char *public_parameter(const struct request *in, const char *name, size_t *size)
{
	size_t length = strlen(name);
	const char *at = strchr(exchange_target(in->exchange), '?');
	for (; at; at = strchr(at, '&')) {
		at++;
		if (strncmp(at, name, length) == 0 && at[length] == '=') {
			at += length + 1;
			*size = strcspn(at, "&");
			return at;
		}
	}
	return NULL;
}

/* The most that Accept says of any of a form's types. */
static int form_weight(struct skd_call *call, const char *accept, const struct skd_form *form)
{
	int best = 0;
	for (const char *at = form->types; *at; at += strspn(at, " ")) {
		size_t size = strcspn(at, " ");
		int weight = accept_weight(accept, talloc_strndup(call, at, size));
		best = weight > best ? weight : best;
		at += size;
	}
	return best;
}

static struct badge_kind kind_accepted(struct skd_call *call, const struct request *in, enum skd_about about)
{
	const char *accept = exchange_list(in->exchange, call, "Accept");
	struct badge_kind best = {0}, kind = {0};
	int most = 0;
	while ((kind = badge_kind_next(call->house, kind)).form) {
		int weight = kind.form->about == about ? form_weight(call, accept, kind.form) : 0;
		if (weight > most) {
			best = kind;
			most = weight;
		}
	}
	return best;
}

static bool is_page(const char *type)
{
	return strncmp(type, "text/html", 9) == 0;
}

/* A picture that is opened by itself is of no origin, so that whatever got into it runs nowhere, and shows no more than it has
 * in it. */
static const char *policy_of(const char *type)
{
	return is_page(type) ? reply_page_policy
	       : strncmp(type, "image/", 6) == 0 ? "default-src 'none'; img-src data:; frame-ancestors 'none'; sandbox" : NULL;
}

void public_answer(struct skd_call *call, struct reply *out, const char *type, const void *bytes, size_t size)
{
	out->policy = policy_of(type);
	out->etag = talloc_asprintf(call, "%016" PRIx64, text_hash(bytes, size));
	out->cache = call->actor ? "private, no-cache" : "no-cache";
	out->type = type;
	text_add(&out->body, bytes, size);
}

/* A page is in the language that the browser asks for; what programs read, in another one than its own only where the
 * address says so. */
static const char *language_of(struct skd_call *call, const struct request *in, const struct skd_form *form)
{
	size_t size;
	const char *said = public_parameter(in, "lang", &size);
	if (said)
		return talloc_strndup(call, said, size);
	return is_page(form->types) ? exchange_list(in->exchange, call, "Accept-Language") : NULL;
}

/* The house's, unless another is asked for; of what is not printed it is as it is. */
static enum skd_outcome paper_wanted(struct skd_call *call, const struct request *in, struct badge_kind *kind)
{
	size_t size = 0;
	const char *asked = public_parameter(in, "paper", &size);
	bool letter = size == 6 && strncmp(asked, "letter", 6) == 0;
	if (asked && !letter && (size != 2 || strncmp(asked, "a4", 2) != 0))
		return fail_field(call, "paper", "must be a4 or letter");
	if (kind->form->paper == SKD_PAPER_A4)
		*kind = badge_kind_paper(call->house, *kind, letter ? SKD_PAPER_LETTER : asked ? SKD_PAPER_A4 : call->house->paper);
	return SKD_OK;
}

static enum skd_outcome kind_wanted(struct skd_call *call, const struct request *in, enum skd_about about,
				    struct reply *out, struct badge_kind *kind)
{
	size_t size;
	const char *format = public_parameter(in, "format", &size);
	*kind = format ? badge_kind_named(call->house, about, format, size) : kind_accepted(call, in, about);
	if (kind->form) {
		kind->language = language_of(call, in, kind->form);
		return about == SKD_ABOUT_CREDENTIAL ? paper_wanted(call, in, kind) : SKD_OK;
	}
	if (format)
		return fail_field(call, "format", "there is no such form of it");
	out->status = 406;
	return fail(call, SKD_BAD_INPUT, "there is no form of it that would be accepted");
}

enum skd_outcome api_badge_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct badge_kind kind;
	struct badge badge;
	TRY(kind_wanted(call, in, SKD_ABOUT_CREDENTIAL, out, &kind));
	TRY(badge_get(call, in->ids[0], kind, &badge));
	if (!badge.gone) {
		public_answer(call, out, badge.type, badge.bytes, badge.size);
		if (!actor_is(call, badge.person_id))
			out->look = is_page(badge.type) ? COUNT_VIEW : COUNT_DOWNLOAD;
		return SKD_OK;
	}
	out->status = 410;
	out->type = badge.type;
	text_add(&out->body, (const char *)badge.bytes, badge.size);
	return SKD_OK;
}

/* NULL: the newest is meant. */
static enum skd_outcome version_wanted(struct skd_call *call, const struct request *in, const char **version)
{
	size_t size = 0;
	const char *asked = public_parameter(in, "version", &size);
	if (asked && (!size || size > 9 || strspn(asked, "0123456789") < size))
		return fail(call, SKD_ABSENT, "there is no such version");
	*version = asked ? talloc_strndup(call, asked, size) : NULL;
	return SKD_OK;
}

enum skd_outcome api_achievement_page(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct badge_kind kind;
	struct badge document;
	const char *version;
	TRY(version_wanted(call, in, &version));
	TRY(kind_wanted(call, in, SKD_ABOUT_ACHIEVEMENT, out, &kind));
	TRY(badge_achievement(call, in->ids[0], version, kind, &document));
	public_answer(call, out, document.type, document.bytes, document.size);
	return SKD_OK;
}

static const char *const image_types[] = {[SKD_IMAGE_PNG] = "image/png", [SKD_IMAGE_SVG] = "image/svg+xml"};

/* PNG where both would do. */
static enum skd_outcome image_wanted(struct skd_call *call, const struct request *in, struct reply *out, enum skd_image *kind)
{
	size_t size = 0;
	const char *format = public_parameter(in, "format", &size), *accept = exchange_list(in->exchange, call, "Accept");
	int png = accept_weight(accept, image_types[SKD_IMAGE_PNG]), svg = accept_weight(accept, image_types[SKD_IMAGE_SVG]);
	if (format && (size != 3 || (strncmp(format, "png", 3) != 0 && strncmp(format, "svg", 3) != 0)))
		return fail_field(call, "format", "must be png or svg");
	if (!format && !png && !svg) {
		out->status = 406;
		return fail(call, SKD_BAD_INPUT, "it is a PNG or an SVG, and neither would be accepted");
	}
	*kind = (format ? *format == 's' : svg > png) ? SKD_IMAGE_SVG : SKD_IMAGE_PNG;
	return SKD_OK;
}

enum skd_outcome api_achievement_image(struct skd_call *call, const struct request *in, struct reply *out)
{
	enum skd_image kind = SKD_IMAGE_PNG;
	struct picture picture;
	const char *version;
	TRY(version_wanted(call, in, &version));
	TRY(image_wanted(call, in, out, &kind));
	TRY(image_get(call, in->ids[0], version, kind, &picture));
	public_answer(call, out, image_types[kind], picture.bytes, picture.size);
	if (version && !call->actor)
		out->cache = "public, max-age=86400"; /* what is published of a version stays as it is */
	return SKD_OK;
}

enum skd_outcome api_issuer_image(struct skd_call *call, const struct request *in, struct reply *out)
{
	enum skd_image kind = SKD_IMAGE_PNG;
	struct picture picture;
	TRY(image_wanted(call, in, out, &kind));
	TRY(issuer_picture_get(call, in->ids[0], kind, &picture));
	public_answer(call, out, image_types[kind], picture.bytes, picture.size);
	return SKD_OK;
}

enum skd_outcome api_issuer_page(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct badge_kind kind;
	struct badge document;
	size_t size = 0;
	const char *key = public_parameter(in, "key", &size);
	TRY(kind_wanted(call, in, SKD_ABOUT_ISSUER, out, &kind));
	TRY(badge_issuer(call, in->ids[0], key ? talloc_strndup(call, key, size) : NULL, NULL, kind, &document));
	public_answer(call, out, document.type, document.bytes, document.size);
	return SKD_OK;
}

/* The answer is written in place, and then dressed. */
static void written_reply(struct skd_call *call, struct reply *out, const char *type)
{
	struct text written = out->body;
	text_begin(&out->body, call, written.size);
	public_answer(call, out, type, written.bytes, written.size);
}

enum skd_outcome api_did_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	TRY(issuer_did_document(call, in->ids[0], &out->json));
	written_reply(call, out, "application/did+json");
	return SKD_OK;
}

enum skd_outcome api_revocations_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	TRY(issuer_revocations(call, in->ids[0], &out->json));
	written_reply(call, out, "application/json");
	return SKD_OK;
}

enum skd_outcome api_jwks_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	(void)in;
	TRY(issuer_jwks(call, &out->json));
	written_reply(call, out, "application/jwk-set+json");
	return SKD_OK;
}

/* In the one form that it was signed in. */
enum skd_outcome api_endorsement_page(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct skd_text bytes;
	const char *type;
	TRY(endorsement_document(call, in->ids[0], &bytes, &type));
	public_answer(call, out, type, bytes.bytes, bytes.size);
	return SKD_OK;
}

enum skd_outcome api_status_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	const char *list;
	TRY(status_get(call, in->ids[0], &list));
	public_answer(call, out, "application/vc", list, strlen(list));
	return SKD_OK;
}
