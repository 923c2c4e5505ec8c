-- SPDX-License-Identifier: Apache-2.0
-- Positions, what they need and who has them; what people want to reach.

CREATE TABLE position (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	code text NOT NULL UNIQUE,
	name text NOT NULL,
	description text,
	openings integer NOT NULL DEFAULT 0 CHECK (openings >= 0), -- places to be filled
	state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'archived')),
	version integer NOT NULL DEFAULT 1,
	updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON position (name, id);
CREATE INDEX ON position (name, id) WHERE state = 'active' AND openings > 0;
CREATE TABLE position_skill (
	position_id uuid NOT NULL REFERENCES position,
	skill_id uuid NOT NULL REFERENCES skill,
	level integer NOT NULL CHECK (level >= 1),
	must boolean NOT NULL, -- otherwise it is nice to have
	PRIMARY KEY (position_id, skill_id)
);
CREATE INDEX ON position_skill (skill_id);

-- Who has it: one person, or whoever is in a unit or below it, or in a group or one within, or has a title. A group is known by
-- its directory's immutable id, so that it comes back as the same one.
CREATE TABLE position_assignment (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	position_id uuid NOT NULL REFERENCES position,
	person_id uuid REFERENCES person, -- the entry; who is meant is its human
	unit_id uuid REFERENCES unit,
	group_source text, group_external_id text COLLATE "C",
	group_dn text, -- as it was when it was said
	title text,
	created_at timestamptz NOT NULL DEFAULT now(),
	CHECK (num_nonnulls(person_id, unit_id, group_dn, title) = 1),
	CHECK ((group_dn IS NULL) = (group_source IS NULL) AND (group_dn IS NULL) = (group_external_id IS NULL))
);
CREATE UNIQUE INDEX position_attached ON position_assignment
	(position_id, person_id, unit_id, group_source, group_external_id, lower(title)) NULLS NOT DISTINCT;
CREATE INDEX ON position_assignment (position_id, created_at, id);
CREATE INDEX ON position_assignment (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX ON position_assignment (unit_id) WHERE unit_id IS NOT NULL;
CREATE INDEX ON position_assignment (lower(title)) WHERE title IS NOT NULL;
CREATE INDEX ON position_assignment (group_source, group_external_id, position_id) WHERE group_source IS NOT NULL;

-- Of these humans each with each position that they have now, by any entry of theirs that is here. UNION ends where a loop of
-- units or groups closes.
CREATE FUNCTION positions_held(people uuid[]) RETURNS TABLE (person_id uuid, position_id uuid)
LANGUAGE sql STABLE ROWS 100 AS $$
	WITH RECURSIVE entry AS MATERIALIZED (
		SELECT e.id, h.id AS human, e.unit_id, lower(e.title) AS title FROM unnest(people) AS h (id)
			JOIN person e ON e.id = h.id WHERE e.absent_since IS NULL
		UNION ALL SELECT e.id, h.id, e.unit_id, lower(e.title) FROM unnest(people) AS h (id)
			JOIN person e ON e.human = h.id WHERE e.id <> h.id AND e.absent_since IS NULL),
	above (unit_id, id) AS (
		SELECT DISTINCT unit_id, unit_id FROM entry WHERE unit_id IS NOT NULL
		UNION SELECT a.unit_id, u.parent_id FROM above a JOIN unit u ON u.id = a.id WHERE u.parent_id IS NOT NULL),
	within (position_id, id) AS (
		SELECT a.position_id, g.id FROM position_assignment a
			JOIN directory_group g ON g.source = a.group_source AND g.external_id = a.group_external_id WHERE a.group_source IS NOT NULL
		UNION SELECT w.position_id, n.member_id FROM within w JOIN group_group n ON n.group_id = w.id),
	had AS (
		SELECT e.human, a.position_id FROM entry e JOIN position_assignment a ON a.person_id = e.id
		UNION SELECT e.human, b.position_id FROM entry e JOIN
			(SELECT v.unit_id, a.position_id FROM above v JOIN position_assignment a ON a.unit_id = v.id) AS b ON b.unit_id = e.unit_id
		UNION SELECT e.human, w.position_id FROM entry e JOIN group_person m ON m.person_id = e.id JOIN within w ON w.id = m.group_id
		UNION SELECT e.human, a.position_id FROM entry e JOIN position_assignment a ON lower(a.title) = e.title)
	SELECT h.human, h.position_id FROM had h JOIN position p ON p.id = h.position_id AND p.state = 'active'
$$;
CREATE FUNCTION positions_of(person uuid) RETURNS SETOF uuid LANGUAGE sql STABLE ROWS 3 AS $$
	SELECT position_id FROM positions_held(ARRAY[person])
$$;

-- Every entry of those whom somebody sees as a colleague above does: themselves, and who is below them.
CREATE FUNCTION entries_seen(self uuid) RETURNS SETOF uuid LANGUAGE sql STABLE ROWS 100 AS $$
	WITH seen (id) AS (SELECT people_seen(self, false))
	SELECT id FROM seen UNION SELECT e.id FROM seen s JOIN person e ON e.human = s.id
$$;

-- What people want to reach. Others see what is shared.
CREATE TABLE goal (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	person_id uuid NOT NULL REFERENCES person, -- the entry by which it was set; whose it is is its human
	position_id uuid REFERENCES position,
	pathway_id uuid REFERENCES pathway,
	skill_id uuid REFERENCES skill, level integer,
	due date,
	note text,
	shared boolean NOT NULL DEFAULT false,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now(),
	CHECK (num_nonnulls(position_id, pathway_id, skill_id) = 1),
	CHECK ((skill_id IS NULL) = (level IS NULL))
);
CREATE UNIQUE INDEX goal_once ON goal (person_id, position_id, pathway_id, skill_id) NULLS NOT DISTINCT;
CREATE INDEX ON goal (created_at, id);
CREATE INDEX ON goal (coalesce(due, 'infinity'), id);
CREATE INDEX ON goal (created_at, id) WHERE shared;

-- Whether somebody holds a skill at that level or above it, verified, now.
CREATE FUNCTION skill_held(human uuid, skill uuid, at_least integer) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM proof f WHERE f.person_id = human AND f.skill_id = skill AND f.level >= at_least
		AND f.known_to = 'infinity' AND f.valid_from <= now() AND f.valid_to > now())
