# SPDX-License-Identifier: Apache-2.0
"""Credentials are renewed before they expire, without starting over: by evidence, by a lighter rubric, by a course. Who may
when, until when the new one lasts, and that it is one whoever asks how often."""
import contextlib
import datetime
import itertools
import uuid

import psycopg2
import pytest
from kit.house import ACCOUNTS, wait_for
from kit.judging import CARE, HOLDER, PROMPT, SPEED, Court, at_once, court_house
from kit.leaver import Leaver, furnish, retention_house
from kit.second import Second
from kit.two import Both, Two, two_house

FIRST, SECOND = (str(uuid.UUID(int=number, version=4)) for number in (1, 2))
ASKED = {"prompts": [{**PROMPT, "id": FIRST}, {**PROMPT, "id": SECOND, "name": "And what else 🧭?"}], "minimum": 5, "assessors": 2, "disagreement": 1}
LONG = {"from": "P60Y"}  # what expires in this century can be renewed now
# What expires there, and what a year more makes of it.
LEAP, YEAR_MORE = "2048-02-29T12:00:00Z", "2049-02-28T12:00:00Z"
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def court(postgres):
    with court_house(postgres) as house:
        court = Court(house)
        court.issuer = house.sign_in(ACCOUNTS["ISSUER"])
        court.admin = house.sign_in(ACCOUNTS["ADMIN"])
        yield court


def achievement(court, renewal=None, gives=201, **fields):
    asked = {"validity": "P1Y", "state": "published", "result_descriptions": [CARE, SPEED], "assessment": ASKED,
             "name": f"Ropes {next(numbers)} 🧗", **({"renewal": renewal} if renewal else {}), **fields}
    return court.hr.post("/achievements", {name: value for name, value in asked.items() if value is not None}, gives=gives)


def ago(**time):
    return (datetime.datetime.now(datetime.UTC).replace(microsecond=0) - datetime.timedelta(**time)).isoformat().replace("+00:00", "Z")


def issue(court, made, expires_at=LEAP, username=HOLDER, **fields):
    times = {"issued_at": "2024-01-31", **({"expires_at": expires_at} if expires_at else {})}
    return court.issuer.issue(username, made["id"], **times, **fields)


def begin(court, credential, username=HOLDER, gives=201):
    return court.client(username).expect(gives, "POST", f"/credentials/{credential['id']}/renewal")


def hand_in(court, submission, username=HOLDER):
    client = court.client(username)
    client.patch(f"/submissions/{submission['id']}", {"answers": {FIRST: {"text": "Still do"}}}, "*")
    return court.step(client, submission, "submit")


def look(court, credential):
    return court.hr.get(f"/credentials/{credential['id']}")


def approve(court, submission, gives=200, **scores):
    """By whose turn it is."""
    (place,) = [one for one in court.places(submission) if one["state"] == "open"]
    who = court.turn(place)
    sheet = court.claim(place, who)
    if scores:
        court.score(place, who, **scores)
    court.decide(place, who, gives=gives)
    return sheet


def latest(court, credential):
    """What took its place, and the place of that."""
    now = look(court, credential)
    return latest(court, {"id": now["superseded_by"]}) if "superseded_by" in now else now


# ---- what is handed in

def test_by_a_lighter_rubric(court):
    made = achievement(court, {"by": "rubric", "minimum": 3.5, "assessors": 1, "prompts": [FIRST], **LONG})
    assert made["renewal"] == {"by": "rubric", "minimum": 3.5, "assessors": 1, "prompts": [FIRST], "from": "P60Y"}
    old = issue(court, made, evidence=[{"name": "Then"}])
    submission = begin(court, old)
    client = court.client(HOLDER)
    assert client.last.headers["Location"] == f"/api/v1/submissions/{submission['id']}"
    assert (submission["state"], submission["renews"], submission["achievement"]["id"]) == ("draft", old["id"], made["id"])
    assert begin(court, old, gives=200)["id"] == submission["id"]
    client.patch(f"/submissions/{submission['id']}", {"answers": {SECOND: {"text": "x"}}}, "*", gives=400)
    handed = hand_in(court, submission)
    sheet = approve(court, handed, care="Fair", speed="Fast")  # 1.5 and 2
    assert [one["id"] for one in sheet["prompts"]] == [FIRST] and sheet["minimum"] == 3.5
    assert len(court.places(handed)) == 1
    after = court.submission(submission)
    new = look(court, {"id": after["credential_id"]})
    assert (after["state"], new["replaces"], new["state"], new["expires_at"]) == ("approved", old["id"], "active", YEAR_MORE)
    assert new["issued_at"] == old["issued_at"] == "2024-01-31T00:00:00Z" and new["evidence"] == [{"name": PROMPT["name"], "narrative": "Still do"}]
    assert [one["achieved_level"] for one in new["results"]] == [made["result_descriptions"][0]["levels"][1]["id"], made["result_descriptions"][1]["levels"][1]["id"]]
    was = look(court, old)
    assert (was["state"], was["superseded_by"], was["reason"], was["evidence"]) == ("superseded", new["id"], "Renewed.", [{"name": "Then"}])
    notice, = court.notices("credential.renewed", object=old["id"])
    assert (notice["person_id"], notice["detail"]) == (court.id(HOLDER), {"by": new["id"]})
    entry, = court.admin.pages("/audit", object=old["id"], action="credential.renew")
    assert entry["detail"] == {"by": new["id"]}
    begin(court, old, gives=409)
    begin(court, new)  # and so on


