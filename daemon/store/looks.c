/* SPDX-License-Identifier: Apache-2.0
 * Looks by day. */
#include "store/looks.h"

/* Who leads nobody is above nobody: that is found once for each viewer. Whoever is being erased is waited for. In one order, so that two who write at once wait for each other once. Roles: 4 issuer, 8 hr,
 * 16 auditor, 32 admin. */
static const char LOOKS_ADD[] =
	"WITH s AS (SELECT p.id, coalesce(p.human, p.id) AS human FROM person p WHERE p.id = ANY ($3::uuid[])"
	"  AND p.erased_at IS NULL ORDER BY p.id FOR KEY SHARE),"
	" w AS MATERIALIZED (SELECT v.id, v.human, EXISTS (SELECT FROM person m WHERE m.manager_id = v.human)"
	"   OR EXISTS (SELECT FROM left_alone l WHERE l.meanwhile = v.human) AS leads"
	"  FROM (SELECT p.id, coalesce(p.human, p.id) AS human FROM person p WHERE p.id IN (SELECT unnest($1::uuid[]))) AS v),"
	" t AS (SELECT s.human AS subject, v.human AS viewer, v.leads, a.id AS account, t.what, t.roles, t.number"
	"  FROM unnest($1::uuid[], $2::bool[], $3::uuid[], $4::text[], $5::int[], $6::bigint[])"
	"   AS t (viewer, is_person, subject, what, roles, number) JOIN s ON s.id = t.subject"
	"  LEFT JOIN w v ON t.is_person AND v.id = t.viewer LEFT JOIN account a ON NOT t.is_person AND a.id = t.viewer"
	"  WHERE num_nonnulls(v.id, a.id) = 1 AND s.human IS DISTINCT FROM v.human)"
	" INSERT INTO look AS l (subject_id, day, viewer_id, account_id, relation, what, number)"
	" SELECT t.subject, (now() AT TIME ZONE 'UTC')::date, t.viewer, t.account, r.relation, t.what, sum(t.number)"
	"  FROM t CROSS JOIN LATERAL (SELECT CASE WHEN t.leads AND is_above(t.viewer, t.subject) THEN 'manager'"
	"   WHEN t.roles & 4 <> 0 AND person_seen(false, t.viewer, true, t.subject) THEN 'issuer'"
	"   WHEN t.roles & 8 <> 0 THEN 'hr' WHEN t.roles & 32 <> 0 THEN 'admin' WHEN t.roles & 16 <> 0 THEN 'auditor'"
	"   ELSE 'colleague' END AS relation) AS r"
	"  GROUP BY t.subject, t.viewer, t.account, r.relation, t.what ORDER BY t.subject, t.viewer, t.account, r.relation, t.what"
	" ON CONFLICT (subject_id, day, viewer_id, account_id, relation, what) DO UPDATE SET number = l.number + excluded.number";

enum skd_outcome store_looks_add(struct skd_call *call, const struct store_looks *l)
{
	return db_run(call, LOOKS_ADD,
		      ARGS(arg_array(call, l->count, l->viewers), arg_array(call, l->count, l->are_people),
			   arg_array(call, l->count, l->subjects), arg_array(call, l->count, l->whats),
			   arg_array(call, l->count, l->roles), arg_array(call, l->count, l->numbers)),
		      NULL);
}

enum skd_outcome store_looks_list(struct skd_call *call, const char *person_id, struct list *list, struct store_look **looks,
				  size_t *count)
{
	static const struct list_order orders[] = {{"day", "l.day", "date"}, {NULL, NULL, NULL}};
	static const char columns[] =
		"l.id, coalesce(v.human, v.id), h.name, CASE WHEN a.name = '' THEN 'erased' ELSE a.authenticator || ':' || a.name END,"
		" l.relation, l.what, to_char(l.day, 'YYYY-MM-DD'), l.number";
	static const char where[] =
		"FROM look l LEFT JOIN person v ON v.id = l.viewer_id LEFT JOIN person h ON h.id = coalesce(v.human, v.id)"
		" LEFT JOIN account a ON a.id = l.account_id WHERE l.subject_id IN (SELECT $1::uuid UNION SELECT e.id FROM person o"
		"  JOIN person e ON e.human = o.human WHERE o.id = $1::uuid)";
	struct rows *rows;
	TRY(list_query(call, list, orders, columns, where, "l.id", ARGS(person_id), &rows, count));
	*looks = talloc_zero_array(call, struct store_look, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*looks)[i] = (struct store_look){
			.id = row_uuid(rows, i, 0), .viewer_id = row_uuid(rows, i, 1), .viewer = row_text(rows, i, 2),
			.account = row_text(rows, i, 3), .relation = row_text(rows, i, 4), .what = row_text(rows, i, 5),
			.day = row_text(rows, i, 6), .number = row_int(rows, i, 7)};
	return SKD_OK;
}

static const char LOOKS_SWEEP[] =
	"DELETE FROM look WHERE ctid = ANY (ARRAY(SELECT l.ctid FROM look l"
	" WHERE l.day < ((now() - $1::bigint * interval '1 millisecond') AT TIME ZONE 'UTC')::date LIMIT $2::bigint))";

enum skd_outcome store_looks_sweep(struct skd_call *call, long keep_ms, int64_t most, int64_t *swept)
{
	return db_run(call, LOOKS_SWEEP, ARGS(arg_int(call, keep_ms), arg_int(call, most)), swept);
}
