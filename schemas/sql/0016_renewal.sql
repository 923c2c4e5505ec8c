-- SPDX-License-Identifier: Apache-2.0
-- Credentials that end: who is told when, how they are renewed, and what proves that they are used.

-- So many days before a credential expires its holder is told. All that expire up to here were looked at, in the order of
-- the index of credential (expires_at, id): so each is told once, and what is looked at is only what came near since.
CREATE TABLE expiry_notice (
	days integer PRIMARY KEY,
	upto timestamptz NOT NULL DEFAULT now(),
	upto_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'
);

-- How a credential of this version is renewed; NULL: it is not, and is earned anew.
-- {"by": "evidence|rubric|course", "minimum": points, "assessors": how many, "prompts": [ids that are asked again], "course":
--  an achievement whose award renews this one, "from": period before it expires, "grace": period after that}
ALTER TABLE achievement_version ADD renewal json;
CREATE INDEX ON achievement_version (((renewal->>'course')::uuid)) WHERE renewal IS NOT NULL;

-- What of an assessment is asked of those who renew.
CREATE FUNCTION assessment_again(assessment json, renewal json) RETURNS json LANGUAGE sql IMMUTABLE AS $$
	SELECT json_build_object(
		'prompts', (SELECT coalesce(json_agg(p.item ORDER BY p.n), '[]') FROM json_array_elements(assessment->'prompts') WITH ORDINALITY AS p (item, n)
			WHERE renewal->'prompts' IS NULL OR p.item->>'id' IN (SELECT json_array_elements_text(renewal->'prompts'))),
		'minimum', CASE WHEN renewal->>'by' = 'rubric' THEN coalesce(renewal->'minimum', assessment->'minimum') END,
		'assessors', coalesce(renewal->'assessors', assessment->'assessors'), 'blind', assessment->'blind', 'days', assessment->'days',
		'disagreement', CASE WHEN renewal->>'by' = 'rubric' THEN assessment->'disagreement' END, 'groups', assessment->'groups',
		'unscored', renewal->>'by' = 'evidence')
$$;

-- A credential of this version lapses so long after it was used last (ISO 8601); NULL: however it is used.
ALTER TABLE achievement_version ADD lapse text;
-- Until when one can last that lapses unless it is used: expires_at is no later. NULL: it does not lapse.
ALTER TABLE credential ADD lasts_until timestamptz;
ALTER TABLE credential_event DROP CONSTRAINT credential_event_kind_check,
	ADD CHECK (kind IN ('issued', 'suspended', 'reinstated', 'revoked', 'superseded', 'shown', 'used'));

CREATE INDEX ON credential (person_id) WHERE lasts_until IS NOT NULL AND state = 'active';
-- What proves that it is used, as somebody other than its holder said, or an award to the same human. The event beside it names
-- nobody.
CREATE TABLE credential_use (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	credential_id uuid NOT NULL REFERENCES credential,
	what text NOT NULL,
	award_id uuid REFERENCES credential, -- that proves it; NULL: somebody said so
	at timestamptz NOT NULL,
	expires_at timestamptz NOT NULL, -- of the credential, from then on
	who uuid NOT NULL,
	recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON credential_use (credential_id, id);

-- Awards that have not been followed yet, and may renew others of the same human or prove that they are used. A correction of
-- one is no new award, and takes its place here. What begins later may be a use of what is awarded until then.
CREATE TABLE award_news (
	credential_id uuid PRIMARY KEY,
	at timestamptz NOT NULL
);
CREATE INDEX ON award_news (at);
-- The versions are looked at first, so that of those which renew and prove nothing no single award is.
CREATE FUNCTION award_noted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO award_news SELECT n.id, greatest(now(), n.valid_from) FROM (SELECT w.*,
			EXISTS (SELECT FROM achievement_version v WHERE v.renewal IS NOT NULL AND (v.renewal->>'course')::uuid = w.achievement_id) AS renews,
			EXISTS (SELECT FROM achievement_skill p JOIN achievement_skill s ON s.skill_id = p.skill_id AND s.level <= p.level
				JOIN achievement_version v ON v.achievement_id = s.achievement_id AND v.number = s.number AND v.lapse IS NOT NULL
				WHERE p.achievement_id = w.achievement_id AND p.number = w.achievement_number) AS proves
			FROM (SELECT DISTINCT achievement_id, achievement_number FROM new_rows) AS w OFFSET 0) AS w
		JOIN new_rows n USING (achievement_id, achievement_number)
		WHERE (w.renews OR (w.proves AND (n.valid_from > now() OR EXISTS (SELECT FROM credential c
				JOIN achievement_skill s ON s.achievement_id = c.achievement_id AND s.number = c.achievement_number
				JOIN achievement_skill p ON p.skill_id = s.skill_id AND p.level >= s.level
				WHERE c.person_id = n.person_id AND c.id <> n.id AND c.lasts_until IS NOT NULL AND c.state = 'active'
					AND c.valid_from < greatest(n.issued_at, n.valid_from)
					AND p.achievement_id = n.achievement_id AND p.number = n.achievement_number))))
			AND (n.replaces IS NULL OR EXISTS (SELECT FROM award_news o WHERE o.credential_id = n.replaces));
	RETURN NULL;
END $$;
CREATE TRIGGER noted AFTER INSERT ON credential REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION award_noted();
