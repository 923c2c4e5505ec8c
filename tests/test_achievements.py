# SPDX-License-Identifier: Apache-2.0
"""What an achievement says besides its name: tags, who looks after it and until when, and how it is found by them."""
import datetime
import threading

import ldap
import pytest
from kit.badges import Programme, badge_house
from kit.house import ACCOUNTS, BASE, OTHER_HR, Client, wait_for
from kit.second import Second

ODD = "Ünïcode 😀 \"quoted\", א </script>"
LEAVER = "\n\n".join(f"dn: uid={name},ou=people,{BASE}\nobjectClass: inetOrgPerson\nuid: {name}\ncn: Lea Ver\nsn: Ver"
                     for name in ("leaver", "goer", "locked"))


@pytest.fixture(scope="module")
def house(postgres):
    with badge_house(("ed25519",), postgres=postgres, more_ldif=LEAVER) as house:
        yield house


@pytest.fixture(scope="module")
def programme(house):
    return Programme(house)


def change(programme, made, gives=200, client=None, **fields):
    return (client or programme.hr).patch(f"/achievements/{made['id']}", fields, "*", gives=gives)


def found(programme, client=None, **filters):
    return {one["id"] for one in (client or programme.hr).pages("/achievements", **filters)}


# ---- tags

def test_tags_are_kept_in_order_and_found_exactly(programme):
    made = programme.achievement(tags=["safety", ODD, "a"])
    assert made["tags"] == ["safety", ODD, "a"]
    other = programme.achievement(tags=["safety first"])
    for tag in "safety", ODD:
        assert found(programme, tag=tag) == {made["id"]}
    assert found(programme, tag="SAFETY") == set() and other["id"] in found(programme, tag="safety first")
    assert programme.achievement()["tags"] == []
    changed = change(programme, made, tags=["a"])
    assert (changed["version"], changed["state"], changed["tags"]) == (2, "draft", ["a"])
    assert change(programme, made, tags=None)["tags"] == []
    assert programme.achievement(tags=[])["tags"] == []


def test_tags_are_few_short_and_each_there_once(programme):
    for tags, field in (["a", "b", "a"], "/tags/2"), (["x" * 101], "/tags/0"), ([""], "/tags/0"), ([f"{n}" for n in range(51)], "/tags"), \
            (["a\u0007"], "/tags/0"), ("a", "/tags"), ([1], "/tags/0"):
        bad = programme.hr.post("/achievements", {"name": "x", "tags": tags}, gives=400)
        assert bad["errors"][0]["field"] == field, bad


# ---- whose it is

def test_of_an_issuer(programme):
    admin = programme.house.sign_in(ACCOUNTS["ADMIN"])
    school = admin.post("/issuers", {"name": "School"}, gives=201)["id"]
    made = admin.post("/achievements", {"name": "Of the school", "issuer": school}, gives=201)
    assert found(programme, issuer=school) == {made["id"]}
    assert programme.hr.get("/achievements", gives=400, issuer=made["id"])["errors"][0]["field"] == "issuer"


def test_somebody_looks_after_it_until_a_day(programme):
    made = programme.achievement(owner=OTHER_HR, next_review="2027-01-31")
    assert made["owner"] == {"id": made["owner"]["id"], "name": made["owner"]["name"]} and made["next_review"] == "2027-01-31"
    person = made["owner"]["id"]
    changed = change(programme, made, owner={"id": programme.hr.get("/people", username=ACCOUNTS["ISSUER"])["items"][0]["id"]})
    assert (changed["version"], changed["state"]) == (1, "published") and changed["owner"]["id"] != person
    assert change(programme, made, next_review="2027-02-28")["owner"] == changed["owner"]
    assert found(programme, owner=ACCOUNTS["ISSUER"]) == {made["id"]} and made["id"] not in found(programme, owner=person)
    gone = change(programme, made, owner=None, next_review=None)
    assert "owner" not in gone and "next_review" not in gone and gone["version"] == 1
    kinds = [one["kind"] for one in programme.hr.get(f"/achievements/{made['id']}/events")["items"]]
    assert kinds == ["created", "published", "assigned", "assigned", "assigned"]
    actions = [one["detail"].get("next_review") for one in
               programme.house.rescue.pages("/audit", object=made["id"], sort="at")]
    assert actions == ["2027-01-31", "2027-01-31", "2027-02-28", None]


