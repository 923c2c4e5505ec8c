# SPDX-License-Identifier: Apache-2.0
"""Signing in: who is asked in which order, sessions and tokens, throttling, and a gate that fails."""
import collections
import threading
import time

import ldap
import pytest
from kit.gate import make_userdb, modules_folder, build_module, ROOT, otp_service
from kit.house import ACCOUNTS, BASE, House, demo_house, wait_for

BOTH = "njansen"  # known to PAM and to the directory, with two passwords
USERS = {ACCOUNTS["ADMIN"]: "admin-password", BOTH: "pam-password", "machine": "machine-password"}
NUMBERS = iter(range(1, 250))


@pytest.fixture(scope="module")
def strict(postgres):
    """Three failures are too many; addresses are what the proxy says."""
    config = {"throttle": {"user_failures": 3, "address_failures": 6, "block": "2s", "window": "1m",
                           "failure_delay": "150ms"},
              "server": {"trusted_proxy": "127.0.0.1"}}
    house = demo_house(config, postgres=postgres)
    house.passwords.update(USERS)
    make_userdb(house.folder / "users", {"rescue": house.passwords["rescue"], **USERS})
    house.set_password(ACCOUNTS["ADMIN"], "directory-password-of-an-admin")
    house.passwords[ACCOUNTS["ADMIN"]] = USERS[ACCOUNTS["ADMIN"]]
    house.set_password(BOTH, "directory-password")
    with house:
        yield house


@pytest.fixture
def address():
    """One that no test has used."""
    return f"192.0.2.{next(NUMBERS)}"


@pytest.fixture
def attempt(strict, address):
    """Status of a sign-in from this test's address; the answer itself is in attempt.last."""
    def attempt(username, password, where=None):
        attempt.last = strict.try_sign_in(username, password, where or address)
        return attempt.last.status_code
    return attempt


# ---- who is asked

def test_an_account_that_pam_knows_is_not_looked_for_in_the_directory(strict, attempt):
    assert attempt(ACCOUNTS["ADMIN"], "directory-password-of-an-admin") == 401
    assert attempt(ACCOUNTS["ADMIN"], "admin-password") == 201
    opened = attempt.last.json()
    assert opened["authenticator"] == "pam" and opened["roles"] == ["admin"]
    assert opened["person"]["name"] == "Grace Mbeki"


def test_an_account_that_pam_does_not_know_signs_in_by_the_directory(strict, attempt):
    assert attempt("lwojcik", "pw-lwojcik") == 201
    opened = attempt.last.json()
    assert (opened["authenticator"], opened["account"], opened["roles"]) == ("ldap", "lwojcik", ["employee"])
    assert opened["person"]["name"] == "Łukasz Wójcik"


def test_the_same_name_at_pam_and_in_the_directory_is_two_accounts(strict, address, attempt):
    assert attempt(BOTH, "directory-password") == 401
    assert attempt(BOTH, "pam-password") == 201
    by_pam = strict.client(attempt.last.json()["token"])
    make_userdb(strict.folder / "users", {name: word for name, word in strict.passwords.items()
                                          if name in USERS.keys() - {BOTH} or name == "rescue"})
    try:
        assert attempt(BOTH, "directory-password") == 201
        by_ldap = strict.client(attempt.last.json()["token"])
    finally:
        make_userdb(strict.folder / "users", {"rescue": strict.passwords["rescue"], **USERS})
    pam, directory = by_pam.get("/me"), by_ldap.get("/me")
    assert pam["account"] == {"authenticator": "pam", "name": BOTH}
    assert directory["account"] == {"authenticator": "ldap", "name": BOTH}
    assert pam["person"] == directory["person"]
    assert [session["id"] for session in by_pam.get("/sessions")["items"]] == [pam["session_id"]]
    assert [session["id"] for session in by_ldap.get("/sessions")["items"]] == [directory["session_id"]]
    by_ldap.get(f"/sessions/{pam['session_id']}", gives=404)


