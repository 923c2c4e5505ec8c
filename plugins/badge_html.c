/* SPDX-License-Identifier: Apache-2.0
 * A badge as a page that a person can read. No script, nothing from elsewhere; it says how things stand now, so that no
 * page is kept. Knows no other form but by its name. */
#include "markdown.h"

#include <skillsd/plugin.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

struct page {
	const struct skd_award *award;
	const struct skd_out *out;
	enum skd_outcome outcome; /* the first that was not SKD_OK: nothing is written after it */
};

static void put_bytes(struct page *page, const char *bytes, size_t size)
{
	if (page->outcome == SKD_OK && size)
		page->outcome = page->out->write(page->out, bytes, size);
}

static void put(struct page *page, const char *html)
{
	put_bytes(page, html, strlen(html));
}

static const char *escape_of(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return (unsigned char)c < ' ' && c != '\t' && c != '\n' && c != '\r' ? "\xEF\xBF\xBD" : NULL;
	}
}

/* Good for attributes in quotes too. */
static void put_text_n(struct page *page, const char *text, size_t size)
{
	size_t begin = 0;
	for (size_t at = 0; at < size; at++) {
		const char *escape = escape_of(text[at]);
		if (!escape)
			continue;
		put_bytes(page, text + begin, at - begin);
		put(page, escape);
		begin = at + 1;
	}
	put_bytes(page, text + begin, size - begin);
}

static void put_text(struct page *page, const char *text)
{
	put_text_n(page, text ? text : "", text ? strlen(text) : 0);
}

/* `html` with the text in the place of its one %. */
static void put_with(struct page *page, const char *html, const char *text)
{
	size_t before = strcspn(html, "%");
	put_bytes(page, html, before);
	put_text(page, text);
	put(page, html + before + 1);
}

static void put_date(struct page *page, const char *html, int64_t when)
{
	time_t seconds = (time_t)(when / 1000000 - (when % 1000000 < 0));
	struct tm day;
	char text[40];
	if (when != SKD_NEVER && gmtime_r(&seconds, &day) && strftime(text, sizeof text, "%F", &day))
		put_with(page, html, text);
}

/* Only where a browser may well follow it. */
static void put_link(struct page *page, const char *url, const char *text)
{
	bool web = url && (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0);
	if (web)
		put_with(page, "<a rel=\"nofollow noopener noreferrer\" href=\"%\">", url);
	put_text(page, text && *text ? text : url);
	if (web)
		put(page, "</a>");
}

/* ---- the head ---- */

static void put_meta(struct page *page, const char *property, const char *content)
{
	if (!content || !*content)
		return;
	put_with(page, "<meta property=\"%\"", property);
	put_with(page, " content=\"%\">\n", content);
}

static void put_alternates(struct page *page)
{
	static const char *const forms[][2] = {{"ob3", "application/vc"}, {"jwt", "application/vc+jwt"}, {"ob2", "application/ld+json"}};
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		put_with(page, "<link rel=\"alternate\" type=\"%\"", forms[i][1]);
		put_with(page, " href=\"%/badges/", page->award->origin);
		put_with(page, "%?format=", page->award->id);
		put_with(page, "%\">\n", forms[i][0]);
	}
}

/* As a value in a query (RFC 3986). */
static void put_encoded(struct page *page, const char *text)
{
	for (; *text; text++) {
		char escape[4];
		snprintf(escape, sizeof escape, *text == ':' || *text == '/' ? "%%%02X" : "%c", (unsigned char)*text);
		put_text(page, escape);
	}
}

/* How others find what to show in the place of a link (https://oembed.com). */
static void put_oembed(struct page *page, const char *place)
{
	put_with(page, "<link rel=\"alternate\" type=\"application/json+oembed\" href=\"%/oembed?format=json&amp;url=",
		 page->award->origin);
	put_encoded(page, place);
	put_with(page, "\" title=\"%\">\n", page->award->name);
}

static void put_head(struct page *page)
{
	const struct skd_award *a = page->award;
	char place[512];
	put_with(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		       "<meta name=\"viewport\" content=\"width=device-width\">\n<title>%", a->name);
	put_with(page, " · %</title>\n", a->issuer_name);
	put_meta(page, "og:type", "website");
	put_meta(page, "og:title", a->name);
	put_meta(page, "og:site_name", a->issuer_name);
	put_meta(page, "og:description", a->description);
	snprintf(place, sizeof place, "%s/badges/%s", a->origin, a->id);
	put_meta(page, "og:url", place);
	snprintf(place, sizeof place, "%s/achievements/%s/image?version=%lld&format=png", a->origin, a->achievement_id,
		 (long long)a->version);
	put_meta(page, "og:image", place);
	put_alternates(page);
	snprintf(place, sizeof place, "%s/badges/%s", a->origin, a->id);
	put_oembed(page, place);
	put(page, "<style>body{font:1rem/1.5 sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem;color:#222}"
		  ".picture{width:10rem;height:10rem;float:right}.logo{max-height:3rem;display:block}dt{font-weight:bold}dd{margin:0 0 .5rem}.text{white-space:pre-line}"
		  ".state{padding:.3rem .8rem;border-radius:.3rem;display:inline-block;background:#f4d9d9}"
		  ".active{background:#d5ecd9}</style>\n</head>\n");
}

