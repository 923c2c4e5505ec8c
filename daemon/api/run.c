/* SPDX-License-Identifier: Apache-2.0
 * /directory/runs as JSON. */
#include "api/nouns.h"

#include "rules/run.h"

#include <string.h>

enum { LINES_SHOWN = 5000 };

static void run_fields_write(struct json *json, const struct store_run *run)
{
	put_string(json, "id", run->id);
	run_facts_put(json, run);
	put_bool(json, "feed", run->feed);
	put_time(json, "started_at", run->started_at);
	put_time(json, "finished_at", run->finished_at);
	put_time(json, "decided_at", run->decided_at);
	put_string(json, "decided_by", run->decided_by);
}

static enum skd_outcome run_answer(struct skd_call *call, struct reply *out, const struct store_run *run)
{
	struct store_run_line *lines;
	size_t count;
	TRY(run_lines(call, run->id, LINES_SHOWN, &lines, &count));
	put_object(&out->json, NULL);
	run_fields_write(&out->json, run);
	put_array(&out->json, "lines");
	for (size_t i = 0; i < count; i++)
		run_line_put(&out->json, &lines[i]);
	put_array_end(&out->json);
	put_object_end(&out->json);
	out->etag = talloc_asprintf(call, "%s-%lld", run->state, (long long)run->finished_at);
	return SKD_OK;
}

static void said_write(struct json *json, const struct store_run_said *said)
{
	put_object(json, NULL);
	put_time(json, "at", said->at);
	put_string(json, "kind", said->kind);
	put_string(json, "run_id", said->run_id);
	put_string(json, "what", said->what);
	if (said->detail)
		put_raw(json, "detail", said->detail, strlen(said->detail));
	put_object_end(json);
}

enum skd_outcome api_person_history(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_run_said *said;
	size_t from, count;
	TRY(run_said(call, in->ids[0], &said, &count));
	TRY(list_slice(call, in->list, &from, &count));
	reply_list_begin(in, out);
	for (size_t i = from; i < from + count; i++)
		said_write(&out->json, &said[list_item(in->list, i)]);
	reply_list_end(in, out);
	return SKD_OK;
}

const struct field run_list_fields[] = {
	{"source", FIELD_TEXT, .most = 100},
	{"state", FIELD_ENUM, .words = "running|done|needs_approval|approved|dropped|failed"},
	{NULL}};

enum skd_outcome api_run_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_run *runs;
	size_t count;
	TRY(run_list(call, query_text(in, "source"), query_text(in, "state"), in->list, &runs, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++) {
		put_object(&out->json, NULL);
		run_fields_write(&out->json, &runs[i]);
		put_object_end(&out->json);
	}
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_run_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_run run;
	TRY(run_get(call, in->ids[0], &run));
	return run_answer(call, out, &run);
}

enum skd_outcome api_run_ask(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {
		{"source", FIELD_TEXT, .most = 100}, {"allow", FIELD_INT, .least = 1, .most = 1000000000}, {NULL}};
	struct value values[2] = {0};
	struct store_run run;
	if (in->body)
		TRY(body_read(call, in, fields, false, values));
	TRY(run_ask(call, values[0].text, values[1].given ? values[1].number : 0, &run));
	reply_created(call, out, "/api/v1/directory/runs", run.id);
	return run_answer(call, out, &run);
}

/* Deciding takes an empty object or nothing. */
static enum skd_outcome body_empty(struct skd_call *call, const struct request *in)
{
	static const struct field none[] = {{NULL}};
	return in->body ? body_read(call, in, none, false, NULL) : SKD_OK;
}

enum skd_outcome api_run_approve(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_run run;
	TRY(body_empty(call, in));
	TRY(run_approve(call, in->ids[0], &run));
	return run_answer(call, out, &run);
}

enum skd_outcome api_run_drop(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_run run;
	TRY(body_empty(call, in));
	TRY(run_drop(call, in->ids[0], &run));
	return run_answer(call, out, &run);
}
