-- SPDX-License-Identifier: Apache-2.0
-- What an achievement asks for, what people hand in for it, and who judged that how.

-- NULL: nothing can be handed in. The rubric is those of the version's results that are RubricCriterionLevel (Open Badges 3.0,
-- ResultDescription): their levels have points, their required level is the criterion's minimum.
-- {"prompts": [{"id", "kind": "text|link|file|quiz", "name", "description", "required", ...}], "minimum": points in total,
--  "assessors": how many, "blind", "days": to judge in, "disagreement": points beyond which a third is called, "groups": [DN]}
ALTER TABLE achievement_version ADD assessment json;

CREATE TABLE submission (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	person_id uuid NOT NULL REFERENCES person, -- the human of
	entry_id uuid NOT NULL REFERENCES person,  -- the entry by which it was begun
	achievement_id uuid NOT NULL,
	achievement_number integer NOT NULL, -- it is judged by what this version asks for
	claim_id uuid REFERENCES claim ON DELETE SET NULL, -- that it began with
	renews uuid REFERENCES credential, -- whose place the new one takes
	state text NOT NULL DEFAULT 'draft' CHECK (state IN
		('draft', 'submitted', 'in_review', 'returned', 'approved', 'declined', 'withdrawn')),
	round integer NOT NULL DEFAULT 1, -- how often it was handed in, or will have been
	answers json NOT NULL DEFAULT '{}', -- of this round: {PROMPT: {"text"}, {"url"}, {"files": [id]} or {"choices": [[n]]}}
	shared boolean NOT NULL DEFAULT false, -- who sees the person sees it, also before it is approved
	submitted_at timestamptz,
	due_at timestamptz,     -- the decision
	decided_at timestamptz,
	credential_id uuid REFERENCES credential,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now(),
	FOREIGN KEY (achievement_id, achievement_number) REFERENCES achievement_version
);
CREATE INDEX ON submission (person_id, id);
CREATE INDEX ON submission (achievement_id, id);
CREATE INDEX ON submission (due_at) WHERE state IN ('submitted', 'in_review');
-- One at a time: two tabs that begin begin the same.
CREATE UNIQUE INDEX submission_open ON submission (person_id, achievement_id)
	WHERE state IN ('draft', 'submitted', 'in_review', 'returned');

-- What was handed in, each time, and what came of it.
CREATE TABLE submission_round (
	submission_id uuid NOT NULL REFERENCES submission ON DELETE CASCADE,
	round integer NOT NULL,
	answers json NOT NULL,
	quizzes json NOT NULL DEFAULT '[]', -- [{"prompt", "points", "of", "passed"}]
	submitted_at timestamptz NOT NULL,
	outcome text CHECK (outcome IN ('approved', 'returned', 'declined', 'withdrawn')),
	feedback text,
	decided_at timestamptz,
	PRIMARY KEY (submission_id, round)
);

CREATE TABLE submission_event (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	submission_id uuid NOT NULL, -- a draft can be thrown away
	round integer NOT NULL,
	kind text NOT NULL,
	at timestamptz NOT NULL DEFAULT now(),
	who uuid NOT NULL
);
CREATE INDEX ON submission_event (submission_id, id);
CREATE TRIGGER once BEFORE UPDATE OR DELETE OR TRUNCATE ON submission_event EXECUTE FUNCTION refuse_change();

-- What lies under its hash in the configured folder.
CREATE TABLE submission_file (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	submission_id uuid NOT NULL REFERENCES submission ON DELETE CASCADE,
	prompt text NOT NULL,
	name text NOT NULL,
	type text NOT NULL, -- as its bytes say
	size bigint NOT NULL,
	hash bytea NOT NULL, -- SHA-256
	created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON submission_file (submission_id);
CREATE INDEX ON submission_file (hash);

-- Those that answers name, of that submission.
CREATE FUNCTION files_named(submission uuid, answers json) RETURNS json LANGUAGE sql STABLE AS $$
	SELECT coalesce(json_agg(json_build_object('id', f.id, 'prompt', f.prompt, 'name', f.name, 'type', f.type, 'size', f.size,
		'created_at', rfc3339(f.created_at)) ORDER BY f.id), '[]') FROM submission_file f WHERE f.submission_id = submission
		AND EXISTS (SELECT FROM json_each(answers) a, json_array_elements_text(a.value->'files') n WHERE n = f.id::text)
$$;

-- One place for each assessor that a round needs; a third is added where two disagree. Whoever turns one holds the submission first.
CREATE TABLE review (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	submission_id uuid NOT NULL REFERENCES submission ON DELETE CASCADE,
	round integer NOT NULL,
	place integer NOT NULL, -- from 1
	state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'claimed', 'done', 'closed')),
	offered_to uuid REFERENCES person, -- while it is open: whose turn it is, by load; NULL: any eligible
	offered_at timestamptz,
	assessor_id uuid REFERENCES person, -- the human who has claimed it, or did it
	entry_id uuid REFERENCES person,
	lease_until timestamptz, -- of who has claimed it, or whom it is offered to: then it is another's turn
	scores json NOT NULL DEFAULT '{}', -- {RESULT: {"level": id, "comment"}}
	points numeric(10, 2), -- in total, once it is done
	verdict text CHECK (verdict IN ('approve', 'return', 'decline')),
	comment text,
	reminded text CHECK (reminded IN ('half_time', 'due_soon', 'overdue')), -- what was said last to whose it is now
	claimed_at timestamptz,
	done_at timestamptz,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	UNIQUE (submission_id, round, place),
	CHECK ((state IN ('claimed', 'done')) = (assessor_id IS NOT NULL)),
	CHECK (state = 'open' OR offered_to IS NULL)
);
CREATE UNIQUE INDEX ON review (submission_id, round, assessor_id) WHERE assessor_id IS NOT NULL;
CREATE INDEX ON review (assessor_id, state);
CREATE INDEX ON review (assessor_id, claimed_at);
CREATE INDEX ON review (offered_to) WHERE offered_to IS NOT NULL;
CREATE INDEX ON review (id) WHERE state IN ('open', 'claimed');

