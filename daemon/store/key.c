/* SPDX-License-Identifier: Apache-2.0
 * Keys. */
#include "store/key.h"

static const char KEY_ADD[] = "INSERT INTO signing_key (id, issuer_id, algorithm, public_key) VALUES ($1::uuid, $2::uuid, $3, $4::bytea)";
#define KEYS                                                                                                           \
	"SELECT k.id, i.id, i.key, i.name, k.algorithm, k.public_key, k.created_at, k.retired_at, k.revoked_at"        \
	" FROM signing_key k JOIN issuer i ON i.id = k.issuer_id"
#define NEWEST_FIRST " ORDER BY k.created_at DESC, k.id DESC"
static const char KEY_LIST[] = KEYS NEWEST_FIRST;
static const char KEYS_OF_ISSUER[] = KEYS " WHERE k.issuer_id = $1::uuid" NEWEST_FIRST; /* by itself: planned once */
static const char KEYS_OF_CREDENTIAL[] =
	KEYS " WHERE k.issuer_id = (SELECT c.issuer_id FROM credential c WHERE c.id = $1::uuid)" NEWEST_FIRST;
/* Issuers that have lists, and so badges or endorsements, and no key to sign them with. */
static const char KEY_LACKED[] =
	"SELECT i.id, i.name, EXISTS (SELECT FROM signing_key k WHERE k.issuer_id = i.id AND k.algorithm = 'ed25519') FROM issuer i"
	" WHERE EXISTS (SELECT FROM status_list l WHERE l.issuer_id = i.id) AND NOT EXISTS (SELECT FROM signing_key k"
	"  WHERE k.issuer_id = i.id AND k.algorithm = 'ed25519' AND k.retired_at = 'infinity') ORDER BY i.id";
static const char KEY_RETIRE[] = "UPDATE signing_key SET retired_at = now() WHERE id = $1::uuid AND retired_at = 'infinity'";
static const char KEY_REVOKE[] =
	"UPDATE signing_key SET retired_at = least(retired_at, now()), revoked_at = coalesce($2::timestamptz, now())"
	" WHERE id = $1::uuid AND revoked_at > coalesce($2::timestamptz, now())";

enum skd_outcome store_key_add(struct skd_call *call, const struct store_key *key)
{
	return db_run(call, KEY_ADD, ARGS(key->id, key->issuer_id, key->algorithm, arg_bytea(call, key->public_key, key->public_size)),
		      NULL);
}

enum skd_outcome store_key_ask(struct skd_call *call, const char *credential_id, struct rows **asked)
{
	return db_ask(call, KEYS_OF_CREDENTIAL, ARGS(credential_id), asked);
}

void store_key_read(struct skd_call *call, const struct rows *asked, struct store_key **keys, size_t *count)
{
	*count = (size_t)rows_count(asked);
	*keys = talloc_zero_array(call, struct store_key, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*keys)[i] = (struct store_key){
			row_uuid(asked, i, 0), row_uuid(asked, i, 1), row_text(asked, i, 2), row_text(asked, i, 3),
			row_text(asked, i, 4), (const uint8_t *)row_text(asked, i, 5), row_size(asked, i, 5),
			row_time(asked, i, 6), row_time(asked, i, 7), row_time(asked, i, 8)};
}

enum skd_outcome store_key_list(struct skd_call *call, const char *issuer_id, struct store_key **keys, size_t *count)
{
	struct rows *rows;
	TRY(issuer_id ? db_query(call, KEYS_OF_ISSUER, ARGS(issuer_id), &rows) : db_query(call, KEY_LIST, NO_ARGS, &rows));
	store_key_read(call, rows, keys, count);
	return SKD_OK;
}

/* Whoever signs may go on, and is not waited for: what is kept refers to its key. */
static const char KEY_HOLD[] =
	"SELECT FROM signing_key WHERE issuer_id = (SELECT issuer_id FROM signing_key WHERE id = $1::uuid) ORDER BY id FOR NO KEY UPDATE";
static const char KEY_LAST[] =
	"SELECT k.algorithm = 'ed25519' AND NOT EXISTS (SELECT FROM signing_key o WHERE o.issuer_id = k.issuer_id"
	" AND o.algorithm = 'ed25519' AND o.retired_at = 'infinity') FROM signing_key k WHERE k.id = $1::uuid";

enum skd_outcome store_key_end(struct skd_call *call, const char *id, int64_t revoked_at, bool *last)
{
	struct rows *rows;
	int64_t touched;
	TRY(db_run(call, KEY_HOLD, ARGS(id), NULL));
	TRY(revoked_at ? db_run(call, KEY_REVOKE, ARGS(id, revoked_at > 0 ? arg_time(call, revoked_at) : NULL), &touched)
		       : db_run(call, KEY_RETIRE, ARGS(id), &touched));
	if (!touched)
		return fail(call, SKD_CLASH, "there is no such key, or it has ended before%s",
			    revoked_at ? ", or was revoked from that date or an earlier one" : "");
	TRY(db_query(call, KEY_LAST, ARGS(id), &rows));
	*last = row_bool(rows, 0, 0);
	return SKD_OK;
}

enum skd_outcome store_key_lacked(struct skd_call *call, struct store_keyless **issuers, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, KEY_LACKED, NO_ARGS, &rows));
	*count = (size_t)rows_count(rows);
	*issuers = talloc_array(call, struct store_keyless, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*issuers)[i] = (struct store_keyless){row_uuid(rows, i, 0), row_text(rows, i, 1), row_bool(rows, i, 2)};
	return SKD_OK;
}
