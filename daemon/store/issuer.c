/* SPDX-License-Identifier: Apache-2.0
 * Issuers. */
#include "store/issuer.h"

#define ISSUER_COLUMNS "i.id, i.key, i.name, i.url, i.mail, i.description, i.groups, i.state, i.version, i.image_url, i.picture_id, i.sandbox"

static void issuer_read(const struct rows *rows, int i, struct store_issuer *issuer)
{
	size_t count;
	const char *const *groups = row_texts(rows, i, 6, &count);
	*issuer = (struct store_issuer){
		.id = row_uuid(rows, i, 0), .key = row_text(rows, i, 1), .name = row_text(rows, i, 2), .url = row_text(rows, i, 3),
		.mail = row_text(rows, i, 4), .description = row_text(rows, i, 5), .groups = groups, .group_count = count,
		.state = row_text(rows, i, 7), .version = row_int(rows, i, 8),
		.image_url = row_text(rows, i, 9), .picture_id = row_uuid(rows, i, 10), .sandbox = row_bool(rows, i, 11)};
}

static const char ISSUER_GET[] =
	"SELECT " ISSUER_COLUMNS " FROM issuer i WHERE i.id = $1::uuid OR ($1::uuid IS NULL AND i.key = 'company')";

enum skd_outcome store_issuer_get(struct skd_call *call, const char *id, struct store_issuer *issuer)
{
	struct rows *rows;
	TRY(db_query(call, ISSUER_GET, ARGS(id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such issuer");
	issuer_read(rows, 0, issuer);
	return SKD_OK;
}

enum skd_outcome store_issuer_list(struct skd_call *call, const char *state, struct list *list,
				   struct store_issuer **issuers, size_t *count)
{
	static const struct list_order orders[] = {{"name", "i.name", "text"}, {NULL, NULL, NULL}};
	struct rows *rows;
	TRY(list_query(call, list, orders, ISSUER_COLUMNS, "FROM issuer i WHERE ($1::text IS NULL OR i.state = $1)", "i.id",
		       ARGS(state), &rows, count));
	*issuers = talloc_zero_array(call, struct store_issuer, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		issuer_read(rows, i, &(*issuers)[i]);
	return SKD_OK;
}

static const char ISSUER_PUT[] =
	"INSERT INTO issuer AS i (key, name, url, mail, description, image_url) VALUES ('company', $1, $2, $3, $4, $5)"
	" ON CONFLICT (key) DO UPDATE SET name = excluded.name, url = excluded.url, mail = excluded.mail,"
	" description = excluded.description, image_url = excluded.image_url,"
	" version = i.version + (CASE WHEN (i.name, i.url, i.mail, i.description, i.image_url) IS DISTINCT FROM"
	"  (excluded.name, excluded.url, excluded.mail, excluded.description, excluded.image_url) THEN 1 ELSE 0 END)";

enum skd_outcome store_issuer_put(struct skd_call *call, const struct store_issuer *company)
{
	const struct store_issuer *c = company;
	return db_run(call, ISSUER_PUT, ARGS(c->name, c->url, c->mail, c->description, c->image_url), NULL);
}

static const char ISSUER_ADD[] =
	"INSERT INTO issuer (id, key, name, url, mail, description, groups, image_url, sandbox)"
	" SELECT fresh, fresh::text, $1, $2, $3, $4, $5::text[], $6, $7::bool FROM uuid7() AS fresh RETURNING id";

enum skd_outcome store_issuer_add(struct skd_call *call, const struct store_issuer *i, const char **id)
{
	struct rows *rows;
	TRY(db_query(call, ISSUER_ADD,
		     ARGS(i->name, i->url, i->mail, i->description, arg_array(call, i->group_count, i->groups), i->image_url,
			  arg_bool(i->sandbox)),
		     &rows));
	*id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

static const char ISSUER_SET[] =
	"UPDATE issuer SET name = $3, url = $4, mail = $5, description = $6, groups = $7::text[], state = $8,"
	" image_url = $9, picture_id = $10::uuid,"
	" version = version + 1 WHERE id = $1::uuid AND version = $2::bigint";

enum skd_outcome store_issuer_set(struct skd_call *call, const struct store_issuer *i)
{
	int64_t touched;
	TRY(db_run(call, ISSUER_SET,
		   ARGS(i->id, arg_int(call, i->version), i->name, i->url, i->mail, i->description,
			arg_array(call, i->group_count, i->groups), i->state, i->image_url, i->picture_id),
		   &touched));
	return touched ? SKD_OK : fail(call, SKD_STALE, "the issuer was changed since you read it: read it again");
}

static const char ISSUERS_BY_GROUPS[] = "SELECT " ISSUER_COLUMNS " FROM issuer i WHERE i.groups <> '{}' ORDER BY i.id";

enum skd_outcome store_issuer_grouped(struct skd_call *call, struct store_issuer **issuers, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, ISSUERS_BY_GROUPS, NO_ARGS, &rows));
	*count = (size_t)rows_count(rows);
	*issuers = talloc_zero_array(call, struct store_issuer, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		issuer_read(rows, i, &(*issuers)[i]);
	return SKD_OK;
}

static const char GROUPS_PUT[] =
	"WITH said AS (SELECT DISTINCT * FROM unnest($2::text[], $3::text[]) AS s (source, key)),"
	" gone AS (DELETE FROM issuer_group x WHERE x.issuer_id = $1::uuid AND NOT EXISTS (SELECT FROM said s"
	"  WHERE s.source = x.source AND s.key COLLATE \"C\" = x.key))"
	" INSERT INTO issuer_group (issuer_id, source, key) SELECT $1::uuid, source, key FROM said ON CONFLICT DO NOTHING";

enum skd_outcome store_issuer_groups(struct skd_call *call, const char *id, size_t count, const char *const *sources,
				     const char *const *keys)
{
	return db_run(call, GROUPS_PUT, ARGS(id, arg_array(call, count, sources), arg_array(call, count, keys)), NULL);
}

static const char ISSUER_MEMBER[] = "SELECT $2::uuid IN (SELECT issuers_of($1::uuid))";

enum skd_outcome store_issuer_member(struct skd_call *call, const char *person_id, const char *id, bool *member)
{
	struct rows *rows;
	TRY(db_query(call, ISSUER_MEMBER, ARGS(person_id, id), &rows));
	*member = row_bool(rows, 0, 0);
	return SKD_OK;
}
