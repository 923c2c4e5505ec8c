# SPDX-License-Identifier: Apache-2.0
"""What becomes of the data of those who left: clocks, holds, exports and policies."""
import secrets
import subprocess

import ldap
import pytest
from kit.house import ACCOUNTS, AUDITOR, BASE, installed, wait_for
from kit.leaver import CONTRACTORS, HR, INNER, ISSUER, Leaver, furnish, retention_house
from kit.slapd import unprivileged

EMPLOYEE = ACCOUNTS["EMPLOYEE"]


@pytest.fixture(scope="module")
def house(postgres):
    with retention_house(postgres) as house:
        yield furnish(house)


# ---- clocks

def test_the_first_policy_that_fits_decides(house):
    people = {"contractors": Leaver(house, 1, groups=[CONTRACTORS]), "inner": Leaver(house, 2, country="SE", groups=[INNER]),
              "norway": Leaver(house, 3), "east": Leaver(house, 4, country="FI"), "rest": Leaver(house, 5, country="DE")}
    assert people["norway"].person()["country"] == "NO" and people["norway"].clock() is None
    for who in people.values():
        who.leave()
    assert {name: who.clock()["policy"] for name, who in people.items()} == {
        "contractors": "contractors", "inner": "contractors", "norway": "norway", "east": "east", "rest": "rest"}
    assert people["east"].clock()["erase"] == "automatic" and people["rest"].clock()["erase"] == "ask"
    clock = people["norway"].clock()
    assert int(clock["due_at"][:4]) == int(clock["absent_since"][:4]) + 3 and clock["due_at"][4:] == clock["absent_since"][4:]
    assert clock["due"] is False and clock["held"] is False
    assert clock["person"] == {"id": people["norway"].id, "name": people["norway"].name}


def test_a_group_counts_that_was_left_shortly_before(house):
    one, other = Leaver(house, 6, groups=[CONTRACTORS]), Leaver(house, 7, groups=[CONTRACTORS])
    for who in one, other:
        house.slapd.admin().modify_s(CONTRACTORS, [(ldap.MOD_DELETE, "member", [who.dn.encode()])])
        who.groups = []
    house.sync()
    house.sql("UPDATE group_left SET at = at - interval '31 days' WHERE person_id = %s", other.id)
    assert one.leave().clock()["policy"] == "contractors"
    assert other.leave().clock()["policy"] == "norway"


def test_a_group_with_a_very_long_name_may_be_left_too(house):
    """Longer than an entry of an index can be."""
    who, link, dn = Leaver(house, 90), house.slapd.admin(), f"ou=groups,{BASE}"
    above = []
    for _ in range(20):
        name = secrets.token_hex(100)
        dn = f"ou={name},{dn}"
        link.add_s(dn, [("objectClass", [b"organizationalUnit"]), ("ou", [name.encode()])])
        above.insert(0, dn)
    dn = f"cn=far below,{dn}"
    link.add_s(dn, [("objectClass", [b"groupOfNames"]), ("member", [who.dn.encode(), f"cn=nobody,{BASE}".encode()])])
    assert house.sync()["skipped"] == 0
    link.modify_s(dn, [(ldap.MOD_DELETE, "member", [who.dn.encode()])])
    house.sync()
    for gone in dn, *above:
        link.delete_s(gone)
    house.sync()
    assert house.sql("SELECT count(*) FROM group_left WHERE person_id = %s AND length(group_key) > 3600", who.id) == [(1,)]


def test_who_returns_has_no_clock(house):
    who = Leaver(house, 8).leave()
    assert who.clock()
    before = who.id
    who.come(who.uuid)
    assert who.id == before and who.clock() is None
    assert house.hr.get(f"/people/{who.id}")["status"] == "active"


def test_a_country_that_is_none_is_skipped_with_a_line(house):
    who = Leaver(house, 9, country="no")
    assert who.person()["country"] == "NO"
    link = house.slapd.admin()
    link.modify_s(who.dn, [(ldap.MOD_DELETE, "c", None), (ldap.MOD_ADD, "co", [b"Norway"])])
    run = house.sync()
    assert [line["detail"]["why"] for line in run["lines"] if line["kind"] == "skipped" and who.username in line["what"]] == [
        "country is not in the two letters of ISO 3166"]
    assert "country" not in who.person()


