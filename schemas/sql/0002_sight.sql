-- SPDX-License-Identifier: Apache-2.0
-- Whom an actor sees: everyone; themselves and those below them; those who hold what the actor may issue.

-- The groups whose members issue for an issuer, as the directories know them: what issuer.groups says, by the keys that the
-- directories give it.
CREATE TABLE issuer_group (
	issuer_id uuid NOT NULL REFERENCES issuer,
	source text NOT NULL,
	key text COLLATE "C" NOT NULL,
	PRIMARY KEY (issuer_id, source, key)
);
CREATE INDEX ON issuer_group (source, key);

-- For whom somebody with the role issuer issues: the company, and whoever's groups they are in, or in a group within. What
-- a run that waits for approval would take away gives no right, and an entry that may not be theirs gives none.
CREATE FUNCTION issuers_of(self uuid) RETURNS SETOF uuid LANGUAGE sql STABLE ROWS 3 AS $$
	WITH RECURSIVE around (id) AS (
		SELECT m.group_id FROM person p JOIN group_person m ON m.person_id = p.id AND NOT m.lost
			JOIN directory_group g ON g.id = m.group_id AND NOT g.lost
			WHERE p.absent_since IS NULL AND NOT p.disabled AND (p.id = self OR (p.human = self
				AND NOT EXISTS (SELECT FROM same_doubt d WHERE d.person_id IN (p.id, p.human))))
		UNION SELECT n.group_id FROM around a JOIN group_group n ON n.member_id = a.id AND NOT n.lost
			JOIN directory_group g ON g.id = n.group_id AND NOT g.lost)
	SELECT id FROM issuer WHERE key = 'company'
	UNION SELECT x.issuer_id FROM around a JOIN directory_group g ON g.id = a.id
		JOIN issuer_group x ON x.source = g.source AND x.key = g.key
$$;

-- As a set, for lists. issued: also whom they issue to.
CREATE FUNCTION people_seen(self uuid, issued boolean) RETURNS SETOF uuid LANGUAGE sql STABLE ROWS 1000 AS $$
	SELECT self WHERE self IS NOT NULL
	UNION SELECT people_below(self) WHERE self IS NOT NULL
	UNION SELECT person_id FROM credential WHERE issued AND issuer_id IN (SELECT issuers_of(self))
$$;

-- For one person, walking up the chart. In plpgsql, which keeps its plans; what is true most often comes first.
CREATE FUNCTION person_seen(everyone boolean, self uuid, issued boolean, person uuid) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF everyone OR person = self THEN
		RETURN true;
	END IF;
	RETURN (issued AND EXISTS (SELECT FROM credential c WHERE c.person_id = person AND c.issuer_id IN (SELECT issuers_of(self))))
		OR coalesce(is_above(self, person), false)
		OR EXISTS (SELECT FROM person p WHERE p.id = person AND p.human = self);
END $$;

-- For what an issuer has issued to a person.
CREATE FUNCTION credential_seen(everyone boolean, self uuid, issued boolean, person uuid, issuer uuid) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN everyone OR person = self OR (issued AND issuer IN (SELECT issuers_of(self)))
		OR person_seen(false, self, false, person);
END $$;
