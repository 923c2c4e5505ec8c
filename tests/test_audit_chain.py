# SPDX-License-Identifier: Apache-2.0
"""The audit's chain: every entry is linked soon, and whatever is done to the audit behind the daemon's back, `skillsd
check --audit` finds it and says where."""
import base64
import re
import subprocess

import pytest
from kit.chain import (Tampered, add_entry, audited, digest, encoded, fill, link_hash, links, relink,
                       signer)  # noqa: F401 a fixture
from kit.house import House, installed
from kit.slapd import unprivileged

ENTRIES = 12


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
