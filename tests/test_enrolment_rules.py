# SPDX-License-Identifier: Apache-2.0
"""From ldapmodify to outcome: who is put on pathways by a rule, and what becomes of it when they come, move, leave and come back."""
import contextlib
import csv
import io
import itertools
import threading

import ldap
import psycopg2
import pytest
from kit.contract import MISSING
from kit.house import ACCOUNTS, AUDITOR, BASE, demo_house, wait_for
from kit.two import Both, Two, two_house

ODD = "Einarbeitung 🦺 \"Werk 2\" א </script>"
OUTER, INNER, AWAY = f"ou=outer,ou=people,{BASE}", f"ou=inner,ou=outer,ou=people,{BASE}", f"ou=away,ou=people,{BASE}"
CREW, LOT = f"cn=crew,ou=groups,{BASE}", f"cn=lot,ou=groups,{BASE}"
PEOPLE = [f"rule{number}" for number in range(34)]
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
    assert mine["rule_id"] == made["id"]
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


def test_who_leaves_it_is_not_put_there_again_by_the_same_rule(house):
    who, way = Staff(house), pathway(house)
    rule(house, way, unit=house.units["inner"])
    who.move(INNER)
    assert who.on(way) == BY
    mine, = who.client.get("/enrolments", pathway=way)["items"]
    who.client.post(f"/enrolments/{mine['id']}/leave", gives=200)
    who.move(AWAY)
    who.move(INNER)
    assert who.on(way) == ENDED and who.story(way) == ["enrolled", "left"]
    rule(house, way, unit=house.units["outer"])
    assert who.on(way) == ENDED + BY


def test_of_a_leaver_what_was_by_a_rule_ends_and_all_else_waits_for_them(house):
    who, ruled, own = Staff(house), pathway(house), pathway(house)
    rule(house, ruled, unit=house.units["inner"])
    who.move(INNER)
    who.client.post(f"/pathways/{own}/enrolments", gives=201)
    assert (who.on(ruled), who.on(own)) == (BY, [("active", "self")])
    mine, = who.client.get("/enrolments", pathway=ruled)["items"]
    who.client.post(f"/enrolments/{mine['id']}/pause", gives=200)
    who.leave()
    assert (who.on(ruled), who.on(own)) == (ENDED, [("active", "self")])
    who.come_back()
    assert (who.on(ruled), who.on(own)) == (ENDED + BY, [("active", "self")])


def test_of_a_leaver_invitations_end_and_when_they_come_back_they_may_be_invited_anew(house):
    who, way, other, taken, unasked = Staff(house), pathway(house), pathway(house), pathway(house), Staff(house)
    invited, left, accepted = (house.hr.post(f"/pathways/{one}/enrolments", {"person": who.id}, gives=201)["id"] for one in (way, other, taken))
    who.client.post(f"/enrolments/{left}/leave", gives=200)
    who.client.post(f"/enrolments/{accepted}/accept", gives=200)
    still = house.hr.post(f"/pathways/{way}/enrolments", {"person": unasked.id}, gives=201)["id"]
    who.leave()
    assert (who.on(way), who.on(other), who.on(taken)) == ([("left", "invited")], [("left", "invited")], [("active", "invited")])
    assert unasked.on(way) == [("invited", "invited")]
    assert who.story(way) == ["invited", "ended"] and who.story(other) == ["invited", "left"]
    assert {one["account"] for one in house.hr.pages(f"/enrolments/{invited}/events")} == {f"ldap:{ACCOUNTS['HR']}", "house:rule"}
    assert sorted(one["kind"] for one in house.admin.pages("/outbox", object=invited)) == ["enrolment.ended", "enrolment.invited"]
    assert [one["action"] for one in house.auditor.pages("/audit", object=invited, sort="at")] == ["enrolment.invite", "enrolment.end"]
    house.hr.post(f"/pathways/{way}/enrolments", {"person": who.id}, gives=409)
    who.come_back()
    assert who.on(way) == [("left", "invited")]
    who.client = house.sign_in(who.name, f"pw-{who.name}")
    who.client.post(f"/enrolments/{invited}/accept", gives=409)
    anew = house.hr.post(f"/pathways/{way}/enrolments", {"person": who.id}, gives=201)["id"]
    assert who.client.post(f"/enrolments/{anew}/accept", gives=200)["state"] == "active"
    assert who.on(way) == [("left", "invited"), ("active", "invited")]
    assert unasked.client.post(f"/enrolments/{still}/accept", gives=200)["state"] == "active"


