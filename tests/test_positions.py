# SPDX-License-Identifier: Apache-2.0
"""Positions: what they need, and who has them now: by name, by unit, by group, by title, whatever the directory says next."""
import threading

import ldap
import pytest
from kit.contract import MISSING
from kit.house import ACCOUNTS, AUDITOR, BASE, demo_house
from kit.two import Both, Two, two_house

ODD = "Sicherheit 😀 \"am Arbeitsplatz\" א </script>"
# Units in units, groups in groups, each also in itself by a detour, and somebody who is in all of it.
MORE = f"""dn: ou=outer,ou=people,{BASE}
objectClass: organizationalUnit
ou: outer

dn: ou=inner,ou=outer,ou=people,{BASE}
objectClass: organizationalUnit
ou: inner

dn: uid=inside,ou=inner,ou=outer,ou=people,{BASE}
objectClass: inetOrgPerson
uid: inside
cn: Inside Out
sn: Out
title: Glass Blower

dn: uid=outside,ou=outer,ou=people,{BASE}
objectClass: inetOrgPerson
uid: outside
cn: Out Side
sn: Side

dn: cn=small,ou=groups,{BASE}
objectClass: groupOfNames
cn: small
member: uid=inside,ou=inner,ou=outer,ou=people,{BASE}
member: cn=large,ou=groups,{BASE}

dn: cn=large,ou=groups,{BASE}
objectClass: groupOfNames
cn: large
member: cn=small,ou=groups,{BASE}
"""


@pytest.fixture(scope="module")
def house(postgres):
    with demo_house(more_ldif=MORE, postgres=postgres) as house:
        house.hr, house.admin, house.issuer = (house.sign_in(ACCOUNTS[name]) for name in ("HR", "ADMIN", "ISSUER"))
        house.employee, house.manager, house.auditor = house.sign_in(ACCOUNTS["EMPLOYEE"]), house.sign_in(ACCOUNTS["MANAGER"]), house.sign_in(AUDITOR)
        house.people = {one["username"]: one["id"] for one in house.hr.pages("/people", limit=500)}
        house.units = {one["name"]: one["id"] for one in house.hr.pages("/units", limit=500)}
        house.hr.post("/frameworks", {"code": "POS", "name": "Positions"})
        house.skills = [house.hr.post("/skills", {"framework": "POS", "code": f"P{n}", "label": f"Skill {n}"})["id"] for n in range(4)]
        yield house


@pytest.fixture(scope="module")
def two(postgres):
    with two_house(postgres) as house:
        yield Two(house)


def position(house, code, **fields):
    return house.hr.post("/positions", {"code": code, "name": f"The {code}", **fields}, gives=201)


def attach(house, made, **to):
    return house.hr.post(f"/positions/{made['id']}/assignments", to, gives=201)


def held(client, person):
    return [one["code"] for one in client.pages("/positions", person=person, sort="code")]


def fields_of(problem):
    return [error["field"] for error in problem["errors"]]


def test_a_position_is_kept_as_it_was_said(house):
    made = house.hr.post("/positions", {"code": "ODD 😀", "name": ODD, "description": "x", "openings": 3, "skills": [
        {"skill": "P2", "level": 3, "need": "nice"}, {"skill": {"id": house.skills[1]}, "level": 5}]}, gives=201)
    assert made["skills"] == [{"skill": {"id": house.skills[1], "label": "Skill 1"}, "level": 5, "need": "must"},
                              {"skill": {"id": house.skills[2], "label": "Skill 2"}, "level": 3, "need": "nice"}]
    assert (made["name"], made["openings"], made["state"]) == (ODD, 3, "active")
    for client in house.employee, house.auditor:
        assert client.get(f"/positions/{made['id']}") == made and made in client.pages("/positions")
    etag = house.hr.last.headers["ETag"]
    changed = house.hr.patch(f"/positions/{made['id']}", {"openings": 0, "description": None, "code": "ODD"}, etag)
    assert changed == {**{key: value for key, value in made.items() if key != "description"}, "openings": 0, "code": "ODD",
                       "updated_at": changed["updated_at"]}
    assert house.hr.patch(f"/positions/{made['id']}", {"skills": None}, "*")["skills"] == []
    assert house.hr.patch(f"/positions/{made['id']}", {"state": "archived"}, "*")["state"] == "archived"
    assert house.sql("SELECT action FROM audit_entry WHERE object = %s ORDER BY seq", made["id"]) == [("position.add",)] + [("position.set",)] * 3
    last = house.auditor.pages("/audit", object=made["id"])[0]["detail"]
    assert last == {"code": "ODD", "name": ODD, "openings": 0, "state": "archived", "skills": []}


