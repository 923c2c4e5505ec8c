/* SPDX-License-Identifier: Apache-2.0
 * All that is held of a person, as JSON, section by section. A table that says anything of somebody has a place
 * here, and one in erase.c. */
#include "store/retention.h"

#include "store/diff.h"

/* Bounds the memory of an export; audits of busy machines alone come near. */
#define MOST "100001"
enum { ITEMS = 100000 };

#define OBJECT "SELECT jsonb_strip_nulls(jsonb_build_object("
#define AS_IT_IS ")) "
/* Of every entry of the human. */
#define THEIRS "IN (SELECT $1::uuid UNION SELECT e.id FROM person o JOIN person e ON e.human = o.human WHERE o.id = $1::uuid)"
#define ACCOUNTS_OF "(SELECT a.id FROM account a WHERE a.person_id " THEIRS ")"
#define AUDITED                                                                                                \
	OBJECT "'id', e.id, 'at', rfc3339(e.at), 'action', e.action, 'outcome', e.outcome, 'noun', e.noun, 'object', e.object,"  \
	       " 'detail', e.detail, 'account', CASE WHEN NOT x.hidden THEN coalesce(w.account, 'erased') END," \
	       " 'address', CASE WHEN NOT x.hidden THEN w.address END" AS_IT_IS \
	"FROM audit_entry e JOIN who w ON w.id = e.who "

/* An entry of a directory. */
#define PERSON \
	OBJECT "'id', p.id, 'source', p.source, 'external_id', p.external_id, 'username', p.username, 'name', p.name," \
	" 'mail', p.mail, 'title', p.title, 'phone', p.phone, 'employee_number', p.employee_number," \
	" 'locale', p.locale, 'country', p.country, 'unit', u.name, 'manager_id', p.manager_id," \
	" 'manager', m.name, 'disabled', p.disabled, 'directory_key', coalesce(p.key, p.last_key)," \
	" 'absent_since', rfc3339(p.absent_since), 'created_at', rfc3339(p.created_at)," \
	" 'updated_at', rfc3339(p.updated_at)" AS_IT_IS \
	"FROM person p LEFT JOIN unit u ON u.id = p.unit_id LEFT JOIN person m ON m.id = p.manager_id WHERE "