def test_by_the_rubric_its_own_minimum_holds(court):
    made = achievement(court, {"by": "rubric", "minimum": 4, "assessors": 1, "prompts": [FIRST], **LONG})
    old = issue(court, made)
    handed = hand_in(court, begin(court, old))
    approve(court, handed, gives=400, care="Fair", speed="Fast")  # 3.5
    assert look(court, old)["state"] == "active"


def test_by_evidence_nobody_scores(court):
    made = achievement(court, {"by": "evidence", "assessors": 1, "prompts": [FIRST], **LONG})
    assert "minimum" not in made["renewal"]
    level = made["result_descriptions"][0]["levels"][2]["id"]
    old = issue(court, made, results=[{"result_description": made["result_descriptions"][0]["id"], "achieved_level": level}])
    handed = hand_in(court, begin(court, old))
    sheet = approve(court, handed)
    assert sheet["rubric"] == [] and "minimum" not in sheet
    new = latest(court, old)
    assert new["expires_at"] == YEAR_MORE and new["results"] == old["results"] and new["evidence"] != old["evidence"]


def test_what_has_expired_is_renewed_from_now_within_its_grace(court):
    made = achievement(court, {"by": "evidence", "assessors": 1, "prompts": [FIRST], "grace": "P10D"})
    late, later = issue(court, made, ago(days=9)), issue(court, made, ago(days=11))
    assert "too long ago" in begin(court, later, gives=409)["detail"]
    handed = hand_in(court, begin(court, late))
    before = datetime.datetime.now(datetime.UTC)
    approve(court, handed)
    expires = datetime.datetime.fromisoformat(latest(court, late)["expires_at"])
    assert datetime.timedelta(365) <= expires - before <= datetime.timedelta(366, 60)


def test_when_it_was_handed_in_counts_and_what_was_too_late_is_said_when_it_is_handed_in(court):
    made = achievement(court, {"by": "evidence", "assessors": 1, "prompts": [FIRST], "grace": "P1D"})
    kept, lost = (begin(court, issue(court, made, ago(hours=-1), username=name), name) for name in (HOLDER, "nbrooks"))
    handed = hand_in(court, kept)
    for submission in kept, lost:  # a week goes by
        court.house.sql("UPDATE credential SET expires_at = now() - interval '7 days' WHERE id = %s RETURNING 1", submission["renews"])
    court.house.sql("UPDATE submission SET submitted_at = now() - interval '8 days' WHERE id = %s RETURNING 1", handed["id"])
    approve(court, handed)
    assert court.submission(kept)["state"] == "approved"
    client = court.client("nbrooks")
    client.patch(f"/submissions/{lost['id']}", {"answers": {FIRST: {"text": "x"}}}, "*")
    assert "too long ago" in court.step(client, lost, "submit", gives=409)["detail"]


