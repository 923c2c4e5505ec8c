-- SPDX-License-Identifier: Apache-2.0
-- The catalogue, grown up: who looks after what, reviews by two people, and what is published staying as it is.

ALTER TABLE achievement
	ADD owner_id uuid REFERENCES person, -- the entry; who is meant is its human
	ADD next_review date,
	ADD reminded date; -- the next_review that somebody was reminded of
-- JSON stays as it was written: text that is alike is alike.
ALTER TABLE achievement_version
	ADD tags text[] NOT NULL DEFAULT '{}',
	ADD language text, -- BCP 47, of name, description and criteria
	ADD translations json NOT NULL DEFAULT '{}', -- {"de": {"name", "description", "criteria"}}
	ADD alignments json NOT NULL DEFAULT '[]', -- [{"name", "url", "framework", "code", "target_type"}]
	ADD results json NOT NULL DEFAULT '[]', -- that there may be: [{"id", "name", "result_type", "allowed_values", "levels", ...}]
	ADD related uuid[] NOT NULL DEFAULT '{}',
	ADD recommended uuid[] NOT NULL DEFAULT '{}', -- as the next ones
	ADD credits numeric(8, 2),
	ADD field_of_study text,
	ADD specialization text,
	ADD human_code text;
-- What the holder got: [{"result_description", "value", "achieved_level", "status"}]
ALTER TABLE credential ADD results json NOT NULL DEFAULT '[]';

-- What was said with a step, in words that may be about somebody: beside what is written once, so that they can be taken out.
CREATE TABLE achievement_note (
	event_id bigint PRIMARY KEY REFERENCES achievement_event,
	comment text NOT NULL
);

-- Whatever a writer overlooks: of a version that was published nothing changes any more but that it is archived.
CREATE FUNCTION version_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF OLD.state IN ('published', 'archived') AND (TG_OP = 'DELETE' OR to_jsonb(NEW) - 'state' <> to_jsonb(OLD) - 'state'
			OR NEW.state NOT IN (OLD.state, 'archived')) THEN
		RAISE EXCEPTION 'version % of achievement % was published', OLD.number, OLD.achievement_id
			USING ERRCODE = 'insufficient_privilege';
	END IF;
	RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE FUNCTION version_skill_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM achievement_version v WHERE v.achievement_id = OLD.achievement_id AND v.number = OLD.number
			AND v.state IN ('published', 'archived')) THEN
		RAISE EXCEPTION 'version % of achievement % was published', OLD.number, OLD.achievement_id
			USING ERRCODE = 'insufficient_privilege';
	END IF;
	RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON achievement_version FOR EACH ROW EXECUTE FUNCTION version_stays();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON achievement_skill FOR EACH ROW EXECUTE FUNCTION version_skill_stays();
