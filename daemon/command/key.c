/* SPDX-License-Identifier: Apache-2.0
 * skillsd key: has skillsd-sign make a key, and keeps its public half. The private one is never here. */
#include "command/command.h"

#include "base/child.h"
#include "base/log.h"
#include "command/settings.h"
#include "rules/key.h"
#include "rules/work.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
	"usage: skillsd key new ed25519|p256|rsa2048 [ISSUER]\n"
	"       skillsd key add ID ALGORITHM assertion PUBLIC [ISSUER]\n"
	"       skillsd key list\n"
	"       skillsd key retire KEY\n"
	"       skillsd key revoke KEY [DATE]\n"
	"A key of the company, or of the issuer with that id. new has skillsd-sign make it, add takes what skillsd-sign has\n"
	"printed of one it made. A retired key signs no more, and what it signed is good; what a revoked key signed after the\n"
	"date, which is now where none is given, is not. The file of either is put away. The last Ed25519 key of an issuer\n"
	"is not retired: make another first. What is revoked may be revoked once more, from an earlier date.\n";

enum { PATIENCE = 30000 }; /* milliseconds for skillsd-sign */

struct line {
	char id[UUID_SIZE], algorithm[16], purpose[16], public[600];
};

/* What skillsd-sign prints of a key that it has made. */
static enum skd_outcome line_read(struct skd_call *call, const char *said, struct line *line)
{
	char id[64];
	bool whole = sscanf(said, "%63s %15s %15s %599s", id, line->algorithm, line->purpose, line->public) == 4;
	return whole && uuid_parse(id, line->id) && strcmp(line->purpose, "assertion") == 0
		       ? SKD_OK
		       : fail(call, SKD_BAD_INPUT, "this is nothing that skillsd-sign says of a key for badges: %s", said);
}

static enum skd_outcome sign_new(struct skd_call *call, const char *program, const char *folder, const char *algorithm,
				 struct line *line)
{
	struct text said;
	text_begin(&said, call, 1024);
	TRY(child_run(call, (const char *const[]){program, "new", folder, algorithm, "assertion", NULL}, (struct skd_text){0},
		      PATIENCE, 1024, &said));
	return line_read(call, text_end(&said), line);
}

static enum skd_outcome key_add(struct skd_call *call, const struct line *line, const char *issuer)
{
	uint8_t der[500];
	long size = base64_decode(line->public, der, sizeof der);
	if (size < 0)
		return fail(call, SKD_BAD_INPUT, "skillsd-sign tells no public half of %s", line->id);
	const struct store_key key = {
		.id = line->id, .algorithm = line->algorithm, .public_key = der, .public_size = (size_t)size};
	TRY(issuer_key_add(call, issuer, &key));
	puts(line->id);
	return SKD_OK;
}

static enum skd_outcome key_new(struct skd_call *call, const struct settings *settings, const struct command_line *at)
{
	const struct section *signer = conf_find(settings->conf, "signer", "");
	const char *folder = section_text(signer, "keys"), *issuer = at->count > 2 ? at->words[2] : NULL;
	struct store_issuer owner;
	struct line line;
	if (!folder)
		return fail(call, SKD_BAD_INPUT, "[signer] has no keys: the folder where skillsd-sign keeps them");
	TRY(issuer_key_fits(call, issuer, at->words[1], &owner));
	TRY(sign_new(call, section_text(signer, "program"), folder, at->words[1], &line));
	return key_add(call, &line, issuer);
}

static enum skd_outcome key_told(struct skd_call *call, const struct command_line *at)
{
	char *const *words = at->words;
	struct line line;
	TRY(line_read(call, talloc_asprintf(call, "%s %s %s %s", words[1], words[2], words[3], words[4]), &line));
	return key_add(call, &line, at->count > 5 ? words[5] : NULL);
}

