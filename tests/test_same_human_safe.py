# SPDX-License-Identifier: Apache-2.0
"""What must not happen to people who are in two directories: that a successor becomes who left, that many are parted
by a fault, that something issued meanwhile stays behind, that a trace is left of who was erased."""
import contextlib
import json
import threading
import time

import ldap
import psycopg2
import pytest
from kit.house import ACCOUNTS, BASE, wait_for
from kit.leaver import dump, found_in
from kit.two import ASSESSORS, PLACES, Both, Two, two_house

SYNCPROV = {"modules": ["ppolicy", "syncprov"], "database": "overlay ppolicy\noverlay syncprov"}


@pytest.fixture(scope="module")
def two(postgres):
    with two_house(postgres) as house:
        yield Two(house)


@pytest.fixture(scope="module")
def by_mail(postgres):
    with two_house(postgres, {"directory branch": {"same_by": "mail"}}) as house:
        yield Two(house)


def members(two, *dns):
    two.link.modify_s(ASSESSORS, [(ldap.MOD_REPLACE, "member", [dn.encode() for dn in ("cn=nobody", *dns)])])


# ---- by what

def test_a_username_of_both_means_the_one_person(two):
    link, name = two.link, ACCOUNTS["ADMIN"]
    (number,), = two.house.sql("SELECT employee_number FROM person WHERE username = %s", name)
    link.add_s(f"uid={name},{PLACES['branch']}", [("objectClass", [b"inetOrgPerson"]), ("uid", [name.encode()]), ("cn", [b"x"]),
                                                ("sn", [b"x"])])
    two.sync()
    assert two.house.sign_in(name).get("/me")["roles"] == []
    two.issuer.post("/credentials", {"person": name, "achievement": two.achievement}, gives=400)
    link.modify_s(f"uid={name},{PLACES['branch']}", [(ldap.MOD_ADD, "employeeNumber", [number.encode()])])
    two.sync()
    me = two.house.sign_in(name).get("/me")
    assert me["roles"] == ["admin"] and two.hr.get("/people", q=name)["items"][0]["id"] == me["person"]["id"]
    assert two.issuer.issue(name, two.achievement)["person"]["id"] == me["person"]["id"]


# ---- successors

def test_by_mail_in_any_case(by_mail):
    assert Both(by_mail, 1, employeeNumber=None, mail="One@Example.org").put("branch", mail="one@EXAMPLE.org").shown() == {"main"}
    by_mail.sync()
    assert ("b1", "m1") in by_mail.links()


@pytest.mark.parametrize("number, stays", [(2, "branch"), (4, "main"), (6, None)])
def test_a_successor_with_the_mail_of_who_left_is_not_linked_to_them(by_mail, number, stays):
    who = Both(by_mail, number, mail="boss@example.org")
    made = who.issue("main"), who.issue("branch")
    for place in set(PLACES) - {stays}:
        who.leave(place)
    by_mail.sync()
    next_one = Both(by_mail, number + 1, mail="boss@example.org")
    assert next_one.shown() == {"main", "branch"} and not {f"b{number}", f"b{number + 1}"} & {b for b, _ in by_mail.links()}
    assert not set(made) & {*next_one.held("main"), *next_one.held("branch")}
    assert set(made) == {*who.held("main"), *who.held("branch")}
    for place in PLACES:
        who.put(place, mail=None)
        if place != stays:
            who.come(place)
    by_mail.sync()
    assert next_one.shown() == {"main"}
    for place in PLACES:
        next_one.put(place, mail=None)
    by_mail.sync()


# ---- many at once

def test_many_links_that_a_run_would_end_wait_and_carry_no_rights_meanwhile(postgres):
    with two_house(postgres, {"directory branch": {"absent_count": 2, "absent_percent": 0}}) as house:
        two = Two(house)
        people = [Both(two, number) for number in range(4)]
        members(two, *(who.where["branch"] for who in people))
        two.sync()
        made = [who.issue("branch") for who in people]
        clients = {name: house.sign_in(name) for name in ("m0", "b0")}
        assert [client.get("/me")["roles"] for client in clients.values()] == [["assessor"], ["assessor"]]
        for who in people[:3]:
            who.put("branch", employeeNumber=f"X{who.number}")
        run = house.sync("needs_approval", source="branch")
        assert run["error"].startswith("3 of 4 people would lose their link to another directory")
        assert {line["person"]["name"]: line["detail"] for line in run["lines"] if "link" in line.get("detail", {})} == \
            {f"Name of b{n}": {"link": {"from": "main"}} for n in range(3)}
        assert {who.number: who.shown() for who in people} == {n: {"main"} for n in range(4)}
        assert [len(who.held("main")) for who in people] == [1] * 4

        def roles():
            return [client.get("/me")["roles"] for client in clients.values()]
        assert roles() == [["employee"], []]
        house.sync(source="main")  # nor by a run of the other one
        assert roles() == [["employee"], []]
        assert house.rescue.get("/access")["items"]
        for who in people[:3]:
            who.put("branch", employeeNumber=f"N{who.number}")
        two.sync()
        assert roles() == [["assessor"], ["assessor"]]
        for who in people[:3]:
            who.put("branch", employeeNumber=None)
        run = house.sync("needs_approval", source="branch")
        house.rescue.post(f"/directory/runs/{run['id']}/approve", gives=200)
        wait_for("them to be parted", lambda: len(two.links()) == 1)
        assert [who.held("branch") for who in people[:3]] == [[one] for one in made[:3]]
        assert [(client.get("/me")["person"]["id"], client.get("/me")["roles"]) for client in clients.values()] == \
            [(people[0].main, ["employee"]), (people[0].branch, ["assessor"])]


