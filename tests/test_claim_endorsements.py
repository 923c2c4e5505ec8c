# SPDX-License-Identifier: Apache-2.0
"""What others say of claims: who may, once, for which level, by what standing; hidden, taken back, and never counted."""
import itertools
import threading

import pytest
from kit.house import ACCOUNTS, AUDITOR, OTHER_HR, demo_house
from kit.two import Both, Two, two_house

ODD = "Sie kann es 😀 \"wirklich\" א </script>"
EMPLOYEE, MANAGER, HR = (ACCOUNTS[name] for name in ("EMPLOYEE", "MANAGER", "HR"))
LEAD = "jdabrowski"  # whom the employee reports to, and who reports to MANAGER
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def house(postgres):
    with demo_house(postgres=postgres) as house:
        house.set_password(LEAD)
        house.hr, house.issuer, house.employee, house.manager, house.lead, house.auditor, house.other, house.admin = (
            house.sign_in(name) for name in (HR, ACCOUNTS["ISSUER"], EMPLOYEE, MANAGER, LEAD, AUDITOR, OTHER_HR, ACCOUNTS["ADMIN"]))
        house.hr.post("/frameworks", {"code": "SAY", "name": "Say"})
        yield house


def skill(house):
    code = f"SAY-{next(NUMBERS)}"
    return house.hr.post("/skills", {"framework": "SAY", "code": code, "label": code}, gives=201)["id"]


def claim(house, client=None, **fields):
    body = {"skill": fields.pop("skill", None) or skill(house), "level": 3, "shared": True, "colleagues": True, **fields}
    return (client or house.employee).post("/claims", body, gives=201)


def endorse(client, made, gives=201, **fields):
    return client.post(f"/claims/{made['id']}/endorsements", fields, gives=gives)


def said(client, made):
    return client.pages(f"/claims/{made['id']}/endorsements")


def standing(one):
    return (one["standing"], one["standing_level"]) if "standing_level" in one else one["standing"]


def award(house, username, what, level, visibility=None):
    earned = house.hr.post("/achievements", {"name": "Proof", "state": "published", "skills": [{"skill": what, "level": level}]})
    made = house.issuer.issue(username, earned["id"])
    if visibility:
        house.sign_in(username).patch(f"/credentials/{made['id']}", {"visibility": visibility}, "*")
    return made


def test_each_says_who_when_at_which_level_and_how_they_stand_to_the_claimant(house):
    made = claim(house)
    assert (made["endorsements"], made["endorsements_at_level"]) == (0, 0)
    told = [endorse(house.lead, made, note=ODD), endorse(house.manager, made, level=2), endorse(house.auditor, made)]
    assert [(one["person"]["name"], one["relation"], one["level"]) for one in told] == [
        (house.lead.get("/me")["person"]["name"], "manager", 3), (house.manager.get("/me")["person"]["name"], "above", 2),
        (house.auditor.get("/me")["person"]["name"], "colleague", 3)]
    assert told[0]["note"] == ODD and "note" not in told[1] and {one["claim_id"] for one in told} == {made["id"]}
    assert [standing(one) for one in told] == ["none"] * 3
    for client in house.employee, house.hr, house.auditor:
        assert said(client, made) == told and said(client, made)[::-1] == client.pages(f"/claims/{made['id']}/endorsements", sort="-created_at", limit=1)
        now = client.get(f"/claims/{made['id']}")
        assert (now["endorsements"], now["endorsements_at_level"]) == (3, 2)
        assert client.get(f"/claim-endorsements/{told[0]['id']}") == told[0]
    listed, = (one for one in house.auditor.pages("/claims", skill=made["skill"]["id"]))
    assert listed == house.employee.get(f"/claims/{made['id']}")


def test_it_keeps_the_level_that_it_was_given_for(house):
    made = claim(house, level=2)
    endorse(house.manager, made)
    house.employee.patch(f"/claims/{made['id']}", {"level": 4}, "*")
    assert [one["level"] for one in said(house.hr, made)] == [2]
    now = house.employee.get(f"/claims/{made['id']}")
    assert (now["level"], now["endorsements"], now["endorsements_at_level"]) == (4, 1, 0)
    assert [error["field"] for error in endorse(house.hr, made, level=5, gives=400)["errors"]] == ["/level"]
    endorse(house.hr, made, level=4)
    assert house.employee.get(f"/claims/{made['id']}")["endorsements_at_level"] == 1


