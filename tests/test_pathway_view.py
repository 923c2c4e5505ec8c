# SPDX-License-Identifier: Apache-2.0
"""The pathways of one person as they live in them: where they stand, what is next and what blocks, when they may be done, and the
graph to be drawn, right at the moment of asking."""
import datetime
import itertools
import json
import threading

import pytest
from kit.contract import MISSING
from kit.house import ACCOUNTS, AUDITOR, demo_house, parsed, shared_file, wait_for
from kit.two import Both, Two, two_house

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


def enrol(client, pathway, days=0, house=None, **fields):
    """The id; with `house` as if it had been so many days ago."""
    made = client.post(f"/pathways/{pathway}/enrolments", fields or None, gives=201)["id"]
    if house:
        house.sql("UPDATE enrolment SET created_at = now() - %s * interval '1 day' WHERE id = %s", days, made)
    return made


def accept(house, client, enrolment, node):
    """A proof from outside that they offer."""
    made = client.post(f"/enrolments/{enrolment}/proofs", {"node": node, "text": "x"}, gives=201)["id"]
    house.hr.post(f"/proofs/{made}/accept", {"note": "x"}, gives=200)


def view(client, id, path="/me/pathways", **params):
    """Of the enrolment with that id."""
    return next(one for one in client.pages(path, **params) if one["id"] == id)


def drawn(graph):
    """Holds of every graph: no two steps in one place, edges go forward, groups span what is in them. {id: node}"""
    nodes = {node["id"]: node for node in graph["nodes"]}
    places = [(node["layer"], node["row"]) for node in graph["nodes"] if node["kind"] != "group"]
    assert len(set(places)) == len(places) and len(nodes) == len(graph["nodes"])
    for layer in {layer for layer, _ in places}:
        assert sorted(row for at, row in places if at == layer) == list(range(sum(at == layer for at, _ in places)))
    for edge in graph["edges"]:
        assert nodes[edge["from"]]["layer"] + nodes[edge["from"]].get("layers", 1) <= nodes[edge["to"]]["layer"]
    for node in graph["nodes"]:
        if "within" in node:
            group = nodes[node["within"]]
            for first, many in ("layer", "layers"), ("row", "rows"):
                assert group[first] <= node[first] and node[first] + node.get(many, 1) <= group[first] + group[many]
    return nodes


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
    made = enrol(house.below, pathway, until="2099-12-31")
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
    nodes = drawn(graph)
    assert {name: (node["state"], node["percent"]) for name, node in nodes.items()} == {
        "a": ("done", 100), "choice": ("open", 0), "b": ("open", 0), "c": ("open", 0), "in": ("open", 0), "x": ("spare", 0), "exam": ("blocked", 0)}
    assert {name: (node["layer"], node["row"]) for name, node in nodes.items()} == {
        "a": (0, 0), "in": (0, 1), "choice": (1, 0), "b": (1, 0), "c": (1, 1), "x": (1, 2), "exam": (2, 0)}
    assert nodes["a"]["since"] == earned["valid_from"] and "since" not in nodes["in"]
    assert nodes["choice"] == {"id": "choice", "kind": "group", "name": "A choice", "milestone": {"id": badge, "name": "Halfway"}, "state": "open",
                               "percent": 0, "optional": False, "weight": 1, "need": 1, "layer": 1, "row": 0, "layers": 1, "rows": 2}
    assert (nodes["b"]["within"], nodes["x"]["optional"], nodes["exam"]["weight"]) == ("choice", True, 2)