$$;
-- What a position asks for of somebody who is to have it: skills that are archived are asked of nobody.
CREATE FUNCTION position_reached(human uuid, which uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT NOT EXISTS (SELECT FROM position_skill s JOIN skill k ON k.id = s.skill_id AND k.status = 'active'
		WHERE s.position_id = which AND s.must AND NOT skill_held(human, s.skill_id, s.level))
$$;
CREATE FUNCTION achievement_held(human uuid, which uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM credential c WHERE c.person_id = human AND c.achievement_id = which AND c.state = 'active'
		AND c.valid_from <= now() AND c.expires_at > now())
$$;
-- By who completed it, and by the award of its published version.
CREATE FUNCTION pathway_reached(human uuid, which uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM enrolment e WHERE e.person_id = human AND e.pathway_id = which AND e.state = 'completed')
		OR EXISTS (SELECT FROM pathway_version v WHERE v.pathway_id = which AND v.state = 'published'
			AND achievement_held(human, v.achievement_id))
$$;
CREATE FUNCTION goal_reached(human uuid, for_position uuid, for_pathway uuid, for_skill uuid, at_least integer) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN for_skill IS NOT NULL THEN skill_held(human, for_skill, at_least)
		WHEN for_position IS NOT NULL THEN position_reached(human, for_position)
		ELSE pathway_reached(human, for_pathway) END
$$;

---- what somebody still lacks

CREATE INDEX ON achievement_skill (skill_id);

-- What can be earned now: the newest versions that are no drafts, where they are published, of issuers who issue in earnest.
CREATE VIEW achievement_current AS
SELECT v.* FROM achievement_version v JOIN achievement a ON a.id = v.achievement_id
	JOIN issuer i ON i.id = a.issuer_id AND i.state = 'active' AND NOT i.sandbox
WHERE v.state = 'published' AND v.number = (SELECT max(m.number) FROM achievement_version m
	WHERE m.achievement_id = v.achievement_id AND m.state IN ('published', 'archived'));
CREATE VIEW pathway_current AS
SELECT v.* FROM pathway_version v WHERE v.state = 'published' AND v.number = (SELECT max(m.number) FROM pathway_version m
	WHERE m.pathway_id = v.pathway_id AND m.state IN ('published', 'archived'));

-- Whether a step is gone.
CREATE FUNCTION node_done(human uuid, n pathway_node) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT CASE n.kind WHEN 'achievement' THEN achievement_held(human, n.achievement_id) WHEN 'skill' THEN skill_held(human, n.skill_id, n.level)
		WHEN 'pathway' THEN pathway_reached(human, n.inner_id)
		WHEN 'proof' THEN EXISTS (SELECT FROM enrolment e JOIN outside_proof o ON o.enrolment_id = e.id AND o.node = n.node
			AND o.state = 'accepted' WHERE e.person_id = human AND e.pathway_id = n.pathway_id)
		ELSE false END
$$;

-- Where somebody gets a skill at a level or above: the achievements that prove it, one step each, and the pathways that lead to it, by
-- a step, their award or a pathway within, with as many steps as are left. UNION ends where a loop closes.
CREATE FUNCTION skill_ways(person uuid, which uuid, at_least integer)
RETURNS TABLE (achievement_id uuid, pathway_id uuid, name text, level integer, steps integer) LANGUAGE sql STABLE ROWS 10 AS $$
	WITH RECURSIVE direct AS (
		SELECT v.achievement_id, v.name, s.level FROM achievement_skill s
			JOIN achievement_current v ON v.achievement_id = s.achievement_id AND v.number = s.number
			WHERE s.skill_id = which AND s.level >= at_least),
	way (id, level) AS (
		SELECT n.pathway_id, n.level FROM pathway_node n JOIN pathway_current v ON v.pathway_id = n.pathway_id AND v.number = n.number
			WHERE n.skill_id = which AND n.level >= at_least
		UNION SELECT n.pathway_id, d.level FROM direct d JOIN pathway_node n ON n.achievement_id = d.achievement_id
			JOIN pathway_current v ON v.pathway_id = n.pathway_id AND v.number = n.number
		UNION SELECT v.pathway_id, d.level FROM direct d JOIN pathway_current v ON v.achievement_id = d.achievement_id),
	within (id, level) AS (
		SELECT id, level FROM way
		UNION SELECT n.pathway_id, w.level FROM within w JOIN pathway_node n ON n.inner_id = w.id
			JOIN pathway_current v ON v.pathway_id = n.pathway_id AND v.number = n.number)
	SELECT d.achievement_id, NULL::uuid, d.name, d.level, 1 FROM direct d
	UNION ALL SELECT NULL, w.id, v.name, w.level, (SELECT greatest(1, count(*)::int) FROM pathway_node n WHERE n.pathway_id = w.id AND n.number = v.number
			AND n.kind <> 'group' AND NOT n.optional AND NOT node_done(person, n))
		FROM (SELECT id, min(level) AS level FROM within GROUP BY id) AS w JOIN pathway_current v ON v.pathway_id = w.id
$$;

-- What these positions ask for together. What would be nice counts where no must asks for as much.
CREATE FUNCTION skills_needed(positions uuid[]) RETURNS TABLE (skill_id uuid, label text, must boolean, level integer)
LANGUAGE sql STABLE ROWS 50 AS $$
	WITH need AS (
		SELECT s.skill_id, k.label, s.must, max(s.level) AS level FROM position_skill s JOIN skill k ON k.id = s.skill_id AND k.status = 'active'
			WHERE s.position_id = ANY (positions) GROUP BY s.skill_id, k.label, s.must)
	SELECT n.* FROM need n WHERE n.must OR NOT EXISTS (SELECT FROM need m WHERE m.must AND m.skill_id = n.skill_id AND m.level >= n.level)
$$;

-- What somebody holds now, verified: each skill at its best level.
CREATE FUNCTION skills_held(person uuid) RETURNS TABLE (skill_id uuid, level integer) LANGUAGE sql STABLE ROWS 20 AS $$
	SELECT f.skill_id, max(f.level) FROM proof f WHERE f.person_id = person AND f.known_to = 'infinity' AND f.valid_from <= now()
		AND f.valid_to > now() GROUP BY f.skill_id
$$;
