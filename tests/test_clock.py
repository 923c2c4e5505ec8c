# SPDX-License-Identifier: Apache-2.0
"""The time of day jumps, for the daemons and for PostgreSQL, ahead and back: nobody leaves, rights stand, what changes in
the directory is here soon, and of two daemons one syncs."""
import ldap
import pytest
from kit.history import AWAY, GROUPS, PEOPLE, ldif, person
from kit.house import House, wait_for
from kit.load import office_house, office_load
from kit.postgres import Postgres
from kit.preload import Preloaded
from kit.second import Second
from test_follow import SYNCPROV

DAY = 86400
SOON = 30
CONFIG = {"directory main": {"people_base": PEOPLE, "groups_base": GROUPS, "interval": "1s", "absent_count": 3, "absent_percent": 0,
                             "absent_window": "1s"},
          "role hr": {"group": f"cn=names0,{GROUPS}"}}
PICTURE = ("SELECT p.id, p.username, p.absent_since IS NULL, EXISTS (SELECT FROM role_grant g WHERE g.person_id = p.id"
           " AND g.until = 'infinity') FROM person p ORDER BY 1")


@pytest.fixture
def clock(monkeypatch):
    with Preloaded("clock_jump") as clock:
        for name, value in clock.environment.items():
            monkeypatch.setenv(name, value)
        yield clock


@pytest.mark.parametrize("follow", ["yes", "no"], ids=["followed", "read"])
def test_a_clock_that_jumps_harms_nobody(clock, follow):
    config = {**CONFIG, "directory main": {**CONFIG["directory main"], "follow": follow}}
    with Postgres() as postgres, House(ldif(), config=config, slapd=SYNCPROV, postgres=postgres) as house, Second(house):
        before, link = house.sql(PICTURE), house.slapd.admin()
        assert sum(holds for *_, holds in before) > 3
        (year,), = house.sql("SELECT extract(year FROM now())")
        for seconds in DAY, 0, -DAY, 3650 * DAY, 0:
            clock.set(seconds)
            title = f"after {seconds}"
            link.modify_s(person(3)[0], [(ldap.MOD_REPLACE, "title", [title.encode()])])
            wait_for(title, lambda title=title: house.sql("SELECT 1 FROM person WHERE title = %s", title), SOON)
            house._rescue = None
            house.sync()
            assert house.sql(PICTURE) == before
            if seconds == 3650 * DAY:
                assert house.sql("SELECT extract(year FROM now()) >= %s", year + 9) == [(True,)], "it did jump"


def test_a_run_that_waits_and_a_daemon_that_dies_do_not_mind_the_clock(clock):
    """With a lease that seems to last for a day more: the other one takes over all the same."""
    with Postgres() as postgres, House(ldif(), config=CONFIG, slapd=SYNCPROV, postgres=postgres) as house:
        before, link = house.sql(PICTURE), house.slapd.admin()
        clock.set(DAY)
        for n in range(30, 36):
            link.rename_s(person(n)[0], f"cn=p{n}", AWAY)
        house._rescue = None
        house.sync(None)
        parked, = wait_for("a run that waits", lambda: house.sql("SELECT id FROM directory_run WHERE state = 'needs_approval'"))
        with Second(house) as other:
            clock.set(0)
            house.kill()
            link.modify_s(person(3)[0], [(ldap.MOD_REPLACE, "mail", [b"later@example.org"])])
            assert {row[:3] for row in house.sql(PICTURE)} == {row[:3] for row in before}
            wait_for("who left to be gone", lambda: approve(other) or not house.sql(
                "SELECT 1 FROM person WHERE absent_since IS NULL AND username IN ('u30', 'u31', 'u32', 'u33', 'u34', 'u35')"), SOON)
            wait_for("the change", lambda: house.sql("SELECT 1 FROM person WHERE mail = 'later@example.org'"), SOON)
            assert house.sql("SELECT count(*) FROM person WHERE absent_since IS NOT NULL") == [(6,)]
        house.start()


def approve(daemon):
    for run in daemon.rescue.get("/directory/runs", state="needs_approval")["items"]:
        daemon.rescue.post(f"/directory/runs/{run['id']}/approve", gives=(200, 409))


def test_nobody_is_erased_by_a_clock_that_jumps(clock):
    """What cannot be undone waits until the clock has gone on steadily for a day."""
    config = {**CONFIG, "retention all": {"keep": "1y", "erase": "automatic"}}
    with Postgres() as postgres, House(ldif(), config=config, slapd=SYNCPROV, postgres=postgres) as house:
        house.slapd.admin().delete_s(person(39)[0])
        wait_for("who leaves", lambda: house.sql("SELECT 1 FROM person WHERE absent_since IS NOT NULL"), SOON)
        house.sql("UPDATE retention_clock SET steady_since = now() - interval '2 days' RETURNING 1")
        for seconds in 3650 * DAY, 0, 3650 * DAY:
            clock.set(seconds)
            warned = house.log().count("nobody is erased by itself before")
            house.restart()
            wait_for("the warning", lambda warned=warned: house.log().count("nobody is erased by itself before") > warned, SOON)
            assert house.sql("SELECT count(*) FROM erasure") == [(0,)]
        house.sql("UPDATE retention_clock SET steady_since = now() - interval '25 hours' RETURNING 1")
        house.restart()
        wait_for("the erasure", lambda: house.sql("SELECT 1 FROM erasure"), SOON)


def test_a_wait_of_a_time_that_never_was_is_over(clock):
    """Failed sign-ins count for a quarter of an hour, whatever the clock said when they came."""
    with Postgres() as postgres, House(None, postgres=postgres, config={"throttle": {"user_failures": 2, "block": "10m"}}) as house:
        clock.set(DAY)
        for status in 401, 401, 429:
            assert house.try_sign_in("rescue", "wrong").status_code == status
        clock.set(0)
        assert house.try_sign_in("rescue", "wrong").status_code == 401, "and it counts anew"
        house.sign_in("rescue")
        for status in 401, 401, 429:
            assert house.try_sign_in("rescue", "wrong").status_code == status
        clock.set(-DAY)
        house.sign_in("rescue")


def test_what_is_written_before_a_jump_is_there_after_it(clock):
    """By less than ends a session that is in use. Credentials from ahead are scheduled while the clock is behind them."""
    with Postgres() as postgres, office_house(postgres=postgres) as house:
        loads = []
        for seconds in 0, 800, 0, -800, 800:
            clock.set(seconds)
            loads.append(office_load(house))
            wait_for("deeds", lambda: loads[-1].done() > 30)
            loads[-1].finish()
            assert set(loads[-1].statuses()) <= {200, 201, 204, 401}, loads[-1].statuses()
        for load in loads:
            load.hold(house.sql)
            load.hold_rest()
