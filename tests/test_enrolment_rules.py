# SPDX-License-Identifier: Apache-2.0
"""From ldapmodify to outcome: who is put on pathways by a rule, and what becomes of it when they come, move, leave and come back."""
import itertools

import ldap
import pytest
from kit.contract import MISSING
from kit.house import ACCOUNTS, AUDITOR, BASE, demo_house, wait_for

ODD = "Einarbeitung 🦺 \"Werk 2\" א </script>"
OUTER, INNER, AWAY = f"ou=outer,ou=people,{BASE}", f"ou=inner,ou=outer,ou=people,{BASE}", f"ou=away,ou=people,{BASE}"
CREW, LOT = f"cn=crew,ou=groups,{BASE}", f"cn=lot,ou=groups,{BASE}"
PEOPLE = [f"rule{number}" for number in range(12)]
numbers = itertools.count(1)


def person(name, unit=AWAY):
    return f"""dn: uid={name},{unit}
objectClass: inetOrgPerson
uid: {name}
cn: Rule {name} 🧭
sn: Rule
userPassword: pw-{name}
"""


def unit(dn):
    return f"dn: {dn}\nobjectClass: organizationalUnit\nou: {dn[3:].split(',')[0]}\n"


def group(dn, member):
    return f"dn: {dn}\nobjectClass: groupOfNames\ncn: {dn[3:].split(',')[0]}\nmember: {member}\n"


MORE = "\n".join([*map(unit, (OUTER, INNER, AWAY)), *map(person, PEOPLE), person("resident", INNER), group(CREW, f"uid=nobody,{BASE}"), group(LOT, CREW)])


@pytest.fixture(scope="module")
def house(postgres):
    with demo_house({"directory main": {"absent_window": "0s"}}, MORE, postgres=postgres) as house:
        house.hr, house.admin, house.issuer = (house.sign_in(ACCOUNTS[name]) for name in ("HR", "ADMIN", "ISSUER"))
        house.employee, house.manager, house.auditor = house.sign_in(ACCOUNTS["EMPLOYEE"]), house.sign_in(ACCOUNTS["MANAGER"]), house.sign_in(AUDITOR)
        house.units = {one["name"]: one["id"] for one in house.hr.pages("/units", limit=500)}
        house.ids = {one["username"]: one["id"] for one in house.hr.pages("/people", limit=500)}
        house.free = iter(PEOPLE)
        yield house


class Staff:
    """One of those who are in a unit of their own until a test takes them."""

    def __init__(self, house):
        self.house, self.name = house, next(house.free)
        self.dn, self.id = f"uid={self.name},{AWAY}", house.ids[self.name]
        self.client = house.sign_in(self.name, f"pw-{self.name}")

    def move(self, to):
        self.house.slapd.admin().rename_s(self.dn, f"uid={self.name}", newsuperior=to)
        self.dn = f"uid={self.name},{to}"
        self.house.sync()

    def join(self, dn, change=ldap.MOD_ADD):
        self.house.slapd.admin().modify_s(dn, [(change, "member", [self.dn.encode()])])
        self.house.sync()

    def part(self, dn):
        self.join(dn, ldap.MOD_DELETE)

    def leave(self):
        link = self.house.slapd.admin()
        self.entry = link.search_s(self.dn, ldap.SCOPE_BASE, "(objectClass=*)", ["*", "entryUUID"])[0][1]
        link.delete_s(self.dn)
        self.house.sync()

    def come_back(self):
        self.house.slapd.admin().add_ext_s(self.dn, list(self.entry.items()), serverctrls=[ldap.controls.simple.RelaxRulesControl()])
        self.house.sync()

    def on(self, way):
        """Their enrolments on a pathway, oldest first: (state, via), once all is done that follows."""
        settled(self.house)
        return [(one["state"], one["via"]) for one in self.house.hr.pages("/enrolments", pathway=way, person=self.id, sort="created_at")]

    def story(self, way):
        found = self.house.hr.pages("/enrolments", pathway=way, person=self.id, sort="created_at")[-1]
        return [event["kind"] for event in self.house.hr.pages(f"/enrolments/{found['id']}/events")]


def settled(house):
    wait_for("what follows", lambda: not house.sql("SELECT 1 FROM rule_news LIMIT 1"))


def pathway(house, state="published", **more):
    nodes = [{"id": "a", "kind": "proof", "name": "Tour"}]
    return house.issuer.post("/pathways", {"name": f"{ODD} {next(numbers)}", "nodes": nodes, "state": state, **more}, gives=201)["id"]


def rule(house, way, **whom):
    return house.hr.post(f"/pathways/{way}/rules", whom, gives=201)


def fields_of(problem):
    return [error["field"] for error in problem["errors"]]


BY = [("active", "rule")]
ENDED = [("left", "rule")]


