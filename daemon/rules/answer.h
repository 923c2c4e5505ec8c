/* SPDX-License-Identifier: Apache-2.0
 * Answers to the prompts of an assessment: put in, held against what is asked, scored, and made the evidence of a credential. */
#ifndef RULES_ANSWER_H
#define RULES_ANSWER_H

#include "store/assessment.h"
#include "store/file.h"
#include "store/submission.h"

/* Answers as they are kept, with some of them changed; what `changes` does not name stays, and one that says nothing is taken
 * out. Fields are named below /answers. BAD_INPUT for a prompt that is not there, or takes no such answer. */
enum skd_outcome answers_merge(struct skd_call *call, const struct store_assessment *assessment, const char *kept,
			       const struct store_prompt_answer *changes, size_t count, const char **json) WARN_UNUSED;
/* The same with one file more, or with it no more: of the prompt with that id. */
enum skd_outcome answers_with_file(struct skd_call *call, const struct store_assessment *assessment, const char *kept,
				   const char *prompt, const char *file, bool there, const char **json) WARN_UNUSED;
/* BAD_INPUT naming each required prompt that is not answered. */
enum skd_outcome answers_complete(struct skd_call *call, const struct store_assessment *assessment, const char *kept) WARN_UNUSED;
/* What each quiz gave, as JSON; `failed`: the sentence about those that were not passed, or NULL. A question gives its points
 * for just the correct choices. */
enum skd_outcome answers_score(struct skd_call *call, const struct store_assessment *assessment, const char *kept,
			       const char **quizzes, const char **failed) WARN_UNUSED;
/* As a credential has it: text as narrative, link as url, file by its name, of a quiz the points. */
enum skd_outcome answers_evidence(struct skd_call *call, const struct store_assessment *assessment, const char *kept,
				  const struct store_file *files, size_t file_count, const char **evidence) WARN_UNUSED;

#endif
