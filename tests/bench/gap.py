# SPDX-License-Identifier: Apache-2.0
"""What 10,000 people of a unit lack of 50 skills that their positions need; what one of them does, and has. In a company of any size."""
import requests

from bench.measure import alternate, seconds_of
from bench.people import FIRST, ID, get

UNITS, SKILLS = 40, 50  # of 250 people each, if there are 50,000
POSITIONS = """
INSERT INTO unit (source, external_id, name, used) VALUES ('bench', 'top', 'Division', true);
UPDATE unit SET used = true, parent_id = (SELECT id FROM unit WHERE source = 'bench' AND external_id = 'top')
  WHERE source = 'bench' AND external_id IN (SELECT n::text FROM generate_series(1, {units}) AS n);
INSERT INTO position (code, name, openings) SELECT 'bench ' || n, 'Position ' || n, n % 3 FROM generate_series(0, 9) AS n;
INSERT INTO position_skill (position_id, skill_id, level, must)
  SELECT o.id, s.id, 1 + s.n % 5, s.n % 4 > 0 FROM position o
  JOIN (SELECT id, row_number() OVER (ORDER BY code) AS n FROM skill) AS s ON s.n <= {skills}
    AND (o.code = 'bench 0' OR s.n % 9 = right(o.code, 1)::int - 1);
INSERT INTO position_assignment (position_id, unit_id)
  SELECT o.id, u.id FROM position o, unit u WHERE o.code = 'bench 0' AND u.source = 'bench' AND u.external_id = 'top';
INSERT INTO position_assignment (position_id, title) SELECT id, 'Specialist, grade ' || right(code, 1)::int - 1 FROM position WHERE code <> 'bench 0';
"""


def gap(table, house, rounds):
    """The first skill is counted by other means."""
    house.sql(POSITIONS.format(units=UNITS, skills=SKILLS))
    house.sql("ANALYZE")
    (unit,), = house.sql("SELECT id::text FROM unit WHERE external_id = 'top'")
    found, someone = get(house, f"/units/{unit}/gap"), f"{ID}{FIRST + 41}"
    held = house.sql("SELECT count(DISTINCT f.person_id) FROM proof f JOIN person p ON p.id = f.person_id JOIN unit u ON u.id = p.unit_id WHERE f.skill_id = %s"
                     " AND u.parent_id = %s AND f.level >= %s AND f.known_to = 'infinity' AND f.valid_from <= now() AND f.valid_to > now()",
                     found["skills"][0]["skill"]["id"], unit, found["skills"][0]["levels"][0]["level"])
    assert held == [(found["skills"][0]["held"],)] and len(found["skills"]) == SKILLS, found["skills"][0]
    session = requests.Session()

    def ask(path):
        session.get(house.url + "/api/v1" + path, headers={"Authorization": f"Bearer {house.token}"}, timeout=60).raise_for_status()
    paths = f"/units/{unit}/gap", f"/people/{someone}/gap", f"/people/{someone}/portfolio"
    taken = [1000 * one for one in alternate(rounds, *(seconds_of(lambda p=path: ask(p)) for path in paths))]
    table.bound(f"gap of a unit, {found['people']:,} people, {SKILLS} skills", taken[0], "ms", most=300)
    table.bound(f"  of one of them, {len(get(house, paths[1])['skills'])} skills", taken[1], "ms", most=300)
    table.bound("  portfolio of one of them", taken[2], "ms")
