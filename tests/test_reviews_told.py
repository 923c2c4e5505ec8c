# SPDX-License-Identifier: Apache-2.0
"""What each assessor said of each criterion, as it is told: to who handed it in, to who judges, to whose the achievement is, and
to nobody else; when, and with which names."""
import ldap
import pytest
from kit.house import ACCOUNTS, AUDITOR, BASE, wait_for
from kit.judging import HOLDER, JUDGES, Court, court_house

ODD = "Ünïcode 😀 \"quoted\" \\ back"
MANAGER, ISSUER, HR, ADMIN = (ACCOUNTS[name] for name in ("MANAGER", "ISSUER", "HR", "ADMIN"))


@pytest.fixture(scope="module")
def court(postgres):
    with court_house(postgres) as house:
        court = Court(house)
        court.clients[ADMIN] = house.sign_in(ADMIN)
        court.partner = court.client(ADMIN).post("/issuers", {"name": "Partner"})["id"]
        yield court


def told(court, submission, who=HOLDER, gives=200):
    answer = court.client(who).get(f"/submissions/{submission['id']}/reviews", gives=gives)
    return answer["items"] if gives == 200 else None


def disputed(court, **assessment):
    """Of two who differ, each as they said it: Good and Fast is 5, Poor and Fast 2."""
    made = court.hand_in(court.asked(assessors=2, **assessment))
    places = court.places(made)
    turns = [court.turn(place) for place in places]
    court.judge(places[0], turns[0], "approve", ODD, care="Good", speed="Fast")
    court.judge(places[1], turns[1], "return", "No", care="Poor", speed="Fast")
    return made, turns


def settle(court, submission):
    (third,) = [place for place in court.places(submission) if place["place"] == 3]
    court.judge(third, court.turn(third), "decline", "Third", care="Fair", speed="Slow")
    return court.turn(third)


def test_of_a_dispute_each_is_told_with_every_criterion(court):
    made, turns = disputed(court)
    last = settle(court, made)
    first, second, third = told(court, made)
    care, speed = [{"id": one["criterion"]["id"], "name": one["criterion"]["name"]} for one in first["scores"]]
    assert (care["name"], speed["name"]) == ("Care", "Speed")
    assert [(one["round"], one["place"], one["verdict"], one["points"], one["comment"]) for one in (first, second, third)] == [
        (1, 1, "approve", 5, ODD), (1, 2, "return", 2, "No"), (1, 3, "decline", 1.5, "Third")]
    assert [[score["level"]["name"] for score in one["scores"]] for one in (first, second, third)] == [["Good", "Fast"], ["Poor", "Fast"], ["Fair", "Slow"]]
    assert [one["assessor"] for one in (first, second, third)] == [{"id": court.id(name), "name": court.people[name]["name"]} for name in (*turns, last)]
    assert all("done_at" in one for one in (first, second, third))
    for who in HR, ADMIN, ISSUER, *turns, last:
        assert told(court, made, who) == [first, second, third], who
    client = court.client(HOLDER)
    assert client.pages(f"/submissions/{made['id']}/reviews", limit=1, sort="-round") == [third, second, first]
    assert "comment" in client.expect(200, "GET", f"/submissions/{made['id']}/reviews", params={"format": "csv"}).splitlines()[0]


def test_what_is_said_of_a_criterion_stands_with_it(court):
    made = court.hand_in(court.asked())
    (place,) = court.places(made)
    who = court.turn(place)
    rubric = court.claim(place, who)["rubric"]
    court.score(place, who)
    court.client(who).patch(f"/reviews/{place['id']}", {"scores": {rubric[1]["id"]: {"comment": ODD}}}, "*")
    court.decide(place, who)
    (one,) = told(court, made)
    assert one["scores"] == [{"criterion": {"id": rubric[0]["id"], "name": "Care"}, "level": {"id": rubric[0]["levels"][1]["id"], "name": "Fair"}},
                             {"criterion": {"id": rubric[1]["id"], "name": "Speed"}, "level": {"id": rubric[1]["levels"][1]["id"], "name": "Fast"},
                              "comment": ODD}]
    assert "comment" not in one


