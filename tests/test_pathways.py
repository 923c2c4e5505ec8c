# SPDX-License-Identifier: Apache-2.0
"""Pathways: graphs in versions, of which what was published stays as it is, and what they may be made of."""
import datetime
import itertools
import threading

import psycopg2
import pytest
import requests
from kit.contract import MISSING
from kit.house import ACCOUNTS, AUDITOR, BASE, OTHER_ISSUER, demo_house

ODD = "Sicherheit 😀 \"am Arbeitsplatz\" א </script>"
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def house(postgres):
    with demo_house(postgres=postgres) as house:
        house.hr, house.admin, house.issuer = (house.sign_in(ACCOUNTS[name]) for name in ("HR", "ADMIN", "ISSUER"))
        house.employee, house.auditor, house.other = house.sign_in(ACCOUNTS["EMPLOYEE"]), house.sign_in(AUDITOR), house.sign_in(OTHER_ISSUER)
        house.hr.post("/frameworks", {"code": "PW", "name": "Pathways"}, gives=201)
        house.partner = house.admin.post("/issuers", {"name": "Partner", "groups": [f"cn=nobody,ou=groups,{BASE}"]}, gives=201)["id"]
        yield house


def achievement(house, **fields):
    return house.hr.post("/achievements", {"name": f"Thing {next(NUMBERS)}", "state": "published", **fields}, gives=201)


def skill(house, **fields):
    code = f"PW-{next(NUMBERS)}"
    return house.hr.post("/skills", {"framework": "PW", "code": code, "label": f"Skill {code}", **fields}, gives=201)


def proof(name, **fields):
    return {"id": name, "kind": "proof", "name": f"Proof of {name}", **fields}


def chain(*names, **fields):
    """Each after the one before."""
    return [proof(name, **({"after": [before]} if before else {}), **fields) for before, name in zip((None, *names), names)]


def pathway(house, *nodes, gives=201, by=None, **fields):
    return (by or house.issuer).post("/pathways", {"name": f"Pathway {next(NUMBERS)}", "nodes": list(nodes), **fields}, gives=gives)


def published(house, *nodes, **fields):
    return pathway(house, *(nodes or [proof("only")]), state="published", **fields)


def inner(name, other):
    return {"id": name, "kind": "pathway", "pathway": other["id"]}


def errors(problem):
    return [(error["field"], error["message"]) for error in problem["errors"]]


def shown(node, **more):
    """A node as it comes back."""
    return {"optional": False, "weight": 1, "after": [], **node, **more}


# ---- what is written comes back

def test_a_pathway_keeps_its_nodes_in_their_order_with_all_they_say(house):
    thing, badge, goal, known = (achievement(house, name=name) for name in ("First aid", "Halfway", "All of it", "x"))
    can, stacked = skill(house), published(house)
    nodes = [proof("😀 step", description=ODD, weight=0, optional=True, within="gruppe"),
             {"id": "a", "kind": "achievement", "achievement": thing["id"].upper(), "milestone": {"id": badge["id"]}},
             {"id": "b", "kind": "skill", "skill": can["code"], "level": 3, "after": ["a", "gruppe"], "weight": 1000},
             {"id": "gruppe", "kind": "group", "need": 2, "after": ["a"], "name": ODD},
             {"id": "c", "kind": "pathway", "pathway": {"id": stacked["id"], "name": "not read"}, "within": "gruppe"},
             {"id": "d", "kind": "skill", "skill": {"id": can["id"]}, "level": 1, "within": "gruppe"}]
    made = house.hr.post("/pathways", {"name": ODD, "description": "x", "enforced": False, "achievement": goal["id"], "lost": "revoke",
                                       "nodes": nodes}, gives=201)
    labelled = {"id": can["id"], "label": can["label"]}
    assert made["nodes"] == [
        shown(nodes[0]), shown(nodes[1], achievement={"id": thing["id"], "name": "First aid"}, milestone={"id": badge["id"], "name": "Halfway"}),
        shown(nodes[2], skill=labelled), shown(nodes[3]), shown(nodes[4], pathway={"id": stacked["id"], "name": stacked["name"]}),
        shown(nodes[5], skill=labelled)]
    assert {key: made[key] for key in ("name", "description", "enforced", "lost", "state", "version", "steps")} == {
        "name": ODD, "description": "x", "enforced": False, "lost": "revoke", "state": "draft", "version": 1, "steps": 5}
    assert made["achievement"] == {"id": goal["id"], "name": "All of it"} and made["issuer"]["name"] == "Example Ltd"
    assert "published_at" not in made and "keep_until" not in made
    assert house.issuer.get(f"/pathways/{made['id']}") == made
    brief = {key: value for key, value in made.items() if key != "nodes"}
    assert brief in house.hr.pages("/pathways") and house.hr.pages("/pathways", q="sicherheit 😀") == [brief]
    etag = house.hr.get(f"/pathways/{made['id']}") and house.hr.last.headers["ETag"]
    assert house.hr.patch(f"/pathways/{made['id']}", {"nodes": made["nodes"], "name": ODD}, etag) == made  # as it came
    assert house.hr.last.headers["ETag"] == etag
    for found in thing, badge, goal:
        assert house.hr.pages("/pathways", achievement=found["id"]) == [brief]
    assert house.hr.pages("/pathways", achievement=known["id"]) == []


