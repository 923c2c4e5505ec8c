# SPDX-License-Identifier: Apache-2.0
"""People on pathways: who begins, who is invited, how far they are, what they get for it, and what becomes of that."""
import contextlib
import threading

import pytest
from kit.contract import MISSING
from kit.house import ACCOUNTS, AUDITOR, demo_house, wait_for
from kit.judging import at_once

ODD = "Schichtleitung 👷 \"Nord\" א </script>"
BELOW = "jmarsh"  # the manager's


@pytest.fixture(scope="module")
def house(postgres):
    with demo_house(postgres=postgres) as house:
        house.set_password(BELOW)
        house.hr, house.admin, house.issuer = (house.sign_in(ACCOUNTS[name]) for name in ("HR", "ADMIN", "ISSUER"))
        house.employee, house.manager, house.auditor = house.sign_in(ACCOUNTS["EMPLOYEE"]), house.sign_in(ACCOUNTS["MANAGER"]), house.sign_in(AUDITOR)
        house.below = house.sign_in(BELOW)
        house.hr.post("/frameworks", {"code": "ENR", "name": "Enrolments"})
        house.skill = house.hr.post("/skills", {"framework": "ENR", "code": "E1", "label": "Leading"})["id"]
        yield house


def achievement(house, name="Step", **more):
    return house.hr.post("/achievements", {"name": name, "state": "published", **more}, gives=201)["id"]


def step(node, earned, **more):
    return {"id": node, "kind": "achievement", "achievement": earned, **more}


def proof(node, **more):
    return {"id": node, "kind": "proof", "name": f"Proof {node}", **more}


def pathway(house, nodes, **more):
    return house.issuer.post("/pathways", {"name": ODD, "nodes": nodes, "state": "published", **more}, gives=201)["id"]


def change(house, made, **more):
    return house.issuer.patch(f"/pathways/{made}", {"state": "published", **more}, "*")


def enrol(client, made, **body):
    return client.post(f"/pathways/{made}/enrolments", body or None, gives=201)


def stands(client, made):
    """(state, per cent, steps done of how many)"""
    found = client.get(f"/enrolments/{made['id']}")
    return found["state"], found["percent"], found["done"], found["needed"]


def story(client, made):
    return [event["kind"] for event in client.get(f"/enrolments/{made['id']}/events")["items"]]


def credential(client, made):
    """What completing gave, once it is there."""
    return wait_for("the award", lambda: client.get(f"/enrolments/{made['id']}").get("credential_id"))


def state(house, made, wanted):
    wait_for(f"{made} is {wanted}", lambda: house.hr.get(f"/credentials/{made}")["state"] == wanted)


def awards(house, client, earned):
    return [one for one in house.hr.get("/credentials", person=client.get("/me")["person"]["id"], achievement=earned)["items"]]


def test_who_begins_is_under_way_with_what_they_have(house):
    first, second = achievement(house), achievement(house)
    house.issuer.issue(ACCOUNTS["EMPLOYEE"], first)
    made = enrol(house.employee, pathway(house, [step("a", first), step("b", second, weight=3)]), until="2099-06-30")
    assert made["person"]["name"] and made["pathway"]["name"] == ODD and made["pathway"]["version"] == 1
    assert (made["state"], made["via"], made["until"]) == ("active", "self", "2099-06-30")
    assert (made["percent"], made["done"], made["needed"]) == (25, 1, 2)  # 1 of a weight of 4
    assert house.employee.get(f"/enrolments/{made['id']}") == made
    assert story(house.employee, made) == ["begun"]


def told_of(house, enrolment):
    return [kind for kind, in house.sql("SELECT kind FROM outbox WHERE object = %s ORDER BY made_at, id", enrolment["id"])]


