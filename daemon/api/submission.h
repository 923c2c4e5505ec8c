/* SPDX-License-Identifier: Apache-2.0
 * A submission as an answer. */
#ifndef API_SUBMISSION_H
#define API_SUBMISSION_H

#include "api/entry.h"
#include "rules/submission.h"

void submission_reply(struct skd_call *call, struct reply *out, const struct store_submission *submission);

#endif
