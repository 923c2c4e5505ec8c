# SPDX-License-Identifier: Apache-2.0
"""How an achievement gets from draft to published: alone, or by a review that one person asks for and another one decides.
What is published stays as it is, whoever wants something of it at the same moment."""
import itertools
import threading

import ldap
import psycopg2
import pytest
from kit.house import ACCOUNTS, AUDITOR, BASE, OTHER_HR
from kit.two import Both, Two, two_house

NUMBERS = itertools.count(1)
ODD = "Ünïcode 😀 \"quoted\" א </script>"


@pytest.fixture(scope="module")
def two(postgres):
    with two_house(postgres) as house:
        two = Two(house)
        two.other = house.sign_in(OTHER_HR)
        two.auditor, two.employee, two.admin = (house.sign_in(one) for one in (AUDITOR, ACCOUNTS["EMPLOYEE"], ACCOUNTS["ADMIN"]))
        yield two


def draft(two, **fields):
    return two.hr.post("/achievements", {"name": f"Draft {next(NUMBERS)}", "type": "Course", **fields}, gives=201)


def step(client, achievement, verb, comment=None, etag="*", gives=200):
    return client.expect(gives, "POST", f"/achievements/{achievement['id']}/{verb}", {"comment": comment} if comment else None,
                         headers={"If-Match": etag})


def look(two, achievement, **parameters):
    return two.hr.get(f"/achievements/{achievement['id']}", **parameters)


def etag_of(two, achievement):
    look(two, achievement)
    return two.hr.last.headers["ETag"]


def story(two, achievement):
    return [(one["kind"], one["version"]) for one in two.hr.get(f"/achievements/{achievement['id']}/events")["items"]]


def at_once(*deeds):
    """The answers of all, who begin together."""
    barrier, answers = threading.Barrier(len(deeds)), [None] * len(deeds)

    def run(place, deed):
        barrier.wait()
        answers[place] = deed()
    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


# ---- the way of a review

def test_one_asks_another_approves_and_it_is_shown_who_said_what(two):
    made = draft(two, criteria="Do it")
    asked = step(two.hr, made, "submit", f"Please: {ODD}")
    assert asked["state"] == "in_review" and asked["review"]["account"] == f"ldap:{ACCOUNTS['HR']}"
    assert asked["review"]["comment"] == f"Please: {ODD}" and asked["review"]["at"]
    assert made["id"] in {one["id"] for one in two.other.pages("/achievements", state="in_review")}
    done = step(two.other, made, "approve", "Agreed", etag_of(two, made))
    assert (done["state"], done["version"]) == ("published", 1) and "review" not in done
    events = two.auditor.get(f"/achievements/{made['id']}/events")["items"]
    assert [(one["kind"], one["account"], one.get("comment")) for one in events] == [
        ("created", f"ldap:{ACCOUNTS['HR']}", None), ("submitted", f"ldap:{ACCOUNTS['HR']}", f"Please: {ODD}"),
        ("approved", f"ldap:{OTHER_HR}", "Agreed"), ("published", f"ldap:{OTHER_HR}", None)]
    actions = [one["action"] for one in two.auditor.pages("/audit", object=made["id"], sort="at")]
    assert actions == ["achievement.add", "achievement.submit", "achievement.approve"]
    changes, = two.house.sql(f"SELECT count(*) FROM change WHERE key = '{made['id']}'")[0]
    assert changes == 3


def test_what_is_returned_is_a_draft_that_says_why_and_may_be_asked_for_again(two):
    made = draft(two)
    step(two.hr, made, "submit")
    step(two.other, made, "return", gives=400)
    assert two.other.last.status_code == 400
    back = step(two.other, made, "return", "Not measurable")
    assert back["state"] == "draft" and "review" not in back
    two.hr.patch(f"/achievements/{made['id']}", {"criteria": "Count to ten"}, "*")
    step(two.hr, made, "submit")
    step(two.hr, made, "return", "I forgot something")  # also by who asked
    step(two.hr, made, "submit")
    step(two.issuer, made, "approve")
    assert [kind for kind, _ in story(two, made)] == ["created", "submitted", "returned", "edited", "submitted", "returned", "submitted",
                                                      "approved", "published"]
    assert "Not measurable" in [one.get("comment") for one in two.hr.get(f"/achievements/{made['id']}/events")["items"]]


def test_what_is_in_review_is_not_changed(two):
    made = draft(two)
    step(two.hr, made, "submit")
    for change in ({"criteria": "Other"}, {"state": "draft"}, {"state": "published"}, {"state": "archived"},
                   {"skills": [{"skill": two.skill, "level": 1}]}):
        two.hr.patch(f"/achievements/{made['id']}", change, "*", gives=409)
    two.hr.patch(f"/achievements/{made['id']}", {"name": made["name"]}, "*")  # which changes nothing
    step(two.hr, made, "submit", gives=409)
    two.issuer.post("/credentials", {"person": ACCOUNTS["EMPLOYEE"], "achievement": made["id"]}, gives=409)
    two.employee.get(f"/achievements/{made['id']}", gives=404)


