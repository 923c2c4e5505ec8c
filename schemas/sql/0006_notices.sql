-- SPDX-License-Identifier: Apache-2.0
-- What somebody may want to be told.

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
