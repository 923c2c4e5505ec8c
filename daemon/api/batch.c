/* SPDX-License-Identifier: Apache-2.0
 * /batches as JSON, and what comes in as a table: whose columns become the members that a row has in JSON. */
#include "api/nouns.h"

#include "api/rubric.h"
#include "api/work.h"
#include "base/csv.h"
#include "rules/batch.h"

#include <stdlib.h>
#include <string.h>

/* ---- out ---- */

static void batch_write(struct json *json, const struct store_batch *batch)
{
	put_object(json, NULL);
	put_string(json, "id", batch->id);
	put_string(json, "job_id", batch->job_id);
	put_string(json, "action", batch->action);
	put_named(json, "achievement", batch->achievement_id, "name", batch->achievement);
	put_string(json, "on_fault", batch->all_or_none ? "wait" : "skip");
	if (batch->scheduled_at)
		put_time(json, "at", batch->scheduled_at);
	put_string(json, "reason", batch->reason);
	put_bool(json, "notice", !batch->quiet);
	put_string(json, "state", batch->state);
	put_int(json, "done", batch->done);
	put_int(json, "total", batch->total);
	put_int(json, "faulty", batch->faulty);
	put_string(json, "account", batch->account);
	put_time(json, "created_at", batch->created_at);
	put_time(json, "finished_at", batch->finished_at);
	put_object_end(json);
}

const struct field batch_list_fields[] = {
	{"state", FIELD_ENUM, .words = "queued|running|done|failed|cancelled"},
	{"action", FIELD_ENUM, .words = "issue|replace|revoke|suspend|reinstate"}, {NULL}};
const struct field batch_row_fields[] = {{"state", FIELD_ENUM, .words = "waiting|done|faulty|dropped"}, {NULL}};

