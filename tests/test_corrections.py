# SPDX-License-Identifier: Apache-2.0
"""Corrections: asked for of what is one's own, answered once by hr, read by who asked, and withdrawn by nobody else."""
import threading

import pytest
from kit.house import ACCOUNTS, AUDITOR, BASE, OTHER_HR, demo_house
from kit.two import Both, Two, two_house

ODD = "Mein Name ist 😀 \"falsch\" א </script>"
EMPLOYEE, MANAGER, HR = (ACCOUNTS[name] for name in ("EMPLOYEE", "MANAGER", "HR"))
LEAVER = f"dn: uid=leaver,ou=people,{BASE}\nobjectClass: inetOrgPerson\nuid: leaver\ncn: Lea Ver\nsn: x"


@pytest.fixture(scope="module")
def house(postgres):
    with demo_house({"retention all": {"keep": "P3Y"}}, LEAVER, postgres=postgres) as house:
        house.set_password("leaver")
        house.hr, house.other, house.issuer, house.employee, house.manager, house.auditor, house.admin = (house.sign_in(name) for name in (
            HR, OTHER_HR, ACCOUNTS["ISSUER"], EMPLOYEE, MANAGER, AUDITOR, ACCOUNTS["ADMIN"]))
        house.hr.post("/frameworks", {"code": "COR", "name": "Correct"})
        house.skill = house.hr.post("/skills", {"framework": "COR", "code": "COR-1", "label": "Being right"})["id"]
        house.achievement = house.hr.post("/achievements", {"name": "x", "state": "published"})["id"]
        yield house


def ask(client, about="person", gives=201, **fields):
    return client.post("/corrections", {"about": about, "text": ODD, **fields}, gives=gives)


def answer(client, made, gives=200, etag="*", state="done", text="It is so now."):
    return client.expect(gives, "POST", f"/corrections/{made['id']}/answer", {"state": state, "answer": text},
                         headers={"If-Match": etag} if etag else {})


def test_it_is_asked_for_answered_and_read(house):
    me, hr = (client.get("/me")["person"] for client in (house.employee, house.hr))
    made = ask(house.employee)
    assert {key: made[key] for key in ("person", "about", "text", "state")} == {"person": me, "about": "person", "text": ODD, "state": "open"}
    assert house.employee.last.headers["Location"] == f"/api/v1/corrections/{made['id']}"
    assert made in house.hr.pages("/corrections", state="open") and made in house.employee.pages("/corrections")
    assert house.hr.get(f"/corrections/{made['id']}") == made
    answered = answer(house.hr, made, etag=house.hr.last.headers["ETag"], text=ODD)
    assert answered == {**made, "state": "done", "answer": ODD, "answered_by": hr, "closed_at": answered["closed_at"]}
    assert house.employee.get(f"/corrections/{made['id']}") == answered
    assert made["id"] not in [one["id"] for one in house.hr.pages("/corrections", state="open")]
    assert answered in house.hr.pages("/corrections", state="done", person=EMPLOYEE, about="person")
    declined = answer(house.rescue, ask(house.employee), state="declined")
    assert (declined["state"], declined["account"]) == ("declined", "pam:rescue") and "answered_by" not in declined
    assert [(one["kind"], one["noun"], one["person_id"], one["detail"]) for one in house.admin.pages("/outbox", object=made["id"])[::-1]] == [
        ("correction.asked", "correction", me["id"], {"state": "open"}), ("correction.answered", "correction", me["id"], {"state": "done"})]
    assert house.sql("SELECT action FROM audit_entry WHERE object = %s AND outcome = 'ok' ORDER BY seq", made["id"]) == [
        ("correction.add",), ("correction.answer",)]


def test_others_do_not_see_it_and_only_hr_and_admin_answer(house):
    made = ask(house.employee)
    for client in house.manager, house.auditor, house.issuer:
        client.get(f"/corrections/{made['id']}", gives=404)
        assert made["id"] not in [one["id"] for one in client.pages("/corrections")]
        answer(client, made, 404)
        client.post(f"/corrections/{made['id']}/withdraw", gives=404)
    answer(house.employee, made, 403)
    for client in house.hr, house.admin:
        client.post(f"/corrections/{made['id']}/withdraw", gives=403)
    own = ask(house.hr)
    answer(house.hr, own, 403)
    assert answer(house.other, own)["state"] == "done"
    house.manager.get("/corrections", person=HR, gives=400)
    assert [one["id"] for one in house.manager.pages("/corrections", person=EMPLOYEE)] == [], "a manager sees the person, and not this"
    house.rescue.post("/corrections", {"about": "person", "text": "x"}, gives=403)