def test_what_is_not_said_is_what_the_document_says(house):
    made = house.hr.post("/pathways", {"name": "x"}, gives=201)
    assert (made["enforced"], made["lost"], made["state"], made["nodes"], made["steps"]) == (True, "keep", "draft", [], 0)
    assert house.hr.post("/pathways", {"name": "x", "nodes": []}, gives=201)["nodes"] == []
    changed = house.hr.patch(f"/pathways/{made['id']}", {"nodes": [proof("a")], "enforced": False, "lost": "suspend", "description": "d"}, "*")
    assert (changed["nodes"], changed["enforced"], changed["lost"], changed["version"]) == ([shown(proof("a"))], False, "suspend", 1)
    emptied = house.hr.patch(f"/pathways/{made['id']}", {"nodes": None, "description": None}, "*")
    assert emptied["nodes"] == [] and "description" not in emptied and emptied["lost"] == "suspend"


# ---- versions

def test_what_was_published_is_superseded_and_never_edited(house):
    made = published(house, *chain("a", "b"), name="One")
    assert made["published_at"] and made["version"] == 1
    path = f"/pathways/{made['id']}"
    draft = house.issuer.patch(path, {"name": "Two"}, "*")
    assert (draft["version"], draft["state"], draft["nodes"]) == (2, "draft", made["nodes"]) and "published_at" not in draft
    again = house.issuer.patch(path, {"nodes": [proof("c")]}, "*")
    assert (again["version"], [node["id"] for node in again["nodes"]]) == (2, ["c"])
    seen = house.employee.get(path)
    assert (seen["version"], seen["name"], seen["nodes"]) == (1, "One", made["nodes"])
    house.employee.get(path, version=2, gives=404)
    until = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=90)).strftime("%Y-%m-%dT00:00:00Z")
    out = house.issuer.patch(path, {"state": "published", "keep_until": until}, "*")
    assert (out["version"], out["state"], out["keep_until"]) == (2, "published", until)
    assert house.employee.get(path) == out and house.employee.get(path, version=1)["state"] == "published"
    assert house.employee.get(path, version=1)["nodes"] == made["nodes"]
    at_once = house.issuer.patch(path, {"name": "Three", "state": "published"}, "*")
    assert (at_once["version"], at_once["state"], at_once["nodes"]) == (3, "published", out["nodes"]) and "keep_until" not in at_once
    assert [(one["version"], one["name"]) for one in house.employee.pages(f"{path}/versions")] == [(1, "One"), (2, "Two"), (3, "Three")]
    assert house.issuer.patch(path, {"state": "archived"}, "*")["state"] == "archived"
    house.issuer.patch(path, {"name": "Four"}, "*", gives=409)
    house.issuer.patch(path, {"state": "published"}, "*", gives=409)
    story = [(one["kind"], one["version"]) for one in house.auditor.pages(f"{path}/events")]
    assert story == [("created", 1), ("published", 1), ("created", 2), ("edited", 2), ("superseded", 1), ("published", 2),
                     ("created", 3), ("superseded", 2), ("published", 3), ("archived", 3)]
    assert house.auditor.pages(f"{path}/events", sort="-at", limit=3)[0]["kind"] == "archived"
    told = [one["kind"] for one in house.admin.pages("/outbox", object=made["id"])]  # two of one moment in any order
    assert sorted(told) == [f"pathway.{kind}" for kind in ["archived", *["created"] * 3, "edited", *["published"] * 3]]
    detail = house.auditor.pages("/audit", object=made["id"], sort="at")[3]["detail"]
    assert detail == {"name": "Two", "version": "2", "state": "published", "steps": "1", "lost": "keep", "keep_until": until}
    actions = [action for action, in house.sql("SELECT action FROM audit_entry WHERE object = %s ORDER BY seq", made["id"])]
    assert actions == ["pathway.add", "pathway.supersede", "pathway.set", "pathway.publish", "pathway.supersede", "pathway.archive"]
    assert house.sql("SELECT count(*) FROM change WHERE noun = 'pathway' AND key = %s", made["id"]) == [(6,)]


