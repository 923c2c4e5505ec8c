# SPDX-License-Identifier: Apache-2.0
"""All of somebody in one answer, from one way to the database and back; and what they might earn next, with the reasons."""
import re

import pytest
from kit.contract import MISSING
from kit.house import ACCOUNTS, AUDITOR, demo_house, wait_for
from kit.postgres import Postgres
from kit.two import Both, Two, two_house

BELOW = "jmarsh"  # the manager's
LOGS = "log_statement = 'all'\nlog_line_prefix = '%a|'\n"
ODD = "Sicherheit 😀 \"am Arbeitsplatz\" א </script>"
SECTIONS = "positions", "skills", "claims", "credentials", "pathways", "submissions", "goals", "endorsements"


@pytest.fixture(scope="module")
def house():
    postgres = Postgres(LOGS).start()
    try:
        with demo_house(postgres=postgres) as house:
            house.set_password(BELOW)
            house.hr, house.issuer, house.manager = (house.sign_in(ACCOUNTS[name]) for name in ("HR", "ISSUER", "MANAGER"))
            house.employee, house.below, house.auditor = house.sign_in(ACCOUNTS["EMPLOYEE"]), house.sign_in(BELOW), house.sign_in(AUDITOR)
            house.people = {one["username"]: one["id"] for one in house.hr.pages("/people", limit=500)}
            house.hr.post("/frameworks", {"code": "PF", "name": "Portfolios"})
            house.skills = {f"F{n}": house.hr.post("/skills", {"framework": "PF", "code": f"F{n}", "label": f"F{n}"})["id"] for n in range(1, 8)}
            yield house
    finally:
        postgres.remove()


def award(house, name, recommended=(), **skills):
    return house.hr.post("/achievements", {"name": name, "state": "published", "recommended": list(recommended),
                                           "skills": [{"skill": skill, "level": level} for skill, level in skills.items()]})["id"]


def portfolio(house, client, name=BELOW, gives=200):
    return client.get(f"/people/{house.people[name]}/portfolio", gives=gives)


def submit(house, achievement, state, shared=False):
    """Behind the daemon's back: how it is handed in does not matter here."""
    person = house.people[BELOW]
    (made,), = house.sql("INSERT INTO submission (person_id, entry_id, achievement_id, achievement_number, state, shared)"
                         " VALUES (%s, %s, %s, 1, %s, %s) RETURNING id::text", person, person, achievement, state, shared)
    return made


def accept(house, enrolment, node):
    """A proof from outside that they offer, of a step of theirs."""
    made = house.below.post(f"/enrolments/{enrolment}/proofs", {"node": node, "text": "x"}, gives=201)["id"]
    house.hr.post(f"/proofs/{made}/accept", {"note": "x"}, gives=200)


@pytest.fixture(scope="module")
def filled(house):
    """Something of everything, of two kinds: what is nobody else's business, and what is."""
    low, high = award(house, "Low", F1=2), award(house, ODD, F1=4, F2=1)
    first, second = (house.issuer.issue(BELOW, one)["id"] for one in (low, high))
    house.issuer.post(f"/credentials/{house.issuer.issue(BELOW, low)['id']}/revoke", {"reason": "x"}, gives=200)
    claims = [house.below.post("/claims", {"skill": f"F{n}", "level": 5, "note": ODD, "shared": n == 4})["id"] for n in (3, 4)]
    place = house.hr.post("/positions", {"code": "PF", "name": "The PF", "skills": [{"skill": "F1", "level": 4}]})["id"]
    house.hr.post(f"/positions/{place}/assignments", {"person": BELOW})
    goals = [house.below.post("/goals", body)["id"] for body in ({"position": "PF"}, {"skill": "F5", "level": 1, "due": "2099-01-31", "shared": True})]
    submissions = [submit(house, award(house, "Asked"), "draft"), submit(house, award(house, "Shown"), "returned", True), submit(house, low, "approved"),
                   submit(house, low, "declined")]
    ways = [house.issuer.post("/pathways", {"name": ODD, "state": "published", "nodes": [
        {"id": "a", "kind": "achievement", "achievement": one}, {"id": "b", "kind": "proof", "name": "x"}]}, gives=201)["id"] for one in (low, high, low)]
    enrolled = [house.below.post(f"/pathways/{way}/enrolments", gives=201)["id"] for way in ways]
    accept(house, enrolled[2], "b")
    for made, turn in zip(enrolled, ("leave", "pause")):
        house.below.post(f"/enrolments/{made}/{turn}", gives=200)
    assert [house.below.get(f"/enrolments/{made}")["state"] for made in enrolled] == ["left", "paused", "completed"]
    return {"ways": ways, "enrolled": enrolled, "credentials": [first, second], "claims": claims, "goals": goals, "submissions": submissions, "place": place, "low": low, "high": high}


