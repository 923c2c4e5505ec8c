/* SPDX-License-Identifier: Apache-2.0
 * The library of a daemon. */
#include "rules/verification.h"

#include "fetch/fetch.h"
#include "rules/actor.h"
#include "rules/badge.h"
#include "rules/counts.h"
#include "rules/credential.h"
#include "rules/issuer.h"
#include "rules/limit.h"
#include "rules/status.h"
#include "rules/work.h"
#include "verify/shelf.h"

#include <string.h>

/* What stands behind `front`; NULL when the address does not begin so. */
static const char *behind(const char *address, const char *front)
{
	size_t size = strlen(front);
	return strncmp(address, front, size) == 0 ? address + size : NULL;
}

static enum skd_outcome issuer_find(struct skd_call *call, const char *id, struct skd_text *bytes)
{
	struct text text;
	struct json json;
	text_begin(&text, call, 1024);
	json_begin(&json, &text);
	TRY(issuer_did_document(call, id, &json));
	*bytes = (struct skd_text){text.bytes, text.size};
	return SKD_OK;
}

static enum skd_outcome list_find(struct skd_call *call, const char *id, struct skd_text *bytes)
{
	const char *list;
	TRY(status_get(call, id, &list));
	*bytes = (struct skd_text){list, strlen(list)};
	return SKD_OK;
}

/* ---- what is published here ---- */

/* A parameter's value, or NULL. */
static const char *parameter_of(struct skd_call *call, const char *query, const char *name)
{
	size_t size = strlen(name);
	for (const char *at = query; at; at = strchr(at, '&')) {
		at++;
		if (strncmp(at, name, size) == 0 && at[size] == '=')
			return talloc_strndup(call, at + size + 1, strcspn(at + size + 1, "&"));
	}
	return NULL;
}

/* The credential that a list is asked about. None has the id of zeros: a whole list is never made here. */
static const char *about_whom(struct skd_call *call, const char *about)
{
	const char *rest = about ? behind(about, "urn:uuid:") : NULL;
	char *id = talloc_zero_size(call, UUID_SIZE);
	return rest && uuid_parse(rest, id) ? id : "00000000-0000-0000-0000-000000000000";
}

static enum skd_outcome page_draft(struct skd_call *call, struct badge_kind kind, const char *id, const char *query,
				   const char *about, struct badge *page)
{
	const char *version = parameter_of(call, query, "version");
	if (kind.form->about == SKD_ABOUT_CREDENTIAL)
		return badge_get(call, id, kind, page);
	if (kind.form->about == SKD_ABOUT_ISSUER)
		return badge_issuer(call, id, parameter_of(call, query, "key"), about_whom(call, about), kind, page);
	if (version && (!*version || strlen(version) > 9 || version[strspn(version, "0123456789")]))
		return fail(call, SKD_ABSENT, "there is no such version");
	return badge_achievement(call, id, version, kind, page);
}

/* What stands behind the origin, in the form of JSON that is asked for: a badge is shown to whom its address shows it. */
static enum skd_outcome page_find(struct skd_call *call, const char *place, struct verify_document *document, bool *own)
{
	static const char *const nouns[] = {[SKD_ABOUT_CREDENTIAL] = "badges/", [SKD_ABOUT_ACHIEVEMENT] = "achievements/",
					    [SKD_ABOUT_ISSUER] = "issuers/"};
	const char *format = parameter_of(call, strchr(place, '?'), "format");
	for (size_t about = 0; format && about < sizeof nouns / sizeof *nouns; about++) {
		const char *rest = nouns[about] ? behind(place, nouns[about]) : NULL;
		struct badge_kind kind = badge_kind_named(call->house, (enum skd_about)about, format, strlen(format));
		char id[UUID_SIZE];
		struct badge page;
		if (!rest || !kind.form || !strstr(kind.form->types, "json") || !uuid_parse(talloc_strndup(call, rest, strcspn(rest, "?")), id))
			continue;
		TRY(page_draft(call, kind, id, strchr(rest, '?'), document->about, &page));
		document->bytes = (struct skd_text){(const char *)page.bytes, page.size};
		return SKD_OK;
	}
	*own = document->trusted = false;
	return SKD_OK;
}

/* Of the company, of an issuer within it, one of their status lists, or what else is published. */
static enum skd_outcome own_find(struct skd_call *call, const char *address, struct verify_document *document, bool *own)
{
	const char *company = issuer_did(call, "", "company"), *rest = behind(address, company), *id;
	*own = document->trusted = true;
	if (rest && !*rest)
		return issuer_find(call, NULL, &document->bytes);
	id = rest ? behind(rest, ":issuers:") : NULL;
	if (id && uuid_valid(id))
		return issuer_find(call, id, &document->bytes);
	id = behind(address, talloc_asprintf(call, "%s/status/", call->house->public_url));
	if (id && uuid_valid(id))
		return list_find(call, id, &document->bytes);
	id = behind(address, talloc_asprintf(call, "%s/", call->house->public_url));
	if (id)
		return page_find(call, id, document, own);
	*own = document->trusted = false;
	return SKD_OK;
}