def test_where_nothing_changes_nothing_is_written(house):
    made = published(house, *chain("a", "b"))
    etag = house.issuer.last.headers["ETag"]
    for same in {}, {"name": made["name"]}, {"nodes": chain("a", "b")}, {"state": "published"}, {"enforced": True, "lost": "keep"}:
        assert house.issuer.patch(f"/pathways/{made['id']}", same, etag) == made and house.issuer.last.headers["ETag"] == etag
    assert len(house.auditor.pages("/audit", object=made["id"])) == 1


def test_states_that_do_not_follow_are_refused(house):
    made = published(house)
    path = f"/pathways/{made['id']}"
    house.issuer.patch(path, {"state": "draft"}, "*", gives=409)
    house.issuer.patch(path, {"state": "archived", "name": "x"}, "*", gives=409)
    assert house.issuer.get(path) == made
    dropped = pathway(house, proof("a"))
    assert house.issuer.patch(f"/pathways/{dropped['id']}", {"state": "archived"}, "*")["version"] == 1
    assert "/state" in dict(errors(house.issuer.post("/pathways", {"name": "x", "state": "archived"}, gives=400)))


def test_with_a_draft_what_was_published_before_it_is_archived_too(house):
    made, never = published(house, name="Out"), pathway(house, proof("a"))
    path = f"/pathways/{made['id']}"
    for change in {"name": "Not out"}, {"state": "archived"}:
        house.issuer.patch(path, change, "*")
    assert [(one["version"], one["state"], one["name"]) for one in house.hr.pages(f"{path}/versions")] == [(1, "archived", "Out"), (2, "archived", "Not out")]
    seen = house.employee.get(path)
    assert (seen["version"], seen["state"], seen["name"]) == (1, "archived", "Out") and len(house.employee.pages(f"{path}/versions")) == 1
    assert "/nodes/0/pathway" in dict(errors(published(house, inner("a", made), gives=400)))
    house.issuer.patch(f"/pathways/{never['id']}", {"state": "archived"}, "*")
    house.employee.get(f"/pathways/{never['id']}", gives=404)


def test_what_it_stands_on_is_called_as_it_was_published_last(house):
    step, award, marked = (achievement(house, name=f"Out 🪜 {word}") for word in ("step", "award", "mark"))
    draft = achievement(house, name="Not yet", state="draft")
    made = published(house, {"id": "a", "kind": "achievement", "achievement": step["id"]}, proof("b", milestone=marked["id"]), achievement=award["id"])
    planned = pathway(house, {"id": "a", "kind": "achievement", "achievement": draft["id"]})

    def names():
        shows = house.employee.get(f"/pathways/{made['id']}")
        return [shows["achievement"]["name"], shows["nodes"][0]["achievement"]["name"], shows["nodes"][1]["milestone"]["name"]]
    called = lambda: house.issuer.get(f"/pathways/{planned['id']}")["nodes"][0]["achievement"]["name"]
    assert names() == ["Out 🪜 award", "Out 🪜 step", "Out 🪜 mark"] and called() == "Not yet"
    for change in {"name": "Not out"}, {"state": "archived"}:  # a draft of each, which never was
        for one in step, award, marked:
            house.hr.patch(f"/achievements/{one['id']}", change, "*")
        assert names() == ["Out 🪜 award", "Out 🪜 step", "Out 🪜 mark"]
    for change, name in ({"name": "Then"}, "Then"), ({"state": "published"}, "Then"), ({"name": "Later"}, "Then"), ({"state": "published"}, "Later"), \
            ({"state": "archived"}, "Later"):
        house.hr.patch(f"/achievements/{draft['id']}", change, "*")
        assert called() == name


