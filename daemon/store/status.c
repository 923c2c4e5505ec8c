/* SPDX-License-Identifier: Apache-2.0
 * Status lists. */
#include "store/status.h"

#include "store/credential.h"

/* Of a key that is retired only where none has come after it. */
#define STATUS                                                                                                         \
	"SELECT i.id, i.key, l.purpose, l.bits, l.version, l.changed_at, CASE WHEN l.signed_version = l.version AND EXISTS ("  \
	"  SELECT FROM signing_key k WHERE k.id = l.signed_by AND k.revoked_at = 'infinity' AND (k.retired_at = 'infinity' OR" \
	"   NOT EXISTS (SELECT FROM signing_key n WHERE n.issuer_id = k.issuer_id AND n.algorithm = k.algorithm"               \
	"    AND n.retired_at = 'infinity'))) THEN l.signed END"                                                                 \
	" FROM status_list l JOIN issuer i ON i.id = l.issuer_id WHERE l.id = $1::uuid"
static const char STATUS_GET[] = STATUS, STATUS_LOCK[] = STATUS " FOR UPDATE OF l";
static const char STATUS_SIGN[] =
	"UPDATE status_list SET signed = $3, signed_version = $2::bigint, signed_by = $4::uuid WHERE id = $1::uuid AND version = $2::bigint";
static const char STATUS_SET[] = "SELECT status_set($1::uuid, $2, $3::int)";

enum skd_outcome store_status_get(struct skd_call *call, const char *id, bool locked, struct store_status *status)
{
	struct rows *rows;
	TRY(db_query(call, locked ? STATUS_LOCK : STATUS_GET, ARGS(id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such list");
	*status = (struct store_status){
		.issuer_id = row_uuid(rows, 0, 0), .issuer_key = row_text(rows, 0, 1), .purpose = row_text(rows, 0, 2),
		.bits = (const uint8_t *)row_text(rows, 0, 3), .size = row_size(rows, 0, 3), .version = row_int(rows, 0, 4),
		.changed_at = row_time(rows, 0, 5), .signed_form = row_text(rows, 0, 6)};
	return SKD_OK;
}

enum skd_outcome store_status_sign(struct skd_call *call, const char *id, int64_t version, const char *form,
				    const char *key_id)
{
	return db_run(call, STATUS_SIGN, ARGS(id, arg_int(call, version), form, key_id), NULL);
}

enum skd_outcome store_status_set(struct skd_call *call, const char *credential_id, const char *purpose, bool bit)
{
	return db_send(call, STATUS_SET, ARGS(credential_id, purpose, bit ? "1" : "0"), NULL);
}

static const char REVOKED_LIST[] =
	"SELECT c.id, CASE WHEN v.is_public THEN c.state END, CASE WHEN v.is_public THEN c.reason END,"
	" CASE WHEN v.is_public THEN " SUPERSEDED_BY " END FROM credential c JOIN badge b ON b.credential_id = c.id"
	" CROSS JOIN LATERAL (SELECT " BADGE_VISIBILITY " = 'public' AS is_public) AS v"
	" WHERE c.issuer_id = $1::uuid AND " CREDENTIAL_GONE " ORDER BY c.id";
static const char STATUS_LIST[] = "SELECT id, purpose FROM status_list WHERE issuer_id = $1::uuid ORDER BY id";

enum skd_outcome store_revoked_list(struct skd_call *call, const char *issuer_id, struct store_revoked **revoked,
				    size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, REVOKED_LIST, ARGS(issuer_id), &rows));
	*count = (size_t)rows_count(rows);
	*revoked = talloc_array(call, struct store_revoked, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*revoked)[i] = (struct store_revoked){row_uuid(rows, i, 0), row_text(rows, i, 1), row_text(rows, i, 2), row_uuid(rows, i, 3)};
	return SKD_OK;
}

enum skd_outcome store_status_list(struct skd_call *call, const char *issuer_id, const char ***ids,
				   const char ***purposes, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, STATUS_LIST, ARGS(issuer_id), &rows));
	*count = (size_t)rows_count(rows);
	*ids = talloc_array(call, const char *, *count + 1);
	*purposes = talloc_array(call, const char *, *count + 1);
	for (int i = 0; i < (int)*count; i++) {
		(*ids)[i] = row_uuid(rows, i, 0);
		(*purposes)[i] = row_text(rows, i, 1);
	}
	return SKD_OK;
}
