/* SPDX-License-Identifier: Apache-2.0
 * Places in groups: of whom they have to be found again, and which are lost by a picture that is not applied yet.
 * Changes nothing but temporary tables. */
#include "store/diff.h"

/* People whose place in groups has to be found again. */
static const char SCOPE[] =
	"INSERT INTO scope SELECT c.person_id FROM arrived c LEFT JOIN person p ON p.id = c.person_id"
	"  AND p.absent_since IS NULL WHERE (p.key, p.username) IS DISTINCT FROM (c.key, c.username)"
	" UNION SELECT id FROM gone WHERE kind = 'p'"
	/* and the namesakes they had and will have: one alone may be meant by a username */
	" UNION SELECT o.id FROM (SELECT username FROM arrived UNION SELECT p.username FROM arrived c"
	"   JOIN person p ON p.id = c.person_id UNION SELECT p.username FROM gone g JOIN person p ON p.id = g.id) AS n"
	"  JOIN group_member m ON m.by_name AND m.ref = n.username"
	"  JOIN person o ON lower(o.username) = lower(n.username) AND o.source = $1 AND o.absent_since IS NULL";

/* ---- which are lost ---- */

/* Groups that are not as they were; those that have gone have no key. */
#define NEWS                                                                                                           \
	"news AS MATERIALIZED (SELECT g.id, g.external_id, s.key FROM stage s JOIN directory_group g ON g.source = $1" \
	"  AND g.external_id = s.id WHERE s.kind = 'g'"                                                                \
	" UNION ALL SELECT g.id, g.external_id, NULL FROM gone o JOIN directory_group g ON g.id = o.id WHERE o.kind = 'g')"

/* What may be lost: people in groups, and groups in groups. */
#define WAS                                                                                                            \
	"was AS MATERIALIZED ("                                                                                        \
	" SELECT gp.group_id, gp.person_id AS id FROM news n JOIN group_person gp ON gp.group_id = n.id"               \
	" UNION SELECT gp.group_id, gp.person_id FROM scope c JOIN group_person gp ON gp.person_id = c.person_id"      \
	" UNION SELECT gg.group_id, gg.member_id FROM news n JOIN group_group gg ON gg.group_id = n.id"                \
	" UNION SELECT gg.group_id, gg.member_id FROM news n JOIN group_group gg ON gg.member_id = n.id)"

/* Usernames that mean nobody, since two have them. */
#define SHARED                                                                                                         \
	"shared AS MATERIALIZED (SELECT username FROM (SELECT person_id, username FROM arrived"                        \
	"  UNION SELECT o.id, o.username FROM arrived c JOIN person o ON lower(o.username) = lower(c.username)"        \
	"   AND o.username = c.username AND o.source = $1 AND o.absent_since IS NULL"                                  \
	"   WHERE NOT EXISTS (SELECT FROM arrived x WHERE x.person_id = o.id)"                                         \
	"   AND NOT EXISTS (SELECT FROM gone x WHERE x.id = o.id)) AS n GROUP BY username HAVING count(*) > 1)"

/* How the directory names them now; who has gone has no name. */
#define PLACES                                                                                                         \
	"here AS MATERIALIZED (SELECT w.group_id, p.id, n.external_id, coalesce(c.username, p.username) AS username,"  \
	"  CASE WHEN c.person_id IS NULL THEN p.key ELSE c.key END AS key"                                             \
	"  FROM was w JOIN person p ON p.id = w.id AND p.absent_since IS NULL LEFT JOIN arrived c ON c.person_id = p.id" \
	"  LEFT JOIN news n ON n.id = w.group_id WHERE NOT EXISTS (SELECT FROM gone o WHERE o.id = p.id)),"            \
	" place AS MATERIALIZED (SELECT group_id, id, external_id, key AS ref, false AS by_name FROM here"             \
	"  UNION ALL SELECT group_id, id, external_id, username, true FROM here"                                       \
	"   WHERE username NOT IN (SELECT username FROM shared)"                                                       \
	"  UNION ALL SELECT w.group_id, g.id, o.external_id, CASE WHEN n.id IS NULL THEN g.key ELSE n.key END, false"  \
	"   FROM was w JOIN directory_group g ON g.id = w.id LEFT JOIN news n ON n.id = g.id"                          \
	"   LEFT JOIN news o ON o.id = w.group_id)"

