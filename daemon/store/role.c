/* SPDX-License-Identifier: Apache-2.0
 * Roles: which groups give them, who is in those groups, since when. */
#include "store/access.h"

/* Whoever writes the rules and whoever holds grants against them wait for each other: of two that do not
 * see each other's rows, neither would give the roles. */
static const char ROLE_LOCK[] = "LOCK TABLE role_group IN SHARE ROW EXCLUSIVE MODE";

/* What stays keeps what the last complete run found of it: another daemon may have made that run. */
static const char ROLE_GROUPS_DROP[] =
	"DELETE FROM role_group r WHERE NOT EXISTS (SELECT FROM unnest($1::text[], $2::text[], $3::text[])"
	" AS w (role, source, ref) WHERE (w.role, w.source, w.ref) = (r.role, r.source, r.ref))";
static const char ROLE_GROUP_ADD[] =
	"INSERT INTO role_group (role, source, ref, group_key) VALUES ($1, $2, $3, $4)"
	" ON CONFLICT (role, source, ref) DO UPDATE SET group_key = excluded.group_key";

enum skd_outcome store_role_groups_put(struct skd_call *call, size_t count, const struct store_role_rule *rules)
{
	const char **roles = talloc_zero_array(call, const char *, count + 1), **sources = talloc_zero_array(call, const char *, count + 1),
		   **refs = talloc_zero_array(call, const char *, count + 1);
	for (size_t i = 0; i < count; i++) {
		roles[i] = rules[i].role;
		sources[i] = rules[i].source;
		refs[i] = rules[i].ref;
	}
	struct args kept = ARGS(arg_array(call, count, roles), arg_array(call, count, sources), arg_array(call, count, refs));
	TRY(db_run(call, ROLE_LOCK, NO_ARGS, NULL));
	TRY(db_run(call, ROLE_GROUPS_DROP, kept, NULL));
	for (size_t i = 0; i < count; i++)
		TRY(db_run(call, ROLE_GROUP_ADD, ARGS(rules[i].role, rules[i].source, rules[i].ref, rules[i].key), NULL));
	return SKD_OK;
}

/* By the DN and nothing else; a plain name only while one group of that directory has it, so that nobody
 * gets a role by making a group of the same name. */
#define ROLE_GROUP_IS                                                                                                  \
	"g.source = r.source AND NOT g.lost AND (g.key = r.group_key OR (r.group_key IS NULL AND lower(g.name) = lower(r.ref)" \
	" AND (SELECT count(*) FROM directory_group o WHERE o.source = r.source AND NOT o.lost"                        \
	"  AND lower(o.name) = lower(r.ref)) = 1))"

/* Every configured group with all groups inside it, however deep. UNION ends where groups contain each other. */
#define ROLE_TOPS                                                                                                      \
	"WITH RECURSIVE within (role, top, group_id) AS ("                                                             \
	" SELECT r.role, g.id, g.id FROM role_group r JOIN directory_group g ON " ROLE_GROUP_IS
#define ROLE_INNER                                                                                                     \
	" UNION SELECT w.role, w.top, n.member_id FROM within w JOIN group_group n ON n.group_id = w.group_id AND NOT n.lost),"

#define ROLE_WITHIN ROLE_TOPS ROLE_INNER

/* Whom a member's entry gives a role: its human, while both may sign in and nobody doubts that they are one. By the
 * index, since members are few. */
#define ROLE_HOLDER                                                                                                    \
	"(SELECT CASE WHEN p.human IS NULL OR p.human = p.id THEN p.id ELSE (SELECT h.id FROM person h"                \
	"   WHERE h.id = p.human AND h.absent_since IS NULL AND NOT h.disabled"                                        \
	"   AND NOT EXISTS (SELECT FROM same_doubt d WHERE d.person_id IN (p.id, h.id))) END"                          \
	"  FROM person p WHERE p.id = gp.person_id AND p.absent_since IS NULL AND NOT p.disabled)"

