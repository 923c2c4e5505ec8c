/* SPDX-License-Identifier: Apache-2.0
 * Rules that put people on a pathway. */
#include "store/pathway_rule.h"

#define RULE_COLUMNS "r.id, r.pathway_id, u.id, u.name, coalesce(g.dn, r.group_dn), o.id, o.name, r.days, r.created_at"
/* $1 pathway, $2 whether groups are shown. */
#define RULE_FROM                                                                                                        \
	"FROM pathway_rule r LEFT JOIN unit u ON u.id = r.unit_id LEFT JOIN position o ON o.id = r.position_id"          \
	" LEFT JOIN directory_group g ON g.source = r.group_source AND g.external_id = r.group_external_id"             \
	" WHERE r.pathway_id = $1::uuid AND r.ended_at IS NULL AND (r.group_dn IS NULL OR $2::bool)"

static void rule_read(const struct rows *rows, int i, struct store_pathway_rule *r)
{
	*r = (struct store_pathway_rule){
		.id = row_uuid(rows, i, 0), .pathway_id = row_uuid(rows, i, 1), .unit_id = row_uuid(rows, i, 2), .unit = row_text(rows, i, 3),
		.group.dn = row_text(rows, i, 4), .position_id = row_uuid(rows, i, 5), .position = row_text(rows, i, 6),
		.days = (long)row_int(rows, i, 7), .created_at = row_time(rows, i, 8)};
}

static const char RULE_GET[] = "SELECT " RULE_COLUMNS " " RULE_FROM " AND r.id = $3::uuid";

enum skd_outcome store_pathway_rule_get(struct skd_call *call, bool everyone, const char *pathway_id, const char *id,
					struct store_pathway_rule *rule)
{
	struct rows *rows;
	TRY(db_query(call, RULE_GET, ARGS(pathway_id, arg_bool(everyone), id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such rule of the pathway");
	rule_read(rows, 0, rule);
	return SKD_OK;
}

enum skd_outcome store_pathway_rule_list(struct skd_call *call, bool everyone, const char *pathway_id, struct list *list,
					 struct store_pathway_rule **rules, size_t *count)
{
	static const struct list_order orders[] = {{"created_at", "r.created_at", "timestamptz"}, {NULL, NULL, NULL}};
	struct rows *rows;
	TRY(list_query(call, list, orders, RULE_COLUMNS, RULE_FROM, "r.id", ARGS(pathway_id, arg_bool(everyone)), &rows, count));
	*rules = talloc_zero_array(call, struct store_pathway_rule, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		rule_read(rows, i, &(*rules)[i]);
	return SKD_OK;
}

static const char RULE_ADD[] =
	"INSERT INTO pathway_rule (pathway_id, unit_id, group_source, group_external_id, group_dn, position_id, days)"
	" VALUES ($1::uuid, $2::uuid, $3, $4, $5, $6::uuid, $7::int) RETURNING id";

enum skd_outcome store_pathway_rule_add(struct skd_call *call, const struct store_pathway_rule *r, const char **id)
{
	struct rows *rows;
	TRY(db_query(call, RULE_ADD,
		     ARGS(r->pathway_id, r->unit_id, r->group.source, r->group.external_id, r->group.dn, r->position_id,
			  r->days ? arg_int(call, r->days) : NULL), &rows));
	*id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

static const char RULE_END[] = "UPDATE pathway_rule SET ended_at = now() WHERE id = $1::uuid AND ended_at IS NULL";

enum skd_outcome store_pathway_rule_end(struct skd_call *call, const char *id)
{
	int64_t touched;
	TRY(db_run(call, RULE_END, ARGS(id), &touched));
	return touched ? SKD_OK : fail(call, SKD_ABSENT, "there is no such rule of the pathway");
}