def test_who_may_not_when_and_why(court):
    made = achievement(court, {"by": "evidence", "assessors": 1, "from": "P30D"})
    soon, far, never = issue(court, made, ago(days=-29)), issue(court, made, ago(days=-31)), issue(court, achievement(court, None, validity=None), None)
    assert "can be renewed from" in begin(court, far, gives=409)["detail"]
    assert "earned anew" in begin(court, never, gives=409)["detail"]
    assert begin(court, soon, ACCOUNTS["HR"], gives=403)["status"] == 403
    begin(court, soon, ACCOUNTS["EMPLOYEE"], gives=404)
    begin(court, {"id": str(uuid.uuid4())}, gives=404)
    lasting = issue(court, made)
    court.house.sql("UPDATE credential SET expires_at = 'infinity' WHERE id = %s RETURNING 1", lasting["id"])
    assert "does not expire" in begin(court, lasting, gives=409)["detail"]
    for step, state in ("suspend", "suspended"), ("revoke", "revoked"):
        court.issuer.post(f"/credentials/{soon['id']}/{step}", {"reason": "x"}, gives=200)
        assert state in begin(court, soon, gives=409)["detail"]
    open_one = court.client(HOLDER).post("/submissions", {"achievement": made["id"]}, gives=201)
    assert "another submission" in begin(court, issue(court, made, ago(days=-20)), gives=409)["detail"]
    court.client(HOLDER).delete(f"/submissions/{open_one['id']}", "*")
    gone = issue(court, made, ago(days=-20))
    court.hr.patch(f"/achievements/{made['id']}", {"state": "archived"}, "*")
    assert "not published" in begin(court, gone, gives=409)["detail"]


# ---- when, as it is told

def test_a_credential_says_when_and_how_it_can_be_renewed(court):
    made = achievement(court, {"by": "evidence", "assessors": 1, "from": "P1M", "grace": "P1Y"})
    old = issue(court, made)
    said = {"by": "evidence", "opens_at": "2048-01-29T12:00:00Z", "closes_at": YEAR_MORE}
    court.house.set_password(ACCOUNTS["MANAGER"])
    readers = [court.client(name) for name in (HOLDER, ACCOUNTS["MANAGER"], ACCOUNTS["HR"], ACCOUNTS["ISSUER"])]
    assert [client.get(f"/credentials/{old['id']}") for client in readers] == [old] * 4 and old["renewal"] == said
    listed, = court.hr.pages("/credentials", achievement=made["id"])
    then = court.hr.get(f"/credentials/{old['id']}", as_of=ago(days=1))
    assert "renewal" not in listed and "renewal" not in then and {**listed, "renewal": said} == old
    lesson = achievement(court, None, name="Lesson 🧭", assessment=None)
    policy = {"by": "course", "course": lesson["id"], **dict.fromkeys(("assessors", "from", "grace"))}
    court.hr.patch(f"/achievements/{made['id']}", {"renewal": policy, "state": "published"}, "*")
    assert look(court, old)["renewal"] == {"by": "course", "course": {"id": lesson["id"], "name": "Lesson 🧭"},
                                           "opens_at": "2047-12-01T12:00:00Z", "closes_at": LEAP}  # 90 days before
    for change in {"name": "Not out"}, {"state": "archived"}:  # a draft, which never was
        court.hr.patch(f"/achievements/{lesson['id']}", change, "*")
        assert look(court, old)["renewal"]["course"] == {"id": lesson["id"], "name": "Lesson 🧭"}
        refused = begin(court, old, gives=409)
        assert "Lesson 🧭" in refused["detail"] and "Not out" not in refused["detail"]
    court.hr.patch(f"/achievements/{made['id']}", {"renewal": None, "state": "published"}, "*")
    assert "renewal" not in look(court, old)


def test_what_cannot_be_renewed_does_not_say_that_it_can(court):
    made = achievement(court, {"by": "evidence", "assessors": 1, "grace": "P5D"})
    over, closed, lasting = issue(court, made, ago(days=4)), issue(court, made, ago(days=6)), issue(court, made)
    court.house.sql("UPDATE credential SET expires_at = 'infinity' WHERE id = %s RETURNING 1", lasting["id"])
    assert look(court, over)["renewal"]["closes_at"] > ago() and look(court, over)["state"] == "expired"
    assert "renewal" not in look(court, closed) and "renewal" not in look(court, lasting)
    for step in "suspend", "revoke":
        turned = issue(court, made)
        court.issuer.post(f"/credentials/{turned['id']}/{step}", {"reason": "x"}, gives=200)
        assert "renewal" in turned and "renewal" not in look(court, turned)
    after = court.issuer.post(f"/credentials/{over['id']}/replace", {"reason": "x"}, gives=201)
    assert "renewal" in after and "renewal" not in look(court, over)
    court.hr.patch(f"/achievements/{made['id']}", {"state": "archived"}, "*")
    assert "renewal" not in look(court, after)


