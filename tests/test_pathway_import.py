# SPDX-License-Identifier: Apache-2.0
"""Pathways as documents: what is exported is imported as it was, and tracks of Exercism become pathways."""
import copy
import graphlib
import json

import pytest
from kit.contract import MISSING
from kit.hostile import CONTROLS
from kit.house import ACCOUNTS, demo_house, shared_file

ODD = "Knoten 😀 \"fest\" א </script>"
SMALL = {"language": "Crochet", "slug": "crochet", "blurb": ODD, "active": True, "concepts": [{"slug": "knots", "name": "Knots", "uuid": "x"}],
         "exercises": {"concept": [{"slug": "first-knot", "name": ODD, "concepts": ["knots"], "prerequisites": []}],
                       "practice": [{"slug": "scarf", "name": "Scarf", "prerequisites": ["knots", "wool", "knots"], "difficulty": 3},
                                    {"slug": "hat", "name": "Hat", "status": "deprecated"}], "foregone": ["sock"]}}
OWN = {"format": "skillsd_pathway", "format_version": 1, "name": "x"}


@pytest.fixture(scope="module")
def house(postgres):
    with demo_house(postgres=postgres) as house:
        house.hr, house.issuer, house.employee = (house.sign_in(ACCOUNTS[name]) for name in ("HR", "ISSUER", "EMPLOYEE"))
        house.admin = house.sign_in(ACCOUNTS["ADMIN"])
        house.hr.post("/frameworks", {"code": "IM", "name": "Imports"}, gives=201)
        yield house


@pytest.fixture(scope="module")
def track():
    return json.loads(shared_file("data/pathways/exercism-track.json").read_text())


def fields_of(problem):
    return [error["field"] for error in problem["errors"]]


def imported(house, document, gives=201, **more):
    return house.issuer.post("/pathways/import", {"document": document, **more}, gives=gives)


# ---- our own

def test_what_is_exported_is_imported_as_it_was(house):
    earned = [house.hr.post("/achievements", {"name": f"Earned {number} 😀", "state": "published"}, gives=201) for number in range(3)]
    skill = house.hr.post("/skills", {"framework": "IM", "code": "IM-1", "label": "Knitting"}, gives=201)
    stacked = house.hr.post("/pathways", {"name": "Stacked", "nodes": [{"id": "a", "kind": "proof", "name": "x"}], "state": "published"}, gives=201)
    body = {"name": ODD, "description": ODD, "enforced": False, "lost": "suspend", "achievement": earned[0]["id"], "nodes": [
        {"id": "a", "kind": "achievement", "achievement": earned[1]["id"], "milestone": earned[2]["id"], "weight": 0},
        {"id": "g 😀", "kind": "group", "need": 1, "after": ["a"], "name": "Either", "description": ODD},
        {"id": "b", "kind": "skill", "skill": skill["id"], "level": 4, "within": "g 😀", "optional": True},
        {"id": "c", "kind": "pathway", "pathway": stacked["id"], "within": "g 😀"}, {"id": "d", "kind": "proof", "name": "x", "after": ["a", "g 😀"]}]}
    made = house.issuer.post("/pathways", {**body, "state": "published"}, gives=201)
    document = house.employee.get(f"/pathways/{made['id']}/export")
    etag = house.employee.last.headers["ETag"]
    assert document["nodes"][0] == {"id": "a", "kind": "achievement", "achievement": {"id": earned[1]["id"], "name": "Earned 1 😀"}, "weight": 0,
                                    "milestone": {"id": earned[2]["id"], "name": "Earned 2 😀"}}
    assert document["nodes"][4] == {"id": "d", "kind": "proof", "name": "x", "after": ["a", "g 😀"]}
    assert document.keys() == {"format", "format_version", "name", "description", "enforced", "achievement", "lost", "nodes"}
    assert (document["format"], document["format_version"]) == ("skillsd_pathway", 1)
    answer = imported(house, document)
    assert (answer["format"], answer["edges"], answer["dangling"]) == ("skillsd_pathway", 3, []) and "concepts" not in answer
    again, own = answer["pathway"], {"id", "state", "published_at", "updated_at"}
    assert {key: value for key, value in again.items() if key not in own} == {key: value for key, value in made.items() if key not in own}
    assert again["state"] == "draft" and again["id"] != made["id"]
    assert house.issuer.last.headers["Location"] == f"/api/v1/pathways/{again['id']}" and house.issuer.get(f"/pathways/{again['id']}") == again
    assert house.hr.get(f"/pathways/{again['id']}/export") == document
    # An older version is exported as it was, whatever came after.
    house.issuer.patch(f"/pathways/{made['id']}", {"name": "Anew", "nodes": body["nodes"][:1], "state": "published"}, "*")
    assert house.employee.get(f"/pathways/{made['id']}/export", version=1) == document
    assert house.employee.get(f"/pathways/{made['id']}/export")["name"] == "Anew" and house.employee.last.headers["ETag"] != etag
    house.employee.get(f"/pathways/{made['id']}/export", version=3, gives=404)


