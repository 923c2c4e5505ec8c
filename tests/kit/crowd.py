# SPDX-License-Identifier: Apache-2.0
"""A crowd: people, what they have earned and what they are on, written straight into the database. Knows its tables."""
from kit.house import wait_for

PEOPLE = """INSERT INTO person (source, external_id, username, name) SELECT s, n, s || n, 'Crowd 👥 ' || n
  FROM (SELECT %s AS s) AS s, generate_series(1, %s) AS n"""
EARNED = """INSERT INTO credential (person_id, entry_id, achievement_id, achievement_number, issuer_id, issued_by, issued_at, valid_from, expires_at)
  SELECT p.id, p.id, a.id, 1, a.issuer_id, (SELECT id FROM account LIMIT 1), now() - interval '1 day', now() - interval '1 day', 'infinity'
  FROM person p, achievement a WHERE p.source = %s AND a.id = %s AND mod(p.external_id::int, %s) = 0"""
ENROLLED = """INSERT INTO enrolment (person_id, entry_id, pathway_id, number, looked, state, via)
  SELECT p.id, p.id, w.id, v, v, 'active', 'self' FROM person p, pathway w, pathway_current(w.id) AS v
  WHERE p.source = %s AND w.id = %s ORDER BY p.external_id::int"""
STANDS = """SELECT p.external_id::int, e.number, e.state, e.percent FROM enrolment e JOIN person p ON p.id = e.person_id
  WHERE p.source = %s AND e.pathway_id = %s"""
IDLE = """SELECT 1 WHERE NOT EXISTS (SELECT FROM enrolment WHERE due_at <= now() OR owed_at <= now())
  AND NOT EXISTS (SELECT FROM enrolment_news)"""


class Crowd:
    """People 1 to `count`, whom no directory knows."""

    def __init__(self, house, source, count):
        self.house, self.source, self.count = house, source, count
        house.sql(PEOPLE, source, count)

    def earn(self, achievement, every):
        """Each `every`th of them."""
        self.house.sql(EARNED, self.source, achievement, every)

    def enrol(self, pathway):
        """All, and what they had before is seen."""
        self.house.sql(ENROLLED, self.source, pathway)
        self.settle()

    def settle(self):
        wait_for("nothing is to be computed", lambda: self.house.sql(IDLE))

    def stands(self, pathway):
        """{number: (version, state, per cent)}, as it is kept."""
        return {number: tuple(rest) for number, *rest in self.house.sql(STANDS, self.source, pathway)}