def test_who_stays_until_when_is_said_of_what_is_published(house):
    made = published(house)
    path = f"/pathways/{made['id']}"
    for body in {"keep_until": "2099-01-01"}, {"keep_until": "2099-01-01", "name": "x"}, {"keep_until": "2099-01-01", "state": "published"}, \
            {"keep_until": "2020-01-01", "name": "x", "state": "published"}:
        assert "/keep_until" in dict(errors(house.issuer.patch(path, body, "*", gives=400))), body
    assert house.issuer.get(path) == made
    out = house.issuer.patch(path, {"name": "x", "state": "published", "keep_until": "2099-01-01T00:00:00+01:00"}, "*")
    assert out["keep_until"] == "2098-12-31T23:00:00Z"


def test_the_database_itself_keeps_what_was_published(house):
    made = published(house, *chain("a", "b"))["id"]
    house.issuer.patch(f"/pathways/{made}", {"nodes": [proof("draft")]}, "*")
    for sql in ("UPDATE pathway_version SET name = 'y' WHERE pathway_id = %s AND number = 1", "DELETE FROM pathway_version WHERE pathway_id = %s AND number = 1",
                "UPDATE pathway_version SET state = 'draft' WHERE pathway_id = %s AND number = 1",
                "UPDATE pathway_node SET weight = 2 WHERE pathway_id = %s AND number = 1", "DELETE FROM pathway_node WHERE pathway_id = %s AND number = 1",
                "INSERT INTO pathway_node (pathway_id, number, place, node, kind) VALUES (%s, 1, 9, 'z', 'proof')",
                "DELETE FROM pathway_event WHERE pathway_id = %s"):
        with pytest.raises(psycopg2.Error):
            house.sql(sql, made)


# ---- what is refused by name

def test_a_cycle_is_named(house):
    for size in 1, 2, 3, 19, 200:
        names = [f"n{number}" for number in range(size)]
        nodes = chain(*names)
        nodes[0]["after"] = [names[-1]]
        [(field, message)] = errors(pathway(house, *nodes, gives=400))
        named = names if size <= 20 else [*names[:20], f"({size - 20} more)"]
        assert (field, message) == ("/nodes", f"is a cycle: {' > '.join([*named, 'n0'])}")
    made = pathway(house, *chain("a", "b"))
    problem = house.issuer.patch(f"/pathways/{made['id']}", {"nodes": [{"id": "G", "kind": "group"}, proof("m", within="G", after=["x"]), proof("x", after=["G"])]},
                                 "*", gives=400)
    assert errors(problem) == [("/nodes", "is a cycle: G > x > m > G")]
    assert house.issuer.get(f"/pathways/{made['id']}") == made


def test_what_cannot_be_a_node_is_named(house):
    thing, can = achievement(house), skill(house)
    group = {"id": "g", "kind": "group"}
    for field, nodes in (("/nodes", {}), ("/nodes", "x"), ("/nodes/0", ["x"]), ("/nodes/0/id", [{"kind": "proof", "name": "x"}]),
                         ("/nodes/0/kind", [{"id": "a"}]), ("/nodes/0/kind", [{"id": "a", "kind": "badge"}]), ("/nodes/0/id", [proof("x" * 101)]),
                         ("/nodes/0/id", [{**proof("a"), "id": ""}]), ("/nodes/0/shoe_size", [proof("a", shoe_size=43)]),
                         ("/nodes/1/id", [proof("a"), proof("a")]), ("/nodes/0/after/0", [proof("a", after=["b"])]),
                         ("/nodes/1/after/1", [proof("a"), proof("b", after=["a", "a"])]), ("/nodes/0/after", [proof("a", after="b")]),
                         ("/nodes/0/within", [proof("a", within="b")]), ("/nodes/1/within", [proof("a"), proof("b", within="a")]),
                         ("/nodes/0/need", [proof("a", need=1)]), ("/nodes/0/need", [{**group, "need": 2}, proof("a", within="g")]),
                         ("/nodes/0/need", [{**group, "need": 0}, proof("a", within="g")]), ("/nodes/1", [proof("a"), group]),
                         ("/nodes/0/name", [{"id": "a", "kind": "proof"}]), ("/nodes/0/weight", [proof("a", weight=-1)]),
                         ("/nodes/0/weight", [proof("a", weight=1001)]), ("/nodes/0/weight", [proof("a", weight=1.5)]), ("/nodes/0/optional", [proof("a", optional=1)]),
                         ("/nodes/0/achievement", [{"id": "a", "kind": "achievement"}]), ("/nodes/0/achievement", [{"id": "a", "kind": "achievement", "achievement": MISSING}]),
                         ("/nodes/0/achievement", [{"id": "a", "kind": "achievement", "achievement": "x"}]), ("/nodes/0/achievement", [proof("a", achievement=thing["id"])]),
                         ("/nodes/0/skill", [{"id": "a", "kind": "skill", "level": 1}]), ("/nodes/0/level", [{"id": "a", "kind": "skill", "skill": can["id"]}]),
                         ("/nodes/0/skill", [{"id": "a", "kind": "skill", "level": 1, "skill": "no such skill"}]), ("/nodes/0/level", [proof("a", level=1)]),
                         ("/nodes/0/level", [{"id": "a", "kind": "skill", "skill": can["id"], "level": 6}]),
                         ("/nodes/0/pathway", [{"id": "a", "kind": "pathway", "pathway": MISSING}]), ("/nodes/0/pathway", [{"id": "a", "kind": "pathway"}]),
                         ("/nodes/0/milestone", [proof("a", milestone=MISSING)]), ("/nodes/0/milestone", [proof("a", milestone="x")]),
                         ("/nodes", [proof("a", optional=True)]), ("/nodes", [proof(str(number)) for number in range(2001)])):
        problem = house.issuer.post("/pathways", {"name": "x", "nodes": nodes}, gives=400)
        assert field in dict(errors(problem)), (field, problem["errors"])