def test_admin_needs_pam_and_every_other_role_the_directory(strict, attempt):
    link = strict.slapd.admin()
    person = strict.sql("SELECT external_id FROM person WHERE username = 'praman'")[0][0]
    dn = link.search_s(BASE, ldap.SCOPE_SUBTREE, f"(entryUUID={person})", ["1.1"])[0][0]
    njansen = link.search_s(BASE, ldap.SCOPE_SUBTREE, f"(uid={BOTH})", ["1.1"])[0][0]
    changes = (f"cn=admins,ou=groups,{BASE}", dn), (f"cn=hr,ou=groups,{BASE}", njansen)
    for group, member in changes:
        link.modify_s(group, [(ldap.MOD_ADD, "member", [member.encode()])])
    try:
        strict.sync()
        assert attempt("praman", "pw-praman") == 201
        assert attempt.last.json()["roles"] == ["employee"]
        strict.client(attempt.last.json()["token"]).post("/directory/runs", gives=403)
        assert attempt(BOTH, "pam-password") == 201
        assert attempt.last.json()["roles"] == ["employee"]
    finally:
        for group, member in changes:
            link.modify_s(group, [(ldap.MOD_DELETE, "member", [member.encode()])])
        strict.sync()


def test_an_account_that_is_nobody_sees_itself_and_nothing_else(strict, attempt):
    assert attempt("machine", "machine-password") == 201
    opened = attempt.last.json()
    assert opened["roles"] == [] and "person" not in opened
    client = strict.client(opened["token"])
    assert client.get("/me")["account"] == {"authenticator": "pam", "name": "machine"}
    for path in "/people", "/units", "/skills", "/credentials", "/reports/skills", "/audit":
        client.get(path, gives=403)
    client.post("/claims", {"skill": "x", "level": 1}, gives=403)


def test_an_empty_password_lets_nobody_in(strict, attempt):
    assert attempt("lwojcik", "") == 401
    assert attempt("rescue", "") == 401


@pytest.mark.parametrize("name", ["lwojci*", "*", "lwojcik)(uid=*", "lwojcik\\", "uid=lwojcik", " "])
def test_a_name_is_never_taken_for_a_filter(strict, attempt, name):
    assert attempt(name, "pw-lwojcik") == 401


def test_unknown_wrong_and_locked_answer_the_same_and_no_sooner(strict, attempt):
    link = strict.slapd.admin()
    locked = link.search_s(BASE, ldap.SCOPE_SUBTREE, "(uid=tdube)", ["1.1"])[0][0]
    link.modify_s(locked, [(ldap.MOD_ADD, "pwdAccountLockedTime", [b"000001010000Z"])])
    answers = []
    try:
        for name, word in ("nobody-at-all", "x"), ("lwojcik", "x"), ("tdube", "pw-tdube"), ("rescue", "x"):
            begun = time.monotonic()
            assert attempt(name, word) == 401
            assert time.monotonic() - begun >= 0.15
            said = attempt.last.json()
            said.pop("request_id")
            answers.append((said, attempt.last.headers["WWW-Authenticate"]))
    finally:
        link.modify_s(locked, [(ldap.MOD_DELETE, "pwdAccountLockedTime", None)])
    assert answers[1:] == answers[:1] * 3


def test_what_was_typed_shows_in_no_log(strict, attempt):
    words = "Secret-é-of-ldap", "Secret-of-pam"
    for name, word in ("sostergaard", words[0]), ("machine", words[1]):
        attempt(name, word)
    token = strict.sign_in("rescue").token
    for text in strict.log(), strict.gate.log(), strict.postgres.log:
        assert not any(word in text for word in (*words, strict.passwords["rescue"], token, "pw-lwojcik"))


# ---- throttling

def test_too_many_failures_make_a_name_wait_whoever_asks(strict, attempt):
    for _ in range(3):
        assert attempt("fmacleod", "wrong") == 401
    assert attempt("fmacleod", "pw-fmacleod") == 429
    assert attempt.last.json()["type"] == "urn:skillsd:problem:too-many-attempts"
    seconds = int(attempt.last.headers["Retry-After"])
    assert 1 <= seconds <= 2
    assert attempt("FMacleod", "pw-fmacleod", "198.51.100.77") == 429, "another spelling, another address"
    assert attempt("cbianchi", "pw-cbianchi") == 201, "another name does not wait"
    time.sleep(seconds)
    assert attempt("fmacleod", "pw-fmacleod") == 201


def test_names_that_nobody_has_wait_just_the_same(strict, attempt):
    assert [attempt("no-such-name", "wrong") for _ in range(4)] == [401, 401, 401, 429]


def test_success_is_never_counted_and_clears_the_count(strict, attempt):
    for _ in range(8):
        assert attempt("wclarke", "pw-wclarke") == 201
    for _ in range(2):
        assert [attempt("wclarke", word) for word in ("wrong", "wrong", "pw-wclarke")] == [401, 401, 201]


