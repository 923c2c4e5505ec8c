# SPDX-License-Identifier: Apache-2.0
"""A million holdings: the report streams them in flat memory, begins at once, and nobody else has to wait.
SKILLSD_STREAM_ROWS makes it fewer; a sanitized build takes a fifth."""
import http.client
import os
import statistics
import threading
import time
import urllib.parse

import pytest
from kit.house import House, is_sanitized, wait_for

SKILLS, MIB = 20, 1 << 20
SLOW = 4 if is_sanitized() else 1
ROWS = int(os.environ.get("SKILLSD_STREAM_ROWS", 200_000 if is_sanitized() else 1_000_000))

FILL = """
SET session_replication_role = replica;
INSERT INTO unit (source, external_id, name) SELECT 'main', 'unit ' || n, 'Unit ' || n FROM generate_series(1, 200) n;
INSERT INTO person (source, external_id, username, name, title, unit_id)
 SELECT 'main', 'person ' || n, 'user' || n, 'Person ' || md5(n::text), 'Title ' || n % 50,
  (SELECT id FROM unit WHERE external_id = 'unit ' || n % 200 + 1) FROM generate_series(1, {people}) n;
UPDATE person SET manager_id = (SELECT id FROM person WHERE external_id = 'person 1') WHERE external_id <> 'person 1';
INSERT INTO framework (code, name) VALUES ('BIG', 'Big');
INSERT INTO skill (framework_id, code, label, scale_id)
 SELECT f.id, 'B' || n, 'Skill number ' || n, s.id FROM framework f, scale s, generate_series(1, {skills}) n;
INSERT INTO achievement (issuer_id) SELECT id FROM issuer;
INSERT INTO achievement_version (achievement_id, number, type, name, state)
 SELECT id, 1, 'Badge', 'Everything', 'published' FROM achievement;
INSERT INTO achievement_skill (achievement_id, number, skill_id, level)
 SELECT a.id, 1, s.id, 3 FROM achievement a, skill s;
INSERT INTO credential (person_id, entry_id, achievement_id, achievement_number, issuer_id, issued_by, issued_at, valid_from,
  expires_at)
 SELECT p.id, p.id, a.id, 1, a.issuer_id, c.id, now() - interval '1 day', now() - interval '1 day', now() + interval '1 year'
 FROM person p, achievement a, (SELECT id FROM account LIMIT 1) c;
INSERT INTO proof (credential_id, person_id, skill_id, level, issued_at, issuer_id, achievement_id, achievement_number,
  expires_at, valid_from, valid_to)
 SELECT c.id, c.person_id, s.skill_id, s.level, c.issued_at, c.issuer_id, c.achievement_id, 1, c.expires_at, c.valid_from,
  c.expires_at FROM credential c JOIN achievement_skill s ON s.achievement_id = c.achievement_id;
ANALYZE;
"""


@pytest.fixture(scope="module")
def full(postgres):
    with House(None, postgres=postgres) as house:
        assert house.rescue.get("/me")["roles"] == ["admin"]
        house.sql(FILL.format(people=ROWS // SKILLS, skills=SKILLS))
        assert house.rescue.get("/people", count=True, limit=1)["total"] == ROWS // SKILLS
        yield house


def flat(house, before):
    """No more memory than 32 MiB over what it was; under AddressSanitizer what was freed stays for a while."""
    grown = house.memory("VmHWM") - before
    assert grown <= 32 * MIB or is_sanitized(), f"{grown // MIB} MiB more"
    return f"{grown // MIB} MiB more memory"


class Stream:
    """One report being read; `first` is how long the first byte took."""

    def __init__(self, house, parameters):
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(house.url).netloc, timeout=120)
        begun = time.monotonic()
        self.connection.request("GET", "/api/v1/reports/skills?" + parameters,
                                headers={"Authorization": f"Bearer {house.rescue.token}"})
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200 and self.answer.read(1)
        self.first, self.lines, self.bytes = time.monotonic() - begun, 0, 1

    def read(self, until=None):
        """To the end, or until the event is set."""
        while not (until and until.is_set()) and (chunk := self.answer.read(1 << 16)):
            self.lines += chunk.count(b"\n")
            self.bytes += len(chunk)
        return self

    def close(self):
        self.connection.close()


@pytest.mark.parametrize("parameters, more", [
    ("format=ndjson", 0), ("format=csv", 1), ("format=ndjson&sort=-level", 0)])
def test_a_million_rows_come_at_once_and_in_flat_memory(full, parameters, more):
    before = full.memory()
    stream = Stream(full, parameters).read()
    print(f"{stream.lines} lines, {stream.bytes // MIB} MiB, the first byte after {stream.first:.3f} s, {flat(full, before)}")
    assert stream.lines == ROWS + more
    if "sort" not in parameters:
        assert stream.first <= 1.0 * SLOW
    stream.close()


def test_people_stream_too(full):
    before = full.memory()
    text = full.rescue.get("/people", format="csv")
    assert text.count("\r\n") == ROWS // SKILLS + 1
    flat(full, before)


def test_a_client_that_does_not_read_costs_no_memory(full):
    before, streams = full.memory(), [Stream(full, "format=ndjson") for _ in range(3)]
    time.sleep(2)
    flat(full, before)
    assert streams[0].read().lines == ROWS, "and nothing is lost when it reads on"
    for stream in streams:
        stream.close()


def test_while_four_reports_run_others_do_not_wait(full):
    """And whoever hangs up frees the place."""
    over, errors, begun = threading.Event(), [], threading.Barrier(5)

    def report():
        try:
            stream = Stream(full, "format=csv")
            begun.wait(60)
            stream.read(over).close()
        except Exception as trouble:
            errors.append(trouble)
    threads = [threading.Thread(target=report) for _ in range(4)]
    for thread in threads:
        thread.start()
    begun.wait(60)
    before, client, times = full.memory(), full.rescue.twin(), []
    for _ in range(400):
        at = time.monotonic()
        client.get("/me")
        times.append(time.monotonic() - at)
    grown = flat(full, before)
    over.set()
    for thread in threads:
        thread.join()
    print(f"/me: median {statistics.median(times) * 1000:.1f} ms, at most {max(times) * 1000:.1f} ms, {grown}")
    assert not errors and statistics.median(times) < 0.1 * SLOW and max(times) < 1.0 * SLOW
    wait_for("the reports to end", lambda: 'skillsd_lane_tasks{lane="report",state="working"} 0' in client.get("/metrics"))
    assert full.rescue.get("/reports/skills", limit=1)["items"]