-- Who had a place, or was offered one, and has it no more. What they had scored stays here, and is not shown as theirs.
CREATE TABLE review_past (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	review_id uuid NOT NULL REFERENCES review ON DELETE CASCADE,
	person_id uuid NOT NULL REFERENCES person,
	why text NOT NULL CHECK (why IN ('released', 'late', 'not_eligible', 'withdrawn')),
	scores json NOT NULL,
	comment text,
	claimed_at timestamptz, -- NULL: it was only offered
	at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON review_past (review_id, person_id);
CREATE INDEX ON review_past (person_id, at);

-- The groups that an assessment names, as the directories know them.
CREATE TABLE assessor_group (
	achievement_id uuid NOT NULL,
	number integer NOT NULL,
	source text NOT NULL,
	key text COLLATE "C" NOT NULL,
	PRIMARY KEY (achievement_id, number, source, key),
	FOREIGN KEY (achievement_id, number) REFERENCES achievement_version
);

-- Who may judge what is handed in for that version, now: those who are here, with the role, and in one of its groups or in a
-- group within, where it names some. What a run that waits for approval would take away gives no right, and an entry that may
-- not be theirs gives none.
CREATE FUNCTION assessors_for(achievement uuid, version integer) RETURNS SETOF uuid LANGUAGE sql STABLE ROWS 50 AS $$
	WITH RECURSIVE within (id) AS (
		SELECT g.id FROM assessor_group x JOIN directory_group g ON g.source = x.source AND g.key = x.key AND NOT g.lost
			WHERE x.achievement_id = achievement AND x.number = version
		UNION SELECT n.member_id FROM within w JOIN group_group n ON n.group_id = w.id AND NOT n.lost
			JOIN directory_group g ON g.id = n.member_id AND NOT g.lost)
	SELECT DISTINCT h.id FROM role_grant r JOIN person h ON h.id = r.person_id AND NOT h.disabled AND h.absent_since IS NULL
		WHERE r.role = 'assessor' AND r.until = 'infinity'
		AND (NOT EXISTS (SELECT FROM achievement_version v WHERE v.achievement_id = achievement AND v.number = version
				AND json_array_length(v.assessment->'groups') > 0)
			OR EXISTS (SELECT FROM within w JOIN group_person m ON m.group_id = w.id AND NOT m.lost
				JOIN person e ON e.id = m.person_id AND NOT e.disabled AND e.absent_since IS NULL
				WHERE e.id = h.id OR (e.human = h.id
					AND NOT EXISTS (SELECT FROM same_doubt d WHERE d.person_id IN (e.id, e.human)))))
$$;

-- Whether one is the direct manager of the other, by any entry of either.
CREATE FUNCTION reports_to_other(one uuid, others uuid[]) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM person e WHERE (e.id = ANY (others) OR e.human = ANY (others)) AND e.manager_id = one)
		OR EXISTS (SELECT FROM person e WHERE (e.id = one OR e.human = one) AND e.manager_id = ANY (others))
$$;

-- Whether that person, who is among the assessors, may have that place: never of their own, not two of one round, and of their own
-- manager or direct report only where there are several places and nobody so near has another.
CREATE FUNCTION may_judge(which uuid, judge uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
	r review;
	holders uuid[];
BEGIN
	SELECT * INTO r FROM review WHERE id = which;
	SELECT array_agg(DISTINCT coalesce(p.human, p.id)) INTO holders FROM submission s
		JOIN person p ON p.id IN (s.person_id, s.entry_id) WHERE s.id = r.submission_id;
	IF judge = ANY (holders) OR EXISTS (SELECT FROM review o WHERE o.submission_id = r.submission_id AND o.round = r.round
			AND o.id <> r.id AND judge IN (o.assessor_id, o.offered_to)) THEN
		RETURN false;
	END IF;
	RETURN NOT reports_to_other(judge, holders)
		OR ((SELECT count(*) FROM review o WHERE o.submission_id = r.submission_id AND o.round = r.round) > 1
			AND NOT EXISTS (SELECT FROM review o WHERE o.submission_id = r.submission_id AND o.round = r.round
				AND o.id <> r.id AND reports_to_other(coalesce(o.assessor_id, o.offered_to), holders)));
END $$;

-- What no person asks for is done by this account, which nobody signs in to: what a rule awards.
INSERT INTO account (authenticator, subject, name) VALUES ('house', 'rule', 'rule');

-- Hashes that somebody named, and perhaps nobody does now: whoever tidies looks, and takes the bytes away.
CREATE TABLE file_loose (hash bytea PRIMARY KEY);
CREATE FUNCTION file_loosen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO file_loose SELECT DISTINCT hash FROM gone ON CONFLICT DO NOTHING;
	RETURN NULL;
END $$;
CREATE TRIGGER loosen AFTER DELETE ON submission_file REFERENCING OLD TABLE AS gone
	FOR EACH STATEMENT EXECUTE FUNCTION file_loosen();
