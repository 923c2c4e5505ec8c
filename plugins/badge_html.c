/* SPDX-License-Identifier: Apache-2.0
 * A badge, an achievement and an issuer as pages that a person can read. No script, nothing from elsewhere; that of a badge says
 * how things stand now, so that none is kept. Knows no other form but by its name, and leads to those that can be had. */
#include "html.h"
#include "markdown.h"

#include <stdio.h>
#include <string.h>

enum { PLACE = 512 };

/* ---- the head ---- */

struct form {
	const char *name, *type, *words; /* type NULL: programs are not told of it */
};

/* What a page is of, and what others show of it in the place of a link (https://ogp.me). */
struct about {
	const char *path; /* behind the origin; it may have a query */
	const char *title, *description, *image; /* the last two may be NULL */
	const struct form *forms; /* ends with a name that is NULL */
};

static const char style[] =
	"<style>body{font:1rem/1.5 sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem;color:#222;overflow-wrap:break-word}"
	".picture{width:10rem;height:10rem;object-fit:contain;float:right;margin-left:1rem}.logo{max-height:3rem;display:block}dt{font-weight:bold}dd{margin:0 0 .5rem}"
	".text{white-space:pre-line}.state{padding:.3rem .8rem;border-radius:.3rem;display:inline-block;background:#f4d9d9}"
	".active{background:#d5ecd9}@media(max-width:30rem){.picture{float:none;display:block;margin:0 auto}}</style>\n";

static bool is_had(const struct page *page, const struct form *form)
{
	for (size_t i = 0; i < page->award->form_count; i++)
		if (strcmp(page->award->forms[i], form->name) == 0)
			return true;
	return false;
}

/* `path` as far as it is to be said. */
static void put_place(struct page *page, const char *path, const struct form *form)
{
	html_text(page, path);
	html_put(page, strchr(path, '?') ? "&amp;" : "?");
	html_with(page, "format=%", form->name);
}

static void put_alternates(struct page *page, const struct about *about)
{
	for (const struct form *form = about->forms; form->name; form++) {
		if (!form->type || !is_had(page, form))
			continue;
		html_with(page, "<link rel=\"alternate\" type=\"%\"", form->type);
		html_with(page, " href=\"%", page->award->origin);
		put_place(page, about->path, form);
		html_put(page, "\">\n");
	}
}

static void put_head(struct page *page, const struct about *about)
{
	const struct skd_award *a = page->award;
	char place[PLACE];
	snprintf(place, sizeof place, "%s%s", a->origin, about->path);
	html_with(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
			"<meta name=\"viewport\" content=\"width=device-width\">\n<title>%", about->title);
	if (about->title != a->issuer_name)
		html_with(page, " · %", a->issuer_name);
	html_put(page, "</title>\n");
	html_meta(page, "og:type", "website");
	html_meta(page, "og:title", about->title);
	html_meta(page, "og:site_name", a->issuer_name);
	html_meta(page, "og:description", about->description);
	html_meta(page, "og:url", place);
	html_meta(page, "og:image", about->image);
	put_alternates(page, about);
	html_put(page, style);
}

/* How others find what to show in the place of a link (https://oembed.com). */
static void put_oembed(struct page *page, const struct about *about)
{
	html_with(page, "<link rel=\"alternate\" type=\"application/json+oembed\" href=\"%/oembed?format=json&amp;url=",
		  page->award->origin);
	html_encoded(page, page->award->origin);
	html_encoded(page, about->path);
	html_with(page, "\" title=\"%\">\n", about->title);
}

/* ---- the body ---- */

/* Pictures from elsewhere would tell others who looks. */
static void put_logo(struct page *page, const char *class)
{
	const struct skd_award *a = page->award;
	size_t origin = strlen(a->origin);
	if (!a->issuer_image_url || strncmp(a->issuer_image_url, a->origin, origin) != 0 || a->issuer_image_url[origin] != '/')
		return;
	html_with(page, "<img class=\"%\" alt=\"\"", class);
	html_with(page, " src=\"%\">", a->issuer_image_url + origin);
}

/* By its address, never within the page, whose words and looks it could change. */
static void put_picture(struct page *page)
{
	char version[32];
	snprintf(version, sizeof version, "%lld", (long long)page->award->version);
	html_with(page, "<img class=\"picture\" alt=\"\" src=\"/achievements/%", page->award->achievement_id);
	html_with(page, "/image?version=%\">\n", version);
}