def test_a_rule_puts_nobody_on_what_takes_nobody(house):
    who, way = Staff(house), pathway(house, state="draft")
    who.move(INNER)
    rule(house, way, unit=house.units["inner"])
    assert house.sql("SELECT 1 FROM enrolment WHERE pathway_id = %s", way) == []
    house.issuer.patch(f"/pathways/{way}", {"state": "published"}, "*")
    assert who.on(way) == BY
    house.issuer.patch(f"/pathways/{way}", {"state": "archived"}, "*")
    who.move(AWAY)
    assert who.on(way) == ENDED
    who.move(INNER)
    assert who.on(way) == ENDED
    house.hr.post(f"/pathways/{way}/rules", {"unit": house.units["outer"]}, gives=409)


def test_what_no_rule_can_say_is_named(house):
    way = pathway(house)
    for field, body in (("/unit", {"unit": MISSING}), ("/group", {"group": f"cn=none,ou=groups,{BASE}"}), ("/position", {"position": "none"}),
                        ("/days", {"unit": house.units["outer"], "days": 0}), ("/title", {"title": "x"}), ("/unit", {"unit": "outer"})):
        assert fields_of(house.hr.post(f"/pathways/{way}/rules", body, gives=400)) == [field]
    for body in {}, {"unit": house.units["outer"], "group": CREW}, {"days": 3}:
        house.hr.post(f"/pathways/{way}/rules", body, gives=400)
    made = rule(house, way, unit=house.units["outer"])
    house.hr.post(f"/pathways/{way}/rules", {"unit": house.units["outer"], "days": 5}, gives=409)
    house.hr.post(f"/pathways/{MISSING}/rules", {"unit": house.units["outer"]}, gives=404)
    other = pathway(house)
    house.hr.get(f"/pathways/{other}/rules/{made['id']}", gives=404)
    house.hr.delete(f"/pathways/{other}/rules/{made['id']}", "*", gives=404)
    house.hr.delete(f"/pathways/{way}/rules/{made['id']}", gives=428)
    house.hr.delete(f"/pathways/{way}/rules/{made['id']}", '"7"', gives=412)
    house.hr.delete(f"/pathways/{way}/rules/{made['id']}", "*")
    house.hr.delete(f"/pathways/{way}/rules/{made['id']}", "*", gives=404)
    rule(house, way, unit=house.units["outer"])
    assert [one["action"] for one in house.auditor.pages("/audit", object=way, sort="at")][-3:] == ["pathway.rule_add", "pathway.rule_end", "pathway.rule_add"]


def test_hr_and_admin_say_them_and_everybody_reads_them_but_groups(house):
    way, draft = pathway(house), pathway(house, state="draft")
    for client, gives in (house.employee, 403), (house.manager, 403), (house.issuer, 403), (house.auditor, 403), (house.admin, 201):
        client.post(f"/pathways/{way}/rules", {"unit": house.units["outer"]}, gives=gives)
    by_group = rule(house, way, group=CREW)
    at = f"/pathways/{way}/rules"
    assert [next(word for word in ("unit", "group") if word in one) for one in house.hr.pages(at, limit=1)] == ["unit", "group"]
    assert [one["unit"]["name"] for one in house.employee.pages(at)] == ["outer"]
    house.employee.get(f"{at}/{by_group['id']}", gives=404)
    house.issuer.delete(f"{at}/{by_group['id']}", "*", gives=403)
    house.employee.get(f"/pathways/{draft}/rules", gives=404)


