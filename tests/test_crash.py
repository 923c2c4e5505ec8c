# SPDX-License-Identifier: Apache-2.0
"""What breaks: PostgreSQL stops and comes back, the daemon is killed or told to end, both under load. Nothing
acknowledged is lost, nothing is done twice, and no answer is left out."""
import collections
import http.client
import itertools
import json
import os
import re
import signal
import threading
import time
import urllib.parse

import psycopg2
import pytest
import requests
from kit.house import House, wait_for
from test_directory_oddities import LDIF

numbers = itertools.count(1)


@pytest.fixture(scope="module")
def house():
    """With a PostgreSQL of its own, and sign-ins that fail slowly."""
    with House(None, config={"throttle": {"failure_delay": "1500ms"}}) as house:
        yield house


@pytest.fixture(autouse=True)
def whole(house):
    """Each test finds everything running."""
    house.rescue.get("/frameworks")
    yield
    if house.postgres.process is None:
        house.postgres.start()
    if house.process is None:
        house.start()
    wait_for("/readyz", lambda: house._answers("/readyz"))


class Writer(threading.Thread):
    """Adds frameworks with keys of its own, one after the other. answers: {code: status, or None where the
    connection ended before the answer}. With `again` it asks with the same key until it is a 201."""

    def __init__(self, house, again):
        super().__init__()
        self.house, self.again, self.over = house, again, threading.Event()
        self.name_, self.answers, self.statuses = f"w{next(numbers)}", {}, collections.Counter()
        self.netloc = urllib.parse.urlsplit(house.url).netloc
        self.connection = http.client.HTTPConnection(self.netloc, timeout=60)
        self.headers = {"Authorization": f"Bearer {house.rescue.token}", "Content-Type": "application/json"}

    def _ask(self, code):
        try:
            self.connection.request("POST", "/api/v1/frameworks", json.dumps({"code": code, "name": code}),
                                    {**self.headers, "Idempotency-Key": f"key-{code}"})
        except OSError:
            self.connection.close()
            return "refused"
        try:
            answer = self.connection.getresponse()
            body = answer.read()
            if answer.status == 503:
                assert int(answer.headers["Retry-After"]) >= 1
            elif answer.status == 201:
                assert json.loads(body)["code"] == code
            return answer.status
        except (OSError, http.client.HTTPException):
            self.connection.close()
            return None

    def run(self):
        for number in itertools.count():
            if self.over.is_set():
                return
            code = f"{self.name_}-{number}"
            while True:
                self.answers[code] = status = self._ask(code)
                self.statuses[status] += 1
                if not self.again or status == 201:
                    break
                time.sleep(0.02)
            if not self.again and status in ("refused", None):
                return

    def finish(self):
        self.over.set()
        self.join(120)
        assert not self.is_alive()


def writers(house, count=4, again=True):
    started = [Writer(house, again) for _ in range(count)]
    for writer in started:
        writer.start()
    return started


def kept(house, writer):
    return [row[0] for row in house.sql("SELECT code FROM framework WHERE code LIKE %s", writer.name_ + "-%")]


def hold(house, started):
    """Everything acknowledged is there, and everything that is there is there once."""
    for writer in started:
        codes = kept(house, writer)
        assert len(codes) == len(set(codes))
        acknowledged = {code for code, status in writer.answers.items() if status == 201}
        assert acknowledged <= set(codes), f"lost: {acknowledged - set(codes)}"
        assert not {code for code, status in writer.answers.items() if status in (503, "refused")} & set(codes)
        entries = house.sql("SELECT object, count(*) FROM audit_entry WHERE action = 'framework.add' AND outcome = 'ok'"
                            " AND object IN (SELECT id::text FROM framework WHERE code LIKE %s) GROUP BY 1",
                            writer.name_ + "-%")
        assert len(entries) == len(codes) and {count for _, count in entries} <= {1}


# ---- PostgreSQL

@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGINT], ids=["crashed", "stopped"])
def test_without_postgresql_it_is_503_and_it_comes_back_by_itself(house, number):
    client, pid = house.sign_in("rescue"), house.pid
    made = client.post("/frameworks", {"code": f"before-{number}", "name": "x"})
    house.postgres.stop(number)
    for _ in range(3):
        for method, path, body in ("GET", "/me", None), ("GET", "/frameworks", None), ("GET", "/reports/skills",
                None), \
                ("POST", "/frameworks", {"code": "x", "name": "x"}), ("GET", "/readyz", None), \
                ("POST", "/sessions", {"username": "rescue", "password": house.passwords["rescue"]}):
            answer = client.ask(method, path, body)
            assert answer.status_code == 503 and int(answer.headers["Retry-After"]) >= 1, f"{method} {path}: {answer.text}"
    assert client.ask("GET", "/healthz").status_code == 200 and client.ask("GET", "/metrics").status_code == 200
    assert requests.get(house.url + "/api/v1/me",
                        timeout=10).status_code == 401, "who has no token need not wait for the database"
    house.postgres.start()
    begun = time.monotonic()
    wait_for("/readyz", lambda: house._answers("/readyz"), 20)
    assert time.monotonic() - begun < 10 and house.pid == pid
    assert client.get(f"/frameworks/{made['id']}") == made
    client.post("/frameworks", {"code": f"after-{number}", "name": "x"}, gives=201)
    assert client.get("/reports/skills")["items"] == []