def test_completing_gives_the_award_once_with_the_pathway_as_evidence(house):
    first, whole, half = achievement(house), achievement(house, "Whole"), achievement(house, "Half")
    made = enrol(house.employee, pathway(house, [step("a", first, milestone=half), proof("b")], achievement=whole))
    assert stands(house.employee, made) == ("active", 0, 0, 2)
    house.issuer.issue(ACCOUNTS["EMPLOYEE"], first)
    assert stands(house.employee, made) == ("active", 50, 1, 2)  # at once
    wait_for("the milestone", lambda: awards(house, house.employee, half))
    offered = house.employee.post(f"/enrolments/{made['id']}/proofs", {"node": "b", "text": ODD}, gives=201)
    assert offered["node"] == {"id": "b", "name": "Proof b"} and offered["state"] == "offered"
    assert stands(house.employee, made) == ("active", 50, 1, 2)
    accepted = house.hr.post(f"/proofs/{offered['id']}/accept", {"note": "seen"}, gives=200)
    assert (accepted["state"], accepted["note"]) == ("accepted", "seen")
    assert stands(house.employee, made) == ("completed", 100, 2, 2)
    got = house.employee.get(f"/credentials/{credential(house.employee, made)}")
    assert got["achievement"]["id"] == whole
    assert got["evidence"] == [{"name": ODD, "narrative": "Completed the pathway, version 1."}]
    wait_for("the story", lambda: story(house.employee, made) == ["begun", "milestone", "completed", "awarded"])
    assert len(awards(house, house.employee, whole)) == len(awards(house, house.employee, half)) == 1
    assert told_of(house, made) == ["enrolment.begun", "enrolment.completed"]


def test_a_milestone_that_is_not_issued_any_more_holds_up_nothing(house):
    first, second, whole, half, other = (achievement(house, name) for name in ("First", "Second", "Whole", "Half", "Other half"))
    made = enrol(house.employee, pathway(house, [step("a", first, milestone=half), step("b", second, milestone=other)], achievement=whole))
    house.hr.patch(f"/achievements/{half}", {"state": "archived"}, "*")
    for earned in first, second:
        house.issuer.issue(ACCOUNTS["EMPLOYEE"], earned)
    assert stands(house.employee, made)[0] == "completed"
    assert house.employee.get(f"/credentials/{credential(house.employee, made)}")["achievement"]["id"] == whole
    assert awards(house, house.employee, half) == [] and len(awards(house, house.employee, other)) == 1
    assert told_of(house, made)[-1] == "enrolment.completed"


@pytest.mark.parametrize("lost, becomes, again", [("keep", "active", "active"), ("suspend", "suspended", "active"), ("revoke", "revoked", "revoked")])
def test_what_is_lost_takes_it_back_as_the_version_has_it(house, lost, becomes, again):
    first, whole = achievement(house), achievement(house, "Whole")
    had = house.issuer.issue(ACCOUNTS["EMPLOYEE"], first)["id"]
    made = enrol(house.employee, pathway(house, [step("a", first)], achievement=whole, lost=lost))
    assert made["state"] == "completed" and made["completed_at"] == made["created_at"]
    award = credential(house.employee, made)
    house.issuer.post(f"/credentials/{had}/suspend", {"reason": "x"}, gives=200)
    assert stands(house.employee, made) == ("active", 0, 0, 1)
    wait_for("it is told", lambda: house.sql("SELECT 1 FROM outbox WHERE object = %s AND kind = 'enrolment.lost'", made["id"]))
    state(house, award, becomes)
    house.issuer.post(f"/credentials/{had}/reinstate", gives=200)
    assert stands(house.employee, made) == ("completed", 100, 1, 1)
    wait_for("it is told again", lambda: len(house.sql("SELECT 1 FROM outbox WHERE object = %s AND kind = 'enrolment.completed'", made["id"])) == 2)
    state(house, award, again)
    assert len(awards(house, house.employee, whole)) == (2 if lost == "revoke" else 1)
    assert credential(house.employee, made) == award or lost == "revoke"
    assert story(house.employee, made)[:5] == {
        "keep": ["begun", "completed", "awarded", "lost", "completed"], "suspend": ["begun", "completed", "awarded", "lost", "suspended"],
        "revoke": ["begun", "completed", "awarded", "lost", "revoked"]}[lost]


