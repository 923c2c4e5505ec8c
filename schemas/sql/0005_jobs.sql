-- SPDX-License-Identifier: Apache-2.0
-- Work that takes longer than an answer may: who asked for it, how far it is; and issuing and turning many at once.

-- A piece of a job and what is said here of it are one transaction. Who works on it holds its row locked.
CREATE TABLE job (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	kind text NOT NULL,
	object uuid NOT NULL, -- what the kind works on
	account_id uuid NOT NULL REFERENCES account, -- in whose name it is done
	who uuid NOT NULL, -- who, and from where
	request_id uuid NOT NULL,
	state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
	due_at timestamptz NOT NULL DEFAULT now(), -- the next piece
	done integer NOT NULL DEFAULT 0,
	total integer NOT NULL DEFAULT 0,
	error text, -- why it failed
	result jsonb, errors jsonb, -- what came of it; ids and figures, never names
	created_at timestamptz NOT NULL DEFAULT now(),
	started_at timestamptz,
	finished_at timestamptz
);
CREATE INDEX job_due ON job (due_at) WHERE state IN ('queued', 'running');
CREATE INDEX ON job (created_at, id);
CREATE INDEX ON job (account_id);

CREATE TABLE batch (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	job_id uuid NOT NULL UNIQUE REFERENCES job ON DELETE CASCADE,
	action text NOT NULL CHECK (action IN ('issue', 'replace', 'revoke', 'suspend', 'reinstate')),
	achievement_id uuid, -- of the rows that have none of their own
	all_or_none boolean NOT NULL, -- all rows wait until each is good
	checked integer NOT NULL DEFAULT 0, -- rows that have been looked at before the first one is done
	reason text,
	quiet boolean NOT NULL, -- nobody is told of what is turned
	scheduled_at timestamptz -- not before
);
CREATE TABLE batch_row (
	batch_id uuid NOT NULL REFERENCES batch ON DELETE CASCADE,
	number integer NOT NULL, -- from 1
	credential_id uuid, -- of issue and replace: what it will be, so that no row can be two; otherwise which one is meant
	replaces uuid, -- of replace: which one is meant
	person text, -- as it was written; of what is turned the credential
	achievement_id uuid,
	achievement_version integer, -- of replace
	issued_at timestamptz, valid_from timestamptz, expires_at timestamptz,
	evidence jsonb,
	results json, -- as they were written
	reason text,
	field text, fault text, -- why it is not done
	PRIMARY KEY (batch_id, number)
);
CREATE INDEX batch_row_fault ON batch_row (batch_id, number) WHERE fault IS NOT NULL;

-- As status_place() does, for many at once: where most tries find a place taken the next list begins.
CREATE FUNCTION status_places_many(issuer uuid, its_purpose text, credentials uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	size CONSTANT integer := 131072;
	list uuid;
	waiting uuid[] := credentials;
	tries integer;
	found uuid[];
BEGIN
	WHILE cardinality(waiting) > 0 LOOP
		SELECT id INTO list FROM status_list WHERE issuer_id = issuer AND purpose = its_purpose ORDER BY id DESC LIMIT 1;
		tries := 0;
		WHILE list IS NOT NULL AND cardinality(waiting) > 0 AND (tries < 16 OR cardinality(waiting) * 2 < tries) LOOP
			tries := tries + cardinality(waiting);
			WITH taken AS (INSERT INTO status_entry (list_id, place, credential_id)
				SELECT list, status_chance() AS place, c FROM unnest(waiting) AS c ORDER BY place
				ON CONFLICT (list_id, place) DO NOTHING RETURNING credential_id)
			SELECT array_agg(c) INTO found FROM unnest(waiting) AS c WHERE c NOT IN (SELECT credential_id FROM taken);
			waiting := coalesce(found, '{}');
		END LOOP;
		EXIT WHEN cardinality(waiting) = 0;
		PERFORM pg_advisory_xact_lock(hashtext('status_list'), hashtext(issuer::text || its_purpose));
		INSERT INTO status_list (issuer_id, purpose, bits)
			SELECT issuer, its_purpose, decode(repeat('00', size / 8), 'hex')
			WHERE list IS NOT DISTINCT FROM (SELECT id FROM status_list
				WHERE issuer_id = issuer AND purpose = its_purpose ORDER BY id DESC LIMIT 1);
	END LOOP;
END $$;
