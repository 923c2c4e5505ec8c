# SPDX-License-Identifier: Apache-2.0
"""The lease of a directory: one daemon at a time syncs it, and another takes over at once where the holder is
provably gone, and only there."""
import subprocess

import ldap
import pytest
from kit.fake_ldap import Peer
from kit.house import BASE, House, installed, wait_for
from kit.slapd import unprivileged
from test_directory_oddities import LDIF

SOON = 3
PERSON = f"uid=boss,ou=people,{BASE}"


@pytest.fixture(scope="module")
def house():
    """As in life: the directory is read every second. PostgreSQL is its own."""
    with House(LDIF, interval="1s") as house:
        yield house


@pytest.fixture
def alone(house):
    """No daemon runs, and nobody has the lease."""
    assert house.stop() == 0
    yield house
    house.start()


def lease(house):
    return house.sql("SELECT holder, epoch, expires_at > now() FROM lease WHERE name = 'sync main'")[0]


def shows_within(house, title, seconds):
    """A change of now in the directory is seen in the database in time."""
    house.slapd.admin().modify_s(PERSON, [(ldap.MOD_REPLACE, "title", [title.encode()])])
    wait_for(title, lambda: house.sql("SELECT 1 FROM person WHERE title = %s", title), seconds)


def contend(house):
    """`skillsd sync`, begun: a holder of its own."""
    return subprocess.Popen([installed() / "skillsd", "-c", house.folder / "skillsd.conf", "sync"], cwd=house.folder,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=house._environment(),
                            **unprivileged())


def is_refused(done):
    assert done.returncode in (0, 1), done.stderr
    assert (done.returncode == 1) == ("another daemon syncs main" in done.stderr), done.stderr
    return done.returncode == 1


# ---- taken over

def test_after_a_kill_the_next_daemon_syncs_at_once(house):
    for turn in range(3):
        before = lease(house)
        house.kill()
        house.start()
        shows_within(house, f"killed {turn}", SOON)
        assert lease(house)[1] == before[1] + 1 and lease(house)[0] != before[0]


def test_after_postgresql_crashed_the_same_daemon_syncs_again(house):
    holder = lease(house)[0]
    house.postgres.stop()
    house.postgres.start()
    wait_for("/readyz", lambda: house._answers("/readyz"), 20)
    shows_within(house, "after the crash", 3 * SOON)
    assert lease(house)[0] == holder


def test_a_daemon_whose_session_broke_takes_the_lease_again_by_itself(house):
    before = lease(house)
    for turn in range(3):
        assert house.sql("SELECT pg_terminate_backend(backend) FROM lease WHERE name = 'sync main'") == [(True,)]
        shows_within(house, f"broke {turn}", 3 * SOON)
    assert lease(house)[:2] == before[:2], "nobody else had it"
    for turn in range(3):
        house.sql("SELECT pg_terminate_backend(backend) FROM lease WHERE name = 'sync main'")
        is_refused(house.command("sync"))
        shows_within(house, f"was another's {turn}", 3 * SOON)
    assert lease(house)[0] == before[0]


def test_a_living_daemon_keeps_it(house):
    before = lease(house)
    for _ in range(5):
        assert is_refused(house.command("sync"))
    assert lease(house) == (before[0], before[1], True)


# ---- provably gone, and only then

class Holder:
    """Somebody with half an hour left, who lives as long as a session of PostgreSQL does."""

    def __init__(self, house, change=""):
        self.link = house.postgres.connect(house.database)
        cursor = self.link.cursor()
        cursor.execute("UPDATE lease SET holder = 'other', epoch = epoch + 1, expires_at = now() + interval '30 min',"
                       " (backend, backend_start) = (SELECT pid, backend_start FROM pg_stat_activity"
                       " WHERE pid = pg_backend_pid()) WHERE name = 'sync main'")
        if change:
            cursor.execute(f"UPDATE lease SET {change} WHERE name = 'sync main'")

    def __enter__(self):
        return self.link

    def __exit__(self, *_):
        self.link.close()


def gone(house):
    wait_for("the session's end", lambda: not house.sql(
        "SELECT 1 FROM pg_stat_activity WHERE pid = (SELECT backend FROM lease WHERE name = 'sync main')"))


def test_a_holder_is_gone_with_its_session(alone):
    with Holder(alone):
        assert is_refused(alone.command("sync"))
        epoch = lease(alone)[1]
    gone(alone)
    assert not is_refused(alone.command("sync")) and lease(alone)[1] == epoch + 1


def test_another_session_of_the_same_number_is_not_the_holder(alone):
    with Holder(alone, "backend_start = backend_start - interval '1 microsecond'"):
        assert not is_refused(alone.command("sync"))


@pytest.mark.parametrize("change", ["backend = NULL, backend_start = NULL", "backend_start = NULL"])
def test_of_whom_nothing_is_known_the_end_is_waited_for(alone, change):
    with Holder(alone, change):
        assert is_refused(alone.command("sync"))
        alone.sql("UPDATE lease SET expires_at = now() WHERE name = 'sync main'")
        assert not is_refused(alone.command("sync"))


def test_whoever_may_not_see_the_holder_waits(alone):
    alone.sql("DROP ROLE IF EXISTS stranger; CREATE ROLE stranger LOGIN IN ROLE pg_read_all_data, pg_write_all_data")
    dsn = alone.postgres.dsn(alone.database)
    alone.configure({"database": {"dsn": dsn.replace("user=skills", "user=stranger")}})
    try:
        with Holder(alone):
            assert is_refused(alone.command("sync"))
        gone(alone)
        assert not is_refused(alone.command("sync"))
    finally:
        alone.configure({"database": {"dsn": dsn}})


# ---- one at a time

def test_of_two_that_race_for_it_one_gets_it(alone):
    """Each time the one before was killed in the middle of a run, with half a minute left."""
    uri = alone.slapd.uri
    with Peer() as silent:
        alone.configure({"directory main": {"uri": silent.uri}})
        try:
            for turn in range(20):
                epoch = lease(alone)[1]
                racers = [contend(alone), contend(alone)]
                try:
                    wait_for("one to lose", lambda: any(one.poll() is not None for one in racers))
                    loser, leader = sorted(racers, key=lambda one: one.poll() is None)
                    assert "another daemon syncs main" in loser.stdout.read() and loser.returncode == 1
                    assert leader.poll() is None and lease(alone)[1:] == (epoch + 1, True), f"turn {turn}"
                finally:
                    for one in racers:
                        one.kill()
                        one.wait()
                        one.stdout.close()
        finally:
            alone.configure({"directory main": {"uri": uri}})