def test_it_is_right_whatever_happened_a_moment_ago(house):
    """Nothing is waited for: who reads has it computed. Of a, b and c, where b comes after a."""
    awards = [achievement(house) for _ in range(3)]
    way = house.issuer.post("/pathways", {"name": "Now", "state": "published", "nodes": [
        step("a", awards[0]), step("b", awards[1], after=["a"]), step("c", awards[2])]}, gives=201)["id"]
    made = enrol(house.below, way)

    def now():
        found = view(house.below, made)
        return found["state"], found["percent"], found["done"], found["needed"], ids(found["next"]), ids(found["blocked"])
    assert now() == ("active", 0, 0, 3, ["a", "c"], ["b"])
    given = [house.issuer.issue(BELOW, awards[0])["id"]]
    assert now() == ("active", 33, 1, 3, ["b", "c"], [])
    house.issuer.post(f"/credentials/{given[0]}/suspend", {"reason": "x"}, gives=200)
    assert now() == ("active", 0, 0, 3, ["a", "c"], ["b"])
    house.issuer.post(f"/credentials/{given[0]}/reinstate", {"reason": "x"}, gives=200)
    given += [house.issuer.issue(BELOW, one)["id"] for one in awards[1:]]
    assert now() == ("completed", 100, 3, 3, [], [])
    found = view(house.below, made)
    assert found["words"] == f"Completed on {found['completed_at'][:10]}: 3 of 3 steps done" and "estimated_finish" not in found
    house.issuer.post(f"/credentials/{given[2]}/revoke", {"reason": "x"}, gives=200)
    assert now() == ("active", 66, 2, 3, ["c"], []) and "completed_at" not in view(house.below, made)
    house.issuer.patch(f"/pathways/{way}", {"nodes": [step("a", awards[0]), proof("d"), proof("e"), proof("f")], "state": "published"}, "*")
    assert now() == ("active", 25, 1, 4, ["d", "e", "f"], []) and view(house.below, made)["pathway"]["version"] == 2
    accept(house, house.below, made, "e")
    assert now() == ("active", 50, 2, 4, ["d", "f"], [])


def test_each_state_has_its_words(house):
    way = published(house, proof("a"), proof("b", after=["a"]))
    made = house.hr.post(f"/pathways/{way}/enrolments", {"person": BELOW}, gives=201)["id"]
    said = []
    for turn in None, "accept", "pause", "resume", "leave":
        if turn:
            house.below.post(f"/enrolments/{made}/{turn}", gives=200)
        found = view(house.below, made, **({"state": "left"} if turn == "leave" else {}))
        said.append((found["state"], found["via"], found["words"]))
    rest = "0 of 2 steps done; next: Proof a"
    assert said == [("invited", "invited", f"Invited: {rest}"), ("active", "invited", rest), ("paused", "invited", f"Paused: {rest}"),
                    ("active", "invited", rest), ("left", "invited", "Left: 0 of 2 steps done")]
    assert made not in ids(house.below.pages("/me/pathways")), "what was left is shown to who asks for it"
    for state in "invited", "active", "paused", "completed", "left":
        assert {one["state"] for one in house.below.pages("/me/pathways", state=state)} <= {state}
    problem = house.below.get("/me/pathways", state="begun", gives=400)
    assert [error["field"] for error in problem["errors"]] == ["state"]
    house.below.get("/me/pathways", person=house.people[BELOW], gives=400)


def test_the_finish_is_estimated_at_their_own_pace(house):
    """On it for ten days, with one step that they had before and one since: of three that are left each takes ten days. Nobody
    knows for who has done nothing since, came today, or pauses."""
    had, since = achievement(house), achievement(house)
    way = house.issuer.post("/pathways", {"name": "Pace", "state": "published", "nodes": [
        step("a", had), step("b", since), *(proof(node) for node in "cde")]}, gives=201)["id"]
    house.issuer.issue(BELOW, had, valid_from="2020-01-01T00:00:00Z")
    made = enrol(house.below, way, 10, house)
    assert "estimated_finish" not in view(house.below, made)
    house.issuer.issue(BELOW, since)
    today = datetime.datetime.now(datetime.timezone.utc)
    wanted = {(one + datetime.timedelta(days=30)).date().isoformat() for one in (today, datetime.datetime.now(datetime.timezone.utc))}
    found = view(house.below, made)
    assert found["done"] == 2 and found["estimated_finish"] in wanted
    house.below.post(f"/enrolments/{made}/pause", gives=200)
    assert "estimated_finish" not in view(house.below, made)
    house.below.post(f"/enrolments/{made}/resume", gives=200)
    house.sql("UPDATE enrolment SET created_at = now() - interval '23 hours' WHERE id = %s", made)
    assert "estimated_finish" not in view(house.below, made)