def test_what_can_be_renewed_now_is_recommended_first(court):
    """Each weighs 5, so that the name decides: Again, Lesson, Over. Not: what is far, closed, or held for longer by another."""
    who = ACCOUNTS["EMPLOYEE"]
    lesson = achievement(court, None, name="Lesson 🧭", assessment=None)
    policy = {"by": "evidence", "assessors": 1, "from": "P30D", "grace": "P5D"}
    again, over, twice = (achievement(court, policy, name=name) for name in ("Again", "Over", "Twice"))
    taught = achievement(court, {"by": "course", "course": lesson["id"], **LONG}, name="Taught 🧗", assessment=None)
    issue(court, lesson, username=who)
    near, late, by_course = (issue(court, one, when, who) for one, when in ((again, ago(days=-29)), (over, ago(days=4)), (taught, LEAP)))
    for one, when in (achievement(court, policy), ago(days=-31)), (achievement(court, policy), ago(days=6)), (twice, ago(days=-20)), (twice, LEAP):
        issue(court, one, when, who)

    def recommended(client):
        return {one["achievement"]["name"]: one["reasons"] for one in client.get(f"/people/{court.id(who)}/recommendations")["recommendations"]}

    found = recommended(court.hr)
    assert list(found) == ["Again", "Lesson 🧭", "Over"] and recommended(court.client(who)) == found
    def reason(credential, by, **more):
        return [{"kind": "renewal", "credential_id": credential["id"], "by": by, "expires_at": credential["expires_at"],
                 "closes_at": credential["renewal"]["closes_at"], **more}]
    assert found["Again"] == reason(near, "evidence") and found["Over"] == reason(late, "evidence")
    assert found["Lesson 🧭"] == reason(by_course, "course", achievement={"id": taught["id"], "name": "Taught 🧗"})
    court.issuer.issue(who, lesson["id"])
    settled(court)
    court.issuer.post(f"/credentials/{late['id']}/revoke", {"reason": "x"}, gives=200)
    client = court.client(who)
    submission = begin(court, near, who)
    client.patch(f"/submissions/{submission['id']}", {"answers": {FIRST: {"text": "x"}, SECOND: {"text": "y"}}}, "*")
    approve(court, court.step(client, submission, "submit"))
    assert list(recommended(client)) == ["Lesson 🧭"]  # what it renewed can be renewed once more, in this century


def test_the_newest_version_says_how_and_for_how_long(court):
    made = achievement(court)
    old = issue(court, made)
    begin(court, old, gives=409)
    court.hr.patch(f"/achievements/{made['id']}", {"renewal": {"by": "evidence", "assessors": 1, **LONG}, "validity": "P18M", "state": "published"}, "*")
    submission = begin(court, old)
    client = court.client(HOLDER)
    client.patch(f"/submissions/{submission['id']}", {"answers": {FIRST: {"text": "x"}, SECOND: {"text": "y"}}}, "*")
    approve(court, court.step(client, submission, "submit"))
    new = latest(court, old)
    assert (new["achievement"]["version"], new["expires_at"]) == (2, "2049-08-29T12:00:00Z")


# ---- races

def test_two_begin_at_once_and_one_is_begun(court):
    made = achievement(court, {"by": "evidence", "assessors": 1, "prompts": [FIRST], **LONG})
    old = issue(court, made)
    twins = [court.client(HOLDER).twin() for _ in range(6)]
    given = at_once(*[lambda c=client: c.post(f"/credentials/{old['id']}/renewal") for client in twins])
    assert len({one["id"] for one in given}) == 1
    assert court.house.sql("SELECT count(*) FROM submission WHERE renews = %s", old["id"]) == [(1,)]


