# SPDX-License-Identifier: Apache-2.0
"""Who looked at whom: every answer that tells of one person is noted for them, by whom, by which right and how often; lists of
many are not, and nobody is told of others' looks but auditors."""
import threading

import pytest
from kit.house import ACCOUNTS, AUDITOR, BASE, demo_house, wait_for
from kit.two import Both, Two, two_house

EMPLOYEE, MANAGER, HR, ISSUER = (ACCOUNTS[name] for name in ("EMPLOYEE", "MANAGER", "HR", "ISSUER"))


@pytest.fixture(scope="module")
def house(postgres):
    with demo_house(postgres=postgres) as house:
        house.clients = {name: house.sign_in(account) for name, account in {**ACCOUNTS, "AUDITOR": AUDITOR}.items()}
        house.hr, house.issuer, house.employee, house.manager, house.auditor, house.admin = (
            house.clients[name] for name in ("HR", "ISSUER", "EMPLOYEE", "MANAGER", "AUDITOR", "ADMIN"))
        house.ids = {one["username"]: one["id"] for one in house.hr.pages("/people", limit=500)}
        house.hr.post("/frameworks", {"code": "LOOK", "name": "Look"})
        house.skill = house.hr.post("/skills", {"framework": "LOOK", "code": "LOOK-1", "label": "Looking"})["id"]
        house.achievement = house.hr.post("/achievements", {"name": "x", "state": "published", "skills": [{"skill": house.skill, "level": 1}]})["id"]
        yield house


@pytest.fixture
def clean(house):
    """Nobody has looked at anybody, as far as is known."""
    settle(house)
    house.sql("DELETE FROM look")
    return house


def settle(house):
    """What was noted before is written: a look that is made now comes after it."""
    me = house.clients["ASSESSOR"].get("/me")["person"]["id"]
    before = sum(one["times"] for one in house.clients["ASSESSOR"].pages("/me/looks"))
    house.hr.get(f"/people/{me}")
    wait_for("the look to be written", lambda: sum(one["times"] for one in house.clients["ASSESSOR"].pages("/me/looks")) > before)


def seen(house, client, path="/me/looks"):
    """{(who, relation, what): times}, once all is written."""
    settle(house)
    return {(one["viewer"]["name"] if "viewer" in one else one["account"], one["relation"], one["what"]): one["times"]
            for one in client.pages(path)}


def name(house, username):
    return house.clients["HR"].get("/people", username=username)["items"][0]["name"]


def test_what_is_told_of_one_person_is_noted_with_the_right_it_was_seen_by(clean):
    house, me = clean, clean.ids[EMPLOYEE]
    claim = house.employee.post("/claims", {"skill": house.skill, "level": 1, "shared": True, "colleagues": True}, gives=201)["id"]
    made = house.issuer.issue(EMPLOYEE, house.achievement)["id"]
    for _ in range(3):
        house.manager.get(f"/people/{me}")
    house.manager.get(f"/people/{me}/holdings")
    house.manager.get("/reports/skills", person=EMPLOYEE)
    house.manager.get("/claims", person=EMPLOYEE)
    assert house.manager.ask("HEAD", f"/people/{me}/history").status_code == 200
    house.hr.get(f"/people/{me}/export")
    house.hr.get(f"/people/{me}/credentials")
    house.hr.get("/credentials", person=me)
    house.hr.expect(200, "GET", f"/people/{me}/holdings", params={"format": "csv"})
    house.issuer.get(f"/credentials/{made}")
    house.issuer.get(f"/credentials/{made}/events")
    house.auditor.get(f"/credentials/{made}")
    house.auditor.get(f"/claims/{claim}")
    house.auditor.get(f"/claims/{claim}/endorsements")
    house.auditor.get(f"/people/{me}/looks")
    house.clients["ASSESSOR"].get(f"/people/{me}/badges")
    house.admin.get(f"/people/{me}")
    house.rescue.get(f"/people/{me}")
    boss, hr, issuer, auditor, assessor, admin = (name(house, one) for one in (
        MANAGER, HR, ISSUER, AUDITOR, ACCOUNTS["ASSESSOR"], ACCOUNTS["ADMIN"]))
    assert seen(house, house.employee) == seen(house, house.employee) == {
        (boss, "manager", "person"): 3, (boss, "manager", "holdings"): 2, (boss, "manager", "claims"): 1, (boss, "manager", "history"): 1,
        (hr, "hr", "export"): 1, (hr, "hr", "credentials"): 2, (hr, "hr", "holdings"): 1, (issuer, "issuer", "credentials"): 2,
        (auditor, "auditor", "credentials"): 1, (auditor, "auditor", "claims"): 2, (auditor, "auditor", "looks"): 1,
        (assessor, "colleague", "badges"): 1, (admin, "admin", "person"): 1, ("pam:rescue", "admin", "person"): 1}
    day, = {one["day"] for one in house.employee.pages("/me/looks")}
    assert day in {str(one) for one, in house.sql("SELECT (now() AT TIME ZONE 'UTC')::date - g FROM generate_series(0, 1) g")}
    assert house.employee.pages("/me/looks", limit=2, sort="day") == house.employee.pages("/me/looks", limit=500)[::-1]


