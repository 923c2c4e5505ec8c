/* SPDX-License-Identifier: Apache-2.0
 * skillsd verify: badges in files, checked with the documents that are given. Needs no configuration and no database. */
#include "command/command.h"

#include "base/log.h"
#include "fetch/fetch.h"
#include "verify/shelf.h"
#include "verify/verify.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
	"usage: skillsd verify [OPTION...] FILE...\n"
	"  --key FILE, --did FILE, --status FILE\n"
	"                    a document that is trusted: a key or JWK set, a DID document or issuer, a status list; what it is\n"
	"                    of it says itself. May be given again\n"
	"  --origin https://HOST=http://127.0.0.1:PORT\n"
	"                    fetch what is of the former from the latter, which is trusted. May be given again\n"
	"  --fetch           fetch other documents from where they are, by https and from public addresses only\n"
	"  --recipient MAIL  the mail address that the badges should be of\n"
	"  --json            one JSON object a line\n"
	"A badge is Open Badges 2.0 or 3.0: JSON, a JWT, or a PNG or SVG that one is baked into; an endorsement will do too.\n"
	"Ends with 0 when all are verified, with 1 when one is not, with 3 when it could not be found out of one, and none is\n"
	"not, and with 2 when a file cannot be read.\n";

enum { NOT_VERIFIED = 1, UNREADABLE = 2, NOT_FOUND_OUT = 3 }; /* exit statuses */

struct orders {
	const char *recipient;
	bool json, fetches;
	struct shelf *shelf;
	struct fetch_door *door;
	const char **files;
	size_t file_count;
};

/* No more than a badge may have, and a byte by which that is told. */
static enum skd_outcome file_read(struct skd_call *call, const char *path, struct skd_text *bytes)
{
	FILE *file = fopen(path, "rb");
	char *room = talloc_size(call, VERIFY_INPUT + 1);
	if (!file && (strncmp(path, "https://", 8) == 0 || strncmp(path, "http://", 7) == 0))
		return fail(call, SKD_ABSENT, "it is an address, not a file; curl -o badge.json ADDRESS makes one of it");
	if (!file)
		return fail(call, SKD_ABSENT, "%s", strerror(errno));
	*bytes = (struct skd_text){room, fread(room, 1, VERIFY_INPUT + 1, file)};
	const char *broken = ferror(file) ? errno == EISDIR ? "it is a directory, not a file" : strerror(errno) : NULL;
	fclose(file);
	return broken ? fail(call, SKD_ABSENT, "%s", broken) : SKD_OK;
}

static enum skd_outcome library_find(void *self, struct skd_call *call, const char *address, struct verify_document *document)
{
	const struct orders *orders = self;
	const char *place = strncmp(address, "did:", 4) == 0 ? verify_did_place(call, address) : address;
	if (shelf_find(orders->shelf, address, document))
		return SKD_OK;
	if (!place || strchr(place, '#') || !orders->fetches)
		return fail(call, SKD_ABSENT, "the document of %s was not given", text_whole(call, address));
	return fetch_get(call, orders->door, place, VERIFY_JSON, &document->bytes, &document->trusted);
}

/* ---- what comes of it ---- */

static void line_tell(const char *check, const struct verify_line *line)
{
	if (line->made)
		printf("  %-11s  %-7s  %s\n", check, verify_result_name(line->result), line->detail);
}

static void answer_tell(const char *path, const struct verify_answer *answer)
{
	static const char *const words[] = {
		[VERDICT_NOT_VERIFIED] = "NOT VERIFIED", [VERDICT_VERIFIED] = "verified", [VERDICT_UNKNOWN] = "COULD NOT BE FOUND OUT"};
	printf("%s: %s\n", path, words[answer->verdict]);
	for (int i = 0; i < VERIFY_CHECKS; i++)
		line_tell(verify_check_name((enum verify_check)i), &answer->checks[i]);
	for (size_t i = 0; i < answer->endorsement_count; i++)
		line_tell("endorsement", &answer->endorsements[i]);
}

static void answer_write(struct skd_call *call, const char *path, const struct verify_answer *answer)
{
	struct text text;
	struct json json;
	text_begin(&text, call, 1024);
	json_begin(&json, &text);
	put_object(&json, NULL);
	put_string(&json, "file", path);
	verify_put(&json, answer);
	put_object_end(&json);
	puts(text_end(&text));
}

