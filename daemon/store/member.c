/* SPDX-License-Identifier: Apache-2.0
 * Applies a picture: groups, who is in them, which contain each other. Members stand as the directory
 * names them; who that is, is found again for the groups and people there is news of. */
#include "store/diff.h"

/* ---- groups and the members they name ---- */

static const char GROUPS_PUT[] =
	"INSERT INTO directory_group AS g (source, external_id, key, dn, name, digest)"
	" SELECT $1, id, key, note, name, digest FROM stage WHERE kind = 'g'"
	" ON CONFLICT (source, external_id) DO UPDATE SET key = excluded.key, dn = excluded.dn, name = excluded.name,"
	"  digest = excluded.digest, lost = false";
static const char GROUPS_DROP[] = "DELETE FROM directory_group g USING gone o WHERE o.kind = 'g' AND g.id = o.id";

#define STAGED_GROUPS                                                                                                  \
	"(SELECT g.id, s.id AS external_id FROM stage s JOIN directory_group g ON g.source = $1"                       \
	" AND g.external_id = s.id WHERE s.kind = 'g') AS sg"
#define NAMED "coalesce(s.parent_key, s.username)"

static const char NAMES_DROP[] =
	"DELETE FROM group_member m USING " STAGED_GROUPS " WHERE m.group_id = sg.id AND NOT EXISTS ("
	" SELECT FROM stage s WHERE s.kind = 'm' AND s.id = sg.external_id AND " NAMED " = m.ref"
	"  AND (s.parent_key IS NULL) = m.by_name)";
static const char NAMES_ADD[] =
	"INSERT INTO group_member (group_id, ref, by_name) SELECT DISTINCT sg.id, " NAMED ", s.parent_key IS NULL"
	" FROM stage s JOIN " STAGED_GROUPS " ON s.id = sg.external_id WHERE s.kind = 'm' AND NOT EXISTS ("
	" SELECT FROM group_member m WHERE m.group_id = sg.id AND m.ref = " NAMED " AND m.by_name = (s.parent_key IS NULL))";

/* ---- who is meant ---- */

#define ALONE(person)                                                                                                  \
	"NOT EXISTS (SELECT FROM person o WHERE lower(o.username) = lower(" person ".username)"                        \
	" AND o.source = $1 AND o.username = " person ".username AND o.absent_since IS NULL AND o.id <> " person ".id)"

static const char LINKS[] =
	"INSERT INTO link"
	" SELECT m.group_id, p.id FROM " STAGED_GROUPS " JOIN group_member m ON m.group_id = sg.id AND NOT m.by_name"
	"  JOIN person p ON p.source = $1 AND p.key = m.ref AND p.absent_since IS NULL"
	" UNION SELECT m.group_id, p.id FROM scope c JOIN person p ON p.id = c.person_id AND p.absent_since IS NULL"
	"  JOIN group_member m ON m.ref = p.key AND NOT m.by_name"
	"  JOIN directory_group g ON g.id = m.group_id AND g.source = $1"
	" UNION SELECT m.group_id, p.id FROM " STAGED_GROUPS " JOIN group_member m ON m.group_id = sg.id AND m.by_name"
	"  JOIN person p ON p.source = $1 AND lower(p.username) = lower(m.ref COLLATE \"default\")"
	"  AND p.username = m.ref AND p.absent_since IS NULL AND " ALONE("p")
	" UNION SELECT m.group_id, p.id FROM scope c JOIN person p ON p.id = c.person_id AND p.absent_since IS NULL"
	"  JOIN group_member m ON m.ref = p.username AND m.by_name"
	"  JOIN directory_group g ON g.id = m.group_id AND g.source = $1 WHERE " ALONE("p");

/* While the groups that have gone are still there. */
static const char LEFT_TELL[] =
	"INSERT INTO directory_run_line (run_id, kind, person_id, what) SELECT $1::uuid, 'group_left', p.id, g.dn FROM lost l"
	" JOIN directory_group g ON g.id = l.group_id JOIN person p ON p.id = l.id AND p.absent_since IS NULL";
static const char LINKS_DROP[] =
	"DELETE FROM group_person gp USING lost l WHERE gp.group_id = l.group_id AND gp.person_id = l.id";
static const char LINKS_ADD[] =
	"WITH held AS (INSERT INTO group_person AS gp (group_id, person_id) SELECT group_id, person_id FROM link"
	"  ON CONFLICT (group_id, person_id) DO UPDATE SET lost = false WHERE gp.lost"
	"  RETURNING gp.group_id, gp.person_id, gp.xmax = 0 AS is_new)"
	" INSERT INTO directory_run_line (run_id, kind, person_id, what) SELECT $1::uuid, 'group_joined', h.person_id, g.dn"
	" FROM held h JOIN directory_group g ON g.id = h.group_id WHERE h.is_new AND $2::bool";