def test_where_somebody_stands_is_looked_at(clean):
    house, me = clean, clean.ids[EMPLOYEE]
    way = house.hr.post("/pathways", {"name": "Seen", "state": "published", "nodes": [{"id": "a", "kind": "proof", "name": "x"}]}, gives=201)["id"]
    begun = house.employee.post(f"/pathways/{way}/enrolments", gives=201)["id"]
    offered = house.employee.post(f"/enrolments/{begun}/proofs", {"node": "a", "text": "x"}, gives=201)["id"]
    for client in house.employee, house.manager:
        for path in f"/enrolments/{begun}", f"/enrolments/{begun}/events", f"/proofs/{offered}":
            client.get(path)
        client.get("/enrolments", person=EMPLOYEE)
        client.get("/enrolments", pathway=way)
        client.get("/proofs", state="offered")
        client.get("/proofs", enrolment=begun)
    house.clients["ASSESSOR"].get(f"/enrolments/{begun}", gives=404)
    assert seen(house, house.employee) == {(name(house, MANAGER), "manager", "pathways"): 5}


def test_goals_and_what_was_handed_in_are_looked_at(clean):
    house, me = clean, clean.ids[EMPLOYEE]
    goal = house.employee.post("/goals", {"skill": house.skill, "level": 5, "shared": True}, gives=201)["id"]
    asked = house.hr.post("/achievements", {"name": "Seen", "state": "published", "assessment": {"prompts": [{"kind": "text", "name": "x"}]}}, gives=201)["id"]
    made = house.employee.post("/submissions", {"achievement": asked}, gives=201)["id"]
    house.employee.patch(f"/submissions/{made}", {"shared": True}, "*")
    for client in house.employee, house.manager:
        for path in f"/goals/{goal}", f"/submissions/{made}", f"/submissions/{made}/rounds", f"/submissions/{made}/events":
            client.get(path)
        for path in "/goals", "/submissions":
            client.get(path, person=EMPLOYEE)
            client.get(path)
        client.get(f"/people/{me}/pathways")
    assert seen(house, house.employee) == {(name(house, MANAGER), "manager", what): times for what, times in (("goals", 2), ("submissions", 4), ("pathways", 1))}


def test_lists_of_many_refusals_and_ones_own_eyes_are_no_looks(clean):
    house, me = clean, clean.ids[EMPLOYEE]
    made = house.issuer.issue(EMPLOYEE, house.achievement)["id"]
    for path in "", "/holdings", "/credentials", "/history", "/export", "/badges", "/looks":
        house.employee.get(f"/people/{me}{path}")
    house.employee.get(f"/credentials/{made}")
    for path in "/people", "/credentials", "/claims", "/reports/skills", "/colleagues":
        house.hr.pages(path, limit=500)
    for client in house.clients["ASSESSOR"], house.auditor:
        client.get(f"/people/{me}", gives=404)
        client.get("/reports/skills", person=EMPLOYEE, gives=400)
    house.manager.get(f"/people/{me}/export", gives=403)
    house.manager.get(f"/people/{me}/looks", gives=403)
    house.manager.get(f"/people/{me}", limit=3, gives=400)
    house.client().get(f"/people/{me}", gives=401)
    house.manager.post("/verifications", {"badge": "{}"})
    assert seen(house, house.employee) == {}


def test_only_they_themselves_and_auditors_are_told(clean):
    house, me = clean, clean.ids[EMPLOYEE]
    house.issuer.issue(EMPLOYEE, house.achievement)
    house.hr.get(f"/people/{me}")
    told = seen(house, house.employee, f"/people/{me}/looks")
    assert told == {(name(house, HR), "hr", "person"): 1} == seen(house, house.auditor, f"/people/{me}/looks") | told
    for client, status in ((house.hr, 403), (house.admin, 403), (house.manager, 403), (house.issuer, 403), (house.clients["ASSESSOR"], 404)):
        client.get(f"/people/{me}/looks", gives=status)
    house.rescue.get("/me/looks", gives=403)