def test_what_is_wrong_with_a_document_is_named_where_it_stands(house):
    proof = {"id": "a", "kind": "proof", "name": "x"}
    for field, change in (("/document/name", {"name": None}), ("/document/lost", {"lost": "x"}), ("/document/shoe_size", {"shoe_size": 43}),
                          ("/document/format_version", {"format_version": 2}), ("/document", {"format": "other"}), ("/document", {"format": 7}),
                          ("/document/achievement", {"achievement": MISSING}), ("/document/nodes", {"nodes": "x"}), ("/document/nodes/0", {"nodes": [7]}),
                          ("/document/nodes/0/kind", {"nodes": [{"id": "a"}]}), ("/document/nodes/0/after/0", {"nodes": [{**proof, "after": ["b"]}]}),
                          ("/document/nodes/1/id", {"nodes": [proof, proof]}), ("/document/nodes", {"nodes": [{**proof, "after": ["a"]}]}),
                          ("/document/nodes/0/achievement", {"nodes": [{"id": "a", "kind": "achievement", "achievement": MISSING}]}),
                          ("/document/nodes/0/pathway", {"nodes": [{"id": "a", "kind": "pathway", "pathway": MISSING}]}),
                          ("/document/nodes/0/skill", {"nodes": [{"id": "a", "kind": "skill", "skill": MISSING, "level": 1}]})):
        assert field in fields_of(imported(house, {**OWN, **change}, gives=400)), change
    for document in {}, [], "x", 7, None, {"concepts": []}, {"name": "x"}, {"format": "exercism", **SMALL}:
        assert fields_of(imported(house, document, gives=400)) == ["/document"], document
    assert fields_of(house.issuer.post("/pathways/import", {}, gives=400)) == ["/document"]
    for issuer in MISSING, "x":
        assert fields_of(imported(house, OWN, issuer=issuer, gives=400)) == ["/issuer"]


# ---- tracks

def test_a_track_becomes_a_pathway(house):
    assert imported(house, {**SMALL, "concepts": [], "exercises": {}})["pathway"]["nodes"] == []
    answer = imported(house, SMALL)
    assert answer == {"pathway": answer["pathway"], "format": "exercism", "concepts": 1, "exercises": 3, "edges": 3,
                      "dangling": [{"node": "exercise:scarf", "missing": "wool"}]}
    made, plain = answer["pathway"], {"kind": "proof", "optional": False, "weight": 1}
    assert made["nodes"] == [
        {"id": "concept:knots", "name": "Knots", **plain, "after": ["exercise:first-knot"]}, {"id": "exercise:first-knot", "name": ODD, **plain, "after": []},
        {"id": "exercise:scarf", "name": "Scarf", **plain, "after": ["concept:knots"]},
        {"id": "exercise:hat", "name": "Hat", **plain, "optional": True, "after": []}]
    assert (made["name"], made["description"], made["state"], made["steps"], made["issuer"]["name"]) == ("Crochet", ODD, "draft", 4, "Example Ltd")
    assert house.issuer.patch(f"/pathways/{made['id']}", {"state": "published"}, "*")["state"] == "published"
    assert imported(house, house.employee.get(f"/pathways/{made['id']}/export"))["pathway"]["nodes"] == made["nodes"]


def test_what_is_an_achievement_of_the_issuer_is_that(house):
    """By its code, when it is published, and just one has it."""
    partner = house.admin.post("/issuers", {"name": "Knitters"}, gives=201)["id"]
    document = copy.deepcopy(SMALL)
    document["exercises"]["practice"] += [{"slug": slug, "name": slug} for slug in ("draft", "theirs", "twice", "once", "over")]

    def earn(code, **fields):
        return house.hr.post("/achievements", {"name": f"For {code}", "human_code": code, "state": "published", **fields}, gives=201)["id"]
    knots, once = earn("knots"), earn("once")
    earn("draft", state="draft")
    theirs = earn("theirs", issuer=partner)
    earn("twice"), earn("twice")
    house.hr.patch(f"/achievements/{earn('over')}", {"state": "archived"}, "*")
    house.hr.patch(f"/achievements/{once}", {"human_code": "other"}, "*")  # a draft
    found = {node["id"]: node["achievement"]["id"] for node in imported(house, document)["pathway"]["nodes"] if node["kind"] == "achievement"}
    assert found == {"concept:knots": knots, "exercise:once": once}
    answer = house.hr.post("/pathways/import", {"document": document, "issuer": partner}, gives=201)["pathway"]
    found = {node["id"]: node["achievement"]["id"] for node in answer["nodes"] if node["kind"] == "achievement"}
    assert found == {"exercise:theirs": theirs} and answer["issuer"]["id"] == partner
    imported(house, document, issuer=partner, gives=403)