def test_both_change_with_the_text_and_also_in_review(programme):
    made = programme.achievement(state="draft")
    both = change(programme, made, criteria="x", next_review="2027-01-31")
    assert (both["criteria"], both["next_review"]) == ("x", "2027-01-31")
    programme.hr.expect(200, "POST", f"/achievements/{made['id']}/submit", headers={"If-Match": "*"})
    assert change(programme, made, owner=OTHER_HR)["state"] == "in_review"


def test_only_people_who_are_here_and_days_that_are(programme):
    for field, value in ("owner", "nobody-here"), ("owner", "01a202dc-0000-7000-8000-000000000000"), ("next_review", "2027-02-30"), \
            ("next_review", "2027-01-01T00:00:00Z"), ("next_review", "tomorrow"), ("owner", 7):
        bad = programme.hr.post("/achievements", {"name": "x", field: value}, gives=400)
        assert bad["errors"][0]["field"] == f"/{field}", bad
    for filters in {"owner": "nobody-here"}, {"review_before": "soon"}, {"issuer": "x"}:
        assert programme.hr.get("/achievements", gives=400, **filters)["errors"][0]["field"] in filters


def test_what_is_due_is_found_by_its_day(programme):
    early, late = (programme.achievement(next_review=day)["id"] for day in ("2001-05-01", "2001-05-02"))
    assert found(programme, review_before="2001-05-01") == set()
    assert found(programme, review_before="2001-05-02") == {early}
    assert found(programme, review_before="2001-05-03", state="published") == {early, late}


def test_of_who_has_left_it_says_so_and_is_listed(programme):
    made = programme.achievement(owner="leaver")
    assert made["id"] in found(programme, owner_left="false") and found(programme, owner_left="true") == set()
    programme.house.slapd.admin().delete_s(f"uid=leaver,ou=people,{BASE}")
    programme.house.sync()
    assert found(programme, owner_left="true") == {made["id"]} == found(programme, owner=made["owner"]["id"])
    shown = programme.hr.get(f"/achievements/{made['id']}")
    assert shown["owner"]["absent_since"] and shown["owner"]["name"] == "Lea Ver"
    assert change(programme, made, next_review="2027-01-31")["owner"] == shown["owner"]  # stays until somebody else has it
    assert programme.hr.post("/achievements", {"name": "x", "owner": shown["owner"]["id"]}, gives=400)["errors"][0]["field"] == "/owner"
    held = programme.hr.get(f"/people/{shown['owner']['id']}/export")
    assert held["achievements_owned"] == [{"achievement_id": made["id"], "next_review": "2027-01-31"}]
    programme.hr.expect(201, "POST", f"/people/{shown['owner']['id']}/erase", {"reason": "x", "early": True}, headers={"If-Match": "*"})
    assert "owner" not in programme.hr.get(f"/achievements/{made['id']}")
    assert found(programme, owner_left="true") == set()


def test_the_list_as_a_table_has_them(programme):
    made = programme.achievement(name=f"Tabled {ODD}", tags=["one", "two"], owner=OTHER_HR, next_review="2027-01-31")
    text = programme.hr.ask("GET", "/achievements", params={"format": "csv", "q": "Tabled"}).text
    assert f"one; two,,,,,,,,,,keep,keep,published,,{made['owner']['id']},{made['owner']['name']},2027-01-31," in text or \
        f"one; two,,,,,,,,,,keep,keep,published,{made['image_url']},{made['owner']['id']},{made['owner']['name']},2027-01-31," in text


# ---- reminders

def reminders(house, made):
    return [(str(person), detail) for person, detail in house.sql(
        "SELECT person_id, detail->>'next_review' FROM outbox WHERE kind = 'achievement.review_due' AND object = %s ORDER BY id", made["id"])]