def test_an_endorser_stands_by_what_they_show_themselves(house):
    what = skill(house)
    made = claim(house, skill=what)
    endorse(house.manager, made)

    def stands():
        return standing(said(house.hr, made)[0])
    own = house.manager.post("/claims", {"skill": what, "level": 4}, gives=201)
    assert stands() == "none", "what is not shared is not told"
    house.manager.patch(f"/claims/{own['id']}", {"shared": True}, "*")
    assert stands() == ("claimed", 4)
    award(house, MANAGER, what, 5, "private")
    assert stands() == ("claimed", 4), "nor what is private"
    award(house, MANAGER, what, 1, "colleagues")
    shown = award(house, MANAGER, what, 2, "public")
    assert stands() == ("verified", 2)
    house.issuer.post(f"/credentials/{shown['id']}/revoke", {"reason": "x"})
    assert stands() == ("verified", 1)


def test_nobody_endorses_themselves_twice_or_what_they_do_not_see(house):
    made, shared, own = claim(house), claim(house, colleagues=False), claim(house, shared=False)
    endorse(house.employee, made, gives=403)
    endorse(house.hr, made)
    endorse(house.hr, made, gives=409)
    house.rescue.post(f"/claims/{made['id']}/endorsements", {}, gives=403)
    for client, status in (house.auditor, 404), (house.issuer, 404), (house.manager, 201), (house.hr, 201):
        endorse(client, shared, gives=status)
    for client in house.hr, house.manager, house.auditor:
        endorse(client, own, gives=404)
    before = said(house.employee, shared)
    house.employee.patch(f"/claims/{shared['id']}", {"shared": False}, "*")
    house.hr.get(f"/claims/{shared['id']}/endorsements", gives=404)
    assert said(house.employee, shared) == before, "who made the claim keeps them"
    mine, = (one for one in before if one["person"]["id"] == house.hr.get("/me")["person"]["id"])
    theirs, = (one for one in before if one != mine)
    assert house.hr.get(f"/claim-endorsements/{mine['id']}") == mine
    house.hr.get(f"/claim-endorsements/{theirs['id']}", gives=404)


def test_a_claim_for_colleagues_is_theirs_while_it_is_shared(house):
    made = claim(house, shared=False)
    house.auditor.get(f"/claims/{made['id']}", gives=404)
    house.employee.patch(f"/claims/{made['id']}", {"shared": True}, "*")
    assert house.auditor.get(f"/claims/{made['id']}") in house.auditor.pages("/claims")
    house.employee.patch(f"/claims/{made['id']}", {"colleagues": False}, "*")
    house.auditor.get(f"/claims/{made['id']}", gives=404)
    assert made["id"] not in [one["id"] for one in house.auditor.pages("/claims")]
    assert house.hr.get(f"/claims/{made['id']}")["shared"]


def test_colleagues_find_by_the_person_what_is_open_to_them(house):
    made, shared = claim(house), claim(house, colleagues=False)
    me, other = made["person"]["id"], house.auditor.get("/me")["person"]["id"]

    def listed(client, person, gives=200):
        answer = client.get("/claims", person=person, limit=500, gives=gives)
        return {one["id"] for one in answer["items"]} if gives == 200 else answer["errors"]

    assert made["id"] in listed(house.auditor, me) and shared["id"] not in listed(house.auditor, me)
    assert {made["id"], shared["id"]} <= listed(house.manager, me) & listed(house.hr, EMPLOYEE)
    assert {one["person"]["id"] for one in house.auditor.pages("/claims", person=me)} == {me}
    assert listed(house.employee, other) == set()  # who is here, and shows nothing
    nobody = [{"field": "person", "message": "there is no such person"}]
    for unknown in EMPLOYEE, "0190a000-0000-7000-8000-000000000000", "nobody", "😀":
        assert listed(house.auditor, unknown, 400) == nobody  # usernames are not told to all
    for gone in "disabled = true", "absent_since = now()":
        try:
            house.sql(f"UPDATE person SET {gone} WHERE id = %s", other)
            assert listed(house.employee, other, 400) == nobody and listed(house.hr, other) == set()
        finally:
            house.sql("UPDATE person SET disabled = false, absent_since = NULL WHERE id = %s", other)


def test_what_is_hidden_is_for_two(house):
    made = claim(house)
    one = endorse(house.other, made)
    path = f"/claim-endorsements/{one['id']}"
    house.employee.patch(path, {"hidden": True}, gives=428)
    for client in house.other, house.hr, house.admin:
        client.patch(path, {"hidden": True}, "*", gives=403)
    house.employee.get(path)
    etag = house.employee.last.headers["ETag"]
    assert house.employee.patch(path, {"hidden": True}, etag) == {**one, "hidden": True}
    house.employee.patch(path, {"hidden": False}, etag, gives=412)
    for client in house.employee, house.other:
        assert said(client, made) == [{**one, "hidden": True}] and client.get(path)["hidden"]
    for client in house.hr, house.admin, house.manager:
        assert said(client, made) == []
        client.get(path, gives=404)
    assert house.employee.get(f"/claims/{made['id']}")["endorsements"] == 0
    endorse(house.other, made, gives=409)
    house.employee.patch(path, {"hidden": False}, "*")
    assert said(house.hr, made) == [one]


