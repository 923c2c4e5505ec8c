-- SPDX-License-Identifier: Apache-2.0
-- Pathways: graphs of steps towards something, in versions.

CREATE TABLE pathway (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	issuer_id uuid NOT NULL REFERENCES issuer,
	latest integer NOT NULL DEFAULT 1, -- number of the newest version
	version integer NOT NULL DEFAULT 1, -- of the row, for ETag
	updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE pathway_version (
	pathway_id uuid NOT NULL REFERENCES pathway,
	number integer NOT NULL,
	name text NOT NULL,
	description text,
	enforced boolean NOT NULL DEFAULT true, -- the order of steps; otherwise it is advised
	achievement_id uuid REFERENCES achievement, -- issued to who completes it
	lost text NOT NULL DEFAULT 'keep' CHECK (lost IN ('keep', 'suspend', 'revoke')), -- what becomes of that when a part is lost
	state text NOT NULL CHECK (state IN ('draft', 'published', 'archived')),
	published_at timestamptz,
	keep_until timestamptz, -- until then who was under way on the version before stays on it
	recorded_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (pathway_id, number)
);
CREATE INDEX ON pathway_version (name);
CREATE INDEX ON pathway_version (achievement_id);

-- Steps and groups. What is in no group is needed, all of it, unless it is optional.
CREATE TABLE pathway_node (
	pathway_id uuid NOT NULL,
	number integer NOT NULL,
	place integer NOT NULL, -- from 0
	node text COLLATE "C" NOT NULL, -- its id in the graph
	kind text NOT NULL CHECK (kind IN ('achievement', 'skill', 'pathway', 'proof', 'group')),
	name text,
	description text,
	achievement_id uuid REFERENCES achievement,
	skill_id uuid REFERENCES skill, level integer,
	inner_id uuid REFERENCES pathway,
	optional boolean NOT NULL DEFAULT false,
	weight integer NOT NULL DEFAULT 1 CHECK (weight BETWEEN 0 AND 1000),
	after text[] NOT NULL DEFAULT '{}', -- nodes that come first
	within text COLLATE "C", -- the group that it is in
	need integer, -- of a group: so many; NULL: all
	milestone uuid REFERENCES achievement, -- issued to who has reached it
	PRIMARY KEY (pathway_id, number, node),
	FOREIGN KEY (pathway_id, number) REFERENCES pathway_version,
	CHECK ((kind = 'achievement') = (achievement_id IS NOT NULL)),
	CHECK ((kind = 'skill') = (skill_id IS NOT NULL AND level IS NOT NULL)),
	CHECK ((kind = 'pathway') = (inner_id IS NOT NULL))
);
CREATE INDEX ON pathway_node (achievement_id) WHERE achievement_id IS NOT NULL;
CREATE INDEX ON pathway_node (skill_id) WHERE skill_id IS NOT NULL;
CREATE INDEX ON pathway_node (inner_id) WHERE inner_id IS NOT NULL;

CREATE TABLE pathway_event (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	pathway_id uuid NOT NULL REFERENCES pathway,
	number integer NOT NULL,
	kind text NOT NULL,
	at timestamptz NOT NULL DEFAULT now(),
	who uuid NOT NULL
);
CREATE INDEX ON pathway_event (pathway_id, id);
CREATE TRIGGER once BEFORE UPDATE OR DELETE OR TRUNCATE ON pathway_event EXECUTE FUNCTION refuse_change();

-- Whatever a writer overlooks: of a version that was published nothing changes any more but that it is archived.
CREATE FUNCTION pathway_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF OLD.state IN ('published', 'archived') AND (TG_OP = 'DELETE' OR to_jsonb(NEW) - 'state' <> to_jsonb(OLD) - 'state'
			OR NEW.state NOT IN (OLD.state, 'archived')) THEN
		RAISE EXCEPTION 'version % of pathway % was published', OLD.number, OLD.pathway_id
			USING ERRCODE = 'insufficient_privilege';
	END IF;
	RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE FUNCTION pathway_node_stays() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	here pathway_node := CASE TG_OP WHEN 'INSERT' THEN NEW ELSE OLD END;
BEGIN
	IF EXISTS (SELECT FROM pathway_version v WHERE v.pathway_id = here.pathway_id AND v.number = here.number
			AND v.state IN ('published', 'archived')) THEN
		RAISE EXCEPTION 'version % of pathway % was published', here.number, here.pathway_id
			USING ERRCODE = 'insufficient_privilege';
	END IF;
	RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON pathway_version FOR EACH ROW EXECUTE FUNCTION pathway_stays();
CREATE TRIGGER stays BEFORE INSERT OR UPDATE OR DELETE ON pathway_node FOR EACH ROW EXECUTE FUNCTION pathway_node_stays();

-- The version of an achievement that was published last, archived since or not: an archived one may have been a draft until then.
CREATE FUNCTION achievement_out(achievement uuid) RETURNS integer STABLE LANGUAGE sql AS
	$$SELECT max(v.number) FROM achievement_version v WHERE v.achievement_id = achievement AND (v.state = 'published'
		OR v.state = 'archived' AND EXISTS (SELECT FROM achievement_event o WHERE o.achievement_id = v.achievement_id
			AND o.number = v.number AND o.kind = 'published'))$$;
-- What they are called: as they were published last, if they were.
CREATE FUNCTION achievement_name(achievement uuid) RETURNS text STABLE LANGUAGE sql AS
	$$SELECT name FROM achievement_version WHERE achievement_id = achievement AND number = coalesce(achievement_out(achievement),
		(SELECT max(number) FROM achievement_version WHERE achievement_id = achievement))$$;
CREATE FUNCTION pathway_name(pathway uuid) RETURNS text STABLE LANGUAGE sql AS
	$$SELECT name FROM pathway_version WHERE pathway_id = pathway
		ORDER BY published_at IS NOT NULL DESC, number DESC LIMIT 1$$;
-- The version on which one begins now: the one that was published last, unless it is archived.
CREATE FUNCTION pathway_current(pathway uuid) RETURNS integer STABLE LANGUAGE sql AS
	$$SELECT number FROM (SELECT number, state FROM pathway_version WHERE pathway_id = pathway AND published_at IS NOT NULL
		ORDER BY number DESC LIMIT 1) AS last WHERE state = 'published'$$;
