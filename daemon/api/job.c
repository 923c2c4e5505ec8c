/* SPDX-License-Identifier: Apache-2.0
 * /jobs as JSON. */
#include "api/nouns.h"

#include "api/work.h"
#include "rules/job.h"

#include <string.h>

void job_write(struct json *json, const char *key, const struct store_job *job)
{
	put_object(json, key);
	put_string(json, "id", job->id);
	put_string(json, "kind", job->kind);
	put_string(json, "state", job->state);
	put_int(json, "done", job->done);
	put_int(json, "total", job->total);
	put_string(json, "account", job->account);
	if (strcmp(job->kind, "batch") == 0)
		put_string(json, "batch_id", job->object);
	if (strcmp(job->kind, "pathway_publish") == 0)
		put_string(json, "pathway_id", job->object);
	if (strcmp(job->state, "queued") == 0)
		put_time(json, "due_at", job->due_at);
	put_time(json, "created_at", job->created_at);
	put_time(json, "started_at", job->started_at);
	put_time(json, "finished_at", job->finished_at);
	put_string(json, "error", job->error);
	if (job->result)
		put_raw(json, "result", job->result, strlen(job->result));
	if (job->errors)
		put_raw(json, "errors", job->errors, strlen(job->errors));
	put_object_end(json);
}

const struct field job_list_fields[] = {{"state", FIELD_ENUM, .words = "queued|running|done|failed|cancelled"}, {NULL}};

enum skd_outcome api_job_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_job *jobs;
	size_t count;
	if (!in->list->sort)
		in->list->descending = true;
	TRY(job_list(call, query_text(in, "state"), in->list, &jobs, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		job_write(&out->json, NULL, &jobs[i]);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_job_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_job job;
	TRY(job_get(call, in->ids[0], &job));
	job_write(&out->json, NULL, &job);
	reply_fingerprint(call, out);
	return SKD_OK;
}

enum skd_outcome api_job_cancel(struct skd_call *call, const struct request *in, struct reply *out)
{
	TRY(job_cancel(call, in->ids[0]));
	out->status = 204;
	return SKD_OK;
}