static const char LOST[] =
	"WITH " NEWS ", " WAS ", " SHARED ", " PLACES
	" INSERT INTO lost SELECT group_id, id FROM was EXCEPT ("
	"  SELECT p.group_id, p.id FROM place p JOIN stage s ON s.kind = 'm' AND s.id = p.external_id"
	"   AND coalesce(s.parent_key, s.username) = p.ref AND (s.parent_key IS NULL) = p.by_name"
	"  UNION ALL SELECT p.group_id, p.id FROM place p JOIN group_member m ON m.group_id = p.group_id AND m.ref = p.ref"
	"   AND m.by_name = p.by_name WHERE p.external_id IS NULL)";

/* Those who stay, and lose the group itself or a group within it. */
static const char PARTING[] =
	"WITH RECURSIVE within (top, id) AS ("
	" SELECT l.group_id, l.id FROM lost l JOIN group_group gg ON gg.group_id = l.group_id AND gg.member_id = l.id"
	" UNION SELECT w.top, n.member_id FROM within w JOIN group_group n ON n.group_id = w.id)"
	" INSERT INTO parting SELECT t.group_id, t.person_id FROM (SELECT group_id, id AS person_id FROM lost"
	"  UNION SELECT w.top, gp.person_id FROM within w JOIN group_person gp ON gp.group_id = w.id"
	"   WHERE NOT EXISTS (SELECT FROM group_person o WHERE o.group_id = w.top AND o.person_id = gp.person_id)) AS t"
	" JOIN person p ON p.id = t.person_id AND p.absent_since IS NULL"
	" WHERE NOT EXISTS (SELECT FROM gone o WHERE o.id = p.id)";

enum skd_outcome diff_find_places(struct skd_call *call, struct store_diff *diff)
{
	struct args source = ARGS(diff->source);
	if (diff->no_rights || !was_shown(diff->staged))
		return SKD_OK;
	TRY(db_run_if(call, !diff->of_groups, SCOPE, source));
	TRY(db_run(call, LOST, source, &diff->lost_places));
	return diff->lost_places ? db_run(call, PARTING, NO_ARGS, &diff->parting) : SKD_OK;
}

/* ---- how many that is ---- */

static const char EMPTIED[] =
	"WITH RECURSIVE losing AS (SELECT group_id, count(*) AS lost FROM parting GROUP BY group_id"
	"  HAVING count(*) > $1::bigint), within (top, id) AS (SELECT group_id, group_id FROM losing"
	"  UNION SELECT w.top, n.member_id FROM within w JOIN group_group n ON n.group_id = w.id)"
	" SELECT g.dn, l.lost, count(DISTINCT gp.person_id) FROM losing l JOIN directory_group g ON g.id = l.group_id"
	"  JOIN within w ON w.top = l.group_id JOIN group_person gp ON gp.group_id = w.id"
	" GROUP BY g.dn, l.lost ORDER BY l.lost DESC, g.dn";

enum skd_outcome store_diff_emptied(struct skd_call *call, int64_t more_than, struct store_group_loss **groups,
				    size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, EMPTIED, ARGS(arg_int(call, more_than)), &rows));
	*count = (size_t)rows_count(rows);
	*groups = talloc_zero_array(call, struct store_group_loss, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*groups)[i] = (struct store_group_loss){row_text(rows, i, 0), row_int(rows, i, 1), row_int(rows, i, 2)};
	return SKD_OK;
}

static const char FEWER[] =
	"WITH loser AS MATERIALIZED (SELECT p.id, coalesce(c.key, p.key) AS key, coalesce(c.username, p.username) AS username"
	"  FROM (SELECT DISTINCT person_id FROM parting) AS t JOIN person p ON p.id = t.person_id"
	"  LEFT JOIN arrived c ON c.person_id = p.id),"
	" named AS (SELECT l.id, s.id AS external_id FROM loser l JOIN stage s ON s.kind = 'm' AND s.parent_key = l.key"
	"  UNION SELECT l.id, s.id FROM loser l JOIN stage s ON s.kind = 'm' AND s.parent_key IS NULL AND s.username = l.username)"
	" SELECT count(*) FROM loser WHERE id NOT IN (SELECT n.id FROM named n LEFT JOIN directory_group g ON g.source = $1"
	"  AND g.external_id = n.external_id LEFT JOIN group_person gp ON gp.group_id = g.id AND gp.person_id = n.id"
	"  WHERE gp.group_id IS NULL)";

enum skd_outcome store_diff_fewer(struct skd_call *call, const struct store_diff *diff, int64_t *people)
{
	struct rows *rows;
	TRY(db_query(call, FEWER, ARGS(diff->source), &rows));
	*people = row_int(rows, 0, 0);
	return SKD_OK;
}