def test_what_it_is_about_is_their_own(house):
    mine, other = (house.issuer.issue(name, house.achievement)["id"] for name in (EMPLOYEE, HR))
    claim = house.employee.post("/claims", {"skill": house.skill, "level": 1}, gives=201)["id"]
    theirs = house.hr.post("/claims", {"skill": house.skill, "level": 1, "shared": True, "colleagues": True}, gives=201)["id"]
    assert ask(house.employee, "credential", object=mine)["object"] == mine
    made = ask(house.employee, "claim", object=claim)
    for about, named in (("credential", other), ("claim", theirs), ("claim", mine), ("credential", claim), ("credential", None), ("claim", None),
                         ("person", mine), ("other", mine)):
        problem = ask(house.employee, about, gives=400, **({"object": named} if named else {}))
        assert [error["field"] for error in problem["errors"]] == ["/object"], (about, named)
    for field, body in (("/about", {"about": "salary", "text": "x"}), ("/text", {"about": "person"}), ("/text", {"about": "person", "text": "x" * 10001}),
                        ("/state", {"about": "person", "text": "x", "state": "done"})):
        assert field in [error["field"] for error in house.employee.post("/corrections", body, gives=400)["errors"]]
    house.employee.delete(f"/claims/{claim}", "*")
    assert house.employee.get(f"/corrections/{made['id']}")["object"] == claim, "it may go before the answer comes"


def test_who_asked_may_withdraw_while_it_is_open(house):
    made = ask(house.employee)
    withdrawn = house.employee.post(f"/corrections/{made['id']}/withdraw", gives=200)
    assert withdrawn == {**made, "state": "withdrawn", "closed_at": withdrawn["closed_at"]}
    house.employee.post(f"/corrections/{made['id']}/withdraw", gives=409)
    answer(house.hr, made, 409)
    made = ask(house.employee)
    answer(house.hr, made)
    house.employee.post(f"/corrections/{made['id']}/withdraw", gives=409)
    answer(house.hr, made, 428, None)
    answer(house.hr, made, 412, '"1"')
    for wrong in {"state": "open", "text": "x"}, {"state": "withdrawn", "text": "x"}, {"text": ""}:
        answer(house.hr, made, 400, **wrong)


def test_of_two_who_answer_at_once_one_does(house):
    for etag in '"1"', "*":
        made, answers = ask(house.employee), []
        threads = [threading.Thread(target=lambda c=client.twin(), n=number: answers.append(c.ask(
            "POST", f"/corrections/{made['id']}/answer", {"state": "done", "answer": f"{n}"}, headers={"If-Match": etag}).status_code))
            for number, client in enumerate((house.hr, house.other) * 3)]
        threads.append(threading.Thread(target=lambda c=house.employee.twin(): answers.append(
            c.ask("POST", f"/corrections/{made['id']}/withdraw").status_code)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers.count(200) == 1 and set(answers) <= {200, 409, 412}, answers
        assert len(house.sql("SELECT 1 FROM outbox WHERE object = %s", made["id"])) == 2


def test_an_answer_survives_a_kill_and_is_given_again_by_its_key(house):
    made = ask(house.employee)
    body, headers = {"state": "done", "answer": ODD}, {"If-Match": '"1"', "Idempotency-Key": "answered"}
    first = house.hr.expect(200, "POST", f"/corrections/{made['id']}/answer", body, headers=headers)
    house.kill()
    house.start()
    house.hr, house.other, house.employee, house.manager, house.auditor, house.issuer, house.admin = (house.sign_in(name) for name in (
        HR, OTHER_HR, EMPLOYEE, MANAGER, AUDITOR, ACCOUNTS["ISSUER"], ACCOUNTS["ADMIN"]))
    assert house.hr.expect(200, "POST", f"/corrections/{made['id']}/answer", body, headers=headers) == first
    assert house.employee.get(f"/corrections/{made['id']}") == first


def test_it_is_in_the_export_and_goes_with_who_is_erased(house):
    leaver = house.sign_in("leaver")
    made = ask(leaver)
    answer(house.hr, made)
    person = leaver.get("/me")["person"]["id"]
    one, = leaver.get(f"/people/{person}/export")["corrections"]
    assert (one["text"], one["answer"], one["state"]) == (ODD, "It is so now.", "done")
    house.slapd.admin().delete_s(f"uid=leaver,ou=people,{BASE}")
    house.sync()
    proof = house.hr.expect(201, "POST", f"/people/{person}/erase", {"reason": "x", "early": True}, headers={"If-Match": "*"})
    assert proof["removed"]["correction"] == 1
    house.hr.get(f"/corrections/{made['id']}", gives=404)


def test_a_human_asks_and_reads_by_whatever_entry(postgres):
    with two_house(postgres) as house:
        two = Two(house)
        who = Both(two, 1, employeeNumber=None)
        clients = {place: house.sign_in(username) for place, username in who.names.items()}
        made = ask(clients["branch"])
        assert made["person"]["id"] == who.branch and clients["main"].pages("/corrections") == []
        for place in "main", "branch":
            who.put(place, employeeNumber="N1")
        two.sync()
        moved = clients["main"].get(f"/corrections/{made['id']}")
        assert moved["person"]["id"] == who.main and two.hr.pages("/corrections", person=who.branch) == [moved]
        clients["main"].post(f"/corrections/{made['id']}/withdraw", gives=200)
        credential = two.issuer.issue(who.names["branch"], two.achievement)["id"]
        ask(clients["main"], "credential", object=credential)