def test_lists_are_filtered_and_closed_to_others(house):
    due, held = Leaver(house, 10).leave(), Leaver(house, 11).leave()
    due.age("4 years")
    held.age("4 years")
    house.hr.post(f"/people/{held.id}/hold", {"reason": "Case 7"}, gives=201)
    ids = {name: {one["person"]["id"] for one in house.hr.pages("/retention", **how)} for name, how in
           {"due": {"due": True}, "not due": {"due": False}, "held": {"held": True}}.items()}
    assert due.id in ids["due"] and held.id not in ids["due"] and held.id in ids["not due"] and ids["held"] == {held.id}
    for username in EMPLOYEE, ISSUER, AUDITOR:
        house.sign_in(username).get("/retention", gives=403)
    house.sign_in(AUDITOR).get("/erasures")
    house.sign_in(EMPLOYEE).get("/erasures", gives=403)


# ---- holds

def test_a_hold_stands_until_it_is_lifted_or_over(house):
    who, hr = Leaver(house, 12).leave(), house.hr
    path = f"/people/{who.id}/hold"
    hr.get(path, gives=404)
    hr.post(path, {"reason": "x", "until": "2020-01-01"}, gives=400)
    made = hr.post(path, {"reason": "Case 12", "until": "2099-01-01"}, gives=201)
    assert made["until"] == "2099-01-01T00:00:00Z" and made["account"] == f"ldap:{HR}" and hr.get(path) == made
    hr.post(path, {"reason": "again"}, gives=409)
    assert who.clock()["hold_reason"] == "Case 12" and who.clock()["held"]
    who.age("4 years")
    assert not who.clock()["due"]
    assert "Case 12" in who.erase(gives=409)["detail"]
    who.erase(gives=409, early=True)
    hr.get(path)
    etag = hr.last.headers["ETag"]
    hr.delete(path, '"1"', gives=412)
    hr.delete(path, etag)
    assert who.clock()["due"]
    house.hr.post(path, {"reason": "Case 13", "until": "2099-01-01"}, gives=201)
    house.sql("UPDATE legal_hold SET until = now() WHERE person_id = %s AND lifted_at IS NULL", who.id)
    assert who.clock()["due"] and not who.clock()["held"]
    house.hr.post(path, {"reason": "Case 14"}, gives=201)
    house.sign_in(EMPLOYEE).get(path, gives=404)
    actions = [entry["action"] for entry in house.admin.pages("/audit", object=who.id)]
    assert actions.count("person.hold") == 3 and actions.count("person.hold.lift") == 1


def test_a_hold_may_be_put_on_somebody_who_is_here(house):
    who = Leaver(house, 13)
    house.hr.post(f"/people/{who.id}/hold", {"reason": "Case 15"}, gives=201)
    assert who.leave().clock()["held"]


# ---- exports

@pytest.mark.parametrize("time", ["2026-01-10T00:00:00Z", "2026-01-10T10:20:30.5Z", "2026-01-10T10:20:30.91936Z",
                                  "2026-01-10T10:20:30.000001Z", "2026-01-10T10:20:30.999999Z"])
def test_times_in_an_export_are_written_as_everywhere(house, time):
    assert house.sql("SELECT rfc3339(%s::timestamptz)", time) == [(time,)]


