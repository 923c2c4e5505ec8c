# SPDX-License-Identifier: Apache-2.0
"""The audit's chain as a stranger sees it: made anew from what is written down of its form, without the daemon's code;
houses whose audit has one, and databases whose audit somebody has meddled with."""
import base64
import hashlib
import json
import subprocess
import uuid

import pytest
from kit.house import House, installed, wait_for
from kit.signer import Signer
from kit.slapd import unprivileged

FIELDS = ("int8send(e.seq)", "uuid_send(e.id)", "xid8send(e.tx)", "timestamptz_send(e.at)", "uuid_send(e.who)", "w.digest",
          "uuid_send(e.account_id)", "textsend(e.action)", "textsend(e.outcome)", "textsend(e.noun)", "textsend(e.object)",
          "uuid_send(e.request_id)", "jsonb_send(e.detail)")
ADD = ("WITH e AS (INSERT INTO audit_entry (who, action, outcome, noun, object, detail, at) VALUES"
       " (who_is(%s, NULL, '192.0.2.1'), %s, 'ok', 'thing', %s, %s::jsonb, clock_timestamp() - %s::interval)"
       " RETURNING seq, id::text), q AS (INSERT INTO audit_unsealed SELECT seq FROM e) SELECT id FROM e")


def digest(label, *fields):
    whole = label.encode() + b"\0"
    for field in fields:
        whole += b"\xff" * 8 if field is None else len(field).to_bytes(8, "big") + bytes(field)
    return hashlib.sha256(whole).digest()


def link_hash(before, sequence, fields):
    return digest("skillsd audit link 1", before, sequence.to_bytes(8, "big"), *fields)


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def add_entry(cursor, action="test.done", who="job", object=None, detail=None, age="0"):
    """As the daemon adds one; its id."""
    cursor.execute(ADD, (who, action, object, detail, age))
    return cursor.fetchone()[0]


def links(cursor, beyond=0):
    cursor.execute(f"SELECT l.sequence, l.hash, {', '.join(FIELDS)} FROM audit_link l JOIN audit_entry e ON e.seq = l.entry"
                   " JOIN who w ON w.id = e.who WHERE l.sequence > %s ORDER BY l.sequence", (beyond,))
    return [(sequence, bytes(found), fields) for sequence, found, *fields in cursor.fetchall()]


def relink(cursor):
    """Whoever may write to the database makes a chain of what is there now, from its first link."""
    before = bytes(32)
    for sequence, _, fields in links(cursor):
        before = link_hash(before, sequence, fields)
        cursor.execute("UPDATE audit_link SET hash = %s WHERE sequence = %s", (before, sequence))


# ---- houses

@pytest.fixture(scope="module")
def signer():
    """Who signs checkpoints, with two keys for it."""
    with Signer() as signer:
        signer.key, signer.other = (signer.new("ed25519", "checkpoint") for _ in range(2))
        yield signer


def audited(postgres, signer, **options):
    audit = {"key": signer.key.line, "checkpoint_interval": "1s", "checkpoint_file": "kept", **options}
    house = House(config={"audit": audit, "signer": {"socket": signer.path}}, postgres=postgres)
    house._write("kept", "")
    return house


def sealed(house):
    wait_for("the sealer", lambda: not house.sql("SELECT 1 FROM audit_unsealed"))


def checkpoints(house):
    return [line for line, in house.sql("SELECT line FROM audit_checkpoint ORDER BY sequence")]


def fill(house, count, first=0):
    """Entries of which every field is said, and in between a checkpoint or two."""
    link = house.postgres.connect(house.database)
    with link.cursor() as cursor:
        for n in range(first, first + count):
            add_entry(cursor, f"test.{n}", f"ldap:user{n % 3}", f"thing {n}", json.dumps({"n": n, "ä": [1.50, None, "€"]}))
            if n % 5 == 0:
                sealed(house)
                wait_for("a checkpoint", lambda: house.sql(
                    "SELECT 1 FROM audit_checkpoint WHERE sequence = (SELECT max(sequence) FROM audit_link)"))
    link.close()


class Tampered:
    """A copy of a house's database, in which nothing is refused. The house is not running."""
    TABLES = "audit_entry", "audit_link", "audit_checkpoint", "audit_unsealed", "who"

    def __init__(self, house):
        self.house, self.name = house, f"tampered-{uuid.uuid4().hex[:12]}"
        house.postgres.create(self.name, house.database)
        self.link = house.postgres.connect(self.name)
        self.cursor = self.link.cursor()
        self.sql("SET session_replication_role = replica; CREATE SCHEMA kept; CREATE SEQUENCE kept.seq START 1000000;"
                 " ALTER TABLE audit_entry ALTER seq DROP IDENTITY, ALTER seq SET DEFAULT nextval('kept.seq')")
        for table in self.TABLES:
            self.sql(f"CREATE TABLE kept.{table} AS TABLE {table}")
        text = (house.folder / "skillsd.conf").read_text()
        self.text = text.replace(f"dbname={house.database}", f"dbname={self.name}")
        self.restore()

    def restore(self):
        """As it was before anybody meddled."""
        for table in self.TABLES:
            self.sql(f"TRUNCATE {table}; INSERT INTO {table} TABLE kept.{table}")
        self.conf = self.house._write(f"{self.name}.conf", self.text)
        return self

    def remove(self):
        self.link.close()
        self.house.postgres.drop(self.name)

    def sql(self, text, *args):
        self.cursor.execute(text, args or None)
        return self.cursor.fetchall() if self.cursor.description else []

    def checkpoints(self):
        return [line for line, in self.sql("SELECT line FROM audit_checkpoint ORDER BY sequence")]

    def cut(self, sequence):
        """What is behind it has never been."""
        self.sql("DELETE FROM audit_entry WHERE seq IN (SELECT entry FROM audit_link WHERE sequence > %s)", sequence)
        self.sql("DELETE FROM audit_link WHERE sequence > %s", sequence)
        self.sql("DELETE FROM audit_checkpoint WHERE sequence > %s", sequence)

    def check(self, file=None):
        return check(self.house, file, self.conf)


def check(house, file=None, conf=None):
    """What `skillsd check --audit` finds, a line each."""
    done = subprocess.run([installed() / "skillsd", "-c", conf or house.folder / "skillsd.conf", "check", "--audit",
                           *([file] if file else [])], capture_output=True, text=True, timeout=300,
                          env=house._environment(), **unprivileged())
    assert done.stderr == "", done.stderr
    lines = done.stdout.splitlines()
    findings = [line for line in lines if line.startswith(("sequence", "entry", "the chain ", str(file)))]
    whole = lines[-1].endswith("the audit is whole")
    assert done.returncode == (0 if whole else 1) and whole == (findings == []), done.stdout
    return findings