def test_an_enrolment_says_by_which_rule_it_is_to_who_may_read_that(house):
    alone, both, way, draft = Staff(house), Staff(house), pathway(house), pathway(house, state="draft")
    by_group, by_unit, waits = rule(house, way, group=CREW), rule(house, way, unit=house.units["inner"]), rule(house, draft, unit=house.units["inner"])
    alone.join(CREW)
    both.move(INNER)
    assert alone.on(way) == both.on(way) == BY

    def said(who, client):
        """In the list, alone, in the view and as CSV."""
        mine, = client.get("/enrolments", pathway=way, person=who.id)["items"]
        view, = [one for one in client.pages(f"/people/{who.id}/pathways") if one["id"] == mine["id"]]
        lines = [list(csv.DictReader(io.StringIO(client.ask("GET", path, params={"format": "csv"}).text))) for path in ("/enrolments", f"/people/{who.id}/pathways")]
        rows = [line["rule_id"] or None for listed in lines for line in listed if line["id"] == mine["id"]]
        assert len(rows) == 2 and {one["via"] for one in (mine, view)} == {"rule"}
        only, = {mine.get("rule_id"), client.get(f"/enrolments/{mine['id']}").get("rule_id"), view.get("rule_id"), *rows}
        return only
    assert said(alone, house.hr) == by_group["id"] and said(alone, alone.client) is None
    assert said(both, house.hr) == said(both, both.client) == by_unit["id"]
    of = lambda client, **asked: {one["person"]["id"] for one in client.pages("/enrolments", **asked)}
    listed = [[who.id in of(house.hr, rule=one["id"]) for who in (alone, both)] for one in (by_group, by_unit, waits)]
    assert listed == [[True, False], [False, True], [False, False]]
    assert of(both.client, rule=by_unit["id"]) == {both.id} and of(alone.client, rule=by_unit["id"]) == set()
    for client, unknown in (alone.client, by_group["id"]), (alone.client, waits["id"]), (house.hr, MISSING), (house.hr, way), (house.hr, "x"):
        assert fields_of(client.get("/enrolments", rule=unknown, gives=400)) == ["rule"]
    house.hr.delete(f"/pathways/{way}/rules/{by_unit['id']}", "*")
    assert both.on(way) == ENDED and of(house.hr, rule=by_unit["id"]) == set()


# ---- many, at once, and cut off

def crowd(house, count):
    """People of a directory that nobody reads, in a unit of their own; the unit."""
    (unit,), = house.sql("INSERT INTO unit (source, external_id, name, used) VALUES ('crowd', %s, 'Crowd', true) RETURNING id::text", str(next(numbers)))
    house.sql("INSERT INTO person (source, external_id, username, name, unit_id) SELECT 'crowd', %s || n, %s || n, 'Crowd', %s FROM generate_series(1, %s) n",
              unit, unit, unit, count)
    return unit


def test_two_thousand_people_come_and_go_by_one_rule(house):
    unit, way = crowd(house, 2000), pathway(house)
    made = rule(house, way, unit=unit)
    settled(house)
    assert house.sql("SELECT state, via, count(*), count(DISTINCT person_id) FROM enrolment WHERE pathway_id = %s GROUP BY 1, 2", way) == [
        ("active", "rule", 2000, 2000)]
    mine = "SELECT e.id FROM enrolment e WHERE e.pathway_id = %s"
    assert house.sql(f"SELECT count(*) FROM enrolment_event WHERE kind = 'enrolled' AND enrolment_id IN ({mine})", way) == [(2000,)]
    assert house.sql(f"SELECT count(*) FROM outbox WHERE kind = 'enrolment.enrolled' AND object IN ({mine})", way) == [(2000,)]
    wait_for("where they stand", lambda: house.sql("SELECT count(*) FROM enrolment WHERE pathway_id = %s AND needed = 1", way) == [(2000,)])
    house.sql("UPDATE person SET absent_since = now() WHERE unit_id = %s AND right(username, 1) IN ('0', '1')", unit)
    settled(house)
    assert house.sql("SELECT state, count(*) FROM enrolment WHERE pathway_id = %s GROUP BY 1 ORDER BY 1", way) == [("active", 1600), ("left", 400)]
    house.hr.delete(f"/pathways/{way}/rules/{made['id']}", "*")
    settled(house)
    assert house.sql("SELECT state, count(*) FROM enrolment WHERE pathway_id = %s GROUP BY 1", way) == [("left", 2000)]