/* ---- the body ---- */

/* By its address, never within the page, whose words and looks it could change. */
static void put_picture(struct page *page)
{
	const struct skd_award *a = page->award;
	char version[32];
	snprintf(version, sizeof version, "%lld", (long long)a->version);
	put_with(page, "<img class=\"picture\" alt=\"\" src=\"/achievements/%", a->achievement_id);
	put_with(page, "/image?version=%\">\n", version);
}

/* Pictures from elsewhere would tell others who looks. */
static void put_issuer(struct page *page)
{
	const struct skd_award *a = page->award;
	size_t origin = strlen(a->origin);
	put(page, "<dt>Awarded by</dt><dd dir=\"auto\">");
	if (a->issuer_image_url && strncmp(a->issuer_image_url, a->origin, origin) == 0 && a->issuer_image_url[origin] == '/')
		put_with(page, "<img class=\"logo\" alt=\"\" src=\"%\">", a->issuer_image_url + origin);
	put_link(page, a->issuer_url, a->issuer_name);
	if (a->issuer_description && *a->issuer_description)
		put_with(page, "<br><span class=\"text\">%</span>", a->issuer_description);
	put(page, "</dd>\n");
}

static void put_state(struct page *page)
{
	const struct skd_award *a = page->award;
	bool active = strcmp(a->state, "active") == 0;
	if (a->key_revoked)
		put(page, "<p class=\"state unreliable\">Not to be relied on: its issuer has revoked the key that it was signed with</p>\n");
	if (a->key_revoked && active)
		return;
	put_with(page, "<p class=\"state %\">", a->state);
	if (active)
		put(page, "Valid");
	else if (strcmp(a->state, "expired") == 0)
		put_date(page, "Expired on %", a->valid_until);
	else if (strcmp(a->state, "scheduled") == 0)
		put_date(page, "Not valid before %", a->valid_from);
	else
		put(page, strcmp(a->state, "revoked") == 0 ? "Revoked" : strcmp(a->state, "suspended") == 0 ? "Suspended"
													   : "Superseded");
	if (a->reason && *a->reason)
		put_with(page, ", because: <span dir=\"auto\">%</span>", a->reason);
	if (a->superseded_by)
		put_with(page, ". <a href=\"/badges/%\">The one that took its place</a>", a->superseded_by);
	put(page, "</p>\n");
}

static void put_facts(struct page *page)
{
	const struct skd_award *a = page->award;
	put(page, "<dl>\n");
	if (a->recipient && *a->recipient)
		put_with(page, "<dt>Awarded to</dt><dd dir=\"auto\">%</dd>\n", a->recipient);
	put_issuer(page);
	put_date(page, "<dt>Awarded on</dt><dd>%</dd>\n", a->awarded);
	put_date(page, "<dt>Valid from</dt><dd>%</dd>\n", a->valid_from);
	put_date(page, "<dt>Valid until</dt><dd>%</dd>\n", a->valid_until);
	put(page, "</dl>\n");
}

/* Of what is written in the achievement's language. */
static void put_open(struct page *page, const char *tag)
{
	put(page, tag);
	put(page, " dir=\"auto\"");
	if (page->award->language)
		put_with(page, " lang=\"%\"", page->award->language);
	put(page, ">");
}

static void put_words(struct page *page, const char *title, const char *words)
{
	if (!words || !*words)
		return;
	put_with(page, "<h2>%</h2>\n", title);
	put_open(page, "<p class=\"text\"");
	put_with(page, "%</p>\n", words);
}

struct criteria {
	struct markdown_sink sink; /* the first member: its functions find the rest behind it */
	struct page *page;
};

static void criteria_tag(struct markdown_sink *sink, const char *html)
{
	put(((struct criteria *)sink)->page, html);
}

static void criteria_text(struct markdown_sink *sink, const char *bytes, size_t size)
{
	put_text_n(((struct criteria *)sink)->page, bytes, size);
}

static void put_criteria(struct page *page)
{
	struct criteria criteria = {{criteria_tag, criteria_text}, page};
	if (!page->award->criteria || !*page->award->criteria)
		return;
	put(page, "<h2>Criteria</h2>\n");
	put_open(page, "<div");
	markdown_put(&criteria.sink, page->award->criteria);
	put(page, "</div>\n");
}