def test_who_left_by_an_approved_run_is_shown_by_the_other_entry(postgres):
    with two_house(postgres, {"directory branch": {"absent_count": 1, "absent_percent": 0}, "directory main":
                              {"absent_count": 1, "absent_percent": 0}}) as house:
        two = Two(house)
        people = [Both(two, number) for number in range(2)]
        made = [who.issue("main") for who in people]
        for who in people:
            who.leave("main")
        run = house.sync("needs_approval", source="main")
        assert [who.shown() for who in people] == [{"main"}] * 2
        house.rescue.post(f"/directory/runs/{run['id']}/approve", gives=200)
        assert [who.shown() for who in people] == [{"branch"}] * 2
        assert [who.held("branch") for who in people] == [[one] for one in made]


# ---- dry runs and feeds

def test_a_dry_run_tells_of_links_and_makes_none(two):
    who, other = Both(two, 10), Both(two, 11, employeeNumber=None)
    made = who.issue("branch")
    who.put("branch", employeeNumber=None)
    for place in PLACES:
        other.put(place, employeeNumber="N11")
    two.house.sync(source="main")
    before = two.links()
    told = json.loads(two.house.command("sync", "--dry-run", "--json", "branch").stdout)
    lines = {(line["kind"], line["person"]["name"], line["what"]) for line in told["lines"] if line["kind"].endswith("linked")}
    assert lines == {("unlinked", "Name of m10", "branch"), ("unlinked", "Name of b10", "main"),
                     ("linked", "Name of m11", "branch"), ("linked", "Name of b11", "main")}
    assert two.links() == before and who.held("main") == [made]
    assert "  unlinked  Name of b10 (b10): with one of main, by employee_number\n" \
        in two.house.command("sync", "--dry-run", "branch").stdout
    two.sync()
    assert who.shown() == {"main", "branch"} and other.shown() == {"main"}


def test_a_rule_that_is_new_is_told_by_a_dry_run(postgres):
    with two_house(postgres, {"directory branch": {"same_as": None, "same_by": None}}) as house:
        two = Two(house)
        Both(two, 1)
        house.stop()
        house.configure({"directory branch": {"same_as": "main", "same_by": "employee_number"}})
        for name, line in ("main", "b1"), ("branch", "m1"):
            assert f"Name of {line} ({line}): with one of {name}, by employee_number" in house.command("sync", "--dry-run", name).stdout
        assert two.links() == [] and house.sql("SELECT * FROM same_rule") == []
        house.start()
        two.sync()
        assert two.links() == [("b1", "m1")]


def test_no_run_begins_before_a_new_rule_stands_in_the_database(postgres):
    with two_house(postgres, {"directory branch": {"same_as": None, "same_by": None}}) as house:
        two = Two(house)
        Both(two, 1)
        house.stop()
        house.configure({"directory branch": {"same_as": "main", "same_by": "employee_number"}})
        before = house.sql("SELECT count(*) FROM directory_run")
        with contextlib.closing(psycopg2.connect(house.postgres.dsn(house.database))) as other:
            other.cursor().execute("LOCK TABLE same_rule IN SHARE ROW EXCLUSIVE MODE")
            house.start(migrate=False)
            time.sleep(1)
            assert house.sql("SELECT count(*) FROM directory_run") == before and not house._answers("/readyz")
        wait_for("/readyz", lambda: house._answers("/readyz"))
        two.sync()
        assert two.links() == [("b1", "m1")]


def test_a_feed_links_and_parts_at_once(postgres):
    with two_house(postgres, slapd=SYNCPROV) as house:
        two = Two(house)
        who = Both(two, 1, employeeNumber=None)
        members(two, who.where["branch"])
        made, client = who.issue("branch"), house.sign_in("m1")
        for place in PLACES:
            who.put(place, employeeNumber="N1")
        wait_for("the two to be one", lambda: two.links())
        assert who.held("main") == [made] and client.get("/me")["roles"] == ["assessor"]
        assert house.sql("SELECT DISTINCT r.feed FROM directory_run r JOIN directory_run_line l ON l.run_id = r.id"
                         " WHERE l.kind = 'linked'") == [(True,)]
        who.put("main", employeeNumber="N2")
        wait_for("the two to be two", lambda: not two.links())
        assert who.held("branch") == [made] and client.get("/me")["roles"] == ["employee"]


# ---- at the same time

