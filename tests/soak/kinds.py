# SPDX-License-Identifier: Apache-2.0
"""The kinds of run that something is killed in. Each prepares a world for one, and gives what begins it, what ends it,
and about how many seconds it lasts."""
import contextlib
import subprocess
import threading

import ldap
from kit.history import PEOPLE
from kit.house import installed, is_sanitized, wait_for
from kit.slapd import unprivileged

SLOW = 3 if is_sanitized() else 1


def nothing():
    pass


@contextlib.contextmanager
def held(world, table):
    """Whoever comes to this table waits; the end lets them on."""
    link = world.postgres.connect(world.long)
    try:
        with link.cursor() as cursor:
            cursor.execute(f"BEGIN; LOCK TABLE {table}")
            yield
    finally:
        link.close()


def restart(daemons):
    for daemon in daemons:
        daemon.kill()
    for daemon in daemons:
        daemon.start(migrate=False)


def begin_run(world):
    world.meanwhile(world.ask, "POST", "/directory/runs")


# ---- the kinds

def first_load(world):
    world.hold_all()
    for daemon in world.daemons:
        daemon.stop()
    world.renew()
    with held(world, "lease"):
        restart(world.daemons)
        world.enter()
    return nothing, nothing, 0.4


def whole_run(world):
    world.history.happen()
    return lambda: begin_run(world), nothing, 0.12


def feed(world):
    """Changes, one after the other, for as long as it takes."""
    people, over = world.history.found(PEOPLE, "inetOrgPerson"), threading.Event()

    def change():
        link = world.directory.admin()
        with contextlib.suppress(ldap.LDAPError):
            while not over.is_set():
                dn, word = world.chance.choice(people), world.history.fresh("fed")
                link.modify_s(dn, [(ldap.MOD_REPLACE, "title", [word.encode()])])
    thread = threading.Thread(target=change)
    world.history.steps.append("titles are fed")

    def end():
        over.set()
        thread.join()
    return thread.start, end, 0.4


def some_leave(world, count):
    while len(world.history.found(PEOPLE, "inetOrgPerson")) < 25:
        world.history.do_return()
    for _ in range(count):
        world.history.do_leave()


def parked(world):
    some_leave(world, 5)
    return lambda: begin_run(world), nothing, 0.12


def approval(world):
    """A run that waits, and a hand on it. Who leaves is sometimes seen in parts, each too few to wait."""
    while not (runs := world.parked()):
        some_leave(world, 5)
        with contextlib.suppress(AssertionError):
            wait_for("a run that waits", world.parked, 4)
    return lambda: world.meanwhile(world.approve, runs[0]), nothing, 0.06


def dry_run(world):
    world.history.happen()
    process = []

    def begin():
        process.append(subprocess.Popen(
            [installed() / "skillsd", "-c", world.house.folder / "skillsd.conf", "sync", "--dry-run"], cwd=world.house.folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **unprivileged()))

    def end():
        if world.chance.random() < 0.3:
            process[0].kill()
        process[0].wait(60)
    return begin, end, 0.15


def erasure(world):
    """Their time is over, and a daemon looks as soon as it starts."""
    some_leave(world, 8)
    world.settle()
    world.house.sql("UPDATE retention_clock SET steady_since = now() - interval '2 days'")
    world.house.sql("UPDATE person SET absent_since = absent_since - interval '2 years' WHERE absent_since IS NOT NULL"
                    " AND erased_at IS NULL")
    with held(world, "legal_hold"):
        restart([world.chance.choice(world.daemons)])
    return nothing, nothing, 0.15


KINDS = {"first load": first_load, "whole run": whole_run, "feed": feed, "parked run": parked, "approval": approval,
         "dry run": dry_run, "erasure by clock": erasure}
