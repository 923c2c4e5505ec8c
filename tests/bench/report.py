# SPDX-License-Identifier: Apache-2.0
"""The whole report as CSV against `psql` that copies the same columns out of the same tables."""
import csv
import datetime
import itertools
import shutil
import subprocess

from bench.measure import alternate, pg_environment, seconds_of
from kit.slapd import short_folder

MEMORY_MORE = 32 * 1024 * 1024
COPY = """COPY (
SELECT p.id AS person_id, p.username, p.name, u.name AS unit, p.title, m.name AS manager, s.id AS skill_id,
  s.code AS skill_code, s.label AS skill, f.level, true AS verified, i.name AS issuer, f.issued_at,
  nullif(f.expires_at, 'infinity') AS expires_at, f.credential_id
FROM (SELECT DISTINCT ON (person_id, skill_id) * FROM proof
      WHERE known_to = 'infinity' AND valid_from <= now() AND valid_to > now()
      ORDER BY person_id, skill_id, level DESC, expires_at DESC, credential_id) f
  JOIN person p ON p.id = f.person_id LEFT JOIN unit u ON u.id = p.unit_id LEFT JOIN person m ON m.id = p.manager_id
  JOIN skill s ON s.id = f.skill_id JOIN issuer i ON i.id = f.issuer_id
WHERE p.absent_since IS NULL ORDER BY p.id, s.id
) TO STDOUT WITH (FORMAT csv, HEADER)"""


def ask(house, path):
    """Time to the first byte of the report, in seconds, as curl sees it."""
    done = subprocess.run(["curl", "-sSf", "-o", path, "-w", "%{time_starttransfer}", "-H",
                           f"Authorization: Bearer {house.token}", house.url + "/api/v1/reports/skills?format=csv"],
                          check=True, capture_output=True, text=True, timeout=300)
    return float(done.stdout)


def copy(house, path):
    with open(path, "wb") as file:
        subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", COPY], check=True, stdout=file, timeout=300,
                       env=pg_environment(house.postgres, house.database))


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def compare(ours, theirs):
    """Reads both whole; rows must agree but for how a time and a flag are written. Gives their number."""
    rows = 0
    with open(ours, newline="") as a, open(theirs, newline="") as b:
        for rows, (mine, yours) in enumerate(itertools.zip_longest(csv.reader(a), csv.reader(b))):
            assert mine and yours and len(mine) == len(yours) == 15, (rows, mine, yours)
            assert mine[:10] == yours[:10] and mine[11] == yours[11] and mine[14] == yours[14], (mine, yours)
            if rows % 1000 == 1:
                assert mine[10] == "true" and yours[10] == "t", (mine, yours)
                assert [moment(text + ("00" if text[-3:-2] == "+" else "")) for text in yours[12:14]] == \
                    [moment(text) for text in mine[12:14]], (mine, yours)
    return rows


def report(table, house, rounds):
    folder = short_folder("report-")
    try:
        before = house.memory()
        first = ask(house, folder / "ours.csv")
        more = house.memory("VmHWM") - before
        copy(house, folder / "theirs.csv")
        rows = compare(folder / "ours.csv", folder / "theirs.csv")
        sizes = [(folder / name).stat().st_size / 1e6 for name in ("ours.csv", "theirs.csv")]
    finally:
        shutil.rmtree(folder)
    limit, ours = alternate(rounds, seconds_of(lambda: copy(house, "/dev/null")), seconds_of(lambda: ask(house, "/dev/null")))
    table.ratio(f"report, {rows:,} rows as CSV, psql COPY", limit, ours, "s", most=1.0)
    table.note(f"  equal row by row, {sizes[0]:.0f} and {sizes[1]:.0f} MB")
    table.bound("  first byte", first, "s", most=1)
    table.bound("  memory above the daemon's before", more / 1e6, "MB", most=MEMORY_MORE / 1e6)
