#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""make bench: what skillsd does beside what the machine allows, each pair measured in turn in one run.
run.py [ROW...], a ROW being constant, person, report, gap, idle, page, signin, sync, follow, badges or progress. An aim that is missed is printed, not
punished; the exit status is 1 only when something broke. Root hands a copy to nobody."""
import os
import pathlib
import pwd
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
NEEDED = ("tests/bench", "tests/kit", "tests/node_modules", "schemas", "etc/demo", "daemon/store")
PEOPLE, ASKED_FOR = 50000, 20000  # with 20 holdings each; of whom the row person asks for some
ROWS = ("constant", "person", "report", "gap", "idle", "page", "signin", "sync", "follow", "badges", "progress")


def as_nobody_in_a_copy(rows):
    """The checkout may lie where an ordinary process cannot look."""
    nobody = pwd.getpwnam("nobody")
    room = pathlib.Path(tempfile.mkdtemp(prefix="skillsd-bench.", dir="/var/tmp"))
    try:
        for folder in NEEDED:
            shutil.copytree(ROOT / folder, room / folder, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ROOT / os.environ.get("SKILLSD_BUILD", "build/plain"), room / "build/plain",
                        ignore=shutil.ignore_patterns("*.o", "*.d", "unit", "kit"))
        (room / "tmp").mkdir()
        subprocess.run(["chown", "-R", "nobody:nogroup", room], check=True)
        environment = {**os.environ, "HOME": str(room / "tmp"), "TMPDIR": str(room / "tmp"), "SKILLSD_BUILD": "build/plain"}
        child = subprocess.Popen([sys.executable, room / "tests/bench/run.py", *rows], cwd=room, env=environment,
                                 user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[])
        try:
            return child.wait()
        except BaseException:
            child.terminate()
            child.wait(60)
            raise
    finally:
        shutil.rmtree(room, ignore_errors=True)


def measure(table, rows):
    from bench import answer, badges, bulk, follow, gap, peers, people, progress, report, signin, sync
    if set(rows) - {"page", "signin", "sync", "follow", "badges", "progress"}:
        house = people.open_house(PEOPLE)
        try:
            if "constant" in rows:
                answer.constant(table, house, 5, 2)
            if "person" in rows:
                answer.person(table, house, ASKED_FOR, 5, 2)
                peers.peers(table, house, ASKED_FOR, 3, 2)
            if "report" in rows:
                report.report(table, house, 3)
            if "gap" in rows:
                gap.gap(table, house, 9)
            if "idle" in rows:
                answer.idle(table, house, [count for count in (1000, 10000) if count + 500 < files()])
        finally:
            people.close_house(house)
    if "page" in rows:
        answer.page(table, 5, 2)
    if "signin" in rows:
        signin.signin(table, 3, 40)
    if "sync" in rows:
        sync.sync(table, (30000, 100000), 3)
    if "follow" in rows:
        follow.follow(table)
    if "badges" in rows:
        badges.badges(table, 3)
        bulk.bulk(table, 1)
    if "progress" in rows:
        progress.progress(table, 100000, 3)


def files():
    """How many files a process may have open; as many as the system lets us."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def main(rows):
    if set(rows) - set(ROWS):
        sys.exit(f"bench: the rows are {', '.join(ROWS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if os.geteuid() == 0:
        return as_nobody_in_a_copy(rows)
    sys.path.insert(0, str(ROOT / "tests"))
    os.environ["PATH"] += ":/usr/lib/postgresql/15/bin:/usr/sbin:/sbin"
    from bench.measure import Table
    table, begun = Table(), time.monotonic()
    measure(table, rows or ROWS)
    table.note(f"{table.missed} missed; {time.monotonic() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