def test_a_new_version_is_reviewed_while_the_old_one_is_issued(two):
    made = draft(two, state="published")
    changed = two.hr.patch(f"/achievements/{made['id']}", {"criteria": "More"}, "*")
    assert (changed["version"], changed["state"]) == (2, "draft")
    step(two.hr, made, "submit")
    assert two.issuer.issue(ACCOUNTS["EMPLOYEE"], made["id"])["achievement"]["version"] == 1
    assert two.employee.get(f"/achievements/{made['id']}")["version"] == 1
    step(two.other, made, "approve")
    assert two.issuer.issue(ACCOUNTS["EMPLOYEE"], made["id"])["achievement"]["version"] == 2
    assert story(two, made) == [("created", 1), ("published", 1), ("created", 2), ("submitted", 2), ("approved", 2),
                                ("superseded", 1), ("published", 2)]


def test_only_what_was_asked_for_is_decided_and_only_by_who_may(two):
    made = draft(two)
    for verb, comment in ("approve", None), ("return", "x"):
        step(two.other, made, verb, comment, gives=409)
    for client, status in (two.employee, 404), (two.auditor, 404), (two.house.client(), 401):
        step(client, made, "submit", gives=status)
    published = draft(two, state="published")
    step(two.hr, published, "submit", gives=409)
    step(two.employee, published, "submit", gives=403)
    two.employee.get(f"/achievements/{published['id']}/events", gives=403)
    assert two.hr.expect(428, "POST", f"/achievements/{made['id']}/submit")
    step(two.hr, made, "submit", etag='"0"', gives=412)


def test_a_retry_is_answered_as_the_first_time(two):
    made = draft(two)
    first, again = (two.hr.expect(200, "POST", f"/achievements/{made['id']}/submit", {"comment": "x"},
                                  headers={"If-Match": '"1"', "Idempotency-Key": f"submit-{made['id']}"}) for _ in range(2))
    assert first == again and story(two, made) == [("created", 1), ("submitted", 1)]


# ---- two people

def test_whoever_asks_does_not_approve(two):
    made = draft(two)
    step(two.hr, made, "submit")
    assert "somebody else" in step(two.hr, made, "approve", gives=403)["detail"]
    again = two.house.sign_in(ACCOUNTS["HR"])  # another session
    step(again, made, "approve", gives=403)
    token = two.hr.post("/tokens", {"name": "x", "scopes": ["achievements:write"]}, gives=201)["token"]
    step(two.house.client(token), made, "approve", gives=403)
    assert look(two, made)["state"] == "in_review"
    step(two.other, made, "approve")


def test_somebody_with_two_entries_is_one_person(two):
    who = Both(two, 31)
    two.link.modify_s(f"cn=hr,ou=groups,{BASE}", [(ldap.MOD_ADD, "member", [who.where["main"].encode()])])
    two.sync()
    one, other = (two.house.sign_in(name) for name in who.names.values())
    assert one.opened["person"]["id"] == other.opened["person"]["id"] and one.get("/me")["roles"] == other.get("/me")["roles"] == ["hr"]
    for asker, approver in (one, other), (other, one):
        made = draft(two)
        step(asker, made, "submit")
        step(approver, made, "approve", gives=403)
        step(two.other, made, "approve")
    # who were two when it was asked for, and are one now
    late = Both(two, 32, employeeNumber=None)
    for place in "main", "branch":
        two.link.modify_s(f"cn=hr,ou=groups,{BASE}", [(ldap.MOD_ADD, "member", [late.where[place].encode()])])
    late.put("main", employeeNumber="N32")
    two.sync()
    made = draft(two)
    step(two.house.sign_in("m32"), made, "submit")
    late.put("branch", employeeNumber="N32")
    two.sync()
    step(two.house.sign_in("b32"), made, "approve", gives=403)


def test_who_is_nobody_of_a_directory_reviews_nothing(two):
    made = draft(two)
    step(two.house.rescue, made, "submit", gives=403)
    step(two.hr, made, "submit")
    step(two.house.rescue, made, "approve", gives=403)
    step(two.admin, made, "approve")


# ---- at the same moment

def test_of_two_who_approve_one_does(two):
    for _ in range(5):
        made = draft(two)
        step(two.hr, made, "submit")
        answers = at_once(*(lambda client=client, etag=etag_of(two, made): client.ask(
            "POST", f"/achievements/{made['id']}/approve", headers={"If-Match": etag}).status_code
            for client in (two.other, two.issuer, two.admin)))
        assert answers.count(200) == 1 and set(answers) <= {200, 412, 409}, answers
        assert story(two, made) == [("created", 1), ("submitted", 1), ("approved", 1), ("published", 1)]