def test_who_begins_it_themselves_at_the_same_moment_is_on_it_once(house):
    people = [Staff(house) for _ in range(4)]
    for _ in range(12):  # what they were on before is locked, too
        way, answers = pathway(house), []
        clients = [who.client for who in people]
        threads = [threading.Thread(target=lambda c=client: answers.append(c.ask("POST", f"/pathways/{way}/enrolments").status_code)) for client in clients]
        threads.insert(2, threading.Thread(target=lambda: rule(house, way, unit=house.units["away"])))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(answers) <= {201, 409}
        assert all(len(who.on(way)) == 1 and who.on(way)[0][0] == "active" for who in people)
        assert sum(who.on(way)[0][1] == "self" for who in people) == answers.count(201)
        house.issuer.patch(f"/pathways/{way}", {"state": "archived"}, "*")


def test_who_comes_back_while_what_they_had_is_taken_comes_back_without_it(house):
    """What another daemon is just doing."""
    who, way = Staff(house), pathway(house)
    rule(house, way, unit=house.units["inner"])
    who.move(INNER)
    assert who.on(way) == BY
    who.move(AWAY)
    assert who.on(way) == ENDED
    with contextlib.closing(psycopg2.connect(house.postgres.dsn(house.database))) as other:
        other.cursor().execute("UPDATE enrolment SET held_back = true WHERE pathway_id = %s AND person_id = %s", [way, who.id])
        who.move(INNER)
        wait_for("they are waited for, or on it", lambda: house.sql(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()") or
            house.sql("SELECT 1 FROM enrolment WHERE pathway_id = %s AND person_id = %s AND state = 'active'", way, who.id))
        other.commit()
    assert who.on(way) == ENDED + BY
    assert house.sql("SELECT held_back FROM enrolment WHERE pathway_id = %s AND person_id = %s", way, who.id) == [(True,), (True,)]


def test_a_kill_in_the_middle_leaves_nobody_out_and_nobody_twice(house):
    unit, way = crowd(house, 3000), pathway(house)
    with contextlib.closing(psycopg2.connect(house.postgres.dsn(house.database))) as other:
        other.cursor().execute("INSERT INTO enrolment (person_id, entry_id, pathway_id, number, looked, state, via)"
                               " SELECT id, id, %s, 1, 1, 'active', 'self' FROM person WHERE unit_id = %s LIMIT 1", [way, unit])
        rule(house, way, unit=unit)
        wait_for("one of them to be waited for", lambda: house.sql(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"))
        house.kill()
    assert house.sql("SELECT count(*) < 3000 FROM enrolment WHERE pathway_id = %s", way) == [(True,)]
    house.start()
    settled(house)
    assert house.sql("SELECT count(*), count(DISTINCT person_id) FROM enrolment WHERE pathway_id = %s", way) == [(3000, 3000)]
    assert house.sql("SELECT count(*), count(DISTINCT enrolment_id) FROM enrolment_event WHERE kind = 'enrolled' AND enrolment_id IN"
                     " (SELECT id FROM enrolment WHERE pathway_id = %s)", way) == [(3000, 3000)]


def test_who_is_being_written_just_now_is_looked_at_later_and_holds_up_nobody(house):
    unit, way = crowd(house, 1500), pathway(house)
    on = lambda: house.sql("SELECT count(*) FROM enrolment WHERE pathway_id = %s", way)[0][0]
    with contextlib.closing(psycopg2.connect(house.postgres.dsn(house.database))) as other:
        other.cursor().execute("UPDATE person SET name = 'x' WHERE id IN (SELECT id FROM person WHERE unit_id = %s LIMIT 1)", [unit])
        rule(house, way, unit=unit)
        wait_for("the others", lambda: on() == 1499)
        other.commit()
    settled(house)
    assert on() == 1500


# ---- what waits for a manager who left

def led(house, *chain):
    """Each is led by the one before."""
    for boss, who in zip(chain, chain[1:]):
        house.write_entry(who.name, "manager", boss.dn)
    house.sync()


def waiting(client):
    return [one["id"] for one in client.pages("/proofs", state="offered")]


def told(house, proof):
    return [one["detail"] for one in sorted(house.admin.pages("/outbox", object=proof, kind="proof.handed_on"), key=lambda one: one["made_at"])]


def test_what_waits_for_a_manager_who_left_goes_up_the_chart(house):
    top, boss, lead, who = (Staff(house) for _ in range(4))
    way = pathway(house)
    led(house, top, boss, lead, who)
    mine = who.client.post(f"/pathways/{way}/enrolments", gives=201)["id"]
    invited = lead.client.post(f"/pathways/{pathway(house)}/enrolments", {"person": who.id}, gives=201)["id"]
    offered = who.client.post(f"/enrolments/{mine}/proofs", {"node": "a", "text": ODD}, gives=201)["id"]
    lead.leave()
    assert "manager" not in house.hr.get(f"/people/{who.id}")
    wait_for("it is handed on", lambda: told(house, offered))
    assert told(house, offered) == [{"to": boss.id}] and waiting(boss.client) == [offered]
    boss.leave()
    wait_for("it is handed on", lambda: len(told(house, offered)) == 2)
    assert told(house, offered)[1] == {"to": top.id} and waiting(top.client) == [offered]
    assert [one["id"] for one in top.client.pages("/people", manager=top.id)].count(who.id) == 1
    assert top.client.post(f"/enrolments/{invited}/leave", gives=200)["state"] == "left"
    house.employee.post(f"/proofs/{offered}/accept", gives=404)
    assert top.client.post(f"/proofs/{offered}/accept", {"note": "seen"}, gives=200)["state"] == "accepted"
    assert {one["account"] for one in house.auditor.pages("/audit", object=offered, action="proof.hand_on")} == {"house:rule"}


def test_whom_the_directory_names_then_leads_and_nobody_else(house):
    boss, lead, other, who = (Staff(house) for _ in range(4))
    led(house, boss, lead, who)
    mine = who.client.post(f"/pathways/{pathway(house)}/enrolments", gives=201)["id"]
    lead.leave()
    assert boss.client.get(f"/enrolments/{mine}")["id"] == mine
    other.client.get(f"/enrolments/{mine}", gives=404)
    led(house, other, who)
    boss.client.get(f"/enrolments/{mine}", gives=404)
    assert other.client.get(f"/enrolments/{mine}")["id"] == mine
    led(house, lead, who)
    lead.come_back()
    assert house.sql("SELECT 1 FROM left_alone WHERE person_id = %s", who.id) == []
    assert lead.client.get(f"/enrolments/{mine}")["id"] == boss.client.get(f"/enrolments/{mine}")["id"] == mine


# ---- people with two entries

def test_by_either_entry_of_a_human_a_rule_fits_and_each_has_its_own_when_they_are_parted(postgres):
    with two_house(postgres) as house:
        two = Two(house)
        house.hr, house.issuer, who, _ = two.hr, two.issuer, Both(two, 1), [Both(two, number) for number in range(2, 8)]
        position, way = two.hr.post("/positions", {"code": "RULED", "name": ODD}, gives=201)["id"], pathway(house)
        two.hr.post(f"/positions/{position}/assignments", {"title": "Rigger"}, gives=201)
        who.put("branch", title="Rigger")
        two.sync()
        rule(house, way, position="RULED")

        def on():
            settled(house)
            return [(str(person), state) for person, state in house.sql(
                "SELECT person_id, state FROM enrolment WHERE pathway_id = %s AND state <> 'left'", way)]
        assert who.shown() == {"main"} and on() == [(who.main, "active")]
        who.put("branch", employeeNumber="other")
        two.sync()
        assert on() == [(who.branch, "active")]
        who.put("branch", employeeNumber="N1")
        two.sync()
        assert on() == [(who.main, "active")]
        who.leave("branch")
        two.sync()
        assert on() == []