def test_what_cannot_be_said_of_a_pathway_is_named(house):
    for field, body in (("/name", {"name": None}), ("/name", {"name": ""}), ("/achievement", {"achievement": MISSING}), ("/achievement", {"achievement": "x"}),
                        ("/lost", {"lost": "forget"}), ("/enforced", {"enforced": "yes"}), ("/issuer", {"issuer": MISSING}), ("/issuer", {"issuer": "x"}),
                        ("/keep_until", {"keep_until": "2099-01-01"}), ("/state", {"state": "in_review"})):
        assert field in dict(errors(house.issuer.post("/pathways", {"name": "x", **body}, gives=400))), body
    made = pathway(house, proof("a"))
    for field in "enforced", "lost", "state", "issuer":
        assert f"/{field}" in dict(errors(house.issuer.patch(f"/pathways/{made['id']}", {field: None}, "*", gives=400)))


def test_two_thousand_nodes_are_as_many_as_there_may_be(house):
    names = [f"step {number}" for number in range(2000)]
    made = published(house, *chain(*names))
    assert made["steps"] == 2000 and [node["id"] for node in made["nodes"]] == names
    assert made["nodes"][1999]["after"] == ["step 1998"]
    changed = house.issuer.patch(f"/pathways/{made['id']}", {"nodes": [{**node, "weight": 2} for node in chain(*names)], "state": "published"}, "*")
    assert changed["version"] == 2 and {node["weight"] for node in changed["nodes"]} == {2}


# ---- what it takes to publish

def test_what_it_stands_on_must_be_published(house):
    draft, gone, fine = achievement(house, state="draft"), achievement(house), achievement(house)
    unready, over = pathway(house, proof("a")), published(house)
    house.hr.patch(f"/achievements/{gone['id']}", {"state": "archived"}, "*")
    house.issuer.patch(f"/pathways/{over['id']}", {"state": "archived"}, "*")
    for field, body in (("/achievement", {"achievement": draft["id"]}), ("/achievement", {"achievement": gone["id"]}),
                        ("/nodes/1/achievement", {"nodes": [proof("a"), {"id": "b", "kind": "achievement", "achievement": draft["id"]}]}),
                        ("/nodes/0/achievement", {"nodes": [{"id": "b", "kind": "achievement", "achievement": gone["id"]}]}),
                        ("/nodes/0/milestone", {"nodes": [proof("a", milestone=draft["id"])]}),
                        ("/nodes/0/pathway", {"nodes": [inner("a", unready)]}), ("/nodes/0/pathway", {"nodes": [inner("a", over)]}),
                        ("/nodes", {"nodes": []})):
        body = {"name": "x", "nodes": [proof("a")], **body}
        made = house.issuer.post("/pathways", body, gives=201)
        assert field in dict(errors(house.issuer.patch(f"/pathways/{made['id']}", {"state": "published"}, "*", gives=400))), body
        assert house.issuer.get(f"/pathways/{made['id']}") == made
        assert field in dict(errors(house.issuer.post("/pathways", {**body, "state": "published"}, gives=400)))
    # A draft behind what is published does not stand against it.
    house.hr.patch(f"/achievements/{fine['id']}", {"criteria": "new"}, "*")
    published(house, {"id": "a", "kind": "achievement", "achievement": fine["id"]})


