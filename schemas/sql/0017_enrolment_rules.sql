-- SPDX-License-Identifier: Apache-2.0
-- Who is put on a pathway by a rule, and what follows when somebody comes, moves or leaves.

-- Whoever is in a unit or below it, in a group or one within, or has a position. A group is known by its directory's immutable id.
CREATE TABLE pathway_rule (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	pathway_id uuid NOT NULL REFERENCES pathway,
	unit_id uuid REFERENCES unit,
	group_source text, group_external_id text COLLATE "C",
	group_dn text, -- as it was when it was said
	position_id uuid REFERENCES position,
	days integer CHECK (days > 0), -- from being put on it until it is to be completed
	created_at timestamptz NOT NULL DEFAULT now(),
	ended_at timestamptz, -- it puts nobody on it any more
	CHECK (num_nonnulls(unit_id, group_dn, position_id) = 1),
	CHECK ((group_dn IS NULL) = (group_source IS NULL) AND (group_dn IS NULL) = (group_external_id IS NULL))
);
CREATE UNIQUE INDEX pathway_ruled ON pathway_rule (pathway_id, unit_id, group_source, group_external_id, position_id) NULLS NOT DISTINCT
	WHERE ended_at IS NULL;
CREATE INDEX ON pathway_rule (pathway_id, created_at, id);
CREATE INDEX ON pathway_rule (unit_id) WHERE ended_at IS NULL AND unit_id IS NOT NULL;
CREATE INDEX ON pathway_rule (group_source, group_external_id) WHERE ended_at IS NULL AND group_source IS NOT NULL;
CREATE INDEX ON pathway_rule (position_id) WHERE ended_at IS NULL AND position_id IS NOT NULL;

-- The rule by which somebody is on a pathway, or was and has left it themselves; NULL, too, once the rule has ended it.
ALTER TABLE enrolment ADD rule_id uuid REFERENCES pathway_rule;
CREATE INDEX ON enrolment (rule_id) WHERE rule_id IS NOT NULL;

-- Of whom it is to be looked at what rules say of them. Written by whoever changes it, in the same transaction, and waited for by
-- nobody. Also where there is no rule yet: one may be made meanwhile.
CREATE TABLE rule_news (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	person_id uuid, -- an entry; otherwise everybody whom rules concern:
	about uuid,     -- one rule, those of a position, or of a pathway; NULL: all
	CHECK (person_id IS NULL OR about IS NULL)
);
CREATE INDEX ON rule_news (id) WHERE person_id IS NULL;

