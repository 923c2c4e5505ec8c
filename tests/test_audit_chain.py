# SPDX-License-Identifier: Apache-2.0
"""The audit's chain: every entry is linked soon, and whatever is done to the audit behind the daemon's back, `skillsd
check --audit` finds it and says where."""
import base64
import json
import os
import random
import re
import subprocess
import threading
import time

import pytest
from kit.chain import Tampered, add_entry, check, digest, encoded, link_hash, links, relink
from kit.house import House, installed, is_sanitized, wait_for
from kit.second import Second
from kit.signer import Signer
from kit.slapd import unprivileged

ENTRIES = 12


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


@pytest.fixture(scope="module")
def house(postgres, signer):
    """It has worked and has stopped in good order: the tests meddle with copies of its database."""
    with audited(postgres, signer) as house:
        house.rescue.get("/audit")
        for number in range(2):
            house.try_sign_in("nobody-there", f"{number}")
        fill(house, ENTRIES)
        assert house.stop() == 0
        house._link.close()
        yield house


@pytest.fixture(scope="module")
def copy(house):
    copy = Tampered(house)
    yield copy
    copy.remove()


@pytest.fixture
def db(copy):
    return copy.restore()


@pytest.fixture(scope="module")
def kept(house):
    return house.folder / "kept"


# ---- what is written

def test_when_the_daemon_has_stopped_all_is_linked_and_a_checkpoint_says_so(house, db):
    count, = db.sql("SELECT count(*) FROM audit_entry")[0]
    assert count >= ENTRIES + 3 and db.sql("SELECT count(*), min(sequence), max(sequence) FROM audit_link") == [(count, 1, count)]
    assert db.sql("SELECT max(sequence), count(*) > 2 FROM audit_checkpoint") == [(count, True)]
    assert db.check() == [] and db.check(house.folder / "kept") == []
    out = house.command("check", "--audit").stdout
    assert f"up to sequence {count}" in out and "which is signed" in out and f"{count} links" in out


def test_a_stranger_comes_to_the_same_hashes(db):
    before = bytes(32)
    for sequence, found, fields in links(db.cursor):
        before = link_hash(before, sequence, fields)
        assert found == before, sequence
    for found, *fields in db.sql("SELECT digest, uuid_send(salt), textsend(account), uuid_send(account_id), textsend(address) FROM who"):
        assert bytes(found) == digest("skillsd audit who 1", *fields)


def test_a_stranger_can_verify_a_checkpoint(house, db, tmp_path):
    lines = [line for line, in db.sql("SELECT line FROM audit_checkpoint ORDER BY sequence")]
    found = {sequence: encoded(hash) for sequence, hash, _ in links(db.cursor)}
    for line in lines:
        mark, version, sequence, at, hash, key, signature = line.split(" ")
        assert (mark, version, hash) == ("skillsd-checkpoint", "1", found[int(sequence)])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", at)
        (tmp_path / "key").write_bytes(bytes.fromhex("302a300506032b6570032100") + base64.urlsafe_b64decode(key + "="))
        (tmp_path / "signature").write_bytes(base64.urlsafe_b64decode(signature + "=="))
        (tmp_path / "said").write_text(line.rpartition(" ")[0])
        subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", tmp_path / "key", "-rawin", "-in",
                        tmp_path / "said", "-sigfile", tmp_path / "signature"], check=True, capture_output=True)
    assert (house.folder / "kept").read_text().splitlines()[-1] == lines[-1]
    assert lines[-1] in house.log()


# ---- what is done to it

FIELDS = {"seq": "seq + 100000", "id": "uuid7()", "tx": "'7'", "at": "at + interval '1 microsecond'",
          "who": "(SELECT w.id FROM who w WHERE w.id <> audit_entry.who LIMIT 1)", "account_id": "uuid7()", "action": "action || ' '",
          "outcome": "'denied'", "noun": "NULL", "object": "'another'", "request_id": "uuid7()", "detail": "'{}'"}


