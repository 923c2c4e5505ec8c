# SPDX-License-Identifier: Apache-2.0
"""Following while servers die, come back as others than they were, or are taken over: in the end, and soon,
what the directory shows is here. Nothing comes by the clock: a whole reading is due in an hour."""
import os
import random
import shutil
import subprocess
import time

import ldap
import pytest
from kit.history import GROUPS, PEOPLE, History, ldif, person, split
from kit.house import House, is_sanitized, wait_for
from kit.postgres import Postgres
from kit.second import Second
from kit.slapd import free_port
from test_directory_random import Twins, differences, told
from test_follow import SYNCPROV

SOON = 20
LOGGED = {**SYNCPROV, "database": SYNCPROV["database"] + "\nsyncprov-sessionlog 1000"}
BASES = {"directory main": {"people_base": PEOPLE, "groups_base": GROUPS}}


@pytest.fixture(params=[SYNCPROV, LOGGED], ids=["no session log", "session log"])
def house(postgres, request):
    with House(ldif(), config=BASES, slapd=request.param, postgres=postgres) as house:
        yield house


@pytest.fixture
def plain(postgres):
    with House(ldif(), config=BASES, slapd=SYNCPROV, postgres=postgres) as house:
        yield house


@pytest.fixture(scope="module")
def shared(postgres):
    """Whatever a test does to it, it is followed again at the end."""
    with House(ldif(), config=BASES, slapd=SYNCPROV, postgres=postgres) as house:
        yield house


def put_title(house, n, title):
    link = house.slapd.admin()
    link.modify_s(person(n)[0], [(ldap.MOD_REPLACE, "title", [title.encode()])])
    link.unbind_s()


def shows_title(house, n, title, seconds=SOON):
    wait_for(f"u{n} with {title}", lambda: house.sql(
        "SELECT 1 FROM person WHERE username = %s AND title = %s AND absent_since IS NULL", f"u{n}", title), seconds)


def is_followed(house, word):
    """A change shows before any clock would bring it."""
    put_title(house, 3, word)
    shows_title(house, 3, word)


def try_in_vain(house, times=2):
    """More than one try finds nobody."""
    def tries():
        return house.log().count(" no feed: ") + house.log().count(" no run: ")
    before = tries()
    wait_for("tries", lambda: tries() >= before + times)


def elsewhere(slapd, act):
    """While the daemon does not see it: on another port."""
    slapd.kill()
    port, slapd.port = slapd.port, free_port()
    slapd.start()
    act()
    slapd.stop()
    slapd.port = port


def test_what_happened_while_slapd_was_away_is_here_when_it_is_back(house):
    is_followed(house, "before")

    def change():
        put_title(house, 5, "meanwhile")
        house.slapd.admin().delete_s(person(39)[0])
    elsewhere(house.slapd, change)
    try_in_vain(house)
    house.slapd.start()
    shows_title(house, 5, "meanwhile")
    wait_for("the one who was deleted to be absent", lambda: house.sql(
        "SELECT 1 FROM person WHERE username = 'u39' AND absent_since IS NOT NULL"), SOON)
    is_followed(house, "after")


def test_slapd_killed_again_and_again_is_followed_again(shared):
    for turn in range(4):
        shared.slapd.kill()
        shared.slapd.start()
        is_followed(shared, f"turn {turn}")


def copy(folder, target):
    subprocess.run(["cp", "-a", "--sparse=always", folder, target], check=True)


def test_a_directory_restored_from_a_backup_is_as_it_was_then(house):
    slapd = house.slapd
    is_followed(house, "saved")
    slapd.stop()
    copy(slapd.folder / "db", slapd.folder / "backup")
    slapd.start()
    is_followed(house, "lost")
    slapd.kill()
    shutil.rmtree(slapd.folder / "db")
    copy(slapd.folder / "backup", slapd.folder / "db")
    slapd.start()
    shows_title(house, 3, "saved")
    is_followed(house, "after the restoration")


@pytest.mark.parametrize("cookie", [
    "nonsense", "", "{uri}", "{uri} zz zz zz", "{uri} 1 2 3", "{uri} 67617262616765 67617262616765 67617262616765",
    "{uri} {old} {old} {old}", None], ids=["word", "empty", "uri", "letters", "odd", "garbage", "too new", "lost"])
def test_a_cookie_that_is_of_no_use_loses_nothing(shared, cookie):
    if cookie is None:
        shared.sql("DELETE FROM directory_feed")
    else:
        future = b"rid=000,csn=20400101000000.000000Z#000000#000#000000".hex()
        shared.sql("UPDATE directory_feed SET cookie = %s", cookie.format(uri=shared.slapd.uri, old=future))
    shared.slapd.kill()
    shared.slapd.start()
    put_title(shared, 6, f"all the same {cookie!r}")
    shows_title(shared, 6, f"all the same {cookie!r}")
    is_followed(shared, f"followed {cookie!r}")