/* The exit status that it asks for. */
static int badge_verify(const struct orders *orders, const char *path)
{
	struct skd_call *call = call_new("verify", 60000);
	struct verify_ask ask = {.recipient = orders->recipient, .now = clock_now(),
				 .library = {library_find, (void *)(uintptr_t)orders}};
	struct verify_answer answer;
	static const int statuses[] = {[VERDICT_NOT_VERIFIED] = NOT_VERIFIED, [VERDICT_VERIFIED] = 0, [VERDICT_UNKNOWN] = NOT_FOUND_OUT};
	int status = UNREADABLE;
	if (file_read(call, path, &ask.badge) == SKD_OK) {
		verify_badge(call, &ask, &answer);
		status = statuses[answer.verdict];
		if (orders->json)
			answer_write(call, path, &answer);
		else
			answer_tell(text_escaped(call, path), &answer);
	} else {
		fprintf(stderr, "skillsd verify: %s: %s\n", text_escaped(call, path), call->sentence);
	}
	talloc_free(call);
	return status;
}

/* ---- what is asked ---- */

static bool document_add(struct orders *orders, const char *path)
{
	struct skd_call *call = call_new("verify", 60000);
	struct skd_text bytes;
	bool good = file_read(call, path, &bytes) == SKD_OK && shelf_add(call, orders->shelf, "it", bytes) == SKD_OK;
	if (!good)
		fprintf(stderr, "skillsd verify: %s: %s\n", text_escaped(call, path), call->sentence);
	talloc_free(call);
	return good;
}

static bool origin_add(struct orders *orders, const char *words)
{
	struct skd_call *call = call_new("verify", 60000);
	bool good = fetch_map(call, orders->door, words) == SKD_OK;
	if (!good)
		fprintf(stderr, "skillsd verify: %s\n", call->sentence);
	orders->fetches = true;
	talloc_free(call);
	return good;
}

static bool option_read(struct orders *orders, const char *word, const char *value)
{
	if (!value)
		return fputs(usage, stderr), false;
	if (strcmp(word, "--key") == 0 || strcmp(word, "--did") == 0 || strcmp(word, "--status") == 0)
		return document_add(orders, value);
	if (strcmp(word, "--origin") == 0)
		return origin_add(orders, value);
	if (strcmp(word, "--recipient") == 0)
		return orders->recipient = value, true;
	return fputs(usage, stderr), false;
}

static bool orders_read(const struct command_line *line, struct orders *orders)
{
	bool words_only = false;
	for (int i = 0; i < line->count; i++) {
		const char *word = line->words[i];
		if (words_only || strncmp(word, "--", 2) != 0)
			orders->files[orders->file_count++] = word;
		else if (!word[2])
			words_only = true;
		else if (strcmp(word, "--json") == 0)
			orders->json = true;
		else if (strcmp(word, "--fetch") == 0)
			fetch_open_public(orders->door), orders->fetches = true;
		else if (!option_read(orders, word, i + 1 < line->count ? line->words[i + 1] : NULL))
			return false;
		else
			i++;
	}
	return orders->file_count || (fputs(usage, stderr), false);
}

/* Behind "--" nothing is an option. */
static bool asks_for_help(const struct command_line *line)
{
	for (int i = 0; i < line->count && strcmp(line->words[i], "--") != 0; i++)
		if (strcmp(line->words[i], "--help") == 0)
			return true;
	return false;
}

int command_verify(const struct command_line *line)
{
	static const int weights[] = {[0] = 0, [NOT_FOUND_OUT] = 1, [NOT_VERIFIED] = 2, [UNREADABLE] = 3};
	int status = 0;
	if (asks_for_help(line))
		return fputs(usage, stdout), 0;
	log_open(SKD_ERROR);
	struct orders *orders = talloc_zero(NULL, struct orders);
	orders->shelf = shelf_new(orders);
	orders->door = fetch_open(orders);
	orders->files = talloc_zero_array(orders, const char *, (size_t)line->count + 1);
	bool good = orders_read(line, orders);
	for (size_t i = 0; good && i < orders->file_count; i++) {
		int one = badge_verify(orders, orders->files[i]);
		status = weights[one] > weights[status] ? one : status;
	}
	status = good ? status : UNREADABLE;
	talloc_free(orders);
	return status;
}
