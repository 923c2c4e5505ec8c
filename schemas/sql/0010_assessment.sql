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

-- One place for each assessor that a round needs; a third is added where two disagree.
CREATE TABLE review (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	submission_id uuid NOT NULL REFERENCES submission ON DELETE CASCADE,
	round integer NOT NULL,
	place integer NOT NULL, -- from 1
	state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'claimed', 'done', 'closed')),
	offered_to uuid REFERENCES person, -- whose turn it is, by load; NULL: any eligible
	assessor_id uuid REFERENCES person, -- the human who has claimed it, or did it
	entry_id uuid REFERENCES person,
	lease_until timestamptz,
	scores json NOT NULL DEFAULT '{}', -- {RESULT: {"level": id, "comment"}}
	points numeric(10, 2), -- in total, once it is done
	verdict text CHECK (verdict IN ('approve', 'return', 'decline')),
	comment text,
	claimed_at timestamptz,
	done_at timestamptz,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	UNIQUE (submission_id, round, place),
	CHECK ((state IN ('claimed', 'done')) = (assessor_id IS NOT NULL))
);
CREATE UNIQUE INDEX ON review (submission_id, round, assessor_id) WHERE assessor_id IS NOT NULL;
CREATE INDEX ON review (assessor_id, state);
CREATE INDEX ON review (lease_until) WHERE state = 'claimed';

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