static enum skd_outcome library_find(void *self, struct skd_call *call, const char *address, struct verify_document *document)
{
	const struct house *house = call->house;
	bool own, mapped;
	(void)self;
	TRY(work_resume(call));
	TRY(own_find(call, address, document, &own));
	if (own || (house->pinned && shelf_find(house->pinned, address, document)))
		return SKD_OK;
	const char *place = strncmp(address, "did:", 4) == 0 ? verify_did_place(call, address) : address;
	if (!house->door || !place || strchr(place, '#') || behind(place, talloc_asprintf(call, "%s/", house->public_url)))
		return fail(call, SKD_ABSENT, "the document of %s is not known here", text_whole(call, address));
	work_pause(call);
	return fetch_get(call, house->door, place, VERIFY_JSON, &document->bytes, &mapped);
}

static struct verify_ask ask_of(struct skd_text badge, const char *recipient)
{
	return (struct verify_ask){.badge = badge, .recipient = recipient, .now = clock_now(), .library = {library_find, NULL}};
}

/* ---- of ours ---- */

/* One that says it is ours: its id is its address, or in a signed one of Open Badges 2.0 a URN. */
static bool credential_of(struct skd_call *call, const struct verify_answer *answer, char id[UUID_SIZE])
{
	const char *company = issuer_did(call, "", "company"), *origin = call->house->public_url;
	const char *rest = answer->issuer ? behind(answer->issuer, company) : NULL;
	const char *page = answer->issuer ? behind(answer->issuer, talloc_asprintf(call, "%s/issuers/", origin)) : NULL;
	if (!answer->id || !(page || (rest && (!*rest || behind(rest, ":issuers:")))))
		return false;
	rest = behind(answer->id, talloc_asprintf(call, "%s/badges/", origin));
	rest = !rest && page ? behind(answer->id, "urn:uuid:") : rest;
	return rest && uuid_parse(talloc_strndup(call, rest, strcspn(rest, "?")), id);
}

static bool has_passed(const struct verify_answer *answer, enum verify_check check)
{
	return answer->checks[check].made && answer->checks[check].result == VERIFY_PASSED;
}

/* What is not there, or not for them to see, is not told of. */
static enum skd_outcome forgive_absent(struct skd_call *call, enum skd_outcome outcome)
{
	if (outcome != SKD_ABSENT)
		return outcome;
	call_forgive(call);
	return SKD_OK;
}

/* By which one it was superseded: for anyone where that is public, and for who sees the credential. */
static enum skd_outcome successor_find(struct skd_call *call, const char *id, const struct store_badge *facts, const char **by)
{
	struct store_credential credential = {0};
	if (!facts->award.superseded_by)
		TRY(forgive_absent(call, credential_get(call, id, &credential)));
	const char *found = facts->award.superseded_by ? facts->award.superseded_by : credential.superseded_by;
	*by = found ? talloc_asprintf(call, "%s/badges/%s", call->house->public_url, found) : NULL;
	return SKD_OK;
}

/* Whoever holds a genuine one may know what became of it; why, and what took its place, who sees the badge. */
static enum skd_outcome ended_tell(struct skd_call *call, const char *id, struct verify_answer *answer)
{
	struct store_badge facts;
	const char *by = NULL, *why = NULL;
	TRY(work_resume(call));
	enum skd_outcome outcome = badge_facts(call, id, &facts);
	bool seen = outcome == SKD_OK;
	TRY(forgive_absent(call, outcome));
	if (!seen && !(has_passed(answer, CHECK_SIGNATURE) && has_passed(answer, CHECK_ISSUER)))
		return SKD_OK;
	if (!seen)
		TRY(store_badge_get(call, id, &facts));
	const char *state = facts.award.state;
	if (seen) {
		if (strcmp(state, "superseded") == 0)
			TRY(successor_find(call, id, &facts, &by));
		why = facts.award.reason;
	}
	if (strcmp(state, "suspended") == 0 || strcmp(state, "revoked") == 0 || strcmp(state, "superseded") == 0)
		answer->checks[CHECK_STATUS].detail = verify_ended(call, state, by, why);
	return SKD_OK;
}

/* Of one of ours the registry knows more than its lists say. */
static enum skd_outcome own_tell(struct skd_call *call, struct verify_answer *answer)
{
	const struct verify_line *status = &answer->checks[CHECK_STATUS];
	char id[UUID_SIZE];
	if (!credential_of(call, answer, id))
		return SKD_OK;
	if (answer->verdict == VERDICT_VERIFIED)
		counts_add(call->house->counts, id, COUNT_VERIFICATION);
	if (!status->made || status->result != VERIFY_FAILED)
		return SKD_OK;
	return forgive_absent(call, ended_tell(call, id, answer));
}

enum skd_outcome verification_make(struct skd_call *call, struct skd_text badge, const char *recipient,
				   struct verify_answer *answer)
{
	const struct verify_ask ask = ask_of(badge, recipient);
	TRY(limit_ask(call, LIMIT_VERIFICATIONS, call->actor->account_id));
	limit_take(call, LIMIT_VERIFICATIONS, call->actor->account_id);
	verify_badge(call, &ask, answer);
	return own_tell(call, answer);
}

void verification_endorsement(struct skd_call *call, struct skd_text document, struct verify_answer *answer)
{
	const struct verify_ask ask = ask_of(document, NULL);
	verify_endorsement(call, &ask, answer);
}
