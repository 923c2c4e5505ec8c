-- SPDX-License-Identifier: Apache-2.0
-- Whom an actor sees: everyone; themselves and those below them; those whom they issue to.

-- As a set, for lists.
CREATE FUNCTION people_seen(self uuid, issued boolean) RETURNS SETOF uuid LANGUAGE sql STABLE ROWS 1000 AS $$
	SELECT self WHERE self IS NOT NULL
	UNION SELECT people_below(self) WHERE self IS NOT NULL
	UNION SELECT person_id FROM credential WHERE issued
$$;

-- For one person, walking up the chart. In plpgsql, which keeps its plans; what is true most often comes first.
CREATE FUNCTION person_seen(everyone boolean, self uuid, issued boolean, person uuid) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF everyone OR person = self THEN
		RETURN true;
	END IF;
	RETURN (issued AND EXISTS (SELECT FROM credential c WHERE c.person_id = person))
		OR coalesce(is_above(self, person), false)
		OR EXISTS (SELECT FROM person p WHERE p.id = person AND p.human = self);
END $$;
