# SPDX-License-Identifier: Apache-2.0
"""One pathway is published while 100,000 are under way on it: how long until all of them are computed anew, by its job, beside
what psql needs to write as many rows of the same table in one statement; and how long it takes to simulate that. Knows the tables
of schemas/sql."""
import time

import requests
from bench.measure import alternate, backends, cpu_seconds, pg_environment, run, seconds_of
from bench.people import FIRST, ID, LDIF, PASSWORD, PEOPLE, READER, SERVER
from kit.house import BASE, House
from kit.postgres import Postgres


MADE, SKILL_LEVEL = 12, 3
CATALOGUE = """
INSERT INTO unit (source, external_id, name) SELECT 'bench', n, 'Unit ' || n FROM generate_series(1, 200) n;
INSERT INTO framework (code, name) VALUES ('bench', 'Bench');
INSERT INTO skill (framework_id, code, label, scale_id) SELECT f.id, 'S1', 'Handling', s.id FROM framework f, scale s WHERE f.code = 'bench' AND s.name = 'default';
INSERT INTO achievement (issuer_id) SELECT i.id FROM issuer i, generate_series(1, {made}) WHERE i.key = 'company';
INSERT INTO achievement_version (achievement_id, number, type, name, state)
  SELECT id, 1, 'Certificate', 'Step ' || row_number() OVER (ORDER BY id), 'published' FROM achievement;
"""
# Each has four of the achievements, the last of which nobody has, and every other one the skill.
EARNED = """
INSERT INTO credential (person_id, entry_id, achievement_id, achievement_number, issuer_id, issued_by, issued_at, valid_from, expires_at)
  SELECT p.id, p.id, a.id, 1, a.issuer_id, account.id, now() - interval '90 days', now() - interval '90 days', 'infinity'
  FROM (SELECT id, external_id::int AS n FROM person WHERE source = 'bench') AS p CROSS JOIN generate_series(0, 3) AS k
  JOIN (SELECT id, issuer_id, row_number() OVER (ORDER BY id) - 1 AS n FROM achievement) AS a ON a.n = (p.n * 7 + k * 3) % ({made} - 1),
  (SELECT id FROM account LIMIT 1) AS account ORDER BY random();
INSERT INTO proof (credential_id, person_id, skill_id, level, issued_at, expires_at, issuer_id, achievement_id, achievement_number, valid_from, valid_to)
  SELECT c.id, c.person_id, s.id, 1 + p.external_id::int % 5, c.issued_at, c.expires_at, c.issuer_id, c.achievement_id, 1, c.valid_from, c.expires_at
  FROM (SELECT DISTINCT ON (person_id) * FROM credential ORDER BY person_id, id) AS c JOIN person p ON p.id = c.person_id, skill s
  WHERE p.external_id::int % 2 = 0;
INSERT INTO enrolment (person_id, entry_id, pathway_id, number, looked, state, via, due_at, needed)
  SELECT id, id, '{pathway}', 1, 1, 'active', 'self', 'infinity', 9 FROM person WHERE source = 'bench' ORDER BY random();
"""
WRITE = """UPDATE enrolment SET looked = looked + 1, percent = (percent + 7) % 100, done = done + 1, due_at = 'infinity', version = version + 1,
 updated_at = now() WHERE pathway_id = '{pathway}'"""
BACK = "UPDATE enrolment SET looked = looked - 1, percent = (percent + 93) % 100, done = done - 1 WHERE pathway_id = '{pathway}'"


def nodes(earned, skill, turn):
    """Six in a row, a skill, two of three; what comes last differs from version to version, and so do weights."""
    found = [{"id": f"a{n}", "kind": "achievement", "achievement": earned[n], "after": [f"a{n - 1}"] if n else [], "weight": 1 + (n + turn) % 3}
             for n in range(6)]
    found += [{"id": f"b{n}", "kind": "achievement", "achievement": earned[n], "within": "some"} for n in range(6, 9)]
    return found + [{"id": "skill", "kind": "skill", "skill": skill, "level": SKILL_LEVEL}, {"id": "some", "kind": "group", "need": 2},
                    {"id": "last", "kind": "achievement", "achievement": earned[MADE - 1], "weight": 2 + turn % 2}]