static const struct skd_result_description *description_of(const struct skd_award *a, const char *id)
{
	for (size_t i = 0; i < a->description_count; i++)
		if (strcmp(a->descriptions[i].id, id) == 0)
			return &a->descriptions[i];
	return NULL;
}

static const char *level_of(const struct skd_result_description *d, const char *id)
{
	for (size_t i = 0; id && i < d->level_count; i++)
		if (strcmp(d->levels[i].id, id) == 0)
			return d->levels[i].name;
	return NULL;
}

static void put_results(struct page *page)
{
	const struct skd_award *a = page->award;
	put(page, a->result_count ? "<h2>Results</h2>\n<ul>\n" : "");
	for (size_t i = 0; i < a->result_count; i++) {
		const struct skd_result_description *d = description_of(a, a->results[i].description);
		const char *words[] = {a->results[i].value, d ? level_of(d, a->results[i].achieved_level) : NULL, a->results[i].status};
		put_with(page, "<li dir=\"auto\">%:", d ? d->name : "");
		for (size_t k = 0; k < sizeof words / sizeof *words; k++)
			if (words[k])
				put_with(page, " %", words[k]);
		put(page, "</li>\n");
	}
	put(page, a->result_count ? "</ul>\n" : "");
}

static void put_skills(struct page *page)
{
	const struct skd_award *a = page->award;
	if (a->alignment_count)
		put(page, "<h2>Skills</h2>\n<ul>\n");
	for (size_t i = 0; i < a->alignment_count; i++) {
		put(page, "<li dir=\"auto\">");
		put_link(page, a->alignments[i].url, a->alignments[i].name);
		if (a->alignments[i].level)
			put_with(page, " (<span class=\"level\">%</span>)", a->alignments[i].level);
		put(page, "</li>\n");
	}
	put(page, a->alignment_count ? "</ul>\n" : "");
}

static void put_evidence(struct page *page)
{
	const struct skd_award *a = page->award;
	if (a->evidence_count)
		put(page, "<h2>Evidence</h2>\n<ul>\n");
	for (size_t i = 0; i < a->evidence_count; i++) {
		put(page, "<li dir=\"auto\">");
		put_link(page, a->evidence[i].url, a->evidence[i].name);
		put_with(page, " <span class=\"text\">%</span></li>\n", a->evidence[i].narrative);
	}
	put(page, a->evidence_count ? "</ul>\n" : "");
}

static void put_recommended(struct page *page)
{
	const struct skd_award *a = page->award;
	put(page, a->recommended_count ? "<h2>What may come next</h2>\n<ul class=\"next\">\n" : "");
	for (size_t i = 0; i < a->recommended_count; i++) {
		put_with(page, "<li dir=\"auto\"><a href=\"/achievements/%\">", a->recommended[i].id);
		put_with(page, "%</a></li>\n", a->recommended[i].name);
	}
	put(page, a->recommended_count ? "</ul>\n" : "");
}

static void put_forms(struct page *page)
{
	static const char *const forms[][2] = {
		{"ob3", "Open Badges 3.0"}, {"jwt", "as a JWT"}, {"png", "as a PNG"}, {"svg", "as an SVG"}, {"ob2", "Open Badges 2.0"}, {"pdf", "as a PDF, to print"}};
	put(page, "<h2>For programs</h2>\n<p>");
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		put_with(page, i ? " · <a href=\"?format=%\">" : "<a href=\"?format=%\">", forms[i][0]);
		put_with(page, "%</a>", forms[i][1]);
	}
	put(page, "</p>\n");
}

static enum skd_outcome wrap(void *self, struct skd_call *call, const struct skd_form *form, const struct skd_award *award,
			     struct skd_text inside, const struct skd_out *out)
{
	struct page page = {award, out, SKD_OK};
	(void)self, (void)call, (void)form, (void)inside;
	put_head(&page);
	put(&page, "<body>\n<main>\n");
	put_picture(&page);
	put_open(&page, "<h1");
	put_with(&page, "%</h1>\n", award->name);
	put_state(&page);
	put_facts(&page);
	put_words(&page, "What for", award->description);
	put_criteria(&page);
	put_results(&page);
	put_skills(&page);
	put_evidence(&page);
	put_recommended(&page);
	put_forms(&page);
	put(&page, "</main>\n</body>\n</html>\n");
	return page.outcome;
}

static const struct skd_option options[] = {{0}};
static const struct skd_form forms[] = {
	{SKD_ABOUT_CREDENTIAL, "html", "text/html;charset=utf-8", .fresh = true}, {0}};

__attribute__((visibility("default"))) const struct skd_plugin skillsd_plugin = {
	.abi = SKD_ABI, .kind = SKD_BADGE, .name = "badge_html", .options = options,
	.is.badge = {.forms = forms, .wrap = wrap}};
