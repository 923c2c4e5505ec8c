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

-- Awards that renew others, and have not been followed yet. A correction of one is no new award.
CREATE TABLE renewal_due (
	credential_id uuid PRIMARY KEY, -- of the course
	at timestamptz NOT NULL
);
CREATE INDEX ON renewal_due (at);
CREATE FUNCTION credential_renews() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO renewal_due SELECT n.id, greatest(now(), n.valid_from) FROM new_rows n WHERE n.replaces IS NULL
		AND EXISTS (SELECT FROM achievement_version v WHERE v.renewal IS NOT NULL AND (v.renewal->>'course')::uuid = n.achievement_id);
	RETURN NULL;
END $$;
CREATE TRIGGER renews AFTER INSERT ON credential REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION credential_renews();

-- A credential of this version lapses so long after it was used last (ISO 8601); NULL: however it is used.
ALTER TABLE achievement_version ADD lapse text;
-- Until when one can last that lapses unless it is used: expires_at is no later. NULL: it does not lapse.
ALTER TABLE credential ADD lasts_until timestamptz;
ALTER TABLE credential_event DROP CONSTRAINT credential_event_kind_check,
	ADD CHECK (kind IN ('issued', 'suspended', 'reinstated', 'revoked', 'superseded', 'shown', 'used'));

-- What proves that it is used, as somebody other than its holder said. The event beside it names nobody.
CREATE TABLE credential_use (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	credential_id uuid NOT NULL REFERENCES credential,
	what text NOT NULL,
	at timestamptz NOT NULL,
	expires_at timestamptz NOT NULL, -- of the credential, from then on
	who uuid NOT NULL,
	recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON credential_use (credential_id, id);
