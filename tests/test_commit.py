# SPDX-License-Identifier: Apache-2.0
"""A commit of which nothing is heard: a standby that it has to be on, too, is gone, and PostgreSQL waits for it."""
import concurrent.futures
import contextlib

import pytest
from kit.house import House, wait_for
from kit.postgres import Postgres

CODES = [f"perhaps-{n}" for n in range(7)]


@pytest.fixture(scope="module")
def house():
    with Postgres() as server, House(None, postgres=server, config={"database": {"writers": 2}}) as house:
        yield house


@contextlib.contextmanager
def standby_gone(house):
    set_standby(house, "nobody")
    try:
        yield
    finally:
        set_standby(house, "")


def set_standby(house, name):
    link = house.postgres.connect("postgres")
    with link.cursor() as cursor:
        cursor.execute("ALTER SYSTEM SET synchronous_standby_names = %s", [name])
        cursor.execute("SELECT pg_reload_conf()")
    link.close()
    wait_for("the setting", lambda: house.sql("SHOW synchronous_standby_names") == [(name,)])


def test_what_is_not_heard_of_may_have_been_done_and_what_comes_too_late_is_not(house):
    """Two at a time wait for their commit; the last ones of the queue have no time left then."""
    def add(code):
        return house.rescue.twin().ask("POST", "/frameworks", {"code": code, "name": "x"}, headers={"Idempotency-Key": code})

    def there():
        return {code for code, in house.sql("SELECT code FROM framework")}
    house.rescue.get("/me")
    with standby_gone(house):
        with concurrent.futures.ThreadPoolExecutor(len(CODES)) as threads:
            answers = dict(zip(CODES, threads.map(add, CODES)))
        assert house.rescue.ask("GET", "/me").status_code == 200, "who only reads waits for no commit"
        assert there() == set(), "nobody sees it yet"
    for answer in answers.values():
        assert answer.status_code == 503 and int(answer.headers["Retry-After"]) >= 1, answer.text
    perhaps = {code for code, answer in answers.items() if "it may or may not have been" in answer.text}
    assert 2 <= len(perhaps) < len(CODES), [answer.text for answer in answers.values()]
    wait_for("the commits", lambda: there() == perhaps)
    ids = {add(code).json()["id"] for code in CODES}
    assert sorted(code for code, in house.sql("SELECT code FROM framework")) == CODES
    assert ids == {id for id, in house.sql("SELECT id::text FROM framework")}