def test_who_sees_it(house):
    way = published(house, proof("a"))
    path, made = f"/people/{house.people[BELOW]}/pathways", enrol(house.below, way)
    mine = view(house.below, made)
    for client in house.below, house.manager, house.hr, house.admin, house.issuer:  # who has issued to them
        assert view(client, made, path) == mine
    for client in house.employee, house.auditor:
        client.get(path, gives=404)
    house.hr.get(f"/people/{MISSING}/pathways", gives=404)
    house.rescue.get("/me/pathways", gives=403)
    assert house.auditor.get("/me/pathways") == {"items": []}
    assert house.hr.get(f"/people/{house.people[AUDITOR]}/pathways", count=True) == {"items": [], "total": 0}


def test_who_looks_is_noted_once(house):
    path, auditor = f"/people/{house.people[BELOW]}/pathways", house.people[AUDITOR]

    def looks(client, what):
        return sum(one["times"] for one in client.pages("/me/looks") if one["what"] == what and one["relation"] in ("manager", "hr"))

    def settled():
        """What was noted before is written, since what is noted now is."""
        before = looks(house.auditor, "person")
        house.hr.get(f"/people/{auditor}")
        wait_for("the look to be written", lambda: looks(house.auditor, "person") > before)
        return looks(house.below, "pathways")
    before = settled()
    house.below.get(path)
    house.manager.get(path)
    house.manager.ask("GET", path, params={"format": "csv"})
    house.employee.get(path, gives=404)
    assert settled() == before + 2


def test_newest_first_or_by_how_far(house):
    found = house.below.pages("/me/pathways", limit=2)
    assert len(found) > 3 and ids(found) == ids(sorted(found, key=lambda one: parsed(one["created_at"]), reverse=True))
    percents = [one["percent"] for one in house.below.pages("/me/pathways", sort="percent")]
    assert percents == sorted(percents) and len(set(percents)) > 1


def archive(house, thing):
    house.admin.patch(thing, {"state": "archived"}, "*")


def blocked(found):
    return {one["id"]: (one.get("by", {}).get("id"), one["why"]) for one in found["blocked"]}


def test_what_is_not_issued_any_more_is_no_next_step(house):
    """Of three that are needed one is archived, and one of an issuer that is; of a choice of two one, too, which nobody needs. Per cent
    and steps stay: who has it has it."""
    school = house.admin.post("/issuers", {"name": "School"}, gives=201)["id"]
    aider, exam, spare, other = (achievement(house, name, **more) for name, more in (
        ("First Aider", {}), (ODD, {"issuer": school}), ("Ladders I", {}), ("Ladders II", {})))
    way = published(house, step("a", aider), proof("b", after=["a"]), step("c", exam), {"id": "g", "kind": "group", "need": 1},
                    step("d", spare, within="g"), step("e", other, within="g"), step("f", aider, optional=True))
    had, made = enrol(house.employee, way, 10, house), enrol(house.below, way, 10, house)
    house.issuer.issue(ACCOUNTS["EMPLOYEE"], aider)
    accept(house, house.below, made, "b")
    before = view(house.below, made)
    assert (before["percent"], ids(before["next"]), blocked(before)) == (25, ["a", "c", "d", "e", "f"], {}) and "estimated_finish" in before
    archive(house, f"/achievements/{spare}")
    found = view(house.below, made)
    assert (ids(found["next"]), blocked(found)) == (["a", "c", "e", "f"], {"d": (None, "Ladders I is not issued any more")})
    assert found["words"] == f"1 of 4 steps done; next: First Aider, {ODD} or Ladders II" and "estimated_finish" in found
    archive(house, f"/achievements/{aider}")
    archive(house, f"/api/v1/issuers/{school}")
    found = view(house.below, made)
    assert (found["percent"], found["done"], found["needed"], found["state"]) == (25, 1, 4, "active") and "estimated_finish" not in found
    assert found["words"] == "1 of 4 steps done; next: Ladders II; First Aider is not issued any more"
    assert ids(found["next"]) == ["e"] and blocked(found) == {
        "a": (None, "First Aider is not issued any more"), "c": (None, f"{ODD} is not issued any more"), "d": (None, "Ladders I is not issued any more")}
    assert found["blocked"][0] == {"id": "a", "kind": "achievement", "name": "First Aider", "achievement": {"id": aider, "name": "First Aider"},
                                   "why": "First Aider is not issued any more"}
    assert {node["id"]: node["state"] for node in found["graph"]["nodes"]} == {
        "a": "blocked", "b": "done", "c": "blocked", "g": "open", "d": "blocked", "e": "open", "f": "spare"}
    found = view(house.employee, had)
    assert (found["done"], ids(found["next"])) == (1, ["b", "e"]) and set(blocked(found)) == {"c", "d"}
    assert found["words"] == f"1 of 4 steps done; next: Proof b or Ladders II; {ODD} is not issued any more"
    house.admin.patch(f"/api/v1/issuers/{school}", {"state": "active"}, "*")
    found = view(house.employee, had)
    assert ids(found["next"]) == ["b", "c", "e"] and "estimated_finish" in found


