/* SPDX-License-Identifier: Apache-2.0
 * Files that are handed in. Whoever names bytes holds their hash until that is so, and whoever takes bytes away holds it alone. */
#include "rules/file.h"

#include "base/fields.h"
#include "base/text.h"
#include "rules/actor.h"
#include "rules/answer.h"
#include "rules/audit.h"
#include "rules/looks.h"
#include "rules/person.h"
#include "rules/submission.h"
#include "sign/digest.h"
#include "store/blob.h"

#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 20, LOOSE_MAX = 500, DRAWER_MAX = 5000 };

/* ---- what they may be ---- */

const char file_types[] = "application/pdf|image/png|image/jpeg|text/plain|application/zip";

static bool begins(struct skd_text bytes, const char *with, size_t size)
{
	return bytes.size >= size && memcmp(bytes.bytes, with, size) == 0;
}

static bool is_text(struct skd_text bytes)
{
	for (size_t i = 0; i < bytes.size; i++) {
		unsigned char c = (unsigned char)bytes.bytes[i];
		if ((c < 0x20 && !strchr("\t\n\f\r", c)) || c == 0x7f)
			return false;
	}
	return utf8_valid(bytes.bytes, bytes.size);
}

const char *file_sniff(struct skd_text bytes)
{
	if (begins(bytes, "%PDF-", 5))
		return "application/pdf";
	if (begins(bytes, "\x89PNG\r\n\x1a\n", 8))
		return "image/png";
	if (begins(bytes, "\xff\xd8\xff", 3))
		return "image/jpeg";
	if (begins(bytes, "PK\3\4", 4))
		return "application/zip";
	return bytes.size && is_text(bytes) ? "text/plain" : NULL;
}

