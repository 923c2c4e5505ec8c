-- SPDX-License-Identifier: Apache-2.0
-- People, access, the catalogue, credentials, and what was done. 'infinity' stands for "no end".

CREATE FUNCTION uuid7() RETURNS uuid LANGUAGE sql VOLATILE AS $$
	SELECT encode(set_bit(set_bit(
		overlay(uuid_send(gen_random_uuid())
			PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
			FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid
$$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION '% is written once', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

---- people, mirrored from directories

CREATE TABLE unit (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	source text NOT NULL,
	external_id text COLLATE "C" NOT NULL,
	name text NOT NULL,
	parent_id uuid REFERENCES unit,
	key text COLLATE "C", -- the canonical form of the DN, as the source makes it; NULL: known by its name alone
	parent_key text COLLATE "C",
	digest uuid,       -- of the entry as the source showed it last
	used boolean NOT NULL DEFAULT false, -- somebody is in it, or below it
	absent_since timestamptz,
	updated_at timestamptz NOT NULL DEFAULT now(),
	UNIQUE (source, external_id)
);
CREATE INDEX ON unit (parent_id);
CREATE INDEX ON unit (source, md5(coalesce(key, external_id))); -- which may be longer than an entry of an index

CREATE TABLE person (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	source text NOT NULL,
	external_id text COLLATE "C" NOT NULL,
	username text NOT NULL,
	name text NOT NULL,
	mail text, title text, phone text, employee_number text, locale text,
	country text CHECK (country COLLATE "C" ~ '^[A-Z]{2}$'), -- ISO 3166
	-- Written by the sync alone, a hundred thousand at a time, from rows that are there: no foreign keys.
	unit_id uuid,
	manager_id uuid,   -- the human of the manager's entry
	same_as uuid,      -- an entry of the main directory that is the same human, by the rule
	human uuid,        -- of several entries of one human the one that is shown, also where it is this one; NULL: it is alone
	disabled boolean NOT NULL DEFAULT false,
	absent_since timestamptz,
	-- What the source said, for finding who is meant and what is news. Keys are canonical forms of DNs.
	key text COLLATE "C", manager_key text COLLATE "C", unit_key text COLLATE "C",
	last_key text COLLATE "C", -- of somebody who left
	erased_at timestamptz, -- nothing of the person is left but the id
	digest uuid,       -- of the entry as the source showed it last; NULL: to be looked at again
	added_by uuid,     -- the run
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now(),
	UNIQUE (external_id, source)
);
CREATE INDEX ON person USING hash (lower(username));
CREATE INDEX ON person (unit_id);
CREATE INDEX ON person (manager_id);
CREATE INDEX ON person (name, id);
CREATE INDEX ON person USING hash (key);
CREATE INDEX ON person (same_as) WHERE same_as IS NOT NULL;
CREATE INDEX ON person (human) WHERE human IS NOT NULL;
CREATE INDEX person_unmanaged ON person (source) WHERE manager_id IS NULL AND manager_key IS NOT NULL;

-- Every human below one, and everyone above: each entry of a human may have a manager. UNION ends where a loop closes.
CREATE FUNCTION people_below(manager uuid) RETURNS SETOF uuid LANGUAGE sql STABLE ROWS 100 AS $$
	WITH RECURSIVE below (id) AS (
		SELECT coalesce(human, id) FROM person WHERE manager_id = manager
		UNION SELECT coalesce(p.human, p.id) FROM person p JOIN below b ON p.manager_id = b.id)
	SELECT id FROM below WHERE id <> manager
$$;
CREATE FUNCTION is_above(manager uuid, person uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN manager <> person AND EXISTS (
		WITH RECURSIVE above (id) AS (
			SELECT coalesce(e.manager_id, p.manager_id) FROM person p LEFT JOIN person e ON e.human = p.human WHERE p.id = person
			UNION SELECT coalesce(e.manager_id, p.manager_id) FROM person p JOIN above a ON p.id = a.id
				LEFT JOIN person e ON e.human = p.human)
		SELECT FROM above WHERE id = manager);
END $$;
CREATE FUNCTION units_within(top uuid) RETURNS SETOF uuid LANGUAGE sql STABLE ROWS 10 AS $$
	WITH RECURSIVE within (id) AS (
		SELECT top
		UNION SELECT u.id FROM unit u JOIN within w ON u.parent_id = w.id)
	SELECT id FROM within
$$;

-- Which directory's entries are linked to those of another, and by what. As the configuration says; written at start.
CREATE TABLE same_rule (
	source text PRIMARY KEY,
	main text NOT NULL,
	by_what text NOT NULL CHECK (by_what IN ('employee_number', 'mail', 'username')),
	settled boolean NOT NULL DEFAULT false -- a run has looked at everybody under it
);
-- What such a rule compares, of everybody in its directories: also of those who left.
CREATE TABLE same_value (
	by_what text NOT NULL,
	value text COLLATE "C" NOT NULL,
	source text NOT NULL,
	person_id uuid NOT NULL,
	PRIMARY KEY (by_what, value, source, person_id)
);
CREATE INDEX ON same_value (person_id);
CREATE FUNCTION same_value_of(by_what text, employee_number text, mail text, username text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT nullif(btrim(CASE by_what WHEN 'mail' THEN lower(mail) WHEN 'username' THEN lower(username)
		ELSE employee_number END), '')
$$;
-- Links that a run of the source would end, which waits: they carry no rights meanwhile.
CREATE TABLE same_doubt (
	source text NOT NULL,
	person_id uuid NOT NULL, -- whose same_as it is
	PRIMARY KEY (source, person_id)
);

CREATE TABLE directory_group (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	source text NOT NULL,
	external_id text COLLATE "C" NOT NULL,
	key text COLLATE "C" NOT NULL, -- the canonical form of the DN, as the source makes it
	dn text NOT NULL,
	name text NOT NULL,
	digest uuid,
	lost boolean NOT NULL DEFAULT false,
	UNIQUE (source, external_id)
);
-- Members as the directory names them; who that is stands in the two tables after it. What a run that waits for
-- approval does not show any more is lost: it gives no right, and for all else it is as it was.
CREATE TABLE group_member (
	group_id uuid NOT NULL REFERENCES directory_group ON DELETE CASCADE,
	ref text COLLATE "C" NOT NULL, -- a key, or
	by_name boolean NOT NULL -- a username
);
CREATE INDEX ON group_member (group_id);
CREATE INDEX ON group_member USING hash (ref);
CREATE TABLE group_person (
	group_id uuid NOT NULL REFERENCES directory_group ON DELETE CASCADE,
	person_id uuid NOT NULL,
	lost boolean NOT NULL DEFAULT false,
	PRIMARY KEY (group_id, person_id)
);
CREATE INDEX ON group_person (person_id);
CREATE TABLE group_group (
	group_id uuid NOT NULL REFERENCES directory_group ON DELETE CASCADE,
	member_id uuid NOT NULL REFERENCES directory_group ON DELETE CASCADE,
	lost boolean NOT NULL DEFAULT false,
	PRIMARY KEY (group_id, member_id)
);
CREATE INDEX ON group_group (member_id);

---- runs of the sync

CREATE TABLE directory_run (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	source text NOT NULL,
	state text NOT NULL DEFAULT 'running'
		CHECK (state IN ('running', 'done', 'needs_approval', 'approved', 'dropped', 'failed')),
	asked_by uuid,
	epoch bigint, -- of the lease under which it began; NULL: nobody has taken it yet
	allow integer, -- so many people may leave, or lose a value or a group, in it, whatever the configuration says
	covers uuid,   -- the parked run whose list was approved, if need be before a run that failed: what is on it is no surprise
	feed boolean NOT NULL DEFAULT false, -- what a feed told, not a whole reading
	complete boolean NOT NULL DEFAULT false,
	added integer NOT NULL DEFAULT 0, changed integer NOT NULL DEFAULT 0, moved integer NOT NULL DEFAULT 0,
	absent integer NOT NULL DEFAULT 0, returned integer NOT NULL DEFAULT 0, skipped integer NOT NULL DEFAULT 0,
	people integer NOT NULL DEFAULT 0,
	started_at timestamptz NOT NULL DEFAULT now(),
	finished_at timestamptz,
	decided_at timestamptz, decided_by uuid,
	error text
);
CREATE INDEX ON directory_run (source, started_at DESC);
CREATE UNIQUE INDEX ON directory_run (source) WHERE state = 'needs_approval';

CREATE TABLE directory_run_line (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	run_id uuid NOT NULL REFERENCES directory_run ON DELETE CASCADE,
	kind text NOT NULL CHECK (kind IN ('added', 'changed', 'moved', 'absent', 'returned', 'skipped', 'role_lost', 'role_gained',
		'group_joined', 'group_left', 'group_lost', 'linked', 'unlinked')),
	person_id uuid REFERENCES person,
	what text,
	detail jsonb,
	at timestamptz NOT NULL DEFAULT now() -- when it was done; what a parked run lists is done once that is approved
);
CREATE INDEX ON directory_run_line (run_id, id);
CREATE INDEX ON directory_run_line (person_id, id);

-- Where a source's feed stood when what it told was taken over, in the source's own words.
CREATE TABLE directory_feed (
	source text PRIMARY KEY,
	cookie text NOT NULL,
	at timestamptz NOT NULL DEFAULT now()
);

-- Work that one daemon at a time does. The epoch grows with each change of hands; a writer holds
-- the row locked in its transaction and stops when the epoch is no longer its own.
CREATE TABLE lease (
	name text PRIMARY KEY,
	holder text NOT NULL,
	epoch bigint NOT NULL,
	expires_at timestamptz NOT NULL,
	backend integer, -- of the session that its holder keeps open while it lives: gone with it
	backend_start timestamptz
);

---- access

-- What the configuration says; written at start, never by hand.
CREATE TABLE role_group (
	role text NOT NULL,
	source text NOT NULL,
	ref text NOT NULL, -- as configured
	group_key text,    -- the canonical form of a DN; NULL: a plain name, which must be one group's alone
	trouble text CHECK (trouble IN ('missing', 'ambiguous')), -- in the last complete run
	PRIMARY KEY (role, source, ref)
);
CREATE TABLE role_grant (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	role text NOT NULL,
	person_id uuid NOT NULL REFERENCES person,
	source text NOT NULL,
	group_dn text NOT NULL, -- the group named by the configuration
	group_name text NOT NULL,
	since timestamptz NOT NULL DEFAULT now(),
	until timestamptz NOT NULL DEFAULT 'infinity',
	recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX ON role_grant (person_id, role, group_dn) WHERE until = 'infinity';
CREATE INDEX ON role_grant (role, person_id) WHERE until = 'infinity';

CREATE TABLE account (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	authenticator text NOT NULL,
	subject text NOT NULL, -- the person's stable id where there is one, otherwise the name
	name text NOT NULL,
	person_id uuid REFERENCES person,
	UNIQUE (authenticator, subject)
);
CREATE INDEX ON account (lower(name));
CREATE TABLE session (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	hash bytea NOT NULL UNIQUE,
	account_id uuid NOT NULL REFERENCES account,
	address text,
	created_at timestamptz NOT NULL DEFAULT now(),
	seen_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL
);
CREATE INDEX ON session (account_id);
CREATE INDEX ON session (expires_at);
CREATE TABLE token (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	hash bytea NOT NULL UNIQUE,
	account_id uuid NOT NULL REFERENCES account,
	name text NOT NULL,
	hint text NOT NULL, -- its first and last characters, to tell tokens apart
	scopes text[] NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	seen_at timestamptz,
	expires_at timestamptz NOT NULL
);
CREATE INDEX ON token (account_id);

CREATE TABLE throttle (
	key bytea PRIMARY KEY, -- keyed hash of a user name or of a network
	failures integer NOT NULL,
	since timestamptz NOT NULL,
	blocked_until timestamptz NOT NULL
);

-- Who did something, and from where. What is written once says it by this id; the words stand here alone, so
-- that they can be taken out when a person is erased.
CREATE TABLE who (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	account text, -- "authenticator:name", a job's name, or "unknown"; NULL: somebody who was erased
	account_id uuid,
	address text,
	-- What the audit's chain holds in place of the words. Whoever is erased loses the salt with them, and nobody can
	-- find out by trying what the digest was of. NULL: there never were words.
	salt uuid,
	digest bytea
);
-- SHA-256 of a label with a NUL, and of each field with its size in front; all ones for one that is absent.
CREATE FUNCTION who_digest(salt uuid, account text, account_id uuid, address text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
	SELECT sha256('skillsd audit who 1\000'::bytea || string_agg(coalesce(int8send(length(field)) || field, int8send(-1)), ''
		ORDER BY n)) FROM unnest(ARRAY[uuid_send(salt), textsend(account), uuid_send(account_id), textsend(address)])
		WITH ORDINALITY AS f (field, n)
$$;
CREATE UNIQUE INDEX who_said ON who (account, coalesce(account_id, '00000000-0000-0000-0000-000000000000'),
	coalesce(address, '')) WHERE account IS NOT NULL;
CREATE INDEX ON who (account_id);
CREATE FUNCTION who_is(said text, by_id uuid, seen_from text) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
	found uuid;
	salt uuid := gen_random_uuid();
BEGIN
	LOOP
		SELECT w.id INTO found FROM who w WHERE w.account = said
			AND coalesce(w.account_id, '00000000-0000-0000-0000-000000000000')
				= coalesce(by_id, '00000000-0000-0000-0000-000000000000')
			AND coalesce(w.address, '') = coalesce(seen_from, '');
		EXIT WHEN found IS NOT NULL;
		-- Somebody whose request was still under way when they were erased.
		IF EXISTS (SELECT FROM account a WHERE a.id = by_id AND a.name = '') THEN
			SELECT w.id INTO found FROM who w WHERE w.account_id = by_id AND w.account IS NULL LIMIT 1;
			IF found IS NULL THEN
				INSERT INTO who (account_id) VALUES (by_id) RETURNING id INTO found;
			END IF;
			RETURN found;
		END IF;
		INSERT INTO who (account, account_id, address, salt, digest)
			VALUES (said, by_id, seen_from, salt, who_digest(salt, said, by_id, seen_from)) ON CONFLICT DO NOTHING
			RETURNING id INTO found;
		EXIT WHEN found IS NOT NULL;
	END LOOP;
	RETURN found;
END $$;

---- the catalogue

CREATE TABLE framework (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	code text NOT NULL UNIQUE,
	name text NOT NULL,
	uri text, description text,
	state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'archived')),
	version integer NOT NULL DEFAULT 1,
	updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE scale (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	name text NOT NULL UNIQUE,
	levels text[] NOT NULL CHECK (cardinality(levels) BETWEEN 1 AND 20),
	state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'archived')),
	version integer NOT NULL DEFAULT 1,
	updated_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO scale (name, levels) VALUES ('default', '{Novice,Advanced beginner,Competent,Proficient,Expert}');

CREATE TABLE skill (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	framework_id uuid NOT NULL REFERENCES framework,
	code text NOT NULL,
	uri text,
	label text NOT NULL,
	description text,
	synonyms text[] NOT NULL DEFAULT '{}',
	parent_id uuid REFERENCES skill,
	scale_id uuid NOT NULL REFERENCES scale,
	status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'archived')),
	version integer NOT NULL DEFAULT 1,
	updated_at timestamptz NOT NULL DEFAULT now(),
	UNIQUE (framework_id, code)
);
CREATE INDEX ON skill (code);
CREATE INDEX ON skill (label, id);
CREATE INDEX ON skill (parent_id);

CREATE TABLE issuer (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	key text NOT NULL UNIQUE, -- 'company' is the one of the configuration
	name text NOT NULL,
	url text, mail text, description text,
	groups text[] NOT NULL DEFAULT '{}', -- DNs: who is in one of them, and an issuer by role, issues for it; the company's issuers are all
	state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'archived')),
	sandbox boolean NOT NULL DEFAULT false, -- for tests: people issue to themselves, and what they have proves nothing
	version integer NOT NULL DEFAULT 1
);

CREATE TABLE achievement (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	issuer_id uuid NOT NULL REFERENCES issuer,
	latest integer NOT NULL DEFAULT 1, -- number of the newest version
	version integer NOT NULL DEFAULT 1, -- of the row, for ETag
	updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE achievement_version (
	achievement_id uuid NOT NULL REFERENCES achievement,
	number integer NOT NULL,
	type text NOT NULL,
	name text NOT NULL,
	description text,
	criteria text,
	validity text, -- ISO 8601
	image_url text,
	state text NOT NULL CHECK (state IN ('draft', 'in_review', 'published', 'archived')),
	recorded_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (achievement_id, number)
);
CREATE INDEX ON achievement_version (name);
CREATE TABLE achievement_skill (
	achievement_id uuid NOT NULL,
	number integer NOT NULL,
	skill_id uuid NOT NULL REFERENCES skill,
	level integer NOT NULL CHECK (level >= 1),
	PRIMARY KEY (achievement_id, number, skill_id),
	FOREIGN KEY (achievement_id, number) REFERENCES achievement_version
);

-- Another number in one of these whenever names of skills, issuers or achievements have changed: whoever reads them
-- together with rows knows whether the names held in memory go with those. Random, so that a database that was restored
-- has none that was another one's; several, so that writers do not wait for each other.
CREATE TABLE catalogue_version (
	shard integer PRIMARY KEY,
	version bigint NOT NULL DEFAULT (random() * 9e18)::bigint
);
INSERT INTO catalogue_version (shard) SELECT generate_series(1, 8);
CREATE FUNCTION catalogue_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE catalogue_version SET version = DEFAULT
	 WHERE shard = (SELECT shard FROM catalogue_version LIMIT 1 FOR UPDATE SKIP LOCKED);
	IF NOT FOUND THEN
		UPDATE catalogue_version SET version = DEFAULT WHERE shard = 1 + pg_backend_pid() % 8;
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER catalogue AFTER INSERT OR UPDATE OR DELETE ON skill EXECUTE FUNCTION catalogue_changed();
CREATE TRIGGER catalogue AFTER INSERT OR UPDATE OR DELETE ON issuer EXECUTE FUNCTION catalogue_changed();
CREATE TRIGGER catalogue AFTER INSERT OR UPDATE OR DELETE ON achievement_version EXECUTE FUNCTION catalogue_changed();

CREATE TABLE achievement_event (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	achievement_id uuid NOT NULL REFERENCES achievement,
	number integer NOT NULL,
	kind text NOT NULL,
	valid_from timestamptz NOT NULL DEFAULT now(),
	valid_to timestamptz NOT NULL DEFAULT 'infinity',
	recorded_at timestamptz NOT NULL DEFAULT now(),
	who uuid NOT NULL,
	detail jsonb
);
CREATE INDEX ON achievement_event (achievement_id, id);

---- credentials

CREATE TABLE credential (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	person_id uuid NOT NULL REFERENCES person, -- who holds it: the human of
	entry_id uuid NOT NULL REFERENCES person,  -- the entry it was issued to
	achievement_id uuid NOT NULL,
	achievement_number integer NOT NULL,
	issuer_id uuid NOT NULL REFERENCES issuer,
	issued_by uuid NOT NULL REFERENCES account,
	issued_at timestamptz NOT NULL,
	valid_from timestamptz NOT NULL,
	expires_at timestamptz NOT NULL DEFAULT 'infinity',
	-- scheduled and expired follow from the times and are never stored
	state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'suspended', 'revoked', 'superseded')),
	reason text,
	superseded_by uuid REFERENCES credential,
	replaces uuid REFERENCES credential, -- the other end of superseded_by
	evidence jsonb NOT NULL DEFAULT '[]',
	version integer NOT NULL DEFAULT 1,
	recorded_at timestamptz NOT NULL DEFAULT now(),
	FOREIGN KEY (achievement_id, achievement_number) REFERENCES achievement_version,
	CHECK (expires_at > valid_from)
);
CREATE INDEX ON credential (person_id, id);
CREATE INDEX ON credential (achievement_id);
CREATE INDEX ON credential (issued_at, id);
CREATE INDEX ON credential (expires_at, id);
CREATE INDEX ON credential (issuer_id, person_id);
CREATE UNIQUE INDEX ON credential (replaces) WHERE replaces IS NOT NULL;

CREATE TABLE credential_event (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	credential_id uuid NOT NULL REFERENCES credential,
	kind text NOT NULL CHECK (kind IN ('issued', 'suspended', 'reinstated', 'revoked', 'superseded', 'shown')),
	valid_from timestamptz NOT NULL, -- when it was so
	valid_to timestamptz NOT NULL DEFAULT 'infinity',
	recorded_at timestamptz NOT NULL DEFAULT now(), -- when we learned it
	who uuid NOT NULL
);
CREATE INDEX ON credential_event (credential_id, id);
-- Why, in words that may be about somebody, and what its holder said: beside what is written once, so that they can be taken out.
CREATE TABLE credential_note (
	event_id bigint PRIMARY KEY REFERENCES credential_event,
	reason text,
	said jsonb,
	CHECK (coalesce(reason, said::text) IS NOT NULL)
);

-- What credentials prove: one row for each skill and each stretch of time in which the credential
-- was good, as it was known between known_from and known_to. A revocation closes what was known
-- and writes the shorter stretch; nothing is lost. Holdings are read from here and nowhere else.
-- What never changes of the credential stands here too, so that reports need not join it.
CREATE TABLE proof (
	credential_id uuid NOT NULL REFERENCES credential,
	person_id uuid NOT NULL,
	skill_id uuid NOT NULL,
	level integer NOT NULL,
	issued_at timestamptz NOT NULL,
	issuer_id uuid NOT NULL,
	achievement_id uuid NOT NULL,
	achievement_number integer NOT NULL,
	expires_at timestamptz NOT NULL DEFAULT 'infinity', -- of the credential, whatever became of it
	valid_from timestamptz NOT NULL,
	valid_to timestamptz NOT NULL,
	known_from timestamptz NOT NULL DEFAULT now(),
	known_to timestamptz NOT NULL DEFAULT 'infinity',
	CHECK (valid_to > valid_from)
);
-- Reports and a person's holdings read no more than this one.
CREATE INDEX proof_person ON proof (person_id, skill_id)
	INCLUDE (level, valid_from, valid_to, expires_at, credential_id, issued_at, issuer_id, achievement_id,
		achievement_number)
	WHERE known_to = 'infinity';
CREATE INDEX proof_skill ON proof (skill_id, person_id) INCLUDE (level, valid_from, valid_to, credential_id)
	WHERE known_to = 'infinity';
CREATE INDEX proof_credential ON proof (credential_id);

-- What people say of themselves. Never counted together with what is verified.
CREATE TABLE claim (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	person_id uuid NOT NULL REFERENCES person, -- the human of the entry, unless they claim the skill already by another
	entry_id uuid NOT NULL REFERENCES person,  -- by which it was made
	skill_id uuid NOT NULL REFERENCES skill,
	level integer NOT NULL,
	note text,
	shared boolean NOT NULL DEFAULT false,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now(),
	UNIQUE (person_id, skill_id)
);
CREATE INDEX ON claim (skill_id);

---- what was done

CREATE TABLE audit_entry (
	seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	id uuid NOT NULL DEFAULT uuid7(),
	tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	who uuid NOT NULL,
	account_id uuid,
	action text NOT NULL,
	outcome text NOT NULL,
	noun text,
	object text,
	request_id uuid,
	detail jsonb -- ids and figures, never names
);
CREATE INDEX ON audit_entry (at, id);
CREATE INDEX ON audit_entry (who);
CREATE INDEX ON audit_entry (object);

-- The chain. Each link's hash covers the hash before it and one entry, whole; one daemon at a time makes them, in any
-- order, of what has been committed. An entry waits from the transaction that writes it until the one that links it.
CREATE TABLE audit_unsealed (
	entry bigint NOT NULL -- seq
);
CREATE TABLE audit_link (
	sequence bigint PRIMARY KEY, -- from 1, without a gap
	entry bigint NOT NULL UNIQUE,
	hash bytea NOT NULL
);
-- How far the chain went and what its last hash was, as lines that go elsewhere, too.
CREATE TABLE audit_checkpoint (
	sequence bigint PRIMARY KEY,
	line text NOT NULL
);

-- Followers keep their last snapshot and read the rows it did not see; rows carry keys only.
CREATE TABLE change (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
	at timestamptz NOT NULL DEFAULT now(),
	noun text NOT NULL,
	key uuid NOT NULL
);
CREATE INDEX ON change (at);

CREATE TABLE idempotency (
	account_id uuid NOT NULL,
	key text NOT NULL,
	request bytea NOT NULL, -- keyed hash of method, target and body
	status integer,
	location text, etag text,
	answer bytea, -- sealed
	created_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (account_id, key)
);
CREATE INDEX ON idempotency (created_at);

CREATE TRIGGER once BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry EXECUTE FUNCTION refuse_change();
CREATE TRIGGER once BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_link EXECUTE FUNCTION refuse_change();
CREATE TRIGGER once BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoint EXECUTE FUNCTION refuse_change();
CREATE TRIGGER once BEFORE UPDATE OR DELETE OR TRUNCATE ON credential_event EXECUTE FUNCTION refuse_change();
CREATE TRIGGER once BEFORE UPDATE OR DELETE OR TRUNCATE ON achievement_event EXECUTE FUNCTION refuse_change();