def test_all_of_it_is_there(house, filled):
    made = portfolio(house, house.below)
    skill = {name: {"id": value, "label": name} for name, value in house.skills.items()}
    assert list(made) == ["person", *SECTIONS] and made["person"]["id"] == house.people[BELOW]
    assert made["positions"] == [{"id": filled["place"], "code": "PF", "name": "The PF", "openings": 0}]
    assert made["skills"] == [{"skill": skill[name], "level": level, "credential_id": filled["credentials"][1]} for name, level in (("F1", 4), ("F2", 1))]
    assert [(one["skill"], one["level"], one["note"], one["shared"]) for one in made["claims"]] == [(skill["F4"], 5, ODD, True), (skill["F3"], 5, ODD, False)]
    assert [(one["achievement"], one["state"]) for one in made["credentials"]] == [
        ({"id": filled["low"], "version": 1, "name": "Low"}, "revoked"), ({"id": filled["high"], "version": 1, "name": ODD}, "active"),
        ({"id": filled["low"], "version": 1, "name": "Low"}, "active")]
    assert [(one["id"], one["state"], one["percent"], one["done"], one["needed"]) for one in made["pathways"]] == [
        (filled["enrolled"][2], "completed", 100, 2, 2), (filled["enrolled"][1], "paused", 50, 1, 2)]
    assert made["pathways"][1]["pathway"] == {"id": filled["ways"][1], "version": 1, "name": ODD} and "completed_at" in made["pathways"][0]
    assert [one["state"] for one in made["submissions"]] == ["declined", "approved", "returned", "draft"]
    assert [(one["id"], one["reached"]) for one in made["goals"]] == [(filled["goals"][1], False), (filled["goals"][0], True)]
    assert (made["goals"][0]["due"], made["goals"][1]["position"]) == ("2099-01-31", {"id": filled["place"], "name": "The PF"})
    for section, path in ("claims", "claims"), ("goals", "goals"), ("pathways", "enrolments"):
        whole = {one["id"]: one for one in house.below.pages(f"/{path}")}
        assert [{"person": made["person"], **one} for one in made[section]] == [
            {name: value for name, value in whole[one["id"]].items() if section != "pathways" or name not in ("via", "updated_at")} for one in made[section]]


def test_others_see_what_is_shared_and_most_people_nothing(house, filled):
    for client in house.manager, house.hr:
        made = portfolio(house, client)
        assert [one["id"] for one in made["claims"]] == filled["claims"][1:] and [one["id"] for one in made["goals"]] == filled["goals"][1:]
        assert [one["id"] for one in made["submissions"]] == filled["submissions"][2:0:-1]
        assert len(made["credentials"]) == 3 and len(made["skills"]) == len(made["pathways"]) == 2
    for client in house.employee, house.issuer, house.auditor:
        for what in "portfolio", "recommendations":
            client.get(f"/people/{house.people[BELOW]}/{what}", gives=404)
    for what in "portfolio", "recommendations":
        house.hr.get(f"/people/{MISSING}/{what}", gives=404)


def test_who_has_nothing_has_empty_sections(house):
    made = portfolio(house, house.auditor, AUDITOR)
    assert made == {"person": made["person"], **{section: [] for section in SECTIONS}}


