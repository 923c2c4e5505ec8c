# SPDX-License-Identifier: Apache-2.0
"""A stranger's server that does not answer holds up those who ask for its documents, and nobody else: no session of the
database, no writer, no verification of what is known here."""
import http.server
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from kit.badges import Programme, badge_house
from kit.forge import Forge, text_of
from kit.gate import wait_until
from kit.house import ACCOUNTS, PUBLIC_URL

AT_ONCE, MORE = 6, 3


class Page(http.server.BaseHTTPRequestHandler):
    """Answers once the server is open."""

    def do_GET(self):
        with self.server.lock:
            self.server.waiting += 1
        self.server.open.wait(60)
        with self.server.lock:
            self.server.waiting -= 1
        body = self.server.pages.get(self.path)
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_):
        pass


class Slow(http.server.ThreadingHTTPServer):
    daemon_threads = True


@pytest.fixture(scope="module")
def forge():
    return Forge()


@pytest.fixture(scope="module")
def slow(forge):
    with Slow(("127.0.0.1", 0), Page) as server:
        server.lock, server.open, server.waiting = threading.Lock(), threading.Event(), 0
        server.pages = {"/.well-known/did.json": text_of(forge.document()), "/status/1": text_of(forge.status())}
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.open.set()
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def house(postgres, slow):
    origin = f"https://issuer.example=http://127.0.0.1:{slow.server_port}"
    with badge_house(("ed25519",), postgres=postgres, config={"verify": {"origin": origin}, "database": {"writers": "1"}}) as house:
        yield house


@pytest.fixture(scope="module")
def programme(house):
    return Programme(house)


@pytest.fixture
def badge(forge, slow):
    slow.open.clear()
    yield text_of(forge.sign(forge.badge())).decode()
    slow.open.set()
    wait_until(lambda: not slow.waiting)


def asks(client, badge, key=None):
    answer = client.twin().ask("POST", "/verifications", {"badge": badge}, headers={"Idempotency-Key": key} if key else {})
    assert answer.status_code == 200, answer.text
    return answer.json()


def signature(answer):
    one, = (check for check in answer["checks"] if check["check"] == "signature")
    return one["outcome"], one["detail"]


def in_use(house, programme):
    """Sessions of the writers that are lent."""
    return int(re.search(r'pool="writers",state="lent"} (\d+)', programme.stranger.ask("GET", "/metrics").text)[1])


def test_others_go_on_while_strangers_are_waited_for(house, programme, slow, badge):
    made = programme.issue()
    own = programme.stranger.ask("GET", f"/badges/{made['id']}").text
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [pool.submit(asks, programme.hr, badge) for _ in range(AT_ONCE)]
        wait_until(lambda: slow.waiting == AT_ONCE)
        assert in_use(house, programme) == 0
        assert house.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'skillsd writer' AND state <> 'idle'") == [(0,)]
        programme.issue()
        assert asks(programme.hr, own)["verified"]
        for _ in range(MORE):
            outcome, detail = signature(asks(programme.hr, badge))
            assert outcome == "unknown" and "is not fetched now, since others are" in detail
        assert slow.waiting == AT_ONCE
        slow.open.set()
        assert all(one.result()["verified"] or signature(one.result())[0] == "passed" for one in asked)
    assert signature(asks(programme.hr, badge))[0] == "passed"


def test_a_key_gives_one_answer_however_long_it_takes(programme, slow, badge):
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(asks, programme.hr, badge, "slow-one") for _ in range(2)]
        wait_until(lambda: slow.waiting == 2)
        slow.open.set()
        first, second = (one.result() for one in asked)
    assert first == second and signature(first)[0] == "passed"
    slow.open.clear()
    assert asks(programme.hr, badge, "slow-one") == first, "it is remembered: nothing is fetched"
    other = programme.hr.ask("POST", "/verifications", {"badge": badge + " "}, headers={"Idempotency-Key": "slow-one"})
    assert other.status_code == 409


def test_a_foreign_endorsement_is_waited_for_with_no_session(house, programme, slow, forge):
    slow.open.clear()
    achievement = programme.achievement()
    word = json.dumps(forge.sign(forge.endorsement(f"{PUBLIC_URL}/achievements/{achievement['id']}?version=1")))
    with ThreadPoolExecutor(1) as pool:
        taken = pool.submit(programme.hr.twin().ask, "POST", "/endorsements/received", {"document": word},
                            headers={"Idempotency-Key": "a-word"})
        wait_until(lambda: slow.waiting == 1 or taken.done())
        assert not taken.done(), taken.result().text
        assert in_use(house, programme) == 0
        programme.issue()
        slow.open.set()
        answer = taken.result()
    assert answer.status_code == 201, answer.text
    again = programme.hr.ask("POST", "/endorsements/received", {"document": word}, headers={"Idempotency-Key": "a-word"})
    assert (again.status_code, again.json()) == (201, answer.json())


def test_who_may_no_longer_when_the_wait_is_over_has_done_nothing(house, programme, slow, forge):
    achievement = programme.achievement()
    person = house.sign_in(ACCOUNTS["ISSUER"]).get("/me")["person"]["id"]

    def role_goes(_):
        house.sql("UPDATE role_grant SET until = now() WHERE person_id = %s AND until = 'infinity'", person)

    for happens, status, why in ((lambda client: client.delete("/sessions/current"), 401, "taken back"),
                                 (role_goes, 403, "your roles do not allow this")):
        slow.open.clear()
        client = house.sign_in(ACCOUNTS["ISSUER"])
        word = json.dumps(forge.sign(forge.endorsement(f"{PUBLIC_URL}/achievements/{achievement['id']}?version=1", id=f"{forge.did}/words/9")))
        with ThreadPoolExecutor(1) as pool:
            taken = pool.submit(client.twin().ask, "POST", "/endorsements/received", {"document": word})
            wait_until(lambda: slow.waiting == 1 or taken.done())
            happens(client)
            slow.open.set()
            answer = taken.result()
        assert answer.status_code == status and why in answer.json()["detail"], answer.text
    assert programme.hr.get("/endorsements", achievement=achievement["id"])["items"] == []
