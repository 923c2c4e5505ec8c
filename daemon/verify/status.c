/* SPDX-License-Identifier: Apache-2.0
 * Bitstring Status List 1.0, and 1EdTech's list of revoked credentials. A list counts when the badge's issuer signed it. */
#include "verify/check.h"

#include "sign/bits.h"
#include "sign/canon.h"

#include <stdlib.h>
#include <string.h>

enum { LEAST_ENTRIES = 131072, MOST_BYTES = 1 << 20, MOST_ENTRIES = 10 };

struct entry {
	const char *list, *purpose;
	size_t index;
};

static enum skd_outcome index_read(struct skd_call *call, const char *text, size_t *index)
{
	size_t size = text ? strspn(text, "0123456789") : 0;
	if (!size || text[size] || size > 9)
		return fail(call, SKD_BAD_INPUT, "the statusListIndex is not a decimal number in a string");
	*index = (size_t)atol(text);
	return SKD_OK;
}

static enum skd_outcome entry_read(struct skd_call *call, const json_t *status, struct entry *entry)
{
	const json_t *size = json_object_get(status, "statusSize");
	entry->list = canon_string(status, "statusListCredential");
	entry->purpose = canon_string(status, "statusPurpose");
	if (!entry->list || !entry->purpose)
		return fail(call, SKD_BAD_INPUT, "the credentialStatus has no statusListCredential or no statusPurpose");
	if (size && json_number_value(size) != 1)
		return fail(call, SKD_ABSENT, "status entries of more than one bit are not known here");
	return index_read(call, canon_string(status, "statusListIndex"), &entry->index);
}

/* ---- the list ---- */

static enum skd_outcome list_find(struct checking *c, const char *address, struct sealed *list)
{
	struct verify_document found = {0};
	const char *shown = text_whole(c->call, address);
	TRY(c->ask->library.find(c->ask->library.self, c->call, address, &found));
	TRY(sealed_read(c->call, talloc_asprintf(c->call, "the status list %s", shown), found.bytes, list));
	const char *id = canon_string(list->document, "id");
	if (!id || strcmp(id, address) != 0)
		return fail(c->call, SKD_DENIED, "what stands for the status list %s is another: its id is %s", shown,
			    id ? text_whole(c->call, id) : "absent");
	if (!has_type(list->document, "BitstringStatusListCredential"))
		return fail(c->call, SKD_DENIED, "%s is no BitstringStatusListCredential", shown);
	return SKD_OK;
}

static enum skd_outcome list_trust(struct checking *c, const struct sealed *list, const char *issuer)
{
	struct signatory signatory;
	const char *by = id_of(json_object_get(list->document, "issuer"));
	if (!by || strcmp(by, issuer) != 0)
		return fail(c->call, SKD_DENIED, "the status list is issued by %s, not by the badge's issuer",
			    by ? text_whole(c->call, by) : "nobody");
	enum skd_outcome outcome = sealed_verify(c->call, &c->ask->library, list, c->ask->now, &signatory);
	if (outcome != SKD_OK) {
		const char *why = talloc_strdup(c->call, c->call->sentence);
		call_forgive(c->call);
		return fail(c->call, outcome, "the status list is not to be relied on: %s", why);
	}
	if (strcmp(signatory.controller, issuer) != 0)
		return fail(c->call, SKD_DENIED, "the status list is signed by %s, not by the badge's issuer",
			    text_whole(c->call, signatory.controller));
	return SKD_OK;
}

static enum skd_outcome list_dates(struct checking *c, const json_t *list)
{
	const char *from = check_time(list, "validFrom"), *until = check_time(list, "validUntil");
	int64_t begin = INT64_MIN, end = TIME_NEVER;
	if ((from && !time_parse(from, &begin)) || (until && !time_parse(until, &end)))
		return fail(c->call, SKD_BAD_INPUT, "the status list's dates are none");
	if (begin > c->ask->now || end <= c->ask->now)
		return fail(c->call, SKD_DENIED, "the status list is not valid now: from %s, until %s", from ? from : "ever",
			    until ? until : "ever");
	return SKD_OK;
}

static enum skd_outcome list_bit(struct checking *c, const json_t *list, const struct entry *entry, bool *set)
{
	const json_t *subject = json_object_get(list, "credentialSubject");
	const char *purpose = canon_string(subject, "statusPurpose"), *text = canon_string(subject, "encodedList");
	uint8_t *bits;
	size_t size;
	if (!has_type(subject, "BitstringStatusList") || !text)
		return fail(c->call, SKD_DENIED, "the status list holds no BitstringStatusList");
	if (!purpose || strcmp(purpose, entry->purpose) != 0)
		return fail(c->call, SKD_DENIED, "the status list is one of %s, not of %s",
			    purpose ? text_shown(c->call, purpose) : "nothing", text_shown(c->call, entry->purpose));
	TRY(bits_decode(c->call, text, MOST_BYTES, &bits, &size));
	if (size * 8 < LEAST_ENTRIES)
		return fail(c->call, SKD_DENIED, "the status list has %zu entries, fewer than %d", size * 8, LEAST_ENTRIES);
	if (entry->index >= size * 8)
		return fail(c->call, SKD_DENIED, "the badge's index, %zu, is beyond the status list's %zu entries", entry->index,
			    size * 8);
	*set = bits_at(bits, size, entry->index);
	return SKD_OK;
}

/* ---- the list of what is revoked, by id ---- */

static const json_t *item_find(const json_t *list, const char *id)
{
	size_t i;
	json_t *item;
	json_array_foreach (json_object_get(list, "revokedCredential"), i, item) {
		const char *one = canon_string(item, "id");
		if (one && strcmp(one, id) == 0 && !json_is_false(json_object_get(item, "revoked")))
			return item;
	}
	return NULL;
}

