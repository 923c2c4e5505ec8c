# SPDX-License-Identifier: Apache-2.0
"""Steps that nobody is awarded any more: they are told apart from those that can be done, and who has them keeps them."""
import pytest
from kit.house import ACCOUNTS, demo_house

BELOW = "jmarsh"


@pytest.fixture(scope="module")
def house(postgres):
    with demo_house(postgres=postgres) as house:
        house.hr, house.issuer = house.sign_in(ACCOUNTS["HR"]), house.sign_in(ACCOUNTS["ISSUER"])
        house.set_password(BELOW)
        house.below, house.employee = house.sign_in(BELOW), house.sign_in(ACCOUNTS["EMPLOYEE"])
        yield house


def achievement(house, name, **fields):
    return house.hr.post("/achievements", {"name": name, "state": "published", **fields}, gives=201)["id"]


def archive(house, achievement):
    house.hr.patch(f"/achievements/{achievement}", {"state": "archived"}, "*")


def step(name, achievement, **fields):
    return {"id": name, "kind": "achievement", "achievement": achievement, **fields}


def way(house, *nodes, **fields):
    return house.issuer.post("/pathways", {"name": "Way 🛤", "nodes": list(nodes), "state": "published", **fields}, gives=201)["id"]


def enrol(house, client, pathway):
    """As if it had been ten days ago."""
    made = client.post(f"/pathways/{pathway}/enrolments", gives=201)["id"]
    house.sql("UPDATE enrolment SET created_at = now() - interval '10 days' WHERE id = %s", made)
    return made


def view(client, made):
    return next(one for one in client.pages("/me/pathways") if one["id"] == made)


def blocked(found):
    return [(one["id"], one.get("by", {}).get("id"), one["why"]) for one in found["blocked"]]


def states(found):
    return {node["id"]: node["state"] for node in found["graph"]["nodes"]}


def test_what_is_not_issued_any_more_is_no_next_step_and_says_so(house):
    first, gone = achievement(house, "First"), achievement(house, "Rope Rescue 🧗")
    pathway = way(house, step("a", first), step("b", gone), step("c", achievement(house, "Third")))
    made, others = enrol(house, house.below, pathway), enrol(house, house.employee, pathway)
    house.issuer.issue(BELOW, first)
    house.issuer.issue(ACCOUNTS["EMPLOYEE"], gone)
    assert view(house.below, made)["words"] == "1 of 3 steps done; next: Rope Rescue 🧗 or Third" and "estimated_finish" in view(house.below, made)
    archive(house, gone)
    found = view(house.below, made)
    assert [one["id"] for one in found["next"]] == ["c"] and found["words"] == "1 of 3 steps done; next: Third"
    assert blocked(found) == [("b", None, "Rope Rescue 🧗 is not issued any more")] and states(found) == {"a": "done", "b": "blocked", "c": "open"}
    assert "estimated_finish" not in found and (found["percent"], found["done"], found["needed"]) == (33, 1, 3)
    held = view(house.employee, others)
    assert states(held) == {"a": "open", "b": "done", "c": "open"} and held["blocked"] == [] and "estimated_finish" in held
    house.issuer.issue(BELOW, house.sql("SELECT achievement_id FROM pathway_node WHERE pathway_id = %s AND node = 'c'", pathway)[0][0])
    assert view(house.below, made)["words"] == "2 of 3 steps done; not issued any more: Rope Rescue 🧗"


def test_where_there_is_a_choice_the_others_lead_there(house):
    gone, left = achievement(house, "Gone"), achievement(house, "Left")
    pathway = way(house, {"id": "g", "kind": "group", "need": 1}, step("a", gone, within="g"), step("b", left, within="g"),
                  step("c", achievement(house, "Spare one"), optional=True), {"id": "p", "kind": "proof", "name": "Before"})
    made = enrol(house, house.below, pathway)
    proof = house.below.post(f"/enrolments/{made}/proofs", {"node": "p", "text": "x"}, gives=201)["id"]
    house.hr.post(f"/proofs/{proof}/accept", {}, gives=200)
    archive(house, gone)
    found = view(house.below, made)
    assert [one["id"] for one in found["next"]] == ["b", "c"] and blocked(found) == [("a", None, "Gone is not issued any more")]
    assert "estimated_finish" in found
    house.issuer.issue(BELOW, left)
    found = view(house.below, made)
    assert found["state"] == "completed" and found["blocked"] == [] and states(found)["a"] == "spare"


def test_what_comes_behind_it_waits_for_it(house):
    gone = achievement(house, "Before all")
    pathway = way(house, step("a", gone), {"id": "b", "kind": "proof", "name": "After", "after": ["a"]})
    made = enrol(house, house.below, pathway)
    archive(house, gone)
    found = view(house.below, made)
    assert blocked(found) == [("a", None, "Before all is not issued any more"), ("b", "a", "Before all comes first")]
    assert found["next"] == [] and found["words"] == "0 of 2 steps done; not issued any more: Before all"


def test_an_issuer_that_is_archived_issues_nothing(house):
    made = house.rescue.post("/issuers", {"name": "Guild"}, gives=201)["id"]
    theirs = house.rescue.post("/achievements", {"name": "Of the guild", "issuer": made, "state": "published"}, gives=201)["id"]
    enrolled = enrol(house, house.below, way(house, step("a", theirs)))
    assert [one["id"] for one in view(house.below, enrolled)["next"]] == ["a"]
    house.rescue.patch(f"/api/v1/issuers/{made}", {"state": "archived"}, "*")
    assert blocked(view(house.below, enrolled)) == [("a", None, "Of the guild is not issued any more")]
