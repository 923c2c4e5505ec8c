# SPDX-License-Identifier: Apache-2.0
"""From ldapmodify to outcome: what becomes of credentials when their holder leaves, moves or comes back."""
import contextlib
import itertools

import psycopg2
import pytest
from kit.house import BASE, wait_for
from kit.leaver import Leaver, furnish, retention_house
from kit.second import Second
from kit.two import Both, Two, two_house

POLICIES = "keep", "suspend", "revoke"
SALES, PRODUCTION = (f"ou={name},ou=people,{BASE}" for name in ("Sales and Service", "Production"))
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def house(postgres):
    with retention_house(postgres) as house:
        yield furnish(house)


def achievement(house, **policy):
    return house.hr.post("/achievements", {"name": f"Tide {next(numbers)} 🌊", "state": "published", **policy}, gives=201)["id"]


def settled(house):
    """Nothing is left to be followed."""
    wait_for("what follows", lambda: not house.sql("SELECT 1 FROM person_parted"))


def credential(house, made):
    settled(house)
    return house.hr.get(f"/credentials/{made}")


def kinds(house, made):
    return [(event["kind"], event["account"]) for event in house.hr.get(f"/credentials/{made}/events")["items"]
            if event["kind"] not in ("issued", "shown")]


def moved(house, who, unit):
    house.slapd.admin().rename_s(who.dn, f"uid={who.username}", newsuperior=unit)
    who.dn = f"uid={who.username},{unit}"
    house.sync()


def test_the_policy_of_the_version_that_was_awarded_decides_when_its_holder_leaves(house):
    who = Leaver(house, 101)
    made = {}
    for policy in POLICIES:
        one = achievement(house, on_leave=policy)
        made[policy] = house.issuer.issue(who.username, one)["id"]
        etag = house.hr.ask("GET", f"/achievements/{one}").headers["ETag"]
        changed = house.hr.expect(200, "PATCH", f"/achievements/{one}", {"on_leave": None if policy != "keep" else "revoke", "state": "published"},
                                  headers={"If-Match": etag})
        assert changed["on_leave"] == ("revoke" if policy == "keep" else "keep")
        assert changed["version"] == (1 if policy == changed["on_leave"] else 2)
    who.leave()
    found = {policy: credential(house, made[policy]) for policy in POLICIES}
    assert {policy: one["state"] for policy, one in found.items()} == {"keep": "active", "suspend": "suspended", "revoke": "revoked"}
    assert [found[policy].get("reason") for policy in POLICIES] == [None, "The holder has left.", "The holder has left."]
    assert kinds(house, made["suspend"]) == [("suspended", "house:rule")]
    notices = {one["kind"] for one in house.admin.pages("/outbox", object=made["revoke"])}
    assert notices == {"credential.issued", "credential.revoked"}
    assert {one["account"] for one in house.admin.pages("/audit", object=made["revoke"], action="credential.revoke")} == {"house:rule"}


def test_who_comes_back_has_again_what_was_suspended_for_their_leaving_and_nothing_else(house):
    who = Leaver(house, 102)
    one = achievement(house, on_leave="suspend")
    left, doubted, between, gone = (house.issuer.issue(who.username, one)["id"] for _ in range(4))
    revoked = house.issuer.issue(who.username, achievement(house, on_leave="revoke"))["id"]
    house.issuer.post(f"/credentials/{doubted}/suspend", {"reason": "a doubt"}, gives=200)
    house.issuer.post(f"/credentials/{gone}/revoke", {"reason": "a mistake"}, gives=200)
    who.leave()
    assert credential(house, left)["state"] == "suspended"
    house.issuer.post(f"/credentials/{between}/reinstate", gives=200)
    house.issuer.post(f"/credentials/{between}/suspend", {"reason": "another doubt"}, gives=200)
    who.come(who.uuid)
    assert {one: credential(house, one)["state"] for one in (left, doubted, between, gone, revoked)} == {
        left: "active", doubted: "suspended", between: "suspended", gone: "revoked", revoked: "revoked"}
    assert kinds(house, left) == [("suspended", "house:rule"), ("reinstated", "house:rule")]
    who.leave()
    assert credential(house, left)["state"] == "suspended"


def handed_in(house, who, text):
    """Of somebody who has nothing else; with who it is offered to and where."""
    house.passwords[who.username] = "pw-" + who.username
    me, prompt = house.sign_in(who.username), house.asked["assessment"]["prompts"][0]["id"]
    made = me.post("/submissions", {"achievement": house.asked["id"]}, gives=201)["id"]
    me.patch(f"/submissions/{made}", {"answers": {prompt: {"text": text}}}, "*")
    me.expect(200, "POST", f"/submissions/{made}/submit", headers={"If-Match": "*"})
    review, = [one for one in house.hr.pages("/reviews", limit=500) if one.get("submission_id") == made]
    judge = house.hr.get(f"/people/{review['offered_to']['id']}")["username"]
    house.set_password(judge)
    return made, review["id"], house.sign_in(judge)


