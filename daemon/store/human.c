/* SPDX-License-Identifier: Apache-2.0
 * Links between entries, who stands for whom, and what moves with it. */
#include "store/human.h"

#include "store/diff.h"

/* ---- the ground ---- */

/* Whoever links waits for whoever else does: of two that do not see each other's entries, neither would. */
static const char SAME_LOCK[] = "LOCK TABLE same_rule IN SHARE ROW EXCLUSIVE MODE";

/* What one transaction turns. Emptied at its end. */
static const char SAME_TABLES[] =
	"CREATE TEMP TABLE IF NOT EXISTS same_scope (person_id uuid) ON COMMIT DELETE ROWS;"
	"CREATE TEMP TABLE IF NOT EXISTS same_news (by_what text, value text COLLATE \"C\") ON COMMIT DELETE ROWS;"
	"CREATE TEMP TABLE IF NOT EXISTS same_pair (branch_id uuid, main_id uuid, by_what text) ON COMMIT DELETE ROWS;"
	"CREATE TEMP TABLE IF NOT EXISTS same_turn (kind text, branch_id uuid, main_id uuid, by_what text) ON COMMIT DELETE ROWS;"
	"CREATE TEMP TABLE IF NOT EXISTS same_move (person_id uuid, source text, was uuid, fresh uuid, becomes uuid) ON COMMIT DELETE ROWS;"
	"DELETE FROM same_scope; DELETE FROM same_news; DELETE FROM same_pair; DELETE FROM same_turn; DELETE FROM same_move";

enum skd_outcome store_human_lock(struct skd_call *call)
{
	return db_run(call, SAME_LOCK, NO_ARGS, NULL);
}

static const char RULES_OF[] =
	"SELECT count(*), count(*) FILTER (WHERE NOT settled) FROM same_rule WHERE $1 IN (source, main)";

static enum skd_outcome rules_look(struct skd_call *call, struct store_diff *diff)
{
	struct rows *rows;
	TRY(db_query(call, RULES_OF, ARGS(diff->source), &rows));
	diff->ruled = row_int(rows, 0, 0) > 0;
	diff->unsettled = row_int(rows, 0, 1) > 0;
	return SKD_OK;
}

/* Whether anybody came, went or changed, or all are to be looked at. */
static bool is_looked_at(const struct store_diff *diff)
{
	const struct stage_counts *staged = diff->staged;
	return diff->ruled && (diff->unsettled || staged->people + staged->unseen + staged->doubtful > 0);
}

enum skd_outcome store_human_begin(struct skd_call *call, struct store_diff *diff)
{
	TRY(rules_look(call, diff));
	if (!is_looked_at(diff))
		return SKD_OK;
	TRY(store_human_lock(call));
	return rules_look(call, diff);
}

static const char HUMAN_HOLD[] =
	"SELECT coalesce(human, id) FROM person WHERE id = $1::uuid AND erased_at IS NULL FOR SHARE";