def test_many_at_once_are_all_counted(clean):
    house, me = clean, clean.ids[EMPLOYEE]
    clients = [client.twin() for client in (house.hr, house.manager) * 4]

    def look(client):
        for _ in range(25):
            client.get(f"/people/{me}")
    threads = [threading.Thread(target=look, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen(house, house.employee) == {(name(house, HR), "hr", "person"): 100, (name(house, MANAGER), "manager", "person"): 100}


def test_an_end_loses_nothing_and_what_is_old_goes(clean):
    house, me = clean, clean.ids[EMPLOYEE]
    house.hr.get(f"/people/{me}")
    house.restart()
    house.clients = {one: house.sign_in(account) for one, account in {**ACCOUNTS, "AUDITOR": AUDITOR}.items()}
    house.hr, house.employee, house.auditor, house.manager, house.issuer, house.admin = (
        house.clients[one] for one in ("HR", "EMPLOYEE", "AUDITOR", "MANAGER", "ISSUER", "ADMIN"))
    assert seen(house, house.employee) == {(name(house, HR), "hr", "person"): 1}
    house.sql("INSERT INTO look (subject_id, day, viewer_id, relation, what, number) SELECT %s, current_date - d, %s, 'hr', 'person', d"
              " FROM unnest(ARRAY[1, 399, 402, 1000]) d", me, house.ids[HR])
    house.restart()
    wait_for("the old ones to go", lambda: house.sql("SELECT number FROM look WHERE number > 1 ORDER BY 1") == [(399,)])


def test_who_is_erased_has_no_looks_and_no_name(postgres):
    leaver = f"dn: uid=leaver,ou=people,{BASE}\nobjectClass: inetOrgPerson\nuid: leaver\ncn: Lea Ver\nsn: x"
    second = leaver.replace("leaver", "second").replace("Lea Ver", "Sec Ond")
    with demo_house({"retention all": {"keep": "P3Y"}}, leaver + "\n\n" + second, postgres=postgres) as house:
        for one in "leaver", "second":
            house.set_password(one)
        hr, first, other = house.sign_in(HR), house.sign_in("leaver"), house.sign_in("second")
        ids = {one["username"]: one["id"] for one in hr.pages("/people", limit=500)}
        hr.get(f"/people/{ids['leaver']}")
        first.get(f"/people/{ids['second']}/badges")
        wait_for("both", lambda: house.sql("SELECT count(*) FROM look") == [(2,)])
        assert other.get("/me/looks")["items"][0]["viewer"] == {"id": ids["leaver"], "name": "Lea Ver"}
        mine = first.get(f"/people/{ids['leaver']}/export")
        assert [(one["relation"], one["what"], one["times"]) for one in mine["looks"]] == [("hr", "person", 1)]
        assert [(one["person_id"], one["what"]) for one in mine["looked_at_by_them"]] == [(ids["second"], "badges")]
        assert hr.get(f"/people/{ids['second']}/export")["looks"][0]["viewer"] == "Lea Ver"
        house.slapd.admin().delete_s(f"uid=leaver,ou=people,{BASE}")
        house.sync()
        hr.get(f"/people/{ids['leaver']}")
        proof = hr.expect(201, "POST", f"/people/{ids['leaver']}/erase", {"reason": "x", "early": True}, headers={"If-Match": "*"})
        assert proof["removed"]["look"] >= 1
        wait_for("nothing of them", lambda: house.sql("SELECT 1 FROM look WHERE subject_id = %s", ids["leaver"]) == [])
        item = next(one for one in other.pages("/me/looks") if one["what"] == "badges")
        assert item["viewer"] == {"id": ids["leaver"], "name": "erased"}
        assert "Lea Ver" not in str(hr.get(f"/people/{ids['second']}/export"))


def test_a_human_reads_of_looks_at_all_their_entries_and_is_one_viewer(postgres):
    with two_house(postgres) as house:
        two = Two(house)
        who, whom = Both(two, 1, employeeNumber=None), Both(two, 2)
        clients = {place: house.sign_in(username) for place, username in who.names.items()}
        other = house.sign_in(whom.names["main"])
        for place in "main", "branch":
            clients[place].get(f"/people/{whom.main}/badges")
            two.hr.get(f"/people/{getattr(who, place)}")
        wait_for("all four", lambda: house.sql("SELECT count(*) FROM look") == [(4,)])
        assert {one["viewer"]["id"] for one in other.pages("/me/looks")} == {who.main, who.branch}
        for place in "main", "branch":
            who.put(place, employeeNumber="N1")
        two.sync()
        assert len(clients["branch"].pages("/me/looks")) == len(clients["main"].pages("/me/looks")) == 2
        assert {one["viewer"]["id"] for one in other.pages("/me/looks")} == {who.main}
        clients["branch"].get(f"/people/{who.main}")
        clients["branch"].get(f"/people/{who.branch}")
        other.get(f"/people/{who.branch}/badges")
        wait_for("one more", lambda: sum(one["times"] for one in clients["main"].pages("/me/looks")) == 3)
        assert len(clients["main"].pages("/me/looks")) == 3, "what they read of themselves is no look"
