/* SPDX-License-Identifier: Apache-2.0
 * Documents of issuers. */
#include "rules/issuer.h"

#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/detail.h"
#include "rules/group.h"
#include "rules/key.h"
#include "rules/outbox.h"
#include "rules/picture.h"
#include "store/picture.h"
#include "store/status.h"

#include <string.h>

const char *issuer_did(struct skd_call *call, const char *issuer_id, const char *issuer_key)
{
	const char *origin = call->house->public_url, *host = strstr(origin, "://");
	struct text did;
	text_begin(&did, call, 80);
	text_adds(&did, "did:web:");
	for (host = host ? host + 3 : origin; *host && *host != '/'; host++)
		if (*host == ':')
			text_adds(&did, "%3A");
		else
			text_add(&did, host, 1);
	if (strcmp(issuer_key, "company") != 0)
		text_addf(&did, ":issuers:%s", issuer_id);
	return text_end(&did);
}

static void jwk_put(struct json *json, const struct public_key *open, const char *kid)
{
	put_string(json, "kid", kid);
	put_string(json, "alg", key_algorithm_name(key_algorithm(open)));
	put_string(json, "use", "sig");
	key_put_jwk(json, open);
}

static enum skd_outcome method_put(struct skd_call *call, struct json *json, const char *did, const struct store_key *key)
{
	struct public_key *open;
	char multibase[KEY_MULTIBASE_SIZE];
	TRY(issuer_key_open(call, key, &open));
	const char *name = issuer_method(call, did, key, open);
	put_object(json, NULL);
	put_string(json, "id", name);
	put_string(json, "controller", did);
	put_time(json, "revoked", key->revoked_at);
	if (key_algorithm(open) == KEY_EDDSA && key_multibase(open, multibase)) {
		put_string(json, "type", "Multikey");
		put_string(json, "publicKeyMultibase", multibase);
	} else {
		put_string(json, "type", "JsonWebKey");
		put_object(json, "publicKeyJwk");
		jwk_put(json, open, name);
		put_object_end(json);
	}
	put_object_end(json);
	return SKD_OK;
}

static void service_put(struct json *json, const char *did, const char *fragment, const char *type, const char *place)
{
	put_object(json, NULL);
	put_string(json, "id", talloc_asprintf(json->to->owner, "%s#%s", did, fragment));
	put_string(json, "type", type);
	put_string(json, "serviceEndpoint", place);
	put_object_end(json);
}

/* Where it says what is good no longer. */
static enum skd_outcome services_put(struct skd_call *call, struct json *json, const char *did, const char *issuer_id)
{
	const char *origin = call->house->public_url, **ids, **purposes;
	size_t count;
	TRY(store_status_list(call, issuer_id, &ids, &purposes, &count));
	put_array(json, "service");
	service_put(json, did, "revocations", "1EdTechRevocationList",
		    talloc_asprintf(call, "%s/issuers/%s/revocations", origin, issuer_id));
	for (size_t i = 0; i < count; i++)
		service_put(json, did, talloc_asprintf(call, "%s-%s", purposes[i], ids[i]), "BitstringStatusListCredential",
			    talloc_asprintf(call, "%s/status/%s", origin, ids[i]));
	put_array_end(json);
	return SKD_OK;
}

enum skd_outcome issuer_did_document(struct skd_call *call, const char *issuer_id, struct json *json)
{
	struct store_issuer issuer;
	struct store_key *keys;
	size_t count;
	struct public_key *open;
	TRY(store_issuer_get(call, issuer_id, &issuer));
	TRY(store_key_list(call, issuer.id, &keys, &count));
	const char *did = issuer_did(call, issuer.id, issuer.key);
	put_object(json, NULL);
	put_array(json, "@context");
	put_string(json, NULL, "https://www.w3.org/ns/did/v1");
	put_string(json, NULL, "https://w3id.org/security/multikey/v1");
	put_string(json, NULL, "https://w3id.org/security/jwk/v1");
	put_array_end(json);
	put_string(json, "id", did);
	put_array(json, "verificationMethod");
	for (size_t i = 0; i < count; i++)
		TRY(method_put(call, json, did, &keys[i]));
	put_array_end(json);
	put_array(json, "assertionMethod");
	for (size_t i = 0; i < count; i++) {
		TRY(issuer_key_open(call, &keys[i], &open));
		put_string(json, NULL, issuer_method(call, did, &keys[i], open));
	}
	put_array_end(json);
	TRY(services_put(call, json, did, issuer.id));
	put_object_end(json);
	return SKD_OK;
}