def test_an_export_has_everything_and_is_for_few(house):
    who = Leaver(house, 14, groups=[CONTRACTORS])
    me = who.work()
    mine = me.get(f"/people/{who.id}/export")
    assert mine["person"]["mail"] == who.mail and mine["person"]["country"] == "NO"
    assert [one["name"] for one in mine["groups"]] == ["contractors"]
    assert {line["kind"] for line in mine["history"]} >= {"changed"}
    assert mine["credentials"][0]["evidence"][0]["narrative"] == f"{who.name} passed"
    assert [event["kind"] for event in mine["credentials"][0]["events"]] == ["issued", "suspended", "reinstated"]
    assert mine["credentials"][0]["events"][1]["reason"] == f"{who.name} was away"
    assert mine["holdings"] and mine["claims"][0]["note"] == f"{who.name} says so"
    assert mine["goals"][0]["note"] == f"{who.name} wants it" and [one["code"] for one in mine["positions"]] == ["RET"]
    path, = mine["enrolments"]
    assert (path["pathway"], path["pathway_version"], path["state"], path["via"], path["percent"]) == ("To keep", 1, "active", "self", 50)
    assert [(event["kind"], event["account"]) for event in path["events"]] == [("begun", f"ldap:{who.username}")]
    accepted, offered = mine["outside_proofs"]
    assert (accepted["step"], accepted["text"], accepted["state"], accepted["note"], accepted["account"]) == (
        "elsewhere", f"{who.name} did it elsewhere", "accepted", f"{who.name} did", f"ldap:{HR}")
    assert (offered["step"], offered["url"], offered["state"]) == ("more", f"https://example.org/{who.username}", "offered")
    theirs, = (one for one in house.hr.get(f"/people/{house.hr.get('/me')['person']['id']}/export")["outside_proofs_decided"]
               if one["id"] == accepted["id"])
    assert theirs["note"] == f"{who.name} did"
    assert {"enrolment.add", "proof.offer", "proof.accept"} <= {entry["action"] for entry in mine["done_about_them"]}
    assert mine["claim_endorsements"][0]["note"] == f"{who.name} can do it" and mine["endorsed_by_them"][0]["note"] == f"{who.name} says so"
    assert mine["talent"][0]["interests"] == [who.title] and mine["corrections"][0]["answer"] == f"Yes, {who.name}"
    assert wait_for("looks", lambda: me.get(f"/people/{who.id}/export")["looked_at_by_them"])[0]["what"] == "claims"
    assert mine["sessions"] and mine["tokens"][0]["name"] == f"of {who.name}" and mine["accounts"][0]["name"] == who.username
    assert ("claim.add", "ok") in {(entry["action"], entry["outcome"]) for entry in mine["done_by_them"]}
    assert ("session.open", "denied") in {(entry["action"], entry["outcome"]) for entry in mine["done_by_them"]}
    assert "credential.issue" in {entry["action"] for entry in mine["done_about_them"]}
    assert mine["cut"] == [] and "hash" not in str(mine)
    for client in house.hr, house.admin:
        assert client.get(f"/people/{who.id}/export")["person"] == mine["person"]
    assert "person.export" in {entry["action"] for entry in house.hr.get(f"/people/{who.id}/export")["done_about_them"]}
    house.sign_in(EMPLOYEE).get(f"/people/{who.id}/export", gives=404)
    house.issuer.get(f"/people/{who.id}/export", gives=403)


# ---- the configuration

@pytest.mark.parametrize("options, says", [
    ({}, "[retention x] needs keep"),
    ({"keep": "soon"}, "keep is a period"),
    ({"keep": "P200Y"}, "keep is a period"),
    ({"keep": "3y", "country": "Norway"}, "country is two capital letters"),
    ({"keep": "3y", "group": "contractors"}, "group is a DN"),
    ({"keep": "3y", "erase": "never"}, "erase is ask or automatic"),
    ({"keep": "3y", "group": CONTRACTORS, "directory": "other"}, "that is not there"),
])
def test_a_section_that_is_wrong_is_refused(house, options, says):
    done = checked(house, options)
    assert done.returncode == 1 and says in done.stderr + done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("keep", ["P3Y", "P1Y6M", "3y", "18mo", "90d", "12h", "1s", "0y", "100y"])
def test_periods_have_many_forms(house, keep):
    assert checked(house, {"keep": keep}).returncode == 0


def checked(house, options):
    text = (house.folder / "skillsd.conf").read_text()
    path = house._write("other.conf", text + "[retention x]\n" + "".join(f"{key} = {value}\n" for key, value in options.items()))
    return subprocess.run([installed() / "skillsd", "-c", path, "check"], capture_output=True, text=True, timeout=60, **unprivileged())
