# SPDX-License-Identifier: Apache-2.0
"""Two daemons behind HAProxy, on a PostgreSQL with a standby in step: one of them stops, is killed, comes back, and
PostgreSQL fails over, all under load. How long that takes is printed, and judged by nobody here."""
import pytest
import requests
from kit.gate import otp_service
from kit.house import wait_for
from soak.two import Two


@pytest.fixture(scope="module")
def two():
    with Two() as two:
        yield two


def test_haproxy_says_who_the_client_is_whatever_that_says_itself(two):
    signed = requests.post(two.haproxy.url + "/api/v1/sessions", timeout=30, headers={"X-Forwarded-For": "198.51.100.9"},
                           json={"username": "rescue", "password": two.house.passwords["rescue"]})
    mine = requests.get(two.haproxy.url + "/api/v1/sessions/current", timeout=30,
                        headers={"Authorization": f"Bearer {signed.json()['token']}"})
    assert mine.json()["address"] == "127.0.0.1"
    assert requests.get(two.haproxy.url + "/metrics", timeout=30).status_code == 401


def test_a_sign_in_of_several_prompts_stays_with_its_daemon(two):
    lines = (two.house.gate.confdir / "skillsd").read_text().splitlines()
    two.house.gate.write_service("skillsd", otp_service("first", "otp=4711"))
    for _ in range(8):
        asked = requests.post(two.haproxy.url + "/api/v1/sessions", timeout=30, json={"username": "rescue", "password": "first"})
        assert asked.status_code == 202
        signed = requests.post(f"{two.haproxy.url}/api/v1/sessions/{asked.json()['id']}", timeout=30, json={"answers": ["4711"]})
        assert signed.status_code == 201, signed.text
    two.house.gate.write_service("skillsd", lines)


def test_a_daemon_that_stops_and_comes_back_is_not_missed(two):
    """Nothing is refused that may be asked again: HAProxy does that, at the other one."""
    with two.under_load() as load:
        assert two.house.stop() == 0
        wait_for("HAProxy to know", lambda: not two.haproxy.states()["one"])
        two.house.start(migrate=False)
        wait_for("HAProxy to know", lambda: two.haproxy.states()["one"])
    assert not [one for one in load.refused() if one[:2] in (("GET", False), ("POST", True))]


def test_a_daemon_that_is_killed(two):
    with two.under_load() as load:
        print(f"one of two daemons was killed: everybody was answered again after {two.kill_daemon(load):.2f} s")
        two.house.start(migrate=False)


def test_without_a_standby_nothing_is_acknowledged_until_one_is_not_needed(two):
    """As long as a failover could lose it; what only reads goes on."""
    client = two.house.sign_in("rescue")
    with two.under_load() as load:
        two.postgres.standby.kill()
        wait_for("writers that wait", lambda: two.house.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"))
        done = load.done()
        client.get("/frameworks")
        client.get("/reports/skills")
        assert load.done() <= done + len(load.clerks)
        two.postgres.keep_in_step("")
        two.goes_on(load)
        two.postgres.standby.start()
        two.postgres.keep_in_step("*")


def test_a_failover_of_postgresql(two):
    """The last: after it there is no standby."""
    with two.under_load() as load:
        print(f"PostgreSQL failed over: everybody's deeds were acknowledged again after {two.fail_over(load):.2f} s")
    assert two.house.sql("SELECT pg_is_in_recovery(), inet_server_addr()") == [(False, None)]
    assert two.house._answers("/readyz") and two.other._answers("/readyz")
    assert two.house.sync()["state"] == "done"


def test_without_any_daemon_haproxy_says_so_as_the_contract_does(two):
    assert (two.house.stop(), two.other.stop()) == (0, 0)
    wait_for("HAProxy to know", lambda: not any(two.haproxy.states().values()))
    answer = requests.get(two.haproxy.url + "/api/v1/me", timeout=30)
    assert answer.status_code == 503 and answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"] == "1" and answer.json()["type"] == "urn:skillsd:problem:unavailable"