def test_what_somebody_is_to_have_again_is_not_lost_to_them(house):
    """It is suspended, or begins later: it comes by itself. One that is revoked does not."""
    one, other = achievement(house, "Held back"), achievement(house, "To come")
    made = enrol(house.below, published(house, step("a", one), step("b", other), proof("c", after=["a"])))
    given = house.issuer.issue(BELOW, one)["id"]
    house.issuer.post(f"/credentials/{given}/suspend", {"reason": "x"}, gives=200)
    later = house.issuer.issue(BELOW, other, valid_from="2099-01-01T00:00:00Z")["id"]
    archive(house, f"/achievements/{one}")
    archive(house, f"/achievements/{other}")
    found = view(house.below, made)
    assert (ids(found["next"]), blocked(found)) == (["a", "b"], {"c": ("a", "Held back comes first")})
    for credential in given, later:
        house.issuer.post(f"/credentials/{credential}/revoke", {"reason": "x"}, gives=200)
    found = view(house.below, made)
    assert found["next"] == [] and found["words"] == "0 of 3 steps done; Held back is not issued any more"
    assert blocked(found) == {"a": (None, "Held back is not issued any more"), "b": (None, "To come is not issued any more"),
                              "c": ("a", "Held back comes first, and is not issued any more")}


def test_a_pathway_that_is_archived_is_not_begun_any_more(house):
    inner = published(house, proof("only"), name="Basics")
    way = published(house, {"id": "a", "kind": "pathway", "pathway": inner}, proof("b"))
    within, late, early = enrol(house.employee, inner), enrol(house.below, way), enrol(house.employee, way)
    archive(house, f"/pathways/{inner}")
    found = view(house.below, late)
    assert ids(found["next"]) == ["b"] and blocked(found) == {"a": (None, "Basics is not begun any more")}
    assert found["words"] == "0 of 2 steps done; next: Proof b; Basics is not begun any more"
    assert ids(view(house.employee, early)["next"]) == ["a", "b"]
    accept(house, house.employee, within, "only")
    assert ids(view(house.employee, early)["next"]) == ["b"]


def test_what_is_not_issued_any_more_is_not_recommended(house):
    first, second = achievement(house), achievement(house)
    way = published(house, step("a", first), step("b", second))
    house.below.post("/goals", {"pathway": way}, gives=201)

    def recommended():
        return {one["achievement"]["id"] for one in house.below.get(f"/people/{house.people[BELOW]}/recommendations")["recommendations"]} & {first, second}
    assert recommended() == {first, second}
    archive(house, f"/achievements/{first}")
    assert recommended() == {second}


def test_an_order_that_is_advised_blocks_nothing(house):
    way = published(house, proof("a"), proof("b", after=["a"]), proof("c"), enforced=False)
    found = view(house.below, enrol(house.below, way))
    assert ids(found["next"]) == ["a", "c", "b"] and found["blocked"] == [] and found["graph"]["enforced"] is False
    assert found["words"] == "0 of 3 steps done; next: Proof a or Proof c"


def test_what_is_within_a_group_that_waits_says_for_what(house):
    way = published(house, proof("a"), {"id": "g", "kind": "group", "after": ["a"]}, proof("b", within="g"), proof("c", within="g", after=["b"]),
                    proof("d", after=["g"]))
    made = enrol(house.below, way)
    found = view(house.below, made)
    assert [(one["id"], one["by"], one["why"]) for one in found["blocked"]] == [
        ("b", {"id": "a", "name": "Proof a"}, "Proof a comes first"), ("c", {"id": "b", "name": "Proof b"}, "Proof b comes first"),
        ("d", {"id": "g", "name": "g"}, "All of g comes first")]
    nodes = drawn(found["graph"])
    assert [(nodes[name]["layer"], nodes[name].get("layers")) for name in "agbcd"] == [(0, None), (1, 2), (1, None), (2, None), (3, None)]
    accept(house, house.below, made, "a")
    assert ids(view(house.below, made)["next"]) == ["b"]