def test_what_is_wrong_with_a_track_is_named_where_it_stands(house):
    def changed(*path, to):
        document = at = copy.deepcopy(SMALL)
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = to
        return document
    one, practice = SMALL["concepts"][0], SMALL["exercises"]["practice"]
    for field, document in (("/document/language", changed("language", to=7)), ("/document/language", changed("language", to=CONTROLS[0])),
                            ("/document/concepts", changed("concepts", to={})), ("/document/concepts/0", changed("concepts", to=["x"])),
                            ("/document/concepts/0/slug", changed("concepts", to=[{"name": "x"}])), ("/document/concepts/0/name", changed("concepts", to=[{"slug": "x"}])),
                            ("/document/concepts/1/slug", changed("concepts", to=[one, one])), ("/document/exercises", changed("exercises", to=[])),
                            ("/document/exercises/concept", changed("exercises", "concept", to=7)), ("/document/exercises/practice", changed("exercises", "practice", to="x")),
                            ("/document/exercises/practice/2/slug", changed("exercises", "practice", to=[*practice, practice[0]])),
                            ("/document/exercises/practice/0/slug", changed("exercises", "practice", to=[{"slug": "first-knot", "name": "x"}])),
                            ("/document/exercises/practice/0/slug", changed("exercises", "practice", 0, "slug", to="x" * 91)),
                            ("/document/exercises/practice/0/prerequisites", changed("exercises", "practice", 0, "prerequisites", to="knots")),
                            ("/document/exercises/practice/0/prerequisites/0", changed("exercises", "practice", 0, "prerequisites", to=[7])),
                            ("/document/exercises/concept/0/concepts", changed("exercises", "concept", 0, "concepts", to=None)),
                            ("/document/exercises/practice", changed("exercises", "practice", to=[{"slug": f"s{n}", "name": "x"} for n in range(2000)]))):
        assert field in fields_of(imported(house, document, gives=400)), field
    [error] = imported(house, changed("exercises", "concept", 0, "prerequisites", to=["knots"]), gives=400)["errors"]
    assert (error["field"], error["message"]) == ("/document/nodes", "is a cycle: concept:knots > exercise:first-knot > concept:knots")


def test_the_track_of_exercism_becomes_a_pathway(house, track):
    """Worked out from the file itself."""
    concepts = {one["slug"] for one in track["concepts"]}
    exercises = [*track["exercises"]["concept"], *track["exercises"]["practice"]]
    edges = [(one["slug"], needed) for one in exercises for needed in one["prerequisites"]]
    dangling = [edge for edge in edges if edge[1] not in concepts]
    assert (len(concepts), len(exercises), len(edges), len(dangling)) == (72, 185, 635, 35)
    answer = imported(house, track)
    assert (answer["format"], answer["concepts"], answer["exercises"], answer["edges"]) == ("exercism", 72, 185, 635)
    assert [(one["node"], one["missing"]) for one in answer["dangling"]] == [(f"exercise:{slug}", missing) for slug, missing in dangling]
    made = answer["pathway"]
    assert (made["name"], made["steps"], len(made["nodes"])) == ("C#", 257, 257)
    after = {node["id"]: node["after"] for node in made["nodes"]}
    assert {(node, first) for node, before in after.items() for first in before if node.startswith("exercise:")} == {
        (f"exercise:{slug}", f"concept:{needed}") for slug, needed in edges if needed in concepts}
    assert {(node, first) for node, before in after.items() for first in before if node.startswith("concept:")} == {
        (f"concept:{taught}", f"exercise:{one['slug']}") for one in track["exercises"]["concept"] for taught in one["concepts"]}
    assert {node["id"] for node in made["nodes"] if node["optional"]} == {f"exercise:{one['slug']}" for one in exercises if one.get("status") == "deprecated"}
    assert len(list(graphlib.TopologicalSorter(after).static_order())) == 257
    out = house.issuer.patch(f"/pathways/{made['id']}", {"state": "published"}, "*")
    assert out["state"] == "published" and out["nodes"] == made["nodes"]
    again = imported(house, house.employee.get(f"/pathways/{made['id']}/export"))
    assert again["pathway"]["nodes"] == made["nodes"] and again["edges"] == 600 + 62


# ---- who, and how much

def test_who_may_add_may_import(house):
    house.employee.post("/pathways/import", {"document": SMALL}, gives=403)
    house.issuer.post("/pathways/import", {"document": SMALL}, key="track", gives=201)
    first = house.issuer.last.json()
    assert house.issuer.post("/pathways/import", {"document": SMALL}, key="track", gives=201) == first


def test_two_thousand_nodes_go_out_and_come_back(house):
    earned = house.hr.post("/achievements", {"name": "Many", "state": "published"}, gives=201)
    nodes = [{"id": f"node {number}", "kind": "achievement", "achievement": earned["id"], **({"after": [f"node {number - 1}"]} if number else {})}
             for number in range(2000)]
    made = house.issuer.post("/pathways", {"name": "x", "nodes": nodes, "state": "published"}, gives=201)
    document = house.hr.get(f"/pathways/{made['id']}/export")
    assert imported(house, document)["pathway"]["nodes"] == made["nodes"]