def test_too_many_failures_make_an_address_wait_whatever_the_name(strict, attempt):
    assert [attempt(f"guess-{number}", "wrong") for number in range(6)] == [401] * 6
    assert attempt("lwojcik", "pw-lwojcik") == 429
    assert attempt("lwojcik", "pw-lwojcik", "198.51.100.78") == 201
    strict.sql("DELETE FROM throttle")


def test_networks_of_ipv6_wait_as_one(strict, attempt):
    for number in range(6):
        assert attempt(f"guess6-{number}", "wrong", f"2001:db8:1:2::{number}") == 401
    assert attempt("lwojcik", "pw-lwojcik", "2001:db8:1:2:ffff::1") == 429
    assert attempt("lwojcik", "pw-lwojcik", "2001:db8:1:3::1") == 201
    strict.sql("DELETE FROM throttle")


# ---- many tries at once

GUARDED = {"throttle": {"user_failures": 3, "address_failures": 100000, "block": "5m", "window": "1h"}}


def at_once(tries):
    """How often each status came of these functions, called at the same moment."""
    together, statuses = threading.Barrier(len(tries)), []

    def one(attempt):
        together.wait()
        statuses.append(attempt().status_code)
    threads = [threading.Thread(target=one, args=(attempt,)) for attempt in tries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return collections.Counter(statuses)


@pytest.fixture(scope="module")
def guarded(postgres):
    names = {name: f"{name}-password" for name in ("many", "right-0", "right-2")}
    with House(None, config=GUARDED, pam=names, postgres=postgres) as house:
        yield house


def test_tries_at_once_ask_no_more_often_than_one_after_the_other(guarded):
    wrong = [lambda: guarded.try_sign_in("many", "wrong")] * 60
    assert at_once(wrong) == {401: 3, 429: 57}
    guarded.sql("UPDATE throttle SET blocked_until = now()")
    assert at_once(wrong) == {401: 1, 429: 59}, "when the wait is over, one more failure is one too many"


@pytest.mark.parametrize("failures", [0, 2])
def test_right_tries_at_once_all_get_in(guarded, failures):
    name = f"right-{failures}"
    for _ in range(failures):
        assert guarded.try_sign_in(name, "wrong").status_code == 401
    assert at_once([lambda: guarded.try_sign_in(name, f"{name}-password")] * 10) == {201: 10}


def test_answers_at_once_fail_no_more_often_than_passwords(postgres):
    with House(None, service=otp_service("first", "otp=4711"), config=GUARDED, postgres=postgres) as house:
        talks = [house.try_sign_in("answers", "first").json()["id"] for _ in range(9)]
        answers = [lambda talk=talk: house.client().ask("POST", f"/sessions/{talk}", {"answers": ["wrong"]})
                   for talk in talks[:-1]]
        assert at_once(answers) == {401: 3, 429: 5}
        right = house.client().ask("POST", f"/sessions/{talks[-1]}", {"answers": ["4711"]})
        assert right.status_code == 429 and int(right.headers["Retry-After"]) > 200
        wait_for("the conversations that nobody goes on with to end", lambda: not house.gate.children())


# ---- sessions

def test_a_session_is_its_owners_to_see_and_end(strict, address, attempt):
    first, second = (strict.client(strict.try_sign_in("sostergaard", "pw-sostergaard", address).json()["token"])
                     for _ in range(2))
    own, other = first.get("/me")["session_id"], second.get("/me")["session_id"]
    listed = {session["id"]: session for session in first.get("/sessions")["items"]}
    assert {own, other} <= listed.keys() and {one["account"] for one in listed.values()} == {"sostergaard"}
    assert listed[own]["roles"] == ["assessor"] and listed[own]["address"] == address
    assert first.get("/sessions/current")["id"] == own and first.get(f"/sessions/{other}")["id"] == other
    first.delete(f"/sessions/{other}")
    assert second.ask("GET", "/me").headers["WWW-Authenticate"].startswith("Bearer")
    assert second.last.status_code == 401
    first.get(f"/sessions/{other}", gives=404)
    first.delete("/sessions/current")
    first.get("/me", gives=401)


def test_only_an_admin_sees_and_ends_the_sessions_of_others(strict, address):
    victim = strict.client(strict.try_sign_in("sostergaard", "pw-sostergaard", address).json()["token"])
    hr = strict.client(strict.try_sign_in("cbianchi", "pw-cbianchi", address).json()["token"])
    session = victim.get("/me")["session_id"]
    assert session not in {one["id"] for one in hr.get("/sessions")["items"]}
    hr.get(f"/sessions/{session}", gives=404)
    hr.delete(f"/sessions/{session}", gives=404)
    assert victim.get("/me")["session_id"] == session
    assert session in {one["id"] for one in strict.rescue.pages("/sessions", limit=3)}
    strict.rescue.delete(f"/sessions/{session}")
    victim.get("/me", gives=401)


def test_tokens_are_long_different_and_kept_as_hashes(strict, address):
    tokens = [strict.try_sign_in("lwojcik", "pw-lwojcik", address).json()["token"] for _ in range(2)]
    assert tokens[0] != tokens[1] and all(token.startswith("sks_") and len(token) >= 47 for token in tokens)
    kept = strict.sql("SELECT string_agg(s::text, ' ') FROM session s")[0][0]
    assert not any(token[4:40] in kept or token.encode().hex() in kept for token in tokens)


@pytest.mark.parametrize("spoil", [lambda t: t[:-1], lambda t: t + "A", lambda t: t.swapcase(), lambda t: "",
                                   lambda t: t[:10] + ("A" if t[10] != "A" else "B") + t[11:], lambda t: "sks_"])
def test_a_spoilt_token_is_nobodys(strict, spoil):
    strict.client(spoil(strict.rescue.token)).get("/me", gives=401)


def test_a_session_ends_when_it_is_not_used_and_at_the_latest_after_its_time(postgres):
    with House(None, config={"sessions": {"idle": "2s", "absolute": "5s"}}, postgres=postgres) as house:
        idle, busy, begun = house.sign_in("rescue"), house.sign_in("rescue"), time.monotonic()
        while (status := busy.ask("GET", "/me").status_code) == 200:
            time.sleep(0.1)
            if time.monotonic() - begun < 0.4:
                idle.get("/me")
        lasted = time.monotonic() - begun
        assert status == 401 and 4 <= lasted < 20
        idle.get("/me", gives=401)
        fresh = house.sign_in("rescue")
        time.sleep(2.3)
        fresh.get("/me", gives=401)
        assert house.sign_in("rescue").get("/sessions")["items"][0]["account"] == "rescue"


# ---- API tokens

def make_token(client, *scopes, **more):
    made = client.post("/tokens", {"name": "a machine", "scopes": list(scopes), **more}, gives=201)
    return made, client.house.client(made["token"])


def test_a_token_may_what_its_scopes_say(strict, attempt):
    attempt("fmacleod", "pw-fmacleod")
    issuer = strict.client(attempt.last.json()["token"])
    made, reader = make_token(issuer, "people:read")
    assert made["token"].startswith("skt_") and made["hint"] in made["token"].replace(made["token"][8:-4], "...", 1)
    reader.get("/people")
    reader.get("/units", gives=403)
    assert reader.get("/me")["scopes"] == ["people:read"]
    _, writer = make_token(issuer, "credentials:write")
    writer.get("/credentials")
    writer.post("/credentials", {"person": "nobody-here", "achievement": made["id"]}, gives=400)
    _, looker = make_token(issuer, "credentials:read")
    looker.get("/credentials")
    looker.post("/credentials", {"person": "nobody-here", "achievement": made["id"]}, gives=403)
    writer.post("/frameworks", {"code": "T", "name": "T"}, gives=403)


def test_a_token_makes_no_tokens_and_sees_no_sessions(strict):
    _, machine = make_token(strict.rescue, "people:write", "access:write")
    machine.post("/tokens", {"name": "another", "scopes": ["people:read"]}, gives=403)
    for path in "/tokens", "/sessions", "/sessions/current":
        machine.get(path, gives=403)


def test_a_token_lasts_until_its_time_or_its_end(strict):
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 4))
    made, machine = make_token(strict.rescue, "people:read", expires_at=soon)
    assert made["expires_at"] == soon
    machine.get("/people")
    default, other = make_token(strict.rescue, "people:read")
    wait_for("the token's end", lambda: machine.ask("GET", "/people").status_code == 401, 10)
    days = (time.mktime(time.strptime(default["expires_at"][:19],
                                      "%Y-%m-%dT%H:%M:%S")) - time.mktime(time.gmtime())) / 86400
    assert 89 < days < 91
    assert "token" not in strict.rescue.get(f"/tokens/{default['id']}")
    other.get("/people")
    for past in "1970-01-01T00:00:00Z", "2020-01-01":
        strict.rescue.post("/tokens", {"name": "x", "scopes": ["people:read"], "expires_at": past}, gives=400)
    strict.rescue.delete(f"/tokens/{default['id']}")
    other.get("/people", gives=401)
    strict.rescue.get(f"/tokens/{default['id']}", gives=404)


