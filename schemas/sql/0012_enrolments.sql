-- SPDX-License-Identifier: Apache-2.0
-- Who is on which pathway, and how far: kept, so that it can be asked of many, and computed from what is so, so that it is right.

CREATE TABLE enrolment (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	person_id uuid NOT NULL REFERENCES person, -- the human of
	entry_id uuid NOT NULL REFERENCES person,  -- the entry that was enrolled, unless they are on it already by another
	pathway_id uuid NOT NULL,
	number integer NOT NULL, -- of the version that they are on
	looked integer NOT NULL, -- of the newest that was published when it was computed last
	state text NOT NULL CHECK (state IN ('invited', 'active', 'paused', 'completed', 'left')),
	via text NOT NULL CHECK (via IN ('self', 'invited', 'rule')),
	until date, -- by then it is to be completed
	percent integer NOT NULL DEFAULT 0 CHECK (percent BETWEEN 0 AND 100),
	done integer NOT NULL DEFAULT 0, needed integer NOT NULL DEFAULT 0, -- steps
	due_at timestamptz NOT NULL DEFAULT now(), -- when it is computed anew; 'infinity': once something changes
	owed_at timestamptz NOT NULL DEFAULT 'infinity', -- when what follows of it for awards is to be done
	reached text[] NOT NULL DEFAULT '{}', -- nodes whose milestone was awarded
	completed_at timestamptz,
	credential_id uuid REFERENCES credential, -- what completing it gave; NULL, too, once that was revoked for what was lost
	awarded integer, -- of the version by which: its policy holds for what was lost
	held_back boolean NOT NULL DEFAULT false, -- that was suspended for what was lost
	told boolean NOT NULL DEFAULT false, -- that it is completed
	aside text CHECK (aside <> 'left'), -- its state, but for another one of the same human's by another entry, which stands for it
	aside_at timestamptz, -- when it was completed then
	aside_for uuid,       -- by which it is left for now
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now(),
	FOREIGN KEY (pathway_id, number) REFERENCES pathway_version,
	CHECK ((state = 'completed') = (completed_at IS NOT NULL)),
	CHECK (aside IS NULL OR state = 'left'),
	CHECK (aside_for IS NULL OR aside IS NOT NULL)
);
CREATE UNIQUE INDEX enrolment_once ON enrolment (person_id, pathway_id) WHERE state <> 'left';
CREATE INDEX ON enrolment (person_id);
CREATE INDEX ON enrolment (entry_id);
CREATE INDEX ON enrolment (pathway_id, looked, id);
CREATE INDEX ON enrolment (credential_id) WHERE credential_id IS NOT NULL;
CREATE INDEX ON enrolment (aside_for) WHERE aside_for IS NOT NULL;
CREATE INDEX ON enrolment (due_at) WHERE due_at < 'infinity';
CREATE INDEX ON enrolment (owed_at) WHERE owed_at < 'infinity';

CREATE TABLE enrolment_event (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	enrolment_id uuid NOT NULL, -- is gone when its person was erased
	number integer NOT NULL,
	kind text NOT NULL,
	at timestamptz NOT NULL DEFAULT now(),
	who uuid NOT NULL,
	credential_id uuid
);
CREATE INDEX ON enrolment_event (enrolment_id, id);
CREATE TRIGGER once BEFORE UPDATE OR DELETE OR TRUNCATE ON enrolment_event EXECUTE FUNCTION refuse_change();

