-- SPDX-License-Identifier: Apache-2.0
-- What others say of claims, who looked at whom, who wants to be found, and what people want corrected.

-- Everybody who is signed in sees a shared claim, and not only who sees the person.
ALTER TABLE claim ADD colleagues boolean NOT NULL DEFAULT false;
CREATE INDEX ON claim (updated_at, id) WHERE shared AND colleagues;

CREATE FUNCTION claim_seen(everyone boolean, self uuid, issued boolean, person uuid, shared boolean, colleagues boolean)
RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN person = self OR (shared AND (person_seen(everyone, self, issued, person) OR (colleagues AND self IS NOT NULL
		AND EXISTS (SELECT FROM person p WHERE p.id = person AND p.absent_since IS NULL AND NOT p.disabled))));
END $$;

-- Somebody says that somebody else's claim is so. Of no weight in what is verified.
CREATE TABLE claim_endorsement (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	claim_id uuid NOT NULL REFERENCES claim ON DELETE CASCADE,
	entry_id uuid NOT NULL REFERENCES person, -- the entry by which it was made
	level integer NOT NULL, -- that it was given for
	note text,
	hidden boolean NOT NULL DEFAULT false, -- by who made the claim
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	UNIQUE (claim_id, entry_id)
);
CREATE INDEX ON claim_endorsement (entry_id);

-- One of each human, the latest; none of who turns out to have made the claim.
CREATE VIEW claim_endorsed AS
	SELECT DISTINCT ON (n.claim_id, coalesce(p.human, p.id)) n.*, coalesce(p.human, p.id) AS human_id
	FROM claim_endorsement n JOIN claim c ON c.id = n.claim_id JOIN person p ON p.id = n.entry_id
	WHERE coalesce(p.human, p.id) <> c.person_id ORDER BY n.claim_id, coalesce(p.human, p.id), n.id DESC;

-- How often somebody read what another person's record says, by day in UTC.
CREATE TABLE look (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	subject_id uuid NOT NULL REFERENCES person, -- the human they were that day
	day date NOT NULL,
	viewer_id uuid REFERENCES person,   -- who looked, or
	account_id uuid REFERENCES account, -- what account, where that is nobody's
	relation text NOT NULL CHECK (relation IN ('manager', 'issuer', 'hr', 'admin', 'auditor', 'colleague')), -- as what they saw it
	what text NOT NULL,
	number bigint NOT NULL,
	CHECK (num_nonnulls(viewer_id, account_id) = 1),
	UNIQUE NULLS NOT DISTINCT (subject_id, day, viewer_id, account_id, relation, what)
) WITH (fillfactor = 70); -- counted up in place
CREATE INDEX ON look (viewer_id) WHERE viewer_id IS NOT NULL;
CREATE INDEX ON look USING brin (day);

-- Who wants to be found by all colleagues.
CREATE TABLE talent (
	person_id uuid PRIMARY KEY REFERENCES person, -- the human they were when they said so
	listed boolean NOT NULL,
	note text,
	interests text[] NOT NULL DEFAULT '{}',
	version integer NOT NULL,
	updated_at timestamptz NOT NULL DEFAULT now()
);

-- Of each human what was said last.
CREATE VIEW talent_said AS
	SELECT DISTINCT ON (coalesce(p.human, p.id)) coalesce(p.human, p.id) AS human_id, t.*
	FROM talent t JOIN person p ON p.id = t.person_id ORDER BY coalesce(p.human, p.id), t.updated_at DESC, t.person_id;

-- What somebody says is wrong in what is held of them, and what they were told.
CREATE TABLE correction (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	entry_id uuid NOT NULL REFERENCES person, -- by which it was asked for
	about text NOT NULL CHECK (about IN ('person', 'credential', 'claim', 'other')),
	object uuid, -- the credential or the claim, which may go before this
	text text NOT NULL,
	state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'declined', 'withdrawn')),
	answer text,
	answered_by uuid REFERENCES account,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	closed_at timestamptz,
	CHECK ((state = 'open') = (closed_at IS NULL)),
	CHECK ((state IN ('done', 'declined')) = (answered_by IS NOT NULL))
);
CREATE INDEX ON correction (entry_id);
CREATE INDEX ON correction (created_at, id) WHERE state = 'open';

-- Whether that account had a place in judging, blind, what that is: a submission, or the credential that came of it or is
-- renewed by it. Who is judged blind is not told by whom.
CREATE FUNCTION judged_blind(judge uuid, what uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM account a JOIN person p ON p.id = a.person_id CROSS JOIN LATERAL (
			SELECT r.submission_id FROM review r WHERE r.assessor_id = coalesce(p.human, p.id)
			UNION SELECT r.submission_id FROM review_past b JOIN review r ON r.id = b.review_id WHERE b.person_id = coalesce(p.human, p.id)) AS j
		JOIN submission s ON s.id = j.submission_id AND what IN (s.id, s.credential_id, s.renews)
		JOIN achievement_version v ON v.achievement_id = s.achievement_id AND v.number = s.achievement_number
		WHERE a.id = judge AND (v.assessment->>'blind')::bool)
$$;