class Publications:
    def __init__(self, house, people):
        self.house, self.people, self.turn, self.cpu = house, people, 0, 0
        opened = requests.post(house.url + "/api/v1/sessions", json={"username": READER, "password": PASSWORD}, timeout=30)
        self.head = {"Authorization": f"Bearer {opened.json()['token']}", "If-Match": "*"}
        house.sql("SET session_replication_role = replica")  # the rows are sound
        house.sql(CATALOGUE.format(made=MADE))
        house.sql(PEOPLE.format(id=ID, first=FIRST, people=people))
        self.earned = [one for one, in house.sql("SELECT id::text FROM achievement ORDER BY id")]
        self.skill = house.sql("SELECT id::text FROM skill")[0][0]
        self.pathway = self.ask("POST", "/pathways", self.version(name="Bench"))["id"]
        house.sql(EARNED.format(made=MADE, pathway=self.pathway))
        house.sql("VACUUM (ANALYZE)")
        house.sql("CHECKPOINT")

    def version(self, **more):
        return {"nodes": nodes(self.earned, self.skill, self.turn), "state": "published", **more}

    def ask(self, method, path, body=None):
        answer = requests.request(method, self.house.url + "/api/v1" + path, json=body, headers=self.head, timeout=300)
        answer.raise_for_status()
        return answer.json()

    def pids(self):
        return [self.house.process.pid, *backends(self.house)]

    def publish(self):
        self.turn += 1
        pids = self.pids()
        before, begun = cpu_seconds(pids), time.monotonic()
        self.ask("PATCH", f"/pathways/{self.pathway}", self.version())
        job = self.ask("GET", "/jobs?limit=1")["items"][0]
        while job["state"] in ("queued", "running"):
            time.sleep(0.02)
            job = self.ask("GET", f"/jobs/{job['id']}")
        taken = time.monotonic() - begun
        self.cpu += cpu_seconds(pids) - before
        assert job["state"] == "done" and job["done"] == self.people, job
        assert self.house.sql("SELECT count(*) FROM enrolment WHERE number = %s", self.turn + 1) == [(self.people,)]
        self.house.sql("VACUUM enrolment")
        return taken

    def simulate(self):
        """What the next one would do."""
        body = {"nodes": nodes(self.earned, self.skill, self.turn + 1)}
        begun = time.monotonic()
        found = self.ask("POST", f"/pathways/{self.pathway}/simulations", body)
        assert found["people"] == self.people and found["lose"]["more"] and found["gain"]["more"], found
        return time.monotonic() - begun

    def written(self):
        psql = pg_environment(self.house.postgres, self.house.database)
        taken = seconds_of(lambda: run("psql", "-qc", WRITE.format(pathway=self.pathway), env=psql))()
        self.house.sql(BACK.format(pathway=self.pathway))
        self.house.sql("VACUUM enrolment")
        return taken


def progress(table, people, rounds):
    house = House(LDIF, config={"role hr": {"group": f"cn=hr,{BASE}"}}, postgres=Postgres(SERVER).start())
    try:
        house.start()
        publications = Publications(house, people)
        bare, foretold, ours = alternate(rounds, publications.written, publications.simulate, publications.publish)
        table.ratio(f"progress of {people:,}, beside rows written", bare, ours, "s")
        table.bound("  of one pathway that is published", ours, "s", most=10)
        table.bound("  CPU of daemon and PostgreSQL, each time", publications.cpu / rounds, "s")
        table.bound("  what it would do, simulated before", foretold, "s")
    finally:
        house.remove()
        house.postgres.remove()
