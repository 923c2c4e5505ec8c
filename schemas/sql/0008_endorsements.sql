-- SPDX-License-Identifier: Apache-2.0
-- What issuers, ours and others, say of achievements and issuers; achievements that belong together, and what a programme
-- is to reach; whether the links of achievements still lead somewhere.

-- A version of an achievement, or an issuer, is endorsed: by an issuer of ours, or by somebody else, whose document is kept as
-- it came.
CREATE TABLE endorsement (
	id uuid PRIMARY KEY,
	achievement_id uuid, achievement_number integer,
	endorsed_issuer_id uuid REFERENCES issuer,
	issuer_id uuid REFERENCES issuer, -- who endorses, where that is one of ours
	signer text NOT NULL, signer_name text, -- as the document says
	trusted boolean NOT NULL, -- somebody here vouched for the signer when it was taken in
	document text NOT NULL, -- its own id
	comment text,
	form text NOT NULL CHECK (form IN ('json', 'jwt')),
	bytes bytea NOT NULL,
	valid_from timestamptz NOT NULL,
	valid_until timestamptz NOT NULL DEFAULT 'infinity',
	reason text, -- why it was withdrawn
	withdrawn_at timestamptz,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	FOREIGN KEY (achievement_id, achievement_number) REFERENCES achievement_version,
	CHECK ((achievement_id IS NULL) <> (endorsed_issuer_id IS NULL))
);
CREATE INDEX ON endorsement (achievement_id, achievement_number);
CREATE INDEX ON endorsement (endorsed_issuer_id);
CREATE INDEX ON endorsement (created_at, id);
CREATE UNIQUE INDEX ON endorsement (document) WHERE withdrawn_at IS NULL;
CREATE UNIQUE INDEX ON endorsement (issuer_id, achievement_id, achievement_number, endorsed_issuer_id) NULLS NOT DISTINCT
	WHERE withdrawn_at IS NULL AND issuer_id IS NOT NULL;

CREATE TABLE collection (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	issuer_id uuid NOT NULL REFERENCES issuer,
	name text NOT NULL,
	description text,
	goals json NOT NULL DEFAULT '[]', -- [{metric, target, by}]
	state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'archived')),
	version integer NOT NULL DEFAULT 1,
	updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON collection (name, id);
CREATE TABLE collection_item (
	collection_id uuid NOT NULL REFERENCES collection,
	place integer NOT NULL,
	achievement_id uuid NOT NULL REFERENCES achievement,
	PRIMARY KEY (collection_id, place),
	UNIQUE (collection_id, achievement_id)
);
CREATE INDEX ON collection_item (achievement_id);

-- Where published achievements lead, as anybody may read in them: links in criteria in any language, the picture, alignments
-- (those of results and their levels too), skills and their frameworks.
-- The address without its fragment; a parenthesis belongs to an address when it was opened in it.
CREATE VIEW achievement_link AS
SELECT a.id AS achievement_id, p.place, split_part(p.url, '#', 1) AS url
FROM achievement a
JOIN achievement_version v ON v.achievement_id = a.id AND v.state = 'published' AND v.number =
	(SELECT max(m.number) FROM achievement_version m WHERE m.achievement_id = a.id AND m.state IN ('published', 'archived'))
CROSS JOIN LATERAL (
	SELECT 'criteria' AS place, rtrim(found[1], '.,;:!?*_') AS url
	FROM regexp_matches(concat_ws(E'\n', v.criteria, (SELECT string_agg(t.value->>'criteria', E'\n') FROM json_each(v.translations) AS t)),
		'https?://[^\s<>"''`()\[\]\\]+(?:\([^\s<>()]*\)[^\s<>"''`()\[\]\\]*)*', 'g') AS found
	UNION SELECT 'image', v.image_url
	UNION SELECT 'alignment', t.value->>'url' FROM json_array_elements(v.alignments) AS t
	UNION SELECT 'alignment', t.value->>'url' FROM json_array_elements(v.results) AS d
		CROSS JOIN LATERAL (SELECT d.value UNION ALL SELECT l.value FROM json_array_elements(d.value->'levels') AS l) AS holder (value)
		CROSS JOIN LATERAL json_array_elements(holder.value->'alignments') AS t
	UNION SELECT 'skill', k.uri FROM achievement_skill s JOIN skill k ON k.id = s.skill_id
		WHERE s.achievement_id = v.achievement_id AND s.number = v.number
	UNION SELECT 'framework', f.uri FROM achievement_skill s JOIN skill k ON k.id = s.skill_id JOIN framework f ON f.id = k.framework_id
		WHERE s.achievement_id = v.achievement_id AND s.number = v.number
) AS p
WHERE p.url ~ '^https?://' AND octet_length(p.url) <= 2000;

-- How it went when somebody looked, and who leads there.
CREATE TABLE web_link (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	url text NOT NULL UNIQUE,
	state text NOT NULL DEFAULT 'unchecked' CHECK (state IN ('unchecked', 'alive', 'failing', 'dead')),
	failures integer NOT NULL DEFAULT 0, -- one after another
	detail text,
	checked_at timestamptz,
	dead_since timestamptz,
	due_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON web_link (due_at);
CREATE INDEX ON web_link (state) WHERE state = 'dead';
CREATE TABLE web_link_use (
	link_id uuid NOT NULL REFERENCES web_link,
	achievement_id uuid NOT NULL REFERENCES achievement,
	PRIMARY KEY (link_id, achievement_id)
);
CREATE INDEX ON web_link_use (achievement_id);
