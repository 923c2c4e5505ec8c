/* SPDX-License-Identifier: Apache-2.0
 * The library of a daemon. */
#include "rules/verification.h"

#include "fetch/fetch.h"
#include "rules/actor.h"
#include "rules/counts.h"
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

/* Of the company, of an issuer within it, or one of their status lists. */
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
	if (!house->door || !place || strchr(place, '#'))
		return fail(call, SKD_ABSENT, "the document of %s is not known here", text_whole(call, address));
	work_pause(call);
	return fetch_get(call, house->door, place, VERIFY_JSON, &document->bytes, &mapped);
}

static struct verify_ask ask_of(struct skd_text badge, const char *recipient)
{
	return (struct verify_ask){.badge = badge, .recipient = recipient, .now = clock_now(), .library = {library_find, NULL}};
}

/* One of ours, whose id is its address. */
static void verification_count(struct skd_call *call, const struct verify_answer *answer)
{
	const char *place = talloc_asprintf(call, "%s/badges/", call->house->public_url);
	const char *id = answer->verdict == VERDICT_VERIFIED && answer->id ? behind(answer->id, place) : NULL;
	char credential[UUID_SIZE];
	if (id && uuid_parse(talloc_strndup(call, id, strcspn(id, "?")), credential))
		counts_add(call->house->counts, credential, COUNT_VERIFICATION);
}

enum skd_outcome verification_make(struct skd_call *call, struct skd_text badge, const char *recipient,
				   struct verify_answer *answer)
{
	const struct verify_ask ask = ask_of(badge, recipient);
	TRY(limit_ask(call, LIMIT_VERIFICATIONS, call->actor->account_id));
	limit_take(call, LIMIT_VERIFICATIONS, call->actor->account_id);
	verify_badge(call, &ask, answer);
	verification_count(call, answer);
	return SKD_OK;
}

void verification_endorsement(struct skd_call *call, struct skd_text document, struct verify_answer *answer)
{
	const struct verify_ask ask = ask_of(document, NULL);
	verify_endorsement(call, &ask, answer);
}