def test_who_is_in_a_unit_or_below_it_is_on_the_pathway_and_who_leaves_it_is_not(house):
    who, way = Staff(house), pathway(house)
    who.move(INNER)
    made = rule(house, way, unit=house.units["outer"], days=30)
    assert made["unit"] == {"id": house.units["outer"], "name": "outer"} and made["days"] == 30
    assert who.on(way) == BY
    mine, = who.client.get("/enrolments", pathway=way)["items"]
    assert mine["until"] == str(house.sql("SELECT (created_at AT TIME ZONE current_setting('TimeZone'))::date + 30 FROM enrolment WHERE id = %s", mine["id"])[0][0])
    assert who.story(way) == ["enrolled"] and {one["account"] for one in house.hr.pages(f"/enrolments/{mine['id']}/events")} == {"house:rule"}
    who.move(OUTER)  # within the same one
    assert who.on(way) == BY and who.story(way) == ["enrolled"]
    who.move(AWAY)
    assert who.on(way) == ENDED and who.story(way) == ["enrolled", "ended"]
    assert {one["kind"] for one in house.admin.pages("/outbox", object=mine["id"])} == {"enrolment.enrolled", "enrolment.ended"}
    assert [one["action"] for one in house.auditor.pages("/audit", object=mine["id"], sort="at")] == ["enrolment.enrol", "enrolment.end"]
    who.move(INNER)
    assert who.on(way) == ENDED + BY


def test_who_is_in_a_group_or_one_within_it_is_on_the_pathway(house):
    inside, outside, way = Staff(house), Staff(house), pathway(house)
    inside.join(CREW)
    made = rule(house, way, group=f"CN=lot, ou=groups,{BASE}")
    assert made["group"] == LOT
    assert inside.on(way) == BY and outside.on(way) == []
    outside.join(LOT)
    inside.part(CREW)
    assert outside.on(way) == BY and inside.on(way) == ENDED
    inside.join(CREW)
    assert inside.on(way) == ENDED + BY
    house.slapd.admin().modify_s(LOT, [(ldap.MOD_DELETE, "member", [CREW.encode()])])
    house.sync()
    assert inside.on(way) == ENDED * 2 and outside.on(way) == BY
    house.slapd.admin().modify_s(LOT, [(ldap.MOD_ADD, "member", [CREW.encode()])])
    house.sync()
    assert inside.on(way) == ENDED * 2 + BY


def test_who_has_a_position_however_is_on_the_pathway(house):
    who, way = Staff(house), pathway(house)
    code = f"RULED-{next(numbers)}"
    held = house.hr.post("/positions", {"code": code, "name": ODD}, gives=201)["id"]
    made = rule(house, way, position=code)
    assert made["position"] == {"id": held, "name": ODD} and who.on(way) == []
    at = f"/positions/{held}/assignments"
    attached = house.hr.post(at, {"unit": house.units["outer"]}, gives=201)["id"]
    who.move(INNER)
    assert who.on(way) == BY
    house.hr.delete(f"{at}/{attached}", "*")
    assert who.on(way) == ENDED
    house.hr.post(at, {"title": "Rigger"}, gives=201)
    house.write_entry(who.name, "title", "rigger")
    house.sync()
    assert who.on(way) == ENDED + BY
    house.hr.patch(f"/positions/{held}", {"state": "archived"}, "*")
    assert who.on(way) == ENDED * 2
    house.hr.patch(f"/positions/{held}", {"state": "active"}, "*")
    assert who.on(way) == ENDED * 2 + BY
    house.write_entry(who.name, "title", "clerk")
    house.sync()
    house.hr.post(at, {"person": who.name}, gives=201)
    assert who.on(way)[-1:] == BY


def test_of_two_rules_the_other_one_follows(house):
    who, way = Staff(house), pathway(house)
    first, second = rule(house, way, unit=house.units["inner"]), rule(house, way, group=CREW)
    who.move(INNER)
    assert who.on(way) == BY
    who.join(CREW)
    who.move(AWAY)
    who.join(CREW)  # a member goes by the DN
    assert who.on(way) in (BY, ENDED + BY)
    before = len(who.on(way))
    who.move(INNER)
    house.hr.delete(f"/pathways/{way}/rules/{second['id']}", "*")
    assert len(who.on(way)) == before and who.on(way)[-1:] == BY and who.story(way)[-1] == "followed"
    house.hr.delete(f"/pathways/{way}/rules/{first['id']}", "*")
    assert who.on(way)[-1] == ("left", "rule") and who.story(way)[-1] == "ended"
    assert house.hr.pages(f"/pathways/{way}/rules") == []


def test_who_is_on_it_on_their_own_stays_and_who_completes_it_has(house):
    own, invited, done = Staff(house), Staff(house), Staff(house)
    way = pathway(house)
    own.client.post(f"/pathways/{way}/enrolments", gives=201)
    house.hr.post(f"/pathways/{way}/enrolments", {"person": invited.id}, gives=201)
    for who in own, invited, done:
        who.move(INNER)
    made = rule(house, way, unit=house.units["inner"])
    assert (own.on(way), invited.on(way), done.on(way)) == ([("active", "self")], [("invited", "invited")], BY)
    mine, = done.client.get("/enrolments", pathway=way)["items"]
    offered = done.client.post(f"/enrolments/{mine['id']}/proofs", {"node": "a", "text": ODD}, gives=201)
    house.hr.post(f"/proofs/{offered['id']}/accept", gives=200)
    for who in own, invited, done:
        who.move(AWAY)
    assert (own.on(way), invited.on(way), done.on(way)) == ([("active", "self")], [("invited", "invited")], [("completed", "rule")])
    house.hr.delete(f"/pathways/{way}/rules/{made['id']}", "*")
    assert (own.on(way), invited.on(way), done.on(way)) == ([("active", "self")], [("invited", "invited")], [("completed", "rule")])