@pytest.mark.parametrize("turn", range(3))
def test_of_renewing_and_revoking_one_is_done(court, turn):
    made = achievement(court, {"by": "evidence", "assessors": 1, "prompts": [FIRST], **LONG})
    old = issue(court, made)
    handed = hand_in(court, begin(court, old))
    (place,) = court.places(handed)
    who = court.turn(place)
    court.claim(place, who)
    decided, revoked = at_once(
        lambda: court.client(who).ask("POST", f"/reviews/{place['id']}/decide", {"verdict": "approve"}, headers={"If-Match": "*"}).status_code,
        lambda: court.issuer.ask("POST", f"/credentials/{old['id']}/revoke", {"reason": "x"}).status_code)
    assert (decided, revoked) in ((200, 409), (409, 200))
    now = look(court, old)
    assert (now["state"], "superseded_by" in now) == (("superseded", True) if decided == 200 else ("revoked", False))
    assert court.submission(handed)["state"] == ("approved" if decided == 200 else "in_review")
    if decided == 409:
        assert "revoked" in court.decide(place, who, gives=409)["detail"]
        court.decide(place, who, "decline", "It was revoked")


def test_a_kill_while_it_is_approved_leaves_all_or_nothing(court):
    made = achievement(court, {"by": "evidence", "assessors": 1, "prompts": [FIRST], **LONG})
    old = issue(court, made)
    handed = hand_in(court, begin(court, old))
    (place,) = court.places(handed)
    who, house = court.turn(place), court.house
    court.claim(place, who)
    with contextlib.closing(psycopg2.connect(house.postgres.dsn(house.database))) as other:
        other.cursor().execute("SELECT 1 FROM credential WHERE id = %s FOR UPDATE", [old["id"]])

        def decide():
            with contextlib.suppress(Exception):
                court.client(who).ask("POST", f"/reviews/{place['id']}/decide", {"verdict": "approve"}, headers={"If-Match": "*"})

        def kill():
            wait_for("it to wait", lambda: house.sql(
                "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"))
            house.kill()
        at_once(decide, kill)
    house.start()
    assert (look(court, old)["state"], court.submission(handed)["state"]) == ("active", "in_review")
    court.decide(place, who)
    assert latest(court, old)["expires_at"] == YEAR_MORE
    assert house.sql("SELECT count(*) FROM credential WHERE achievement_id = %s", made["id"]) == [(2,)]


# ---- by a course

def settled(court):
    wait_for("what follows", lambda: not court.house.sql("SELECT 1 FROM award_news"))


def course(court, **fields):
    return achievement(court, None, assessment=None, result_descriptions=None, validity=None, **fields)


def test_the_award_of_a_course_renews_the_one_that_lasts_longest(court):
    lesson = course(court)
    made = achievement(court, {"by": "course", "course": lesson["id"], **LONG}, assessment=None)
    assert made["renewal"] == {"by": "course", "course": lesson["id"], "from": "P60Y"}
    shorter, old = issue(court, made, "2040-05-31T00:00:00Z"), issue(court, made)
    theirs, revoked = issue(court, made, username="nbrooks"), issue(court, made, "2060-01-01T00:00:00Z")
    court.issuer.post(f"/credentials/{revoked['id']}/revoke", {"reason": "x"}, gives=200)
    assert lesson["name"] in begin(court, old, gives=409)["detail"]
    award = court.issuer.issue(HOLDER, lesson["id"])
    settled(court)
    new = latest(court, old)
    assert (new["replaces"], new["expires_at"], new["issued_at"]) == (old["id"], YEAR_MORE, old["issued_at"])
    assert [look(court, one)["state"] for one in (shorter, theirs, revoked)] == ["active", "active", "revoked"]
    assert {one["account"] for one in court.admin.pages("/audit", object=old["id"], action="credential.renew")} == {"house:rule"}
    court.issuer.post(f"/credentials/{award['id']}/replace", {"reason": "a misspelt name"}, gives=201)
    settled(court)
    assert latest(court, old)["id"] == new["id"]  # a correction is no course
    court.issuer.issue(HOLDER, lesson["id"])
    settled(court)
    assert latest(court, old)["expires_at"] == "2050-02-28T12:00:00Z"


def test_when_the_course_was_awarded_decides_whether_it_was_in_time(court):
    lesson = course(court)
    made = achievement(court, {"by": "course", "course": lesson["id"], "from": "P30D", "grace": "P5D"}, assessment=None)
    people = ["jmarsh", "esek", "nbrooks", "pquinn", "tdube"]
    early, before, after, late, ahead = (issue(court, made, ago(days=day), username=name) for day, name in zip((-31, -29, 4, 6, 2), people))
    for name in people[:4]:
        court.issuer.issue(name, lesson["id"])
    court.issuer.issue("tdube", lesson["id"], issued_at=ago(days=3))  # said late
    settled(court)
    assert [latest(court, one)["id"] == one["id"] for one in (early, before, after, late, ahead)] == [True, False, False, True, False]
    new = latest(court, before)
    assert datetime.datetime.fromisoformat(new["expires_at"]) - datetime.datetime.fromisoformat(before["expires_at"]) in (
        datetime.timedelta(365), datetime.timedelta(366))
    more = datetime.datetime.fromisoformat(latest(court, ahead)["expires_at"]) - datetime.datetime.fromisoformat(ahead["expires_at"])
    assert more in (datetime.timedelta(365), datetime.timedelta(366))
    from_now = datetime.datetime.fromisoformat(latest(court, after)["expires_at"]) - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(364) < from_now <= datetime.timedelta(366)