static enum skd_outcome key_list(struct skd_call *call)
{
	struct store_key *keys;
	size_t count;
	char created[TIME_SIZE], ended[TIME_SIZE];
	TRY(store_key_list(call, NULL, &keys, &count));
	for (size_t i = 0; i < count; i++) {
		const struct store_key *key = &keys[i];
		bool revoked = key->revoked_at != TIME_NEVER, retired = key->retired_at != TIME_NEVER;
		time_format(key->created_at, created);
		if (retired)
			time_format(revoked ? key->revoked_at : key->retired_at, ended);
		printf("%s %-7s assertion %s %s%s%s\n", key->id, key->algorithm, created,
		       revoked ? "revoked " : retired ? "retired " : "signs", retired ? ended : "",
		       strcmp(key->issuer_key, "company") == 0 ? "" : talloc_asprintf(call, " %s", key->issuer_id));
	}
	return SKD_OK;
}

static enum skd_outcome key_end(struct skd_call *call, const struct command_line *at, bool revoke, bool *last)
{
	char id[UUID_SIZE];
	int64_t since = revoke ? -1 : 0;
	if (!uuid_parse(at->words[1], id))
		return fail(call, SKD_BAD_INPUT, "%s is no key's id", at->words[1]);
	if (at->count > 2 && !time_parse(at->words[2], &since))
		return fail(call, SKD_BAD_INPUT, "%s is no date", at->words[2]);
	return issuer_key_end(call, id, since, last);
}

/* Once that is written; where the file is not at hand its key signs no more all the same, unless somebody else asks. */
static enum skd_outcome file_end(struct skd_call *call, const struct settings *settings, const char *key)
{
	const struct section *signer = conf_find(settings->conf, "signer", "");
	const char *folder = section_text(signer, "keys");
	char id[UUID_SIZE];
	struct text said;
	text_begin(&said, call, 256);
	if (!folder || !uuid_parse(key, id))
		return SKD_OK;
	if (child_run(call, (const char *const[]){section_text(signer, "program"), "end", folder, id, NULL}, (struct skd_text){0},
		      PATIENCE, 1024, &said) == SKD_OK)
		return SKD_OK;
	call_forgive(call);
	return fail(call, SKD_FAULT, "the key has ended, but its file %s/%s.pem is still where skillsd-sign reads it: take it away", folder, id);
}

static bool is_sound(const struct command_line *at)
{
	static const struct {
		const char *word;
		int least, most;
	} forms[] = {{"new", 2, 3}, {"add", 5, 6}, {"list", 1, 1}, {"retire", 2, 2}, {"revoke", 2, 3}};
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (at->count >= forms[i].least && at->count <= forms[i].most && strcmp(at->words[0], forms[i].word) == 0)
			return true;
	return false;
}

static enum skd_outcome key_run(struct skd_call *call, struct settings *settings, const struct command_line *at)
{
	bool ends = strcmp(at->words[0], "retire") == 0 || strcmp(at->words[0], "revoke") == 0;
	bool last = false;
	call->house = &settings->house;
	TRY(pool_borrow(settings->house.writers, call));
	TRY(migrate_check(call));
	TRY(tx_begin(call));
	if (strcmp(at->words[0], "new") == 0)
		TRY(key_new(call, settings, at));
	else if (strcmp(at->words[0], "add") == 0)
		TRY(key_told(call, at));
	else if (strcmp(at->words[0], "list") == 0)
		TRY(key_list(call));
	else
		TRY(key_end(call, at, strcmp(at->words[0], "revoke") == 0, &last));
	TRY(tx_commit(call));
	if (last)
		fputs("skillsd key: its issuer has no Ed25519 key now: until there is another one nobody learns what it revokes\n", stderr);
	return ends ? file_end(call, settings, at->words[1]) : SKD_OK;
}

int command_key(const struct command_line *line)
{
	struct settings *settings = NULL;
	if (line->count && strcmp(line->words[0], "--help") == 0)
		return fputs(usage, stdout), 0;
	if (!is_sound(line))
		return fputs(usage, stderr), 2;
	struct skd_call *call = call_new("key", 60000);
	log_open(SKD_ERROR);
	enum skd_outcome outcome = settings_read(call, line->conf, &settings);
	if (outcome == SKD_OK) {
		settings->house.writers = pool_open("key", section_text(settings->database, "dsn"), 1);
		outcome = key_run(call, settings, line);
		work_end(call);
		pool_close(&settings->house.writers);
	}
	if (outcome != SKD_OK)
		fprintf(stderr, "skillsd key: %s\n", call->sentence);
	settings_close(&settings);
	talloc_free(call);
	return outcome == SKD_OK ? 0 : 1;
}