def test_what_is_approved_is_what_was_read(two):
    """Who asked takes it back and edits it while another one approves: never is published what nobody has approved."""
    outcomes = set()
    for _ in range(8):
        made = draft(two, criteria="As read")
        step(two.hr, made, "submit")
        etag = etag_of(two, made)

        def take_back(made=made):
            two.hr.ask("POST", f"/achievements/{made['id']}/return", {"comment": "x"}, headers={"If-Match": "*"})
            return two.hr.ask("PATCH", f"/achievements/{made['id']}", {"criteria": "Slipped in"}, headers={"If-Match": "*"}).status_code

        def approve(made=made, etag=etag):
            return two.other.ask("POST", f"/achievements/{made['id']}/approve", headers={"If-Match": etag}).status_code
        approved, _ = at_once(approve, take_back)
        assert approved in (200, 409, 412)
        outcomes.add(approved)
        if approved == 200:
            assert two.employee.get(f"/achievements/{made['id']}")["criteria"] == "As read"
        else:
            assert look(two, made)["state"] == "draft"
    made = draft(two, criteria="As read")  # and where the edit has come first for certain
    step(two.hr, made, "submit")
    etag = etag_of(two, made)
    step(two.hr, made, "return", "x")
    two.hr.patch(f"/achievements/{made['id']}", {"criteria": "Slipped in"}, "*")
    step(two.hr, made, "submit")
    step(two.other, made, "approve", etag=etag, gives=412)


def test_what_is_published_stays_as_it_is(two):
    made = draft(two, criteria="First", state="published", skills=[{"skill": two.skill, "level": 1}])
    first = look(two, made, version=1)

    def change(number):
        client = two.house.client(two.hr.token)
        return client.ask("PATCH", f"/achievements/{made['id']}", {"criteria": f"Edit {number}", "state": "published", "skills": []},
                          headers={"If-Match": "*"}).status_code
    answers = at_once(*(lambda number=number: change(number) for number in range(6)))
    assert set(answers) <= {200, 412} and 200 in answers
    newest = look(two, made)["version"]
    assert newest == 1 + answers.count(200)
    shown = look(two, made, version=1)
    assert {**shown, "updated_at": None} == {**first, "updated_at": None}
    for text in ("UPDATE achievement_version SET name = 'x'", "UPDATE achievement_version SET state = 'draft'",
                 "DELETE FROM achievement_version", "UPDATE achievement_skill SET level = 2", "DELETE FROM achievement_skill"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            two.house.sql(f"{text} WHERE achievement_id = %s AND number = 1", made["id"])


def test_what_was_said_is_exported_and_goes_with_its_author(two):
    who, made = Both(two, 33), draft(two)
    two.link.modify_s(f"cn=hr,ou=groups,{BASE}", [(ldap.MOD_ADD, "member", [who.where["main"].encode()])])
    two.sync()
    step(two.house.sign_in("m33"), made, "submit", "Said by Name of m33")
    held = two.hr.get(f"/people/{who.main}/export")
    assert [one.get("comment") for one in held["reviews"]] == ["Said by Name of m33"]
    for place in "main", "branch":
        who.leave(place)
    two.sync()
    two.hr.expect(201, "POST", f"/people/{who.main}/erase", {"reason": "x", "early": True}, headers={"If-Match": "*"})
    assert look(two, made)["review"] == {"at": look(two, made)["review"]["at"], "account": "erased"}
    assert "erased" in step(two.other, made, "approve", gives=409)["detail"]
    step(two.other, made, "return", "x")


# ---- by configuration

def test_where_it_takes_two_nobody_publishes_alone(two):
    published = draft(two, state="published")
    waiting = draft(two)
    two.house.configure({"catalogue": {"two_people": "yes"}})
    two.house.restart()
    two.hr.post("/achievements", {"name": "x", "state": "published"}, gives=409)
    two.hr.patch(f"/achievements/{waiting['id']}", {"state": "published"}, "*", gives=409)
    two.hr.patch(f"/achievements/{waiting['id']}", {"state": "published", "criteria": "x"}, "*", gives=409)
    assert "two people" in two.hr.patch(f"/achievements/{published['id']}", {"criteria": "x", "state": "published"}, "*", gives=409)["detail"]
    two.hr.patch(f"/achievements/{published['id']}", {"state": "published"}, "*")  # which it is
    step(two.hr, waiting, "submit")
    step(two.other, waiting, "approve")
    two.hr.patch(f"/achievements/{published['id']}", {"criteria": "x"}, "*")
    two.hr.patch(f"/achievements/{waiting['id']}", {"state": "archived"}, "*")