def test_it_takes_one_way_to_the_database_and_back(house, filled):
    """Beside the one that finds who asks. Each statement of the lane that reads is one line of PostgreSQL's log."""
    portfolio(house, house.below)

    def asked(path):
        begin = len(house.postgres.log)
        house.below.get(path)
        wait_for("the log", lambda: "skillsd read|" in house.postgres.log[begin:])
        return re.findall(r"^skillsd read\|.*execute [^:]+: (.{30})", house.postgres.log[begin:], re.M)
    who = asked("/me")
    assert len(who) == 1, "which asks who it is"
    found = asked(f"/people/{house.people[BELOW]}/portfolio")
    assert found[0] == who[0] and len(found) == 2, found


# ---- recommendations

def recommended(house, client, name=BELOW):
    return client.get(f"/people/{house.people[name]}/recommendations")["recommendations"]


def test_the_best_reasons_come_first(house):
    """EMPLOYEE's position must have F1 at 3, and F2 at 2 would be nice; the goals, of which one is shared, are F3 at 1, a position that
    needs F1 at 2 and F4 at 1, and a pathway. Weights: Must 4 + 3 (of the goal that needs it) = 7, Both 4 + 3 + 2 = 9, Skill 3 and Four 3
    by the goals, Step 3 by the pathway, where Later comes after it, Nice 2, Next 1."""
    names = {name: award(house, name, **skills) for name, skills in {
        "Must": {"F1": 3}, "Both": {"F1": 5, "F2": 2}, "Nice": {"F2": 3}, "Skill": {"F3": 1}, "Four": {"F4": 2}, "Step": {}, "Later": {}, "Next": {},
        "Too low": {"F1": 1, "F2": 1}, "Nothing": {"F7": 1}}.items()}
    held = award(house, "Held", recommended=[names["Next"]], F5=1)
    house.issuer.issue(ACCOUNTS["EMPLOYEE"], held)
    for code, needs in ("OWN", {"F1": 3, "f2": 2}), ("AIM", {"F1": 2, "F4": 1}):
        house.hr.post("/positions", {"code": code, "name": code, "skills": [
            {"skill": skill.upper(), "level": level, "need": "must" if skill.isupper() else "nice"} for skill, level in needs.items()]})
    own, aim = (house.hr.get("/positions", q=code)["items"][0]["id"] for code in ("OWN", "AIM"))
    house.hr.post(f"/positions/{own}/assignments", {"person": ACCOUNTS["EMPLOYEE"]})
    (way,), = house.sql("INSERT INTO pathway (issuer_id) SELECT id FROM issuer WHERE key = 'company' RETURNING id::text")
    house.sql("INSERT INTO pathway_version (pathway_id, number, name, state) VALUES (%s, 1, 'Way', 'draft')", way)
    for place, step in enumerate((held, names["Step"], names["Later"])):
        house.sql("INSERT INTO pathway_node (pathway_id, number, place, node, kind, achievement_id, after) VALUES (%s, 1, %s, %s, 'achievement', %s, %s)",
                  way, place, str(place), step, [str(place - 1)] if place else [])
    house.sql("UPDATE pathway_version SET state = 'published' WHERE pathway_id = %s", way)
    goals = {word: house.employee.post("/goals", body)["id"] for word, body in (("skill", {"skill": "F3", "level": 1, "shared": True}), ("aim", {"position": "AIM"}),
                                                                               ("way", {"pathway": way}))}
    mine = recommended(house, house.employee, ACCOUNTS["EMPLOYEE"])
    ours = [one for one in mine if one["achievement"]["name"] not in ("Low", ODD)]
    assert [one["achievement"]["name"] for one in ours] == ["Both", "Must", "Four", "Skill", "Step", "Nice", "Next"]
    skill = {name: {"id": value, "label": name} for name, value in house.skills.items()}
    assert ours[0]["reasons"] == [
        {"kind": "position", "need": "must", "skill": skill["F1"], "level": 3},
        {"kind": "goal", "goal_id": goals["aim"], "position": {"id": aim, "name": "AIM"}, "skill": skill["F1"], "level": 2},
        {"kind": "position", "need": "nice", "skill": skill["F2"], "level": 2}]
    assert ours[3]["reasons"] == [{"kind": "goal", "goal_id": goals["skill"], "skill": skill["F3"], "level": 1}]
    assert ours[4]["reasons"] == [{"kind": "goal", "goal_id": goals["way"], "pathway": {"id": way, "name": "Way"}}]
    assert ours[6]["reasons"] == [{"kind": "achievement", "achievement": {"id": held, "name": "Held"}}]
    shown = [one["achievement"]["name"] for one in recommended(house, house.hr, ACCOUNTS["EMPLOYEE"]) if one["achievement"]["name"] not in ("Low", ODD)]
    assert shown == ["Both", "Must", "Skill", "Nice", "Next"], "goals that are not shared say nothing to others"
    house.issuer.issue(ACCOUNTS["EMPLOYEE"], names["Must"])
    now = [one["achievement"]["name"] for one in recommended(house, house.employee, ACCOUNTS["EMPLOYEE"])]
    assert now == ["Four", "Skill", "Step", "Both", "Nice", "Next"], "of Both what would be nice is left"
    house.issuer.issue(ACCOUNTS["EMPLOYEE"], names["Step"])
    now = [one["achievement"]["name"] for one in recommended(house, house.employee, ACCOUNTS["EMPLOYEE"])]
    assert now == ["Four", "Later", "Skill", "Both", "Nice", "Next"]


