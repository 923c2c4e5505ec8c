# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL that stands still says nothing and breaks no connection. Whoever waits for it gives up after a while, and
once it goes on, so does everybody, with nothing acknowledged lost."""
import contextlib
import http.client
import json
import signal
import subprocess
import urllib.parse

import pytest
from kit.house import House, installed, wait_for
from kit.postgres import Postgres
from kit.slapd import free_port, unprivileged
from test_crash import hold, writers
from test_directory_oddities import LDIF

BOUND = 60


@pytest.fixture(scope="module")
def server():
    with Postgres() as server:
        yield server


@contextlib.contextmanager
def held(server):
    """A house that is not started, whose first run will stop in the middle of its transaction."""
    house = House(LDIF, postgres=server)
    try:
        house.port = free_port()
        house.configure()
        house.migrate()
        house.lock = server.connect(house.database)
        house.lock.cursor().execute("BEGIN; LOCK TABLE person IN SHARE MODE")
        yield house
        assert not house.process or house.stop() == 0
    finally:
        house.lock.close()
        house.remove()


def is_held(house):
    return house.sql("SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted"
                     " AND relation = 'person'::regclass AND datname = current_database()")


class Asked:
    """A request that is on its way; whoever wants the answer waits for it."""

    def __init__(self, client, method, path, body=None):
        netloc = urllib.parse.urlsplit(client.house.url).netloc
        self.words, self.connection = (method, path), http.client.HTTPConnection(netloc, timeout=BOUND)
        self.connection.request(method, path if path == "/readyz" else "/api/v1" + path, json.dumps(body) if body else None,
                                {"Authorization": f"Bearer {client.token}", "Content-Type": "application/json"})

    def is_unavailable(self):
        answer = self.connection.getresponse()
        answer.read()
        self.connection.close()
        return answer.status == 503 and int(answer.headers["Retry-After"]) >= 1


ALL = [("GET", "/me"), ("GET", "/frameworks"), ("GET", "/reports/skills"), ("GET", "/audit"), ("GET", "/readyz"),
       ("POST", "/frameworks", {"code": "frozen", "name": "x"})]


def test_what_waits_for_a_server_that_stands_still_gives_up_and_all_is_well_when_it_goes_on(server):
    with House(None, postgres=server) as house, held(server) as ending, held(server) as other:
        made = house.rescue.post("/frameworks", {"code": "before", "name": "x"})
        command = subprocess.Popen([installed() / "skillsd", "-c", other.folder / "skillsd.conf", "sync"], cwd=other.folder,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=House._environment(),
                                   **unprivileged())
        ending.start(migrate=False)
        clients = [house.rescue, wait_for("a session", lambda: ending.rescue)]
        for one in ending, other:
            wait_for("a run to be in the middle", lambda: is_held(one))
        started = writers(house)
        wait_for("writers", lambda: all(writer.statuses[201] > 10 for writer in started))
        with server.frozen():
            asked = [Asked(client, *words) for client in clients for words in ALL]
            asked += [Asked(clients[1], *ALL[-1]) for _ in range(40)]  # which wait their turn
            told = sum(writer.statuses[503] for writer in started)
            ending.process.send_signal(signal.SIGTERM)
            assert command.wait(BOUND) == 1 and "the database is not available now" in command.stderr.read()
            assert ending.process.wait(BOUND) == 0, ending.log()[-3000:]
            ending.process = None
            assert [one.words for one in asked if not one.is_unavailable()] == []
            wait_for("each writer to be told", lambda: sum(writer.statuses[503] for writer in started) >= told + 4, BOUND)
            assert house.client().ask("GET", "/healthz").status_code == 200
        for one in ending, other:
            one.lock.close()
        wait_for("/readyz", lambda: house._answers("/readyz"))
        done = [writer.statuses[201] for writer in started]
        wait_for("writers to go on", lambda: all(writer.statuses[201] > before + 10 for writer, before in zip(started, done)))
        for writer in started:
            writer.finish()
            assert set(writer.statuses) == {201, 503} and set(writer.answers.values()) == {201}
        hold(house, started)
        assert house.rescue.get(f"/frameworks/{made['id']}") == made
        assert "nothing was heard of the server for 18 seconds" in house.log()
        for one in ending, other:
            one.start(migrate=False)
            wait_for("/readyz", lambda: one._answers("/readyz"))
            assert one.sync()["complete"] and one.sql("SELECT count(*) > 3 FROM person") == [(True,)]


def test_what_a_killed_daemon_waited_for_ends_on_the_server_too(server):
    with held(server) as house:
        house.start(migrate=False)
        wait_for("a run to be in the middle", lambda: is_held(house))
        house.kill()
        wait_for("it to end", lambda: not is_held(house), 20)


def test_a_directory_may_take_longer_to_be_read_than_the_server_lets_a_statement_take(server):
    with House(LDIF, postgres=server, config={"directory main": {"follow": "no", "timeout": "60s", "network_timeout": "60s"}}) as house:
        assert house.stop() == 0
        house.configure({"database": {"dsn": server.dsn(house.database) + " options='-c statement_timeout=500ms'"}})
        house.start()
        house.sync()
        house.write_entry("worker", "title", "read late")
        house.slapd.kill(signal.SIGSTOP)
        run = house.rescue.post("/directory/runs", gives=201)["id"]
        wait_for("a second of reading", lambda: house.sql(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE '%COPY stage%'"
            " AND query_start < now() - interval '1 s'"))
        house.slapd.kill(signal.SIGCONT)
        run = wait_for("its end", lambda: (found := house.rescue.get(f"/directory/runs/{run}"))["state"] != "running" and found)
        assert run["complete"] and run["changed"] == 1, run.get("error")
