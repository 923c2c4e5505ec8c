-- SPDX-License-Identifier: Apache-2.0
-- Credentials that end: who is told when, how they are renewed, and what proves that they are used.

-- So many days before a credential expires its holder is told. All that expire up to here were looked at, in the order of
-- the index of credential (expires_at, id): so each is told once, and what is looked at is only what came near since.
CREATE TABLE expiry_notice (
	days integer PRIMARY KEY,
	upto timestamptz NOT NULL DEFAULT now(),
	upto_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'
);