enum skd_outcome store_human_hold(struct skd_call *call, const char *entry_id, const char **human_id)
{
	struct rows *rows;
	TRY(db_query(call, HUMAN_HOLD, ARGS(entry_id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such person");
	*human_id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

static const char HUMAN_HOLD_ALL[] =
	"SELECT 1 FROM person WHERE (id = $1::uuid OR human = $1::uuid) AND erased_at IS NULL ORDER BY id FOR SHARE";

enum skd_outcome store_human_hold_all(struct skd_call *call, const char *entry_id)
{
	const char *human;
	TRY(store_human_hold(call, entry_id, &human));
	return db_run(call, HUMAN_HOLD_ALL, ARGS(human), NULL);
}

/* ---- who stands for whom, and what moves with it ----
 * OFFSET 0: each by its id. How many are linked the planner learns late. */

static const char REGROUP[] =
	"WITH root AS (SELECT DISTINCT coalesce(p.same_as, p.id) AS id FROM (SELECT branch_id AS id, true AS turned FROM same_turn"
	"   UNION SELECT main_id, true FROM same_turn UNION ALL SELECT person_id, false FROM same_scope) AS a"
	"  JOIN LATERAL (SELECT p.* FROM person p WHERE p.id = a.id OFFSET 0) AS p"
	"   ON a.turned OR p.same_as IS NOT NULL OR p.human IS NOT NULL),"
	" member AS (SELECT r.id AS root, p.id, p.source, p.human, p.absent_since FROM root r JOIN person p ON p.id = r.id"
	"  UNION ALL SELECT r.id, p.id, p.source, p.human, p.absent_since FROM root r JOIN person p ON p.same_as = r.id),"
	" chosen AS (SELECT id, source, human, CASE WHEN count(*) OVER (PARTITION BY root) > 1 THEN first_value(id) OVER"
	"  (PARTITION BY root ORDER BY absent_since IS NOT NULL, id <> root, source, id) END AS fresh FROM member)"
	" INSERT INTO same_move SELECT id, source, coalesce(human, id), fresh, coalesce(fresh, id) FROM chosen"
	" WHERE human IS DISTINCT FROM fresh";

/* Who had or gets somebody behind them shows it. */
static const char MOVE[] =
	"UPDATE person p SET human = CASE WHEN n.moves THEN n.fresh ELSE p.human END, version = p.version + 1, updated_at = now()"
	" FROM (SELECT person_id AS id, fresh, true AS moves FROM same_move UNION ALL"
	"  SELECT s.id, NULL, false FROM (SELECT was AS id FROM same_move UNION SELECT becomes FROM same_move) AS s"
	"  WHERE NOT EXISTS (SELECT FROM same_move m WHERE m.person_id = s.id)) AS n WHERE p.id = n.id";
/* One of an entry's own directory: no human has two in it. */
static const char MOVE_MANAGERS[] =
	"WITH led AS (UPDATE person p SET manager_id = m.becomes, version = p.version + 1, updated_at = now() FROM same_move m"
	"  WHERE m.was <> m.becomes AND p.manager_id = m.was AND p.source = m.source RETURNING p.id)"
	" INSERT INTO change (noun, key) SELECT 'person', id FROM led";
static const char MOVE_TOLD[] =
	"INSERT INTO change (noun, key) SELECT 'person', person_id FROM same_move UNION SELECT 'person', was FROM same_move"
	" UNION SELECT 'person', becomes FROM same_move";

static const char MOVE_CREDENTIALS[] =
	"WITH moved AS (UPDATE credential c SET person_id = m.becomes, version = c.version + 1 FROM same_move m"
	"  WHERE m.was <> m.becomes AND c.person_id = m.was AND c.entry_id = m.person_id RETURNING c.id)"
	" INSERT INTO change (noun, key) SELECT 'credential', id FROM moved";
static const char CLOCK_NOW[] = "SELECT clock_timestamp()";
static const char MOVE_PROOFS[] =
	"WITH known AS (UPDATE proof f SET known_to = $1::timestamptz FROM same_move m, credential c"
	"  WHERE m.was <> m.becomes AND f.person_id = m.was AND f.known_to = 'infinity' AND c.id = f.credential_id"
	"  AND c.entry_id = m.person_id RETURNING f.*, m.becomes)"
	" INSERT INTO proof (credential_id, person_id, skill_id, level, issued_at, issuer_id, achievement_id,"
	"  achievement_number, expires_at, valid_from, valid_to, known_from)"
	" SELECT credential_id, becomes, skill_id, level, issued_at, issuer_id, achievement_id, achievement_number,"
	"  expires_at, valid_from, valid_to, $1::timestamptz FROM known";
/* A human claims a skill once: what another entry of theirs said stays with the entry. */
static const char MOVE_CLAIMS[] =
	"WITH first AS (SELECT DISTINCT ON (m.becomes, c.skill_id) c.id, m.becomes FROM same_move m JOIN claim c"
	"   ON c.person_id IN (m.was, m.person_id) AND c.entry_id = m.person_id WHERE c.person_id <> m.becomes"
	"   AND NOT EXISTS (SELECT FROM claim o WHERE o.person_id = m.becomes AND o.skill_id = c.skill_id)"
	"   ORDER BY m.becomes, c.skill_id, c.id),"
	" moved AS (UPDATE claim c SET person_id = f.becomes, version = c.version + 1 FROM first f WHERE c.id = f.id RETURNING c.id)"
	" INSERT INTO change (noun, key) SELECT 'claim', id FROM moved";
/* With the entry, and not with whom it was one until now. */
static const char CLAIMS_PART[] =
	"WITH back AS (UPDATE claim o SET person_id = o.entry_id, version = o.version + 1 FROM same_move m WHERE m.was NOT IN (m.becomes,"
	"   m.person_id) AND o.person_id = m.was AND o.entry_id = m.person_id AND NOT EXISTS (SELECT FROM claim x"
	"    WHERE x.person_id = o.entry_id AND x.skill_id = o.skill_id) RETURNING o.id)"
	" INSERT INTO change (noun, key) SELECT 'claim', id FROM back";

/* Of two that are open for the same one stays with its entry. */
#define IS_OPEN ".state IN ('draft', 'submitted', 'in_review', 'returned')"
static const char MOVE_SUBMISSIONS[] =
	"WITH first AS (SELECT DISTINCT ON (m.becomes, s.achievement_id, CASE WHEN NOT s" IS_OPEN
	"   THEN s.id END) s.id, m.becomes FROM same_move m JOIN submission s ON s.person_id IN (m.was, m.person_id)"
	"   AND s.entry_id = m.person_id WHERE s.person_id <> m.becomes AND NOT (s" IS_OPEN
	"    AND EXISTS (SELECT FROM submission o WHERE o.person_id = m.becomes AND o.achievement_id = s.achievement_id"
	"     AND o" IS_OPEN "))"
	"   ORDER BY m.becomes, s.achievement_id, CASE WHEN NOT s" IS_OPEN " THEN s.id END, s.id),"
	" moved AS (UPDATE submission s SET person_id = f.becomes, version = s.version + 1 FROM first f WHERE s.id = f.id RETURNING s.id)"
	" INSERT INTO change (noun, key) SELECT 'submission', id FROM moved";
static const char SUBMISSIONS_PART[] =
	"WITH back AS (UPDATE submission o SET person_id = o.entry_id, version = o.version + 1 FROM same_move m WHERE m.was NOT IN (m.becomes,"
	"   m.person_id) AND o.person_id = m.was AND o.entry_id = m.person_id AND NOT EXISTS (SELECT FROM submission x"
	"    WHERE x.person_id = o.entry_id AND x.achievement_id = o.achievement_id AND o" IS_OPEN " AND x" IS_OPEN ") RETURNING o.id)"
	" INSERT INTO change (noun, key) SELECT 'submission', id FROM back";

/* Of two in one round one stays with its entry. */
static const char MOVE_REVIEWS[] =
	"WITH first AS (SELECT DISTINCT ON (m.becomes, r.submission_id, r.round) r.id, m.becomes FROM same_move m JOIN review r"
	"   ON r.assessor_id IN (m.was, m.person_id) AND r.entry_id = m.person_id WHERE r.assessor_id <> m.becomes"
	"   AND NOT EXISTS (SELECT FROM review o WHERE o.assessor_id = m.becomes AND o.submission_id = r.submission_id AND o.round = r.round)"
	"   ORDER BY m.becomes, r.submission_id, r.round, r.id),"
	" offered AS (UPDATE review r SET offered_to = m.becomes, version = r.version + 1 FROM same_move m"
	"   WHERE m.was <> m.becomes AND r.offered_to = m.was RETURNING r.id),"
	" moved AS (UPDATE review r SET assessor_id = f.becomes, version = r.version + 1 FROM first f WHERE r.id = f.id RETURNING r.id)"
	" INSERT INTO change (noun, key) SELECT 'review', id FROM moved UNION SELECT 'review', id FROM offered";
static const char REVIEWS_PART[] =
	"WITH back AS (UPDATE review o SET assessor_id = o.entry_id, version = o.version + 1 FROM same_move m WHERE m.was NOT IN (m.becomes,"
	"   m.person_id) AND o.assessor_id = m.was AND o.entry_id = m.person_id AND NOT EXISTS (SELECT FROM review x"
	"    WHERE x.assessor_id = o.entry_id AND (x.submission_id, x.round) = (o.submission_id, o.round)) RETURNING o.id)"
	" INSERT INTO change (noun, key) SELECT 'review', id FROM back";

/* A human is on a pathway once. Of several the one that has given an award, is furthest or came first stands for the others, which
 * are left as long as it does, and go on where they were as soon as they are parted from it. */
#define THEIR_ENROLMENTS "e.person_id IN (SELECT was FROM same_move UNION SELECT becomes FROM same_move)"
#define AS_IT_WAS "coalesce(e.aside, e.state)"
#define RANKED                                                                                                           \
	"WITH ranked AS (SELECT e.id, coalesce(p.human, p.id) AS human, first_value(e.id) OVER (PARTITION BY coalesce(p.human, p.id)," \
	"  e.pathway_id ORDER BY " AS_IT_WAS " = 'left', e.credential_id IS NULL,"                                        \
	"  array_position(ARRAY['completed', 'active', 'paused', 'invited'], " AS_IT_WAS "), e.percent DESC, e.created_at, e.id) AS best" \
	"  FROM enrolment e JOIN person p ON p.id = e.entry_id WHERE " THEIR_ENROLMENTS ") "
static const char ENROLMENTS_HOLD[] = "SELECT 1 FROM enrolment e WHERE " THEIR_ENROLMENTS " ORDER BY e.id FOR NO KEY UPDATE";
/* Who left the one that stood for others has left them all. */
static const char ENROLMENTS_LEAVE[] =
	"UPDATE enrolment e SET aside = NULL, aside_at = NULL, aside_for = NULL FROM enrolment w WHERE w.id = e.aside_for AND w.state = 'left'"
	" AND w.aside IS NULL AND " THEIR_ENROLMENTS;
/* All that move, so that no two are on one for a moment. */
static const char ENROLMENTS_ASIDE[] =
	RANKED "UPDATE enrolment e SET person_id = r.human, aside = nullif(" AS_IT_WAS ", 'left'),"
	       " aside_at = coalesce(e.aside_at, e.completed_at), state = 'left', completed_at = NULL, due_at = 'infinity',"
	       " owed_at = CASE e.state WHEN 'left' THEN e.owed_at ELSE 'infinity' END, version = e.version + 1, updated_at = now()"
	       " FROM ranked r WHERE r.id = e.id AND (r.human <> e.person_id OR (e.state <> 'left' AND r.best <> e.id))";
static const char ENROLMENTS_RETURN[] =
	RANKED "UPDATE enrolment e SET state = e.aside, completed_at = e.aside_at, aside = NULL, aside_at = NULL, aside_for = NULL,"
	       " due_at = now(), owed_at = now(), version = e.version + 1, updated_at = now()"
	       " FROM ranked r WHERE r.best = e.id AND r.id = e.id AND e.aside IS NOT NULL";
static const char ENROLMENTS_STAND[] =
	RANKED "UPDATE enrolment e SET aside_for = r.best FROM ranked r WHERE r.id = e.id AND e.aside IS NOT NULL"
	       " AND e.aside_for IS DISTINCT FROM r.best";
/* An award goes with the entry that it was issued to. */
static const char ENROLMENTS_PART[] =
	"UPDATE enrolment e SET credential_id = NULL, awarded = NULL, held_back = false, owed_at = CASE e.state WHEN 'left' THEN e.owed_at"
	" ELSE now() END, version = e.version + 1 FROM credential c WHERE c.id = e.credential_id AND c.person_id <> e.person_id AND "
	THEIR_ENROLMENTS;

static enum skd_outcome move_enrolments(struct skd_call *call)
{
	TRY(db_run(call, ENROLMENTS_HOLD, NO_ARGS, NULL));
	TRY(db_run(call, ENROLMENTS_LEAVE, NO_ARGS, NULL));
	TRY(db_run(call, ENROLMENTS_ASIDE, NO_ARGS, NULL));
	TRY(db_run(call, ENROLMENTS_RETURN, NO_ARGS, NULL));
	TRY(db_run(call, ENROLMENTS_STAND, NO_ARGS, NULL));
	return db_run(call, ENROLMENTS_PART, NO_ARGS, NULL);
}

static const char TURN_LINES[] =
	"INSERT INTO directory_run_line (run_id, kind, person_id, what, detail)"
	" SELECT $1::uuid, t.kind, v.id, o.source, jsonb_build_object('by', t.by_what) FROM same_turn t"
	" CROSS JOIN LATERAL (VALUES (t.branch_id, t.main_id), (t.main_id, t.branch_id)) AS v (id, other)"
	" JOIN person o ON o.id = v.other";
static const char TURN_COUNTS[] =
	"SELECT count(*) FILTER (WHERE kind = 'linked'), count(*) FILTER (WHERE kind = 'unlinked') FROM same_turn";

/* The time is read once the rows are locked: an own now() may lie before what was waited for. */
static enum skd_outcome move_holdings(struct skd_call *call)
{
	struct rows *rows;
	TRY(db_run(call, MOVE_CREDENTIALS, NO_ARGS, NULL));
	TRY(db_query(call, CLOCK_NOW, NO_ARGS, &rows));
	TRY(db_run(call, MOVE_PROOFS, ARGS(arg_time(call, row_time(rows, 0, 0))), NULL));
	TRY(db_run(call, MOVE_CLAIMS, NO_ARGS, NULL));
	TRY(db_run(call, CLAIMS_PART, NO_ARGS, NULL));
	TRY(db_run(call, MOVE_SUBMISSIONS, NO_ARGS, NULL));
	TRY(db_run(call, SUBMISSIONS_PART, NO_ARGS, NULL));
	TRY(db_run(call, MOVE_REVIEWS, NO_ARGS, NULL));
	TRY(db_run(call, REVIEWS_PART, NO_ARGS, NULL));
	return move_enrolments(call);
}

/* What was turned, and who is here in the scope, decides who stands for whom. `dry`: nobody's holdings move. */
static enum skd_outcome human_move(struct skd_call *call, const char *run_id, bool dry, struct human_news *news)
{
	struct rows *rows;
	TRY(db_query(call, TURN_COUNTS, NO_ARGS, &rows));
	*news = (struct human_news){.linked = row_int(rows, 0, 0), .unlinked = row_int(rows, 0, 1)};
	TRY(db_run(call, REGROUP, NO_ARGS, &news->moved));
	if (!news->moved)
		return SKD_OK;
	TRY(db_run(call, MOVE, NO_ARGS, NULL));
	TRY(db_run(call, MOVE_MANAGERS, NO_ARGS, NULL));
	TRY(db_run(call, MOVE_TOLD, NO_ARGS, NULL));
	if (!dry)
		TRY(move_holdings(call));
	return run_id ? db_run(call, TURN_LINES, ARGS(run_id), NULL) : SKD_OK;
}

/* ---- links ---- */

static const char SCOPE_NEWS[] =
	"INSERT INTO same_scope SELECT person_id FROM arrived UNION ALL SELECT id FROM gone WHERE kind = 'p'";
static const char SCOPE_ALL[] =
	"INSERT INTO same_scope SELECT p.id FROM person p WHERE p.erased_at IS NULL AND p.source IN"
	" (SELECT unnest(ARRAY[source, main]) FROM same_rule WHERE NOT settled AND $1 IN (source, main))";

/* What they have been known by, and are now, is to be looked at. */
static const char VALUES_NEWS[] =
	"INSERT INTO same_news SELECT v.by_what, v.value FROM same_scope s JOIN same_value v ON v.person_id = s.person_id";
static const char VALUES_DROP[] =
	"DELETE FROM same_value v USING same_scope s, person p WHERE v.person_id = s.person_id AND p.id = s.person_id"
	" AND v.value IS DISTINCT FROM same_value_of(v.by_what, p.employee_number, p.mail, p.username)";
static const char VALUES_PUT[] =
	"INSERT INTO same_value (by_what, value, source, person_id) SELECT n.by_what, n.value, n.source, n.id FROM ("
	"  SELECT r.by_what, p.source, p.id, same_value_of(r.by_what, p.employee_number, p.mail, p.username) AS value"
	"  FROM same_scope s JOIN person p ON p.id = s.person_id AND p.erased_at IS NULL"
	"  JOIN (SELECT source, by_what FROM same_rule UNION SELECT main, by_what FROM same_rule) AS r ON r.source = p.source) AS n"
	" WHERE n.value IS NOT NULL ON CONFLICT DO NOTHING";

/* Of the values to be looked at, those that one entry in each of a rule's two directories has. */
static const char PAIRS[] =
	"INSERT INTO same_pair SELECT (array_agg(v.person_id) FILTER (WHERE v.source = r.source))[1],"
	"  (array_agg(v.person_id) FILTER (WHERE v.source = r.main))[1], r.by_what"
	" FROM (SELECT DISTINCT by_what, value FROM same_news) AS n JOIN same_rule r ON r.by_what = n.by_what"
	" JOIN same_value v ON v.by_what = n.by_what AND v.value = n.value AND v.source IN (r.source, r.main)"
	" GROUP BY r.source, r.by_what, n.value"
	" HAVING count(*) FILTER (WHERE v.source = r.source) = 1 AND count(*) FILTER (WHERE v.source = r.main) = 1";
static const char UNLINK[] =
	"WITH ended AS (SELECT p.id, p.same_as, r.by_what FROM (SELECT person_id FROM same_scope"
	"   UNION SELECT v.person_id FROM same_news n JOIN same_value v USING (by_what, value)) AS a"
	"  JOIN LATERAL (SELECT p.* FROM person p WHERE p.id = a.person_id OFFSET 0) AS p ON p.same_as IS NOT NULL"
	"  JOIN same_rule r ON r.source = p.source"
	"  WHERE NOT EXISTS (SELECT FROM same_pair c WHERE c.branch_id = p.id AND c.main_id = p.same_as AND c.by_what = r.by_what)),"
	" done AS (UPDATE person p SET same_as = NULL FROM ended e WHERE p.id = e.id)"
	" INSERT INTO same_turn SELECT 'unlinked', id, same_as, by_what FROM ended";
static const char LINK[] =
	"WITH begun AS (UPDATE person p SET same_as = c.main_id FROM same_pair c JOIN person m ON m.id = c.main_id AND m.absent_since IS NULL"
	"  WHERE p.id = c.branch_id AND p.same_as IS NULL AND p.absent_since IS NULL RETURNING p.id, p.same_as, c.by_what)"
	" INSERT INTO same_turn SELECT 'linked', id, same_as, by_what FROM begun";

static const char RULES_SETTLED[] = "UPDATE same_rule SET settled = true WHERE NOT settled AND $1 IN (source, main)";
static const char DOUBTS_END[] = "DELETE FROM same_doubt WHERE source = $1";

/* Of everybody at once: by hash, and as long as it takes. */
static const char FOR_MANY[] = "SET LOCAL statement_timeout = '10min'; SET LOCAL lock_timeout = '30s';"
			       " SET LOCAL work_mem = '64MB'; SET LOCAL enable_nestloop = off";

enum skd_outcome store_human_refresh(struct skd_call *call, const struct store_diff *diff, struct human_news *news)
{
	struct args source = ARGS(diff->source);
	*news = (struct human_news){0};
	if (diff->ruled)
		TRY(db_run(call, DOUBTS_END, source, NULL));
	if (!is_looked_at(diff))
		return SKD_OK;
	TRY(db_script(call, SAME_TABLES));
	if (diff->unsettled)
		TRY(tx_slow(call, FOR_MANY));
	TRY(diff->unsettled ? db_run(call, SCOPE_ALL, source, NULL) : db_run(call, SCOPE_NEWS, NO_ARGS, NULL));
	TRY(db_run(call, VALUES_NEWS, NO_ARGS, NULL));
	TRY(db_run(call, VALUES_DROP, NO_ARGS, NULL));
	TRY(db_run(call, VALUES_PUT, NO_ARGS, NULL));
	TRY(db_run(call, VALUES_NEWS, NO_ARGS, NULL));
	TRY(db_run(call, PAIRS, NO_ARGS, NULL));
	TRY(db_run(call, UNLINK, NO_ARGS, NULL));
	TRY(db_run(call, LINK, NO_ARGS, NULL));
	TRY(db_run(call, RULES_SETTLED, source, NULL));
	return human_move(call, diff->run_id, diff->dry, news);
}

/* What one statement turns, of a run or an entry. */
static enum skd_outcome human_turn(struct skd_call *call, const char *sql, const char *id)
{
	struct human_news news;
	TRY(db_script(call, SAME_TABLES));
	TRY(db_run(call, sql, ARGS(id), NULL));
	return human_move(call, NULL, false, &news);
}

static const char SCOPE_LISTED[] =
	"INSERT INTO same_scope SELECT person_id FROM directory_run_line WHERE run_id = $1::uuid AND kind = 'absent'";

enum skd_outcome store_human_follow(struct skd_call *call, const char *run_id)
{
	return human_turn(call, SCOPE_LISTED, run_id);
}

static const char PART[] =
	"WITH ended AS (SELECT p.id, p.same_as FROM person p WHERE (p.id = $1::uuid AND p.same_as IS NOT NULL) OR p.same_as = $1::uuid),"
	" done AS (UPDATE person p SET same_as = NULL FROM ended e WHERE p.id = e.id)"
	" INSERT INTO same_turn (kind, branch_id, main_id) SELECT 'unlinked', id, same_as FROM ended";

enum skd_outcome store_human_part(struct skd_call *call, const char *entry_id)
{
	return human_turn(call, PART, entry_id);
}

/* ---- rules ---- */

#define SAID "(SELECT * FROM unnest($1::text[], $2::text[], $3::text[])) AS n (source, main, by_what)"

#define NOT_SAID "NOT EXISTS (SELECT FROM " SAID " WHERE (n.source, n.main, n.by_what) = (r.source, r.main, r.by_what))"

static const char RULES_GONE[] = "SELECT EXISTS (SELECT FROM same_rule r WHERE " NOT_SAID ")";
static const char RULES_END[] =
	"WITH gone AS (DELETE FROM same_rule r WHERE " NOT_SAID " RETURNING r.source, r.by_what),"
	" ended AS (SELECT p.id, p.same_as, g.by_what FROM gone g JOIN person p ON p.source = g.source AND p.same_as IS NOT NULL),"
	" done AS (UPDATE person p SET same_as = NULL FROM ended e WHERE p.id = e.id)"
	" INSERT INTO same_turn SELECT 'unlinked', id, same_as, by_what FROM ended";
static const char RULES_PUT[] =
	"INSERT INTO same_rule (source, main, by_what) SELECT n.source, n.main, n.by_what FROM " SAID " ON CONFLICT DO NOTHING";
static const char VALUES_TIDY[] =
	"DELETE FROM same_value v WHERE NOT EXISTS (SELECT FROM same_rule r WHERE r.by_what = v.by_what AND v.source IN (r.source, r.main))";
static const char DOUBTS_TIDY[] =
	"DELETE FROM same_doubt d WHERE NOT EXISTS (SELECT FROM person p WHERE p.id = d.person_id AND p.same_as IS NOT NULL)";

/* As three arrays. */
static struct args rules_said(struct skd_call *call, size_t count, const struct store_same_rule *rules)
{
	const char **said = talloc_zero_array(call, const char *, 3), **texts = talloc_zero_array(call, const char *, 3 * count + 1);
	for (size_t i = 0; i < count; i++) {
		texts[i] = rules[i].source;
		texts[count + i] = rules[i].main;
		texts[2 * count + i] = rules[i].by;
	}
	for (size_t i = 0; i < 3; i++)
		said[i] = arg_array(call, count, texts + i * count);
	return (struct args){said, 3};
}

static enum skd_outcome rules_end(struct skd_call *call, struct args said, const char *run_id, struct human_news *news)
{
	TRY(db_script(call, SAME_TABLES));
	TRY(tx_slow(call, FOR_MANY));
	TRY(db_run(call, RULES_END, said, NULL));
	TRY(human_move(call, run_id, run_id != NULL, news));
	return db_run(call, DOUBTS_TIDY, NO_ARGS, NULL);
}

enum skd_outcome store_same_rules_put(struct skd_call *call, size_t count, const struct store_same_rule *rules,
				      const char *run_id, struct human_news *news)
{
	struct args said = rules_said(call, count, rules);
	struct rows *rows;
	*news = (struct human_news){0};
	TRY(store_human_lock(call));
	TRY(db_query(call, RULES_GONE, said, &rows));
	bool gone = row_bool(rows, 0, 0);
	if (gone)
		TRY(rules_end(call, said, run_id, news));
	TRY(db_run(call, RULES_PUT, said, NULL));
	return gone ? db_run(call, VALUES_TIDY, NO_ARGS, NULL) : SKD_OK;
}