def test_who_handed_it_in_is_told_once_it_is_decided(court):
    made, turns = disputed(court)
    assert told(court, made) == []  # a third is called
    assert [one["place"] for one in told(court, made, HR)] == [1, 2]
    assert [one["place"] for one in told(court, made, turns[0])] == [1, 2]  # who said theirs hears the other
    (third,) = [place for place in court.places(made) if place["place"] == 3]
    judge = court.turn(third)
    assert told(court, made, judge) == []  # and who has not hears nobody
    court.claim(third, judge)
    assert told(court, made, judge) == []
    assert ODD not in court.client(judge).ask("GET", f"/reviews/{third['id']}").text
    court.client(HOLDER).expect(200, "POST", f"/submissions/{made['id']}/withdraw", headers={"If-Match": "*"})
    assert told(court, made) == []  # what was withdrawn was decided by nobody


def test_a_round_is_told_when_the_next_one_is_under_way(court):
    asked = court.asked()
    made = court.hand_in(asked)
    (place,) = court.places(made)
    court.judge(place, court.turn(place), "return", "Once more")
    court.hand_in(asked)
    (later,) = [one for one in court.places(made) if one["round"] == 2]
    assert [(one["round"], one["comment"]) for one in told(court, made)] == [(1, "Once more")]
    court.judge(later, court.turn(later), "approve", "Well")
    assert [(one["round"], one["comment"]) for one in told(court, made)] == [(1, "Once more"), (2, "Well")]


def test_blind_names_nobody_to_either_side(court):
    made, turns = disputed(court, blind=True)
    last = settle(court, made)
    names = [text for name in (*turns, last) for text in (court.id(name), court.people[name]["name"], name)]
    answers = [court.client(HOLDER).expect(200, "GET", f"/submissions/{made['id']}/{what}") for what in ("reviews", "events", "rounds")]
    assert [one["place"] for one in answers[0]["items"]] == [1, 2, 3] and not any("assessor" in one for one in answers[0]["items"])
    assert [(one["kind"], "account" in one) for one in answers[1]["items"]] == [("begun", True), ("submitted", True), ("in_review", False), ("returned", False)]
    for answer in *answers, told(court, made, turns[0]):
        assert not any(name in str(answer) for name in names)
    for who in HR, ISSUER, ADMIN:
        shown = told(court, made, who)
        assert [one["assessor"]["id"] for one in shown] == [court.id(name) for name in (*turns, last)]
        assert court.id(HOLDER) not in str(shown)
    assert "ldap:" in str(court.client(HOLDER).get(f"/submissions/{settled(court)['id']}/events")["items"][-1]["account"])  # where it is not blind


def test_who_judged_blind_stands_in_nothing_that_the_holder_reads(court):
    """But in what an auditor reads, who must know."""
    def award(blind):
        made = court.hand_in(court.asked(blind=blind))
        (place,) = court.places(made)
        court.judge(place, court.turn(place), comment=ODD)
        return court.submission(made), court.turn(place)

    me, client = court.id(HOLDER), court.client(HOLDER)
    for blind in True, False:
        made, judge = award(blind)
        path, account = f"/credentials/{made['credential_id']}/events", f"ldap:{judge}"
        (issued,) = client.pages(path)
        assert issued["kind"] == "issued" and issued.get("account") == (None if blind else account)
        assert "account," in client.expect(200, "GET", path, params={"format": "csv"})
        held = client.get(f"/people/{me}/export")
        (credential,) = [one for one in held["credentials"] if one["id"] == made["credential_id"]]
        (submission,) = [one for one in held["submissions"] if one["id"] == made["id"]]
        about = [one for one in held["done_about_them"] if one["object"] in (made["id"], made["credential_id"])]
        assert {one["action"] for one in about} >= {"submission.submit", "submission.review", "submission.approve", "credential.issue"}
        for told_of in credential, submission, about:
            assert (account in str(told_of)) == (not blind)
        assert all(("account" in one) == ("address" in one) for one in about)
        assert f"ldap:{HOLDER}" in str(about), "who did it oneself stays"
        entries = court.house.sign_in(AUDITOR).pages("/audit", object=made["id"], action="submission.approve")
        assert [one["account"] for one in entries] == [account]
        held = court.client(judge).get(f"/people/{court.id(judge)}/export")
        assert {one["account"] for one in held["done_by_them"] if one["object"] == made["id"]} == {account}


def settled(court):
    made, _ = disputed(court)
    settle(court, made)
    return made


