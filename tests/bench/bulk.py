# SPDX-License-Identifier: Apache-2.0
"""What many badges in one call cost, from the request to the end of its job, beside COPY of the very rows that came of it
into a database that was as this one before, their documents without proofs."""
import itertools
import shutil
import time

from bench.measure import alternate, pg_environment, run
from kit.badges import Programme, badge_house
from kit.batches import ask_table, table as csv_table
from kit.gate import drop_to
from kit.postgres import Postgres
from kit.slapd import short_folder

SERVER = "fsync = on\nshared_buffers = 512MB\nmax_wal_size = 16GB\ncheckpoint_timeout = 1h\nautovacuum = off\n"
# In an order in which each row finds what it refers to: of a table, what names the credential.
TABLES = {"credential": "id", "credential_event": "credential_id", "proof": "credential_id", "badge": "credential_id",
          "status_entry": "credential_id", "badge_form": "credential_id", "audit_entry": "object", "change": "key",
          "outbox": "object"}
UNSIGNED = "regexp_replace(convert_from(bytes, 'UTF8'), ',\"proof\":.*$', '}')::bytea"


class Bulk:
    """A house, a copy of its database as it was before, and what both take for the same badges."""

    def __init__(self, house, postgres, folder, count):
        self.house, self.postgres, self.folder, self.count = house, postgres, folder, count
        self.programme, self.numbers = Programme(house), itertools.count(1)
        people = [one["id"] for one in self.programme.hr.pages("/people", limit=500) if one["status"] == "active"]
        self.text = csv_table(["person"], *([people[number % len(people)]] for number in range(count)))

    def psql(self, database, *words, **how):
        return run("psql", "-qAtX", "-v", "ON_ERROR_STOP=1", *words, env=pg_environment(self.postgres, database), **how, **drop_to())

    def before(self):
        """A copy to load the rows into, made while nobody is connected; with it a credential that is none of them."""
        self.copy, self.achievement = f"before-{next(self.numbers)}", self.programme.achievement()
        other = self.programme.issue(achievement=self.achievement)
        self.new = f"::text IN (SELECT id::text FROM credential WHERE achievement_id = '{self.achievement['id']}' AND id <> '{other['id']}')"
        self.lists = ", ".join(f"'{one}'" for one, in self.house.sql("SELECT id FROM status_list"))
        self.house.stop()
        self.house._link.close()
        self.psql("postgres", "-c", f'CREATE DATABASE "{self.copy}" TEMPLATE "{self.house.database}"')
        self.house.start()

    def ours(self):
        """Seconds until all are issued, for good."""
        self.before()
        begun = time.monotonic()
        job = ask_table(self.programme.issuer, "issue", self.text, achievement=self.achievement["id"])
        while (now := self.programme.issuer.get(f"/jobs/{job['id']}"))["state"] in ("queued", "running"):
            time.sleep(0.05)
        if now["state"] != "done" or now["result"]["succeeded"] != self.count:
            raise RuntimeError(f"the job ended so: {now}")
        return time.monotonic() - begun

    def rows(self):
        """(table, columns, what gives its rows)."""
        which = {"status_list": f"id NOT IN ({self.lists})", **{name: f"{key}{self.new}" for name, key in TABLES.items()}}
        for name, condition in which.items():
            columns = [column for column, in self.house.sql(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position", name)]
            chosen = [UNSIGNED if (name, column) == ("badge_form", "bytes") else column for column in columns]
            yield name, columns, f"SELECT {', '.join(chosen)} FROM {name} WHERE {condition}"
        yield "audit_unsealed", ["entry"], f"SELECT seq FROM audit_entry WHERE {which['audit_entry']}"

    def limit(self):
        """Seconds of COPY of the same rows, in one transaction."""
        lines = ["BEGIN;"]
        for name, columns, query in self.rows():
            path = self.folder / f"{name}.copy"
            path.write_text(self.psql(self.house.database, "-c", f"COPY ({query}) TO STDOUT"))
            lines.append(f"\\copy {name} ({', '.join(columns)}) FROM '{path}'")
        (self.folder / "load.sql").write_text("\n".join([*lines, "COMMIT;", ""]))
        begun = time.monotonic()
        self.psql(self.copy, "-f", self.folder / "load.sql")
        taken = time.monotonic() - begun
        found = int(self.psql(self.copy, "-c", f"SELECT count(*) FROM badge_form WHERE credential_id{self.new}"
                              " AND position('\"proof\"'::bytea IN bytes) = 0"))
        if found != self.count:
            raise RuntimeError(f"{found} rows of {self.count} were loaded")
        self.psql("postgres", "-c", f'DROP DATABASE "{self.copy}"')
        return taken


def bulk(table, rounds, count=100000):
    folder = short_folder("bench-")
    folder.chmod(0o777)
    with Postgres(SERVER) as postgres, badge_house(("ed25519",), postgres=postgres, config={"server": {"log_level": "info"}}) as house:
        work = Bulk(house, postgres, folder, count)
        ours, limit = alternate(rounds, work.ours, work.limit)
        table.ratio(f"{count:,} badges in one call, COPY of the rows", limit, ours, "s", most=1.6)
    shutil.rmtree(folder)