def test_there_is_a_change_of_each_field(db):
    assert {name for name, in db.sql("SELECT column_name FROM information_schema.columns WHERE table_name = 'audit_entry'")} \
        == set(FIELDS)


def at_sequence(sequence, column="e.id"):
    return f"(SELECT {column} FROM audit_link l JOIN audit_entry e ON e.seq = l.entry WHERE l.sequence = {sequence})"


@pytest.mark.parametrize("field", FIELDS)
def test_a_change_of_a_field_is_found(db, field):
    at = at_sequence(8, "e.seq")
    db.sql(f"UPDATE audit_entry SET {field} = {FIELDS[field]} WHERE seq = {at}")
    findings = db.check()
    assert findings[0].startswith("sequence 8: ") and len(findings) == (2 if field == "seq" else 1), findings
    if field != "seq":
        assert db.sql(f"SELECT {at_sequence(8)}::text")[0][0] in findings[0]


@pytest.mark.parametrize("change", ["account = 'ldap:eve'", "address = '192.0.2.66'", "address = NULL", "account_id = uuid7()",
                                    "salt = uuid7()", "digest = sha256('')", "digest = NULL", "account = NULL",
                                    "account = NULL, address = NULL, salt = NULL", "id = uuid7()",
                                    "account = NULL, address = NULL, salt = NULL, digest = NULL"])
def test_a_change_of_who_did_it_is_found_at_each_entry_of_theirs(db, change):
    who = db.sql(f"SELECT {at_sequence(8, 'e.who')}")[0][0]
    theirs = db.sql("SELECT l.sequence, e.id::text FROM audit_link l JOIN audit_entry e ON e.seq = l.entry WHERE e.who = %s"
                    " ORDER BY 1", who)
    db.sql(f"UPDATE who SET {change} WHERE id = %s", who)
    findings = db.check()
    assert len({line.split(":")[0] for line in findings}) == len(theirs) > 1
    for sequence, entry in theirs:
        assert [line for line in findings if line.startswith(f"sequence {sequence}: entry {entry}")], findings