def test_where_nothing_changes_nothing_is_written(house):
    body = {"code": "SAME", "name": "Same", "openings": 1, "skills": [{"skill": "P2", "level": 1, "need": "nice"}, {"skill": "P1", "level": 2}]}
    made = house.hr.post("/positions", body, gives=201)
    etag = house.hr.last.headers["ETag"]
    for same in {}, body, {"state": "active"}, {"skills": body["skills"][::-1]}:
        assert house.hr.patch(f"/positions/{made['id']}", same, etag) == made and house.hr.last.headers["ETag"] == etag
    assert len(house.auditor.pages("/audit", object=made["id"])) == 1
    for change in {"skills": body["skills"][:1]}, {"skills": [{**body["skills"][0], "need": "must"}]}, {"openings": 0}:
        house.hr.patch(f"/positions/{made['id']}", change, etag)
        assert house.hr.last.headers["ETag"] != etag
        etag = house.hr.last.headers["ETag"]


def test_what_cannot_be_asked_for_is_named(house):
    gone = house.hr.post("/skills", {"framework": "POS", "code": "GONE", "label": "Gone"})["id"]
    house.hr.patch(f"/skills/{gone}", {"status": "archived"}, "*")
    for field, body in (("/code", {"code": None}), ("/openings", {"openings": -1}), ("/state", {"state": "archived"}), ("/skills", {"skills": {}}),
                        ("/skills/0", {"skills": ["P1"]}), ("/skills/0/skill", {"skills": [{"skill": "nothing", "level": 1}]}),
                        ("/skills/0/skill", {"skills": [{"skill": gone, "level": 1}]}), ("/skills/0/level", {"skills": [{"skill": "P1", "level": 6}]}),
                        ("/skills/0/need", {"skills": [{"skill": "P1", "level": 1, "need": "maybe"}]}),
                        ("/skills/1/skill", {"skills": [{"skill": "P1", "level": 1}, {"skill": house.skills[1], "level": 2}]})):
        assert field in fields_of(house.hr.post("/positions", {"code": "x", "name": "x", **body}, gives=400)), body
    position(house, "TAKEN")
    house.hr.post("/positions", {"code": "TAKEN", "name": "x"}, gives=409)
    other = position(house, "OTHER")
    house.hr.patch(f"/positions/{other['id']}", {"code": "TAKEN"}, "*", gives=409)


def test_hr_and_admins_write_them_and_nobody_else(house):
    made = position(house, "WRITTEN")
    for client, gives in (house.employee, 403), (house.manager, 403), (house.issuer, 403), (house.auditor, 403), (house.admin, 201):
        client.post("/positions", {"code": f"BY-{gives}-{id(client)}", "name": "x"}, gives=gives)
        client.post(f"/positions/{made['id']}/assignments", {"title": f"{id(client)}"}, gives=gives)
        client.patch(f"/positions/{made['id']}", {"openings": 1}, "*", gives=200 if gives == 201 else gives)


def test_it_is_had_by_name_unit_group_and_title(house):
    by = {word: position(house, f"BY-{word}") for word in ("person", "outer", "inner", "small", "large", "title")}
    attach(house, by["person"], person="inside")
    attach(house, by["outer"], unit=house.units["outer"])
    attach(house, by["inner"], unit=house.units["inner"])
    attach(house, by["small"], group=f"CN=small, ou=groups,{BASE}")
    attach(house, by["large"], group=f"cn=large,ou=groups,{BASE}")
    attach(house, by["title"], title="gLASS bLOWER")
    assert held(house.hr, "inside") == sorted(f"BY-{word}" for word in by)
    assert held(house.hr, "outside") == ["BY-outer"]
    assert house.sql("SELECT count(*) FROM positions_held(%s::uuid[])", [house.people[name] for name in ("inside", "outside")]) == [(7,)]
    house.write_entry("inside", "title", "Glass Blower II")
    house.sync()
    assert "BY-title" not in held(house.hr, "inside")
    house.hr.patch(f"/positions/{by['outer']['id']}", {"state": "archived"}, "*")
    assert held(house.hr, "outside") == []
    at = f"/positions/{by['person']['id']}/assignments"
    one, = house.hr.pages(at)
    house.hr.delete(f"{at}/{one['id']}", "*")
    house.hr.get(f"{at}/{one['id']}", gives=404)
    assert "BY-person" not in held(house.hr, "inside")


def test_units_and_groups_that_are_in_themselves_end(house):
    loop = position(house, "LOOP")
    attach(house, loop, unit=house.units["inner"])
    house.sql("UPDATE unit SET parent_id = %s WHERE id = %s", house.units["inner"], house.units["outer"])
    assert "LOOP" in held(house.hr, "outside") and "LOOP" in held(house.hr, "inside")
    house.sql("UPDATE unit SET parent_id = NULL WHERE id = %s", house.units["outer"])
    assert "LOOP" not in held(house.hr, "outside")