static const struct section {
	const char *name, *sql;
} sections[] = {
	{"person", PERSON "p.id = $1::uuid"},
	{"entries", PERSON "p.id <> $1::uuid AND p.id " THEIRS " ORDER BY p.source, p.id"},
	{"groups", OBJECT "'name', g.name, 'dn', g.dn" AS_IT_IS
		   "FROM group_person gp JOIN directory_group g ON g.id = gp.group_id WHERE gp.person_id " THEIRS " ORDER BY g.dn"},
	{"groups_left", OBJECT "'directory_key', l.group_key, 'source', l.source, 'left_at', rfc3339(l.at)" AS_IT_IS
			"FROM group_left l WHERE l.person_id " THEIRS " ORDER BY l.at"},
	{"roles", OBJECT "'role', r.role, 'group', r.group_name, 'dn', r.group_dn, 'since', rfc3339(r.since),"
			 " 'until', rfc3339(r.until)" AS_IT_IS
		  "FROM role_grant r WHERE r.person_id " THEIRS " ORDER BY r.id"},
	{"history", OBJECT "'run_id', l.run_id, 'at', rfc3339(" LINE_AT "), 'kind', l.kind, 'what', l.what, 'detail', l.detail" AS_IT_IS
		    "FROM directory_run_line l JOIN directory_run r ON r.id = l.run_id WHERE l.person_id " THEIRS
		    " AND " LINE_DONE " ORDER BY l.id DESC LIMIT " MOST},
	{"credentials", OBJECT "'id', c.id, 'achievement_id', c.achievement_id, 'achievement', v.name,"
			       " 'achievement_version', c.achievement_number, 'issuer', i.name, 'issued_at', rfc3339(c.issued_at),"
			       " 'valid_from', rfc3339(c.valid_from), 'expires_at', rfc3339(c.expires_at), 'state', c.state,"
			       " 'reason', c.reason, 'superseded_by', c.superseded_by, 'replaces', c.replaces, 'evidence', c.evidence, 'results', c.results, 'visibility', b.visibility, 'response', b.response,"
			       " 'shown_evidence', b.shown_evidence, 'events', (SELECT jsonb_agg(jsonb_strip_nulls("
			       "jsonb_build_object('kind', e.kind, 'valid_from', rfc3339(e.valid_from), 'valid_to', rfc3339(e.valid_to),"
			       " 'recorded_at', rfc3339(e.recorded_at), 'account', CASE WHEN NOT judged_blind(w.account_id, c.id) THEN"
			       "  coalesce(w.account, 'erased') END, 'reason', n.reason, 'said', n.said))"
			       " ORDER BY e.id) FROM credential_event e JOIN who w ON w.id = e.who"
			       " LEFT JOIN credential_note n ON n.event_id = e.id WHERE e.credential_id = c.id),"
			       " 'lasts_until', rfc3339(c.lasts_until), 'uses', (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('what', u.what,"
			       " 'at', rfc3339(u.at), 'expires_at', rfc3339(u.expires_at), 'recorded_at', rfc3339(u.recorded_at),"
			       " 'account', coalesce(w.account, 'erased'))) ORDER BY u.id) FROM credential_use u JOIN who w ON w.id = u.who"
			       " WHERE u.credential_id = c.id)" AS_IT_IS
			"FROM credential c JOIN issuer i ON i.id = c.issuer_id JOIN achievement_version v"
			" ON v.achievement_id = c.achievement_id AND v.number = c.achievement_number"
			" LEFT JOIN badge b ON b.credential_id = c.id WHERE c.person_id " THEIRS " ORDER BY c.id LIMIT " MOST},
	{"holdings", OBJECT "'skill_id', f.skill_id, 'skill', s.label, 'level', f.level, 'credential_id', f.credential_id,"
			    " 'valid_from', rfc3339(f.valid_from), 'valid_to', rfc3339(f.valid_to),"
			    " 'known_from', rfc3339(f.known_from), 'known_to', rfc3339(f.known_to)" AS_IT_IS
		     "FROM proof f JOIN skill s ON s.id = f.skill_id WHERE f.person_id " THEIRS
		     " ORDER BY f.skill_id, f.known_from, f.valid_from LIMIT " MOST},
	{"claims", OBJECT "'id', c.id, 'skill_id', c.skill_id, 'skill', s.label, 'level', c.level, 'note', c.note,"
			  " 'shared', c.shared, 'colleagues', c.colleagues, 'created_at', rfc3339(c.created_at), 'updated_at', rfc3339(c.updated_at)" AS_IT_IS
		   "FROM claim c JOIN skill s ON s.id = c.skill_id WHERE c.person_id " THEIRS " ORDER BY c.id LIMIT " MOST},
	{"positions", OBJECT "'id', o.id, 'code', o.code, 'name', o.name" AS_IT_IS
		      "FROM positions_of($1::uuid) AS h (id) JOIN position o ON o.id = h.id ORDER BY o.name, o.id"},
	{"goals", OBJECT "'id', g.id, 'position_id', g.position_id, 'pathway_id', g.pathway_id, 'skill_id', g.skill_id, 'level', g.level,"
			 " 'due', g.due, 'note', g.note, 'shared', g.shared, 'created_at', rfc3339(g.created_at),"
			 " 'updated_at', rfc3339(g.updated_at)" AS_IT_IS
		  "FROM goal g WHERE g.person_id " THEIRS " ORDER BY g.id LIMIT " MOST},
	{"submissions", OBJECT "'id', s.id, 'achievement_id', s.achievement_id, 'achievement_version', s.achievement_number, 'achievement', v.name,"
			       " 'claim_id', s.claim_id, 'renews', s.renews, 'state', s.state, 'round', s.round, 'answers', s.answers, 'files', files_named(s.id, s.answers),"
			       " 'shared', s.shared, 'submitted_at', rfc3339(s.submitted_at), 'due_at', rfc3339(s.due_at),"
			       " 'decided_at', rfc3339(s.decided_at), 'credential_id', s.credential_id, 'created_at', rfc3339(s.created_at),"
			       " 'updated_at', rfc3339(s.updated_at), 'rounds', (SELECT jsonb_agg(jsonb_strip_nulls("
			       "jsonb_build_object('round', r.round, 'answers', r.answers, 'files', files_named(s.id, r.answers), 'quizzes', r.quizzes,"
			       " 'submitted_at', rfc3339(r.submitted_at), 'outcome', r.outcome, 'feedback', r.feedback,"
			       " 'decided_at', rfc3339(r.decided_at))) ORDER BY r.round) FROM submission_round r WHERE r.submission_id = s.id),"
			       " 'events', (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('kind', e.kind, 'round', e.round, 'at', rfc3339(e.at),"
			       " 'account', CASE WHEN NOT judged_blind(w.account_id, s.id) THEN coalesce(w.account, 'erased') END)) ORDER BY e.id) FROM submission_event e JOIN who w ON w.id = e.who"
			       " WHERE e.submission_id = s.id)" AS_IT_IS
			"FROM submission s JOIN achievement_version v ON v.achievement_id = s.achievement_id AND v.number = s.achievement_number"
			" WHERE s.person_id " THEIRS " ORDER BY s.id LIMIT " MOST},
	{"enrolments", OBJECT "'id', e.id, 'pathway_id', e.pathway_id, 'pathway', v.name, 'pathway_version', e.number, 'state', e.state, 'via', e.via,"
			      " 'until', e.until, 'percent', e.percent, 'done', e.done, 'needed', e.needed, 'completed_at', rfc3339(e.completed_at),"
			      " 'credential_id', e.credential_id, 'aside', e.aside, 'aside_for', e.aside_for, 'created_at', rfc3339(e.created_at),"
			      " 'updated_at', rfc3339(e.updated_at),"
			      " 'events', (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('kind', n.kind, 'pathway_version', n.number,"
			      " 'at', rfc3339(n.at), 'account', coalesce(w.account, 'erased'), 'credential_id', n.credential_id)) ORDER BY n.id)"
			      " FROM enrolment_event n JOIN who w ON w.id = n.who WHERE n.enrolment_id = e.id)" AS_IT_IS
		       "FROM enrolment e JOIN pathway_version v ON v.pathway_id = e.pathway_id AND v.number = e.number"
		       " WHERE e.person_id " THEIRS " ORDER BY e.id LIMIT " MOST},
	{"outside_proofs", OBJECT "'id', o.id, 'enrolment_id', o.enrolment_id, 'pathway_id', e.pathway_id, 'step', o.node, 'text', o.text,"
				  " 'url', o.url, 'state', o.state, 'note', o.note, 'created_at', rfc3339(o.created_at),"
				  " 'decided_at', rfc3339(o.decided_at), 'account', CASE WHEN o.decided_by IS NOT NULL"
				  " THEN coalesce(w.account, 'erased') END" AS_IT_IS
			   "FROM outside_proof o JOIN enrolment e ON e.id = o.enrolment_id LEFT JOIN who w ON w.id = o.decided_by"
			   " WHERE e.person_id " THEIRS " ORDER BY o.id LIMIT " MOST},
	{"outside_proofs_decided", OBJECT "'id', o.id, 'pathway_id', e.pathway_id, 'step', o.node, 'state', o.state, 'note', o.note,"
					  " 'decided_at', rfc3339(o.decided_at)" AS_IT_IS
				   "FROM outside_proof o JOIN enrolment e ON e.id = o.enrolment_id JOIN who w ON w.id = o.decided_by"
				   " WHERE w.account_id IN " ACCOUNTS_OF " ORDER BY o.id LIMIT " MOST},
	{"claim_endorsements", OBJECT "'id', e.id, 'claim_id', e.claim_id, 'person', p.name, 'level', e.level, 'note', e.note,"
				      " 'hidden', e.hidden, 'created_at', rfc3339(e.created_at)" AS_IT_IS
			       "FROM claim_endorsement e JOIN claim c ON c.id = e.claim_id JOIN person p ON p.id = e.entry_id"
			       " WHERE c.person_id " THEIRS " ORDER BY e.id LIMIT " MOST},
	{"endorsed_by_them", OBJECT "'id', e.id, 'claim_id', e.claim_id, 'level', e.level, 'note', e.note,"
				    " 'created_at', rfc3339(e.created_at)" AS_IT_IS
			     "FROM claim_endorsement e WHERE e.entry_id " THEIRS " ORDER BY e.id LIMIT " MOST},
	{"judged", OBJECT "'id', r.id, 'achievement_id', s.achievement_id, 'round', r.round, 'state', r.state, 'scores', r.scores,"
			  " 'points', r.points, 'verdict', r.verdict, 'comment', r.comment, 'claimed_at', rfc3339(r.claimed_at),"
			  " 'done_at', rfc3339(r.done_at)" AS_IT_IS
		   "FROM review r JOIN submission s ON s.id = r.submission_id WHERE r.assessor_id " THEIRS " ORDER BY r.id LIMIT " MOST},
	{"judged_before", OBJECT "'id', b.review_id, 'why', b.why, 'scores', b.scores, 'comment', b.comment,"
				 " 'claimed_at', rfc3339(b.claimed_at), 'at', rfc3339(b.at)" AS_IT_IS
			  "FROM review_past b WHERE b.person_id " THEIRS " ORDER BY b.id LIMIT " MOST},
	{"judgements", OBJECT "'submission_id', r.submission_id, 'round', r.round, 'place', r.place, 'scores', r.scores, 'points', r.points,"
			      " 'verdict', r.verdict, 'comment', r.comment, 'done_at', rfc3339(r.done_at)" AS_IT_IS
		       "FROM review r JOIN submission s ON s.id = r.submission_id JOIN submission_round l ON l.submission_id = r.submission_id"
		       " AND l.round = r.round AND l.outcome IS NOT NULL WHERE r.state = 'done' AND s.person_id " THEIRS
		       " ORDER BY r.id LIMIT " MOST},
	{"counts", OBJECT "'credential_id', n.credential_id, 'day', n.day, 'kind', n.kind, 'number', n.number" AS_IT_IS
		   "FROM credential_count n JOIN credential c ON c.id = n.credential_id WHERE c.person_id " THEIRS
		   " ORDER BY n.day DESC, n.credential_id, n.kind LIMIT " MOST},
	{"talent", OBJECT "'listed', t.listed, 'note', t.note, 'interests', t.interests, 'updated_at', rfc3339(t.updated_at)" AS_IT_IS
		   "FROM talent t WHERE t.person_id " THEIRS " ORDER BY t.updated_at"},
	{"corrections", OBJECT "'id', c.id, 'about', c.about, 'object', c.object, 'text', c.text, 'state', c.state, 'answer', c.answer,"
			       " 'created_at', rfc3339(c.created_at), 'closed_at', rfc3339(c.closed_at)" AS_IT_IS
			"FROM correction c WHERE c.entry_id " THEIRS " ORDER BY c.id LIMIT " MOST},
	{"looks", OBJECT "'day', l.day, 'viewer', coalesce(v.name, CASE WHEN a.name <> '' THEN a.authenticator || ':' || a.name ELSE 'erased' END),"
			 " 'relation', l.relation, 'what', l.what, 'times', l.number" AS_IT_IS
		  "FROM look l LEFT JOIN person v ON v.id = l.viewer_id LEFT JOIN account a ON a.id = l.account_id"
		  " WHERE l.subject_id " THEIRS " ORDER BY l.day DESC, l.id LIMIT " MOST},
	{"looked_at_by_them", OBJECT "'day', l.day, 'person_id', l.subject_id, 'relation', l.relation, 'what', l.what, 'times', l.number" AS_IT_IS
			      "FROM look l WHERE l.viewer_id " THEIRS " OR l.account_id IN " ACCOUNTS_OF " ORDER BY l.day DESC, l.id LIMIT " MOST},
	{"notices", OBJECT "'id', o.id, 'kind', o.kind, 'noun', o.noun, 'object', o.object, 'made_at', rfc3339(o.made_at),"
			   " 'due_at', rfc3339(o.due_at), 'detail', o.detail" AS_IT_IS
		    "FROM outbox o WHERE o.person_id " THEIRS " ORDER BY o.id LIMIT " MOST},
	{"reviews", OBJECT "'achievement_id', e.achievement_id, 'version', e.number, 'kind', e.kind, 'at', rfc3339(e.recorded_at),"
			   " 'comment', n.comment" AS_IT_IS
		    "FROM achievement_event e JOIN who w ON w.id = e.who LEFT JOIN achievement_note n ON n.event_id = e.id"
		    " WHERE e.kind IN ('submitted', 'approved', 'returned') AND w.account_id IN " ACCOUNTS_OF " ORDER BY e.id LIMIT " MOST},
	{"achievements_owned", OBJECT "'achievement_id', a.id, 'next_review', a.next_review" AS_IT_IS
			       "FROM achievement a WHERE a.owner_id " THEIRS " ORDER BY a.id"},
	{"accounts", OBJECT "'id', a.id, 'authenticator', a.authenticator, 'name', a.name" AS_IT_IS
		     "FROM account a WHERE a.person_id " THEIRS " ORDER BY a.id"},
	{"sessions", OBJECT "'id', s.id, 'account_id', s.account_id, 'address', s.address, 'created_at', rfc3339(s.created_at),"
			    " 'last_used_at', rfc3339(s.seen_at), 'expires_at', rfc3339(s.expires_at)" AS_IT_IS
		     "FROM session s WHERE s.account_id IN " ACCOUNTS_OF " ORDER BY s.id LIMIT " MOST},
	{"tokens", OBJECT "'id', t.id, 'account_id', t.account_id, 'name', t.name, 'scopes', t.scopes,"
			  " 'created_at', rfc3339(t.created_at), 'last_used_at', rfc3339(t.seen_at),"
			  " 'expires_at', rfc3339(t.expires_at)" AS_IT_IS
		   "FROM token t WHERE t.account_id IN " ACCOUNTS_OF " ORDER BY t.id LIMIT " MOST},
	{"holds", OBJECT "'reason', h.reason, 'set_at', rfc3339(h.set_at), 'until', rfc3339(h.until),"
			 " 'lifted_at', rfc3339(h.lifted_at)" AS_IT_IS
		  "FROM legal_hold h WHERE h.person_id " THEIRS " ORDER BY h.id"},
	{"done_by_them", AUDITED "CROSS JOIN (SELECT false AS hidden) AS x WHERE e.who IN (SELECT w.id FROM who w WHERE w.account_id IN " ACCOUNTS_OF
				 " UNION ALL SELECT w.id FROM who w JOIN person p ON p.id " THEIRS " WHERE w.account_id IS NULL"
				 "  AND lower(substr(w.account, strpos(w.account, ':') + 1)) = lower(p.username))"
				 " ORDER BY e.seq DESC LIMIT " MOST},
	{"done_about_them", AUDITED "CROSS JOIN LATERAL (SELECT CASE WHEN e.noun IN ('submission', 'credential')"
				    " THEN judged_blind(w.account_id, e.object::uuid) ELSE false END AS hidden) AS x"
				    " WHERE e.object IN (SELECT p.id::text FROM person p WHERE p.id " THEIRS
				    " UNION ALL SELECT c.id::text FROM credential c WHERE c.person_id " THEIRS
				    " UNION ALL SELECT c.id::text FROM claim c WHERE c.person_id " THEIRS
				    " UNION ALL SELECT s.id::text FROM submission s WHERE s.person_id " THEIRS
				    " UNION ALL SELECT e.id::text FROM enrolment e WHERE e.person_id " THEIRS
				    " UNION ALL SELECT o.id::text FROM outside_proof o JOIN enrolment e ON e.id = o.enrolment_id"
				    "  WHERE e.person_id " THEIRS ")"
				    " ORDER BY e.seq DESC LIMIT " MOST},
};

static enum skd_outcome section_read(struct skd_call *call, const struct section *section, const char *person_id,
				     struct store_held *held)
{
	struct rows *rows;
	TRY(db_query(call, section->sql, ARGS(person_id), &rows));
	size_t count = (size_t)rows_count(rows);
	const char **items = talloc_zero_array(call, const char *, count + 1);
	for (size_t i = 0; i < count; i++)
		items[i] = row_json(rows, (int)i, 0);
	*held = (struct store_held){section->name, items, count > ITEMS ? ITEMS : count, count > ITEMS};
	return SKD_OK;
}

enum skd_outcome store_held_list(struct skd_call *call, const char *person_id, struct store_held **out, size_t *count)
{
	*count = sizeof sections / sizeof *sections;
	*out = talloc_zero_array(call, struct store_held, *count);
	for (size_t i = 0; i < *count; i++)
		TRY(section_read(call, &sections[i], person_id, &(*out)[i]));
	return SKD_OK;
}
