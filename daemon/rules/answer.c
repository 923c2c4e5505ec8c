/* SPDX-License-Identifier: Apache-2.0
 * Answers. */
#include "rules/answer.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

static size_t prompt_place(const struct store_assessment *assessment, const char *id)
{
	size_t place = 0;
	while (place < assessment->prompt_count && strcmp(assessment->prompts[place].id, id) != 0)
		place++;
	return place;
}

/* One for each prompt, in their order; those that are not answered say nothing. */
static enum skd_outcome answers_align(struct skd_call *call, const struct store_assessment *assessment, const char *kept,
				      struct store_prompt_answer **aligned)
{
	struct store_prompt_answer *answers;
	size_t count;
	TRY(store_answers_read(call, kept, &answers, &count));
	*aligned = talloc_zero_array(call, struct store_prompt_answer, assessment->prompt_count + 1);
	for (size_t i = 0; i < count; i++) {
		size_t place = prompt_place(assessment, answers[i].prompt);
		if (place < assessment->prompt_count)
			(*aligned)[place] = answers[i];
	}
	return SKD_OK;
}

static bool is_answered(const struct store_prompt_answer *answer)
{
	for (size_t i = 0; i < answer->choice_count; i++)
		if (strcmp(answer->choices[i], "[]") != 0)
			return true;
	return answer->text || answer->url || answer->file_count;
}

/* Every question of a quiz. */
static bool is_complete(const struct store_prompt *prompt, const struct store_prompt_answer *answer)
{
	if (answer->choice_count < prompt->question_count)
		return false;
	for (size_t i = 0; i < answer->choice_count; i++)
		if (strcmp(answer->choices[i], "[]") == 0)
			return false;
	return is_answered(answer);
}

static void answer_put(struct json *json, const char *prompt, const struct store_prompt_answer *answer)
{
	put_object(json, prompt);
	put_string(json, "text", answer->text);
	put_string(json, "url", answer->url);
	if (answer->file_count)
		put_array(json, "files");
	for (size_t i = 0; i < answer->file_count; i++)
		put_string(json, NULL, answer->files[i]);
	if (answer->file_count)
		put_array_end(json);
	if (answer->choice_count)
		put_array(json, "choices");
	for (size_t i = 0; i < answer->choice_count; i++)
		put_raw(json, NULL, answer->choices[i], strlen(answer->choices[i]));
	if (answer->choice_count)
		put_array_end(json);
	put_object_end(json);
}

static const char *answers_write(struct skd_call *call, const struct store_assessment *assessment, const struct store_prompt_answer *answers)
{
	struct text text;
	struct json json;
	text_begin(&text, call, 1024);
	json_begin(&json, &text);
	put_object(&json, NULL);
	for (size_t i = 0; i < assessment->prompt_count; i++)
		if (is_answered(&answers[i]))
			answer_put(&json, assessment->prompts[i].id, &answers[i]);
	put_object_end(&json);
	return text_end(&text);
}

/* ---- putting in ---- */

static enum skd_outcome choices_check(struct skd_call *call, const char *at, const struct store_prompt *prompt,
				      const struct store_prompt_answer *change)
{
	char *end;
	if (change->choice_count > prompt->question_count)
		return fail_field(call, talloc_asprintf(call, "%s/choices", at), "must be at most %zu, one for each question",
				  prompt->question_count);
	for (size_t i = 0; i < change->choice_count; i++)
		for (const char *place = change->choices[i]; *place && *place != ']' && place[1] != ']'; place = end)
			if (strtol(place + 1, &end, 10) >= (long)prompt->questions[i].choice_count)
				return fail_field(call, talloc_asprintf(call, "%s/choices/%zu", at, i), "must be places of choices, from 0");
	return SKD_OK;
}

static enum skd_outcome change_check(struct skd_call *call, const struct store_prompt *prompt, const struct store_prompt_answer *change)
{
	const char *at = talloc_asprintf(call, "/answers/%s", prompt->id);
	const struct {
		const char *kind, *member;
		bool said;
	} forms[] = {{"text", "text", change->text}, {"link", "url", change->url}, {"quiz", "choices", change->choice_count}};
	if (strcmp(prompt->kind, "file") == 0)
		return fail_field(call, at, "takes files, which are uploaded and deleted one by one");
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (forms[i].said && strcmp(forms[i].kind, prompt->kind) != 0)
			return fail_field(call, talloc_asprintf(call, "%s/%s", at, forms[i].member), "is no answer to a prompt of kind %s",
					  prompt->kind);
	if (change->text && prompt->max_length && utf8_length(change->text) > (size_t)prompt->max_length)
		return fail_field(call, talloc_asprintf(call, "%s/text", at), "must be at most %ld characters", prompt->max_length);
	return choices_check(call, at, prompt, change);
}

enum skd_outcome answers_merge(struct skd_call *call, const struct store_assessment *assessment, const char *kept,
			       const struct store_prompt_answer *changes, size_t count, const char **json)
{
	struct store_prompt_answer *answers;
	TRY(answers_align(call, assessment, kept, &answers));
	for (size_t i = 0; i < count; i++) {
		size_t place = prompt_place(assessment, changes[i].prompt);
		if (place == assessment->prompt_count)
			return fail_field(call, talloc_asprintf(call, "/answers/%s", text_shown(call, changes[i].prompt)),
					  "there is no such prompt");
		TRY(change_check(call, &assessment->prompts[place], &changes[i]));
		answers[place] = changes[i];
	}
	*json = answers_write(call, assessment, answers);
	return SKD_OK;
}