def test_nothing_is_lost_when_postgresql_goes_away():
    with Postgres() as postgres, House(ldif(), config=BASES, slapd=SYNCPROV, postgres=postgres) as house:
        for turn in range(2):
            is_followed(house, f"turn {turn}")
            postgres.stop()
            put_title(house, 7, f"without a database {turn}")
            if turn:
                try_in_vain(house)
            postgres.start()
            shows_title(house, 7, f"without a database {turn}")


def test_what_a_crash_of_postgresql_took_is_read_again():
    """A change of a feed is there before it is on disk."""
    lost = 0
    with Postgres("wal_writer_delay = 10s\n") as server, House(ldif(), config=BASES, slapd=SYNCPROV, postgres=server) as house:
        for turn in range(3):
            is_followed(house, f"turn {turn}")
            if turn == 2:
                house.sql("SET LOCAL synchronous_commit = off; UPDATE lease SET expires_at = now() - interval '1 s' RETURNING 1")
            server.stop()
            server.start()
            lost += house.sql("SELECT title FROM person WHERE username = 'u3'") != [(f"turn {turn}",)]
            shows_title(house, 3, f"turn {turn}")
    assert lost


def test_a_session_that_breaks_between_two_changes_does_not_end_the_feed(plain):
    for turn in range(5):
        time.sleep(0.5)  # the daemon hears of its commit after others see it
        broken = plain.sql("SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ="
                           " 'skillsd job' AND datname = current_database()")
        wait_for("their end", lambda broken=broken: not any(
            os.path.exists(f"/proc/{pid}") for pid, _ in broken))
        is_followed(plain, f"turn {turn}")
    assert "the feed ended" not in plain.log()


def test_a_daemon_killed_in_the_middle_of_changes_goes_on_where_it_was(plain):
    chance = random.Random(1)
    for turn in range(4):
        link = plain.slapd.admin()
        for n in range(300):
            link.modify(person(n % 40)[0], [(ldap.MOD_REPLACE, "title", [f"turn {turn} {n}".encode()])])
            if n == chance.randrange(50, 250):
                plain.kill()
        link.modify_s(person(0)[0], [(ldap.MOD_REPLACE, "title", [f"turn {turn} end".encode()])])
        plain.kill()
        plain.start()
        there = {values["uid"][0].decode(): values["title"][0].decode() for _, values in link.search_s(
            PEOPLE, ldap.SCOPE_SUBTREE, "(uid=*)", ["uid", "title"])}
        wait_for("what is there", lambda there=there: dict(plain.sql("SELECT username, title FROM person")) == there, SOON)


def test_of_two_daemons_one_follows_and_the_other_takes_over(plain):
    with Second(plain):
        time.sleep(3)
        holder = plain.sql("SELECT holder, epoch FROM lease WHERE name NOT IN ('seal', 'links')")
        is_followed(plain, "with two")
        clients = plain.sql("SELECT count(*) FROM directory_run WHERE NOT feed")
        assert plain.sql("SELECT holder, epoch FROM lease WHERE name NOT IN ('seal', 'links')") == holder and clients == [(1,)]
        plain.kill()
        is_followed(plain, "with one")
        (name, epoch), = plain.sql("SELECT holder, epoch FROM lease WHERE name NOT IN ('seal', 'links')")
        assert (name, epoch) != holder[0] and epoch == holder[0][1] + 1
        is_followed(plain, "still")
    plain.start()


def test_a_connection_is_asked_whether_it_is_still_there(plain):
    """A firewall that forgot it would let it be silent for ever: the kernel's timer of a keepalive runs."""
    port = f":{plain.slapd.port:04X}"
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table]
    timers = [row[5].split(":") for row in rows if row[2].endswith(port) and row[3] == "01"]
    assert timers and all(kind == "02" and int(left, 16) <= 3000 for kind, left in timers), timers


# ---- histories

class FollowingTwins(Twins):
    """The one that lives long is a daemon that follows; nothing is ever parked."""
    slapd = SYNCPROV

    def in_the_end(self, history):
        first = self.load()
        for name in "skipped",:
            first.pop(name)
        end = time.monotonic() + SOON
        while what := differences(self.picture(self.long), first):
            assert time.monotonic() < end, told(history, what)
            time.sleep(0.1)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_the_mirror_of_a_daemon_that_follows_is_what_a_first_load_gives(postgres, seed):
    # How long it waits at most before it reads whole what it could not follow.
    options = {"absent_count": 1000, "interval": "200ms", **({"unit_from": "attribute", "unit_attribute": "departmentNumber"}
                                        if seed % 4 == 0 else {})}
    twins, chance = FollowingTwins(postgres, options), random.Random(seed)
    try:
        twins.house.start(migrate=False)
        history = History(twins.house.slapd, chance)
        for _ in range(4 if is_sanitized() else 8):
            for _ in range(chance.randint(1, 3)):
                history.happen()
                time.sleep(chance.random() * 0.1)
            if chance.random() < 0.2:
                history.steps.append("the daemon is killed")
                twins.house.kill()
                twins.house.start(migrate=False)
            twins.in_the_end(history)
    finally:
        twins.remove()