enum skd_outcome issuer_jwks(struct skd_call *call, struct json *json)
{
	struct store_key *keys;
	size_t count;
	TRY(store_key_list(call, NULL, &keys, &count));
	put_object(json, NULL);
	put_array(json, "keys");
	for (size_t i = 0; i < count; i++) {
		const char *did = issuer_did(call, keys[i].issuer_id, keys[i].issuer_key);
		struct public_key *open;
		TRY(issuer_key_open(call, &keys[i], &open));
		put_object(json, NULL);
		jwk_put(json, open, issuer_method(call, did, &keys[i], open));
		put_time(json, "created_at", keys[i].created_at);
		put_time(json, "retired_at", keys[i].retired_at);
		put_time(json, "revoked_at", keys[i].revoked_at);
		put_object_end(json);
	}
	put_array_end(json);
	put_object_end(json);
	return SKD_OK;
}

/* ---- who issues ---- */

enum skd_outcome issuer_get(struct skd_call *call, const char *id, struct store_issuer *issuer)
{
	return id && !uuid_valid(id) ? fail(call, SKD_ABSENT, "there is no such issuer") : store_issuer_get(call, id, issuer);
}

enum skd_outcome issuer_must_exist(struct skd_call *call, const char *field, const char *id)
{
	struct store_issuer issuer;
	return id ? absent_as_field(call, field, issuer_get(call, id, &issuer)) : SKD_OK;
}

enum skd_outcome issuer_list(struct skd_call *call, const char *state, struct list *list, struct store_issuer **issuers,
			     size_t *count)
{
	return store_issuer_list(call, state, list, issuers, count);
}

static bool is_company(const struct store_issuer *issuer)
{
	return strcmp(issuer->key, "company") == 0;
}

static enum skd_outcome content_check(struct skd_call *call, const struct store_issuer *issuer)
{
	if (issuer->mail && !strchr(issuer->mail, '@'))
		return fail_field(call, "/mail", "must be a mail address");
	for (size_t i = 0; i < issuer->group_count; i++)
		if (!strchr(issuer->groups[i], '='))
			return fail_field(call, talloc_asprintf(call, "/groups/%zu", i), "must be the DN of a group");
	return SKD_OK;
}

static enum skd_outcome groups_put(struct skd_call *call, const struct store_issuer *issuer)
{
	const char **sources, **keys;
	size_t count;
	group_keys(call, issuer->groups, issuer->group_count, &sources, &keys, &count);
	return store_issuer_groups(call, issuer->id, count, sources, keys);
}

enum skd_outcome issuer_company_put(struct skd_call *call)
{
	const struct house *h = call->house;
	return store_issuer_put(call, &(struct store_issuer){.name = h->issuer_name, .url = h->issuer_url, .mail = h->issuer_mail,
							     .description = h->issuer_description, .image_url = h->issuer_image});
}

enum skd_outcome issuer_settle(struct skd_call *call)
{
	struct store_issuer *issuers;
	size_t count;
	TRY(issuer_company_put(call));
	TRY(store_issuer_grouped(call, &issuers, &count));
	for (size_t i = 0; i < count; i++)
		TRY(groups_put(call, &issuers[i]));
	return SKD_OK;
}

static void names_put(struct json *json, const char *key, size_t count, const char *const *names)
{
	put_array(json, key);
	for (size_t i = 0; i < count; i++)
		put_string(json, NULL, names[i]);
	put_array_end(json);
}

/* For the audit: who may issue was decided here. */
static const char *change_of(struct skd_call *call, const struct store_issuer *old, const struct store_issuer *issuer)
{
	bool same = old->group_count == issuer->group_count;
	struct text text;
	struct json json;
	for (size_t i = 0; same && i < old->group_count; i++)
		same = strcmp(old->groups[i], issuer->groups[i]) == 0;
	text_begin(&text, call, 256);
	json_begin(&json, &text);
	put_object(&json, NULL);
	put_string(&json, "name", issuer->name);
	put_string(&json, "state", issuer->state);
	if (!same) {
		put_object(&json, "groups");
		names_put(&json, "from", old->group_count, old->groups);
		names_put(&json, "to", issuer->group_count, issuer->groups);
		put_object_end(&json);
	}
	put_object_end(&json);
	return text_end(&text);
}

/* Reads back what was written and closes with the audit entry. */
static enum skd_outcome told(struct skd_call *call, const char *action, const char *kind, const struct store_issuer *old,
			     const char *id, struct store_issuer *issuer)
{
	TRY(store_issuer_get(call, id, issuer));
	TRY(groups_put(call, issuer));
	const struct store_notice notice = {
		.kind = kind, .noun = "issuer", .object = id, .detail = detail_of(call, "state", issuer->state, NULL)};
	TRY(outbox_add(call, &notice));
	return audit_done(call, action, "issuer", id, change_of(call, old, issuer));
}

