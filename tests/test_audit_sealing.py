# SPDX-License-Identifier: Apache-2.0
"""Who links the audit's entries, and where checkpoints go: with one daemon and with two, late, many and across a restore
from a backup."""
import os
import random
import re
import subprocess
import threading
import time

from kit.chain import add_entry, audited, check, checkpoints, fill, sealed, signer  # noqa: F401 a fixture
from kit.house import House, installed, is_sanitized, wait_for
from kit.second import Second
from kit.slapd import unprivileged


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
