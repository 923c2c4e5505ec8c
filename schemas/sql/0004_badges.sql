-- SPDX-License-Identifier: Apache-2.0
-- Badges: who signs, what was signed, and the lists that say what is good no longer. No private key is ever here.

-- The public halves of keys that skillsd-sign holds; the id is the same on both sides.
CREATE TABLE signing_key (
	id uuid PRIMARY KEY,
	issuer_id uuid NOT NULL REFERENCES issuer,
	algorithm text NOT NULL CHECK (algorithm IN ('ed25519', 'p256', 'rsa2048')),
	public_key bytea NOT NULL, -- SubjectPublicKeyInfo, RFC 5280
	created_at timestamptz NOT NULL DEFAULT now(),
	retired_at timestamptz NOT NULL DEFAULT 'infinity', -- signs no longer from then on; what it signed is good
	revoked_at timestamptz NOT NULL DEFAULT 'infinity' -- what is dated later is not good
);
CREATE INDEX ON signing_key (issuer_id);

-- Of each credential that has badges, what never changes in them, whatever becomes of the person's entry; and who sees them.
CREATE TABLE badge (
	credential_id uuid PRIMARY KEY REFERENCES credential,
	subject uuid NOT NULL,
	salt text, identity text, -- hash of the mail address and the salt; NULL: there was no address
	-- What its holder says.
	visibility text NOT NULL CHECK (visibility IN ('private', 'colleagues', 'public')),
	response text NOT NULL DEFAULT 'pending' CHECK (response IN ('pending', 'accepted', 'declined', 'hidden')),
	shown_evidence jsonb, -- what of the evidence is in the badge: places from 0; NULL: all
	version integer NOT NULL DEFAULT 1,
	content_version integer NOT NULL DEFAULT 1 -- of what was issued, with the evidence that is shown
);

-- Bitstring Status List 1.0: a list is an issuer's, for one purpose; bits are set in the order of the standard, the
-- first one is the highest of the first byte.
CREATE TABLE status_list (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	issuer_id uuid NOT NULL REFERENCES issuer,
	purpose text NOT NULL CHECK (purpose IN ('revocation', 'suspension')),
	bits bytea NOT NULL,
	version bigint NOT NULL DEFAULT 1,
	changed_at timestamptz NOT NULL DEFAULT now(),
	signed_version bigint, -- of the bits that `signed` shows
	signed_by uuid REFERENCES signing_key,
	signed text
);
CREATE INDEX ON status_list (issuer_id, purpose);
CREATE TABLE status_entry (
	list_id uuid NOT NULL REFERENCES status_list,
	place integer NOT NULL CHECK (place >= 0),
	credential_id uuid NOT NULL, -- of a credential, or of an endorsement
	PRIMARY KEY (list_id, place),
	UNIQUE (credential_id, list_id)
);

-- Made once, and given as they are until the credential is another version, or no longer stands as they say it does.
CREATE TABLE badge_form (
	credential_id uuid NOT NULL REFERENCES credential,
	format text NOT NULL,
	version integer NOT NULL, -- of the credential; of what was signed at issue, and is wrapped around that, content_version
	bytes bytea NOT NULL,
	key_id uuid REFERENCES signing_key, -- that signed it
	made_at timestamptz NOT NULL DEFAULT now(), -- of what was signed: as it says itself, or would
	standing text, -- of those that say it: the credential's state, whether the key of its proof was revoked, the holder's name
	PRIMARY KEY (credential_id, format)
);
ALTER TABLE badge_form ALTER bytes SET STORAGE EXTERNAL;

-- A place at random, so that neighbours tell nothing.
CREATE FUNCTION status_chance() RETURNS integer LANGUAGE sql VOLATILE AS $$
	SELECT (('x' || encode(substring(uuid_send(gen_random_uuid()) FROM 11), 'hex'))::bit(48)::bigint % 131072)::integer
$$;

-- Such a place in the issuer's newest list; where most tries find a place taken the next list begins.
CREATE FUNCTION status_place(issuer uuid, its_purpose text, credential uuid, OUT list uuid, OUT place integer)
LANGUAGE plpgsql AS $$
DECLARE
	size CONSTANT integer := 131072;
BEGIN
	LOOP
		SELECT id INTO list FROM status_list WHERE issuer_id = issuer AND purpose = its_purpose ORDER BY id DESC LIMIT 1;
		FOR try IN 1 .. CASE WHEN list IS NULL THEN 0 ELSE 16 END LOOP
			place := status_chance();
			INSERT INTO status_entry (list_id, place, credential_id) VALUES (list, status_place.place, credential)
				ON CONFLICT DO NOTHING;
			IF FOUND THEN
				RETURN;
			END IF;
		END LOOP;
		PERFORM pg_advisory_xact_lock(hashtext('status_list'), hashtext(issuer::text || its_purpose));
		INSERT INTO status_list (issuer_id, purpose, bits)
			SELECT issuer, its_purpose, decode(repeat('00', size / 8), 'hex')
			WHERE list IS NOT DISTINCT FROM (SELECT id FROM status_list
				WHERE issuer_id = issuer AND purpose = its_purpose ORDER BY id DESC LIMIT 1);
	END LOOP;
END $$;

-- A place for each purpose. At first tries in both lists at once.
CREATE FUNCTION status_places(issuer uuid, credential uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	made integer;
BEGIN
	INSERT INTO status_entry (list_id, place, credential_id)
		SELECT l.id, status_chance(), credential
		FROM unnest('{revocation,suspension}'::text[]) AS its (purpose) CROSS JOIN LATERAL (SELECT id FROM status_list
			WHERE issuer_id = issuer AND purpose = its.purpose ORDER BY id DESC LIMIT 1) AS l
		ON CONFLICT DO NOTHING;
	GET DIAGNOSTICS made = ROW_COUNT;
	IF made < 2 THEN
		PERFORM status_place(issuer, its.purpose, credential) FROM unnest('{revocation,suspension}'::text[]) AS its (purpose)
			WHERE NOT EXISTS (SELECT FROM status_entry e JOIN status_list l ON l.id = e.list_id
				WHERE e.credential_id = credential AND l.purpose = its.purpose);
	END IF;
END $$;

-- Sets or clears a credential's bit in its list of that purpose. PostgreSQL counts from the lowest bit of a byte.
CREATE FUNCTION status_set(credential uuid, its_purpose text, shown integer) RETURNS void LANGUAGE sql AS $$
	UPDATE status_list l SET bits = set_bit(l.bits, e.place / 8 * 8 + 7 - e.place % 8, shown), version = l.version + 1,
		changed_at = clock_timestamp()
	FROM status_entry e WHERE e.credential_id = credential AND l.id = e.list_id AND l.purpose = its_purpose
		AND get_bit(l.bits, e.place / 8 * 8 + 7 - e.place % 8) <> shown
$$;

-- What was drawn for an achievement and took long, for all its badges; what is missing is drawn anew.
CREATE TABLE achievement_image (
	achievement_id uuid NOT NULL,
	number integer NOT NULL,
	png bytea NOT NULL CHECK (octet_length(png) <= 262144),
	PRIMARY KEY (achievement_id, number),
	FOREIGN KEY (achievement_id, number) REFERENCES achievement_version
);
ALTER TABLE achievement_image ALTER png SET STORAGE EXTERNAL;