def submission(house, made):
    return house.sql("SELECT s.state, r.outcome, r.feedback FROM submission s JOIN submission_round r ON r.submission_id = s.id WHERE s.id = %s"
                     " ORDER BY r.round", made)


def test_what_a_leaver_has_handed_in_waits_for_nobody_and_can_be_handed_in_again(house):
    who = Leaver(house, 120)
    made, review, judge = handed_in(house, who, "I did it 🌊")
    judge.post(f"/reviews/{review}/claim", gives=200)
    who.leave()
    settled(house)
    assert submission(house, made) == [("withdrawn", "withdrawn", "The person has left.")]
    judge.get(f"/reviews/{review}", gives=404)
    assert review not in [one["id"] for one in judge.pages("/reviews", limit=500)]
    judge.expect(409, "POST", f"/reviews/{review}/decide", {"verdict": "approve"}, headers={"If-Match": "*"})
    assert house.sql("SELECT kind, account FROM submission_event e JOIN who w ON w.id = e.who WHERE submission_id = %s ORDER BY e.id DESC LIMIT 1",
                     made) == [("withdrawn", "house:rule")]
    who.come(who.uuid)
    settled(house)
    assert submission(house, made)[0][0] == "withdrawn"
    me = house.sign_in(who.username)
    for step, becomes in ("reopen", "draft"), ("submit", "submitted"):
        assert me.expect(200, "POST", f"/submissions/{made}/{step}", headers={"If-Match": "*"})["state"] == becomes
    assert [round["answers"] for round in me.get(f"/submissions/{made}/rounds")["items"]][0] == me.get(f"/submissions/{made}")["answers"]


def test_who_moves_to_another_unit_keeps_what_is_not_tied_to_the_old_one(house):
    who = Leaver(house, 103)
    made = {policy: house.issuer.issue(who.username, achievement(house, on_move=policy))["id"] for policy in POLICIES}
    moved(house, who, SALES)  # their first unit
    assert all(credential(house, one)["state"] == "active" for one in made.values())
    moved(house, who, PRODUCTION)
    assert {policy: credential(house, one)["state"] for policy, one in made.items()} == {
        "keep": "active", "suspend": "suspended", "revoke": "revoked"}
    assert house.hr.get(f"/credentials/{made['suspend']}")["reason"] == "The holder has moved to another unit."
    house.issuer.post(f"/credentials/{made['suspend']}/reinstate", gives=200)
    who.leave()
    who.come(who.uuid)
    assert credential(house, made["suspend"])["state"] == "active"


def test_who_is_still_here_by_another_entry_has_not_left(postgres):
    with two_house(postgres) as house:
        two = Two(house)
        house.hr, who, _ = two.hr, Both(two, 1), [Both(two, number) for number in range(2, 8)]  # nobody leaves a directory of one
        made = two.issuer.issue("m1", achievement(house, on_leave="suspend"))["id"]
        who.leave("branch")
        two.sync()
        assert credential(house, made)["state"] == "active"
        who.leave("main")
        two.sync()
        assert credential(house, made)["state"] == "suspended"


def test_a_kill_in_the_middle_leaves_nothing_half_done_and_nothing_twice(house):
    who = Leaver(house, 104)
    made = [house.issuer.issue(who.username, achievement(house, on_leave="suspend"))["id"] for _ in range(3)]
    with contextlib.closing(psycopg2.connect(house.postgres.dsn(house.database))) as other:
        other.cursor().execute("SELECT 1 FROM credential WHERE id = %s FOR UPDATE", [max(made)])
        who.leave()
        wait_for("the last of them to be waited for", lambda: house.sql(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"))
        house.kill()
    assert {state for state, in house.sql("SELECT state FROM credential WHERE id = ANY (%s::uuid[])", made)} == {"active"}
    house.start()
    for one in made:
        assert credential(house, one)["state"] == "suspended"
        assert kinds(house, one) == [("suspended", "house:rule")]


def test_of_two_daemons_one_follows(house):
    people = [Leaver(house, 105 + n) for n in range(4)]
    one = achievement(house, on_leave="revoke")
    made = [house.issuer.issue(who.username, one)["id"] for who in people]
    with Second(house):
        for who in people:
            house.slapd.admin().delete_s(who.dn)
        house.sync()
        settled(house)
    assert [kinds(house, each) for each in made] == [[("revoked", "house:rule")]] * 4


@pytest.mark.parametrize("member", ["on_leave", "on_move"])
def test_a_policy_is_one_of_three(house, member):
    for value in "", "KEEP", "lose", 1, True, ["keep"]:
        problem = house.hr.post("/achievements", {"name": "x", member: value}, gives=400)
        assert [error["field"] for error in problem["errors"]] == [f"/{member}"]
    made = house.hr.post("/achievements", {"name": "x"}, gives=201)
    assert made[member] == "keep"
