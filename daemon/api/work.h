/* SPDX-License-Identifier: Apache-2.0
 * What routes that begin long work share with those that show it, and batches with single credentials. */
#ifndef API_WORK_H
#define API_WORK_H

#include "api/entry.h"
#include "rules/job.h"

void job_write(struct json *json, const char *key, const struct store_job *job);

/* Checks each piece of evidence and writes it anew, so that nothing else is stored; in front of it a `narrative` alone, or
 * NULL. Complains of "/evidence/…". */
enum skd_outcome evidence_read(struct skd_call *call, json_t *array, const char *narrative, const char **evidence) WARN_UNUSED;

#endif