def test_the_track_of_exercism_is_drawn(house):
    track = json.loads(shared_file("data/pathways/exercism-track.json").read_text())
    imported = house.issuer.post("/pathways/import", {"document": track}, gives=201)["pathway"]
    whole = house.issuer.patch(f"/pathways/{imported['id']}", {"state": "published"}, "*")
    found = view(house.employee, enrol(house.employee, whole["id"]))
    nodes = drawn(found["graph"])
    assert set(nodes) == {node["id"] for node in whole["nodes"]} and len(found["graph"]["edges"]) == sum(len(node["after"]) for node in whole["nodes"])
    assert {node["layer"] for node in nodes.values()} == set(range(max(node["layer"] for node in nodes.values()) + 1))
    assert len(found["next"]) + len(found["blocked"]) <= whole["steps"] and found["percent"] == 0


def test_two_thousand_steps_are_drawn(house):
    way = published(house, *(proof(f"s{number}", **({"after": [f"s{(number - 1) // 3}"]} if number else {})) for number in range(2000)))
    found = view(house.employee, enrol(house.employee, way))
    nodes = drawn(found["graph"])
    assert [nodes[f"s{number}"]["layer"] for number in (0, 1, 3, 4, 12, 13, 1999)] == [0, 1, 1, 2, 2, 3, 7]
    assert ids(found["next"]) == ["s0"] and len(found["blocked"]) == 1999


def test_it_is_of_one_moment_while_much_happens(house):
    """Four who read while a fifth gives and takes, and a sixth pauses and goes on: what is told adds up, and nobody is in another's way."""
    awards = [achievement(house) for _ in range(4)]
    way = house.issuer.post("/pathways", {"name": "Busy", "state": "published", "nodes": [step(str(n), one) for n, one in enumerate(awards)]}, gives=201)["id"]
    made, over, wrong, others = enrol(house.below, way), threading.Event(), [], house.people[BELOW]
    other = enrol(house.below, published(house, proof("a")))

    def until_over(act):
        while not over.is_set() and not wrong:
            try:
                act()
            except AssertionError as problem:
                wrong.append(problem)

    def read(client, path):
        found = view(client, made, path)
        done = sum(node["state"] == "done" for node in found["graph"]["nodes"])
        assert (found["done"], found["percent"], len(found["next"])) == (done, 25 * done, 4 - done), found

    def turn(client):
        for enrolment, verb in ((other, "pause"), (made, "pause"), (made, "resume"), (other, "resume")):
            client.ask("POST", f"/enrolments/{enrolment}/{verb}")
            assert client.last.status_code in (200, 409), client.last.text
    deeds = [lambda c=house.below.twin(): read(c, "/me/pathways"), lambda c=house.manager.twin(): read(c, f"/people/{others}/pathways"),
             lambda c=house.hr.twin(): read(c, f"/people/{others}/pathways"), lambda c=house.below.twin(): read(c, "/me/pathways"),
             lambda c=house.below.twin(): turn(c)]
    threads = [threading.Thread(target=until_over, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    try:
        for _ in range(8):
            given = [house.issuer.issue(BELOW, one)["id"] for one in awards]
            for one in given:
                house.issuer.post(f"/credentials/{one}/revoke", {"reason": "x"}, gives=200)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert not wrong
    assert view(house.below, made)["done"] == 0


def test_either_entry_has_what_the_human_is_on(postgres):
    with two_house(postgres) as house:
        two = Two(house)
        who = Both(two, 1)
        way = two.hr.post("/pathways", {"name": "One", "state": "published", "nodes": [step("a", two.achievement), proof("b")]}, gives=201)["id"]
        made = enrol(house.sign_in("b1"), way)
        who.issue("main")
        for client, path in ((house.sign_in("m1"), "/me/pathways"), (house.sign_in("b1"), "/me/pathways"), (two.hr, f"/people/{who.main}/pathways"),
                             (two.hr, f"/people/{who.branch}/pathways")):
            found = view(client, made, path)
            assert (found["done"], ids(found["next"])) == (1, ["b"])
