/* SPDX-License-Identifier: Apache-2.0
 * /sessions and /tokens as JSON. */
#include "api/nouns.h"

#include "rules/session.h"

#include <string.h>

static void roles_write(struct json *json, unsigned roles)
{
	put_array(json, "roles");
	for (unsigned i = 0; role_names[i]; i++)
		if (roles & 1u << i)
			put_string(json, NULL, role_names[i]);
	put_array_end(json);
}

static void opened_write(struct skd_call *call, struct reply *out, struct session_opened *opened)
{
	struct json *json = &out->json;
	put_object(json, NULL);
	if (opened->talk_id) {
		reply_created(call, out, "/api/v1/sessions", opened->talk_id);
		out->status = 202;
		put_string(json, "id", opened->talk_id);
		put_array(json, "prompts");
		for (size_t i = 0; i < opened->prompt_count; i++) {
			put_object(json, NULL);
			put_string(json, "text", opened->prompts[i].text);
			put_bool(json, "echo", opened->prompts[i].echo);
			put_object_end(json);
		}
		put_array_end(json);
		put_time(json, "expires_at", opened->expires_at);
	} else {
		reply_created(call, out, "/api/v1/sessions", opened->id);
		put_string(json, "id", opened->id);
		put_string(json, "token", opened->token);
		put_time(json, "created_at", opened->created_at);
		put_time(json, "expires_at", opened->expires_at);
		put_string(json, "account", opened->account);
		put_string(json, "authenticator", opened->authenticator);
		put_named(json, "person", opened->person_id, "name", opened->person_name);
		roles_write(json, opened->roles);
	}
	put_object_end(json);
	if (!opened->talk_id)
		reply_fingerprint(call, out);
	explicit_bzero(opened->token, sizeof opened->token);
}

enum skd_outcome api_session_open(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {
		{"username", FIELD_TEXT, .required = true, .most = 256}, {"password", FIELD_SECRET, .required = true}, {NULL}};
	struct value values[2] = {0};
	struct session_opened opened = {0};
	TRY(body_read(call, in, fields, false, values));
	out->unauthorized = true;
	TRY(session_open(call, values[0].text, values[1].text, &opened));
	opened_write(call, out, &opened);
	return SKD_OK;
}

enum skd_outcome api_session_answer(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {{"answers", FIELD_JSON, .required = true}, {NULL}};
	struct value values[1] = {0};
	struct session_opened opened = {0};
	const char *answers[32];
	size_t i;
	json_t *item;
	TRY(body_read(call, in, fields, false, values));
	if (!json_is_array(values[0].json) || json_array_size(values[0].json) > 32)
		return fail_field(call, "/answers", "must be an array of at most 32 strings");
	json_array_foreach (values[0].json, i, item) {
		answers[i] = json_string_value(item);
		if (!answers[i])
			return fail_field(call, talloc_asprintf(call, "/answers/%zu", i), "must be a string");
	}
	out->unauthorized = true;
	TRY(session_answer(call, in->ids[0], json_array_size(values[0].json), answers, &opened));
	opened_write(call, out, &opened);
	return SKD_OK;
}

static void session_write(struct json *json, const struct store_session *session)
{
	put_object(json, NULL);
	put_string(json, "id", session->id);
	put_string(json, "account", session->account);
	put_string(json, "authenticator", session->authenticator);
	put_named(json, "person", session->person_id, "name", session->person_name);
	roles_write(json, session->roles);
	put_string(json, "address", session->address);
	put_time(json, "created_at", session->created_at);
	put_time(json, "last_used_at", session->seen_at);
	put_time(json, "expires_at", session->expires_at);
	put_object_end(json);
}

enum skd_outcome api_session_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_session *sessions;
	size_t count;
	if (!in->list->sort)
		in->list->descending = true;
	TRY(session_list(call, in->list, &sessions, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		session_write(&out->json, &sessions[i]);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_session_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_session session;
	TRY(session_get(call, in->ids[0], &session));
	session_write(&out->json, &session);
	reply_fingerprint(call, out);
	return SKD_OK;
}

enum skd_outcome api_session_drop(struct skd_call *call, const struct request *in, struct reply *out)
{
	out->status = 204;
	return session_drop(call, in->ids[0]);
}

/* ---- tokens ---- */

static void token_write(struct json *json, const struct store_token *token, const char *secret)
{
	put_object(json, NULL);
	put_string(json, "id", token->id);
	put_string(json, "name", token->name);
	if (secret)
		put_string(json, "token", secret);
	put_string(json, "hint", token->hint);
	put_array(json, "scopes");
	for (size_t i = 0; i < token->scope_count; i++)
		put_string(json, NULL, token->scopes[i]);
	put_array_end(json);
	put_time(json, "created_at", token->created_at);
	put_time(json, "last_used_at", token->seen_at);
	put_time(json, "expires_at", token->expires_at);
	put_object_end(json);
}

enum skd_outcome api_token_make(struct skd_call *call, const struct request *in, struct reply *out)
{
	static const struct field fields[] = {{"name", FIELD_TEXT, .required = true},
					      {"scopes", FIELD_TEXTS, .required = true},
					      {"expires_at", FIELD_TIME},
					      {NULL}};
	struct value v[3] = {0};
	struct store_token made;
	char token[TOKEN_SIZE];
	TRY(body_read(call, in, fields, false, v));
	struct token_order order = {v[0].text, v[1].texts, v[1].count, value_time(&v[2])};
	TRY(token_make(call, &order, token, &made));
	reply_created(call, out, "/api/v1/tokens", made.id);
	token_write(&out->json, &made, token);
	reply_fingerprint(call, out);
	explicit_bzero(token, sizeof token);
	return SKD_OK;
}

enum skd_outcome api_token_list(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_token *tokens;
	size_t count;
	TRY(token_list(call, in->list, &tokens, &count));
	reply_list_begin(in, out);
	for (size_t i = 0; i < count; i++)
		token_write(&out->json, &tokens[i], NULL);
	reply_list_end(in, out);
	return SKD_OK;
}

enum skd_outcome api_token_get(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_token token;
	TRY(token_get(call, in->ids[0], &token));
	token_write(&out->json, &token, NULL);
	reply_fingerprint(call, out);
	return SKD_OK;
}

enum skd_outcome api_token_drop(struct skd_call *call, const struct request *in, struct reply *out)
{
	out->status = 204;
	return token_drop(call, in->ids[0]);
}

/* ---- /me ---- */

enum skd_outcome api_me(struct skd_call *call, const struct request *in, struct reply *out)
{
	const struct actor *actor = call->actor;
	struct json *json = &out->json;
	(void)in;
	put_object(json, NULL);
	put_object(json, "account");
	put_string(json, "authenticator", actor->authenticator);
	put_string(json, "name", actor->account);
	put_object_end(json);
	put_named(json, "person", actor->person_id, "name", actor->person_name);
	roles_write(json, actor->roles);
	put_string(json, "session_id", actor->session_id);
	put_string(json, "token_id", actor->token_id);
	if (actor->token_id) {
		put_array(json, "scopes");
		for (size_t i = 0; i < actor->scope_count; i++)
			put_string(json, NULL, actor->scopes[i]);
		put_array_end(json);
	}
	put_object_end(json);
	reply_fingerprint(call, out);
	return SKD_OK;
}