def test_what_cannot_be_earned_is_not_recommended(house):
    archived = award(house, "Archived", F6=1)
    house.hr.patch(f"/achievements/{archived}", {"state": "archived"}, "*")
    house.hr.post("/achievements", {"name": "Draft", "skills": [{"skill": "F6", "level": 1}]})
    house.below.post("/goals", {"skill": "F6", "level": 1})
    assert not {"Archived", "Draft"} & {one["achievement"]["name"] for one in recommended(house, house.below)}


def test_what_is_done_of_a_pathway_counts_where_no_credential_says_so(house):
    """What comes after a proof is next once that is accepted; a pathway that awards nothing is reached by who completes it."""
    behind = award(house, "Behind a proof")
    way = house.issuer.post("/pathways", {"name": "Proved", "state": "published", "nodes": [
        {"id": "x", "kind": "proof", "name": "x"}, {"id": "a", "kind": "achievement", "achievement": behind, "after": ["x"]}]}, gives=201)["id"]
    goal = house.below.post("/goals", {"pathway": way}, gives=201)["id"]
    enrolled = house.below.post(f"/pathways/{way}/enrolments", gives=201)["id"]
    assert "Behind a proof" not in {one["achievement"]["name"] for one in recommended(house, house.below)}
    accept(house, enrolled, "x")
    assert "Behind a proof" in {one["achievement"]["name"] for one in recommended(house, house.below)}
    assert house.below.get(f"/goals/{goal}")["reached"] is False
    given = house.issuer.issue(BELOW, behind)["id"]
    assert house.below.get(f"/enrolments/{enrolled}")["state"] == "completed" and house.below.get(f"/goals/{goal}")["reached"] is True
    house.issuer.post(f"/credentials/{given}/revoke", {"reason": "x"}, gives=200)
    assert house.below.get(f"/enrolments/{enrolled}")["state"] == "active" and house.below.get(f"/goals/{goal}")["reached"] is False


def test_either_entry_shows_the_human(postgres):
    with two_house(postgres) as house:
        two = Two(house)
        who = Both(two, 1)
        first, second = who.issue("main"), who.issue("branch")
        goal = house.sign_in("b1").post("/goals", {"skill": two.skill, "level": 1, "shared": True})
        assert goal["reached"] is True
        for entry in who.main, who.branch:
            made = two.hr.get(f"/people/{entry}/portfolio")
            assert made["person"]["id"] == who.main and [one["id"] for one in made["goals"]] == [goal["id"]]
            assert sorted(one["id"] for one in made["credentials"]) == sorted([first, second]) and len(made["skills"]) == 1
            assert two.hr.get(f"/people/{entry}/recommendations")["person"]["id"] == who.main