def test_a_groups_change_that_finds_a_new_rule_gives_its_roles_too(postgres):
    """Another daemon came with the rule; this one follows, and what it hears next is of a group without a role."""
    house = two_house(postgres, slapd=SYNCPROV)
    del house.config["directory branch"]["same_as"], house.config["directory branch"]["same_by"]
    with house:
        two = Two(house)
        who = Both(two, 1)
        members(two, who.where["branch"])
        two.sync()
        holder = "SELECT person_id::text FROM role_grant WHERE role = 'assessor' AND until = 'infinity'"
        assert house.sql(holder) == [(who.branch,)]
        house.sql("INSERT INTO same_rule (source, main, by_what) VALUES ('branch', 'main', 'employee_number')")
        two.link.add_s(f"cn=chess,ou=groups,{BASE}", [("objectClass", [b"groupOfNames"]), ("cn", [b"chess"]),
                                                      ("member", [who.where["main"].encode()])])
        wait_for("the link", lambda: two.links() == [("b1", "m1")])
        assert house.sql(holder) == [(who.main,)]


@pytest.mark.parametrize("number, first, place", [(20, "issue", "branch"), (21, "link", "branch"), (22, "issue", "main"),
                                                  (23, "link", "main")])
def test_whoever_was_first_is_waited_for(two, number, first, place):
    """A credential is issued to an entry that comes to be, or ceases to be, somebody else's at this moment."""
    who = Both(two, number, **({"employeeNumber": None} if place == "branch" else {}))
    for entry in PLACES:
        who.put(entry, employeeNumber=f"M{number}" if place == "branch" else f"{entry}{number}")
    lock, client, made = two.house.postgres.connect(two.house.database), two.issuer.twin(), []
    steps = [threading.Thread(target=lambda: made.append(client.issue(who.names["branch"], two.achievement)["id"])),
             threading.Thread(target=two.sync)]
    with lock.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(f"LOCK TABLE {'proof' if first == 'issue' else 'claim'} IN EXCLUSIVE MODE")
        for step in steps if first == "issue" else steps[::-1]:
            before = len(waiting(two))
            step.start()
            wait_for("it to wait", lambda n=before: len(waiting(two)) > n)
        cursor.execute("ROLLBACK")
    for step in steps:
        step.join()
    lock.close()
    two.sync()
    holder = "main" if place == "branch" else "branch"
    assert who.held(holder) == made and report_of(two, made) == [getattr(who, holder)]


def waiting(two):
    return two.house.sql("SELECT 1 FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'", two.house.database)


def report_of(two, made):
    return [person for person, in two.house.sql(
        "SELECT person_id::text FROM proof WHERE known_to = 'infinity' AND credential_id = ANY (%s::uuid[])", made)]


# ---- erased

def test_nothing_is_left_of_an_erased_entry_and_the_other_one_is_somebody_again(two):
    who = Both(two, 30, mail="erased30@leaver.example", telephoneNumber="+47 5550 0030")
    first, second = who.issue("main"), who.issue("branch")
    for place in PLACES:
        who.leave(place)
    two.sync()
    main, branch = who.main, who.branch
    export = two.hr.get(f"/people/{main}/export")
    assert [one["id"] for one in export["entries"]] == [branch] and len(export["credentials"]) == 2
    etag = two.hr.ask("GET", f"/people/{branch}").headers["ETag"]
    answer = two.hr.expect(409, "POST", f"/people/{branch}/erase", {"reason": "x", "early": True}, headers={"If-Match": etag})
    assert main in answer["detail"]
    hold = two.hr.post(f"/people/{branch}/hold", {"reason": "Case 30"}, gives=201)
    etag = two.hr.ask("GET", f"/people/{main}").headers["ETag"]
    two.hr.expect(409, "POST", f"/people/{main}/erase", {"reason": "x", "early": True}, headers={"If-Match": etag})
    assert hold["person"]["id"] == branch
    two.hr.get(f"/people/{branch}/hold")
    two.hr.delete(f"/people/{branch}/hold", two.hr.last.headers["ETag"])
    two.hr.expect(201, "POST", f"/people/{main}/erase", {"reason": "x", "early": True}, headers={"If-Match": etag})
    assert two.hr.get(f"/credentials/{first}")["person"] == {"id": main, "name": "erased"}
    assert two.hr.get(f"/credentials/{second}")["person"] == {"id": branch, "name": "Name of b30"}
    assert main not in two.house.sql("SELECT same_as::text FROM person WHERE id = %s", branch)[0]
    assert found_in(dump(two.house), ["Name of m30", "'m30'", "uid=m30,"]) == []
    assert len(found_in(dump(two.house), ["erased30@leaver.example"])) > 0  # of the other one
    etag = two.hr.ask("GET", f"/people/{branch}").headers["ETag"]
    two.hr.expect(201, "POST", f"/people/{branch}/erase", {"reason": "x", "early": True}, headers={"If-Match": etag})
    assert found_in(dump(two.house), ["Name of m30", "'m30'", "uid=m30,", "Name of b30", "'b30'", "uid=b30,", "'N30'",
                                          "erased30@leaver.example", "+47 5550 0030"]) == []
