/* SPDX-License-Identifier: Apache-2.0
 * oEmbed (https://oembed.com) of badges: a picture that leads to the page. Whoever asks is told of those
 * that they may see, a stranger of those that are public. */
#include "api/nouns.h"

#include "api/public.h"
#include "rules/badge.h"
#include "rules/image.h"

#include <stdlib.h>
#include <string.h>

enum { CACHE_SECONDS = 3600 };

/* The id of the badge that has the address. */
static enum skd_outcome badge_of(struct skd_call *call, const char *url, size_t size, char id[UUID_SIZE])
{
	const char *place = talloc_asprintf(call, "%s/badges/", call->house->public_url), *decoded = NULL;
	size_t before = strlen(place);
	if (percent_decode(call, url, size, true, &decoded) && strncmp(decoded, place, before) == 0 &&
	    strcspn(decoded + before, "?#") == UUID_SIZE - 1 &&
	    uuid_parse(talloc_strndup(call, decoded + before, UUID_SIZE - 1), id))
		return SKD_OK;
	return fail(call, SKD_ABSENT, "there is no badge at that address");
}

/* As wide and as high as it may be. */
static enum skd_outcome side_wanted(struct skd_call *call, const struct request *in, long *side)
{
	static const char *const names[] = {"maxwidth", "maxheight"};
	*side = DRAW_SIDE;
	for (int i = 0; i < 2; i++) {
		size_t size;
		const char *said = public_parameter(in, names[i], &size);
		long most = said && size && size < 10 && strspn(said, "0123456789") >= size ? strtol(said, NULL, 10) : 0;
		if (said && most < 1)
			return fail_field(call, names[i], "must be a number of pixels");
		*side = said && most < *side ? most : *side;
	}
	return SKD_OK;
}

static const char *html_of(struct skd_call *call, const struct skd_award *award, const char *page, const char *image, long side)
{
	struct text html;
	text_begin(&html, call, 512);
	text_adds(&html, "<a href=\"");
	text_add_html(&html, page);
	text_adds(&html, "\"><img src=\"");
	text_add_html(&html, image);
	text_addf(&html, "\" width=\"%ld\" height=\"%ld\" alt=\"", side, side);
	text_add_html(&html, award->name);
	text_adds(&html, "\"></a>");
	return text_end(&html);
}

static void embedded_write(struct skd_call *call, struct json *json, const struct skd_award *award, long side)
{
	const char *page = talloc_asprintf(call, "%s/badges/%s", award->origin, award->id);
	const char *image = talloc_asprintf(call, "%s&format=png", image_place(call, award->achievement_id, award->version));
	put_object(json, NULL);
	put_string(json, "version", "1.0");
	put_string(json, "type", "rich");
	put_string(json, "title", award->name);
	put_string(json, "author_name", award->issuer_name);
	put_string(json, "author_url", award->issuer_url);
	put_string(json, "provider_name", call->house->issuer_name);
	put_string(json, "provider_url", award->origin);
	put_int(json, "cache_age", CACHE_SECONDS);
	if (side == DRAW_SIDE) {
		put_string(json, "thumbnail_url", image);
		put_int(json, "thumbnail_width", side);
		put_int(json, "thumbnail_height", side);
	}
	put_string(json, "html", html_of(call, award, page, image, side));
	put_int(json, "width", side);
	put_int(json, "height", side);
	put_object_end(json);
}

enum skd_outcome api_oembed_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	char id[UUID_SIZE];
	struct store_badge facts;
	size_t size, form_size;
	long side;
	const char *url = public_parameter(in, "url", &size), *form = public_parameter(in, "format", &form_size);
	if (!url)
		return fail_field(call, "url", "is needed");
	if (form && (form_size != 4 || strncmp(form, "json", 4) != 0)) {
		out->status = 501;
		return fail(call, SKD_BAD_INPUT, "it comes as json only");
	}
	TRY(side_wanted(call, in, &side));
	TRY(badge_of(call, url, size, id));
	TRY(badge_facts(call, id, &facts));
	embedded_write(call, &out->json, &facts.award, side);
	struct text written = out->body;
	text_begin(&out->body, call, written.size);
	public_answer(call, out, "application/json", written.bytes, written.size);
	return SKD_OK;
}