enum skd_outcome issuer_add(struct skd_call *call, struct store_issuer *issuer)
{
	const struct store_issuer none = {0};
	const char *id;
	TRY(content_check(call, issuer));
	TRY(store_issuer_add(call, issuer, &id));
	return told(call, "issuer.add", "issuer.created", &none, id, issuer);
}

/* Whatever picture it had before goes. */
static enum skd_outcome changed(struct skd_call *call, struct store_issuer *issuer)
{
	struct store_issuer old;
	TRY(store_issuer_get(call, issuer->id, &old));
	TRY(store_issuer_set(call, issuer));
	if (old.picture_id && (!issuer->picture_id || strcmp(old.picture_id, issuer->picture_id) != 0))
		TRY(store_picture_drop(call, old.picture_id));
	return told(call, "issuer.set", "issuer.edited", &old, issuer->id, issuer);
}

enum skd_outcome issuer_set(struct skd_call *call, struct store_issuer *issuer)
{
	if (is_company(issuer))
		return fail(call, SKD_CLASH, "the company is as the configuration says: change it there");
	TRY(content_check(call, issuer));
	return changed(call, issuer);
}

enum skd_outcome issuer_picture_set(struct skd_call *call, enum skd_image kind, struct skd_text picture,
				    struct store_issuer *issuer)
{
	TRY(picture_take(call, kind, picture, &issuer->picture_id));
	issuer->image_url = is_company(issuer) ? issuer->image_url : NULL;
	return changed(call, issuer);
}

enum skd_outcome issuer_picture_get(struct skd_call *call, const char *id, enum skd_image kind, struct picture *picture)
{
	struct store_issuer issuer;
	TRY(store_issuer_get(call, id, &issuer));
	return issuer.picture_id ? picture_get(call, issuer.picture_id, kind, picture)
				 : fail(call, SKD_ABSENT, "the issuer has no image here");
}

const char *issuer_image_place(struct skd_call *call, const char *id, const char *image_url, const char *picture_id)
{
	return picture_id ? talloc_asprintf(call, "%s/issuers/%s/image", call->house->public_url, id) : image_url;
}

static enum skd_outcome may_act(struct skd_call *call, const struct store_issuer *issuer, unsigned others)
{
	bool member = is_company(issuer) || actor_has(call, others);
	if (!member && actor_has(call, ROLE_ISSUER) && call->actor->person_id)
		TRY(store_issuer_member(call, call->actor->person_id, issuer->id, &member));
	return member ? SKD_OK : fail(call, SKD_DENIED, "for %s issue those with the role who are in its groups", issuer->name);
}

static enum skd_outcome may(struct skd_call *call, const char *id, unsigned others, bool fresh)
{
	struct store_issuer issuer;
	TRY(store_issuer_get(call, id, &issuer));
	TRY(may_act(call, &issuer, others));
	if (fresh && strcmp(issuer.state, "active") != 0)
		return fail(call, SKD_CLASH, "%s is archived and issues no more", issuer.name);
	return SKD_OK;
}

enum skd_outcome issuer_may_issue(struct skd_call *call, const char *id, bool fresh)
{
	return may(call, id, 0, fresh);
}

enum skd_outcome issuer_may_write(struct skd_call *call, const char *id, bool fresh)
{
	return may(call, id, ROLE_SEES_ALL, fresh);
}

enum skd_outcome issuer_revocations(struct skd_call *call, const char *issuer_id, struct json *json)
{
	const char *origin = call->house->public_url;
	struct store_issuer issuer;
	struct store_revoked *revoked;
	size_t count;
	TRY(store_issuer_get(call, issuer_id, &issuer));
	TRY(store_revoked_list(call, issuer.id, &revoked, &count));
	put_object(json, NULL);
	put_string(json, "id", talloc_asprintf(call, "%s/issuers/%s/revocations", origin, issuer.id));
	put_string(json, "issuer", issuer_did(call, issuer.id, issuer.key));
	put_array(json, "revokedCredential");
	for (const struct store_revoked *at = revoked; at < revoked + count; at++) {
		put_object(json, NULL);
		put_string(json, "id", talloc_asprintf(call, "%s/badges/%s", origin, at->credential_id));
		put_bool(json, "revoked", true);
		put_string(json, "revocationReason", at->reason);
		put_string(json, "status", at->state);
		if (at->superseded_by)
			put_string(json, "supersededBy", talloc_asprintf(call, "%s/badges/%s", origin, at->superseded_by));
		put_object_end(json);
	}
	put_array_end(json);
	put_object_end(json);
	return SKD_OK;
}
