/* SPDX-License-Identifier: Apache-2.0
 * Keys. */
#include "rules/key.h"

#include "rules/audit.h"
#include "rules/detail.h"
#include "rules/issuer.h"
#include "rules/outbox.h"

#include <string.h>

enum skd_outcome issuer_key_open(struct skd_call *call, const struct store_key *key, struct public_key **open)
{
	if (key_from_der(call, key->public_key, key->public_size, open) == SKD_OK)
		return SKD_OK;
	call_forgive(call);
	return fail(call, SKD_FAULT, "what is stored as key %s is none", key->id);
}

const char *issuer_method(struct skd_call *call, const char *did, const struct store_key *key, const struct public_key *open)
{
	char multibase[KEY_MULTIBASE_SIZE];
	bool named = key_algorithm(open) == KEY_EDDSA && key_multibase(open, multibase);
	return talloc_asprintf(call, "%s#%s", did, named ? multibase : key->id);
}

static enum skd_outcome key_told(struct skd_call *call, const char *action, const char *kind, const char *id,
				  const char *detail)
{
	const struct store_notice notice = {.kind = kind, .noun = "key", .object = id};
	TRY(outbox_add(call, &notice));
	return audit_note(call, action, "ok", "key", id, detail);
}

static const char *const algorithms[] = {[KEY_EDDSA] = "ed25519", [KEY_ES256] = "p256", [KEY_RS256] = "rsa2048"};

enum skd_outcome issuer_key_fits(struct skd_call *call, const char *issuer_id, const char *algorithm,
				 struct store_issuer *issuer)
{
	bool known = false;
	for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
		known = known || strcmp(algorithms[i], algorithm) == 0;
	if (!known)
		return fail(call, SKD_BAD_INPUT, "%s is no algorithm: ed25519, p256 or rsa2048", algorithm);
	if (issuer_id && !uuid_valid(issuer_id))
		return fail(call, SKD_BAD_INPUT, "there is no issuer %s", issuer_id);
	TRY(issuer_company_put(call));
	return store_issuer_get(call, issuer_id, issuer);
}

enum skd_outcome issuer_key_add(struct skd_call *call, const char *issuer_id, const struct store_key *key)
{
	struct store_key added = *key;
	struct store_issuer issuer;
	struct public_key *open;
	TRY(issuer_key_fits(call, issuer_id, key->algorithm, &issuer));
	TRY(key_from_der(call, key->public_key, key->public_size, &open));
	if (strcmp(algorithms[key_algorithm(open)], key->algorithm) != 0)
		return fail(call, SKD_BAD_INPUT, "key %s is not of the algorithm %s", key->id, key->algorithm);
	added.issuer_id = issuer.id;
	TRY(store_key_add(call, &added));
	return key_told(call, "key.add", "key.created", key->id, NULL);
}

const char *issuer_key_state(const struct store_key *key)
{
	return key->revoked_at != TIME_NEVER ? "revoked" : key->retired_at != TIME_NEVER ? "retired" : "active";
}

enum skd_outcome issuer_key_list(struct skd_call *call, const char *issuer, const char *state, struct store_key **keys,
				 size_t *count)
{
	size_t whole;
	TRY(issuer_must_exist(call, "issuer", issuer));
	TRY(store_key_list(call, issuer, keys, &whole));
	*count = 0;
	for (size_t i = 0; i < whole; i++)
		if (!state || strcmp(state, issuer_key_state(&(*keys)[i])) == 0)
			(*keys)[(*count)++] = (*keys)[i];
	return SKD_OK;
}

enum skd_outcome issuer_key_put(struct skd_call *call, struct json *json, const struct store_key *key)
{
	struct public_key *open;
	TRY(issuer_key_open(call, key, &open));
	put_string(json, "verification_method", issuer_method(call, issuer_did(call, key->issuer_id, key->issuer_key), key, open));
	put_object(json, "public_key");
	key_put_jwk(json, open);
	put_object_end(json);
	return SKD_OK;
}

enum skd_outcome issuer_key_end(struct skd_call *call, const char *id, int64_t revoked, bool *last)
{
	char since[TIME_SIZE];
	if (revoked > clock_now())
		return fail(call, SKD_BAD_INPUT, "the date is to come, and what is revoked is what was signed up to now");
	TRY(store_key_end(call, id, revoked, last));
	if (*last && !revoked)
		return fail(call, SKD_CLASH, "it is the last Ed25519 key of its issuer, who could revoke no badge any more: make "
			    "another first");
	if (!revoked)
		return key_told(call, "key.retire", "key.retired", id, NULL);
	time_format(revoked > 0 ? revoked : clock_now(), since);
	return key_told(call, "key.revoke", "key.revoked", id, detail_of(call, "since", since, NULL));
}