def test_a_test_renews_nothing_and_what_begins_later_renews_then(court):
    sandbox = court.admin.post("/issuers", {"name": "Sandbox 🏖", "sandbox": True}, gives=201)["id"]
    toy, lesson = course(court, issuer=sandbox), course(court)
    fooled, made = (achievement(court, {"by": "course", "course": one["id"], **LONG}, assessment=None) for one in (toy, lesson))
    old, other = issue(court, fooled), issue(court, made)
    court.client(HOLDER).post("/me/credentials", {"achievement": toy["id"]}, gives=201)
    settled(court)
    assert look(court, old)["state"] == "active"
    court.issuer.issue(HOLDER, lesson["id"], valid_from=ago(days=-2))
    assert court.house.sql("SELECT count(*) FROM award_news WHERE at > now() + interval '1 day'") == [(1,)]
    assert look(court, other)["state"] == "active"
    court.house.sql("UPDATE award_news SET at = now() RETURNING 1")
    settled(court)
    assert latest(court, other)["expires_at"] == YEAR_MORE


def test_a_kill_while_a_course_renews_and_two_daemons_renew_once(court):
    lesson, house = course(court), court.house
    made = [achievement(court, {"by": "course", "course": lesson["id"], **LONG}, assessment=None) for _ in range(3)]
    old = [issue(court, one) for one in made]
    with contextlib.closing(psycopg2.connect(house.postgres.dsn(house.database))) as other:
        other.cursor().execute("SELECT 1 FROM credential WHERE id = %s FOR UPDATE", [max(one["id"] for one in old)])
        court.issuer.issue(HOLDER, lesson["id"])
        wait_for("the last of them to be waited for", lambda: house.sql(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"))
        house.kill()
    assert [look_at for look_at, in house.sql("SELECT state FROM credential WHERE id = ANY (%s::uuid[])", [one["id"] for one in old])] == ["active"] * 3
    house.start()
    with Second(house):
        court.issuer.issue(HOLDER, lesson["id"])
        settled(court)
    counts = house.sql("SELECT count(*) FROM credential WHERE achievement_id = ANY (%s::uuid[]) GROUP BY achievement_id", [one["id"] for one in made])
    assert counts == [(3,)] * 3  # once for each award


def test_who_has_left_is_renewed_by_no_course(postgres):
    with retention_house(postgres) as house:
        furnish(house)
        who, stays = Leaver(house, 401), Leaver(house, 402)
        lesson = house.hr.post("/achievements", {"name": "Lesson", "state": "published"}, gives=201)["id"]
        made = house.hr.post("/achievements", {"name": "Ropes", "state": "published", "validity": "P1Y",
                                               "renewal": {"by": "course", "course": lesson, **LONG}}, gives=201)["id"]
        old = [house.issuer.issue(one.username, made, expires_at=LEAP)["id"] for one in (who, stays)]
        for one in who, stays:
            house.issuer.issue(one.username, lesson, valid_from=ago(days=-2))
        who.leave()
        house.sql("UPDATE award_news SET at = now() RETURNING 1")
        wait_for("what follows", lambda: not house.sql("SELECT 1 FROM award_news"))
        assert [house.hr.get(f"/credentials/{one}")["state"] for one in old] == ["active", "superseded"]


def test_who_has_two_entries_renews_by_either_and_what_is_parted_is_not_renewed_by_the_other(postgres):
    with two_house(postgres) as house:
        two = Two(house)
        both = Both(two, 1)
        made = two.hr.post("/achievements", {"name": "Ropes", "state": "published", "validity": "P1Y", "assessment": {"prompts": [{**PROMPT, "id": FIRST}]},
                                             "renewal": {"by": "evidence", **LONG}}, gives=201)["id"]
        first, second = (two.issuer.issue("m1", made, expires_at=LEAP)["id"] for _ in range(2))
        client = house.sign_in("b1")
        submission = client.post(f"/credentials/{first}/renewal", gives=201)
        assert house.sign_in("m1").post(f"/credentials/{first}/renewal", gives=200)["id"] == submission["id"]
        assert "another submission" in client.post(f"/credentials/{second}/renewal", gives=409)["detail"]
        client.patch(f"/submissions/{submission['id']}", {"answers": {FIRST: {"text": "x"}}}, "*")
        both.put("branch", employeeNumber="another")
        two.sync()
        client.expect(404, "POST", f"/credentials/{first}/renewal")
        handed = client.expect(409, "POST", f"/submissions/{submission['id']}/submit", headers={"If-Match": "*"})
        assert "somebody else's now" in handed["detail"]


# ---- what may be said

@pytest.mark.parametrize("renewal, field", [
    ({}, "/renewal/by"), ({"by": "magic"}, "/renewal/by"), ({"by": "evidence", "more": 1}, "/renewal/more"),
    ({"by": "evidence", "minimum": 1}, "/renewal/minimum"), ({"by": "evidence", "course": FIRST}, "/renewal/course"),
    ({"by": "rubric", "minimum": 5.5}, "/renewal/minimum"), ({"by": "rubric", "minimum": 1.234}, "/renewal/minimum"),
    ({"by": "rubric", "assessors": 6}, "/renewal/assessors"), ({"by": "rubric", "prompts": []}, "/renewal/prompts"),
    ({"by": "rubric", "prompts": [FIRST, FIRST]}, "/renewal/prompts/1"), ({"by": "rubric", "prompts": [FIRST, "x"]}, "/renewal/prompts/1"),
    ({"by": "evidence", "from": "P0D"}, "/renewal/from"), ({"by": "evidence", "from": "soon"}, "/renewal/from"),
    ({"by": "evidence", "from": "P101Y"}, "/renewal/from"), ({"by": "evidence", "grace": "P99999Y"}, "/renewal/grace"),
    ({"by": "evidence", "grace": "-P1D"}, "/renewal/grace"), ({"by": "course"}, "/renewal/course"),
    ({"by": "course", "course": "x"}, "/renewal/course"), ({"by": "course", "course": SECOND}, "/renewal/course"),
    ({"by": "course", "course": SECOND, "assessors": 1}, "/renewal/by"), ([], "/renewal"), ("evidence", "/renewal"), (7, "/renewal")])
def test_what_means_nothing_is_named(court, renewal, field):
    problem = court.hr.post("/achievements", {"name": "x", "validity": "P1Y", "result_descriptions": [CARE, SPEED], "assessment": ASKED,
                                              "renewal": renewal}, gives=400)
    assert [error["field"] for error in problem["errors"]] == [field]


def test_a_policy_is_changed_taken_out_and_goes_with_what_it_is_about(court):
    made = achievement(court, {"by": "rubric", "minimum": 2, "prompts": [SECOND], "grace": "P5D"}, state="draft")
    where = f"/achievements/{made['id']}"
    changed = court.hr.patch(where, {"renewal": {"minimum": None, "from": "P3W"}}, "*")
    assert changed["renewal"] == {"by": "rubric", "prompts": [SECOND], "from": "P3W", "grace": "P5D"}
    assert court.hr.patch(where, {"name": "y"}, "*")["renewal"] == changed["renewal"]
    for change, field in ({"assessment": {"prompts": [{**PROMPT, "id": FIRST}]}}, "/renewal/prompts/0"), ({"assessment": None}, "/renewal/by"), \
            ({"validity": None}, "/renewal"), ({"result_descriptions": None, "assessment": {"minimum": None, "disagreement": None}}, "/renewal/by"), \
            ({"renewal": {"by": "course", "prompts": None, "course": made["id"]}}, "/renewal/course"):
        problem = court.hr.patch(where, change, "*", gives=400)
        assert [error["field"] for error in problem["errors"]] == [field], change
    assert "renewal" not in court.hr.patch(where, {"renewal": None}, "*")
    court.hr.patch(where, {"renewal": {"from": "P3W"}}, "*", gives=400)
    assert court.hr.patch(where, {"renewal": {"by": "evidence", "grace": None}}, "*")["renewal"] == {"by": "evidence", "from": "P90D"}