/* A list may say more than that it is good no longer: ours do of what is public. */
static const char *item_words(struct checking *c, const json_t *item)
{
	const char *state = canon_string(item, "status"), *by = canon_string(item, "supersededBy");
	return verify_ended(c->call, state, by, canon_string(item, "revocationReason"));
}

/* NULL: the badge is not in it. */
static enum skd_outcome item_ask(struct checking *c, const char *issuer, const json_t **found)
{
	const char *id = canon_string(c->sealed.document, "id"), *place = NULL;
	struct verify_document bytes = {0};
	json_t *document, *service, *list;
	bool trusted;
	size_t i;
	*found = NULL;
	TRY(library_get(c->call, &c->ask->library, issuer, &document, &trusted));
	json_array_foreach (json_object_get(document, "service"), i, service)
		if (has_type(service, "1EdTechRevocationList"))
			place = canon_string(service, "serviceEndpoint");
	if (!id || !place)
		return SKD_OK;
	TRY(c->ask->library.find(c->ask->library.self, c->call, place, &bytes));
	TRY(sealed_json(c->call, "the list of revoked credentials", bytes.bytes, &list));
	*found = item_find(list, id);
	return SKD_OK;
}

/* Why the issuer's bit is set, as far as its list of revoked credentials is at hand. That is not signed: the bit counts. */
static const char *ended_words(struct checking *c, const char *issuer)
{
	const json_t *item;
	if (item_ask(c, issuer, &item) != SKD_OK)
		call_forgive(c->call);
	return item ? item_words(c, item) : verify_ended(c->call, NULL, NULL, NULL);
}

static enum skd_outcome bitstring_check(struct checking *c, const json_t *status, const char *issuer)
{
	struct sealed list;
	struct entry entry = {0};
	bool set = false;
	TRY(entry_read(c->call, status, &entry));
	TRY(list_find(c, entry.list, &list));
	TRY(list_trust(c, &list, issuer));
	TRY(list_dates(c, list.document));
	TRY(list_bit(c, list.document, &entry, &set));
	if (set && strcmp(entry.purpose, "revocation") == 0)
		return fail(c->call, SKD_DENIED, "%s", ended_words(c, issuer));
	if (set && strcmp(entry.purpose, "suspension") == 0)
		return fail(c->call, SKD_DENIED, "its issuer has suspended it");
	return set ? fail(c->call, SKD_ABSENT, "its issuer says \"%s\" of it", text_shown(c->call, entry.purpose)) : SKD_OK;
}

/* 1EdTech's list is not signed: it is worth what the place is worth where it was found. */
static enum skd_outcome revoked_check(struct checking *c, const json_t *status)
{
	const char *address = canon_string(status, "id"), *id = canon_string(c->sealed.document, "id");
	struct verify_document found = {0};
	json_t *list;
	if (!address || !id)
		return fail(c->call, SKD_BAD_INPUT, "the credentialStatus has no id");
	TRY(c->ask->library.find(c->ask->library.self, c->call, address, &found));
	TRY(sealed_json(c->call, "the list of revoked credentials", found.bytes, &list));
	if (!json_is_array(json_object_get(list, "revokedCredential")))
		return fail(c->call, SKD_BAD_INPUT, "the list of revoked credentials has no revokedCredential");
	const json_t *item = item_find(list, id);
	return item ? fail(c->call, SKD_DENIED, "%s", item_words(c, item)) : SKD_OK;
}

static void entry_check(struct checking *c, const json_t *status, const char *issuer)
{
	if (has_type(status, "BitstringStatusListEntry"))
		check_tell(c, CHECK_STATUS, bitstring_check(c, status, issuer ? issuer : ""),
			   "its issuer's list says it is neither revoked nor suspended");
	else if (has_type(status, "1EdTechRevocationList"))
		check_tell(c, CHECK_STATUS, revoked_check(c, status), "it is not in its issuer's list of revoked credentials");
	else
		check_say(c, CHECK_STATUS, VERIFY_UNKNOWN, "a credentialStatus of its type is not known here");
}

/* The worse of two: what failed, then what is unknown; both where they are as bad. */
static struct verify_line worse(struct checking *c, const struct verify_line *a, const struct verify_line *b)
{
	static const int weights[] = {[VERIFY_PASSED] = 0, [VERIFY_UNKNOWN] = 1, [VERIFY_FAILED] = 2};
	if (weights[a->result] != weights[b->result])
		return weights[a->result] > weights[b->result] ? *a : *b;
	if (strcmp(a->detail, b->detail) == 0)
		return *a;
	return (struct verify_line){true, a->result, talloc_asprintf(c->call, "%s; %s", a->detail, b->detail)};
}

void status_check(struct checking *c, const char *issuer)
{
	const json_t *status = json_object_get(c->sealed.document, "credentialStatus");
	struct verify_line *line = &c->answer->checks[CHECK_STATUS], before;
	size_t count = json_is_array(status) ? json_array_size(status) : status != NULL;
	if (!count)
		check_say(c, CHECK_STATUS, VERIFY_PASSED, "it names no list by which it could be revoked");
	if (count > MOST_ENTRIES) {
		check_say(c, CHECK_STATUS, VERIFY_FAILED, "it names more than %d lists by which it could be revoked", MOST_ENTRIES);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		before = *line;
		entry_check(c, json_is_array(status) ? json_array_get(status, i) : status, issuer);
		if (before.made)
			*line = worse(c, &before, line);
	}
}