def test_a_review_that_is_near_is_said_once(programme):
    house, day = programme.house, datetime.date.today()
    soon, late = ((day + datetime.timedelta(days)).isoformat() for days in (20, 400))
    near, far, over = (programme.achievement(owner=OTHER_HR, next_review=one) for one in (soon, late, "2020-02-29"))
    gone = programme.achievement(next_review=soon)
    change(programme, gone, state="archived")
    owner = near["owner"]["id"]
    house.restart()  # the clock goes once as it begins
    wait_for("a reminder", lambda: reminders(house, near) and reminders(house, over))
    house.restart()
    change(programme, far, next_review=soon)
    change(programme, near, next_review=(day + datetime.timedelta(21)).isoformat())
    house.restart()
    wait_for("the next one", lambda: reminders(house, far) and len(reminders(house, near)) > 1)
    assert reminders(house, near) == [(owner, soon), (owner, (day + datetime.timedelta(21)).isoformat())]
    assert reminders(house, far) == [(owner, soon)] and reminders(house, over) == [(owner, "2020-02-29")]
    assert reminders(house, gone) == []


def test_who_has_left_or_may_not_sign_in_is_not_who_is_reminded(programme):
    house, soon = programme.house, datetime.date.today().isoformat()
    made = {name: programme.achievement(owner=name, next_review=soon) for name in ("goer", "locked", OTHER_HR)}
    house.slapd.admin().delete_s(f"uid=goer,ou=people,{BASE}")
    house.slapd.admin().modify_s(f"uid=locked,ou=people,{BASE}", [(ldap.MOD_ADD, "pwdAccountLockedTime", b"000001010000Z")])
    house.sync()
    house.restart()
    wait_for("all of them", lambda: all(reminders(house, one) for one in made.values()))
    assert {name: reminders(house, one) for name, one in made.items()} == {
        "goer": [("None", soon)], "locked": [("None", soon)], OTHER_HR: [(made[OTHER_HR]["owner"]["id"], soon)]}


def test_two_daemons_remind_once(programme):
    house, soon = programme.house, datetime.date.today().isoformat()
    made = [programme.achievement(next_review=soon) for _ in range(8)]
    restart = threading.Thread(target=house.restart)
    restart.start()
    with Second(house):
        restart.join()
        wait_for("all of them", lambda: all(reminders(house, one) for one in made))
    assert [len(reminders(house, one)) for one in made] == [1] * len(made)


# ---- what was never out

def test_a_draft_that_is_archived_stays_with_those_who_see_drafts(house, programme):
    never, out = programme.achievement(name="Never out", state="draft"), programme.achievement(name="Out")
    recommends = programme.achievement(recommended=[never["id"], out["id"]])
    change(programme, never, state="archived")
    change(programme, out, name="Not out")
    for state in {}, {"state": "archived"}:
        change(programme, out, **state)
        employee, nobody = house.sign_in(ACCOUNTS["EMPLOYEE"]), Client(house)
        for client in employee, house.sign_in(ACCOUNTS["ASSESSOR"]), nobody:
            public = "/" if client is nobody else ""
            for query in "", "?version=1":
                assert client.ask("GET", f"{public}/achievements/{never['id']}{query}").status_code == 404, "never"
            assert client.ask("GET", f"{public}/achievements/{out['id']}?version=2").status_code == 404
            assert client.ask("GET", f"{public}/achievements/{out['id']}").status_code == 200
            assert client.ask("GET", f"//achievements/{never['id']}/image").status_code == 404
        seen = employee.get(f"/achievements/{out['id']}")
        assert (seen["version"], seen["name"], seen["state"]) == (1, "Out", "archived" if state else "published")
        listed = {one["id"]: one for one in employee.pages("/achievements", limit=500)}
        assert never["id"] not in listed and listed[out["id"]]["name"] == "Out"
        assert [one["name"] for one in employee.get(f"/achievements/{recommends['id']}")["recommended"]] == ["Out"]
        for client in programme.hr, programme.issuer, house.sign_in(ACCOUNTS["ADMIN"]):
            assert client.get(f"/achievements/{never['id']}")["state"] == "archived"
            now = client.get(f"/achievements/{out['id']}")
            assert (now["version"], now["name"], now["state"]) == (2, "Not out", "archived" if state else "draft")
    programme.issuer.post("/credentials", {"person": "pquinn", "achievement": out["id"]}, gives=409)
    assert programme.hr.post("/collections", {"name": "x", "achievements": [never["id"]]}, gives=400)["errors"][0]["field"] == "/achievements/0"