/* A name and no path, that means the same wherever it is saved. */
static enum skd_outcome name_check(struct skd_call *call, const char *name)
{
	if (strpbrk(name, "/\\\t\n") || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return fail_field(call, "name", "must be a name, and no path");
	return SKD_OK;
}

static enum skd_outcome file_check(struct skd_call *call, struct skd_text bytes, struct store_file *file)
{
	const struct house *house = call->house;
	if (!house->file_folder)
		return fail(call, SKD_CLASH, "no files are taken here");
	TRY(name_check(call, file->name));
	if (bytes.size > (size_t)house->file_size)
		return fail(call, SKD_BAD_INPUT, "the file has %zu bytes, and at most %ld are taken", bytes.size, house->file_size);
	file->size = (int64_t)bytes.size;
	file->type = file_sniff(bytes);
	return file->type && fields_word(house->file_types, file->type)
		       ? SKD_OK
		       : fail(call, SKD_BAD_INPUT, "the file is %s, which is not taken", file->type ? file->type : "of no type that is known");
}

static bool prompt_takes(const struct store_prompt *prompt, const char *type)
{
	return !prompt->type_count || strings_have(prompt->types, prompt->type_count, type);
}

static bool is_named(const struct store_prompt_answer *answers, size_t count, const char *file)
{
	for (size_t i = 0; i < count; i++)
		if (strings_have(answers[i].files, answers[i].file_count, file))
			return true;
	return false;
}

/* With what is there already: of the prompt what is an answer now, and of the submission all that is kept. */
static enum skd_outcome room_check(struct skd_call *call, const struct store_prompt *prompt, const struct store_submission *s,
				   const struct store_file *file)
{
	struct store_prompt_answer *answers;
	struct store_file *files;
	size_t count, answer_count;
	int64_t all = file->size, here = file->size;
	long number = 1;
	TRY(store_answers_read(call, s->answers, &answers, &answer_count));
	TRY(store_file_list(call, s->id, &files, &count));
	for (size_t i = 0; i < count; i++) {
		bool counts = strcmp(files[i].prompt, prompt->id) == 0 && is_named(answers, answer_count, files[i].id);
		all += files[i].size;
		here += counts ? files[i].size : 0;
		number += counts;
	}
	if (number > (prompt->max_files ? prompt->max_files : FILES_MAX))
		return fail_field(call, "prompt", "takes at most %ld files", prompt->max_files ? prompt->max_files : (long)FILES_MAX);
	if (prompt->max_size && here > prompt->max_size)
		return fail_field(call, "prompt", "takes at most %ld bytes together", prompt->max_size);
	return all <= call->house->files_size
		       ? SKD_OK
		       : fail(call, SKD_BAD_INPUT, "a submission has at most %ld bytes of files, those of earlier rounds too", call->house->files_size);
}

static enum skd_outcome prompt_check(struct skd_call *call, const struct store_assessment *assessment, const struct store_submission *s,
				     const struct store_file *file)
{
	const struct store_prompt *prompt = NULL;
	for (size_t i = 0; i < assessment->prompt_count; i++)
		if (strcmp(assessment->prompts[i].id, file->prompt) == 0 && strcmp(assessment->prompts[i].kind, "file") == 0)
			prompt = &assessment->prompts[i];
	if (!prompt)
		return fail_field(call, "prompt", "there is no such prompt that takes files");
	if (!prompt_takes(prompt, file->type))
		return fail_field(call, "prompt", "takes no %s", file->type);
	return room_check(call, prompt, s, file);
}

/* ---- adding, dropping ---- */

enum skd_outcome file_add(struct skd_call *call, struct skd_text bytes, struct store_file *file, struct store_submission *s)
{
	struct store_assessment assessment;
	uint8_t hash[DIGEST_SIZE];
	TRY(file_check(call, bytes, file));
	TRY(submission_edit(call, file->submission_id, 0, s));
	TRY(store_assessment_get(call, s->achievement_id, s->number, s->renews, &assessment));
	TRY(prompt_check(call, &assessment, s, file));
	hasher_sha256(hasher_new(call), bytes.bytes, bytes.size, hash);
	file->hash = hash;
	TRY(store_hash_hold(call, hash, false));
	TRY(blob_keep(call, call->house->file_folder, hash, bytes.bytes, bytes.size));
	TRY(store_file_add(call, file, &file->id));
	TRY(answers_with_file(call, &assessment, s->answers, file->prompt, file->id, true, &s->answers));
	TRY(store_submission_set(call, s));
	TRY(audit_note(call, "submission.file_add", "ok", "submission", s->id, NULL));
	return submission_get(call, s->id, s);
}

enum skd_outcome file_drop(struct skd_call *call, const char *id, struct store_submission *s)
{
	struct store_assessment assessment;
	struct store_prompt_answer *answers;
	struct store_file file;
	size_t count;
	struct sight sight = sight_for(call, SIGHT_SUBMISSIONS);
	TRY(submission_edit(call, s->id, s->version, s));
	TRY(store_file_get(call, &sight, s->id, id, &file));
	TRY(store_answers_read(call, s->answers, &answers, &count));
	if (!is_named(answers, count, id))
		return fail(call, SKD_ABSENT, "there is no such file in this round");
	TRY(store_assessment_get(call, s->achievement_id, s->number, s->renews, &assessment));
	TRY(answers_with_file(call, &assessment, s->answers, file.prompt, id, false, &s->answers));
	TRY(store_submission_set(call, s));
	TRY(store_file_drop(call, id));
	return audit_note(call, "submission.file_drop", "ok", "submission", s->id, NULL);
}

enum skd_outcome file_get(struct skd_call *call, const char *submission_id, const char *id, struct store_file *file, struct text *bytes)
{
	struct sight sight = sight_for(call, SIGHT_SUBMISSIONS);
	TRY(store_file_get(call, &sight, submission_id, id, file));
	looks_add(call, file->looked_at, "submissions");
	if (!call->house->file_folder)
		return fail(call, SKD_FAULT, "a file was handed in, and [submissions] folder is not set");
	return blob_read(call, call->house->file_folder, file->hash, (size_t)file->size, bytes);
}

/* ---- tidying ---- */

static void hash_read(const char *digits, uint8_t hash[BLOB_HASH])
{
	for (size_t i = 0; i < BLOB_HASH; i++) {
		char pair[3] = {digits[2 * i], digits[2 * i + 1]};
		hash[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
}

/* In a transaction of its own for each, so that nobody waits for the rest. */
static enum skd_outcome hash_settle(struct skd_call *call, const char *digits)
{
	uint8_t hash[BLOB_HASH];
	bool named;
	hash_read(digits, hash);
	TRY(tx_begin(call));
	TRY(store_hash_hold(call, hash, true));
	TRY(store_hash_named(call, hash, &named));
	if (!named)
		TRY(blob_drop(call, call->house->file_folder, hash));
	TRY(store_hash_settled(call, hash));
	return tx_commit(call);
}

static enum skd_outcome loose_tidy(struct skd_call *call)
{
	const char *const *hashes;
	size_t count = LOOSE_MAX;
	while (count == LOOSE_MAX) {
		TRY(store_hash_loose(call, LOOSE_MAX, &hashes, &count));
		for (size_t i = 0; i < count; i++)
			TRY(hash_settle(call, hashes[i]));
	}
	return SKD_OK;
}

static enum skd_outcome drawer_tidy(struct skd_call *call, unsigned drawer)
{
	const char **there;
	const char *const *nameless;
	size_t count;
	TRY(blob_list(call, call->house->file_folder, drawer, DRAWER_MAX, &there, &count));
	if (!count)
		return SKD_OK;
	TRY(store_hash_nameless(call, there, count, &nameless, &count));
	for (size_t i = 0; i < count; i++)
		TRY(hash_settle(call, nameless[i]));
	return SKD_OK;
}

enum skd_outcome file_tidy(struct skd_call *call)
{
	enum { MINUTE = 60000000 };
	if (!call->house->file_folder)
		return SKD_OK;
	TRY(pool_borrow(call->house->jobs, call));
	TRY(loose_tidy(call));
	return drawer_tidy(call, (unsigned)(clock_now() / MINUTE % BLOB_DRAWERS));
}

enum skd_outcome file_tidy_all(struct skd_call *call)
{
	if (!call->house->file_folder)
		return SKD_OK;
	TRY(pool_borrow(call->house->jobs, call));
	TRY(loose_tidy(call));
	for (unsigned drawer = 0; drawer < BLOB_DRAWERS; drawer++)
		TRY(drawer_tidy(call, drawer));
	return SKD_OK;
}