def test_it_is_taken_back_by_who_made_it(house):
    made = claim(house)
    one = endorse(house.other, made)
    path = f"/claim-endorsements/{one['id']}"
    for client in house.employee, house.hr, house.admin:
        client.delete(path, "*", gives=403)
    house.other.delete(path, '"9"', gives=412)
    house.other.delete(path, "*")
    house.other.get(path, gives=404)
    assert said(house.employee, made) == []
    notices = house.admin.pages("/outbox", object=made["id"])[::-1]
    assert [(one["kind"], one["noun"], one["person_id"], one["detail"]) for one in notices] == [
        (kind, "claim", made["person"]["id"], {"endorsement": one["id"], "level": 3})
        for kind in ("claim.endorsed", "claim.endorsement_withdrawn")]
    assert house.sql("SELECT action, noun FROM audit_entry WHERE object = %s AND outcome = 'ok' ORDER BY seq", one["id"]) == [
        ("claim_endorsement.add", "claim_endorsement"), ("claim_endorsement.drop", "claim_endorsement")]
    again = endorse(house.other, made)
    house.employee.delete(f"/claims/{made['id']}", "*")
    house.other.get(f"/claim-endorsements/{again['id']}", gives=404)


def test_no_report_counts_them(house):
    what = skill(house)
    made = claim(house, skill=what, level=1)

    def reports():
        return [house.hr.pages("/reports/skills", skill=what, verified=verified, **how) for verified in (True, False)
                for how in ({}, {"group_by": "skill"}, {"group_by": "person"}, {"group_by": "unit"}, {"min_level": 2})] + \
            [house.hr.pages(f"/people/{made['person']['id']}/holdings", verified=verified) for verified in (True, False)]
    before = reports()
    for client in house.manager, house.lead, house.hr, house.other:
        endorse(client, made)
    assert reports() == before
    assert house.hr.pages("/reports/skills", skill=what) == []


def test_of_two_at_once_one_is_taken(house):
    made, answers = claim(house), []
    clients = [client.twin() for client in (house.hr, house.manager) * 4]

    def ask(client):
        answers.append(client.ask("POST", f"/claims/{made['id']}/endorsements", {}).status_code)
    threads = [threading.Thread(target=ask, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201] * 2 + [409] * 6 and len(said(house.employee, made)) == 2


def test_a_claim_that_goes_takes_what_is_said_of_it_along(house):
    """Whoever comes after is refused."""
    for _ in range(8):
        made, answers = claim(house, colleagues=False), {}

        def ask(name, client, *how):
            answers[name] = client.ask(*how, headers={"If-Match": "*"}).status_code
        threads = [threading.Thread(target=ask, args=("said", house.hr.twin(), "POST", f"/claims/{made['id']}/endorsements", {})),
                   threading.Thread(target=ask, args=("gone", house.employee.twin(), "DELETE", f"/claims/{made['id']}"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers["gone"] == 204 and answers["said"] in (201, 404), answers
    assert house.sql("SELECT 1 FROM claim_endorsement e LEFT JOIN claim c ON c.id = e.claim_id WHERE c.id IS NULL") == []


def test_what_was_said_survives_a_kill(house):
    made = claim(house)
    one = endorse(house.hr, made, note=ODD)
    house.kill()
    house.start()
    house.employee = house.sign_in(EMPLOYEE)
    assert said(house.employee, made) == [one]


# ---- somebody with two entries

@pytest.fixture(scope="module")
def two(postgres):
    with two_house(postgres) as house:
        yield Two(house)


def test_a_human_endorses_once_and_never_themselves_by_whatever_entry(two):
    who = Both(two, 1, employeeNumber=None)
    clients = {place: two.house.sign_in(name) for place, name in who.names.items()}
    body = {"skill": two.skill, "level": 3, "shared": True, "colleagues": True}
    other, own = two.hr.post("/claims", body), clients["main"].post("/claims", body)
    for place in "main", "branch":
        endorse(clients[place], other, note=place)
    endorse(clients["branch"], own)
    assert (len(said(two.hr, other)), len(said(two.hr, own))) == (2, 1)
    for place in "main", "branch":
        who.put(place, employeeNumber="N1")
    two.sync()
    one, = said(two.hr, other)
    assert (one["person"]["id"], one["note"]) == (who.main, "branch") and said(two.hr, own) == []
    assert [two.hr.get(f"/claims/{made['id']}")["endorsements"] for made in (other, own)] == [1, 0]
    endorse(clients["branch"], own, gives=403)
    endorse(clients["main"], other, gives=409)
    clients["main"].delete(f"/claim-endorsements/{one['id']}", "*")
    assert said(two.hr, other) == []
    endorse(clients["branch"], other)
