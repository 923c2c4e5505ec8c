# SPDX-License-Identifier: Apache-2.0
"""What somebody takes along: all badges in one signed document, whoever asks for it, also when they have gone."""
import pytest
from kit.badges import badge_house, new_key, verify_proof
from kit.house import ACCOUNTS, wait_for
from kit.leaver import POLICIES, Leaver, furnish


@pytest.fixture(scope="module")
def house(postgres):
    with badge_house((), {**{name: policy for name, policy in POLICIES.items() if "group" not in policy}, "directory main": {"absent_window": "0s"}}, postgres=postgres) as house:
        yield furnish(house)


def record(house, who, gives=200, by=None):
    answer = (by or house.hr).ask("GET", f"/people/{who.id}/record")
    assert answer.status_code == gives, answer.text
    return answer.json()


def test_without_a_key_there_is_none(house):
    who = Leaver(house, 301)
    house.issuer.issue(who.username, house.achievement)
    assert "no badge" in record(house, who, 409)["detail"]
    new_key(house, "ed25519")
    assert "no badge" in record(house, who, 409)["detail"], "what was issued before has none"


def test_who_leaves_takes_along_what_is_good(house):
    who = Leaver(house, 302)
    house.passwords[who.username] = "pw-" + who.username
    me = house.sign_in(who.username)
    kept = [house.issuer.issue(who.username, house.achievement)["id"] for _ in range(3)]
    gone, old = (house.issuer.issue(who.username, house.achievement)["id"] for _ in range(2))
    house.issuer.post(f"/credentials/{gone}/revoke", {"reason": "x"}, gives=200)
    kept.append(house.issuer.post(f"/credentials/{old}/replace", {"reason": "x"}, gives=201)["id"])
    sandbox = house.admin.post("/issuers", {"name": "Try it", "sandbox": True}, gives=201)["id"]
    test = house.hr.post("/achievements", {"name": "Test", "state": "published", "issuer": sandbox}, gives=201)["id"]
    me.post("/me/credentials", {"achievement": test}, gives=201)
    mine = record(house, who, by=me)
    who.leave()
    found = record(house, who)
    assert found["id"] != mine["id"] and found["credentialSubject"] == mine["credentialSubject"]
    assert found["type"] == ["VerifiableCredential", "ClrCredential"] and found["credentialSubject"]["type"] == ["ClrSubject"]
    assert found["@context"][:2] == ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"]
    did = house.client().ask("GET", "/.well-known/did.json").json()
    verify_proof(found, did)
    inside = found["credentialSubject"]["verifiableCredential"]
    assert [one["id"].rpartition("/")[2] for one in inside] == kept
    for one in inside:
        verify_proof(one, did)
        assert one["credentialSubject"]["id"] == found["credentialSubject"]["id"]
        assert one["credentialSubject"]["identifier"][0]["hashed"] is True
    told = house.admin.pages("/audit", object=who.id, action="person.record")
    assert [entry["detail"] for entry in told] == [{"badges": 4}] * 2


def test_who_asks_for_it_has_looked_at_them(house):
    who = Leaver(house, 305)
    house.passwords[who.username] = "pw-" + who.username
    me = house.sign_in(who.username)
    house.issuer.issue(who.username, house.achievement)
    record(house, who)
    wait_for("it is told", lambda: [(one["relation"], one["what"]) for one in me.pages("/me/looks")] == [("hr", "record")])


def test_it_is_theirs_and_nobody_else_gets_it(house):
    who = Leaver(house, 303)
    house.issuer.issue(who.username, house.achievement)
    record(house, who, 200)
    record(house, who, 200, by=house.admin)
    record(house, who, 403, by=house.issuer)
    record(house, who, 404, by=house.sign_in(ACCOUNTS["EMPLOYEE"]))
    who.leave().erase(early=True)
    record(house, who, 404)