enum skd_outcome api_batch_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_batch *batches;
	size_t count;
	if (!in->list->sort)
		in->list->descending = true;
	TRY(batch_list(call, query_text(in, "state"), query_text(in, "action"), in->list, &batches, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		batch_write(&out->json, &batches[i]);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_batch_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_batch batch;
	TRY(batch_get(call, in->ids[0], &batch));
	batch_write(&out->json, &batch);
	reply_fingerprint(call, out);
	return SKD_OK;
}

static void row_write(struct json *json, const struct store_batch_row *row)
{
	put_object(json, NULL);
	put_int(json, "row", row->number);
	put_string(json, "state", row->state);
	put_named(json, "person", row->person_id, "name", row->person_name);
	put_string(json, "given", row->person);
	if (row->person_id)
		put_string(json, "credential_id", row->credential_id);
	put_string(json, "field", row->field);
	put_string(json, "message", row->fault);
	put_object_end(json);
}

enum skd_outcome api_batch_rows(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_batch_row *rows;
	size_t count;
	TRY(batch_rows(call, in->ids[0], query_text(in, "state"), in->list, &rows, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		row_write(&out->json, &rows[i]);
	reply_list_end(in, out);
	return SKD_OK;
}

/* ---- a row ---- */

enum { PERSON, ACHIEVEMENT, ISSUED_AT, VALID_FROM, EXPIRES_AT, NARRATIVE, EVIDENCE, RESULTS, ISSUE_FIELDS };
static const struct field issue_fields[ISSUE_FIELDS + 1] = {
	[PERSON] = {"person", FIELD_REF},
	[ACHIEVEMENT] = {"achievement", FIELD_REF},
	[ISSUED_AT] = {"issued_at", FIELD_TIME},
	[VALID_FROM] = {"valid_from", FIELD_TIME},
	[EXPIRES_AT] = {"expires_at", FIELD_TIME},
	[NARRATIVE] = {"narrative", FIELD_TEXT, .most = 10000},
	[EVIDENCE] = {"evidence", FIELD_JSON},
	[RESULTS] = {"results", FIELD_JSON},
};
enum { REPLACED, WHY, VERSION, BEGINS, ENDS, TOLD, PIECES, GOT, REPLACE_FIELDS };
/* Null is said of expires_at alone. */
static const struct field replace_fields[REPLACE_FIELDS + 1] = {
	[REPLACED] = {"credential", FIELD_REF, .required = true},
	[WHY] = {"reason", FIELD_TEXT, .required = true, .most = 2000},
	[VERSION] = {"achievement_version", FIELD_INT, .required = true, .least = 1, .most = INT32_MAX},
	[BEGINS] = {"valid_from", FIELD_TIME, .required = true},
	[ENDS] = {"expires_at", FIELD_TIME},
	[TOLD] = {"narrative", FIELD_TEXT, .required = true, .most = 10000},
	[PIECES] = {"evidence", FIELD_JSON, .required = true},
	[GOT] = {"results", FIELD_JSON, .required = true},
};
static const struct field turn_fields[] = {{"credential", FIELD_REF}, {"reason", FIELD_TEXT, .most = 2000}, {NULL}};

/* Their form is looked at here, and what they mean once the achievement is. */
static enum skd_outcome results_keep(struct skd_call *call, json_t *json, const char **kept)
{
	struct skd_result *results;
	size_t count;
	TRY(results_read(call, "/results", json, &results, &count));
	if (!json)
		return SKD_OK;
	char *text = json_dumps(json, JSON_COMPACT);
	*kept = talloc_strdup(call, text);
	free(text);
	return SKD_OK;
}

static enum skd_outcome issue_read(struct skd_call *call, json_t *json, struct store_batch_row *row)
{
	struct value v[ISSUE_FIELDS] = {0};
	TRY(fields_object(call, issue_fields, "", json, false, v));
	if (v[ACHIEVEMENT].text && !uuid_valid(v[ACHIEVEMENT].text))
		return fail_field(call, "/achievement", "must be an achievement's id");
	*row = (struct store_batch_row){.person = v[PERSON].text, .achievement_id = v[ACHIEVEMENT].text,
					.issued_at = value_time(&v[ISSUED_AT]), .valid_from = value_time(&v[VALID_FROM]),
					.expires_at = value_time(&v[EXPIRES_AT])};
	TRY(results_keep(call, v[RESULTS].json, &row->results));
	return evidence_read(call, v[EVIDENCE].json, v[NARRATIVE].text, &row->evidence);
}

static enum skd_outcome replace_read(struct skd_call *call, json_t *json, struct store_batch_row *row)
{
	struct value v[REPLACE_FIELDS] = {0};
	TRY(fields_object(call, replace_fields, "", json, true, v));
	if (v[REPLACED].text && !uuid_valid(v[REPLACED].text))
		return fail_field(call, "/credential", "must be a credential's id");
	*row = (struct store_batch_row){.replaces = v[REPLACED].text, .person = v[REPLACED].text, .reason = v[WHY].text,
					.version = v[VERSION].number, .issued_at = TIME_UNSET, .valid_from = value_time(&v[BEGINS]),
					.expires_at = v[ENDS].null ? TIME_NEVER : value_time(&v[ENDS])};
	TRY(results_keep(call, v[GOT].json, &row->results));
	return v[TOLD].given || v[PIECES].given ? evidence_read(call, v[PIECES].json, v[TOLD].text, &row->evidence) : SKD_OK;
}

static enum skd_outcome turn_read(struct skd_call *call, json_t *json, struct store_batch_row *row)
{
	struct value v[2] = {0};
	TRY(fields_object(call, turn_fields, "", json, false, v));
	if (v[0].text && !uuid_valid(v[0].text))
		return fail_field(call, "/credential", "must be a credential's id");
	row->credential_id = row->person = v[0].text;
	row->reason = v[1].text;
	return SKD_OK;
}

static const struct action {
	const char *name;
	const struct field *fields; /* of a row */
	enum skd_outcome (*read)(struct skd_call *call, json_t *json, struct store_batch_row *row);
	const char *key;    /* without it no row says anything */
	const char *either; /* nor without this, unless it is said of all; NULL: nothing */
	bool evidence;      /* a table may have its columns */
} actions[] = {
	{"issue", issue_fields, issue_read, "person", "achievement", true},
	{"replace", replace_fields, replace_read, "credential", "reason", true},
	{"revoke", turn_fields, turn_read, "credential", "reason", false},
	{"suspend", turn_fields, turn_read, "credential", "reason", false},
	{"reinstate", turn_fields, turn_read, "credential", NULL, false},
};

static const struct action *action_of(const struct store_batch *batch)
{
	const struct action *action = actions, *last = actions + sizeof actions / sizeof *actions - 1;
	while (action < last && strcmp(action->name, batch->action) != 0)
		action++;
	return action;
}

/* Who or which is meant by a row that something is wrong with; where that is what is wrong, in a form that can be shown. */
static const char *given_read(struct skd_call *call, const char *name, const json_t *row)
{
	const json_t *given = json_object_get(row, name);
	const char *text = json_string_value(json_is_object(given) ? json_object_get(given, "id") : given);
	bool wrong = false;
	for (size_t i = 0; i < call->error_count; i++)
		wrong = wrong || strcmp(call->errors[i].field + 1, name) == 0;
	return !text || !*text ? NULL : wrong ? text_shown(call, text) : text;
}

/* Columns beside those that are named as the members: of one piece of evidence. */
static const char *const evidence_columns[] = {"evidence_name", "evidence_url", NULL};

/* What of the evidence that a table's columns were folded into is at fault, as its column. */
static const char *field_of_table(const char *field)
{
	return !field || strncmp(field, "/evidence/0", 11) != 0 ? field
	       : strcmp(field, "/evidence/0/name") == 0		? "/evidence_name"
	       : strcmp(field, "/evidence/0/url") == 0		? "/evidence_url"
								: "/narrative";
}

static void row_spoil(const struct skd_call *call, const char *given, bool table, struct store_batch_row *row)
{
	const char *field = call->error_count ? call->errors[0].field : NULL;
	*row = (struct store_batch_row){
		.person = given, .issued_at = TIME_UNSET, .valid_from = TIME_UNSET, .expires_at = TIME_UNSET,
		.field = table ? field_of_table(field) : field,
		.fault = call->error_count ? call->errors[0].message : call->sentence};
}

/* In a call of its own, which takes its memory and what is wrong with it along. */
static enum skd_outcome row_take(struct skd_call *call, struct store_batch *batch, json_t *json, bool table)
{
	struct skd_call *one = call_new("row", 1000);
	const struct action *action = action_of(batch);
	struct store_batch_row row = {.issued_at = TIME_UNSET, .valid_from = TIME_UNSET, .expires_at = TIME_UNSET};
	enum skd_outcome outcome = !json_is_object(json) ? fail(one, SKD_BAD_INPUT, "must be an object")
							 : action->read(one, json, &row);
	if (outcome != SKD_OK)
		row_spoil(one, given_read(one, action->key, json), table, &row);
	outcome = batch_row(call, batch, &row);
	talloc_free(one);
	return outcome;
}

static enum skd_outcome rows_of_json(struct skd_call *call, struct store_batch *batch, json_t *rows)
{
	size_t i;
	json_t *item;
	json_array_foreach (rows, i, item)
		TRY(row_take(call, batch, item, false));
	return SKD_OK;
}

/* ---- a table ---- */

static bool column_known(const struct store_batch *batch, const char *name)
{
	const struct action *action = action_of(batch);
	for (const struct field *field = action->fields; field->name; field++)
		if (field->type != FIELD_JSON && strcmp(field->name, name) == 0)
			return true;
	return action->evidence && (strcmp(name, evidence_columns[0]) == 0 || strcmp(name, evidence_columns[1]) == 0);
}

static bool has_column(size_t count, const char *const *names, const char *name)
{
	bool found = false;
	for (size_t i = 0; i < count; i++)
		found = found || strcmp(names[i], name) == 0;
	return found;
}

/* What no row could have without it. */
static enum skd_outcome header_suffices(struct skd_call *call, const struct store_batch *batch, size_t count,
					const char *const *names)
{
	const struct action *action = action_of(batch);
	bool said = !action->either || (action->read == issue_read ? batch->achievement_id : batch->reason);
	if (!has_column(count, names, action->key))
		return fail_field(call, action->key, "is a column that the table needs");
	return said || has_column(count, names, action->either)
		       ? SKD_OK
		       : fail_field(call, action->either, "is needed, as a column or as a parameter for all rows");
}

static enum skd_outcome header_read(struct skd_call *call, const struct store_batch *batch, size_t count,
				    const char *const *names)
{
	for (size_t i = 0; i < count; i++) {
		if (!column_known(batch, names[i]))
			return fail_field(call, text_shown(call, names[i]), "is not a column here");
		if (has_column(i, names, names[i]))
			return fail_field(call, names[i], "is the name of two columns");
	}
	return header_suffices(call, batch, count, names);
}

/* As office programs of many countries write tables. */
static enum skd_outcome separator_check(struct skd_call *call, const char *bytes, size_t size)
{
	const char *end = memchr(bytes, '\n', size);
	size_t line = end ? (size_t)(end - bytes) : size;
	bool semicolons = memchr(bytes, ';', line), tabs = memchr(bytes, '\t', line);
	if (memchr(bytes, ',', line) || !(semicolons || tabs))
		return SKD_OK;
	return fail(call, SKD_BAD_INPUT, "the table's columns are separated by %s, and must be by commas",
		    semicolons ? "semicolons" : "tabs");
}

/* name, url and narrative become one piece of evidence where there is more than the narrative. */
static void evidence_fold(json_t *row)
{
	json_t *name = json_object_get(row, evidence_columns[0]), *url = json_object_get(row, evidence_columns[1]);
	if (!name && !url)
		return;
	json_t *piece = json_object();
	json_object_set(piece, "name", name);
	json_object_set(piece, "url", url);
	json_object_set(piece, "narrative", json_object_get(row, "narrative"));
	json_object_del(row, evidence_columns[0]);
	json_object_del(row, evidence_columns[1]);
	json_object_del(row, "narrative");
	json_object_set_new(row, "evidence", json_pack("[o]", piece));
}

/* What a cell says that is no string in JSON: of replace. */
static json_t *cell_read(const struct store_batch *batch, const char *name, const char *text)
{
	size_t size = strlen(text);
	if (strcmp(batch->action, "replace") == 0) {
		if (strcmp(name, replace_fields[ENDS].name) == 0 && strcmp(text, "never") == 0)
			return json_null();
		if (strcmp(name, replace_fields[VERSION].name) == 0 && size < 19 && strspn(text, "0123456789") == size)
			return json_integer(strtoll(text, NULL, 10));
	}
	return json_string_nocheck(text);
}

static enum skd_outcome record_take(struct skd_call *call, struct store_batch *batch, size_t count, const char *const *names,
				    const char *const *fields)
{
	json_t *row = json_object();
	for (size_t i = 0; i < count; i++)
		if (*fields[i])
			json_object_set_new(row, names[i], cell_read(batch, names[i], fields[i]));
	evidence_fold(row);
	enum skd_outcome outcome = row_take(call, batch, row, true);
	json_decref(row);
	return outcome;
}

static enum skd_outcome rows_of_table(struct skd_call *call, struct store_batch *batch, struct csv *csv, size_t count,
				      const char *const *names)
{
	const char *fields[CSV_COLUMNS];
	for (;;) {
		void *owner = talloc_new(call);
		TRY(csv_next(call, csv, owner, fields, &count));
		if (!count)
			return SKD_OK;
		TRY(record_take(call, batch, count, names, fields));
		talloc_free(owner);
	}
}

/* ---- in ---- */

enum { ACTION, OF, ON_FAULT, AT, REASON, NOTICE, ROWS, HEAD_FIELDS };
#define HEAD                                                                                                           \
	[ACTION] = {"action", FIELD_ENUM, .required = true, .words = "issue|replace|revoke|suspend|reinstate"},                   \
	[ON_FAULT] = {"on_fault", FIELD_ENUM, .words = "skip|wait"},                     \
	[AT] = {"at", FIELD_TIME}, [REASON] = {"reason", FIELD_TEXT, .most = 2000},     \
	[NOTICE] = {"notice", FIELD_BOOL}
const struct field batch_parameters[] = {HEAD, [OF] = {"achievement", FIELD_UUID}, [ROWS] = {NULL}};
static const struct field head_fields[HEAD_FIELDS + 1] = {HEAD, [OF] = {"achievement", FIELD_REF}, [ROWS] = {"rows", FIELD_JSON, .required = true}};

/* Whoever is issued something is told, and not why. */
static enum skd_outcome head_fits_issue(struct skd_call *call, const struct value *v, bool table)
{
	enum skd_outcome outcome = SKD_OK;
	for (int i = REASON; i <= NOTICE; i++)
		if (v[i].given)
			outcome = fail_field(call, talloc_asprintf(call, "%s%s", table ? "" : "/", head_fields[i].name),
					     "is for what is turned");
	return outcome;
}

static enum skd_outcome head_read(struct skd_call *call, const struct value *v, bool table, struct store_batch *batch)
{
	if (!v[ACTION].given)
		return fail_field(call, table ? "action" : "/action", "is required");
	if (v[OF].given && !uuid_valid(v[OF].text))
		return fail_field(call, "/achievement", "must be an achievement's id");
	if (strcmp(v[ACTION].text, "issue") == 0)
		TRY(head_fits_issue(call, v, table));
	*batch = (struct store_batch){.action = v[ACTION].text, .achievement_id = v[OF].given ? v[OF].text : NULL,
				      .all_or_none = v[ON_FAULT].given && strcmp(v[ON_FAULT].text, "wait") == 0,
				      .reason = v[REASON].given ? v[REASON].text : NULL, .scheduled_at = v[AT].number,
				      .quiet = v[NOTICE].given && !v[NOTICE].number};
	return SKD_OK;
}

static enum skd_outcome add_json(struct skd_call *call, const struct request *in, struct store_batch *batch, struct store_job *job)
{
	struct value v[HEAD_FIELDS] = {0};
	for (size_t i = 0; batch_parameters[i].name; i++)
		if (in->query[i].given)
			return fail_field(call, batch_parameters[i].name, "is a parameter of tables alone");
	TRY(body_read(call, in, head_fields, false, v));
	TRY(head_read(call, v, false, batch));
	if (!json_is_array(v[ROWS].json))
		return fail_field(call, "/rows", "must be an array");
	TRY(batch_begin(call, batch, "/achievement"));
	enum skd_outcome outcome = rows_of_json(call, batch, v[ROWS].json);
	return batch_end(call, batch, outcome == SKD_OK, job);
}

static enum skd_outcome add_table(struct skd_call *call, const struct request *in, struct store_batch *batch, struct store_job *job)
{
	const char *names[CSV_COLUMNS];
	struct csv csv;
	size_t count;
	if (!in->table.size)
		return fail(call, SKD_BAD_INPUT, "the table is empty");
	TRY(head_read(call, in->query, true, batch));
	TRY(separator_check(call, in->table.bytes, in->table.size));
	TRY(csv_begin(call, in->table.bytes, in->table.size, &csv));
	TRY(csv_next(call, &csv, call, names, &count));
	TRY(header_read(call, batch, count, names));
	TRY(batch_begin(call, batch, "achievement"));
	enum skd_outcome outcome = rows_of_table(call, batch, &csv, count, names);
	return batch_end(call, batch, outcome == SKD_OK, job);
}

enum skd_outcome api_batch_add(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_batch batch;
	struct store_job job;
	TRY(in->table.bytes ? add_table(call, in, &batch, &job) : add_json(call, in, &batch, &job));
	out->status = 202;
	out->location = talloc_asprintf(call, "/api/v1/jobs/%s", job.id);
	put_object(&out->json, NULL);
	job_write(&out->json, "job", &job);
	put_object_end(&out->json);
	return SKD_OK;
}