/* Of what is written in the achievement's language. */
static void put_open(struct page *page, const char *tag)
{
	html_put(page, tag);
	html_put(page, " dir=\"auto\"");
	if (page->award->language)
		html_with(page, " lang=\"%\"", page->award->language);
	html_put(page, ">");
}

static void put_title(struct page *page, const char *title)
{
	put_open(page, "<h1");
	html_with(page, "%</h1>\n", title);
}

static void put_state(struct page *page)
{
	const struct skd_award *a = page->award;
	bool active = strcmp(a->state, "active") == 0;
	if (a->key_revoked)
		html_put(page, "<p class=\"state unreliable\">Not to be relied on: its issuer has revoked the key that it was signed with</p>\n");
	if (a->key_revoked && active)
		return;
	html_with(page, "<p class=\"state %\">", a->state);
	if (active)
		html_put(page, "Valid");
	else if (strcmp(a->state, "expired") == 0)
		html_date(page, "Expired on %", a->valid_until);
	else if (strcmp(a->state, "scheduled") == 0)
		html_date(page, "Not valid before %", a->valid_from);
	else
		html_put(page, strcmp(a->state, "revoked") == 0 ? "Revoked" : strcmp(a->state, "suspended") == 0 ? "Suspended"
													   : "Superseded");
	if (a->reason && *a->reason && strcmp(a->state, "expired") != 0)
		html_with(page, ", because: <span dir=\"auto\">%</span>", a->reason);
	if (a->superseded_by)
		html_with(page, ". <a href=\"/badges/%\">The one that took its place</a>", a->superseded_by);
	html_put(page, "</p>\n");
}

static void put_issuer(struct page *page)
{
	const struct skd_award *a = page->award;
	html_put(page, "<dt>Awarded by</dt><dd dir=\"auto\">");
	put_logo(page, "logo");
	html_link(page, a->issuer_url, a->issuer_name);
	if (a->issuer_description && *a->issuer_description)
		html_with(page, "<br><span class=\"text\">%</span>", a->issuer_description);
	html_with(page, "<br><a href=\"/issuers/%\">About this issuer</a></dd>\n", a->issuer_id);
}

static void put_kind(struct page *page)
{
	html_with(page, "<dt>Kind</dt><dd dir=\"auto\">%</dd>\n", page->award->type);
}

static void put_facts(struct page *page)
{
	const struct skd_award *a = page->award;
	char version[32];
	snprintf(version, sizeof version, "%lld", (long long)a->version);
	html_put(page, "<dl>\n");
	if (a->recipient && *a->recipient)
		html_with(page, "<dt>Awarded to</dt><dd dir=\"auto\">%</dd>\n", a->recipient);
	put_issuer(page);
	html_date(page, "<dt>Awarded on</dt><dd>%</dd>\n", a->awarded);
	html_date(page, "<dt>Valid from</dt><dd>%</dd>\n", a->valid_from);
	html_date(page, "<dt>Valid until</dt><dd>%</dd>\n", a->valid_until);
	put_kind(page);
	html_with(page, "</dl>\n<p><a href=\"/achievements/%", a->achievement_id);
	html_with(page, "?version=%\">About this achievement</a></p>\n", version);
}

static void put_words(struct page *page, const char *title, const char *words)
{
	if (!words || !*words)
		return;
	html_with(page, "<h2>%</h2>\n", title);
	put_open(page, "<p class=\"text\"");
	html_with(page, "%</p>\n", words);
}

struct criteria {
	struct markdown_sink sink; /* the first member: its functions find the rest behind it */
	struct page *page;
};

static void criteria_tag(struct markdown_sink *sink, const char *html)
{
	html_put(((struct criteria *)sink)->page, html);
}

static void criteria_text(struct markdown_sink *sink, const char *bytes, size_t size)
{
	html_text_n(((struct criteria *)sink)->page, bytes, size);
}

