# SPDX-License-Identifier: Apache-2.0
"""The talent directory: who is in it is so by their own word, with what they show; gone at once when they say so, leave or are
disabled."""
import threading

import ldap
import pytest
from kit.house import ACCOUNTS, AUDITOR, BASE, demo_house
from kit.two import LOCKED, Both, Two, two_house

ODD = "Karten 😀 \"und\" א </script>"
EMPLOYEE, MANAGER, HR = (ACCOUNTS[name] for name in ("EMPLOYEE", "MANAGER", "HR"))
PEOPLE = "\n\n".join(f"dn: uid=talent{number},ou=people,{BASE}\nobjectClass: inetOrgPerson\nuid: talent{number}\ncn: Talent {number}\nsn: x"
                     for number in range(4))


@pytest.fixture(scope="module")
def house(postgres):
    with demo_house({"retention all": {"keep": "P3Y"}}, PEOPLE, postgres=postgres) as house:
        for number in range(4):
            house.set_password(f"talent{number}")
        house.hr, house.issuer, house.employee, house.manager, house.auditor = (
            house.sign_in(name) for name in (HR, ACCOUNTS["ISSUER"], EMPLOYEE, MANAGER, AUDITOR))
        house.hr.post("/frameworks", {"code": "TAL", "name": "Talent"})
        house.skills = [house.hr.post("/skills", {"framework": "TAL", "code": f"TAL-{n}", "label": f"Skill {n}"})["id"] for n in range(3)]
        yield house


def say(client, gives=200, etag="*", **fields):
    return client.expect(gives, "PUT", "/me/talent", fields, headers={"If-Match": etag} if etag else {})


def listed(client, **filters):
    return [one["person"]["name"] for one in client.pages("/talent", **filters)]


def award(house, username, *skills, visibility="colleagues"):
    earned = house.hr.post("/achievements", {"name": "Proof", "state": "published",
                                             "skills": [{"skill": house.skills[n], "level": level} for n, level in skills]})
    made = house.issuer.issue(username, earned["id"])
    house.sign_in(username).patch(f"/credentials/{made['id']}", {"visibility": visibility}, "*")
    return made["id"]


def test_nobody_is_in_it_but_by_their_own_word(house):
    assert house.employee.get("/me/talent") == {"listed": False, "interests": []}
    etag = house.employee.last.headers["ETag"]
    assert listed(house.auditor) == []
    said = say(house.employee, etag=etag, listed=True, note=ODD, interests=["maps", ODD])
    assert house.employee.last.headers["ETag"] != etag
    assert house.employee.get("/me/talent") == said and said["listed"] and said["note"] == ODD
    one, = house.auditor.pages("/talent")
    person = house.hr.get("/people", username=EMPLOYEE)["items"][0]
    assert one == {"person": {"id": person["id"], "name": person["name"]}, "title": person["title"], "unit": person["unit"], "skills": [],
                   "note": ODD, "interests": ["maps", ODD], "updated_at": said["updated_at"]}
    assert house.manager.get("/me/talent")["listed"] is False
    for filters, found in (({"q": "MAPS"}, 1), ({"q": "karten"}, 1), ({"q": "nothing"}, 0), ({"unit": person["unit"]["id"]}, 1)):
        assert len(listed(house.manager, **filters)) == found, filters
    say(house.employee, listed=True)
    assert house.employee.get("/me/talent").keys() == {"listed", "interests", "updated_at"}, "what is not said again is gone"
    say(house.employee, listed=False)
    assert listed(house.auditor) == []
    assert house.sql("SELECT detail FROM audit_entry WHERE action = 'talent.set' AND outcome = 'ok' AND object = %s ORDER BY seq", person["id"]) == [
        ({"listed": True},), ({"listed": True},), ({"listed": False},)]


