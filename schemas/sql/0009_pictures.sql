-- SPDX-License-Identifier: Apache-2.0
-- Pictures that were uploaded, as they were written anew. None is ever changed: another one takes its place.
CREATE TABLE picture (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	svg bytea CHECK (octet_length(svg) <= 1048576), -- NULL: it came as a PNG
	png bytea NOT NULL CHECK (octet_length(png) <= 1048576)
);
ALTER TABLE picture ALTER png SET STORAGE EXTERNAL;

ALTER TABLE achievement_version
	ADD picture_id uuid REFERENCES picture,
	ADD drawing text[]; -- shape, fill, edge, initials, icon, '' where it is not said; NULL: as it comes
CREATE INDEX ON achievement_version (picture_id) WHERE picture_id IS NOT NULL;
ALTER TABLE issuer ADD image_url text, ADD picture_id uuid REFERENCES picture;
CREATE INDEX ON issuer (picture_id) WHERE picture_id IS NOT NULL;