@pytest.mark.parametrize("field, body", [
    ("/scopes/0", {"name": "x", "scopes": ["people:delete"]}), ("/scopes/1", {"name": "x", "scopes": ["people:read",
            "x:read"]}),
    ("/scopes", {"name": "x", "scopes": []}), ("/scopes", {"name": "x"}), ("/name", {"scopes": ["people:read"]}),
    ("/expires_at", {"name": "x", "scopes": ["people:read"], "expires_at": "2020-01-01"}),
    ("/owner", {"name": "x", "scopes": ["people:read"], "owner": "me"})])
def test_a_token_that_cannot_be_made_says_why(strict, field, body):
    problem = strict.rescue.post("/tokens", body, gives=400)
    assert [error["field"] for error in problem["errors"]] == [field]


def test_tokens_are_seen_and_ended_by_their_owner_only(strict, attempt):
    attempt("lwojcik", "pw-lwojcik")
    employee = strict.client(attempt.last.json()["token"])
    made, _ = make_token(strict.rescue, "people:read")
    assert made["id"] not in {token["id"] for token in employee.get("/tokens")["items"]}
    employee.get(f"/tokens/{made['id']}", gives=404)
    employee.delete(f"/tokens/{made['id']}", gives=404)
    assert made["id"] in {token["id"] for token in strict.rescue.get("/tokens")["items"]}


