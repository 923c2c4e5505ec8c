-- SPDX-License-Identifier: Apache-2.0
-- What somebody may want to be told, and how often a badge was looked at.

-- Written in the transaction of what happened; ids and figures, never names.
CREATE TABLE outbox (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	kind text NOT NULL,
	noun text NOT NULL,
	object uuid NOT NULL,
	person_id uuid, -- whom it is about
	made_at timestamptz NOT NULL DEFAULT now(),
	due_at timestamptz NOT NULL DEFAULT now(),
	key text, -- of what is said once; NULL: the id is it
	detail jsonb
);
CREATE UNIQUE INDEX ON outbox (key) WHERE key IS NOT NULL;
CREATE INDEX ON outbox (object);
CREATE INDEX ON outbox (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX ON outbox USING brin (made_at);

-- By day in UTC; of nobody in particular.
CREATE TABLE credential_count (
	credential_id uuid NOT NULL REFERENCES credential,
	day date NOT NULL,
	kind text NOT NULL CHECK (kind IN ('view', 'download', 'verification')),
	number bigint NOT NULL,
	PRIMARY KEY (credential_id, day, kind)
);