-- What no credential says: that somebody has done a step elsewhere. One that was accepted holds for the pathway, also for who
-- leaves it and comes back.
CREATE TABLE outside_proof (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	enrolment_id uuid NOT NULL REFERENCES enrolment ON DELETE CASCADE,
	node text COLLATE "C" NOT NULL,
	text text, url text,
	state text NOT NULL DEFAULT 'offered' CHECK (state IN ('offered', 'accepted', 'refused', 'withdrawn', 'revoked')),
	note text,
	decided_at timestamptz, -- the last time
	decided_by uuid, -- of who; withdrawn: themselves
	created_at timestamptz NOT NULL DEFAULT now(),
	CHECK (num_nonnulls(text, url) > 0),
	CHECK ((state = 'offered') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX proof_offered ON outside_proof (enrolment_id, node) WHERE state = 'offered';
CREATE INDEX ON outside_proof (enrolment_id, node);
CREATE INDEX ON outside_proof (created_at, id) WHERE state = 'offered';

-- Of whom something has changed that a pathway may count. Written by whoever changes it, in the same transaction, and waited
-- for by nobody: what they are on is computed anew by whoever reads it next, or a moment later.
CREATE TABLE enrolment_news (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	person_id uuid NOT NULL
);
CREATE INDEX ON enrolment_news (person_id);

CREATE FUNCTION enrolment_news_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO enrolment_news (person_id) SELECT DISTINCT person_id FROM added;
	RETURN NULL;
END $$;
CREATE FUNCTION enrolment_news_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO enrolment_news (person_id) SELECT person_id FROM was UNION SELECT person_id FROM becomes;
	RETURN NULL;
END $$;
CREATE FUNCTION enrolment_news_credential() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO enrolment_news (person_id) SELECT v.id FROM was w JOIN becomes b USING (id)
		CROSS JOIN LATERAL (VALUES (w.person_id), (b.person_id)) AS v (id)
		WHERE (w.person_id, w.state, w.valid_from, w.expires_at, w.achievement_id)
			IS DISTINCT FROM (b.person_id, b.state, b.valid_from, b.expires_at, b.achievement_id) GROUP BY v.id;
	RETURN NULL;
END $$;
CREATE FUNCTION enrolment_news_proof() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO enrolment_news (person_id) SELECT DISTINCT e.person_id FROM becomes b JOIN enrolment e ON e.id = b.enrolment_id
		WHERE b.state = 'accepted' OR TG_OP = 'UPDATE';
	RETURN NULL;
END $$;
-- What stands within another counts there as far as it is; and who becomes somebody else has other things.
CREATE FUNCTION enrolment_news_begun() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO enrolment_news (person_id) SELECT DISTINCT person_id FROM added a
		WHERE EXISTS (SELECT FROM pathway_node n WHERE n.inner_id = a.pathway_id);
	RETURN NULL;
END $$;
CREATE FUNCTION enrolment_news_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO enrolment_news (person_id) SELECT v.id FROM was w JOIN becomes b USING (id)
		CROSS JOIN LATERAL (VALUES (w.person_id), (b.person_id)) AS v (id)
		WHERE w.person_id <> b.person_id OR ((w.percent, w.state) <> (b.percent, b.state)
			AND EXISTS (SELECT FROM pathway_node n WHERE n.inner_id = b.pathway_id)) GROUP BY v.id;
	RETURN NULL;
END $$;
CREATE TRIGGER enrolment_news_added AFTER INSERT ON credential
	REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION enrolment_news_added();
CREATE TRIGGER enrolment_news_changed AFTER UPDATE ON credential
	REFERENCING OLD TABLE AS was NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION enrolment_news_credential();
CREATE TRIGGER enrolment_news_added AFTER INSERT ON proof
	REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION enrolment_news_added();
CREATE TRIGGER enrolment_news_changed AFTER UPDATE ON proof
	REFERENCING OLD TABLE AS was NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION enrolment_news_changed();
CREATE TRIGGER enrolment_news_added AFTER INSERT ON outside_proof
	REFERENCING NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION enrolment_news_proof();
CREATE TRIGGER enrolment_news_changed AFTER UPDATE ON outside_proof
	REFERENCING NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION enrolment_news_proof();
CREATE TRIGGER enrolment_news_added AFTER INSERT ON enrolment
	REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION enrolment_news_begun();
CREATE TRIGGER enrolment_news_changed AFTER UPDATE ON enrolment
	REFERENCING OLD TABLE AS was NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION enrolment_news_moved();

-- Where who is on version `stands` belongs now: on the newest that is published, but not past one that lets them stay; and when
-- that ends.
CREATE FUNCTION pathway_stand(pathway uuid, stands integer, OUT number integer, OUT until timestamptz, OUT newest integer)
LANGUAGE sql STABLE AS $$
	WITH later AS (SELECT v.number, v.keep_until FROM pathway_version v
			WHERE v.pathway_id = pathway AND v.published_at IS NOT NULL AND v.number > stands),
	held AS (SELECT l.number, l.keep_until FROM later l WHERE l.keep_until > now() ORDER BY l.number LIMIT 1)
	SELECT coalesce((SELECT max(l.number) FROM later l WHERE l.number < coalesce((SELECT h.number FROM held h), l.number + 1)), stands),
		coalesce((SELECT h.keep_until FROM held h), 'infinity'), coalesce((SELECT max(l.number) FROM later l), stands)
$$;
CREATE FUNCTION pathway_newest(pathway uuid) RETURNS integer LANGUAGE sql STABLE AS $$
	SELECT v.number FROM pathway_version v WHERE v.pathway_id = pathway AND v.published_at IS NOT NULL ORDER BY v.number DESC LIMIT 1
$$;
-- The one that has taken a credential's place, and so on; itself, where none has.
CREATE FUNCTION credential_now(credential uuid) RETURNS uuid LANGUAGE sql STABLE AS $$
	WITH RECURSIVE later (id, superseded_by) AS (SELECT c.id, c.superseded_by FROM credential c WHERE c.id = credential
		UNION SELECT c.id, c.superseded_by FROM later l JOIN credential c ON c.id = l.superseded_by)
	SELECT l.id FROM later l WHERE l.superseded_by IS NULL
$$;
