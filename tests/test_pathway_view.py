# SPDX-License-Identifier: Apache-2.0
"""The pathways of one person as they live in them: where they stand, what is next and what blocks, when they may be done, and the
graph to be drawn, right at the moment of asking."""
import datetime
import itertools

import pytest
from kit.contract import MISSING
from kit.enrolled import enrol
from kit.house import ACCOUNTS, AUDITOR, demo_house

BELOW = "jmarsh"  # the manager's
ODD = "Sicherheit 😀 \"am Arbeitsplatz\" א </script>"
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def house(postgres):
    with demo_house(postgres=postgres) as house:
        house.set_password(BELOW)
        house.hr, house.issuer, house.manager, house.admin = (house.sign_in(ACCOUNTS[name]) for name in ("HR", "ISSUER", "MANAGER", "ADMIN"))
        house.employee, house.below, house.auditor = house.sign_in(ACCOUNTS["EMPLOYEE"]), house.sign_in(BELOW), house.sign_in(AUDITOR)
        house.people = {one["username"]: one["id"] for one in house.hr.pages("/people", limit=500)}
        house.hr.post("/frameworks", {"code": "PV", "name": "Views"})
        yield house


def achievement(house, name=None, **fields):
    return house.hr.post("/achievements", {"name": name or f"Thing {next(NUMBERS)}", "state": "published", **fields}, gives=201)["id"]


def step(name, achievement, **fields):
    return {"id": name, "kind": "achievement", "achievement": achievement, **fields}


def proof(name, **fields):
    return {"id": name, "kind": "proof", "name": f"Proof {name}", **fields}


def published(house, *nodes, name="Way", **fields):
    return house.hr.post("/pathways", {"name": name, "nodes": list(nodes), "state": "published", **fields}, gives=201)["id"]


def view(client, id, path="/me/pathways", **params):
    """Of the enrolment with that id."""
    return next(one for one in client.pages(path, **params) if one["id"] == id)


def ids(nodes):
    return [node["id"] for node in nodes]


def test_where_they_stand_in_a_graph_with_all_there_is(house):
    """An achievement that is held, a choice of two, one pathway within, an optional step, and an exam behind all of it. Weights: of
    1 + 1 + 1 + 2 = 5 one is done, so 20 per cent; steps: a, one of b and c, the inner one, the exam."""
    held, other = achievement(house, "Fire safety"), achievement(house, ODD)
    skill = house.hr.post("/skills", {"framework": "PV", "code": "PV1", "label": "Ladders"})["id"]
    inner = published(house, proof("only"), name="Basics")
    badge = achievement(house, "Halfway")
    pathway = house.issuer.post("/pathways", {"name": ODD, "state": "published", "nodes": [
        step("a", held), {"id": "choice", "kind": "group", "name": "A choice", "need": 1, "after": ["a"], "milestone": badge},
        {"id": "b", "kind": "skill", "skill": skill, "level": 2, "within": "choice"}, step("c", other, within="choice"),
        {"id": "in", "kind": "pathway", "pathway": inner}, proof("x", optional=True, after=["a"]),
        proof("exam", weight=2, after=["choice", "in"])]}, gives=201)["id"]
    earned = house.issuer.issue(BELOW, held)
    made = enrol(house, house.people[BELOW], pathway, until="2099-12-31")
    found = view(house.below, made)
    assert found["pathway"] == {"id": pathway, "version": 1, "name": ODD}
    assert (found["state"], found["via"], found["until"]) == ("active", "self", "2099-12-31")
    assert (found["percent"], found["done"], found["needed"]) == (20, 1, 4)
    assert found["words"] == f"1 of 4 steps done; next: Ladders, {ODD} or Basics"
    assert found["next"] == [
        {"id": "b", "kind": "skill", "name": "Ladders", "skill": {"id": skill, "label": "Ladders"}, "level": 2, "needed": True},
        {"id": "c", "kind": "achievement", "name": ODD, "achievement": {"id": other, "name": ODD}, "needed": True},
        {"id": "in", "kind": "pathway", "name": "Basics", "pathway": {"id": inner, "name": "Basics"}, "needed": True},
        {"id": "x", "kind": "proof", "name": "Proof x", "needed": False}]
    assert found["blocked"] == [{"id": "exam", "kind": "proof", "name": "Proof exam", "by": {"id": "choice", "name": "A choice"},
                                 "why": "1 of A choice comes first"}]
    assert {"estimated_finish", "completed_at", "credential_id"}.isdisjoint(found)
    graph = found["graph"]
    assert graph["enforced"] is True and graph["edges"] == [
        {"from": "a", "to": "choice"}, {"from": "a", "to": "x"}, {"from": "choice", "to": "exam"}, {"from": "in", "to": "exam"}]
    nodes = {node["id"]: node for node in graph["nodes"]}
    assert {name: (node["state"], node["percent"]) for name, node in nodes.items()} == {
        "a": ("done", 100), "choice": ("open", 0), "b": ("open", 0), "c": ("open", 0), "in": ("open", 0), "x": ("spare", 0), "exam": ("blocked", 0)}
    assert {name: (node["layer"], node["row"]) for name, node in nodes.items()} == {
        "a": (0, 0), "in": (0, 1), "choice": (1, 0), "b": (1, 0), "c": (1, 1), "x": (1, 2), "exam": (2, 0)}
    assert nodes["a"]["since"] == earned["valid_from"] and "since" not in nodes["in"]
    assert nodes["choice"] == {"id": "choice", "kind": "group", "name": "A choice", "milestone": {"id": badge, "name": "Halfway"}, "state": "open",
                               "percent": 0, "optional": False, "weight": 1, "need": 1, "layer": 1, "row": 0, "layers": 1, "rows": 2}
    assert (nodes["b"]["within"], nodes["x"]["optional"], nodes["exam"]["weight"]) == ("choice", True, 2)