def test_the_award_proves_no_step_of_its_own_pathway(house):
    """What it stands on is lost although the award proves the same skill: it follows what the version has."""
    skills = [{"skill": house.skill, "level": 3}]
    first, whole = achievement(house, skills=skills), achievement(house, "Whole", skills=skills)
    made = enrol(house.employee, pathway(house, [{"id": "a", "kind": "skill", "skill": house.skill, "level": 3}], achievement=whole, lost="suspend"))
    had = house.issuer.issue(ACCOUNTS["EMPLOYEE"], first)["id"]
    award = credential(house.employee, made)
    corrected = house.issuer.post(f"/credentials/{award}/replace", {"reason": "x"}, gives=201)["id"]
    assert stands(house.employee, made) == ("completed", 100, 1, 1)
    house.issuer.post(f"/credentials/{had}/revoke", {"reason": "x"}, gives=200)
    assert stands(house.employee, made) == ("active", 0, 0, 1)
    state(house, corrected, "suspended")
    house.issuer.issue(ACCOUNTS["EMPLOYEE"], first)
    state(house, corrected, "active")


@pytest.mark.parametrize("lost", ["keep", "suspend", "revoke"])
def test_what_was_revoked_by_hand_is_not_given_again(house, lost):
    first, whole = achievement(house), achievement(house, "Whole")
    had = house.issuer.issue(ACCOUNTS["EMPLOYEE"], first)["id"]
    made = enrol(house.employee, pathway(house, [step("a", first)], achievement=whole, lost=lost))
    award = credential(house.employee, made)
    house.issuer.post(f"/credentials/{award}/revoke", {"reason": "by hand"}, gives=200)
    for verb, wanted in ("suspend", "active"), ("reinstate", "completed"):
        house.issuer.post(f"/credentials/{had}/{verb}", {"reason": "x"} if verb == "suspend" else None, gives=200)
        assert stands(house.employee, made)[0] == wanted
        wait_for("nothing is owed", lambda: not house.sql("SELECT 1 FROM enrolment WHERE id = %s AND owed_at < 'infinity'", made["id"]))
    assert [one["state"] for one in awards(house, house.employee, whole)] == ["revoked"]


def test_a_part_that_ends_takes_progress_back_when_it_does(house):
    first = achievement(house)
    made = enrol(house.employee, pathway(house, [step("a", first), proof("b")]))
    house.issuer.issue(ACCOUNTS["EMPLOYEE"], first, valid_from="2020-01-01", expires_at=house.sql(
        "SELECT to_char((now() + interval '2 seconds') AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")[0][0])
    assert stands(house.employee, made) == ("active", 50, 1, 2)
    kept = lambda: house.sql("SELECT percent FROM enrolment WHERE id = %s", made["id"])[0][0]
    wait_for("it is kept so, with nobody asking", lambda: kept() == 0)
    assert stands(house.employee, made) == ("active", 0, 0, 2)


def test_who_is_invited_begins_when_they_accept(house):
    made = pathway(house, [proof("a")])
    invited = enrol(house.manager, made, person=BELOW)
    assert (invited["state"], invited["via"]) == ("invited", "invited")
    house.below.post(f"/enrolments/{invited['id']}/proofs", {"node": "a", "text": "x"}, gives=409)
    house.manager.post(f"/enrolments/{invited['id']}/accept", gives=403)
    assert "accept the invitation" in house.below.post(f"/pathways/{made}/enrolments", gives=409)["detail"]
    assert house.below.post(f"/enrolments/{invited['id']}/accept", gives=200)["state"] == "active"
    house.below.post(f"/enrolments/{invited['id']}/accept", gives=409)
    house.manager.post(f"/enrolments/{invited['id']}/leave", gives=403)  # not an invitation any more
    again = enrol(house.hr, pathway(house, [proof("a")]), person=BELOW)
    assert house.manager.post(f"/enrolments/{again['id']}/leave", gives=200)["state"] == "left"
    down = enrol(house.hr, pathway(house, [proof("a")]), person=BELOW)
    assert house.below.post(f"/enrolments/{down['id']}/leave", gives=200)["state"] == "left"
    assert story(house.below, invited) == ["invited", "accepted"] and story(house.below, down) == ["invited", "left"]