static const char NESTED_DROP[] =
	"DELETE FROM group_group gg USING lost l WHERE gg.group_id = l.group_id AND gg.member_id = l.id";
static const char NESTED_ADD[] =
	"INSERT INTO group_group AS gg (group_id, member_id) SELECT DISTINCT m.group_id, n.id FROM directory_group n"
	" JOIN group_member m ON m.ref = n.key AND NOT m.by_name JOIN directory_group g ON g.id = m.group_id AND g.source = $1"
	" WHERE n.source = $1 ON CONFLICT (group_id, member_id) DO UPDATE SET lost = false WHERE gg.lost";

/* A group that names two by one username says so in each run, also where only people are news. */
static const char SKIP_NAMESAKES[] =
	"WITH named AS (SELECT DISTINCT g.id, g.key, m.ref FROM (SELECT m.group_id, m.ref FROM " STAGED_GROUPS
	"   JOIN group_member m ON m.group_id = sg.id AND m.by_name"
	"  UNION SELECT m.group_id, m.ref FROM scope c JOIN person p ON p.id = c.person_id AND p.absent_since IS NULL"
	"   JOIN group_member m ON m.ref = p.username AND m.by_name) AS m"
	"  JOIN directory_group g ON g.id = m.group_id AND g.source = $1 JOIN person p ON p.source = $1"
	"   AND lower(p.username) = lower(m.ref COLLATE \"default\") AND p.username = m.ref AND p.absent_since IS NULL AND NOT " ALONE("p") "),"
	" doubted AS (UPDATE directory_group g SET digest = NULL FROM named WHERE g.id = named.id)"
	" INSERT INTO skip_line SELECT key, 'more than one person has the username ' || ref || ' of a member' FROM named";

enum skd_outcome diff_apply_groups(struct skd_call *call, struct store_diff *diff)
{
	const struct stage_counts *staged = diff->staged;
	struct args source = ARGS(diff->source);
	if (diff->lost_places)
		TRY(db_send(call, LEFT_TELL, ARGS(diff->run_id), &diff->left));
	TRY(db_run_if(call, staged->unseen + staged->doubtful, GROUPS_DROP, NO_ARGS));
	TRY(db_run_if(call, staged->groups, GROUPS_PUT, source));
	TRY(db_run_if(call, staged->groups, NAMES_DROP, source));
	TRY(db_run_if(call, staged->members, NAMES_ADD, source));
	if (diff->no_rights || (!staged->groups && !was_shown(staged)))
		return SKD_OK;
	TRY(db_send(call, LINKS, source, NULL));
	TRY(db_run_if(call, diff->lost_places, LINKS_DROP, NO_ARGS));
	TRY(db_send(call, LINKS_ADD, ARGS(diff->run_id, arg_bool(was_shown(staged))), &diff->joined));
	TRY(db_run_if(call, diff->lost_places, NESTED_DROP, NO_ARGS));
	TRY(db_run_if(call, staged->groups, NESTED_ADD, source));
	return db_send(call, SKIP_NAMESAKES, source, NULL);
}

/* ---- losses alone: the picture is not applied. Who would leave has no rights meanwhile ---- */

/* The DN that a grant is known by stays. Without a digest: even if a group is again as it was, what it lost has
 * to be found again. */
static const char LOSS_GROUPS[] =
	"UPDATE directory_group g SET key = s.key, name = s.name, digest = NULL FROM stage s WHERE s.kind = 'g'"
	" AND g.source = $1 AND g.external_id = s.id";
static const char LOSS_GROUPS_GONE[] =
	"UPDATE directory_group g SET lost = true, digest = NULL FROM gone o WHERE o.kind = 'g' AND g.id = o.id";
static const char LOSS_DIGESTS[] =
	"UPDATE directory_group g SET digest = NULL WHERE g.digest IS NOT NULL AND g.id IN (SELECT group_id FROM lost)";
static const char LOSS_LINKS[] =
	"UPDATE group_person gp SET lost = true FROM lost l WHERE gp.group_id = l.group_id AND gp.person_id = l.id AND NOT gp.lost";
static const char LOSS_NESTED[] =
	"UPDATE group_group gg SET lost = true FROM lost l WHERE gg.group_id = l.group_id AND gg.member_id = l.id AND NOT gg.lost";

enum skd_outcome diff_apply_group_losses(struct skd_call *call, const struct store_diff *diff)
{
	const struct stage_counts *staged = diff->staged;
	TRY(db_run_if(call, staged->groups, LOSS_GROUPS, ARGS(diff->source)));
	TRY(db_run_if(call, staged->unseen + staged->doubtful, LOSS_GROUPS_GONE, NO_ARGS));
	TRY(db_run_if(call, diff->lost_places, LOSS_DIGESTS, NO_ARGS));
	TRY(db_run_if(call, diff->lost_places, LOSS_LINKS, NO_ARGS));
	return db_run_if(call, diff->lost_places, LOSS_NESTED, NO_ARGS);
}
