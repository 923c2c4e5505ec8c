-- SPDX-License-Identifier: Apache-2.0
-- What becomes of the credentials of those who leave, and of those who move to another unit; and of what leavers have handed in.

ALTER TABLE achievement_version
	ADD on_leave text NOT NULL DEFAULT 'keep' CHECK (on_leave IN ('keep', 'suspend', 'revoke')),
	ADD on_move text NOT NULL DEFAULT 'keep' CHECK (on_move IN ('keep', 'suspend', 'revoke'));

-- People whose leaving, moving or coming back has not been followed yet. Written with the row of the person, whoever writes it:
-- by a run, a feed, or an approval.
CREATE TABLE person_parted (
	person_id uuid PRIMARY KEY, -- the entry
	moved boolean NOT NULL,     -- to another unit
	at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON person_parted (at);
CREATE FUNCTION person_parts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO person_parted (person_id, moved)
		SELECT n.id, coalesce(o.unit_id <> n.unit_id, false) FROM new_rows n JOIN old_rows o ON o.id = n.id
		WHERE n.erased_at IS NULL
			AND ((o.absent_since IS NULL) <> (n.absent_since IS NULL) OR o.unit_id <> n.unit_id)
			AND (EXISTS (SELECT FROM credential c WHERE c.person_id = coalesce(n.human, n.id))
				OR EXISTS (SELECT FROM submission s WHERE s.person_id = coalesce(n.human, n.id) AND s.state IN ('submitted', 'in_review')))
		ON CONFLICT (person_id) DO UPDATE SET moved = person_parted.moved OR excluded.moved, at = now();
	RETURN NULL;
END $$;
CREATE TRIGGER parts AFTER UPDATE ON person REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
	FOR EACH STATEMENT EXECUTE FUNCTION person_parts();

-- Suspended since its holder left: reinstated when they come back.
CREATE TABLE credential_left (
	credential_id uuid PRIMARY KEY REFERENCES credential
);

CREATE FUNCTION credential_left_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM credential_left WHERE credential_id = NEW.id;
	RETURN NULL;
END $$;
CREATE TRIGGER left_ends AFTER UPDATE OF state ON credential FOR EACH ROW
	WHEN (OLD.state = 'suspended' AND NEW.state <> 'suspended') EXECUTE FUNCTION credential_left_ends();

-- Whoever is here and nearest above somebody: where their manager has left, the manager's.
CREATE FUNCTION manager_here(person uuid) RETURNS uuid LANGUAGE sql STABLE AS $$
	WITH RECURSIVE above (id, absent, far) AS (
		SELECT m.id, m.absent_since IS NOT NULL OR m.disabled, 1 FROM person p JOIN person m ON m.id = p.manager_id
			WHERE p.id = person
		UNION ALL SELECT m.id, m.absent_since IS NOT NULL OR m.disabled, a.far + 1 FROM above a JOIN person p ON p.id = a.id
			JOIN person m ON m.id = p.manager_id WHERE a.absent AND a.far < 100)
	SELECT id FROM above WHERE NOT absent AND id <> person ORDER BY far LIMIT 1
$$;