def test_what_it_is_attached_to_is_there_and_is_one(house):
    made = position(house, "ATTACHED")
    at = f"/positions/{made['id']}/assignments"
    for field, body in (("/person", {"person": "nobody"}), ("/person", {"person": MISSING}), ("/unit", {"unit": MISSING}),
                        ("/group", {"group": f"cn=none,ou=groups,{BASE}"}), ("/group", {"group": "no DN"})):
        assert fields_of(house.hr.post(at, body, gives=400)) == [field]
    for body in {}, {"title": "x", "person": "inside"}:
        house.hr.post(at, body, gives=400)
    house.hr.post(at, {"title": "Once"}, gives=201)
    house.hr.post(at, {"title": "ONCE"}, gives=409)
    house.hr.post(f"/positions/{MISSING}/assignments", {"title": "x"}, gives=404)
    house.hr.patch(f"/positions/{made['id']}", {"state": "archived"}, "*")
    house.hr.post(at, {"title": "Late"}, gives=409)


def test_who_has_it_is_shown_to_who_sees_them(house):
    made = position(house, "SEEN")
    for to in {"person": "inside"}, {"person": ACCOUNTS["EMPLOYEE"]}, {"unit": house.units["outer"]}, {"group": f"cn=small,ou=groups,{BASE}"}, {"title": ODD}:
        attach(house, made, **to)
    at = f"/positions/{made['id']}/assignments"

    def shown(client):
        return [next(word for word in ("person", "unit", "group", "title") if word in one) for one in client.pages(at, limit=2)]
    assert shown(house.hr) == ["person", "person", "unit", "group", "title"]
    assert shown(house.employee) == ["person", "unit", "title"]
    assert shown(house.auditor) == ["unit", "title"]
    ids = [one["id"] for one in house.hr.pages(at)]
    assert [house.employee.ask("GET", f"{at}/{one}").status_code for one in ids] == [404, 200, 200, 404, 200]
    assert fields_of(house.employee.get("/positions", gives=400, person="inside")) == ["person"]
    assert fields_of(house.employee.get("/positions", gives=400, skill="nothing")) == ["skill"]


def test_of_two_who_attach_or_change_it_at_once_one_is_told(house):
    made = position(house, "RACE")
    house.hr.get(f"/positions/{made['id']}")
    etag, answers = house.hr.last.headers["ETag"], []
    clients = [client.twin() for client in (house.hr, house.admin) * 2]

    def race(method, path, body, headers):
        threads = [threading.Thread(target=lambda c=client: answers.append(c.ask(method, path, body, headers=headers).status_code)) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = sorted(answers)
        answers.clear()
        return found
    assert race("POST", f"/positions/{made['id']}/assignments", {"title": "Racer"}, {}) == [201, 409, 409, 409]
    assert race("PATCH", f"/positions/{made['id']}", {"openings": 9}, {"If-Match": etag}) == [200, 412, 412, 412]
    assert race("POST", "/positions", {"code": "RACE-2", "name": "x"}, {}) == [201, 409, 409, 409]


def test_who_left_has_none(house):
    made = position(house, "LEAVERS")
    attach(house, made, person="outside")
    assert "LEAVERS" in held(house.hr, "outside")
    house.slapd.admin().delete_s(f"uid=outside,ou=outer,ou=people,{BASE}")
    house.sync()
    assert house.hr.get("/positions", person=house.people["outside"])["items"] == []


def test_a_group_that_comes_back_gives_it_again(house):
    made = position(house, "BACK")
    attach(house, made, group=f"cn=large,ou=groups,{BASE}")
    assert "BACK" in held(house.hr, "inside")
    house.slapd.admin().rename_s(f"cn=large,ou=groups,{BASE}", "cn=grand")
    house.slapd.admin().modify_s(f"cn=small,ou=groups,{BASE}", [(ldap.MOD_REPLACE, "member", f"uid=inside,ou=inner,ou=outer,ou=people,{BASE}".encode())])
    house.sync()
    assert "BACK" in held(house.hr, "inside")
    assert [one["group"] for one in house.hr.pages(f"/positions/{made['id']}/assignments")] == [f"cn=grand,ou=groups,{BASE}"]


def test_either_entry_of_a_human_gives_it(two):
    who = Both(two, 1, employeeNumber=None)
    made = two.hr.post("/positions", {"code": "TWO", "name": "x"})["id"]
    two.hr.post(f"/positions/{made}/assignments", {"person": who.branch}, gives=201)
    assert (held(two.hr, who.main), held(two.hr, who.branch)) == ([], ["TWO"])
    who.put("branch", employeeNumber="n1").put("main", employeeNumber="n1")
    two.sync()
    assert who.shown() == {"main"} and held(two.hr, who.main) == ["TWO"]
    assert [one["person"]["id"] for one in two.hr.pages(f"/positions/{made}/assignments")] == [who.main]
    who.put("branch", employeeNumber="other")
    two.sync()
    assert (held(two.hr, who.main), held(two.hr, who.branch)) == ([], ["TWO"])