-- Of very many at once all rules are looked at instead.
CREATE FUNCTION rule_news_of(people uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF cardinality(people) > 20000 THEN
		INSERT INTO rule_news (person_id) VALUES (NULL);
	ELSE
		INSERT INTO rule_news (person_id) SELECT DISTINCT unnest(people);
	END IF;
END $$;
CREATE FUNCTION rule_news_come() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM rule_news_of(ARRAY(SELECT id FROM added));
	RETURN NULL;
END $$;
CREATE FUNCTION rule_news_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM rule_news_of(ARRAY(SELECT v.id FROM was w JOIN becomes b USING (id)
		CROSS JOIN LATERAL (VALUES (b.id), (w.human), (b.human)) AS v (id)
		WHERE v.id IS NOT NULL AND (w.unit_id, w.human, lower(w.title), w.absent_since IS NULL)
			IS DISTINCT FROM (b.unit_id, b.human, lower(b.title), b.absent_since IS NULL)));
	RETURN NULL;
END $$;
CREATE FUNCTION rule_news_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM rule_news_of(ARRAY(SELECT person_id FROM changed));
	RETURN NULL;
END $$;
CREATE FUNCTION rule_news_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO rule_news (about) SELECT NULL FROM changed LIMIT 1;
	RETURN NULL;
END $$;
CREATE FUNCTION rule_news_unit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO rule_news (about) SELECT NULL FROM was w JOIN becomes b USING (id) WHERE w.parent_id IS DISTINCT FROM b.parent_id LIMIT 1;
	RETURN NULL;
END $$;
CREATE FUNCTION rule_news_attached() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO rule_news (about) SELECT DISTINCT position_id FROM changed;
	RETURN NULL;
END $$;
CREATE FUNCTION rule_news_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO rule_news (about) VALUES (NEW.id);
	RETURN NULL;
END $$;
CREATE FUNCTION rule_news_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO rule_news (about) VALUES (NEW.pathway_id);
	RETURN NULL;
END $$;
CREATE FUNCTION rule_news_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO rule_news (person_id) VALUES (NEW.person_id);
	RETURN NULL;
END $$;
CREATE TRIGGER rule_news_come AFTER INSERT ON person REFERENCING NEW TABLE AS added
	FOR EACH STATEMENT EXECUTE FUNCTION rule_news_come();
CREATE TRIGGER rule_news_changed AFTER UPDATE ON person REFERENCING OLD TABLE AS was NEW TABLE AS becomes
	FOR EACH STATEMENT EXECUTE FUNCTION rule_news_person();
CREATE TRIGGER rule_news_joined AFTER INSERT ON group_person REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION rule_news_member();
CREATE TRIGGER rule_news_parted AFTER DELETE ON group_person REFERENCING OLD TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION rule_news_member();
CREATE TRIGGER rule_news_joined AFTER INSERT ON group_group REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION rule_news_all();
CREATE TRIGGER rule_news_parted AFTER DELETE ON group_group REFERENCING OLD TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION rule_news_all();
CREATE TRIGGER rule_news_changed AFTER UPDATE ON unit REFERENCING OLD TABLE AS was NEW TABLE AS becomes
	FOR EACH STATEMENT EXECUTE FUNCTION rule_news_unit();
CREATE TRIGGER rule_news_attached AFTER INSERT ON position_assignment REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION rule_news_attached();
CREATE TRIGGER rule_news_detached AFTER DELETE ON position_assignment REFERENCING OLD TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION rule_news_attached();
CREATE TRIGGER rule_news_changed AFTER UPDATE OF state ON position FOR EACH ROW
	WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION rule_news_row();
CREATE TRIGGER rule_news_changed AFTER INSERT OR UPDATE ON pathway_rule FOR EACH ROW EXECUTE FUNCTION rule_news_row();
CREATE TRIGGER rule_news_published AFTER UPDATE OF state ON pathway_version FOR EACH ROW
	WHEN (OLD.state <> NEW.state AND NEW.state = 'published') EXECUTE FUNCTION rule_news_published();
CREATE TRIGGER rule_news_new AFTER INSERT ON pathway_version FOR EACH ROW
	WHEN (NEW.state = 'published') EXECUTE FUNCTION rule_news_published();
-- What was completed no rule ends; a part that is lost may have it end then.
CREATE TRIGGER rule_news_lost AFTER UPDATE OF state ON enrolment FOR EACH ROW
	WHEN (NEW.rule_id IS NOT NULL AND OLD.state = 'completed' AND NEW.state = 'active') EXECUTE FUNCTION rule_news_again();

-- Entries that a rule may concern: more may be there than it fits. UNION ends where a loop of units or groups closes.
CREATE FUNCTION rule_entries(rule uuid) RETURNS SETOF uuid LANGUAGE sql STABLE ROWS 1000 AS $$
	WITH RECURSIVE target AS (
		SELECT r.unit_id, r.group_source, r.group_external_id, NULL::uuid AS person_id, NULL::text AS title
			FROM pathway_rule r WHERE r.id = rule AND r.ended_at IS NULL AND r.position_id IS NULL
		UNION ALL SELECT a.unit_id, a.group_source, a.group_external_id, a.person_id, lower(a.title)
			FROM pathway_rule r JOIN position_assignment a ON a.position_id = r.position_id WHERE r.id = rule AND r.ended_at IS NULL),
	below (id) AS (
		SELECT unit_id FROM target WHERE unit_id IS NOT NULL
		UNION SELECT u.id FROM below b JOIN unit u ON u.parent_id = b.id),
	within (id) AS (
		SELECT g.id FROM target t JOIN directory_group g ON g.source = t.group_source AND g.external_id = t.group_external_id
		UNION SELECT n.member_id FROM within w JOIN group_group n ON n.group_id = w.id)
	SELECT p.id FROM below b JOIN person p ON p.unit_id = b.id WHERE p.absent_since IS NULL
	UNION SELECT m.person_id FROM within w JOIN group_person m ON m.group_id = w.id
	UNION SELECT person_id FROM target WHERE person_id IS NOT NULL
	UNION SELECT p.id FROM target t JOIN person p ON lower(p.title) = t.title WHERE p.absent_since IS NULL
$$;

-- Of these humans each with each rule that fits them now, and an entry of theirs by which it does.
CREATE FUNCTION rules_held(people uuid[]) RETURNS TABLE (person_id uuid, entry_id uuid, rule_id uuid)
LANGUAGE sql STABLE ROWS 1000 AS $$
	WITH RECURSIVE entry AS MATERIALIZED (
		SELECT e.id, coalesce(e.human, e.id) AS human, e.unit_id FROM unnest(people) AS h (id)
			JOIN person e ON e.id = h.id WHERE e.absent_since IS NULL
		UNION ALL SELECT e.id, e.human, e.unit_id FROM unnest(people) AS h (id)
			JOIN person e ON e.human = h.id WHERE e.id <> h.id AND e.absent_since IS NULL),
	above (unit_id, id) AS (
		SELECT DISTINCT unit_id, unit_id FROM entry WHERE unit_id IS NOT NULL
		UNION SELECT a.unit_id, u.parent_id FROM above a JOIN unit u ON u.id = a.id WHERE u.parent_id IS NOT NULL),
	within (rule_id, id) AS (
		SELECT r.id, g.id FROM pathway_rule r JOIN directory_group g ON g.source = r.group_source AND g.external_id = r.group_external_id
			WHERE r.ended_at IS NULL AND r.group_source IS NOT NULL
		UNION SELECT w.rule_id, n.member_id FROM within w JOIN group_group n ON n.group_id = w.id),
	ruled AS MATERIALIZED (
		SELECT DISTINCT a.unit_id, r.id AS rule_id FROM above a JOIN pathway_rule r ON r.unit_id = a.id AND r.ended_at IS NULL),
	placed AS (
		SELECT h.person_id, r.id AS rule_id FROM positions_held(people) AS h JOIN pathway_rule r ON r.position_id = h.position_id
			AND r.ended_at IS NULL),
	had AS (
		SELECT e.human, e.id, u.rule_id FROM entry e JOIN ruled u ON u.unit_id = e.unit_id
		UNION ALL SELECT e.human, e.id, w.rule_id FROM entry e JOIN group_person m ON m.person_id = e.id JOIN within w ON w.id = m.group_id
		UNION ALL SELECT e.human, e.id, p.rule_id FROM placed p JOIN entry e ON e.human = p.person_id)
	SELECT DISTINCT ON (human, rule_id) human, id, rule_id FROM had ORDER BY human, rule_id, id <> human, id
$$;

-- The same, but for who left a pathway when that very rule had put them on it.
CREATE FUNCTION rules_taken(people uuid[]) RETURNS TABLE (person_id uuid, entry_id uuid, pathway_id uuid, rule_id uuid, days integer)
LANGUAGE sql STABLE ROWS 1000 AS $$
	WITH refused AS MATERIALIZED (SELECT e.person_id, e.rule_id FROM enrolment e
		WHERE e.person_id = ANY (people) AND e.state = 'left' AND e.rule_id IS NOT NULL AND e.aside IS NULL)
	SELECT h.person_id, h.entry_id, r.pathway_id, r.id, r.days FROM rules_held(people) AS h JOIN pathway_rule r ON r.id = h.rule_id
		WHERE NOT EXISTS (SELECT FROM refused f WHERE f.person_id = h.person_id AND f.rule_id = h.rule_id)
$$;

---- who is led by nobody since their manager left

-- Whoever is here and nearest above somebody, by any entry of theirs.
CREATE OR REPLACE FUNCTION manager_here(person uuid) RETURNS uuid LANGUAGE sql STABLE AS $$
	WITH RECURSIVE above (id, far) AS (
		SELECT person, 0
		UNION SELECT e.manager_id, a.far + 1 FROM above a JOIN person p ON p.id = a.id JOIN person e ON e.id = p.id OR e.human = p.human
			WHERE e.manager_id IS NOT NULL AND a.far < 100 AND (a.far = 0 OR p.absent_since IS NOT NULL OR p.disabled))
	SELECT a.id FROM above a JOIN person p ON p.id = a.id WHERE a.id <> person AND p.absent_since IS NULL AND NOT p.disabled
		ORDER BY a.far, a.id LIMIT 1
$$;

-- Entries of theirs. Until the directory names somebody else whoever was above who left leads them meanwhile, and what waited for the
-- one waits for the other.
CREATE TABLE left_alone (
	person_id uuid PRIMARY KEY,
	meanwhile uuid, -- the human who leads them; NULL: nobody was above
	told boolean NOT NULL DEFAULT false -- what waits was handed on
);
CREATE INDEX ON left_alone (meanwhile);
CREATE INDEX ON left_alone (person_id) WHERE NOT told;
CREATE FUNCTION left_alone_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM left_alone a USING becomes b WHERE b.id = a.person_id AND (b.manager_id IS NOT NULL OR b.erased_at IS NOT NULL);
	UPDATE left_alone a SET meanwhile = CASE WHEN b.absent_since IS NULL THEN coalesce(b.human, b.id) ELSE manager_here(b.id) END,
			told = a.told AND b.absent_since IS NULL
		FROM becomes b WHERE b.id = a.meanwhile AND (b.absent_since IS NOT NULL OR b.human <> b.id);
	INSERT INTO left_alone (person_id, meanwhile)
		SELECT n.id, l.above FROM (SELECT b.id, m.id AS gone FROM was w JOIN becomes b USING (id)
			JOIN person m ON m.id = w.manager_id AND m.absent_since IS NOT NULL WHERE b.manager_id IS NULL AND b.erased_at IS NULL) AS n
		CROSS JOIN LATERAL (SELECT manager_here(n.gone) AS above) AS l
		ON CONFLICT (person_id) DO UPDATE SET meanwhile = excluded.meanwhile, told = false;
	RETURN NULL;
END $$;
CREATE TRIGGER left_alone AFTER UPDATE ON person REFERENCING OLD TABLE AS was NEW TABLE AS becomes
	FOR EACH STATEMENT EXECUTE FUNCTION left_alone_keep();

CREATE OR REPLACE FUNCTION is_above(manager uuid, person uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN manager <> person AND EXISTS (
		WITH RECURSIVE above (id) AS (
			SELECT coalesce(e.manager_id, p.manager_id, l.meanwhile) FROM person p LEFT JOIN person e ON e.human = p.human
				LEFT JOIN left_alone l ON l.person_id = coalesce(e.id, p.id) WHERE p.id = person
			UNION SELECT coalesce(e.manager_id, p.manager_id, l.meanwhile) FROM person p JOIN above a ON p.id = a.id
				LEFT JOIN person e ON e.human = p.human LEFT JOIN left_alone l ON l.person_id = coalesce(e.id, p.id))
		SELECT FROM above WHERE id = manager);
END $$;
CREATE OR REPLACE FUNCTION people_below(manager uuid) RETURNS SETOF uuid LANGUAGE sql STABLE ROWS 100 AS $$
	WITH RECURSIVE below (id) AS (
		(SELECT coalesce(human, id) FROM person WHERE manager_id = manager
		UNION ALL SELECT coalesce(p.human, p.id) FROM (SELECT DISTINCT meanwhile AS id FROM left_alone) AS m
			JOIN left_alone l ON l.meanwhile = m.id JOIN person p ON p.id = l.person_id
			WHERE m.id = manager OR is_above(manager, m.id))
		UNION SELECT coalesce(p.human, p.id) FROM person p JOIN below b ON p.manager_id = b.id)
	SELECT id FROM below WHERE id <> manager
$$;