static void put_criteria(struct page *page)
{
	struct criteria criteria = {{criteria_tag, criteria_text}, page};
	if (!page->award->criteria || !*page->award->criteria)
		return;
	html_put(page, "<h2>Criteria</h2>\n");
	put_open(page, "<div");
	markdown_put(&criteria.sink, page->award->criteria);
	html_put(page, "</div>\n");
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
	html_put(page, a->result_count ? "<h2>Results</h2>\n<ul>\n" : "");
	for (size_t i = 0; i < a->result_count; i++) {
		const struct skd_result_description *d = description_of(a, a->results[i].description);
		const char *words[] = {a->results[i].value, d ? level_of(d, a->results[i].achieved_level) : NULL, a->results[i].status};
		html_with(page, "<li dir=\"auto\">%:", d ? d->name : "");
		for (size_t k = 0; k < sizeof words / sizeof *words; k++)
			if (words[k])
				html_with(page, " %", words[k]);
		html_put(page, "</li>\n");
	}
	html_put(page, a->result_count ? "</ul>\n" : "");
}

static void put_alignment(struct page *page, const struct skd_alignment *one)
{
	html_put(page, "<li dir=\"auto\">");
	html_link(page, one->url, one->name);
	if (one->level)
		html_with(page, " (<span class=\"level\">%</span>)", one->level);
	else if (one->framework && *one->framework)
		html_with(page, " (%)", one->framework);
	html_put(page, "</li>\n");
}

/* Skills are what is proved at a level; to what else it is aligned stands in frameworks of others. */
static void put_skills(struct page *page, const char *title, bool proved)
{
	const struct skd_award *a = page->award;
	size_t count = 0;
	for (size_t i = 0; i < a->alignment_count; i++) {
		if (!a->alignments[i].level == proved)
			continue;
		if (!count++)
			html_with(page, "<h2>%</h2>\n<ul>\n", title);
		put_alignment(page, &a->alignments[i]);
	}
	html_put(page, count ? "</ul>\n" : "");
}

static void put_evidence(struct page *page)
{
	const struct skd_award *a = page->award;
	if (a->evidence_count)
		html_put(page, "<h2>Evidence</h2>\n<ul>\n");
	for (size_t i = 0; i < a->evidence_count; i++) {
		html_put(page, "<li dir=\"auto\">");
		html_link(page, a->evidence[i].url, a->evidence[i].name);
		html_with(page, " <span class=\"text\">%</span></li>\n", a->evidence[i].narrative);
	}
	html_put(page, a->evidence_count ? "</ul>\n" : "");
}

static void put_recommended(struct page *page)
{
	const struct skd_award *a = page->award;
	html_put(page, a->recommended_count ? "<h2>What may come next</h2>\n<ul class=\"next\">\n" : "");
	for (size_t i = 0; i < a->recommended_count; i++) {
		html_with(page, "<li dir=\"auto\"><a href=\"/achievements/%\">", a->recommended[i].id);
		html_with(page, "%</a></li>\n", a->recommended[i].name);
	}
	html_put(page, a->recommended_count ? "</ul>\n" : "");
}

static void put_forms(struct page *page, const struct about *about)
{
	const char *query = strchr(about->path, '?');
	bool any = false;
	for (const struct form *form = about->forms; form->name; form++) {
		if (!is_had(page, form))
			continue;
		html_put(page, any ? " · <a href=\"" : "<h2>For programs</h2>\n<p><a href=\"");
		any = true;
		put_place(page, query ? query : "", form);
		html_with(page, "\">%</a>", form->words);
	}
	html_put(page, any ? "</p>\n" : "");
}

/* ---- the pages ---- */

static const struct form badge_forms[] = {
	{"ob3", "application/vc", "Open Badges 3.0"}, {"jwt", "application/vc+jwt", "as a JWT"}, {"png", NULL, "as a PNG"},
	{"svg", NULL, "as an SVG"}, {"ob2", "application/ld+json", "Open Badges 2.0"}, {"pdf", NULL, "as a PDF, to print"}, {0}};
static const struct form document_forms[] = {
	{"ob3", "application/ld+json", "Open Badges 3.0"}, {"ob2", NULL, "Open Badges 2.0"}, {0}};

static void image_place(const struct skd_award *a, char place[PLACE])
{
	snprintf(place, PLACE, "%s/achievements/%s/image?version=%lld&format=png", a->origin, a->achievement_id, (long long)a->version);
}