enum skd_outcome answers_with_file(struct skd_call *call, const struct store_assessment *assessment, const char *kept,
				   const char *prompt, const char *file, bool there, const char **json)
{
	struct store_prompt_answer *answers;
	size_t place = prompt_place(assessment, prompt), count = 0;
	TRY(answers_align(call, assessment, kept, &answers));
	const char **files = talloc_zero_array(call, const char *, answers[place].file_count + 2);
	for (size_t i = 0; i < answers[place].file_count; i++)
		if (strcmp(answers[place].files[i], file) != 0)
			files[count++] = answers[place].files[i];
	if (there)
		files[count++] = file;
	answers[place].files = files;
	answers[place].file_count = count;
	*json = answers_write(call, assessment, answers);
	return SKD_OK;
}

/* ---- handing in ---- */

enum skd_outcome answers_complete(struct skd_call *call, const struct store_assessment *assessment, const char *kept)
{
	struct store_prompt_answer *answers;
	enum skd_outcome outcome = SKD_OK;
	TRY(answers_align(call, assessment, kept, &answers));
	for (size_t i = 0; i < assessment->prompt_count; i++) {
		const struct store_prompt *prompt = &assessment->prompts[i];
		if (prompt->required && !is_complete(prompt, &answers[i]))
			outcome = fail_field(call, talloc_asprintf(call, "/answers/%s", prompt->id), "must be answered%s: %s",
					     is_answered(&answers[i]) ? " as a whole" : "", prompt->name);
	}
	return outcome;
}

struct score {
	long points, of;
	bool passed;
};

static struct score quiz_score(const struct store_prompt *prompt, const struct store_prompt_answer *answer)
{
	struct score score = {0};
	for (size_t i = 0; i < prompt->question_count; i++) {
		score.of += prompt->questions[i].points;
		if (i < answer->choice_count && strcmp(answer->choices[i], prompt->questions[i].correct) == 0)
			score.points += prompt->questions[i].points;
	}
	score.passed = score.points >= prompt->pass;
	return score;
}

static void score_put(struct json *json, const struct store_prompt *prompt, const struct score *score)
{
	put_object(json, NULL);
	put_string(json, "prompt", prompt->id);
	put_int(json, "points", score->points);
	put_int(json, "of", score->of);
	put_bool(json, "passed", score->passed);
	put_object_end(json);
}

enum skd_outcome answers_score(struct skd_call *call, const struct store_assessment *assessment, const char *kept,
			       const char **quizzes, const char **failed)
{
	struct store_prompt_answer *answers;
	struct text text, sentence;
	struct json json;
	TRY(answers_align(call, assessment, kept, &answers));
	text_begin(&text, call, 128);
	text_begin(&sentence, call, 128);
	json_begin(&json, &text);
	put_array(&json, NULL);
	for (size_t i = 0; i < assessment->prompt_count; i++) {
		const struct store_prompt *prompt = &assessment->prompts[i];
		if (!prompt->question_count || !is_answered(&answers[i]))
			continue;
		struct score score = quiz_score(prompt, &answers[i]);
		score_put(&json, prompt, &score);
		if (!score.passed)
			text_addf(&sentence, "%s%s: %ld of %ld points, and it takes %ld.", sentence.size ? " " : "", prompt->name,
				  score.points, score.of, prompt->pass);
	}
	put_array_end(&json);
	*quizzes = text_end(&text);
	*failed = sentence.size ? text_end(&sentence) : NULL;
	return SKD_OK;
}

/* ---- evidence ---- */

static void item_put(struct json *json, const char *name, const char *url, const char *narrative)
{
	put_object(json, NULL);
	put_string(json, "name", name);
	put_string(json, "url", url);
	put_string(json, "narrative", narrative);
	put_object_end(json);
}

static void files_put(struct json *json, const struct store_prompt *prompt, const struct store_prompt_answer *answer,
		      const struct store_file *files, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < answer->file_count; k++)
			if (strcmp(files[i].id, answer->files[k]) == 0)
				item_put(json, files[i].name, NULL, prompt->name);
}

enum skd_outcome answers_evidence(struct skd_call *call, const struct store_assessment *assessment, const char *kept,
				  const struct store_file *files, size_t file_count, const char **evidence)
{
	struct store_prompt_answer *answers;
	struct text text;
	struct json json;
	TRY(answers_align(call, assessment, kept, &answers));
	text_begin(&text, call, 1024);
	json_begin(&json, &text);
	put_array(&json, NULL);
	for (size_t i = 0; i < assessment->prompt_count; i++) {
		const struct store_prompt *prompt = &assessment->prompts[i];
		struct score score = quiz_score(prompt, &answers[i]);
		if (answers[i].text || answers[i].url)
			item_put(&json, prompt->name, answers[i].url, answers[i].text);
		else if (prompt->question_count && is_answered(&answers[i]))
			item_put(&json, prompt->name, NULL, talloc_asprintf(call, "%ld / %ld", score.points, score.of));
		files_put(&json, prompt, &answers[i], files, file_count);
	}
	put_array_end(&json);
	*evidence = text_end(&text);
	return SKD_OK;
}