def test_who_may_not_enrols_nobody(house):
    made, draft = pathway(house, [proof("a")]), house.issuer.post("/pathways", {"name": "x", "nodes": [proof("a")]}, gives=201)["id"]
    house.employee.post(f"/pathways/{made}/enrolments", {"person": BELOW}, gives=400)  # whom they do not see
    house.admin.post(f"/pathways/{made}/enrolments", {"person": BELOW}, gives=403)
    house.rescue.post(f"/pathways/{made}/enrolments", gives=403)
    house.employee.post(f"/pathways/{MISSING}/enrolments", gives=404)
    house.employee.post(f"/pathways/{draft}/enrolments", gives=404)
    house.issuer.post(f"/pathways/{draft}/enrolments", gives=409)
    house.employee.post(f"/pathways/{made}/enrolments", {"until": "tomorrow"}, gives=400)
    enrol(house.employee, made)
    house.employee.post(f"/pathways/{made}/enrolments", gives=409)
    house.issuer.patch(f"/pathways/{made}", {"state": "archived"}, "*")
    house.below.post(f"/pathways/{made}/enrolments", gives=409)


def test_pausing_waits_with_awards_and_leaving_ends_it(house):
    first, whole = achievement(house), achievement(house, "Whole")
    way = pathway(house, [step("a", first)], achievement=whole)
    made = enrol(house.employee, way)
    assert house.employee.post(f"/enrolments/{made['id']}/pause", gives=200)["state"] == "paused"
    house.employee.post(f"/enrolments/{made['id']}/pause", gives=409)
    had = house.issuer.issue(ACCOUNTS["EMPLOYEE"], first)["id"]
    assert stands(house.employee, made) == ("paused", 100, 1, 1)
    assert not awards(house, house.employee, whole)
    assert house.employee.post(f"/enrolments/{made['id']}/resume", gives=200)["state"] == "completed"
    award = credential(house.employee, made)
    house.employee.post(f"/enrolments/{made['id']}/leave", gives=409)
    house.issuer.post(f"/credentials/{had}/suspend", {"reason": "x"}, gives=200)
    assert house.employee.post(f"/enrolments/{made['id']}/leave", gives=200)["state"] == "left"
    house.issuer.post(f"/credentials/{had}/reinstate", gives=200)
    assert stands(house.employee, made)[0] == "left"
    again = enrol(house.employee, way)
    assert again["state"] == "completed" and credential(house.employee, again) == award
    assert len(awards(house, house.employee, whole)) == 1
    assert [one["state"] for one in house.employee.get("/enrolments", pathway=way, sort="created_at")["items"]] == ["left", "completed"]


def test_a_new_version_moves_those_under_way_unless_they_may_stay(house):
    first, second = achievement(house), achievement(house)
    way = pathway(house, [step("a", first), proof("b")])
    house.issuer.issue(ACCOUNTS["EMPLOYEE"], first)
    made, other = enrol(house.employee, way), enrol(house.below, way)
    assert stands(house.employee, made) == ("active", 50, 1, 2)
    change(house, way, nodes=[step("a", first), proof("b"), step("c", second, weight=2)], keep_until="2099-01-01")
    assert house.employee.get(f"/enrolments/{made['id']}")["pathway"]["version"] == 1
    house.sql("ALTER TABLE pathway_version DISABLE TRIGGER stays")
    house.sql("UPDATE pathway_version SET keep_until = now() - interval '1 hour' WHERE pathway_id = %s", way)
    house.sql("ALTER TABLE pathway_version ENABLE TRIGGER stays")
    house.sql("UPDATE enrolment SET due_at = now() WHERE pathway_id = %s", way)
    assert stands(house.employee, made) == ("active", 25, 1, 3)
    assert house.employee.get(f"/enrolments/{made['id']}")["pathway"]["version"] == 2
    change(house, way, nodes=[step("a", first)])
    assert stands(house.employee, made) == ("completed", 100, 1, 1)
    assert stands(house.below, other) == ("active", 0, 0, 1)
    change(house, way, nodes=[step("a", first), step("c", second)])
    assert stands(house.employee, made) == ("completed", 100, 1, 1)  # who has completed it has
    assert story(house.employee, made) == ["begun", "moved", "completed"]


