-- SPDX-License-Identifier: Apache-2.0
-- What becomes of the data of those who left.

-- Groups that somebody was in and is not any more: which policy fits is asked when they have gone.
CREATE TABLE group_left (
	person_id uuid NOT NULL,
	source text NOT NULL,
	group_key text COLLATE "C" NOT NULL,
	at timestamptz NOT NULL DEFAULT now()
);
-- A key may be longer than an entry of an index.
CREATE UNIQUE INDEX ON group_left (person_id, source, md5(group_key));
CREATE FUNCTION group_left_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO group_left (person_id, source, group_key)
		SELECT DISTINCT o.person_id, g.source, g.key FROM old_rows o JOIN directory_group g ON g.id = o.group_id
		ON CONFLICT (person_id, source, md5(group_key)) DO UPDATE SET at = now();
	RETURN NULL;
END $$;
CREATE TRIGGER keep AFTER DELETE ON group_person REFERENCING OLD TABLE AS old_rows
	FOR EACH STATEMENT EXECUTE FUNCTION group_left_keep();
-- While the group's key is still known.
CREATE FUNCTION group_left_empty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM group_person WHERE group_id = OLD.id;
	RETURN OLD;
END $$;
CREATE TRIGGER empty BEFORE DELETE ON directory_group FOR EACH ROW EXECUTE FUNCTION group_left_empty();

CREATE TABLE legal_hold (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	person_id uuid NOT NULL REFERENCES person,
	reason text NOT NULL,
	until timestamptz NOT NULL DEFAULT 'infinity',
	set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	set_by uuid NOT NULL, -- who
	lifted_at timestamptz
);
CREATE UNIQUE INDEX ON legal_hold (person_id) WHERE lifted_at IS NULL;
CREATE INDEX ON legal_hold (person_id);

-- The proof. The digest is over all that was held, under a key that nobody has any more.
CREATE TABLE erasure (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	person_id uuid NOT NULL REFERENCES person,
	erased_at timestamptz NOT NULL DEFAULT now(),
	who uuid NOT NULL,
	policy text, -- NULL: none fitted
	early boolean NOT NULL,
	reason text NOT NULL,
	removed jsonb NOT NULL, -- rows by table
	digest bytea NOT NULL
);
CREATE INDEX ON erasure (erased_at, id);
CREATE TRIGGER once BEFORE UPDATE OR DELETE OR TRUNCATE ON erasure EXECUTE FUNCTION refuse_change();

-- Since when the clock, as those who tidy up saw it, has gone on without a gap of a day or a step back.
CREATE TABLE retention_clock (
	one boolean PRIMARY KEY DEFAULT true CHECK (one),
	seen_at timestamptz NOT NULL DEFAULT now(),
	steady_since timestamptz NOT NULL DEFAULT now()
);
INSERT INTO retention_clock DEFAULT VALUES;

CREATE INDEX directory_run_skipped ON directory_run_line (run_id) WHERE kind = 'skipped';
CREATE INDEX person_left ON person (absent_since) WHERE absent_since IS NOT NULL AND erased_at IS NULL;

CREATE FUNCTION rfc3339(t timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN isfinite(t) THEN rtrim(rtrim(to_char(t AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z' END
$$;

-- Policies as the configuration has them, the first that fits decides:
-- [{n, name, keep, automatic, countries: [...], groups: [{source, key}]}]; countries and groups absent: any.
CREATE FUNCTION retention_clock(policies jsonb)
RETURNS TABLE (person_id uuid, policy text, automatic boolean, due_at timestamptz) LANGUAGE sql STABLE AS $$
	WITH RECURSIVE rule AS MATERIALIZED (
		SELECT r.* FROM jsonb_to_recordset(policies)
			AS r (n int, name text, keep interval, automatic boolean, countries text[], groups jsonb)),
	within (n, source, key, id) AS (
		SELECT r.n, m.source, m.key COLLATE "C", g.id FROM rule r
			CROSS JOIN jsonb_to_recordset(coalesce(r.groups, '[]')) AS m (source text, key text)
			LEFT JOIN directory_group g ON g.source = m.source AND g.key = m.key COLLATE "C"
		UNION SELECT w.n, w.source, c.key, c.id FROM within w JOIN group_group gg ON gg.group_id = w.id
			JOIN directory_group c ON c.id = gg.member_id),
	-- Of their last 30 days.
	was_in AS MATERIALIZED (
		SELECT DISTINCT w.n, p.id FROM within w JOIN group_left l ON l.source = w.source AND l.group_key = w.key
			JOIN person p ON p.id = l.person_id AND p.absent_since IS NOT NULL
			AND l.at > p.absent_since - interval '30 days'
		UNION SELECT w.n, gp.person_id FROM within w JOIN group_person gp ON gp.group_id = w.id)
	-- From when the last of a human's entries left.
	SELECT DISTINCT ON (p.id) p.id, r.name, r.automatic, r.keep
		+ coalesce((SELECT max(e.absent_since) FROM person e WHERE e.human = p.human), p.absent_since)
	FROM person p JOIN rule r ON (r.countries IS NULL OR p.country = ANY (r.countries))
		AND (r.groups IS NULL OR EXISTS (SELECT FROM was_in w WHERE w.n = r.n AND w.id = p.id))
	WHERE p.absent_since IS NOT NULL AND p.erased_at IS NULL ORDER BY p.id, r.n
$$;