TAMPERINGS = {
    "an entry is deleted": (f"DELETE FROM audit_entry WHERE seq = {at_sequence(8, 'e.seq')}", ["sequence 8: its entry is missing"]),
    "a link is deleted": ("DELETE FROM audit_link WHERE sequence = 8", ["sequence 8: the link is missing", "entry .* has no link"]),
    "both are": (f"DELETE FROM audit_entry WHERE seq = {at_sequence(8, 'e.seq')}; DELETE FROM audit_link WHERE sequence = 8",
                 ["sequence 8: the link is missing"]),
    "the first is": (f"DELETE FROM audit_entry WHERE seq = {at_sequence(1, 'e.seq')}; DELETE FROM audit_link WHERE sequence = 1",
                     ["sequence 1: the link is missing"]),
    "several are": ("DELETE FROM audit_entry WHERE seq IN (SELECT entry FROM audit_link WHERE sequence BETWEEN 7 AND 9);"
                    " DELETE FROM audit_link WHERE sequence BETWEEN 7 AND 9", ["sequence 7 to 9: the links are missing"]),
    "one is deleted, and the gap is closed": (
        f"DELETE FROM audit_entry WHERE seq = {at_sequence(8, 'e.seq')}; DELETE FROM audit_link WHERE sequence = 8;"
        " UPDATE audit_link SET sequence = -sequence WHERE sequence > 8; UPDATE audit_link SET sequence = -sequence - 1 WHERE sequence < 0",
        ["sequence 8: entry .* does not follow"]),
    "two change places": ("UPDATE audit_link l SET entry = -o.entry FROM audit_link o WHERE l.sequence IN (8, 9) AND o.sequence = 17 - l.sequence;"
                          " UPDATE audit_link SET entry = -entry WHERE entry < 0",
                          ["sequence 8: entry .* does not follow", "sequence 9: entry .* does not follow"]),
    "two links change places": ("UPDATE audit_link SET sequence = sequence - 17 WHERE sequence IN (8, 9);"
                                " UPDATE audit_link SET sequence = -sequence WHERE sequence < 0", ["sequence 8: entry .* does not follow"]),
    "an entry is put in": ("INSERT INTO audit_entry (who, action, outcome, at) SELECT who, 'test.put', 'ok', at FROM audit_entry LIMIT 1",
                           ["entry .* has no link, and waits for none"]),
    "a link is put in": ("UPDATE audit_link SET sequence = -sequence WHERE sequence > 8; UPDATE audit_link SET sequence = 1 - sequence"
                         " WHERE sequence < 0; INSERT INTO audit_entry (who, action, outcome) SELECT who, 'test.put', 'ok' FROM audit_entry LIMIT 1;"
                         " INSERT INTO audit_link SELECT 9, max(seq), sha256('') FROM audit_entry",
                         ["sequence 9: entry .* does not follow", "sequence 10: entry .* does not follow"]),
    "a hash is changed": ("UPDATE audit_link SET hash = sha256('') WHERE sequence = 8",
                          ["sequence 8: entry .* does not follow", "sequence 9: entry .* does not follow"]),
    "a hash is taken away": ("UPDATE audit_link SET hash = '' WHERE sequence = 8", ["sequence 8: .*", "sequence 8: its hash is none"]),
    "the tail is cut off": ("DELETE FROM audit_entry WHERE seq IN (SELECT entry FROM audit_link WHERE sequence > 9);"
                            " DELETE FROM audit_link WHERE sequence > 9", ["the chain ends at sequence 9, and the checkpoint of .* in the database"]),
    "the links' tail is cut off": (f"DELETE FROM audit_link WHERE sequence > 9", ["the chain ends at sequence 9", "entry .* has no link"]),
    "a checkpoint is changed": ("UPDATE audit_checkpoint SET line = replace(line, 'T', ' ') WHERE sequence = (SELECT max(sequence) FROM audit_checkpoint)",
                                ["sequence .*: .*"]),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_it_is_found_when(db, what):
    statements, words = TAMPERINGS[what]
    db.sql(statements)
    findings = db.check()
    for pattern in words:
        assert [line for line in findings if re.match(pattern, line)], (pattern, findings)


def test_a_tail_that_is_cut_off_with_its_checkpoints_is_found_by_those_kept_elsewhere(db, kept):
    last = int(kept.read_text().splitlines()[-1].split()[2])
    db.cut(9)
    assert db.check() == [], "the database knows no better"
    found, = db.check(kept)
    assert re.fullmatch(f"the chain ends at sequence 9, and the checkpoint of [^ ]+ in {kept}:\\d+ is of sequence {last}", found)


def test_a_chain_rewritten_from_its_first_link_is_found_by_those_kept_elsewhere(db, kept):
    db.sql(f"UPDATE audit_entry SET action = 'another' WHERE seq = {at_sequence(3, 'e.seq')}")
    relink(db.cursor)
    sequences = {int(line.split()[2]) for line in kept.read_text().splitlines()}
    findings = db.check()
    assert findings and all("is of another chain" in line and "in the database" in line for line in findings)
    none = "the chain has no signed checkpoint in the database, though there is a key"
    db.sql("UPDATE audit_checkpoint SET line = regexp_replace(line, ' [^ ]+ [^ ]+$', ' - -')")
    assert none in db.check()
    db.sql("DELETE FROM audit_checkpoint")
    assert db.check() == [none], "more the database does not know"
    found = [line for line in db.check(kept) if line != none]
    assert {int(line.split()[1][:-1]) for line in found} == {one for one in sequences if one >= 3}


def test_a_checkpoint_for_a_rewritten_chain_cannot_be_signed(db, kept):
    """By whoever lacks the key: with another one, with the signature of another checkpoint, or with none."""
    db.sql("UPDATE audit_entry SET outcome = 'denied' WHERE seq = (SELECT max(entry) FROM audit_link)")
    relink(db.cursor)
    (line, sequence), = db.sql("SELECT line, sequence FROM audit_checkpoint ORDER BY sequence DESC LIMIT 1")
    *head, _, key, signature = line.split(" ")
    hash = encoded(bytes(db.sql("SELECT hash FROM audit_link WHERE sequence = %s", sequence)[0][0]))
    for forged, words in ([hash, key, signature], "is forged"), ([hash, key, "A" * 86], "is forged"), ([hash, key, "-"], "is none"), \
            ([hash, "A" * 43, signature], "not trusted"), ([hash, "-", "-"], "is not signed, though an earlier one is"):
        db.sql("UPDATE audit_checkpoint SET line = %s WHERE sequence = %s", " ".join([*head, *forged]), sequence)
        findings = db.check()
        assert len(findings) == 1 and findings[0].startswith(f"sequence {sequence}: ") and words in findings[0], findings


def test_a_forged_line_in_the_file_counts_for_nothing(house, db):
    genuine = (house.folder / "kept").read_text().splitlines()
    words = genuine[-1].split(" ")
    for line in " ".join([*words[:2], "999", *words[3:]]), genuine[-1][:-2] + ("AA" if genuine[-1][-2:] != "AA" else "BA"):
        path = house._write("forged", "\n".join([*genuine[:-1], line]) + "\n")
        assert [found for found in db.check(path) if "is forged" in found and f"{path}:{len(genuine)}" in found]
    assert db.check(house._write("forged", "no checkpoint\n")) == [f"{house.folder}/forged: there is no checkpoint in it that counts"]
    assert db.check(house._write("forged", genuine[-1][:100] + "\n" + "\n".join(genuine) + "\n")) == [], "half a line is none"
    assert db.check(house._write("forged", "x" * 100000 + "\n" + "\n".join(genuine) + "\n" + "y" * 100000)) == []
    log = "".join(f"Nov 22 07:00:00 host skillsd[1]: audit: {line}\n" for line in reversed(genuine))
    assert db.check(house._write("forged", log)) == [], "a log will do, in any order"


@pytest.mark.parametrize("words, status, sentence", [
    (["--audit", "nowhere"], 1, "nowhere: No such file or directory"), (["--audit", "."], 1, ". cannot be read"),
    (["--audit", "kept", "kept"], 2, "it takes [--audit [FILE]]"), (["--adit"], 2, "it takes [--audit [FILE]]")])
def test_a_check_that_cannot_be_made_is_none(house, words, status, sentence):
    done = house.command("check", *words)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", f"skillsd check: {sentence}\n")


def test_a_check_without_a_database_is_none(house, db):
    db.conf.write_text(db.text.replace("dbname=", "dbname=no-"))
    done = subprocess.run([installed() / "skillsd", "-c", db.conf, "check", "--audit"], capture_output=True, text=True,
                          env=House._environment(), **unprivileged())
    assert done.returncode == 1 and "the database is not available now" in done.stderr and "whole" not in done.stdout


def test_a_key_of_before_is_trusted_where_it_is_named(signer, db):
    public = db.checkpoints()[-1].split(" ")[5]
    text = db.conf.read_text()
    db.conf.write_text(text.replace(signer.key.line, signer.other.line))
    *each, none = db.check()
    assert len(each) == len(db.checkpoints()) and all("not trusted" in line for line in each)
    assert none == "the chain has no signed checkpoint in the database, though there is a key"
    db.conf.write_text(text.replace(signer.key.line, f"{signer.other.line}\ntrusted_key = {public}"))
    assert db.check() == []
    db.conf.write_text(text.replace(f"key = {signer.key.line}", f"trusted_key = {public}"))
    assert db.check() == []


# ---- what waits

def test_an_entry_that_waits_is_a_finding_when_it_waits_for_long(db):
    fresh = add_entry(db.cursor, "test.fresh")
    assert db.check() == []
    late = add_entry(db.cursor, "test.late", age="1 min")
    found, = db.check()
    assert found.startswith(f"entry {late} of ") and "is not linked yet" in found and fresh not in found


def test_a_database_restored_from_a_backup_is_found_by_checkpoints_kept_elsewhere(postgres, signer):
    with audited(postgres, signer) as house:
        fill(house, 5)
        assert house.stop() == 0
        house._link.close()
        backup = f"{house.database}-backup"
        postgres.create(backup, house.database)
        house.start()
        fill(house, 5, first=5)
        assert house.stop() == 0
        house._link.close()
        kept = (house.folder / "kept").read_text()
        known = house._write("known", kept)
        assert check(house, known) == []
        postgres.drop(house.database)
        postgres.create(house.database, backup)
        postgres.drop(backup)
        found, = check(house, known)
        assert re.match(r"the chain ends at sequence \d+, and the checkpoint of ", found)
        house.start()
        fill(house, 9, first=16)
        assert house.stop() == 0
        house._link.close()
        assert check(house) == [], "the database knows no better"
        findings = check(house, known)
        assert findings and all("is of another chain" in line for line in findings)


def test_without_a_key_there_is_a_chain_and_checkpoints_that_are_not_signed(postgres, signer):
    with audited(postgres, signer, key=None) as house:
        fill(house, 3)
        assert house.stop() == 0
        house._link.close()
        assert {line.partition(" - ")[2] for line in (house.folder / "kept").read_text().splitlines()} == {"-"}
        done = house.command("check", "--audit", "kept")
        assert done.returncode == 0 and "no key is configured: checkpoints are not signed" in done.stdout
        assert "which is signed" not in done.stdout
        house.configure({"audit": {"key": signer.key.line}})
        assert check(house, house.folder / "kept") == ["the chain has no signed checkpoint in the database, though there is a key"]
        house.start()
        fill(house, 1, first=3)
        assert house.stop() == 0
        house._link.close()
        assert check(house, house.folder / "kept") == [], "one that comes later signs for all before it"


def told(house, conf, file):
    """What a check says, and its status."""
    done = subprocess.run([installed() / "skillsd", "-c", conf, "check", "--audit", file], capture_output=True, text=True,
                          env=House._environment(), **unprivileged())
    return done.stdout.splitlines(), done.returncode


@pytest.mark.parametrize("keys", ["no key", "the key"])
def test_words_that_anybody_may_have_got_into_a_log_prove_nothing(signer, house, db, keys):
    """Not signed, or by whoever has a key of their own: they are said not to be believed, and are no finding."""
    genuine = (house.folder / "kept").read_text().splitlines()
    *head, sequence, at, hash, key, signature = genuine[-1].split(" ")
    if keys == "no key":
        db.conf.write_text(db.text.replace(f"key = {signer.key.line}", ""))
    words = [[sequence, at, "A" * 43, "-", "-"], ["999999", at, hash, "-", "-"], ["3", at, hash, "A" * 43, "B" * 86],
             ["999999", at, hash, "A" * 43, signature], [sequence, at, hash, key[:-1], signature], [sequence, at, hash, "-", "-"]]
    lines = [f"host skillsd[1]: warning main: no unit {' '.join([*head, *one])}" for one in words]
    path = house._write("log", "\n".join([*genuine, *lines, "skillsd-checkpoint 1 half"]) + "\n")
    said, status = told(house, db.conf, path)
    assert db.check(path) == [] and status == 0, said
    doubts = [line for line in said if line.startswith("not believed: ")]
    for number, why in (1, "not signed"), (2, "not signed"), (3, "no key"), (4, "no key"):
        assert [line for line in doubts if f"{path}:{len(genuine) + number} " in line and why in line], (number, said)
    assert len(doubts) == 4, said


def test_checkpoints_that_were_signed_are_no_finding_where_there_is_no_key_to_see_it(signer, house, db, kept):
    db.conf.write_text(db.text.replace(f"key = {signer.key.line}", ""))
    for change in "", "UPDATE audit_checkpoint SET line = regexp_replace(line, '.{80}$', repeat('A', 80)) WHERE sequence > 3", \
            "UPDATE audit_checkpoint SET line = regexp_replace(line, ' [^ ]+ [^ ]+$', ' - -') WHERE sequence > 3":
        if change:
            db.sql(change)
        said, status = told(house, db.conf, kept)
        assert db.check(kept) == [] and status == 0, said
        assert not [line for line in said if "which is signed" in line]
    db.sql("UPDATE audit_entry SET outcome = 'denied' WHERE seq = (SELECT max(entry) FROM audit_link)")
    relink(db.cursor)
    assert any("of another chain" in line for line in db.check(kept)), "that is seen without a key, too"


# ---- off the machine

def test_a_pipe_that_nobody_reads_and_a_file_that_is_not_to_be_had_keep_nobody_waiting(postgres, signer):
    with audited(postgres, signer, checkpoint_file="gone/kept") as house:
        fill(house, 1)
        wait_for("the log", lambda: "could not be appended to" in house.log())
        assert house.log().count("could not be appended to") == 1, "it is said once"
        (house.folder / "gone").mkdir()
        house._write("gone/kept", checkpoints(house)[0][:90])  # a write that failed
        wait_for("the checkpoint", lambda: checkpoints(house)[-1] in (house.folder / "gone/kept").read_text())
        wait_for("it to count", lambda: check(house, house.folder / "gone/kept") == [])
        assert house.stop() == 0
        os.mkfifo(house.folder / "pipe")
        (house.folder / "pipe").chmod(0o666)
        house.configure({"audit": {"checkpoint_file": "pipe"}})
        house.start()
        fill(house, 1, first=10)
        with open(os.open(house.folder / "pipe", os.O_RDONLY)) as reader:
            assert reader.readline().rstrip("\n") == checkpoints(house)[-1]


# ---- many at once

def test_what_is_committed_late_or_in_another_order_is_linked_all_the_same(postgres, signer):
    """Transactions that begin one after the other end as chance will have it; one stays open until the end."""
    dice = random.Random(7)
    with audited(postgres, signer) as house:
        fill(house, 1)  # from now on who does it is there, and nobody waits for whoever wrote that
        house.sql("INSERT INTO audit_unsealed SELECT entry FROM audit_link")  # which keeps nobody
        oldest = postgres.connect(house.database)
        oldest.autocommit = False
        first = add_entry(oldest.cursor(), "test.oldest", "ldap:user0", age="2 h")
        under_way, made, lost = [], [], []
        for n in range(60):
            link = postgres.connect(house.database)
            link.autocommit = False
            under_way.append((link, [add_entry(link.cursor(), f"test.{n}.{k}", "ldap:user0") for k in range(3)]))
            while len(under_way) > dice.randrange(30):
                link, entries = under_way.pop(dice.randrange(len(under_way)))
                if dice.random() < 0.2:
                    link.rollback()
                    lost += entries
                else:
                    link.commit()
                    made += entries
                link.close()
            time.sleep(0.01)
        for link, entries in under_way:
            link.commit()
            link.close()
            made += entries
        sealed(house)
        assert house.sql("SELECT 1 FROM audit_link JOIN audit_entry ON seq = entry WHERE id = %s", first) == []
        oldest.commit()
        oldest.close()
        sealed(house)
        rows = house.sql("SELECT l.sequence, e.id::text, e.seq FROM audit_link l JOIN audit_entry e ON e.seq = l.entry ORDER BY 1")
        ids = [id for _, id, _ in rows]
        assert set(made) <= set(ids) and not set(lost) & set(ids) and ids[-1] == first
        assert [sequence for sequence, _, _ in rows] == list(range(1, len(rows) + 1))
        assert [seq for _, _, seq in rows] != sorted(seq for _, _, seq in rows)
        assert check(house) == []
        metrics = house.client().get("/metrics")
        assert "\nskillsd_audit_unsealed 0\n" in metrics and "\nskillsd_audit_unsealed_seconds 0\n" in metrics


# ---- one seals

def sealer(house):
    return house.sql("SELECT holder, epoch FROM lease WHERE name = 'seal'")[0]


class Writers:
    """Four that write one entry after the other until the end."""

    def __init__(self, house):
        self.house, self.stopped, self.made = house, False, 0
        self.threads = [threading.Thread(target=self.write) for _ in range(4)]

    def write(self):
        link = self.house.postgres.connect(self.house.database)
        while not self.stopped:
            add_entry(link.cursor())
            self.made += 1
            time.sleep(0.002)
        link.close()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopped = True
        for thread in self.threads:
            thread.join()


def grows(house, beyond=0):
    """More is linked than was."""
    top = house.sql("SELECT coalesce(max(sequence), 0) FROM audit_link")[0][0]
    wait_for("more links", lambda: house.sql("SELECT 1 FROM audit_link WHERE sequence > %s", top + beyond))


def test_of_two_daemons_one_seals_and_the_other_takes_over(postgres, signer):
    with audited(postgres, signer) as house:
        other = Second(house)
        with other, Writers(house) as writers:
            for _ in range(2):
                grows(house, 50)
                holder, epoch = sealer(house)
                leader, heir = (house, other) if f"/{house.pid}/" in holder else (other, house)
                leader.kill()
                wait_for("the other one", lambda: sealer(house)[1] == epoch + 1 and f"/{heir.pid}/" in sealer(house)[0])
                grows(house)
                leader.start(migrate=False)
        sealed(house)
        count = house.sql("SELECT count(*), count(DISTINCT entry), max(sequence) FROM audit_link")
        assert count == [(house.sql("SELECT count(*) FROM audit_entry")[0][0],) * 3] and count[0][0] >= writers.made
        assert check(house) == []


def test_who_has_lost_the_lease_unawares_links_nothing(postgres, signer):
    with audited(postgres, signer) as house:
        fill(house, 1)
        links_before = house.sql("SELECT count(*) FROM audit_link")
        house.sql("UPDATE lease SET holder = 'other', epoch = epoch + 1, expires_at = now() + interval '1 h',"
                  " (backend, backend_start) = (SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())"
                  " WHERE name = 'seal'")
        entry = house.sql("WITH e AS (INSERT INTO audit_entry (who, action, outcome) SELECT id, 'test.fenced', 'ok' FROM who LIMIT 1"
                          " RETURNING seq) INSERT INTO audit_unsealed SELECT seq FROM e, generate_series(1, 2) RETURNING entry")
        wait_for("it to be told", lambda: "another daemon has taken over seal" in house.log())
        assert house.sql("SELECT count(*) FROM audit_link") == links_before and house.sql("TABLE audit_unsealed") == entry
        house.sql("UPDATE lease SET expires_at = now() WHERE name = 'seal'")
        sealed(house)
        assert check(house) == [] and house.sql("SELECT entry FROM audit_link ORDER BY sequence DESC LIMIT 1") == entry[:1]


# ---- many

def test_the_memory_of_a_check_does_not_grow_with_the_audit(postgres, signer):
    def peak(conf):
        done = subprocess.run(["/usr/bin/python3", "-c", "import resource, subprocess, sys; "
                               "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL);"
                               "print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)",
                               installed() / "skillsd", "-c", conf, "check", "--audit"], capture_output=True, text=True,
                              env=House._environment(), **unprivileged())
        status, size = done.stdout.split()
        assert status == "0", done
        return int(size)
    with audited(postgres, signer) as house:
        fill(house, 1)
        small = peak(house.folder / "skillsd.conf")
        house.sql("WITH e AS (INSERT INTO audit_entry (who, action, outcome, object) SELECT who_is('job', NULL, NULL), 'test.many',"
                  " 'ok', repeat('x', 200) FROM generate_series(1, 30000) RETURNING seq) INSERT INTO audit_unsealed SELECT seq FROM e")
        sealed(house)
        assert house.sql("SELECT count(*) > 30000 FROM audit_link") == [(True,)]
        assert is_sanitized() or peak(house.folder / "skillsd.conf") < small + 4096
