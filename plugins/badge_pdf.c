/* SPDX-License-Identifier: Apache-2.0
 * A badge as a certificate to be printed: which words stand on the page, and in which order. What is good no longer says so;
 * whether it still is, the code on it leads to. Knows no font and no place. */
#include <skillsd/plugin.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { WORDS = 2048, DATE = 40 };

struct page {
	const struct skd_out *out;
	enum skd_outcome outcome; /* the first that was not SKD_OK: nothing is written after it */
};

static void put_bytes(struct page *page, const char *word, const char *bytes, size_t size)
{
	char head[64];
	const char *const parts[] = {head, bytes, "\n"};
	const size_t sizes[] = {(size_t)snprintf(head, sizeof head, "%s %zu\n", word, size), size, 1};
	for (int i = 0; i < 3 && page->outcome == SKD_OK && bytes; i++)
		if (sizes[i])
			page->outcome = page->out->write(page->out, parts[i], sizes[i]);
}

static void put(struct page *page, const char *word, const char *words)
{
	if (words && *words)
		put_bytes(page, word, words, strlen(words));
}

/* Cuts between characters. */
static void add(char to[WORDS], const char *words)
{
	size_t at = strlen(to), size = words ? strlen(words) : 0;
	if (size > WORDS - 1 - at) {
		size = WORDS - 1 - at;
		while (size && (words[size] & 0xC0) == 0x80)
			size--;
	}
	if (size)
		memcpy(to + at, words, size);
	to[at + size] = '\0';
}

static const char *date_of(int64_t when, const char *format, char out[DATE])
{
	time_t seconds = (time_t)(when / 1000000 - (when % 1000000 < 0));
	struct tm day;
	return when != SKD_NEVER && gmtime_r(&seconds, &day) && strftime(out, DATE, format, &day) ? out : NULL;
}

/* ---- what readers of the file are told ---- */

static void put_facts(struct page *page, const struct skd_award *a)
{
	char subject[WORDS] = "", keywords[WORDS] = "Open Badges, ", date[DATE];
	put(page, "title", a->name);
	put(page, "author", a->issuer_name);
	add(subject, a->recipient && *a->recipient ? "Awarded to " : "");
	add(subject, a->recipient);
	add(subject, subject[0] ? " by " : "Awarded by ");
	add(subject, a->issuer_name);
	put(page, "subject", subject);
	add(keywords, a->type);
	for (size_t i = 0; i < a->alignment_count; i++) {
		add(keywords, ", ");
		add(keywords, a->alignments[i].name);
	}
	put(page, "keywords", keywords);
	put(page, "date", date_of(a->awarded, "%Y-%m-%dT%H:%M:%SZ", date));
}

/* ---- what stands on it ---- */

static void put_dates(struct page *page, const struct skd_award *a)
{
	char words[WORDS] = "", date[DATE];
	add(words, "Awarded on ");
	add(words, date_of(a->awarded, "%F", date));
	add(words, " · Valid from ");
	add(words, date_of(a->valid_from, "%F", date));
	add(words, a->valid_until == SKD_NEVER ? ", without an end" : " until ");
	add(words, date_of(a->valid_until, "%F", date));
	put(page, "line", words);
}

/* What is proved at a level; to what else it is aligned the public page says. */
static void put_skills(struct page *page, const struct skd_award *a)
{
	char words[WORDS] = "";
	for (size_t i = 0; i < a->alignment_count; i++) {
		if (!a->alignments[i].level)
			continue;
		add(words, *words ? " · " : "Skills: ");
		add(words, a->alignments[i].name);
		add(words, " (");
		add(words, a->alignments[i].level);
		add(words, ")");
	}
	put(page, "text", words);
}

/* It is made anew when this changes. */
static void put_state(struct page *page, const struct skd_award *a)
{
	static const char *const states[][2] = {{"revoked", "REVOKED"}, {"suspended", "SUSPENDED"}, {"superseded", "SUPERSEDED"},
						{"expired", "EXPIRED"}, {"scheduled", "NOT YET VALID"}};
	char words[WORDS] = "", date[DATE];
	bool expired = strcmp(a->state, "expired") == 0, scheduled = strcmp(a->state, "scheduled") == 0;
	if (a->key_revoked)
		put(page, "alarm", "NOT TO BE RELIED ON: its issuer has revoked the key that it was signed with");
	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		if (strcmp(a->state, states[i][0]) == 0) {
			add(words, states[i][1]);
			add(words, ": this is no valid certificate");
		}
	if (expired || scheduled) {
		add(words, expired ? " since " : " before ");
		add(words, date_of(expired ? a->valid_until : a->valid_from, "%F", date));
	} else if (*words && a->reason && *a->reason) {
		add(words, ", because: ");
		add(words, a->reason);
	}
	put(page, "alarm", words);
}

static void put_foot(struct page *page, const struct skd_award *a)
{
	char place[WORDS] = "";
	add(place, a->origin);
	add(place, "/badges/");
	add(place, a->id);
	put(page, "code", place);
	put(page, "foot", "Whether it is valid now, and that it is genuine, is seen at");
	put(page, "link", place);
	put(page, "foot", a->issuer_name);
	put(page, "foot", a->issuer_url);
}

static enum skd_outcome wrap(void *self, struct skd_call *call, const struct skd_form *form, const struct skd_award *award,
			     struct skd_text inside, const struct skd_out *out)
{
	struct page page = {out, SKD_OK};
	(void)self, (void)call, (void)form, (void)inside;
	put_facts(&page, award);
	put_bytes(&page, "picture", award->image.bytes, award->image.size);
	put(&page, "head", award->issuer_name);
	put_state(&page, award);
	if (award->recipient && *award->recipient) {
		put(&page, "line", "certifies that");
		put(&page, "name", award->recipient);
		put(&page, "line", "has been awarded");
	}
	put(&page, "award", award->name);
	put(&page, "text", award->description);
	put_skills(&page, award);
	put_dates(&page, award);
	put_foot(&page, award);
	return page.outcome;
}

static const struct skd_option options[] = {{0}};
static const struct skd_form forms[] = {
	{SKD_ABOUT_CREDENTIAL, "pdf", "application/pdf", .image = SKD_IMAGE_PNG, .paper = SKD_PAPER_A4},
	{SKD_ABOUT_CREDENTIAL, "pdf-letter", "application/pdf", .image = SKD_IMAGE_PNG, .paper = SKD_PAPER_LETTER},
	{0}};

__attribute__((visibility("default"))) const struct skd_plugin skillsd_plugin = {
	.abi = SKD_ABI, .kind = SKD_BADGE, .name = "badge_pdf", .options = options,
	.is.badge = {.forms = forms, .wrap = wrap}};