# ---- conversations, and a gate in trouble

def test_pam_may_ask_for_more(postgres):
    with House(None, service=otp_service("first", "otp=4711"), postgres=postgres) as house:
        def asked():
            client = house.client()
            asked = client.expect(202, "POST", "/sessions", {"username": "rescue", "password": "first"})
            assert [(prompt["text"].split("\n")[-1].strip(), prompt["echo"])
                    for prompt in asked["prompts"]] == [("OTP:", True)]
            assert client.last.headers["Location"] == f"/api/v1/sessions/{asked['id']}"
            return client, f"/sessions/{asked['id']}"
        client, talk = asked()
        opened = client.post(talk, {"answers": ["4711"]}, gives=201)
        assert opened["roles"] == ["admin"]
        client.post(talk, {"answers": ["4711"]}, gives=404)
        client, talk = asked()
        client.post(talk, {"answers": ["4712"]}, gives=401)
        client.post(talk, {"answers": ["4711"]}, gives=404)
        client, talk = asked()
        assert client.post(talk, {"answers": ["4711", "more"]}, gives=(400, 401))


def test_a_gate_that_is_gone_is_503_and_never_a_wrong_password(strict, attempt):
    strict.gate.stop()
    try:
        for name, word in ("rescue", strict.passwords["rescue"]), ("lwojcik", "pw-lwojcik"):
            for _ in range(4):
                assert attempt(name, word) == 503
        assert int(attempt.last.headers["Retry-After"]) >= 1
        strict.rescue.get("/me")
    finally:
        strict.gate.start()
    assert attempt("lwojcik", "pw-lwojcik") == 201, "nothing of it was counted"


def test_a_module_that_hangs_stalls_its_own_caller_only(postgres):
    trouble = build_module(ROOT / "tests/kit/pam_trouble.c", modules_folder())
    service = ["auth [success=ignore default=1] pam_succeed_if.so quiet user = sleeper",
               f"auth requisite {trouble} do=hang",
               "auth required pam_permit.so", "account required pam_permit.so"]
    with House(None, service=service, gate={"deadline": 6}, postgres=postgres) as house:
        answers = []
        sleepers = [threading.Thread(target=lambda: answers.append(house.try_sign_in("sleeper", "x").status_code))
                    for _ in range(4)]
        for sleeper in sleepers:
            sleeper.start()
        wait_for("the module to hang", lambda: len(house.gate.children()) == 4)
        begun = time.monotonic()
        for _ in range(10):
            house.sign_in("rescue").get("/me")
        took = time.monotonic() - begun
        assert not answers and took < 5, f"ten sign-ins took {took:.1f} seconds beside a module that hangs"
        for sleeper in sleepers:
            sleeper.join(30)
        assert answers == [503] * 4