def test_a_skill_that_is_gone_is_seen_when_it_is_published(house):
    can = skill(house)
    made = pathway(house, {"id": "a", "kind": "skill", "skill": can["id"], "level": 2})
    house.hr.patch(f"/skills/{can['id']}", {"status": "archived"}, "*")
    assert "/nodes/0/skill" in dict(errors(house.issuer.patch(f"/pathways/{made['id']}", {"state": "published"}, "*", gives=400)))


def test_pathways_within_each_other_are_a_cycle_and_named(house):
    a, b, c = (published(house, name=name) for name in ("A", "B", "C"))
    at = lambda one: f"/pathways/{one['id']}"  # noqa: E731
    [(field, _)] = errors(house.issuer.patch(at(a), {"nodes": [inner("self", a)]}, "*", gives=400))
    assert field == "/nodes/0/pathway"
    house.issuer.patch(at(a), {"nodes": [proof("x"), inner("b", b)], "state": "published"}, "*")
    house.issuer.patch(at(b), {"nodes": [inner("c", c)], "state": "published"}, "*")
    house.issuer.patch(at(c), {"nodes": [proof("x"), proof("y"), inner("a", a)]}, "*")  # a draft may
    problem = house.issuer.patch(at(c), {"state": "published"}, "*", gives=400)
    assert errors(problem) == [("/nodes/2/pathway", "is a cycle, each asked for by the one before: C > A > B > C")]
    problem = house.issuer.patch(at(b), {"nodes": [inner("a", a)], "state": "published"}, "*", gives=400)
    assert errors(problem) == [("/nodes/0/pathway", "is a cycle, each asked for by the one before: B > A > B")]
    # Once A has gone another way, C may have it; unless people stay on what A was.
    house.issuer.patch(at(a), {"nodes": [proof("z")], "state": "published", "keep_until": "2099-01-01"}, "*")
    house.issuer.patch(at(c), {"state": "published"}, "*", gives=400)
    house.issuer.patch(at(a), {"name": "A again", "state": "published"}, "*")
    assert house.issuer.patch(at(c), {"state": "published"}, "*")["version"] == 2


def test_who_awards_what_the_other_asks_for_is_in_the_cycle_too(house):
    whole, half, more = (achievement(house)["id"] for _ in range(3))
    step = lambda earned: {"id": "s", "kind": "achievement", "achievement": earned}  # noqa: E731
    body = {"name": "Own 🧗", "nodes": [proof("x"), step(whole)], "achievement": whole}
    own = house.issuer.post("/pathways", body, gives=201)  # a draft may
    problem = house.issuer.patch(f"/pathways/{own['id']}", {"state": "published"}, "*", gives=400)
    assert errors(problem) == [("/nodes/1/achievement", "is a cycle: it is what the pathway itself awards")]
    a = published(house, step(half), name="A 🧗", achievement=whole)
    b = published(house, proof("x"), name="B", achievement=half)
    problem = house.issuer.patch(f"/pathways/{b['id']}", {"nodes": [proof("x"), step(whole)], "state": "published"}, "*", gives=400)
    assert errors(problem) == [("/nodes/1/achievement", "is a cycle, each asked for by the one before: B > A 🧗 > B")]
    problem = house.issuer.patch(f"/pathways/{b['id']}", {"nodes": [proof("x"), inner("i", a)], "state": "published"}, "*", gives=400)
    assert errors(problem) == [("/nodes/1/pathway", "is a cycle, each asked for by the one before: B > A 🧗 > B")]
    problem = pathway(house, {**step(half), "milestone": half}, gives=400)
    assert errors(problem) == [("/nodes/0/milestone", "must be another achievement than the step itself")]
    # Once B awards something else it may ask for what A awards; and what a pathway awarded before may be its own first step.
    house.issuer.patch(f"/pathways/{b['id']}", {"nodes": [proof("x"), step(whole)], "achievement": more, "state": "published"}, "*")
    house.issuer.patch(f"/pathways/{b['id']}", {"nodes": [step(more)], "achievement": None, "state": "published"}, "*")