/* Who should hold what, of the roles $2, or of all. Through two directories with the same DN: once. */
#define ROLE_WANTED                                                                                                    \
	ROLE_TOPS " WHERE ($2::text[] IS NULL OR r.role = ANY ($2::text[]))" ROLE_INNER                                \
	" member AS MATERIALIZED (SELECT w.role, " ROLE_HOLDER " AS person_id, g.source, g.dn, g.name"                 \
	"  FROM within w JOIN group_person gp ON gp.group_id = w.group_id AND NOT gp.lost"                            \
	"  JOIN directory_group g ON g.id = w.top),"    \
	" wanted AS (SELECT DISTINCT ON (role, person_id, dn) * FROM member WHERE person_id IS NOT NULL"               \
	"  ORDER BY role, person_id, dn, source)"

static const char ROLE_END[] =
	ROLE_WANTED
	", ended AS (UPDATE role_grant h SET until = now() WHERE h.until = 'infinity'"
	"  AND ($2::text[] IS NULL OR h.role = ANY ($2::text[])) AND NOT EXISTS"
	"  (SELECT FROM wanted w WHERE (w.role, w.person_id, w.dn) = (h.role, h.person_id, h.group_dn))"
	"  RETURNING h.role, h.person_id, h.group_dn)"
	" INSERT INTO directory_run_line (run_id, kind, person_id, what, detail)"
	" SELECT $1::uuid, 'role_lost', person_id, role, jsonb_build_object('group', group_dn) FROM ended"
	" WHERE $1::uuid IS NOT NULL";

static const char ROLE_BEGIN[] =
	ROLE_WANTED
	", begun AS (INSERT INTO role_grant (role, person_id, source, group_dn, group_name)"
	"  SELECT w.role, w.person_id, w.source, w.dn, w.name FROM wanted w WHERE NOT EXISTS"
	"   (SELECT FROM role_grant h WHERE h.until = 'infinity'"
	"    AND (w.role, w.person_id, w.dn) = (h.role, h.person_id, h.group_dn))"
	"  RETURNING role, person_id, group_dn)"
	" INSERT INTO directory_run_line (run_id, kind, person_id, what, detail)"
	" SELECT $1::uuid, 'role_gained', person_id, role, jsonb_build_object('group', group_dn) FROM begun"
	" WHERE $1::uuid IS NOT NULL";

/* A plain name may be another group's now. */
static const char ROLES_TOUCHED[] =
	ROLE_WITHIN
	" touched AS (SELECT w.role FROM stage s JOIN directory_group g ON g.source = $1 AND g.external_id = s.id"
	"   JOIN within w ON w.group_id = g.id WHERE s.kind = 'g'"
	"  UNION SELECT r.role FROM role_group r WHERE r.source = $1 AND r.group_key IS NULL)"
	" SELECT coalesce(array_agg(role), '{}')::text FROM touched";

enum skd_outcome store_role_touched(struct skd_call *call, const char *source, const char **roles)
{
	struct rows *rows;
	TRY(db_query(call, ROLES_TOUCHED, ARGS(source), &rows));
	*roles = row_text(rows, 0, 0);
	return SKD_OK;
}

enum skd_outcome store_role_refresh(struct skd_call *call, const char *run_id, const char *roles, bool gains,
				    int64_t *changed)
{
	int64_t lost = 0, gained = 0;
	TRY(db_send(call, ROLE_LOCK, NO_ARGS, NULL));
	TRY(db_send(call, ROLE_END, ARGS(run_id, roles), &lost));
	if (gains)
		TRY(db_send(call, ROLE_BEGIN, ARGS(run_id, roles), &gained));
	TRY(db_wait(call));
	*changed = lost + gained;
	return SKD_OK;
}