def test_who_had_completed_it_before_a_version_came_has_though_nobody_had_looked(house):
    first, second = achievement(house), achievement(house)
    way = pathway(house, [step("a", first)])
    made = enrol(house.employee, way)
    with contextlib.closing(house.postgres.connect(house.database)) as link:  # the only one who looks on their own
        link.cursor().execute("SELECT pg_advisory_lock(hashtext('standing'), 0)")
        house.issuer.issue(ACCOUNTS["EMPLOYEE"], first)
        assert house.sql("SELECT state FROM enrolment WHERE id = %s", made["id"]) == [("active",)]
        change(house, way, nodes=[step("a", first), step("b", second)])
    assert stands(house.employee, made) == ("completed", 100, 1, 1)
    assert house.employee.get(f"/enrolments/{made['id']}")["pathway"]["version"] == 1


def test_a_pathway_within_counts_as_far_as_it_is(house):
    first, second, third, whole = achievement(house), achievement(house), achievement(house), achievement(house, "Whole")
    inner = pathway(house, [step("a", first), step("b", second)])
    outer = pathway(house, [{"id": "p", "kind": "pathway", "pathway": inner}, step("c", third)], achievement=whole)
    made = enrol(house.employee, outer)
    assert stands(house.employee, made) == ("active", 0, 0, 2)
    within = enrol(house.employee, inner)
    house.issuer.issue(ACCOUNTS["EMPLOYEE"], first)
    assert stands(house.employee, made) == ("active", 25, 0, 2)  # a half of a half
    assert stands(house.employee, within) == ("active", 50, 1, 2)
    had = house.issuer.issue(ACCOUNTS["EMPLOYEE"], second)["id"]
    house.issuer.issue(ACCOUNTS["EMPLOYEE"], third)
    assert stands(house.employee, made) == ("completed", 100, 2, 2)
    credential(house.employee, made)
    house.issuer.post(f"/credentials/{had}/revoke", {"reason": "x"}, gives=200)
    assert stands(house.employee, made) == ("active", 75, 1, 2)