def test_a_long_circle_is_named_in_part(house):
    first = before = published(house, name="ring 0")
    for number in range(1, 30):
        before = published(house, inner("next", before), name=f"ring {number}")
    problem = house.issuer.patch(f"/pathways/{first['id']}", {"nodes": [inner("next", before)], "state": "published"}, "*", gives=400)
    named = " > ".join(f"ring {number}" for number in range(29, 9, -1))
    assert errors(problem) == [("/nodes/0/pathway", f"is a cycle, each asked for by the one before: ring 0 > {named} > (9 more) > ring 0")]


def test_many_ways_lead_to_the_same_without_a_circle(house):
    """Twelve layers of three, each with all three below: half a million ways through."""
    below = [published(house) for _ in range(3)]
    for _ in range(12):
        below = [published(house, *(inner(f"n{number}", one) for number, one in enumerate(below))) for _ in range(3)]
    top = published(house, inner("top", below[0]))
    assert top["steps"] == 1


# ---- who may

def test_who_writes_an_issuers_achievements_writes_its_pathways(house):
    body = {"name": "x", "nodes": [proof("a")], "issuer": house.partner}
    for client, gives in ((house.employee, 403), (house.auditor, 403), (house.issuer, 403), (house.hr, 201), (house.admin, 201)):
        client.post("/pathways", body, gives=gives)
    made = house.hr.post("/pathways", body)
    for client, gives in ((house.employee, 404), (house.auditor, 404), (house.issuer, 403), (house.hr, 200)):
        client.patch(f"/pathways/{made['id']}", {"name": f"{gives}"}, "*", gives=gives)
    assert house.hr.pages("/pathways", issuer=house.partner, q="200") and house.employee.pages("/pathways", issuer=house.partner) == []
    house.admin.patch(f"/api/v1/issuers/{house.partner}", {"state": "archived"}, "*")
    house.hr.post("/pathways", body, gives=409)
    house.admin.patch(f"/api/v1/issuers/{house.partner}", {"state": "active"}, "*")


def test_drafts_are_the_writers(house):
    made = pathway(house, proof("a"))
    path = f"/pathways/{made['id']}"
    for at in path, f"{path}/versions", f"{path}/export", f"{path}/events":
        house.employee.get(at, gives=404)
        house.auditor.get(at, gives=404)
        house.hr.get(at)
    assert made["id"] not in [one["id"] for one in house.employee.pages("/pathways")]
    house.issuer.patch(path, {"state": "published"}, "*")
    assert house.employee.get(path)["nodes"] == made["nodes"]
    house.employee.get(f"{path}/events", gives=403)
    assert house.auditor.get(f"{path}/events")["items"][0]["kind"] == "created"


def test_who_publishes_what_awards_must_be_able_to_issue_it(house):
    ours, theirs = achievement(house), achievement(house, issuer=house.partner)
    for body in {"achievement": ours["id"], "nodes": [proof("a")]}, {"nodes": [proof("a", milestone=ours["id"])]}:
        made = house.hr.post("/pathways", {"name": "x", **body}, gives=201)
        for client, gives in (house.hr, 403), (house.admin, 403), (house.issuer, 200):
            client.patch(f"/pathways/{made['id']}", {"state": "published"}, "*", gives=gives)
        house.hr.post("/pathways", {"name": "x", "state": "published", **body}, gives=403)
    for body in {"achievement": theirs["id"], "nodes": [proof("a")]}, {"nodes": [proof("a", milestone=theirs["id"])]}:
        made = house.hr.post("/pathways", {"name": "x", **body}, gives=201)
        house.issuer.patch(f"/pathways/{made['id']}", {"state": "published"}, "*", gives=403)
    # Steps alone are nothing that is awarded.
    step = {"id": "a", "kind": "achievement", "achievement": theirs["id"]}
    assert house.hr.post("/pathways", {"name": "x", "nodes": [step], "state": "published"}, gives=201)["state"] == "published"


# ---- at once

def at_once(*deeds):
    """What each answered, all begun together."""
    gate, answers = threading.Barrier(len(deeds)), {}

    def act(number, deed):
        gate.wait()
        answers[number] = deed()
    threads = [threading.Thread(target=act, args=one) for one in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answers[number] for number in range(len(deeds))]