def test_they_are_shown_with_what_they_show_of_their_skills(house):
    say(house.sign_in("talent0"), listed=True)
    say(house.sign_in("talent1"), listed=True)
    award(house, "talent0", (0, 2), (1, 1))
    best = award(house, "talent0", (0, 4), visibility="public")
    award(house, "talent0", (2, 5), visibility="private")
    award(house, "talent1", (0, 1))
    house.sign_in("talent1").post("/claims", {"skill": house.skills[1], "level": 5, "shared": True, "colleagues": True}, gives=201)

    def skills(who):
        one, = (one for one in house.auditor.pages("/talent") if one["person"]["name"] == who)
        return [(skill["skill"]["label"], skill["level"]) for skill in one["skills"]]
    assert skills("Talent 0") == [("Skill 0", 4), ("Skill 1", 1)] and skills("Talent 1") == [("Skill 0", 1)]
    for filters, found in (({"skill": "TAL-0"}, [0, 1]), ({"skill": house.skills[0], "min_level": 2}, [0]), ({"skill": "Skill 2"}, []),
                           ({"skill": "TAL-1"}, [0]), ({"min_level": 4}, [0]), ({"min_level": 5}, []), ({"min_level": 1}, [0, 1])):
        assert listed(house.auditor, **filters) == [f"Talent {number}" for number in found], filters
    house.issuer.post(f"/credentials/{best}/suspend", {"reason": "x"})
    assert skills("Talent 0") == [("Skill 0", 2), ("Skill 1", 1)]
    assert "TAL-9" in str(house.auditor.get("/talent", skill="TAL-9", gives=400)) or house.auditor.last.status_code == 400


def test_who_leaves_or_is_disabled_is_gone_at_once(house):
    client, link, dn = house.sign_in("talent2"), house.slapd.admin(), f"uid=talent2,ou=people,{BASE}"
    say(client, listed=True, interests=["leaving"])
    assert listed(house.hr, q="leaving") == ["Talent 2"]
    link.modify_s(dn, [(ldap.MOD_ADD, "pwdAccountLockedTime", LOCKED.encode())])
    house.sync()
    assert listed(house.hr, q="leaving") == []
    client.get("/me/talent", gives=(401, 403))
    link.modify_s(dn, [(ldap.MOD_DELETE, "pwdAccountLockedTime", None)])
    house.sync()
    assert listed(house.hr, q="leaving") == ["Talent 2"]
    link.delete_s(dn)
    house.sync()
    assert listed(house.hr, q="leaving") == []
    gone = house.sql("SELECT id FROM person WHERE username = 'talent2'")[0][0]
    assert house.hr.get(f"/people/{gone}/export")["talent"][0]["interests"] == ["leaving"]
    proof = house.hr.expect(201, "POST", f"/people/{gone}/erase", {"reason": "x", "early": True}, headers={"If-Match": "*"})
    assert proof["removed"]["talent"] == 1


def test_what_is_not_as_it_should_be_is_named(house):
    client = house.sign_in("talent3")
    for field, body in (("/listed", {}), ("/listed", {"listed": None}), ("/interests/1", {"listed": True, "interests": ["x", "x"]}),
                        ("/interests", {"listed": True, "interests": [f"{n}" for n in range(51)]}), ("/note", {"listed": True, "note": ""}),
                        ("/interests/0", {"listed": True, "interests": ["x" * 101]}), ("/person", {"listed": True, "person": "x"})):
        assert field in [error["field"] for error in say(client, 400, **body)["errors"]], body
    say(client, 428, None, listed=True)
    say(client, 412, '"7"', listed=True)
    house.rescue.get("/me/talent", gives=403)
    house.rescue.expect(403, "PUT", "/me/talent", {"listed": True}, headers={"If-Match": "*"})
    assert client.get("/me/talent") == {"listed": False, "interests": []}


def test_of_two_tabs_one_is_told(house):
    client = house.sign_in("talent3")
    for turn in range(3):
        client.get("/me/talent")
        etag, answers = client.last.headers["ETag"], []
        threads = [threading.Thread(target=lambda c=client.twin(), n=number: answers.append(c.ask(
            "PUT", "/me/talent", {"listed": True, "note": f"{turn} {n}"}, headers={"If-Match": etag}).status_code)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == [200] + [412] * 5, turn


def test_a_human_is_in_it_once_as_they_said_last(postgres):
    with two_house(postgres) as house:
        two = Two(house)
        who = Both(two, 1, employeeNumber=None)
        clients = {place: house.sign_in(username) for place, username in who.names.items()}
        say(clients["main"], listed=True, note="main")
        say(clients["branch"], listed=True, note="branch")
        assert len(listed(two.hr)) == 2
        for place in "main", "branch":
            who.put(place, employeeNumber="N1")
        two.sync()
        one, = two.hr.pages("/talent")
        assert (one["person"]["id"], one["note"]) == (who.main, "branch")
        assert clients["main"].get("/me/talent")["note"] == clients["branch"].get("/me/talent")["note"] == "branch"
        say(clients["branch"], etag=clients["branch"].last.headers["ETag"], listed=False)
        assert listed(two.hr) == []
        who.put("branch", employeeNumber=None)
        two.sync()
        assert listed(two.hr) == [], "nobody is back who said no"