def test_proofs_are_decided_once_by_who_may(house):
    made = enrol(house.below, pathway(house, [proof("a"), step("b", achievement(house))]))
    offer = lambda **body: house.below.ask("POST", f"/enrolments/{made['id']}/proofs", {"node": "a", "text": ODD, "url": "https://example.org/🎓", **body})
    assert [offer(node=node).status_code for node in ("b", "nothing", "")] == [400] * 3
    house.below.post(f"/enrolments/{made['id']}/proofs", {"node": "a"}, gives=400)
    house.manager.post(f"/enrolments/{made['id']}/proofs", {"node": "a", "text": "x"}, gives=403)
    first = offer(url="https://example.org/x").json()
    assert house.sql("SELECT detail FROM outbox WHERE object = %s AND kind = 'proof.offered'", first["id"]) == [({"to": house.hr.get(f"/people/{made['person']['id']}")["manager"]["id"]},)]
    assert offer(url="https://example.org/x").status_code == 409
    assert [one["id"] for one in house.manager.get("/proofs", state="offered", enrolment=made["id"])["items"]] == [first["id"]]
    house.below.post(f"/proofs/{first['id']}/accept", gives=403)
    house.employee.post(f"/proofs/{first['id']}/accept", gives=404)
    assert house.manager.post(f"/proofs/{first['id']}/refuse", {"note": "whose?"}, gives=200)["state"] == "refused"
    house.hr.post(f"/proofs/{first['id']}/accept", gives=409)
    assert stands(house.below, made) == ("active", 0, 0, 2)
    second = offer(url="https://example.org/y").json()
    answers = []
    threads = [threading.Thread(target=lambda who=who, verb=verb: answers.append(who.ask("POST", f"/proofs/{second['id']}/{verb}").status_code))
               for who, verb in ((house.manager, "accept"), (house.hr, "refuse"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 409]


def test_proofs_are_taken_back_and_revoked(house):
    whole = achievement(house, "Whole")
    made = enrol(house.below, pathway(house, [proof("a")], achievement=whole, lost="revoke"))
    offer = lambda: house.below.post(f"/enrolments/{made['id']}/proofs", {"node": "a", "text": ODD}, gives=201)["id"]
    wrong = offer()
    for client, gives in (house.manager, 403), (house.hr, 403), (house.employee, 404):
        client.post(f"/proofs/{wrong}/withdraw", gives=gives)
    house.hr.post(f"/proofs/{wrong}/revoke", gives=409)
    house.below.post(f"/proofs/{wrong}/withdraw", {"note": "x"}, gives=400)
    assert house.below.post(f"/proofs/{wrong}/withdraw", gives=200)["state"] == "withdrawn"
    for verb in "accept", "refuse", "revoke":
        house.manager.post(f"/proofs/{wrong}/{verb}", gives=409)
    right = offer()  # at once
    house.manager.post(f"/proofs/{right}/accept", gives=200)
    house.below.post(f"/proofs/{right}/withdraw", gives=409)
    award = credential(house.below, made)
    house.below.post(f"/proofs/{right}/revoke", gives=403)
    house.employee.post(f"/proofs/{right}/revoke", gives=404)
    told = house.hr.post(f"/proofs/{right}/revoke", {"note": "forged 🎓"}, gives=200)
    assert (told["state"], told["note"]) == ("revoked", "forged 🎓")
    house.hr.post(f"/proofs/{right}/revoke", gives=409)
    assert stands(house.below, made) == ("active", 0, 0, 1)
    state(house, award, "revoked")
    house.manager.post(f"/proofs/{offer()}/accept", gives=200)
    assert stands(house.below, made) == ("completed", 100, 1, 1)
    kinds = house.sql("SELECT kind FROM outbox WHERE object IN (%s, %s) ORDER BY made_at, id", wrong, right)
    assert [kind for kind, in kinds] == ["proof.offered", "proof.withdrawn", "proof.offered", "proof.accepted", "proof.revoked"]


@pytest.mark.parametrize("verb", ["withdraw", "refuse"])
def test_of_two_who_turn_a_proof_at_once_one_does(house, verb):
    for _ in range(5):
        made = enrol(house.below, pathway(house, [proof("a")]))
        offered = house.below.post(f"/enrolments/{made['id']}/proofs", {"node": "a", "text": "x"}, gives=201)["id"]
        other = house.below if verb == "withdraw" else house.hr
        given = at_once(lambda: house.manager.ask("POST", f"/proofs/{offered}/accept"), lambda: other.ask("POST", f"/proofs/{offered}/{verb}"))
        assert sorted(one.status_code for one in given) == [200, 409]
        assert stands(house.below, made)[0] == ("completed" if given[0].status_code == 200 else "active")


def test_nobody_is_enrolled_twice_at_once(house):
    for _ in range(5):
        way, answers = pathway(house, [proof("a")]), []
        clients = [house.sign_in(BELOW), house.sign_in(BELOW), house.sign_in(ACCOUNTS["MANAGER"]), house.sign_in(ACCOUNTS["HR"])]
        threads = [threading.Thread(target=lambda who=who, body=body: answers.append(who.ask("POST", f"/pathways/{way}/enrolments", body).status_code))
                   for who, body in zip(clients, ({}, {}, {"person": BELOW}, {"person": BELOW}))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == [201, 409, 409, 409]
        assert len(house.sql("SELECT 1 FROM enrolment WHERE pathway_id = %s", way)) == 1


def test_what_is_not_issued_any_more_waits_and_takes_nothing_down(house):
    first, whole = achievement(house), achievement(house, "Whole")
    made = enrol(house.employee, pathway(house, [step("a", first)], achievement=whole))
    house.hr.patch(f"/achievements/{whole}", {"state": "archived"}, "*")
    house.issuer.issue(ACCOUNTS["EMPLOYEE"], first)
    assert stands(house.employee, made)[0] == "completed"
    wait_for("it is put off", lambda: house.sql("SELECT 1 FROM enrolment WHERE id = %s AND owed_at BETWEEN now() + interval '23 hours'"
                                                " AND now() + interval '24 hours'", made["id"]))
    told = f"what follows of enrolment {made['id']} waits: the achievement is not published"
    assert house.log().count(told) == 1 and told_of(house, made) == ["enrolment.begun", "enrolment.completed"]
    assert "credential_id" not in house.employee.get(f"/enrolments/{made['id']}")
    assert enrol(house.below, pathway(house, [step("a", first)]))["state"] == "active"