def test_nobody_else_is_told(court):
    made = settled(court)
    outsider = next(name for name in JUDGES if court.id(name) not in str(court.places(made)))
    for who in MANAGER, outsider, ACCOUNTS["EMPLOYEE"]:
        told(court, made, who, gives=404)
    court.client(HOLDER).patch(f"/submissions/{made['id']}", {"shared": True}, "*")
    told(court, made, MANAGER, gives=403)  # sees it, and what came of it
    told(court, made, outsider, gives=404)
    for nothing in "0190a000-0000-7000-8000-000000000000", court.id(HOLDER):
        told(court, {"id": nothing}, HR, gives=404)
    told(court, {"id": "x"}, HR, gives=404)


def test_an_issuer_is_told_of_what_is_of_whom_they_issue_for(court):
    made, other = settled(court), settled(court)
    court.house.sql("UPDATE achievement SET issuer_id = %s WHERE id = (SELECT achievement_id FROM submission WHERE id = %s)", court.partner, other["id"])
    issuer = court.client(ISSUER)
    assert len(told(court, made, ISSUER)) == 3 and len(told(court, other, HR)) == 3
    told(court, other, ISSUER, gives=404)
    found = {one["submission_id"]: one for one in issuer.pages("/reviews", limit=500)}
    assert made["id"] in found and other["id"] not in found
    assert not any("person" in one for one in found.values()), "whose it is is not theirs to know"
    place = next(one for one in court.places(made) if one["place"] == 2)
    shown = issuer.get(f"/reviews/{place['id']}")
    assert (shown["verdict"], shown["comment"], shown["mine"]) == ("return", "No", False) and not {"answers", "rubric", "past"} & set(shown)
    issuer.get(f"/reviews/{court.places(other)[0]['id']}", gives=404)
    for verb in "claim", "release", "decide":
        issuer.expect(403, "POST", f"/reviews/{place['id']}/{verb}", headers={"If-Match": "*"})


def test_hr_who_hands_in_is_told_no_sooner(court):
    asked = court.asked(assessors=2)
    made = court.hand_in(asked, HR)
    places = court.places(made)
    court.judge(places[0], court.turn(places[0]), "return", "Not yet for you")
    assert told(court, made, HR) == [] and "Not yet" not in str([court.hr.get(f"/reviews/{place['id']}") for place in places])
    assert [one["comment"] for one in told(court, made, ADMIN)] == ["Not yet for you"]
    court.judge(places[1], court.turn(places[1]), "return", "Nor now")
    assert [one["comment"] for one in told(court, made, HR)] == ["Not yet for you", "Nor now"]
    assert court.hr.get(f"/reviews/{places[0]['id']}")["comment"] == "Not yet for you"


def test_that_somebody_judges_is_no_look_and_that_an_owner_reads_is(court):
    def looks():
        return {(one["viewer"]["id"], one["what"]) for one in court.client(HOLDER).pages("/me/looks", limit=500)}

    made = settled(court)
    judge = next(name for name in JUDGES if court.id(name) in str(court.places(made)))
    told(court, made, judge)
    told(court, made, ISSUER)
    wait_for("the look", lambda: (court.id(ISSUER), "reviews") in looks())
    assert not any(viewer == court.id(judge) for viewer, _ in looks())


def test_notices_of_what_is_judged_blind_say_not_whose_it_is(court):
    auditor, admin, me = court.house.sign_in(AUDITOR), court.client(ADMIN), court.id(HOLDER)
    blind, seen = court.hand_in(court.asked(blind=True)), court.hand_in(court.asked())

    def notices(client, submission, **more):
        return [one.get("person_id") for one in client.pages("/outbox", object=submission["id"], kind="submission.submitted", **more)]

    assert [notices(client, blind) for client in (auditor, admin)] == [[None], [me]]
    assert [notices(client, seen) for client in (auditor, admin)] == [[me], [me]]
    assert [notices(client, blind, person=me) for client in (auditor, admin)] == [[], [me]]
    assert notices(auditor, seen, person=me) == [me]
    table = auditor.expect(200, "GET", "/outbox", params={"object": blind["id"], "format": "csv"})
    assert blind["id"] in table and me not in table
    groups = [f"cn={name},ou=groups,{BASE}" for name in ("auditors", "assessors")]
    try:
        for group, wanted in zip(groups, ([me], [None])):  # hr, who audits; and who judges too
            court.member(ldap.MOD_ADD, group, HR)
            assert notices(court.hr, blind) == wanted and notices(court.hr, seen) == [me]
        assert notices(court.hr, blind, person=me) == []
    finally:
        for group in groups:
            court.member(ldap.MOD_DELETE, group, HR)