def test_what_postgresql_says_as_it_dies_is_a_line_of_the_log_like_any_other(house):
    asked = threading.Thread(target=house.rescue.twin().ask, args=("POST", "/frameworks", {"code": "told", "name": "x"}))
    link = house.postgres.connect(house.database)
    with pytest.raises(psycopg2.DatabaseError), link.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE framework")
        asked.start()
        wait_for("a writer", lambda: house.sql("SELECT 1 FROM pg_stat_activity WHERE application_name = 'skillsd writer'"
                                               " AND wait_event_type = 'Lock'"))
        pid, = (pid for pid, in house.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'skillsd read'"))
        os.kill(pid, signal.SIGABRT)  # then PostgreSQL ends all others, and tells them why
        while True:
            cursor.execute("SELECT 1")
    asked.join()
    assert "because of crash of another server process" in house.log()
    assert not [line for line in house.log().splitlines() if not re.match(r"\S+Z (debug|info|warning|error) ", line)]


def test_writers_that_ask_again_get_everything_done_once_while_postgresql_restarts(house):
    started = writers(house)
    for number in signal.SIGQUIT, signal.SIGINT, signal.SIGQUIT:
        time.sleep(0.4)
        house.postgres.stop(number)
        time.sleep(0.4)
        house.postgres.start()
        done = sum(writer.statuses[201] for writer in started)
        wait_for("writers to go on", lambda: sum(writer.statuses[201] for writer in started) > done + 20, 30)
    for writer in started:
        writer.finish()
    statuses = sum((writer.statuses for writer in started), collections.Counter())
    assert statuses[503] and set(statuses) <= {201, 503}, statuses
    assert all(set(writer.answers.values()) == {201} for writer in started)
    hold(house, started)


def test_the_daemon_starts_while_postgresql_is_down(house):
    assert house.stop() == 0
    house.postgres.stop()
    house.start(migrate=False)
    assert not house._answers("/readyz")
    assert house.try_sign_in("rescue", house.passwords["rescue"]).status_code == 503
    house.postgres.start()
    wait_for("/readyz", lambda: house._answers("/readyz"), 20)
    assert house.sign_in("rescue").opened["roles"] == ["admin"]


def test_the_daemon_waits_for_its_tables(postgres):
    with House(None, postgres=postgres) as other:
        other.stop()
        other.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        other.start(migrate=False)
        answer = requests.get(other.url + "/readyz", timeout=10)
        assert answer.status_code == 503
        other.migrate()
        wait_for("/readyz", lambda: other._answers("/readyz"), 20)
        wait_for("the configuration to be in the database", lambda: other.try_sign_in(
            "rescue", other.passwords["rescue"]).status_code == 201, 20)
        other.expects_errors = True


# ---- the daemon

def test_killing_the_daemon_loses_nothing_that_was_acknowledged(house):
    started = writers(house)
    for _ in range(3):
        done = sum(writer.statuses[201] for writer in started)
        wait_for("writers to go on", lambda: sum(writer.statuses[201] for writer in started) > done + 20, 30)
        house.kill()
        house.start()
    for writer in started:
        writer.finish()
    statuses = sum((writer.statuses for writer in started), collections.Counter())
    assert set(statuses) <= {201, 503, None, "refused"} and statuses["refused"], statuses
    assert all(set(writer.answers.values()) == {201} for writer in started)
    hold(house, started)


def test_sigterm_under_load_answers_all_it_took_and_ends_well(house):
    started, slow = writers(house, again=False), []
    sign_in = threading.Thread(target=lambda: slow.append(house.try_sign_in("rescue", "wrong").status_code))
    sign_in.start()
    wait_for("load", lambda: all(writer.statuses[201] > 10 for writer in started))
    begun = time.monotonic()
    assert house.stop() == 0, house.log()[-3000:]
    assert time.monotonic() - begun < 15
    sign_in.join(10)
    for writer in started:
        writer.finish()
    assert slow == [401], "what was under way was finished"
    house.start()
    hold(house, started)
    for writer in started:
        unanswered = [code for code, status in writer.answers.items() if status is None]
        assert len(unanswered) <= 1 and not set(unanswered) & set(kept(house, writer)), "done, and not answered"
        assert set(writer.statuses) <= {201, 503, None, "refused"}


def test_an_idle_daemon_ends_at_once_with_connections_open(house):
    idle = [house.rescue.twin() for _ in range(5)]
    for client in idle:
        client.get("/me")
    begun = time.monotonic()
    assert house.stop() == 0
    assert time.monotonic() - begun < 5


def test_a_run_that_a_crash_cut_off_is_failed_by_the_next_daemon(postgres):
    with House(LDIF, postgres=postgres, config={"directory main": {"timeout": "20s"}}) as house:
        before = house.sql("SELECT count(*) FROM person WHERE absent_since IS NULL")
        house.slapd.kill(signal.SIGSTOP)
        run = house.rescue.post("/directory/runs", gives=201)["id"]
        wait_for("the run to begin", lambda: house.sql("SELECT 1 FROM directory_run WHERE id = %s AND epoch IS NOT NULL", run))
        house.kill()
        house.slapd.kill(signal.SIGCONT)
        house.start()
        wait_for("its end", lambda: house.rescue.get(f"/directory/runs/{run}")["state"] == "failed", 20)
        assert house.sync()["complete"] and house.sql("SELECT count(*) FROM person WHERE absent_since IS NULL") == before