/* A person may be in several groups within the one that is configured: itself first, then by DN. */
static const char GRANT_LIST[] =
	ROLE_WITHIN
	" member AS MATERIALIZED (SELECT gp.group_id, " ROLE_HOLDER " AS person_id FROM group_person gp"
	"  WHERE NOT gp.lost AND gp.group_id IN (SELECT group_id FROM within)),"
	" via AS (SELECT DISTINCT ON (w.role, t.dn, m.person_id) w.role, t.dn AS top_dn, m.person_id, g.dn, g.name"
	"  FROM within w JOIN member m ON m.group_id = w.group_id JOIN directory_group g ON g.id = w.group_id"
	"  JOIN directory_group t ON t.id = w.top ORDER BY w.role, t.dn, m.person_id, g.id <> t.id, g.dn)"
	" SELECT h.role, p.id, p.name, p.username, h.group_dn, h.group_name, nullif(v.dn, h.group_dn), v.name, h.since"
	" FROM role_grant h JOIN person p ON p.id = h.person_id"
	" LEFT JOIN via v ON (v.role, v.top_dn, v.person_id) = (h.role, h.group_dn, h.person_id)"
	" WHERE h.until = 'infinity' ORDER BY h.role, p.name, p.id, h.group_dn LIMIT 100000";

enum skd_outcome store_grant_list(struct skd_call *call, struct store_grant **grants, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, GRANT_LIST, NO_ARGS, &rows));
	*count = (size_t)rows_count(rows);
	*grants = talloc_zero_array(call, struct store_grant, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*grants)[i] = (struct store_grant){
			.role = row_text(rows, i, 0), .person_id = row_uuid(rows, i, 1), .person_name = row_text(rows, i, 2),
			.username = row_text(rows, i, 3), .group_dn = row_text(rows, i, 4), .group_name = row_text(rows, i, 5),
			.via_dn = row_text(rows, i, 6), .via_name = row_text(rows, i, 7), .since = row_time(rows, i, 8)};
	return SKD_OK;
}

/* ---- the configured groups ---- */

static enum skd_outcome role_groups_read(struct skd_call *call, const char *sql, struct args args,
					 struct store_role_group **groups, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, sql, args, &rows));
	*count = (size_t)rows_count(rows);
	*groups = talloc_zero_array(call, struct store_role_group, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*groups)[i] = (struct store_role_group){row_text(rows, i, 0), row_text(rows, i, 1), row_text(rows, i, 2),
							 row_text(rows, i, 3), row_text(rows, i, 4)};
	return SKD_OK;
}

static const char ROLE_GROUP_LIST[] =
	"SELECT r.role, r.ref, g.dn, g.name, r.trouble FROM role_group r LEFT JOIN directory_group g ON " ROLE_GROUP_IS
	" ORDER BY 1, 2, 3";

enum skd_outcome store_role_group_list(struct skd_call *call, struct store_role_group **groups, size_t *count)
{
	return role_groups_read(call, ROLE_GROUP_LIST, NO_ARGS, groups, count);
}

static const char ROLE_GROUP_LOOK[] =
	"UPDATE role_group r SET trouble = f.trouble FROM (SELECT r.role, r.ref,"
	"  CASE count(g.id) WHEN 0 THEN 'missing' WHEN 1 THEN NULL ELSE 'ambiguous' END AS trouble"
	"  FROM role_group r LEFT JOIN directory_group g ON g.source = r.source AND NOT g.lost"
	"  AND (g.key = r.group_key OR (r.group_key IS NULL AND lower(g.name) = lower(r.ref)))"
	"  WHERE r.source = $1 GROUP BY r.role, r.ref) AS f"
	" WHERE r.source = $1 AND (r.role, r.ref) = (f.role, f.ref) AND r.trouble IS DISTINCT FROM f.trouble"
	" RETURNING r.role, r.ref, NULL::text, NULL::text, r.trouble";

enum skd_outcome store_role_group_look(struct skd_call *call, const char *source, struct store_role_group **news,
				       size_t *count)
{
	return role_groups_read(call, ROLE_GROUP_LOOK, ARGS(source), news, count);
}