static void badge_page(struct page *page)
{
	const struct skd_award *a = page->award;
	char path[PLACE], image[PLACE];
	const struct about about = {path, a->name, a->description, image, badge_forms};
	snprintf(path, sizeof path, "/badges/%s", a->id);
	image_place(a, image);
	put_head(page, &about);
	put_oembed(page, &about);
	html_put(page, "</head>\n<body>\n<main>\n");
	put_picture(page);
	put_title(page, a->name);
	put_state(page);
	put_facts(page);
	put_words(page, "What for", a->description);
	put_criteria(page);
	put_results(page);
	put_skills(page, "Skills", true);
	put_skills(page, "Aligned to", false);
	put_evidence(page);
	put_recommended(page);
	put_forms(page, &about);
}

static void put_achievement_facts(struct page *page)
{
	const struct skd_award *a = page->award;
	html_put(page, "<dl>\n");
	put_issuer(page);
	put_kind(page);
	html_period(page, "<dt>Valid for</dt><dd>%</dd>\n", a->validity);
	html_put(page, "</dl>\n");
}

static void achievement_page(struct page *page)
{
	const struct skd_award *a = page->award;
	char path[PLACE], image[PLACE];
	const struct about about = {path, a->name, a->description, image, document_forms};
	snprintf(path, sizeof path, "/achievements/%s?version=%lld", a->achievement_id, (long long)a->version);
	image_place(a, image);
	put_head(page, &about);
	html_put(page, "</head>\n<body>\n<main>\n");
	put_picture(page);
	put_title(page, a->name);
	put_achievement_facts(page);
	put_words(page, "What for", a->description);
	put_criteria(page);
	put_skills(page, "Skills", true);
	put_skills(page, "Aligned to", false);
	put_recommended(page);
	put_forms(page, &about);
}

/* An address with nothing in it that a program for mail would take for more. */
static void put_mail(struct page *page, const char *mail)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@.-_+";
	bool links = mail && !mail[strspn(mail, plain)];
	if (!mail || !*mail)
		return;
	html_put(page, "<dt>Mail</dt><dd>");
	if (links)
		html_with(page, "<a href=\"mailto:%\">", mail);
	html_text(page, mail);
	html_put(page, links ? "</a></dd>\n" : "</dd>\n");
}

static void issuer_page(struct page *page)
{
	const struct skd_award *a = page->award;
	char path[PLACE];
	const struct about about = {path, a->issuer_name, a->issuer_description, a->issuer_image_url, document_forms};
	snprintf(path, sizeof path, "/issuers/%s", a->issuer_id);
	put_head(page, &about);
	html_put(page, "</head>\n<body>\n<main>\n");
	put_logo(page, "picture");
	put_title(page, a->issuer_name);
	put_words(page, "Who this is", a->issuer_description);
	html_put(page, "<dl>\n");
	if (a->issuer_url && *a->issuer_url) {
		html_put(page, "<dt>Web</dt><dd>");
		html_link(page, a->issuer_url, NULL);
		html_put(page, "</dd>\n");
	}
	put_mail(page, a->issuer_mail);
	html_with(page, "<dt>Identifier</dt><dd>%</dd>\n</dl>\n", a->issuer_did);
	put_forms(page, &about);
}

static enum skd_outcome wrap(void *self, struct skd_call *call, const struct skd_form *form, const struct skd_award *award,
			     struct skd_text inside, const struct skd_out *out)
{
	struct page page = {award, out, SKD_OK};
	(void)self, (void)call, (void)inside;
	if (form->about == SKD_ABOUT_CREDENTIAL)
		badge_page(&page);
	else if (form->about == SKD_ABOUT_ACHIEVEMENT)
		achievement_page(&page);
	else
		issuer_page(&page);
	html_put(&page, "</main>\n</body>\n</html>\n");
	return page.outcome;
}

static const struct skd_option options[] = {{0}};
static const struct skd_form forms[] = {
	{SKD_ABOUT_CREDENTIAL, "html", "text/html;charset=utf-8", .fresh = true},
	{SKD_ABOUT_ACHIEVEMENT, "html", "text/html;charset=utf-8"},
	{SKD_ABOUT_ISSUER, "html", "text/html;charset=utf-8"},
	{0}};

__attribute__((visibility("default"))) const struct skd_plugin skillsd_plugin = {
	.abi = SKD_ABI, .kind = SKD_BADGE, .name = "badge_html", .options = options,
	.is.badge = {.forms = forms, .wrap = wrap}};