def test_of_two_who_publish_at_once_one_is_told(house):
    made = pathway(house, proof("a"))
    etag = house.issuer.last.headers["ETag"]
    house.issuer.patch(f"/pathways/{made['id']}", {"name": "y"}, gives=428)
    clients = [client.twin() for client in (house.issuer, house.hr) * 2]
    answers = at_once(*(lambda c=client: c.ask("PATCH", f"/pathways/{made['id']}", {"state": "published"}, headers={"If-Match": etag}).status_code
                        for client in clients))
    assert sorted(answers) == [200, 412, 412, 412]
    assert [one["kind"] for one in house.auditor.pages(f"/pathways/{made['id']}/events")] == ["created", "published"]
    house.issuer.post("/pathways", {"name": "once only"}, key="pathway")
    house.issuer.post("/pathways", {"name": "once only"}, key="pathway")
    assert len(house.hr.pages("/pathways", q="once only")) == 1


def test_a_circle_that_several_close_at_once_is_not_closed(house):
    for _ in range(5):
        ring = [published(house) for _ in range(4)]
        clients = [house.issuer.twin() for _ in ring]
        answers = at_once(*(lambda c=client, n=number: c.ask(
            "PATCH", f"/pathways/{ring[n]['id']}", {"nodes": [inner("next", ring[n - 1])], "state": "published"}, headers={"If-Match": "*"}).status_code
            for number, client in enumerate(clients)))
        assert sorted(answers) == [200, 200, 200, 400]


def test_a_kill_in_the_middle_publishes_whole_or_not_at_all(house):
    """Each is published with all that belongs to it, or is the draft that it was; what was acknowledged is there."""
    made = [pathway(house, *chain(*(f"n{number}" for number in range(300))), name=f"Kill {turn}")["id"] for turn in range(30)]
    acknowledged, begun = [], threading.Event()

    def publish(client, ids):
        for one in ids:
            try:
                if client.ask("PATCH", f"/pathways/{one}", {"state": "published", "lost": "revoke"}, headers={"If-Match": "*"}).status_code == 200:
                    acknowledged.append(one)
            except requests.RequestException:
                return
            if len(acknowledged) >= 5:
                begun.set()
    clients = [house.issuer.twin() for _ in range(3)]
    threads = [threading.Thread(target=publish, args=(client, made[at::3])) for at, client in enumerate(clients)]
    for thread in threads:
        thread.start()
    assert begun.wait(60)
    house.kill()
    for thread in threads:
        thread.join()
    house.start()
    rows = house.sql("SELECT v.pathway_id::text, v.state, v.lost, v.published_at IS NOT NULL, p.version, (SELECT count(*) FROM pathway_node n WHERE n.pathway_id = p.id),"
                     " (SELECT string_agg(e.kind, ' ' ORDER BY e.id) FROM pathway_event e WHERE e.pathway_id = p.id),"
                     " (SELECT count(*) FROM outbox o WHERE o.object = p.id), (SELECT count(*) FROM audit_entry a WHERE a.object = p.id::text)"
                     " FROM pathway p JOIN pathway_version v ON v.pathway_id = p.id WHERE p.id = ANY (%s::uuid[])", made)
    out = ("published", "revoke", True, 2, 300, "created edited published", 3, 2)
    assert {row[1:] for row in rows} <= {out, ("draft", "keep", False, 1, 300, "created", 1, 1)} and len(rows) == 30
    assert set(acknowledged) <= {row[0] for row in rows if row[1:] == out}


def test_lists_are_filtered_and_sorted(house):
    word = f"Filtered{next(NUMBERS)}"
    made = [{key: value for key, value in pathway(house, proof("a"), name=f"{word} {number}").items() if key != "nodes"} for number in range(3)]
    assert house.hr.pages("/pathways", q=word.upper(), limit=2) == made
    assert house.hr.pages("/pathways", q=word, sort="-name", limit=1) == made[::-1]
    assert house.hr.pages("/pathways", q=word, state="published") == [] and house.hr.pages("/pathways", q=word, state="draft") == made
    assert house.hr.pages("/pathways", q=word, issuer=made[0]["issuer"]["id"]) == made
    for name in "achievement", "issuer":
        assert [name] == [field for field, _ in errors(house.hr.get("/pathways", gives=400, **{name: MISSING}))]
